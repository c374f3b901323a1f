#include "wire/api.h"

#include <optional>
#include <utility>

#include "base/text.h"
#include "wire/json_reader.h"

namespace farshore::wire {

namespace json = boost::json;

namespace {

constexpr std::size_t kErrorBytesMax = 1024 * 1024;
constexpr std::size_t kQuotedMax = 200;

json::string text_of(std::string_view text) {
    return json::string{text.data(), text.size()};
}

json::value ms_or_null(const std::optional<UtcTime>& time) {
    return time ? json::value(to_ms(*time)) : json::value(nullptr);
}

json::object error_object(const Error& error) {
    return {
        {"kind", text_of(to_string(error.kind))},
        {"effect", text_of(to_string(error.effect))},
        {"text", error.text},
        {"remedy", error.remedy},
        {"code", error.code}
    };
}

ErrorKind kind_of(int status) {
    switch (status) {
        case 400: return ErrorKind::malformed;
        case 401:
        case 403: return ErrorKind::denied;
        case 404: return ErrorKind::not_found;
        case 408:
        case 504: return ErrorKind::timed_out;
        case 409: return ErrorKind::conflict;
        case 413:
        case 507: return ErrorKind::exhausted;
        case 429: return ErrorKind::throttled;
        default: return ErrorKind::unavailable;
    }
}

// Consecutive states of one phase are one stretch of the phase clock.
json::array phases_document(const core::OperationRecord& record) {
    json::array phases;
    for (const core::Phase& phase : record.phases) {
        const std::string_view name = core::row_of(phase.kind).phase;
        json::object* last = phases.empty() ? nullptr : &phases.back().as_object();
        if (last != nullptr &&
            last->at("name").as_string() == json::string_view{name.data(), name.size()}) {
            (*last)["ended_at_ms"] = ms_or_null(phase.ended_at);
            continue;
        }
        phases.push_back(json::object{
            {"name", text_of(name)},
            {"started_at_ms", to_ms(phase.started_at)},
            {"ended_at_ms", ms_or_null(phase.ended_at)}
        });
    }
    return phases;
}

}  // namespace

std::string error_document(const Error& error) {
    return json::serialize(json::object{{"error", error_object(error)}});
}

json::array guards_document(const std::vector<core::GuardAnswer>& guards) {
    json::array list;
    for (const core::GuardAnswer& answer : guards) {
        list.push_back(json::object{
            {"guard", text_of(to_string(answer.guard))},
            {"passed", answer.passed},
            {"text", answer.text},
            {"remedy", answer.remedy}
        });
    }
    return list;
}

std::string error_document(const Error& error, const std::vector<core::GuardAnswer>& guards) {
    json::object object = error_object(error);
    object["guards"] = guards_document(guards);
    return json::serialize(json::object{{"error", std::move(object)}});
}

Error error_from(int status, std::string_view body) {
    Error error{.kind = kind_of(status)};
    error.effect = status >= 500 ? Effect::possible : Effect::none;
    const Result<json::object> document = parse_json_object(body, kErrorBytesMax);
    const json::value* found = document ? document->if_contains("error") : nullptr;
    if (found == nullptr || !found->is_object()) {
        error.text = "HTTP status " + std::to_string(status);
        if (!body.empty()) {
            error.text += ": " + std::string{body.substr(0, kQuotedMax)};
        }
        return error;
    }
    JsonTrouble trouble;
    ObjectReader in(found->as_object(), "error", trouble);
    if (const auto kind = enum_from<ErrorKind>(in.text("kind", 64, Field::optional))) {
        error.kind = *kind;
    }
    if (const auto effect = enum_from<Effect>(in.text("effect", 64, Field::optional))) {
        error.effect = *effect;
    }
    error.text = in.text("text", kErrorBytesMax, Field::optional);
    error.remedy = in.text("remedy", kErrorBytesMax, Field::optional);
    error.code = in.text("code", 256, Field::optional);
    return error;
}

int http_status_of(const Error& error) {
    switch (error.kind) {
        case ErrorKind::throttled: return 429;
        case ErrorKind::unavailable: return 503;
        case ErrorKind::timed_out: return 504;
        case ErrorKind::not_found: return 404;
        case ErrorKind::conflict: return 409;
        case ErrorKind::malformed: return 400;
        case ErrorKind::denied: return 403;
        case ErrorKind::cancelled: return 503;
        case ErrorKind::exhausted: return 507;
    }
    std::unreachable();
}

json::object loss_document(const LossCounts& counts) {
    return {
        {"at_risk", counts.at_risk},
        {"present", counts.present},
        {"applied_late", counts.applied_late},
        {"suppressed", counts.suppressed},
        {"never_arrived", counts.never_arrived},
        {"unknown", counts.unknown},
        {"whole", counts.whole}
    };
}

json::object entry_document(const NumberedEntry& entry) {
    return {
        {"sequence", entry.sequence},
        {"at_ms", to_ms(entry.entry.at)},
        {"kind", text_of(to_string(entry.entry.kind))},
        {"number", entry.entry.step},
        {"step", entry.entry.doing},
        {"text", entry.entry.text}
    };
}

json::array plan_steps_document(const core::Plan& plan, const std::vector<core::StepRun>& runs) {
    json::array out;
    for (std::size_t i = 0; i < plan.steps.size(); ++i) {
        const core::PlannedStep& step = plan.steps[i];
        json::object document{
            {"id", step.id},
            {"kind", text_of(to_string(step.kind))},
            {"slot", text_of(to_string(step.slot))},
            {"phase", text_of(core::row_of(step.kind).phase)},
            {"text", step.text},
            {"bound_ms", to_ms(step.bound)},
            {"on_failure", text_of(to_string(step.on_failure))},
            {"part_of", step.part_of ? json::value(*step.part_of) : json::value(nullptr)}
        };
        if (i < runs.size()) {
            document["life"] = text_of(to_string(runs[i].life));
            document["why"] = runs[i].why;
            document["began_at_ms"] = ms_or_null(runs[i].began_at);
            document["ended_at_ms"] = ms_or_null(runs[i].ended_at);
        }
        out.push_back(std::move(document));
    }
    return out;
}

json::object operation_document(const OperationParts& parts) {
    const core::OperationRecord& record = parts.record;
    const core::Plan& plan = record.plan;
    json::array phases = phases_document(record);
    if (plan.automatic && plan.first_failure_at) {
        // What came before the first effect: from the first failure seen until enough was known.
        phases.insert(
            phases.begin(),
            json::object{
                {"name", "decide"},
                {"started_at_ms", to_ms(*plan.first_failure_at)},
                {"ended_at_ms", to_ms(plan.decided_at)}
            }
        );
    }
    json::array levers;
    for (const core::Lever lever : plan.levers) {
        levers.push_back(text_of(to_string(lever)));
    }
    json::array steps;
    for (const NumberedEntry& entry : parts.steps) {
        steps.push_back(entry_document(entry));
    }
    json::object loss = loss_document(parts.loss);
    loss["window_ms"] = to_ms(plan.loss_window);
    return {
        {"schema_version", kApiSchemaVersion},
        {"id", plan.id.value()},
        {"verb", text_of(to_string(plan.verb))},
        {"app", plan.app.value()},
        {"from", plan.from.value()},
        {"to", plan.to.value()},
        {"state", text_of(record.doing())},
        {"outcome", text_of(to_string(record.outcome))},
        {"why", record.why},
        {"reason", plan.reason},
        {"by", plan.by},
        {"levers", std::move(levers)},
        {"attempts", record.attempts},
        {"epoch_before", plan.epoch_before.value()},
        {"epoch_after", plan.epoch_after.value()},
        {"users", parts.users.value()},
        {"started_at_ms", to_ms(plan.decided_at)},
        {"ended_at_ms", ms_or_null(record.ended_at)},
        {"first_failure_at_ms", ms_or_null(plan.first_failure_at)},
        {"evidence", plan.evidence},
        {"plan", plan_steps_document(plan, record.runs)},
        {"fingerprint", plan.fingerprint},
        {"phases", std::move(phases)},
        {"steps", std::move(steps)},
        {"loss", std::move(loss)}
    };
}

}  // namespace farshore::wire
