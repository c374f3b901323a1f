#include "core/operation/operation.h"

#include <utility>

#include "base/assert.h"
#include "base/text.h"
#include "core/operation/steps/make_step.h"

namespace farshore::core {

namespace {

// Every step but those beside the others has ended.
class Join final : public RunningStep {
  public:
    [[nodiscard]] Progress tick(StepContext&, const Surroundings&) override { return {}; }

  protected:
    [[nodiscard]] Progress begin(StepContext&) override { return {}; }
};

}  // namespace

Operation::Operation(
    OperationRecord record, Timing timing, OnControllerLoss on_controller_loss, Strangers strangers
)
    : record_(std::move(record)),
      timing_(timing),
      on_controller_loss_(on_controller_loss),
      strangers_(strangers) {
    FARSHORE_ASSERT(!record_.plan.steps.empty(), "a plan without steps");
    record_.runs.resize(record_.plan.steps.size());
}

StepContext Operation::context(Now now, const AgentRegister& agents, Effects& effects) {
    return {
        .now = now,
        .timing = timing_,
        .on_controller_loss = on_controller_loss_,
        .strangers = strangers_,
        .agents = agents,
        .record = record_,
        .findings = findings_,
        .at = record_.at,
        .number = record_.steps,
        .taken_over = taken_over_,
        .before =
            record_.at < record_.runs.size() ? record_.runs[record_.at].life : StepLife::pending,
        .effects = effects
    };
}

Effects Operation::begin(Now now, const AgentRegister& agents) {
    Effects effects;
    context(now, agents, effects).note(EntryKind::note, "started: " + record_.plan.reason);
    start(now, agents, effects);
    return effects;
}

Effects Operation::resume(
    Now now, const AgentRegister& agents, std::string_view after, const RegionId& users
) {
    Effects effects;
    findings_.users_sent = users == record_.plan.to;
    context(now, agents, effects)
        .note(
            EntryKind::note,
            "resumed after " + std::string{after} + ": " + std::string{row().words.resumed}
        );
    context(now, agents, effects).tell(record_.kind(), {StepEvent::resumed, {}});
    taken_over_ = true;
    start_beside(context(now, agents, effects));
    if (record_.undoing == Undoing::nothing) {
        switch (record_.begins_again()) {
            case BeginsAgain::itself:
            case BeginsAgain::person: break;
            case BeginsAgain::attempt: undo(now, Undoing::for_another_attempt); break;
            case BeginsAgain::fence:
                doubt_command(now);
                rewind(now, StepKind::fence);
                break;
        }
    }
    start(now, agents, effects);
    return effects;
}

// Steps at the end, and the end itself, wait for those that run beside the others.
bool Operation::waits_beside() const {
    const bool joins = record_.at >= record_.plan.steps.size() ||
                       record_.plan.steps[record_.at].slot == Slot::at_end;
    return joins && beside_.running();
}

// Those beside the shift in front of the cursor that have not ended.
void Operation::start_beside(const StepContext& at) {
    for (std::size_t i = 0; i < std::min(record_.at, record_.runs.size()); ++i) {
        const PlannedStep& step = record_.plan.steps[i];
        if (step.slot == Slot::beside_shift && !step.part_of && !has_ended(record_.runs[i].life)) {
            beside_.start(at, i);
        }
    }
}

// Starts the step at the cursor, and those behind it for as long as they end at once.
void Operation::start(Now now, const AgentRegister& agents, Effects& effects) {
    while (!ended() && !waits_beside()) {
        if (record_.at >= record_.plan.steps.size()) {
            end(now, record_.failed_beside() ? Outcome::partly_done : Outcome::done);
            break;
        }
        const PlannedStep& planned = record_.plan.steps[record_.at];
        if (record_.undoing == Undoing::nothing && has_ended(record_.runs[record_.at].life)) {
            advance_cursor();
            continue;
        }
        if (record_.undoing == Undoing::nothing && planned.slot == Slot::beside_shift) {
            StepContext at = context(now, agents, effects);
            at.taken_over = false;
            beside_.start(at, record_.at);
            advance_cursor();
            continue;
        }
        ++record_.steps;
        if (record_.phases.empty() || record_.phases.back().ended_at) {
            record_.phases.push_back(
                {.kind = record_.kind(), .started_at = now.wall, .ended_at = {}}
            );
        }
        step_ = make_step(record_.kind(), findings_);
        StepContext at = context(now, agents, effects);
        if (record_.undoing == Undoing::nothing && at.before != StepLife::waiting_for_person) {
            record_.live(now.wall, record_.at, LifeEvent::begins);
        }
        const Progress progress = step_->start(at);
        taken_over_ = false;
        if (!progress || !take(now, effects, agents, *progress)) {
            return;
        }
    }
    if (ended()) {
        close(now, agents, effects);
    } else {
        step_ = std::make_unique<Join>();
    }
}

void Operation::go(Now now, const AgentRegister& agents, Effects& effects, Progress progress) {
    if (progress && take(now, effects, agents, *progress)) {
        start(now, agents, effects);
    }
}

// True: another step follows, or the end.
bool Operation::take(
    Now now, Effects& effects, const AgentRegister& agents, const StepResult& result
) {
    const StepContext at = context(now, agents, effects);
    at.tell(record_.kind(), result);
    if (record_.undoing != Undoing::nothing) {
        undone(now);
        return true;
    }
    const bool goes_on = at.planned().on_failure == OnFailure::go_on;
    switch (result.event) {
        case StepEvent::succeeded:
        case StepEvent::skipped:
            at.live(
                result.event == StepEvent::succeeded ? LifeEvent::succeeds : LifeEvent::is_skipped,
                record_.why
            );
            next_step(now);
            return true;
        case StepEvent::failed:
            if (row().reversal != Reversal::undone) {
                return false;
            }
            undo(now, Undoing::for_another_attempt);
            return true;
        case StepEvent::exhausted:
        case StepEvent::undecided: {
            const bool unknown = result.event == StepEvent::undecided;
            at.live(unknown ? LifeEvent::is_unknown : LifeEvent::fails, record_.why);
            if (goes_on) {
                next_step(now);
            } else if (unknown && !row().declared) {
                give_up(at, Outcome::partly_done);
            } else {
                fall(at, Outcome::failed);
            }
            return true;
        }
        case StepEvent::abort_requested:
        case StepEvent::resumed: break;
    }
    FARSHORE_ASSERT(false, "no step ends so");
    std::unreachable();
}

void Operation::end_phase(Now now) {
    if (!record_.phases.empty() && !record_.phases.back().ended_at) {
        record_.phases.back().ended_at = now.wall;
    }
}

void Operation::next_step(Now now) {
    end_phase(now);
    advance_cursor();
}

// Steps of a parallel step are run by it.
void Operation::advance_cursor() {
    do {
        ++record_.at;
    } while (record_.at < record_.plan.steps.size() && record_.plan.steps[record_.at].part_of);
}

// A command that ran when the controller ended may have taken effect: it is not run again when its
// turn comes, but asked about.
void Operation::doubt_command(Now now) {
    const StepRow& row = this->row();
    if (row.begins_again != BeginsAgain::person ||
        record_.runs[record_.at].life != StepLife::running) {
        return;
    }
    const bool goes_on = record_.plan.steps[record_.at].on_failure == OnFailure::go_on;
    record_.live(
        now.wall, record_.at, goes_on ? LifeEvent::is_unknown : LifeEvent::asks, row.words.resumed
    );
}

// Of declared steps behind the fence, those that have ended are not done again, and those that a
// person is asked about stay so. An attempt is done again as a whole.
void Operation::rewind(Now now, StepKind kind) {
    end_phase(now);
    const auto at = record_.plan.find(kind);
    FARSHORE_ASSERT(at, "plan_rules.h: a step that begins again elsewhere has that step before it");
    for (std::size_t i = *at; i < record_.runs.size(); ++i) {
        const StepLife life = record_.runs[i].life;
        const bool stays = kind == StepKind::fence && row_of(record_.plan.steps[i].kind).declared &&
                           (has_ended(life) || life == StepLife::waiting_for_person);
        if (!stays) {
            record_.live(now.wall, i, LifeEvent::rewinds);
        }
    }
    record_.at = *at;
}

// What was begun before the raise is taken back.
void Operation::undo(Now now, Undoing how) {
    end_phase(now);
    record_.undoing = how;
    for (std::size_t i = 0; i <= record_.at; ++i) {
        if (row_of(record_.plan.steps[i].kind).undo) {
            record_.live(now.wall, i, LifeEvent::is_undone);
        }
    }
}

void Operation::undone(Now now) {
    const Undoing how = std::exchange(record_.undoing, Undoing::nothing);
    if (how == Undoing::for_another_attempt) {
        rewind(now, StepKind::wait_lag);
        return;
    }
    for (std::size_t i = 0; i < record_.runs.size(); ++i) {
        if (record_.runs[i].life == StepLife::undoing) {
            record_.live(now.wall, i, LifeEvent::fails);
        }
    }
    end(now, Outcome::failed);
}

// Can the world still be as it was before the plan?
bool Operation::has_changed_something() const {
    for (std::size_t i = 0; i < std::min(record_.at + 1, record_.runs.size()); ++i) {
        const StepRow& row = row_of(record_.plan.steps[i].kind);
        // A raise that is known to have changed nothing is no change.
        const bool counts = record_.runs[i].life == StepLife::succeeded || !row.undo;
        if (row.reversal == Reversal::never && counts) {
            return true;
        }
    }
    return false;
}

// The plan cannot go on. `unchanged`: the word for it, if nothing has changed.
void Operation::fall(const StepContext& at, Outcome unchanged) {
    bool to_undo = false;
    for (std::size_t i = 0; i <= record_.at && i < record_.runs.size(); ++i) {
        to_undo = to_undo || (row_of(record_.plan.steps[i].kind).undo &&
                              record_.runs[i].life != StepLife::pending);
    }
    if (has_changed_something()) {
        give_up(at, Outcome::partly_done);
    } else if (to_undo) {
        leave(at);
        undo(at.now, Undoing::for_good);
    } else {
        give_up(at, unchanged);
    }
}

void Operation::give_up(const StepContext& at, Outcome outcome) {
    leave(at);
    end(at.now, outcome);
}

// What runs is ended with the plan.
void Operation::leave(const StepContext& at) {
    StepContext scene = at;
    step_->leave(scene);
    beside_.leave(at);
    if (record_.at < record_.runs.size() && !has_ended(record_.runs[record_.at].life)) {
        at.live(LifeEvent::fails, record_.why);
    }
}

void Operation::end(Now now, Outcome outcome) {
    end_phase(now);
    record_.outcome = outcome;
    record_.ended_at = now.wall;
}

void Operation::close(Now now, const AgentRegister& agents, Effects& effects) {
    const Plan& plan = record_.plan;
    const StepContext at = context(now, agents, effects);
    if (findings_.users_asked && !findings_.users_sent) {
        // No host has answered yet, and some may have heard: users are where the record has them.
        at.act(OrderAgents{
            .step = {},
            .app = plan.app,
            .hosts = at.all_hosts(),
            .type = OrderType::route,
            .epoch = plan.epoch_after,
            .active = plan.to,
            .users = plan.users_before
        });
    }
    at.act(Announce{
        std::string{to_string(plan.verb)} + " of " + plan.app.value() + " to " + plan.to.value() +
        ": " + std::string{record_.doing()} + ": " + record_.why
    });
}

bool Operation::is_ours(const AgentAcked& event) const {
    return !ended() && event.step.operation == record_.plan.id &&
           (step_->answers_to(event.step.number) || step_->takes_earlier(event));
}

Effects Operation::on(Now now, std::span<const AgentAcked> acks, const AgentRegister& agents) {
    Effects effects;
    for (const AgentAcked& ack : acks) {
        if (is_ours(ack)) {
            StepContext at = context(now, agents, effects);
            go(now, agents, effects, step_->on(at, ack));
        }
    }
    if (!ended()) {
        StepContext at = context(now, agents, effects);
        step_->heard(at);
    }
    return effects;
}

Effects Operation::on(Now now, const AgentConnected& event, const AgentRegister& agents) {
    Effects effects;
    if (!ended()) {
        StepContext at = context(now, agents, effects);
        step_->connected(at, event.host);
    }
    return effects;
}

Effects Operation::tick(Now now, const Surroundings& around) {
    Effects effects;
    if (!ended()) {
        StepContext at = context(now, around.agents, effects);
        beside_.tick(at, around);
        if (waits_beside()) {
            return effects;
        }
        look_beside(now, around.agents, effects);
    }
    if (!ended() && record_.at < record_.plan.steps.size()) {
        StepContext at = context(now, around.agents, effects);
        go(now, around.agents, effects, step_->tick(at, around));
    }
    return effects;
}

std::optional<Instant> Operation::next_deadline() const {
    if (ended()) {
        return std::nullopt;
    }
    const auto beside = beside_.next_deadline();
    const auto own = waits_beside() ? std::nullopt : step_->next_deadline();
    return beside && own ? std::min(*beside, *own) : (own ? own : beside);
}

bool Operation::may_grant(Epoch epoch) const {
    if (ended()) {
        return true;
    }
    switch (record_.permission()) {
        case Permission::as_before: return epoch == record_.plan.epoch_before;
        case Permission::nobody:
        case Permission::inherited: return false;
        case Permission::new_epoch: return epoch == record_.plan.epoch_after;
    }
    return false;
}

bool Operation::past_promotion() const {
    return record_.outcome == Outcome::done ||
           (!ended() && record_.permission() == Permission::new_epoch);
}

bool Operation::users_are_sent() const {
    const std::optional<std::size_t> shift = record_.plan.find(StepKind::shift);
    return shift && (findings_.users_sent || record_.runs[*shift].life == StepLife::succeeded);
}

OperationRecord operation_at(Plan plan, StepKind kind) {
    OperationRecord record;
    record.plan = std::move(plan);
    record.runs.resize(record.plan.steps.size());
    record.at = record.plan.find(kind).value_or(0);
    for (std::size_t i = 0; i < record.at; ++i) {
        record.runs[i].life = StepLife::succeeded;
    }
    return record;
}

}  // namespace farshore::core
