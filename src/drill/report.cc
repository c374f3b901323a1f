#include "drill/report.h"

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>

#include "base/text.h"

namespace farshore::drill {

namespace json = boost::json;

namespace {

constexpr std::size_t kListedMax = 1000;  // lost writes and failed requests named in the report

json::value ms_or_null(const std::optional<Duration>& duration) {
    return duration ? json::value(to_ms(*duration)) : json::value(nullptr);
}

std::int64_t number_at(const json::object& object, std::string_view name) {
    const json::value* found = object.if_contains(name);
    return found != nullptr && found->is_number() ? found->to_number<std::int64_t>() : 0;
}

std::string text_at(const json::object& object, std::string_view name) {
    const json::value* found = object.if_contains(name);
    return found != nullptr && found->is_string() ? std::string{found->as_string()} : std::string{};
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

Span steady_span(const StoryRecord& story) {
    return {.from = story.started, .until = story.fault_span.from};
}

Span failover_span(const StoryRecord& story) {
    const UtcTime until =
        to_ms(story.switchover_requested) > 0 ? story.switchover_requested : story.ended;
    return {.from = story.fault_span.from, .until = until};
}

Span switchover_span(const StoryRecord& story) {
    if (to_ms(story.switchover_requested) == 0) {
        return {.from = story.ended, .until = story.ended};
    }
    return {.from = story.switchover_requested, .until = story.ended};
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

json::object books_document(const Books& books, const std::vector<BookedWrite>& booked) {
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
    json::array keys;
    for (const BookedWrite& write : booked) {
        if (keys.size() < kListedMax) {
            keys.push_back(json::object{
                {"table", write.table},
                {"key", write.key},
                {"operation", write.operation},
                {"fate", write.fate},
                {"acknowledged_at", to_iso8601(write.acknowledged_at)}
            });
        }
    }
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
        {"doubled", books.doubled},
        {"present_without_acknowledgement", books.present_without_acknowledgement},
        {"regions_equal", books.regions_equal},
        {"balance", books.balance()},
        {"differences", std::move(differences)},
        {"lost_writes", std::move(lost)},
        {"loss_book", std::move(keys)}
    };
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
        {"rto_ms", ms_or_null(outage ? outage->rto() : std::nullopt)},
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

struct Findings {
    json::array list;

    void add(bool bad, const std::string& text) {
        if (bad) {
            list.push_back(json::string(text));
        }
    }
};

std::uint64_t lost_in(const Books& books, Span span) {
    return static_cast<std::uint64_t>(std::ranges::count_if(
        books.lost_writes, [&](const LostWrite& write) { return span.holds(write.acknowledged_at); }
    ));
}

json::array find_faults(
    const StoryRecord& story, const std::optional<Outage>& outage, const Traffic& during_switchover
) {
    Findings findings;
    findings.add(!story.interrupted.empty(), "interrupted: " + story.interrupted);
    findings.add(!story.fault_seen_by_agents, "the fault did not bite: no agent saw it");
    findings.add(story.failover.empty(), "no failover was started");
    findings.add(
        !story.failover.empty() && text_at(story.failover, "outcome") != "done",
        "the failover ended as " + text_at(story.failover, "outcome")
    );
    findings.add(story.switchover.empty(), "no switchover home was made");
    findings.add(
        !story.switchover.empty() && text_at(story.switchover, "outcome") != "done",
        "the switchover ended as " + text_at(story.switchover, "outcome")
    );
    if (outage) {
        const auto rto = outage->rto();
        findings.add(!rto, "the shop did not become stable again before the switchover");
        findings.add(
            rto && *rto > story.objectives.rto,
            "RTO " + to_text(rto.value_or(Duration::zero())) + " is above its objective of " +
                to_text(story.objectives.rto)
        );
    }
    findings.add(
        during_switchover.failed > story.objectives.switchover_failed_max,
        std::to_string(during_switchover.failed) + " requests failed during the switchover"
    );
    const std::uint64_t lost = lost_in(story.books, switchover_span(story));
    findings.add(
        lost > story.objectives.switchover_lost_max,
        std::to_string(lost) + " acknowledged writes of the switchover are lost"
    );
    for (const std::string& difference : story.books.differences) {
        findings.add(true, "the books do not balance: " + difference);
    }
    return std::move(findings.list);
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
    const Traffic switchover = measure_traffic(story.log, switchover_span(story));
    json::array findings = find_faults(story, outage, switchover);
    const std::string verdict =
        !story.interrupted.empty() ? "interrupted" : (findings.empty() ? "passed" : "failed");
    json::array marks;
    // Some are told late, when they were looked for: the journal's lines after what they caused.
    // Those of one moment stay in their order.
    std::vector<std::pair<UtcTime, std::size_t>> in_time;
    for (std::size_t i = 0; i < story.marks.size(); ++i) {
        in_time.emplace_back(story.marks[i].at, i);
    }
    std::ranges::sort(in_time);
    for (const auto& [at, i] : in_time) {
        marks.push_back(json::object{
            {"at", to_iso8601(at)},
            {"at_ms", to_ms(at)},
            {"what", story.marks[i].what},
            {"text", story.marks[i].text}
        });
    }
    const Traffic whole = measure_traffic(
        story.log, {.from = story.started, .until = story.ended + std::chrono::seconds{1}}
    );
    return {
        {"schema_version", kReportSchemaVersion},
        {"identity",
         {{"id", story.id},
          {"story", story.story},
          {"title", story.title},
          {"version", story.version},
          {"configuration_hash", story.configuration_hash},
          {"seed", story.seed},
          {"rate", story.rate},
          {"started", to_iso8601(story.started)},
          {"ended", to_iso8601(story.ended)},
          {"preferred", story.preferred},
          {"standby", story.standby}}},
        {"verdict", verdict},
        {"findings", std::move(findings)},
        {"objectives",
         {{"rto_ms", to_ms(story.objectives.rto)},
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
        {"traffic",
         {{"whole", traffic_document(whole)},
          {"steady", traffic_document(measure_traffic(story.log, steady_span(story)))},
          {"failover", traffic_document(measure_traffic(story.log, failover_span(story)))},
          {"switchover", traffic_document(switchover)}}},
        {"switchover_requested_ms", to_ms(story.switchover_requested)},
        {"data", books_document(story.books, story.booked)},
        {"operations", {{"failover", story.failover}, {"switchover", story.switchover}}},
        {"timeline", std::move(marks)},
        {"failed_requests", failed_requests(story.log)},
        {"chart", chart(story.log)}
    };
}

bool passed(const json::object& report) {
    return text_at(report, "verdict") == "passed";
}

namespace {

std::string shown(const json::object& clock, std::string_view name) {
    const json::value* found = clock.if_contains(name);
    if (found == nullptr || !found->is_number()) {
        return "-";
    }
    return std::to_string(found->to_number<std::int64_t>()) + " ms";
}

void row(std::string& table, std::string_view name, const std::string& value) {
    constexpr std::size_t kNameWidth = 34;
    table += "  " + std::string{name} +
             std::string(kNameWidth - std::min(kNameWidth - 1, name.size()), ' ') + value + "\n";
}

}  // namespace

std::string report_table(const json::object& report) {
    const json::object& clock = report.at("phase_clock").as_object();
    const json::object& data = report.at("data").as_object();
    const json::object& traffic = report.at("traffic").as_object();
    const auto count = [&](const json::object& object, std::string_view name) {
        return std::to_string(number_at(object, name));
    };
    std::string table;
    row(table, "detect", shown(clock, "detect_ms"));
    row(table, "decide", shown(clock, "decide_ms"));
    row(table, "fence", shown(clock, "fence_ms"));
    row(table, "switch", shown(clock, "switch_ms"));
    row(table, "verify", shown(clock, "verify_ms"));
    row(table, "DNS tail", shown(clock, "dns_tail_ms"));
    row(table,
        "RTO as shoppers saw it",
        shown(clock, "rto_ms") + " (objective " +
            count(report.at("objectives").as_object(), "rto_ms") + " ms)");
    row(table,
        "failed requests, failover",
        count(traffic.at("failover").as_object(), "failed") + " of " +
            count(traffic.at("failover").as_object(), "requests"));
    row(table,
        "failed requests, switchover",
        count(traffic.at("switchover").as_object(), "failed") + " of " +
            count(traffic.at("switchover").as_object(), "requests"));
    row(table, "writes held for, switchover", shown(clock, "hold_ms"));
    row(table, "writes acknowledged", count(data, "acknowledged"));
    row(table, "writes at risk", count(data, "at_risk"));
    row(table, "  late", count(data, "applied_late"));
    row(table, "  suppressed", count(data, "suppressed"));
    row(table, "  never arrived", count(data, "never_arrived"));
    if (number_at(data, "undecided") > 0) {
        row(table, "  undecided", count(data, "undecided"));
    }
    row(table, "writes lost", count(data, "lost"));
    row(table, "writes doubled", count(data, "doubled"));
    row(table, "books balance", data.at("balance").as_bool() ? "yes" : "no");
    row(table, "verdict", text_at(report, "verdict"));
    for (const json::value& finding : report.at("findings").as_array()) {
        table += "  - " + std::string{finding.as_string()} + "\n";
    }
    return table;
}

namespace {

Status write_file(const std::filesystem::path& path, const std::string& content) {
    std::filesystem::path temporary = path;
    temporary += ".new";
    std::ofstream out(temporary, std::ios::binary | std::ios::trunc);
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
