#include "core/operation/record.h"

#include <algorithm>

namespace farshore::core {

StepKind OperationRecord::kind() const {
    if (undoing != Undoing::nothing || plan.steps.empty()) {
        return StepKind::release;
    }
    // Behind the last step: those that run beside the others are waited for.
    return at < plan.steps.size() ? plan.steps[at].kind : StepKind::parallel;
}

namespace {

// A step that runs now, one that it runs, or one beside it, has that kind of life.
template <class Is>
bool any_now(const OperationRecord& record, Is is) {
    const Plan& plan = record.plan;
    for (std::size_t i = 0; i < record.runs.size(); ++i) {
        const PlannedStep& step = plan.steps[i];
        const bool inside =
            record.at < plan.steps.size() && step.part_of == plan.steps[record.at].id;
        if ((i == record.at || inside || step.slot == Slot::beside_shift) &&
            is(step, record.runs[i].life)) {
            return true;
        }
    }
    return false;
}

}  // namespace

bool OperationRecord::asks_now() const {
    return any_now(*this, [](const PlannedStep&, StepLife life) {
        return life == StepLife::waiting_for_person;
    });
}

bool OperationRecord::waits_for_person() const {
    const bool approves = any_now(*this, [](const PlannedStep& step, StepLife life) {
        return step.kind == StepKind::approve && life == StepLife::running;
    });
    return !ended() && undoing == Undoing::nothing && (asks_now() || approves);
}

bool OperationRecord::failed_beside() const {
    for (std::size_t i = 0; i < runs.size(); ++i) {
        const PlannedStep& step = plan.steps[i];
        const bool lost = runs[i].life == StepLife::failed || runs[i].life == StepLife::unknown;
        // What a failure inside of another step means, that step says.
        const bool says = step.slot == Slot::beside_shift && !step.part_of;
        if (says && lost && step.on_failure != OnFailure::go_on) {
            return true;
        }
    }
    return false;
}

std::string_view OperationRecord::doing() const {
    if (ended()) {
        return to_string(outcome);
    }
    if (undoing != Undoing::nothing) {
        return undoing == Undoing::for_good ? "giving_up" : row_of(StepKind::release).doing;
    }
    if (asks_now()) {
        return "waiting_for_person";
    }
    const bool joins =
        at >= plan.steps.size() || (plan.steps[at].slot == Slot::at_end && at < runs.size() &&
                                    runs[at].life == StepLife::pending);
    return joins ? "waiting_for_steps_beside" : row_of(kind()).doing;
}

bool OperationRecord::has_begun(StepKind wanted) const {
    return std::ranges::any_of(phases, [wanted](const Phase& phase) {
        return phase.kind == wanted;
    });
}

void OperationRecord::live(
    UtcTime now, std::size_t step, LifeEvent event, std::string_view reason
) {
    StepRun& run = runs[step];
    const LifeRow& row = row_for(run.life, event);
    if (event == LifeEvent::begins && (run.life == StepLife::pending || !run.began_at)) {
        run.began_at = now;
        run.ended_at.reset();
    }
    run.life = row.to;
    run.why = reason.empty() ? row.why : reason;
    if (has_ended(run.life)) {
        run.ended_at = now;
    }
}

BeginsAgain OperationRecord::begins_again() const {
    const StepRow& row = row_of(kind());
    if (!row.declared || at >= plan.steps.size()) {
        return row.begins_again;
    }
    Facts given;
    for (std::size_t i = 0; i < at; ++i) {
        given.add(row_of(plan.steps[i].kind).gives);
    }
    for (std::size_t i = at; i < plan.steps.size(); ++i) {
        const Facts needs = row_of(plan.steps[i].kind).needs;
        if (needs.has(Fact::fence_proof) && given.has(Fact::fence_proof)) {
            return BeginsAgain::fence;
        }
        if (needs.has(Fact::writes_held) && given.has(Fact::writes_held)) {
            return BeginsAgain::attempt;
        }
    }
    return row.begins_again;
}

const StepRow* OperationRecord::ground() const {
    for (std::size_t i = std::min(at + 1, plan.steps.size()); i-- > 0;) {
        const StepRow& row = row_of(plan.steps[i].kind);
        if (!row.declared) {
            return &row;
        }
    }
    return nullptr;
}

Permission OperationRecord::permission() const {
    const StepRow* row = undoing == Undoing::nothing ? ground() : nullptr;
    return row == nullptr ? Permission::as_before : row->permission;
}

Abort OperationRecord::abort() const {
    const StepRow* row = undoing == Undoing::nothing ? ground() : &row_of(StepKind::release);
    return row == nullptr ? Abort::ends : row->abort;
}

}  // namespace farshore::core
