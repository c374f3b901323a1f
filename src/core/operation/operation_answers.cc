#include <algorithm>
#include <utility>

#include "base/text.h"
#include "core/operation/operation.h"

// What people and programs of the operator's own say to an operation.
namespace farshore::core {

// Steps that run beside the others have moved on: the plan may have waited for them.
void Operation::look_beside(Now now, const AgentRegister& agents, Effects& effects) {
    const bool joins = record_.at >= record_.plan.steps.size() ||
                       (record_.plan.steps[record_.at].slot == Slot::at_end &&
                        record_.runs[record_.at].life == StepLife::pending);
    if (!ended() && joins && !beside_.running()) {
        start(now, agents, effects);
    }
}

Effects Operation::on(Now now, const CommandEnded& event, const AgentRegister& agents) {
    Effects effects;
    if (ended() || event.step.operation != record_.plan.id) {
        return effects;
    }
    StepContext at = context(now, agents, effects);
    if (beside_.answers_to(event.step.number)) {
        beside_.on(at, event);
        look_beside(now, agents, effects);
    } else if (step_->answers_to(event.step.number)) {
        go(now, agents, effects, step_->on(at, event));
    }
    return effects;
}

Effects Operation::on(Now now, const StepAnswered& event, const AgentRegister& agents) {
    Effects effects;
    if (why_not_answer(event)) {
        return effects;
    }
    StepContext at = context(now, agents, effects);
    if (beside_.has(record_, event.step)) {
        beside_.on(at, event);
        look_beside(now, agents, effects);
    } else {
        go(now, agents, effects, step_->on(at, event));
    }
    return effects;
}

std::optional<std::string> Operation::why_not_answer(const StepAnswered& event) const {
    if (event.operation != record_.plan.id || ended()) {
        return "it has ended already";
    }
    if (beside_.has(record_, event.step)) {
        return beside_.why_not(record_, event);
    }
    const bool declared = record_.at < record_.plan.steps.size() && row().declared &&
                          record_.undoing == Undoing::nothing;
    const bool known =
        event.step.empty() || std::ranges::find(record_.plan.steps, event.step, &PlannedStep::id) !=
                                  record_.plan.steps.end();
    if (!known) {
        return "its plan has no step " + event.step;
    }
    if (!declared) {
        return "it is " + std::string{record_.doing()} + ", and asks nothing";
    }
    const PlannedStep& planned = record_.plan.steps[record_.at];
    if (planned.kind != StepKind::parallel && !event.step.empty() && event.step != planned.id) {
        return "step " + event.step + " asks nothing now; step " + planned.id + " runs";
    }
    return step_->why_not(record_, event);
}

Effects Operation::supersede(Now now, const std::string& by, const AgentRegister& agents) {
    Effects effects;
    const StepContext at = context(now, agents, effects);
    at.note(EntryKind::note, "a failover of " + by + " takes its place");
    record_.why = "a failover took its place while it waited for a person";
    give_up(at, has_changed_something() ? Outcome::partly_done : Outcome::aborted);
    close(now, agents, effects);
    return effects;
}

Effects Operation::on(Now now, const AbortRequest& event, const AgentRegister& agents) {
    Effects effects;
    if (event.operation != record_.plan.id || ended() || why_not_abort(now)) {
        return effects;
    }
    const std::string asked =
        "asked by " + event.by + (event.reason.empty() ? "" : ": " + event.reason);
    if (const std::optional<StepEvent> end = step_->if_stopped(timing_, now)) {
        go(now, agents, effects, StepResult{*end, asked});
        return effects;
    }
    const Abort abort = record_.abort();
    const bool being_undone = record_.undoing == Undoing::for_good;
    const StepContext at = context(now, agents, effects);
    at.tell(record_.kind(), {StepEvent::abort_requested, asked});
    if (being_undone) {
        return effects;
    }
    if (abort == Abort::ends) {
        fall(at, Outcome::aborted);
    } else if (abort == Abort::undoes) {
        leave(at);
        undo(now, Undoing::for_good);
    } else {
        give_up(at, Outcome::partly_done);
    }
    start(now, agents, effects);
    return effects;
}

std::optional<std::string> Operation::why_not_abort(Now now) const {
    if (record_.abort() != Abort::too_late || step_->if_stopped(timing_, now)) {
        return std::nullopt;
    }
    std::string text = std::string{row().words.aborted} + "; it is " +
                       std::string{record_.doing()} + ", and goes on to its end in " +
                       record_.plan.to.value();
    if (const auto wait = step_->stoppable_in(timing_, now)) {
        text += "; if the epoch records do not answer, it can be stopped in " + to_text(*wait);
    }
    return text;
}

}  // namespace farshore::core
