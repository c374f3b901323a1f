#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "core/operation/steps/children.h"
#include "core/operation/steps/step.h"

namespace farshore::core {

// One run of a plan: a cursor over its steps. It knows no kind by name: what a step does stands in
// its class (steps/), what follows from it in the row of its kind (step_rows.h). Pure: consumes
// outcomes, and emits the next actions.
class Operation {
  public:
    Operation(
        OperationRecord record,
        Timing timing,
        OnControllerLoss on_controller_loss,
        Strangers strangers
    );

    // The first step, or the first after a crash. `users`: where the record has them.
    [[nodiscard]] Effects begin(Now now, const AgentRegister& agents);
    [[nodiscard]] Effects resume(
        Now now, const AgentRegister& agents, std::string_view after, const RegionId& users
    );

    // A copy of the epoch item names another store's register.
    void other_register() { strangers_.of_another_register = true; }

    // What came of an action. That of another run of a step is ignored.
    template <class Outcome>
    [[nodiscard]] Effects on(Now now, const Outcome& event, const AgentRegister& agents) {
        Effects effects;
        if (is_ours(event)) {
            StepContext at = context(now, agents, effects);
            go(now, agents, effects, step_->on(at, event));
        }
        return effects;
    }

    // What hosts have answered at once, in the order in which it came.
    [[nodiscard]] Effects on(
        Now now, std::span<const AgentAcked> acks, const AgentRegister& agents
    );
    [[nodiscard]] Effects on(Now now, const CommandEnded& event, const AgentRegister& agents);
    [[nodiscard]] Effects on(Now now, const StepAnswered& event, const AgentRegister& agents);

    [[nodiscard]] Effects on(Now now, const AgentConnected& event, const AgentRegister& agents);
    [[nodiscard]] Effects on(Now now, const AbortRequest& event, const AgentRegister& agents);
    // nullopt: an operator can still give it up, or it is given up already. Otherwise why it is too
    // late, and what happens now.
    [[nodiscard]] std::optional<std::string> why_not_abort(Now now) const;
    // nullopt: a step takes that answer now. Otherwise why not.
    [[nodiscard]] std::optional<std::string> why_not_answer(const StepAnswered& event) const;
    // An operator's failover takes the place of an operation that waits for a person.
    [[nodiscard]] Effects supersede(Now now, const std::string& by, const AgentRegister& agents);
    // Deadlines, and what follows from the register or the lag having changed.
    [[nodiscard]] Effects tick(Now now, const Surroundings& around);

    [[nodiscard]] std::optional<Instant> next_deadline() const;

    [[nodiscard]] const OperationRecord& record() const { return record_; }

    [[nodiscard]] bool ended() const { return record_.ended(); }

    // May a controller renew leases under this epoch now? Not for the old one once its end is near.
    [[nodiscard]] bool may_grant(Epoch epoch) const;

    // The new route is in force: agents that connect get it.
    [[nodiscard]] bool past_promotion() const;
    // Users have been sent to the plan's target, and a host there knows it.
    [[nodiscard]] bool users_are_sent() const;

  private:
    [[nodiscard]] StepContext context(Now now, const AgentRegister& agents, Effects& effects);

    [[nodiscard]] bool is_ours(const auto& event) const {
        return !ended() && event.step.operation == record_.plan.id &&
               step_->answers_to(event.step.number);
    }

    [[nodiscard]] bool is_ours(const AgentAcked& event) const;

    [[nodiscard]] const StepRow& row() const { return row_of(record_.kind()); }

    void start(Now now, const AgentRegister& agents, Effects& effects);
    void go(Now now, const AgentRegister& agents, Effects& effects, Progress progress);
    [[nodiscard]] bool take(
        Now now, Effects& effects, const AgentRegister& agents, const StepResult& result
    );
    [[nodiscard]] bool waits_beside() const;
    void start_beside(const StepContext& at);
    void look_beside(Now now, const AgentRegister& agents, Effects& effects);
    void leave(const StepContext& at);
    void doubt_command(Now now);
    void end_phase(Now now);
    void next_step(Now now);
    void rewind(Now now, StepKind kind);
    void undo(Now now, Undoing how);
    void undone(Now now);
    [[nodiscard]] bool has_changed_something() const;
    void fall(const StepContext& at, Outcome unchanged);
    void give_up(const StepContext& at, Outcome outcome);
    void advance_cursor();
    void end(Now now, Outcome outcome);
    void close(Now now, const AgentRegister& agents, Effects& effects);

    OperationRecord record_;
    Timing timing_;
    OnControllerLoss on_controller_loss_;
    Strangers strangers_;
    Findings findings_;
    std::unique_ptr<RunningStep> step_;
    Children beside_;          // declared steps that run beside the shift
    bool taken_over_ = false;  // and the step that is begun next is in the middle of it
};

// A record whose plan begins at that kind: what an earlier version's record, or the epoch items,
// say of an operation that another controller began.
[[nodiscard]] OperationRecord operation_at(Plan plan, StepKind kind);

}  // namespace farshore::core
