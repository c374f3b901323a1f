#include <utility>

#include <boost/json.hpp>

#include "wire/agent_protocol.h"
#include "wire/agent_protocol_parts.h"

// What an agent reports, and what it is answered.
namespace farshore::wire {

namespace json = boost::json;

namespace {

// As in /v1/state.
constexpr std::string_view kClientKeysRequired = "required";
constexpr std::string_view kClientKeysOff = "off";

json::object write(const EvidenceCounts& counts) {
    return {
        {"region", counts.region.value()},
        {"component", word(counts.component)},
        {"path", word(counts.path)},
        {"ok", number_of(counts.ok)},
        {"failed", number_of(counts.failed)},
        {"stalled_ms", to_ms(counts.stalled)},
        {"latency_ms", to_ms(counts.latency)},
        {"last_error", words_of(counts.last_error)}
    };
}

EvidenceCounts read_evidence(const json::object& object, std::string where, JsonTrouble& trouble) {
    ObjectReader in(object, std::move(where), trouble);
    EvidenceCounts counts;
    counts.region = in.id<RegionId>("region");
    counts.component = in.word<EvidenceComponent>("component");
    counts.path = in.word<EvidencePath>("path");
    counts.ok = in.count("ok", kCountMax);
    counts.failed = in.count("failed", kCountMax);
    counts.stalled = ms_of(in, "stalled_ms", Field::optional);
    counts.latency = ms_of(in, "latency_ms", Field::optional);
    counts.last_error = in.text("last_error", kTextBytesMax, Field::optional);
    return counts;
}

json::array write(const std::vector<TableTrouble>& troubles) {
    json::array list;
    for (const TableTrouble& trouble : troubles) {
        list.push_back(json::object{
            {"table", trouble.table.value()},
            {"region", trouble.region.value()},
            {"unproven", number_of(trouble.unproven)},
            {"why", words_of(trouble.why)}
        });
    }
    return list;
}

std::vector<TableTrouble> read_troubles(ObjectReader& in, JsonTrouble& trouble) {
    std::vector<TableTrouble> list;
    const json::array* troubles = in.array("tables", kTableTroublesMax, Field::optional);
    for (std::size_t i = 0; troubles != nullptr && i < troubles->size(); ++i) {
        if (!(*troubles)[i].is_object()) {
            in.wrong("tables", "not a list of objects");
            break;
        }
        ObjectReader each((*troubles)[i].get_object(), "ledger.tables", trouble);
        list.push_back(
            {.table = each.id<TableName>("table"),
             .region = each.id<RegionId>("region"),
             .unproven = each.count("unproven", kCountMax),
             .why = each.text("why", kTextBytesMax, Field::optional)}
        );
    }
    return list;
}

json::object write(const LedgerSummary& ledger) {
    return {
        {"acknowledged", number_of(ledger.acknowledged)},
        {"unproven", number_of(ledger.unproven)},
        {"oldest_unproven_ms", to_ms(ledger.oldest_unproven)},
        {"last_acknowledged_at_ms", to_ms(ledger.last_acknowledged_at)},
        {"last_acknowledged_age_ms",
         ledger.last_acknowledged_age ? json::value(to_ms(*ledger.last_acknowledged_age))
                                      : json::value(nullptr)},
        {"whole", ledger.whole},
        {"left_behind", ledger.left_behind},
        {"tables", write(ledger.tables)}
    };
}

LedgerSummary read_ledger(const json::object& object, JsonTrouble& trouble) {
    ObjectReader in(object, "ledger", trouble);
    LedgerSummary ledger;
    ledger.acknowledged = in.count("acknowledged", kCountMax);
    ledger.unproven = in.count("unproven", kCountMax);
    ledger.oldest_unproven = ms_of(in, "oldest_unproven_ms", Field::optional);
    ledger.last_acknowledged_at = at_of(in, "last_acknowledged_at_ms", Field::optional);
    if (in.has("last_acknowledged_age_ms")) {
        ledger.last_acknowledged_age = ms_of(in, "last_acknowledged_age_ms", Field::optional);
    }
    ledger.whole = in.flag("whole", Field::optional);  // what is not said is not so
    ledger.left_behind = in.has("left_behind") ? in.count("left_behind", kCountMax) : 0;
    ledger.tables = read_troubles(in, trouble);
    return ledger;
}

}  // namespace

std::string serialize(const Report& report) {
    json::array evidence;
    for (const EvidenceCounts& counts : report.evidence) {
        evidence.push_back(write(counts));
    }
    json::object out{
        {"type", "report"},
        {"app", report.app.value()},
        {"host", report.host.value()},
        {"region", report.region.value()},
        {"boot", report.boot.value()},
        {"sequence", number_of(report.sequence)},
        {"epoch", number_of(report.epoch)},
        {"active", report.active.value()},
        {"users", report.users.value()},
        {"write_state", word(report.write_state)},
        {"lease_remaining_ms", to_ms(report.lease_remaining)},
        {"evidence", std::move(evidence)},
        {"ledger", write(report.ledger)},
        {"in_flight_writes", number_of(report.in_flight_writes)},
        {"held", number_of(report.held)}
    };
    write_to(out, report.unknown);
    if (report.client_keys_required) {
        out["client_keys"] = *report.client_keys_required ? kClientKeysRequired : kClientKeysOff;
    }
    return json::serialize(out);
}

std::string serialize(const ReportAnswer& answer) {
    json::object out;
    if (answer.lease) {
        out["lease"] = json::object{
            {"epoch", number_of(answer.lease->epoch)}, {"length_ms", to_ms(answer.lease->length)}
        };
    } else {
        out["lease"] = nullptr;
        out["why"] = words_of(answer.why);
    }
    return json::serialize(out);
}

Result<Report> parse_report(std::string_view text) {
    return parse_with<Report>(
        "report",
        text,
        kReportBytesMax,
        [](ObjectReader& in, JsonTrouble& trouble) {
            expect_type(in, "report");
            Report report;
            report.app = in.name<AppId>("app");
            report.host = in.name<HostId>("host");
            report.region = in.name<RegionId>("region");
            report.boot = in.id<BootId>("boot");
            report.sequence = in.count("sequence", kCountMax);
            report.epoch = in.epoch("epoch");
            report.active = in.name<RegionId>("active", Field::optional);
            report.users = in.name<RegionId>("users", Field::optional);
            report.write_state = in.word<WriteState>("write_state");
            report.lease_remaining = ms_of(in, "lease_remaining_ms");
            if (const json::array* list = in.array("evidence", kEvidenceMax)) {
                for (std::size_t i = 0; i < list->size(); ++i) {
                    const std::string where = "evidence[" + std::to_string(i) + "]";
                    if (const json::object* counts = (*list)[i].if_object()) {
                        report.evidence.push_back(read_evidence(*counts, where, trouble));
                    } else {
                        trouble.note(where + ": not an object");
                    }
                }
            }
            if (const json::object* ledger = in.object("ledger")) {
                report.ledger = read_ledger(*ledger, trouble);
            }
            report.in_flight_writes = in.count("in_flight_writes", kCountMax, Field::optional);
            report.held = in.count("held", kCountMax, Field::optional);
            report.unknown = read_unknown(in, trouble);
            const std::string keys = in.text("client_keys", kTextBytesMax, Field::optional);
            if (keys == kClientKeysRequired || keys == kClientKeysOff) {
                report.client_keys_required = keys == kClientKeysRequired;
            }
            return report;
        }
    );
}

Result<ReportAnswer> parse_report_answer(std::string_view text) {
    return parse_with<ReportAnswer>(
        "lease",
        text,
        kHelloBytesMax,
        [](ObjectReader& in, JsonTrouble& trouble) {
            ReportAnswer answer;
            if (const json::object* lease = in.object("lease", Field::optional)) {
                ObjectReader body(*lease, "lease", trouble);
                LeaseGrant grant;
                grant.epoch = body.epoch("epoch");
                grant.length = ms_of(body, "length_ms");
                answer.lease = grant;
            } else {
                answer.why = in.text("why", kTextBytesMax, Field::optional);
            }
            return answer;
        }
    );
}

}  // namespace farshore::wire
