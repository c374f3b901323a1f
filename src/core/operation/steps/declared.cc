#include "core/operation/steps/declared.h"

#include "base/text.h"

namespace farshore::core {

namespace {

using namespace std::chrono_literals;

// An operator who does not answer within a day does not know of the question.
constexpr Duration kAnswerPatience = 24h;
// Beyond its own time limit: until whatever runs it has ended it and said so.
constexpr Duration kErrandGrace = 15s;

std::string said_by(const StepAnswered& event) {
    return "by " + event.by + (event.reason.empty() ? "" : ": " + event.reason);
}

PlanValues values_of(const StepContext& at) {
    const Plan& plan = at.plan();
    return {
        {"app", plan.app.value()},
        {"operation", plan.id.value()},
        {"verb", std::string{to_string(plan.verb)}},
        {"from", plan.from.value()},
        {"to", plan.to.value()},
        {"epoch_before", std::to_string(plan.epoch_before.value())},
        {"epoch_after", std::to_string(plan.epoch_after.value())},
        {"automatic", plan.automatic ? "true" : "false"},
        {"step", at.planned().id},
        {"attempt", std::to_string(at.run().attempts)},
    };
}

}  // namespace

Duration Declared::left(const StepContext& at) {
    const Duration since =
        std::max<Duration>(Duration::zero(), at.now.wall - at.run().began_at.value_or(at.now.wall));
    return std::max(Duration::zero(), at.planned().bound - since);
}

Progress Declared::begin(StepContext& at) {
    if (at.before == StepLife::waiting_for_person) {
        ask(at, std::string{at.run().why});
        return {};
    }
    if (at.taken_over && at.before == StepLife::running &&
        row_of(at.planned().kind).begins_again == BeginsAgain::person) {
        return give_up(at, StepEvent::undecided, "the controller ended while it ran");
    }
    return at.taken_over && at.before == StepLife::running ? take_up(at) : attempt(at);
}

Progress Declared::tick(StepContext& at, const Surroundings&) {
    if (!late(at)) {
        return {};
    }
    return asks_ ? Progress{StepResult{StepEvent::exhausted, "no person answered in a day"}}
                 : alarm(at);
}

void Declared::ask(StepContext& at, const std::string& why) {
    asks_ = true;
    retry_at_.reset();
    deadline_ = at.now.at + kAnswerPatience;
    at.live(LifeEvent::asks, why);
    const std::string& id = at.plan().id.value();
    at.intend(
        "ask a person about step " + at.planned().id + ": " + why + "; `farshore op continue " +
        id + "` has it done again, `op skip` goes on without it, `op abort` gives the plan up"
    );
    at.act(Announce{"operation " + id + " waits for a person: step " + at.planned().id + ": " + why}
    );
}

Progress Declared::give_up(StepContext& at, StepEvent event, std::string detail) {
    const bool asks = at.planned().on_failure == OnFailure::ask ||
                      (event == StepEvent::undecided && at.taken_over &&
                       at.planned().on_failure != OnFailure::go_on);
    if (!asks) {
        return StepResult{event, std::move(detail)};
    }
    at.tell(at.planned().kind, {event, detail});
    ask(at, std::string{row_of(at.planned().kind).why(event)} + " (" + detail + ")");
    return {};
}

std::optional<std::string> Declared::why_not(const OperationRecord&, const StepAnswered& event)
    const {
    if (event.answer == Answer::skip) {
        return std::nullopt;
    }
    if (event.answer != Answer::go_on) {
        return "it does not wait for an approval";
    }
    return asks_ ? std::nullopt : std::optional<std::string>{"it asks nothing"};
}

Progress Declared::on(StepContext& at, const StepAnswered& event) {
    if (why_not(at.record, event)) {
        return {};
    }
    if (event.answer == Answer::skip) {
        leave(at);
        return StepResult{StepEvent::skipped, said_by(event)};
    }
    asks_ = false;
    deadline_.reset();
    at.note(EntryKind::note, "done again " + said_by(event));
    at.live(LifeEvent::begins, {});
    at.run().began_at = at.now.wall;
    return attempt(at);
}

Progress Approve::attempt(StepContext& at) {
    const Plan& plan = at.plan();
    deadline_ = at.now.at + left(at);
    at.intend(
        "ask a person to approve, within " + to_text(left(at)) + ": `farshore op approve " +
        plan.id.value() + "` or `op deny`"
    );
    at.act(Announce{
        std::string{to_string(plan.verb)} + " of " + plan.app.value() + " to " + plan.to.value() +
        " waits for an approval (" + plan.id.value() + "): " + plan.reason
    });
    return {};
}

Progress Approve::alarm(StepContext& at) {
    return give_up(at, StepEvent::exhausted, "no person answered in time");
}

std::optional<std::string> Approve::why_not(
    const OperationRecord& record, const StepAnswered& event
) const {
    const bool of_approval = event.answer == Answer::approve || event.answer == Answer::deny;
    if (of_approval && !asks()) {
        return std::nullopt;
    }
    return Declared::why_not(record, event);
}

Progress Approve::on(StepContext& at, const StepAnswered& event) {
    if (!asks() && event.answer == Answer::approve) {
        return StepResult{StepEvent::succeeded, said_by(event)};
    }
    if (!asks() && event.answer == Answer::deny) {
        return StepResult{StepEvent::exhausted, "denied " + said_by(event)};
    }
    return Declared::on(at, event);
}

Progress Errand::attempt(StepContext& at) {
    ++at.run().attempts;
    return take_up(at);
}

Progress Errand::take_up(StepContext& at) {
    const PlannedStep& planned = at.planned();
    at.intend(
        planned.text +
        (planned.attempts > 1 ? ", attempt " + std::to_string(at.run().attempts) : std::string{})
    );
    send(at);
    runs_ = true;
    deadline_ = at.now.at + planned.bound + kErrandGrace;
    return {};
}

Progress Errand::on(StepContext& at, const CommandEnded& event) {
    if (!runs_) {
        return {};
    }
    runs_ = false;
    deadline_.reset();
    if (event.end == CommandEnd::exited && event.status == 0) {
        return StepResult{StepEvent::succeeded, event.output};
    }
    if (event.end == CommandEnd::timed_out) {
        const std::string said = event.output.empty() ? "" : ": " + event.output;
        return give_up(
            at, StepEvent::undecided, "ended after " + to_text(at.planned().bound) + said
        );
    }
    if (at.run().attempts < at.planned().attempts) {
        at.tell(at.planned().kind, {StepEvent::failed, how_it_failed(event)});
        return attempt(at);
    }
    return give_up(at, StepEvent::exhausted, how_it_failed(event));
}

Progress Errand::alarm(StepContext& at) {
    leave(at);
    return give_up(at, StepEvent::undecided, "nothing was heard of it");
}

void Errand::leave(StepContext& at) {
    if (std::exchange(runs_, false)) {
        call_off(at);
    }
}

void Command::send(StepContext& at) {
    const PlannedStep& planned = at.planned();
    at.act(RunCommand{
        .step = at.id(),
        .name = planned.id,
        .run = planned.run,
        .timeout = planned.bound,
        .values = values_of(at)
    });
}

void Command::call_off(StepContext& at) {
    at.act(StopCommand{at.id()});
}

std::string Command::how_it_failed(const CommandEnded& event) const {
    const std::string how =
        event.end == CommandEnd::exited
            ? "status " + std::to_string(event.status)
            : (event.end == CommandEnd::killed ? "a signal ended it" : "it was not started");
    return event.output.empty() ? how : how + ": " + event.output;
}

void FleetStep::send(StepContext& at) {
    const PlannedStep& planned = at.planned();
    at.act(MoveFleet{
        .step = at.id(),
        .kind = planned.kind,
        .change = planned.fleet,
        .timeout = planned.bound,
        .values = values_of(at)
    });
}

void FleetStep::call_off(StepContext& at) {
    at.act(LeaveFleet{at.id()});
}

std::string FleetStep::how_it_failed(const CommandEnded& event) const {
    return event.output;
}

Progress Wait::attempt(StepContext& at) {
    deadline_ = at.now.at + left(at);
    at.intend("wait for " + to_text(left(at)));
    return {};
}

Progress Wait::alarm(StepContext&) {
    return StepResult{StepEvent::succeeded, {}};
}

}  // namespace farshore::core
