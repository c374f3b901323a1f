#include "wire/api.h"

#include <utility>

#include <boost/json.hpp>

namespace farshore::wire {

namespace json = boost::json;

namespace {

constexpr std::size_t kQuotedMax = 200;

std::string text_of(std::string_view text) {
    return std::string{text};
}

RefusalBody refusal_body(const Error& error) {
    return {
        .kind = text_of(to_string(error.kind)),
        .effect = text_of(to_string(error.effect)),
        .text = error.text,
        .remedy = error.remedy,
        .code = error.code,
        .guards = {}
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
std::vector<PhaseDocument> phases_document(const core::OperationRecord& record) {
    std::vector<PhaseDocument> phases;
    const core::Plan& plan = record.plan;
    for (const core::Phase& phase : record.phases) {
        const std::string_view name = core::row_of(phase.kind).phase;
        if (!phases.empty() && phases.back().name == name) {
            phases.back().ended_at = phase.ended_at;
            continue;
        }
        phases.push_back(
            {.name = text_of(name), .started_at = phase.started_at, .ended_at = phase.ended_at}
        );
    }
    if (plan.automatic && plan.first_failure_at) {
        // What came before the first effect: from the first failure seen until enough was known.
        phases.insert(
            phases.begin(),
            PhaseDocument{
                .name = "decide", .started_at = *plan.first_failure_at, .ended_at = plan.decided_at
            }
        );
    }
    return phases;
}

}  // namespace

std::string error_document(const Error& error) {
    return json::serialize(to_json(RefusalDocument{refusal_body(error)}));
}

std::string error_document(const Error& error, const std::vector<core::GuardAnswer>& guards) {
    RefusalDocument document{refusal_body(error)};
    document.error.guards = guards_document(guards);
    return json::serialize(to_json(document));
}

std::vector<GuardDocument> guards_document(const std::vector<core::GuardAnswer>& guards) {
    std::vector<GuardDocument> list;
    for (const core::GuardAnswer& answer : guards) {
        list.push_back(
            {.guard = text_of(to_string(answer.guard)),
             .passed = answer.passed,
             .text = answer.text,
             .remedy = answer.remedy}
        );
    }
    return list;
}

Error error_from(int status, std::string_view body) {
    Error error{.kind = kind_of(status)};
    error.effect = status >= 500 ? Effect::possible : Effect::none;
    const auto document = parse_document<RefusalDocument>("refusal", body, kApiTextBytesMax);
    if (!document) {
        error.text = "HTTP status " + std::to_string(status);
        if (!body.empty()) {
            error.text += ": " + std::string{body.substr(0, kQuotedMax)};
        }
        return error;
    }
    const RefusalBody& said = document->error;
    error.kind = enum_from<ErrorKind>(said.kind).value_or(error.kind);
    error.effect = enum_from<Effect>(said.effect).value_or(error.effect);
    error.text = said.text;
    error.remedy = said.remedy;
    error.code = said.code;
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

EntryDocument entry_document(const NumberedEntry& entry) {
    return {
        .sequence = entry.sequence,
        .at = entry.entry.at,
        .kind = text_of(to_string(entry.entry.kind)),
        .number = entry.entry.step,
        .step = entry.entry.doing,
        .text = entry.entry.text
    };
}

std::vector<PlanStepDocument> plan_steps_document(
    const core::Plan& plan, const std::vector<core::StepRun>& runs
) {
    std::vector<PlanStepDocument> out;
    for (std::size_t i = 0; i < plan.steps.size(); ++i) {
        const core::PlannedStep& step = plan.steps[i];
        PlanStepDocument document{
            .id = step.id,
            .kind = text_of(to_string(step.kind)),
            .slot = text_of(to_string(step.slot)),
            .phase = text_of(core::row_of(step.kind).phase),
            .text = step.text,
            .bound = step.bound,
            .on_failure = text_of(to_string(step.on_failure)),
            .part_of = step.part_of,
            .run = {}
        };
        if (i < runs.size()) {
            document.run = {
                .life = text_of(to_string(runs[i].life)),
                .why = runs[i].why,
                .began_at = runs[i].began_at,
                .ended_at = runs[i].ended_at
            };
        }
        out.push_back(std::move(document));
    }
    return out;
}

OperationDocument operation_document(const OperationParts& parts) {
    const core::OperationRecord& record = parts.record;
    const core::Plan& plan = record.plan;
    OperationDocument document{
        .id = plan.id,
        .verb = plan.verb,
        .app = plan.app,
        .from = plan.from,
        .to = plan.to,
        .state = text_of(record.doing()),
        .outcome = record.outcome,
        .why = record.why,
        .reason = plan.reason,
        .by = plan.by,
        .levers = {},
        .attempts = record.attempts,
        .epoch_before = plan.epoch_before,
        .epoch_after = plan.epoch_after,
        .users = parts.users,
        .started_at = plan.decided_at,
        .ended_at = record.ended_at,
        .first_failure_at = plan.first_failure_at,
        .evidence = plan.evidence,
        .plan = plan_steps_document(plan, record.runs),
        .fingerprint = plan.fingerprint,
        .phases = phases_document(record),
        .steps = {},
        .loss = {.counts = parts.loss, .window = plan.loss_window}
    };
    for (const core::Lever lever : plan.levers) {
        document.levers.emplace_back(to_string(lever));
    }
    for (const NumberedEntry& entry : parts.steps) {
        document.steps.push_back(entry_document(entry));
    }
    return document;
}

}  // namespace farshore::wire
