#include "drill/report.h"

#include <algorithm>
#include <cstdio>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <unistd.h>

#include "base/text.h"

#include "drill/report_parts.h"

namespace farshore::drill {

namespace json = boost::json;

namespace {

json::value ms_or_null(const std::optional<Duration>& duration) {
    return duration ? json::value(to_ms(*duration)) : json::value(nullptr);
}

// The summed length of the operation's phases of that name; nullopt when there was none.
std::optional<Duration> phase_length(const json::object& operation, std::string_view name) {
    const json::value* phases = operation.if_contains("phases");
    if (phases == nullptr || !phases->is_array()) {
        return std::nullopt;
    }
    std::optional<Duration> length;
    for (const json::value& value : phases->as_array()) {
        const json::object& phase = value.as_object();
        const std::int64_t ended = number_at(phase, "ended_at_ms");
        if (text_at(phase, "name") == name && ended > 0) {
            length = length.value_or(Duration::zero()) +
                     std::chrono::milliseconds{ended - number_at(phase, "started_at_ms")};
        }
    }
    return length;
}

std::optional<Duration> joined(std::optional<Duration> a, std::optional<Duration> b) {
    if (!a && !b) {
        return std::nullopt;
    }
    return a.value_or(Duration::zero()) + b.value_or(Duration::zero());
}

json::object traffic_document(const Traffic& traffic) {
    json::object regions;
    for (const auto& [region, count] : traffic.by_region) {
        regions[region] = count;
    }
    return {
        {"requests", traffic.requests},
        {"failed", traffic.failed},
        {"writes_acknowledged", traffic.writes_acknowledged},
        {"median_ms", to_ms(traffic.median)},
        {"p99_ms", to_ms(traffic.p99)},
        {"longest_ms", to_ms(traffic.longest)},
        {"served_by", std::move(regions)}
    };
}

json::array lost_writes(const Books& books) {
    json::array lost;
    for (const LostWrite& write : books.lost_writes) {
        if (lost.size() < kListedMax) {
            lost.push_back(json::object{
                {"id", write.id},
                {"shopper", write.shopper},
                {"acknowledged_at", to_iso8601(write.acknowledged_at)}
            });
        }
    }
    return lost;
}

json::array loss_book(const std::vector<BookedWrite>& booked) {
    json::array keys;
    for (const BookedWrite& write : booked) {
        if (keys.size() < kListedMax) {
            keys.push_back(json::object{
                {"table", write.table},
                {"key", write.key},
                {"operation", write.operation},
                {"host", write.host},
                {"fate", write.fate},
                {"decided_by_carts", write.decided_by_carts},
                {"acknowledged_at", to_iso8601(write.acknowledged_at)}
            });
        }
    }
    return keys;
}

json::object books_document(const StoryRecord& story) {
    const Books& books = story.books;
    json::array differences;
    for (const std::string& difference : books.differences) {
        differences.push_back(json::string(difference));
    }
    return {
        {"acknowledged", books.acknowledged},
        {"present", books.present},
        {"at_risk", books.at_risk},
        {"applied_late", books.applied_late},
        {"suppressed", books.suppressed},
        {"never_arrived", books.never_arrived},
        {"undecided", books.undecided},
        {"lost", books.lost},
        {"lost_for_ms", ms_or_null(lost_for(books))},
        {"doubled", books.doubled},
        {"present_without_acknowledgement", books.present_without_acknowledgement},
        {"unexplained", books.unexplained},
        {"matched", books.matched},
        {"decided_by_carts", books.decided_by_carts},
        {"regions_equal", books.regions_equal},
        {"balance", books.balance()},
        {"differences", std::move(differences)},
        {"lost_writes", lost_writes(books)},
        {"loss_book_complete", story.loss_book_complete},
        {"loss_book", loss_book(story.booked)}
    };
}

// Zero: shoppers made requests and none failed. nullopt: the shop did not become stable, or no
// shopper made a request.
std::optional<Duration> seen_rto(const StoryRecord& story, const std::optional<Outage>& outage) {
    if (outage) {
        return outage->rto();
    }
    const bool asked = measure_traffic(story.log, failover_span(story)).requests > 0;
    return asked ? std::optional{Duration::zero()} : std::nullopt;
}

json::object clock_document(const StoryRecord& story, const std::optional<Outage>& outage) {
    std::optional<Duration> detect;
    std::optional<Duration> decide;
    const std::int64_t first_failure = number_at(story.failover, "first_failure_at_ms");
    const std::int64_t decided = number_at(story.failover, "started_at_ms");
    if (first_failure > 0 && decided > 0) {
        const UtcTime seen = std::max(utc_from_ms(first_failure), story.fault_span.from);
        detect = seen - story.fault_span.from;
        decide = utc_from_ms(decided) - seen;
    } else if (decided > 0) {
        detect = utc_from_ms(decided) - story.fault_span.from;
    }
    std::optional<Duration> tail;
    if (story.dns_switched) {
        tail = measure_dns_tail(
            story.log, *story.dns_switched, failover_span(story).until, story.preferred
        );
    }
    return {
        {"detect_ms", ms_or_null(detect)},
        {"decide_ms", ms_or_null(decide)},
        {"fence_ms",
         ms_or_null(
             joined(phase_length(story.failover, "raise"), phase_length(story.failover, "fence"))
         )},
        {"switch_ms",
         ms_or_null(joined(
             phase_length(story.failover, "examine"), phase_length(story.failover, "repoint")
         ))},
        {"shift_ms", ms_or_null(phase_length(story.failover, "shift"))},
        {"verify_ms", ms_or_null(phase_length(story.failover, "verify"))},
        {"dns_tail_ms", ms_or_null(tail)},
        {"rto_ms", ms_or_null(seen_rto(story, outage))},
        {"failed_after_stable", outage ? outage->failed_after_stable : 0},
        {"first_failed_request",
         outage ? json::value(to_iso8601(outage->first_failed)) : json::value(nullptr)},
        {"stable_from",
         outage && outage->stable_from ? json::value(to_iso8601(*outage->stable_from))
                                       : json::value(nullptr)},
        {"hold_ms",
         ms_or_null(
             joined(phase_length(story.switchover, "hold"), phase_length(story.switchover, "drain"))
         )}
    };
}

json::array failed_requests(const Log& log) {
    json::array failed;
    for (const wire::ClientRequest& request : log) {
        if (!request.ok && failed.size() < kListedMax) {
            failed.push_back(json::object{
                {"number", request.number},
                {"shopper", request.shopper},
                {"kind", request.kind},
                {"intended", to_iso8601(request.intended)},
                {"after_ms", to_ms(Duration{request.ended - request.intended})},
                {"status", request.status},
                {"error", request.error}
            });
        }
    }
    return failed;
}

std::uint64_t left_out(std::uint64_t all) {
    return all > kListedMax ? all - kListedMax : 0;
}

// How many entries the lists below "data" and "failed_requests" leave out.
json::object truncated(const StoryRecord& story) {
    const auto failed = static_cast<std::uint64_t>(
        std::ranges::count_if(story.log, [](const auto& request) { return !request.ok; })
    );
    return {
        {"lost_writes", left_out(story.books.lost_writes.size())},
        {"loss_book", left_out(story.booked.size())},
        {"failed_requests", left_out(failed)}
    };
}

// Some are told late, when they were looked for: the journal's lines after what they caused. Those
// of one moment stay in their order.
json::array timeline(const StoryRecord& story) {
    std::vector<std::pair<UtcTime, std::size_t>> in_time;
    for (std::size_t i = 0; i < story.marks.size(); ++i) {
        in_time.emplace_back(story.marks[i].at, i);
    }
    std::ranges::sort(in_time);
    json::array marks;
    for (const auto& [at, i] : in_time) {
        marks.push_back(json::object{
            {"at", to_iso8601(at)},
            {"at_ms", to_ms(at)},
            {"what", story.marks[i].what},
            {"text", story.marks[i].text}
        });
    }
    return marks;
}

json::object identity(const StoryRecord& story) {
    return {
        {"id", story.id},
        {"story", story.story},
        {"title", story.title},
        {"version", story.version},
        {"configuration_hash", story.configuration_hash},
        {"seed", story.seed},
        {"rate", story.rate},
        {"started", to_iso8601(story.started)},
        {"ended", to_iso8601(story.ended)},
        {"preferred", story.preferred},
        {"standby", story.standby}
    };
}

json::array chart(const Log& log) {
    json::array out;
    for (const Slice& slice : slices(log, std::chrono::milliseconds{500})) {
        out.push_back(json::array{to_ms(slice.from), slice.ok, slice.failed});
    }
    return out;
}

}  // namespace

json::object report_document(const StoryRecord& story) {
    const std::optional<Outage> outage = measure_outage(story.log, failover_span(story));
    json::array findings = find_faults(story, outage);
    const std::string verdict =
        !story.interrupted.empty() ? "interrupted" : (findings.empty() ? "passed" : "failed");
    const Span everything{.from = UtcTime::min(), .until = UtcTime::max()};
    const auto traffic = [&](Span span) {
        return traffic_document(measure_traffic(story.log, span));
    };
    return {
        {"schema_version", kReportSchemaVersion},
        {"identity", identity(story)},
        {"verdict", verdict},
        {"remarks", remarks_of(story)},
        {"findings", std::move(findings)},
        {"objectives",
         {{"rto_ms", to_ms(story.objectives.rto)},
          {"rpo_ms", to_ms(story.objectives.rpo)},
          {"switchover_failed_max", story.objectives.switchover_failed_max},
          {"switchover_lost_max", story.objectives.switchover_lost_max}}},
        {"fault",
         {{"what", story.fault},
          {"from", to_iso8601(story.fault_span.from)},
          {"from_ms", to_ms(story.fault_span.from)},
          {"until", to_iso8601(story.fault_span.until)},
          {"until_ms", to_ms(story.fault_span.until)},
          {"seen_by_agents", story.fault_seen_by_agents}}},
        {"phase_clock", clock_document(story, outage)},
        {"load",
         {{"requests", story.log.size()},
          {"missing", missing_numbers(story.log)},
          {"trouble", story.load_trouble}}},
        {"traffic",
         {{"whole", traffic(everything)},
          {"steady", traffic(steady_span(story))},
          {"failover", traffic(failover_span(story))},
          {"switchover", traffic(switchover_span(story))}}},
        {"switchover_requested_ms", to_ms(story.switchover_requested)},
        {"data", books_document(story)},
        {"ended_badly", to_json(story.ended_badly)},
        {"operations", {{"failover", story.failover}, {"switchover", story.switchover}}},
        {"timeline", timeline(story)},
        {"failed_requests", failed_requests(story.log)},
        {"truncated", truncated(story)},
        {"chart", chart(story.log)}
    };
}

namespace {

Status write_file(const std::filesystem::path& path, const std::string& content) {
    std::filesystem::path temporary = path;
    temporary += ".new";
    // For its owner alone, whatever the umask says: it names keys of items.
    (void)::unlink(temporary.c_str());
    const int made = ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (made >= 0) {
        ::close(made);
    }
    std::ofstream out(temporary, std::ios::binary | std::ios::app);
    out << content;
    out.close();
    std::error_code error;
    if (out) {
        std::filesystem::rename(temporary, path, error);
    }
    if (!out || error) {
        std::filesystem::remove(temporary, error);
        return fail(
            ErrorKind::exhausted,
            "cannot write " + path.string(),
            "free some space, or choose another directory with --out"
        );
    }
    return {};
}

}  // namespace

Status write_report(const json::object& report, const std::string& directory) {
    const std::filesystem::path folder{directory};
    Status written = write_file(folder / "report.json", json::serialize(report) + "\n");
    if (written) {
        written = write_file(folder / "report.html", report_html(report));
    }
    return written;
}

}  // namespace farshore::drill
