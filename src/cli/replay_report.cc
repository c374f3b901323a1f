#include "cli/replay_report.h"

#include <algorithm>
#include <utility>

#include <boost/json.hpp>
#include <fmt/format.h>

#include "base/printable.h"
#include "base/text.h"
#include "controller/core_input.h"
#include "wire/config_loader.h"
#include "wire/recorded_lines.h"
#include "wire/recording.h"

namespace farshore::cli {

namespace json = boost::json;

namespace {

// What a person reads; a recording may tell of weeks.
constexpr std::size_t kTimelineMax = 2'000;

std::string in_words(const std::pair<RegionId, core::Condition>& entry) {
    return entry.first.value() + " is " + std::string{to_string(entry.second)};
}

std::vector<std::string> in_words(const core::Decided& decided) {
    std::vector<std::string> words;
    for (const auto& entry : decided.conditions) {
        words.push_back(in_words(entry));
    }
    words.insert(words.end(), decided.said.begin(), decided.said.end());
    return words;
}

// Tells one file after the other, and gathers what the report says.
class Run {
  public:
    Run(ReplayReport& report, const config::Config* other) : report_(report), other_config_(other) {
        if (other != nullptr) {
            other_.emplace(controller::rules_of(*other));
        }
    }

    void begin_file() {
        comparison_.reset();
        lines_ = {};
    }

    [[nodiscard]] Status take(std::string_view line) {
        return comparison_ ? take_input(line) : take_head(line);
    }

    [[nodiscard]] const std::optional<Error>& mismatch() const { return mismatch_; }

    void end() {
        if (other_) {
            other_->end();
            report_.incidents = other_->incidents();
        }
    }

  private:
    [[nodiscard]] Status take_head(std::string_view line) {
        Result<wire::RecordingHead> head = wire::parse_recording_head(line);
        if (!head) {
            return std::unexpected(std::move(head.error()));
        }
        // JSON is YAML.
        config::Loaded<config::Config> recorded =
            config::parse_config(json::serialize(head->configuration));
        if (!recorded.ok()) {
            return fail(
                ErrorKind::malformed, "its configuration is not one that this program understands"
            );
        }
        if (other_config_ != nullptr && !fits(recorded.value)) {
            return std::unexpected(*mismatch_);
        }
        core::Opening& opening = head->opening;
        core::apply(controller::rules_of(recorded.value), opening.start);
        report_.app = recorded.value.app;
        report_.recorded_by = head->program;
        report_.from = report_.from.value_or(opening.now.wall);
        report_.until = opening.now.wall;
        add_line(
            opening.now.wall,
            opening.continues ? "the recording goes on in another file" : "a controller starts"
        );
        comparison_.emplace(opening);
        if (other_) {
            other_->open(opening);
        }
        return {};
    }

    // Evidence names Regions; another policy has none of others.
    [[nodiscard]] bool fits(const config::Config& recorded) {
        const auto regions_of = [](const config::Config& config) {
            std::vector<RegionId> regions;
            for (const config::Region& region : config.regions) {
                regions.push_back(region.id);
            }
            std::ranges::sort(regions);
            return regions;
        };
        if (recorded.app == other_config_->app &&
            regions_of(recorded) == regions_of(*other_config_)) {
            return true;
        }
        mismatch_ = Error{
            .kind = ErrorKind::malformed,
            .text = "the recording is of " + recorded.app.value() +
                    ", and the policy of another app or of other Regions",
            .remedy = "change a copy of the configuration that was in force"
        };
        return false;
    }

    [[nodiscard]] Status take_input(std::string_view line) {
        const Result<core::Recorded> recorded = lines_.read(line);
        if (!recorded) {
            return std::unexpected(recorded.error());
        }
        const std::uint64_t judged = comparison_->judged();
        const core::Decided decided = comparison_->tell(*recorded);
        ++report_.inputs;
        report_.judged += comparison_->judged() - judged;
        report_.until = recorded->now.wall;
        if (!report_.difference) {
            report_.difference = comparison_->difference();
        }
        for (std::string& words : in_words(decided)) {
            add_line(recorded->now.wall, std::move(words));
        }
        if (other_) {
            other_->tell(*recorded, comparison_->core());
        }
        return {};
    }

    void add_line(UtcTime at, std::string text) {
        report_.timeline.push_back({.at = at, .text = std::move(text)});
        if (report_.timeline.size() > kTimelineMax) {
            report_.timeline.pop_front();
            ++report_.lines_left_out;
        }
    }

    ReplayReport& report_;
    const config::Config* other_config_;
    wire::RecordedReader lines_;  // of the file
    std::optional<core::OtherPolicy> other_;
    std::optional<core::Comparison> comparison_;  // of this file; nullopt: its head comes next
    std::optional<Error> mismatch_;
};

std::string refusals(const std::vector<core::GuardAnswer>& guards) {
    std::string text;
    for (const core::GuardAnswer& answer : guards) {
        text += fmt::format("    {}: {}\n", to_string(answer.guard), printable(answer.text));
    }
    return text;
}

std::string span_text(Duration length) {
    return to_text(std::chrono::duration_cast<std::chrono::milliseconds>(
        length < Duration::zero() ? -length : length
    ));
}

std::string incident_text(const core::Incident& incident) {
    const auto begun = [&](const core::Incident::Begun& one) {
        return fmt::format(
            "{}  failover {} -> {}", to_iso8601(one.now.wall), incident.from.value(), one.to.value()
        );
    };
    if (const std::optional<Duration> later = incident.later()) {
        if (*later == Duration::zero()) {
            return begun(*incident.recorded) + ": at the same moment under the other policy\n";
        }
        return begun(*incident.recorded) +
               fmt::format(
                   ": {} {} under the other policy\n",
                   span_text(*later),
                   *later > Duration::zero() ? "later" : "earlier"
               ) +
               refusals(incident.refused);
    }
    if (incident.recorded) {
        return begun(*incident.recorded) +
               ": not at all under the other policy; at that moment it refused by\n" +
               refusals(incident.refused);
    }
    return begun(*incident.other) + " under the other policy alone; the recorded one refused by\n" +
           refusals(incident.refused);
}

json::value begun_document(const std::optional<core::Incident::Begun>& begun) {
    if (!begun) {
        return nullptr;
    }
    return {{"at_ms", to_ms(begun->now.wall)}, {"to", begun->to.value()}};
}

json::object incident_document(const core::Incident& incident) {
    json::array refused;
    for (const core::GuardAnswer& answer : incident.refused) {
        refused.push_back(
            json::object{{"guard", to_string(answer.guard)}, {"text", as_utf8(answer.text, 65'536)}}
        );
    }
    const std::optional<Duration> later = incident.later();
    return {
        {"from", incident.from.value()},
        {"recorded", begun_document(incident.recorded)},
        {"other", begun_document(incident.other)},
        {"later_ms", later ? json::value(to_ms(*later)) : json::value(nullptr)},
        {"refused", std::move(refused)}
    };
}

json::array words_document(const core::Decided& decided) {
    json::array words;
    for (const std::string& said : in_words(decided)) {
        words.emplace_back(said);
    }
    return words;
}

std::string verdict_text(const ReplayReport& report) {
    if (!report.difference) {
        return fmt::format(
            "identical: {} of {} inputs were judged, and this program decides as was recorded\n",
            report.judged,
            report.inputs
        );
    }
    const auto list = [](std::string_view who, const core::Decided& decided) {
        std::string text = fmt::format("  {}:\n", who);
        for (const std::string& words : in_words(decided)) {
            text += "    " + printable(words) + "\n";
        }
        return text;
    };
    return fmt::format(
               "different: the first difference is at {}\n", to_iso8601(report.difference->now.wall)
           ) +
           list("recorded", report.difference->recorded) +
           list("decided now", report.difference->replayed);
}

}  // namespace

bool ReplayReport::is_damaged() const {
    return std::ranges::any_of(files, [](const ReplayedFile& file) {
        return file.found.end == recording::End::damaged;
    });
}

Result<ReplayReport> replay_files(
    const std::vector<std::string>& files, const config::Config* other
) {
    ReplayReport report;
    Run run(report, other);
    for (const std::string& path : files) {
        run.begin_file();
        Result<recording::Found> found =
            recording::read_lines(path, [&](std::string_view line) { return run.take(line); });
        if (!found) {
            return std::unexpected(std::move(found.error()));
        }
        if (run.mismatch()) {
            return std::unexpected(*run.mismatch());
        }
        report.files.push_back({.path = path, .found = std::move(*found)});
    }
    run.end();
    if (!report.from) {
        std::string why = "no recording was found";
        for (const ReplayedFile& file : report.files) {
            why = file.path + ": " + file.found.why;
        }
        return fail(
            ErrorKind::malformed, why, "name files that farshored has recorded, oldest first"
        );
    }
    return report;
}

std::string replay_text(const ReplayReport& report) {
    std::string text = fmt::format(
        "recording of {}, {} to {}: {} inputs in {} file{}\n",
        report.app.value(),
        to_iso8601(*report.from),
        to_iso8601(report.until),
        report.inputs,
        report.files.size(),
        report.files.size() == 1 ? "" : "s"
    );
    if (report.lines_left_out > 0) {
        text += fmt::format("  {} earlier lines are left out\n", report.lines_left_out);
    }
    for (const ReplayLine& line : report.timeline) {
        text += fmt::format("  {}  {}\n", to_iso8601(line.at), printable(line.text));
    }
    text += verdict_text(report);
    if (report.incidents) {
        text += "under the other policy\n";
        for (const core::Incident& incident : *report.incidents) {
            text += "  " + incident_text(incident);
        }
        if (report.incidents->empty()) {
            text += "  no failover would have begun by itself, and none was recorded\n";
        }
        text +=
            "  The evidence is as it was taken: another probe_every or probe_timeout changes "
            "nothing here.\n  What follows a recorded failover is an estimate: hosts and people "
            "acted on that one.\n";
    }
    return text;
}

json::object replay_document(const ReplayReport& report) {
    json::array files;
    for (const ReplayedFile& file : report.files) {
        constexpr std::string_view kEnds[] = {"whole", "cut", "damaged"};
        files.push_back(json::object{
            {"file", file.path},
            {"lines", file.found.lines},
            {"end", kEnds[static_cast<std::size_t>(file.found.end)]},
            {"why", as_utf8(file.found.why, 65'536)}
        });
    }
    json::array timeline;
    for (const ReplayLine& line : report.timeline) {
        timeline.push_back(json::object{{"at_ms", to_ms(line.at)}, {"text", line.text}});
    }
    json::value difference = nullptr;
    if (report.difference) {
        difference = json::object{
            {"at_ms", to_ms(report.difference->now.wall)},
            {"recorded", words_document(report.difference->recorded)},
            {"decided_now", words_document(report.difference->replayed)}
        };
    }
    json::object document{
        {"app", report.app.value()},
        {"recorded_by", report.recorded_by},
        {"from_ms", to_ms(*report.from)},
        {"until_ms", to_ms(report.until)},
        {"files", std::move(files)},
        {"inputs", report.inputs},
        {"judged", report.judged},
        {"identical", !report.difference.has_value()},
        {"difference", std::move(difference)},
        {"timeline_left_out", report.lines_left_out},
        {"timeline", std::move(timeline)}
    };
    if (report.incidents) {
        json::array incidents;
        for (const core::Incident& incident : *report.incidents) {
            incidents.push_back(incident_document(incident));
        }
        document["other_policy"] = std::move(incidents);
    }
    return document;
}

}  // namespace farshore::cli
