#pragma once

#include <algorithm>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include "core/failover/event.h"
#include "core/failover/fence_proof.h"
#include "core/failover/register.h"
#include "core/failover/timing.h"
#include "core/operation/record.h"

namespace farshore::core {

// What an operation sees of its surroundings.
struct Surroundings {
    const AgentRegister& agents;
    std::optional<Duration> fresh_lag;  // from the old Region to the new one
    bool still_called_for = true;  // the evidence that began an automatic operation still stands
    // A guard of the request that would refuse it by now; asked where steps of the operator's own
    // took their time in front of the raise.
    std::optional<std::string> refused_by_now;
    // Before then a refusal may come of this controller's own start: it has not seen enough yet.
    Instant evidence_by{};
};

// Hosts that may write without being in the register.
struct Strangers {
    bool possible = false;  // the epoch records confirm any host that registers itself
    // Another controller, with a store of its own, may grant leases until the raise.
    bool of_another_register = false;
    std::optional<Instant> until;  // a lost register's hosts hold permission until then
};

// What later steps need of earlier ones. In memory only, on purpose: a controller that takes the
// operation over proves it again.
struct Findings {
    Instant hold_ends{};  // agents end the last hold by themselves then, or somewhat later
    std::optional<Instant> raised_at;
    std::optional<FenceProof> fence;
    std::uint32_t unproven = 0;  // fence acknowledgements: writes not yet read in the standby
    bool users_asked = false;    // hosts were told that users move
    bool users_sent = false;     // a host of the target knows that users are its own
};

// What came of a step.
struct StepResult {
    StepEvent event;
    std::string detail;
};

// nullopt: the step goes on.
using Progress = std::optional<StepResult>;

// What a step of the running operation sees, and how it acts.
struct StepContext {
    Now now;
    const Timing& timing;
    OnControllerLoss on_controller_loss;
    const Strangers& strangers;
    const AgentRegister& agents;
    OperationRecord& record;
    Findings& findings;
    std::size_t at;        // of plan.steps; of the release: the step that it takes back
    std::uint64_t number;  // of this run of the step: outcomes carry it
    bool taken_over;       // by this controller, in the middle of the step
    StepLife before;       // its life before it was begun this time
    Effects& effects;

    [[nodiscard]] const Plan& plan() const { return record.plan; }

    [[nodiscard]] const PlannedStep& planned() const { return record.plan.steps[at]; }

    [[nodiscard]] StepId id() const { return {record.plan.id, number}; }

    [[nodiscard]] StepRun& run() const { return record.runs[at]; }

    // The same scene for another step of the plan.
    [[nodiscard]] StepContext for_step(std::size_t other, std::uint64_t its_number) const;

    void note(EntryKind kind, std::string text) const;
    // What came of the step, into the journal.
    void tell(StepKind kind, const StepResult& result) const;
    // Along a row of step_life.h.
    void live(LifeEvent event, std::string_view why) const;

    void intend(std::string text) const { note(EntryKind::intent, std::move(text)); }

    void act(Action action) const { effects.actions.push_back(std::move(action)); }

    // `timeout`: of a drain.
    void order(OrderType type, std::vector<HostId> hosts, Duration timeout = {}) const;

    [[nodiscard]] std::vector<HostId> all_hosts() const;

    // The host had followed the new epoch without a controller: what it wrote under the old one,
    // after the hold, lies below its newer writes, and no drain shows whether it has arrived.
    void followed_alone(const HostId& host) const;

    // Of hold and drain: is another attempt left?
    [[nodiscard]] StepEvent failed_or_exhausted() const;

    // May a write that was given up so long ago still be carried out?
    [[nodiscard]] bool may_still_happen(std::optional<Duration> unknown_ago) const;
};

// A step while it runs: a small state machine of its own, with two alarms. What it does not care
// for, it leaves to the defaults.
class RunningStep {
  public:
    RunningStep() = default;
    virtual ~RunningStep() = default;
    RunningStep(const RunningStep&) = delete;
    RunningStep& operator=(const RunningStep&) = delete;

    // Its intent into the journal, its first actions, its bound.
    [[nodiscard]] Progress start(StepContext& at) {
        begun_at_ = at.now.at;
        number_ = at.number;
        return begin(at);
    }

    // Is the outcome of that run this one's?
    [[nodiscard]] virtual bool answers_to(std::uint64_t number) const { return number == number_; }

    [[nodiscard]] virtual Progress on(StepContext&, const EpochRaised&) { return {}; }

    [[nodiscard]] virtual Progress on(StepContext&, const HostsFound&) { return {}; }

    [[nodiscard]] virtual Progress on(StepContext&, const AgentAcked&) { return {}; }

    [[nodiscard]] virtual Progress on(StepContext&, const LossesExamined&) { return {}; }

    [[nodiscard]] virtual Progress on(StepContext&, const TrafficServed&) { return {}; }

    [[nodiscard]] virtual Progress on(StepContext&, const FunctionVerified&) { return {}; }

    [[nodiscard]] virtual Progress on(StepContext&, const CommandEnded&) { return {}; }

    [[nodiscard]] virtual Progress on(StepContext&, const StepAnswered&) { return {}; }

    // nullopt: that answer can be given now. Otherwise why not.
    [[nodiscard]] virtual std::optional<std::string>
    why_not(const OperationRecord&, const StepAnswered&) const {
        return "it asks nothing";
    }

    // It is left in the middle: what it started is ended.
    virtual void leave(StepContext&) {}

    // An answer to an order of an earlier run of the step counts as well.
    [[nodiscard]] virtual bool takes_earlier(const AgentAcked&) const { return false; }

    // All that hosts have answered at once has been taken.
    virtual void heard(StepContext&) {}

    // A host said hello. What it does not hear by itself is told again.
    virtual void connected(StepContext&, const HostId&) {}

    // An alarm has gone off, or something else has changed.
    [[nodiscard]] virtual Progress tick(StepContext& at, const Surroundings& around) = 0;

    // What stopping it now would come to, where its row says that it is too late for an abort.
    [[nodiscard]] virtual std::optional<StepEvent> if_stopped(const Timing&, Now) const {
        return {};
    }

    // How long an operator has to wait before it can be stopped; nullopt: for ever.
    [[nodiscard]] virtual std::optional<Duration> stoppable_in(const Timing&, Now) const {
        return {};
    }

    [[nodiscard]] virtual std::optional<Instant> next_deadline() const {
        return deadline_ && retry_at_ ? std::min(*deadline_, *retry_at_)
               : deadline_            ? deadline_
                                      : retry_at_;
    }

  protected:
    [[nodiscard]] virtual Progress begin(StepContext& at) = 0;

    [[nodiscard]] Instant begun_at() const { return begun_at_; }

    [[nodiscard]] bool late(const StepContext& at) const {
        return deadline_ && at.now.at >= *deadline_;
    }

    [[nodiscard]] bool retry_is_due(const StepContext& at) const {
        return retry_at_ && at.now.at >= *retry_at_;
    }

    std::optional<Instant> deadline_;
    std::optional<Instant> retry_at_;

  private:
    Instant begun_at_{};
    std::uint64_t number_ = 0;
};

// Hosts that have answered the current order, and whether each host of the register has.
class Answers {
  public:
    // False: it had answered already.
    bool add(const HostId& host) { return hosts_.insert(host).second; }

    void remove(const HostId& host) { hosts_.erase(host); }

    void clear() { hosts_.clear(); }

    [[nodiscard]] bool has(const HostId& host) const { return hosts_.contains(host); }

    // Costs a look at each host only when so many have answered: of ten thousand, each answer asks.
    [[nodiscard]] bool complete(const AgentRegister& agents) const {
        return hosts_.size() >= agents.size() &&
               std::ranges::all_of(agents, [this](const auto& entry) {
                   return hosts_.contains(entry.first);
               });
    }

    [[nodiscard]] const std::set<HostId>& hosts() const { return hosts_; }

  private:
    std::set<HostId> hosts_;
};

}  // namespace farshore::core
