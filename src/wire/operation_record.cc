#include <algorithm>
#include <array>
#include <string>
#include <utility>

#include "core/operation/operation.h"
#include "core/plan/build_plan.h"
#include "wire/journal_parts.h"

// The document of one operation: its plan, and how far it has come.
namespace farshore::wire {

namespace json = boost::json;
using namespace journal;

namespace {

constexpr std::int64_t kVersionWithSteps = 2;
constexpr std::size_t kPhasesMax = 10'000;
constexpr std::size_t kStepsMax = 1'000;
constexpr std::size_t kWordsMax = 1'000;
constexpr std::size_t kWordBytesMax = 4'096;
constexpr std::uint64_t kCountMax = std::numeric_limits<std::int64_t>::max();

std::uint32_t small_count(ObjectReader& in, std::string_view name) {
    return static_cast<std::uint32_t>(in.count(name, std::numeric_limits<std::uint32_t>::max()));
}

// The objects of an array of them.
template <class Read>
void each_object(
    ObjectReader& in, std::string_view name, std::size_t most, JsonTrouble& trouble, Read read
) {
    const json::array* items = in.array(name, most);
    for (std::size_t i = 0; items != nullptr && i < items->size(); ++i) {
        const json::object* object = (*items)[i].if_object();
        if (object == nullptr) {
            in.wrong(name, "not a list of objects");
            return;
        }
        ObjectReader item(*object, std::string{name} + "[" + std::to_string(i) + "]", trouble);
        read(item);
    }
}

json::array write(const std::vector<core::PlannedStep>& steps) {
    json::array out;
    for (const core::PlannedStep& step : steps) {
        out.push_back(json::object{
            {"id", step.id},
            {"kind", word(step.kind)},
            {"slot", word(step.slot)},
            {"bound_ms", to_ms(step.bound)},
            {"on_failure", word(step.on_failure)},
            {"run", json::value_from(step.run)},
            {"attempts", step.attempts},
            {"part_of", step.part_of ? json::value(*step.part_of) : json::value(nullptr)},
            {"text", step.text}
        });
    }
    return out;
}

void read_steps(ObjectReader& in, std::vector<core::PlannedStep>& steps, JsonTrouble& trouble) {
    each_object(in, "steps", kStepsMax, trouble, [&](ObjectReader& item) {
        core::PlannedStep step;
        step.id = item.text("id", kWordBytesMax);
        step.kind = item.word<core::StepKind>("kind");
        step.slot = item.word<core::Slot>("slot");
        step.bound = std::chrono::milliseconds{item.number("bound_ms", 0, kMax / 1'000'000)};
        step.on_failure = item.word<core::OnFailure>("on_failure");
        if (const json::array* words = item.array("run", kWordsMax)) {
            for (const json::value& value : *words) {
                if (const json::string* text = value.if_string()) {
                    step.run.emplace_back(text->data(), text->size());
                } else {
                    item.wrong("run", "not a list of texts");
                }
            }
        }
        step.attempts = static_cast<int>(item.number("attempts", 1, 1'000));
        if (item.has("part_of")) {
            step.part_of = item.text("part_of", kWordBytesMax);
        }
        step.text = item.text("text", kLongTextBytesMax, Field::optional);
        steps.push_back(std::move(step));
    });
    if (steps.empty()) {
        in.wrong("steps", "a plan without steps");
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
        {"loss_window_ms", to_ms(plan.loss_window)},
        {"steps", write(plan.steps)},
        {"fingerprint", plan.fingerprint}
    };
}

core::Plan read_plan(const json::object& object, std::int64_t version, JsonTrouble& trouble) {
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
    if (version >= kVersionWithSteps) {
        read_steps(in, plan.steps, trouble);
        plan.fingerprint = in.text("fingerprint", kWordBytesMax);
    }
    return plan;
}

json::array write(const std::vector<core::StepRun>& runs) {
    json::array out;
    for (const core::StepRun& run : runs) {
        out.push_back(json::object{
            {"life", word(run.life)},
            {"why", run.why},
            {"began_at_ms", optional_ms(run.began_at)},
            {"ended_at_ms", optional_ms(run.ended_at)},
            {"attempts", run.attempts}
        });
    }
    return out;
}

void read_runs(ObjectReader& in, core::OperationRecord& record, JsonTrouble& trouble) {
    each_object(in, "runs", kStepsMax, trouble, [&](ObjectReader& item) {
        core::StepRun run;
        run.life = item.word<core::StepLife>("life");
        run.why = item.text("why", kLongTextBytesMax, Field::optional);
        run.began_at = optional_time(item, "began_at_ms");
        run.ended_at = optional_time(item, "ended_at_ms");
        run.attempts = static_cast<int>(item.number("attempts", 0, 1'000'000));
        record.runs.push_back(std::move(run));
    });
    if (record.runs.size() != record.plan.steps.size()) {
        in.wrong("runs", "as many are wanted as the plan has steps");
    }
}

void read_position(ObjectReader& in, core::OperationRecord& record, JsonTrouble& trouble) {
    record.outcome = in.word<core::Outcome>("outcome");
    record.undoing = in.word<core::Undoing>("undoing");
    record.at = in.count("at", kStepsMax);
    read_runs(in, record, trouble);
    if (record.at > record.plan.steps.size()) {
        in.wrong("at", "behind the last step of the plan");
    }
}

// Version 1 had no steps: one of fifteen states said where the operation was.
struct OldState {
    std::string_view state;
    core::StepKind kind;
    core::Outcome outcome = core::Outcome::running;
    core::Undoing undoing = core::Undoing::nothing;
};

constexpr std::array kOldStates{
    OldState{"waiting", core::StepKind::wait_lag},
    OldState{"holding", core::StepKind::hold},
    OldState{"draining", core::StepKind::drain},
    OldState{
        "releasing",
        core::StepKind::drain,
        core::Outcome::running,
        core::Undoing::for_another_attempt
    },
    OldState{"giving_up", core::StepKind::drain, core::Outcome::running, core::Undoing::for_good},
    OldState{"raising", core::StepKind::raise},
    OldState{"fencing", core::StepKind::fence},
    OldState{"examining", core::StepKind::examine},
    OldState{"repointing", core::StepKind::repoint},
    OldState{"shifting", core::StepKind::shift},
    OldState{"verifying", core::StepKind::verify},
    OldState{"done", core::StepKind::verify, core::Outcome::done},
    OldState{"failed", core::StepKind::verify, core::Outcome::failed},
    OldState{"aborted", core::StepKind::verify, core::Outcome::aborted},
    OldState{"partly_done", core::StepKind::verify, core::Outcome::partly_done},
};

const OldState* old_state(ObjectReader& in, std::string_view field) {
    const std::string text = in.text(field, kWordBytesMax);
    const auto* found = std::ranges::find(kOldStates, text, &OldState::state);
    if (found == kOldStates.end()) {
        in.wrong(field, "no state of an operation");
        return nullptr;
    }
    return found;
}

// The steps of its plan are those that the same request would get without a configuration: what an
// operation does follows from their kinds.
void place_old(const OldState& state, core::OperationRecord& record) {
    core::build_bare_steps(record.plan);
    // Users who followed the active Region began with repointing.
    const bool proves = state.kind == core::StepKind::repoint && !record.plan.promotes();
    const bool none_held =
        state.kind == core::StepKind::drain && !record.plan.find(core::StepKind::drain);
    core::OperationRecord placed = core::operation_at(
        std::move(record.plan),
        proves      ? core::StepKind::prove
        : none_held ? core::StepKind::raise
                    : state.kind
    );
    record.plan = std::move(placed.plan);
    record.runs = std::move(placed.runs);
    record.at = placed.at;
    record.outcome = state.outcome;
    record.undoing = state.undoing;
    if (!record.ended()) {
        record.runs[record.at].life = core::StepLife::running;
    }
}

void read_phases(
    ObjectReader& in, std::int64_t version, core::OperationRecord& record, JsonTrouble& trouble
) {
    each_object(in, "phases", kPhasesMax, trouble, [&](ObjectReader& item) {
        core::Phase phase;
        phase.started_at = utc_from_ms(item.number("started_at_ms", kMin, kMax));
        phase.ended_at = optional_time(item, "ended_at_ms");
        if (version >= kVersionWithSteps) {
            phase.kind = item.word<core::StepKind>("kind");
        } else if (const OldState* state = old_state(item, "state")) {
            if (state->outcome != core::Outcome::running) {
                return;
            }
            phase.kind =
                state->undoing == core::Undoing::nothing ? state->kind : core::StepKind::release;
        }
        record.phases.push_back(phase);
    });
}

}  // namespace

std::string serialize(const core::OperationRecord& record) {
    json::array phases;
    for (const core::Phase& phase : record.phases) {
        phases.push_back(json::object{
            {"kind", word(phase.kind)},
            {"started_at_ms", to_ms(phase.started_at)},
            {"ended_at_ms", optional_ms(phase.ended_at)}
        });
    }
    const json::object out{
        {"schema_version", kJournalSchemaVersion},
        {"plan", write(record.plan)},
        {"outcome", word(record.outcome)},
        {"at", record.at},
        {"undoing", word(record.undoing)},
        {"runs", write(record.runs)},
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
    const std::int64_t version = version_of(in);
    core::OperationRecord record;
    if (const json::object* plan = in.object("plan")) {
        record.plan = read_plan(*plan, version, trouble);
    }
    if (version >= kVersionWithSteps) {
        read_position(in, record, trouble);
    } else if (const OldState* state = old_state(in, "state")) {
        place_old(*state, record);
    }
    record.attempts = small_count(in, "attempts");
    record.steps = in.count("steps", kCountMax);
    read_phases(in, version, record, trouble);
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

}  // namespace farshore::wire
