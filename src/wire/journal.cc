#include "wire/journal.h"

#include <limits>
#include <utility>

#include <boost/json.hpp>

#include "wire/json_reader.h"

namespace farshore::wire {

namespace json = boost::json;

namespace {

constexpr std::size_t kDocumentBytesMax = 1024 * 1024;
constexpr std::size_t kLongTextBytesMax = 64 * 1024;
constexpr std::size_t kPhasesMax = 10'000;
constexpr std::uint64_t kCountMax = std::numeric_limits<std::int64_t>::max();
constexpr std::int64_t kMin = std::numeric_limits<std::int64_t>::min();
constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max();

template <class Enum>
json::string word(Enum value) {
    const std::string_view text = to_string(value);
    return json::string{text.data(), text.size()};
}

json::value optional_ms(const std::optional<UtcTime>& time) {
    return time ? json::value(to_ms(*time)) : json::value(nullptr);
}

std::optional<UtcTime> optional_time(ObjectReader& in, std::string_view name) {
    if (!in.has(name)) {
        return std::nullopt;
    }
    return utc_from_ms(in.number(name, kMin, kMax));
}

std::uint32_t small_count(ObjectReader& in, std::string_view name) {
    return static_cast<std::uint32_t>(in.count(name, std::numeric_limits<std::uint32_t>::max()));
}

void expect_version(ObjectReader& in) {
    const std::int64_t version = in.number("schema_version", 1, kMax);
    if (version > kJournalSchemaVersion) {
        in.wrong("schema_version", "written by a newer farshored");
    }
}

json::object write(const core::Plan& plan) {
    json::array levers;
    for (const core::Lever lever : plan.levers) {
        levers.push_back(word(lever));
    }
    return {
        {"id", plan.id.value()},
        {"verb", word(plan.verb)},
        {"app", plan.app.value()},
        {"from", plan.from.value()},
        {"to", plan.to.value()},
        {"users_before", plan.users_before.value()},
        {"epoch_before", plan.epoch_before.value()},
        {"epoch_after", plan.epoch_after.value()},
        {"levers", std::move(levers)},
        {"accept_unfenced", plan.accept_unfenced},
        {"accept_unknown", plan.accept_unknown},
        {"automatic", plan.automatic},
        {"by", plan.by},
        {"reason", plan.reason},
        {"evidence", plan.evidence},
        {"first_failure_at_ms", optional_ms(plan.first_failure_at)},
        {"decided_at_ms", to_ms(plan.decided_at)},
        {"loss_window_ms", to_ms(plan.loss_window)}
    };
}

core::Plan read_plan(const json::object& object, JsonTrouble& trouble) {
    ObjectReader in(object, "plan", trouble);
    core::Plan plan;
    plan.id = in.id<OperationId>("id");
    plan.verb = in.word<core::Verb>("verb");
    plan.app = in.id<AppId>("app");
    plan.from = in.id<RegionId>("from");
    plan.to = in.id<RegionId>("to");
    plan.users_before = in.id<RegionId>("users_before", Field::optional);
    if (plan.users_before.value().empty()) {
        plan.users_before = plan.from;
    }
    plan.epoch_before = in.epoch("epoch_before");
    plan.epoch_after = in.epoch("epoch_after");
    if (const json::array* levers = in.array("levers", core::kLeverNames.size())) {
        for (const json::value& value : *levers) {
            const json::string* name = value.if_string();
            const auto lever =
                name == nullptr ? std::nullopt : enum_from<core::Lever>(std::string_view{*name});
            if (!lever) {
                in.wrong("levers", "unknown lever");
                break;
            }
            plan.levers.push_back(*lever);
        }
    }
    plan.accept_unfenced = in.flag("accept_unfenced");
    plan.accept_unknown = in.flag("accept_unknown", Field::optional);
    plan.automatic = in.flag("automatic");
    plan.by = in.text("by", kLongTextBytesMax, Field::optional);
    plan.reason = in.text("reason", kLongTextBytesMax, Field::optional);
    plan.evidence = in.text("evidence", kLongTextBytesMax, Field::optional);
    plan.first_failure_at = optional_time(in, "first_failure_at_ms");
    plan.decided_at = utc_from_ms(in.number("decided_at_ms", kMin, kMax));
    plan.loss_window =
        std::chrono::milliseconds{in.number("loss_window_ms", kMin / 1'000'000, kMax / 1'000'000)};
    return plan;
}

}  // namespace

std::string serialize(const core::OperationRecord& record) {
    json::array phases;
    for (const core::Phase& phase : record.phases) {
        phases.push_back(json::object{
            {"state", word(phase.state)},
            {"started_at_ms", to_ms(phase.started_at)},
            {"ended_at_ms", optional_ms(phase.ended_at)}
        });
    }
    const json::object out{
        {"schema_version", kJournalSchemaVersion},
        {"plan", write(record.plan)},
        {"state", word(record.state)},
        {"attempts", record.attempts},
        {"steps", record.steps},
        {"phases", std::move(phases)},
        {"why", record.why},
        {"at_risk", record.at_risk},
        {"raised_by_word", record.raised_by_word},
        {"counts_as_failover", record.counts_as_failover},
        {"held_until_ms", optional_ms(record.held_until)},
        {"longest_lease_ms", to_ms(record.longest_lease)},
        {"ended_at_ms", optional_ms(record.ended_at)}
    };
    return json::serialize(out);
}

Result<core::OperationRecord> parse_operation_record(std::string_view text) {
    const Result<json::object> object = parse_json_object(text, kDocumentBytesMax);
    if (!object) {
        return std::unexpected(in_context("operation record", object.error()));
    }
    JsonTrouble trouble;
    ObjectReader in(*object, "", trouble);
    expect_version(in);
    core::OperationRecord record;
    if (const json::object* plan = in.object("plan")) {
        record.plan = read_plan(*plan, trouble);
    }
    record.state = in.word<core::OperationState>("state");
    record.attempts = small_count(in, "attempts");
    record.steps = in.count("steps", kCountMax);
    if (const json::array* phases = in.array("phases", kPhasesMax)) {
        for (std::size_t i = 0; i < phases->size(); ++i) {
            const json::object* object_of = (*phases)[i].if_object();
            if (object_of == nullptr) {
                in.wrong("phases", "not a list of objects");
                break;
            }
            ObjectReader phase(*object_of, "phases[" + std::to_string(i) + "]", trouble);
            core::Phase read;
            read.state = phase.word<core::OperationState>("state");
            read.started_at = utc_from_ms(phase.number("started_at_ms", kMin, kMax));
            read.ended_at = optional_time(phase, "ended_at_ms");
            record.phases.push_back(read);
        }
    }
    record.why = in.text("why", kLongTextBytesMax, Field::optional);
    record.at_risk = small_count(in, "at_risk");
    record.held_until = optional_time(in, "held_until_ms");
    record.counts_as_failover = in.flag("counts_as_failover", Field::optional);
    record.raised_by_word = in.flag("raised_by_word", Field::optional);
    record.longest_lease =
        std::chrono::milliseconds{in.number("longest_lease_ms", 0, 3'600'000, Field::optional)};
    record.ended_at = optional_time(in, "ended_at_ms");
    if (const Status status = trouble.status(); !status) {
        return std::unexpected(in_context("operation record", status.error()));
    }
    return record;
}

std::string serialize(const core::AppRecord& record) {
    json::object out{
        {"schema_version", kJournalSchemaVersion},
        {"app", record.app.value()},
        {"epoch", record.epoch.value()},
        {"active", record.active.value()},
        {"users", record.users.value()},
        {"cooldown_until_ms", optional_ms(record.cooldown_until)},
        {"register_lost_at_ms", optional_ms(record.register_lost_at)},
        {"in_force_by_word", record.in_force_by_word},
        {"pause", nullptr}
    };
    if (record.pause) {
        out["pause"] = json::object{
            {"until_ms", optional_ms(record.pause->until)},
            {"reason", record.pause->reason},
            {"by", record.pause->by}
        };
    }
    return json::serialize(out);
}

Result<core::AppRecord> parse_app_record(std::string_view text) {
    const Result<json::object> object = parse_json_object(text, kDocumentBytesMax);
    if (!object) {
        return std::unexpected(in_context("application record", object.error()));
    }
    JsonTrouble trouble;
    ObjectReader in(*object, "", trouble);
    expect_version(in);
    core::AppRecord record;
    record.app = in.id<AppId>("app");
    record.epoch = in.epoch("epoch");
    record.active = in.id<RegionId>("active");
    record.users = in.id<RegionId>("users");
    record.cooldown_until = optional_time(in, "cooldown_until_ms");
    record.register_lost_at = optional_time(in, "register_lost_at_ms");
    record.in_force_by_word = in.flag("in_force_by_word", Field::optional);
    if (const json::object* pause = in.object("pause", Field::optional)) {
        ObjectReader body(*pause, "pause", trouble);
        core::Pause read;
        read.until = optional_time(body, "until_ms");
        read.reason = body.text("reason", kLongTextBytesMax, Field::optional);
        read.by = body.text("by", kLongTextBytesMax, Field::optional);
        record.pause = read;
    }
    if (const Status status = trouble.status(); !status) {
        return std::unexpected(in_context("application record", status.error()));
    }
    return record;
}

}  // namespace farshore::wire
