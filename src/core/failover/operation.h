#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "core/failover/event.h"
#include "core/failover/fence_proof.h"
#include "core/failover/operation_proofs.h"
#include "core/failover/register.h"
#include "core/failover/timing.h"

namespace farshore::core {

// What an operation sees of its surroundings.
struct Surroundings {
    const AgentRegister& agents;
    std::optional<Duration> fresh_lag;  // from the old Region to the new one
    bool still_called_for = true;  // the evidence that began an automatic operation still stands
};

// One run of a plan: pure. Consumes outcomes, emits the next actions, and moves only along the rows
// of operation_table.h.
class Operation {
  public:
    // Who may write without being in the register.
    struct Strangers {
        bool possible = false;  // the epoch records confirm every host that registers itself
        // Another controller, with a store of its own, may grant leases until the raise.
        bool of_another_register = false;
        std::optional<Instant> until;  // a lost register's hosts hold permission until then
    };

    Operation(
        OperationRecord record,
        Timing timing,
        OnControllerLoss on_controller_loss,
        Strangers strangers
    );

    // The first step, or the first after a crash. `users`: where the record has them.
    [[nodiscard]] Step begin(Now now, const AgentRegister& agents);
    [[nodiscard]] Step resume(
        Now now, const AgentRegister& agents, std::string_view after, const RegionId& users
    );

    // A copy of the epoch item names another store's register.
    void other_register() { strangers_.of_another_register = true; }

    [[nodiscard]] Step on(Now now, const EpochRaised& event, const AgentRegister& agents);
    [[nodiscard]] Step on(Now now, const HostsFound& event, const AgentRegister& agents);
    [[nodiscard]] Step on(Now now, const AgentAcked& event, const AgentRegister& agents);
    [[nodiscard]] Step on(Now now, const AgentConnected& event, const AgentRegister& agents);
    [[nodiscard]] Step on(Now now, const LossesExamined& event, const AgentRegister& agents);
    [[nodiscard]] Step on(Now now, const TrafficServed& event, const AgentRegister& agents);
    [[nodiscard]] Step on(Now now, const FunctionVerified& event, const AgentRegister& agents);
    [[nodiscard]] Step on(Now now, const AbortRequest& event, const AgentRegister& agents);
    // nullopt: an operator can still give it up, or it is given up already. Otherwise why it is too
    // late, and what happens now.
    [[nodiscard]] std::optional<std::string> why_not_abort(Now now) const;
    // Deadlines, and what follows from the register or the lag having changed.
    [[nodiscard]] Step tick(Now now, const Surroundings& around);

    [[nodiscard]] std::optional<Instant> next_deadline() const;

    [[nodiscard]] const OperationRecord& record() const { return record_; }

    [[nodiscard]] bool ended() const { return has_ended(record_.state); }

    // May a controller renew leases under this epoch now? Not for the old one once its end is near.
    [[nodiscard]] bool may_grant(Epoch epoch) const;

    // The new route is in force: agents that connect get it.
    [[nodiscard]] bool past_promotion() const;
    // Users have been sent to the plan's target, and a host there knows it.
    [[nodiscard]] bool users_are_sent() const;

  private:
    void move(Now now, OperationEvent event, const std::string& detail, Step& step);
    void enter(Now now, Step& step, const AgentRegister& agents);
    void advance(
        Now now,
        OperationEvent event,
        const std::string& detail,
        Step& step,
        const AgentRegister& agents
    );
    void order(OrderType type, std::vector<HostId> hosts, Step& step);
    void note(Now now, EntryKind kind, std::string text, Step& step);
    [[nodiscard]] OperationEvent failed_or_exhausted();
    [[nodiscard]] std::vector<HostId> all(const AgentRegister& agents) const;
    void check_acks(Now now, Step& step, const AgentRegister& agents);
    void enter_end(Now now, Step& step, const AgentRegister& agents);

    // Which of the state's two alarms have gone off.
    struct Due {
        bool late = false;
        bool retry = false;
    };

    // operation_hold.cc
    void enter_waiting(Now now, Step& step);
    void enter_holding(Now now, Step& step, const AgentRegister& agents);
    void enter_draining(Now now, Step& step, const AgentRegister& agents);
    void enter_releasing(Now now, Step& step, const AgentRegister& agents);
    void acked_while_holding(
        Now now, const AgentAcked& event, Step& step, const AgentRegister& agents
    );
    void acked_while_releasing(
        Now now, const AgentAcked& event, Step& step, const AgentRegister& agents
    );
    void tick_waiting(
        Now now, Due due, std::optional<Duration> fresh_lag, Step& step, const AgentRegister& agents
    );

    // Why a hold could not end in a proven drain now.
    struct Obstacle {
        HostId host;  // empty: the lag
        std::string text;
    };

    [[nodiscard]] std::optional<Obstacle> obstacle(
        Now now, std::optional<Duration> fresh_lag, const AgentRegister& agents
    ) const;
    // May a write that was given up so long ago still be carried out?
    [[nodiscard]] bool may_still_happen(std::optional<Duration> unknown_ago) const;

    // operation_fence.cc
    void enter_raising(Now now, Step& step);
    void enter_fencing(Now now, Step& step, const AgentRegister& agents);
    void enter_examining(Now now, Step& step);
    void acked_while_fencing(
        Now now, const AgentAcked& event, Step& step, const AgentRegister& agents
    );
    void acked_while_examining(
        Now now, const AgentAcked& event, Step& step, const AgentRegister& agents
    );
    void check_fence(Now now, Step& step, const AgentRegister& agents);
    void tick_raising(Now now, Due due, Step& step, const Surroundings& around);
    void raise(Step& step) const;
    void tick_examining(Now now, Due due, Step& step, const AgentRegister& agents);

    // operation_move.cc
    void enter_repointing(Now now, Step& step, const AgentRegister& agents);
    void promote(const FenceProof& proof, std::vector<HostId> hosts, Step& step);
    void enter_shifting(Now now, Step& step, const AgentRegister& agents);
    void enter_verifying(Now now, Step& step);
    void acked_while_repointing(
        Now now, const AgentAcked& event, Step& step, const AgentRegister& agents
    );
    void acked_while_shifting(
        Now now, const AgentAcked& event, Step& step, const AgentRegister& agents
    );
    void check_shift(Now now, Step& step, const AgentRegister& agents);
    void check_repoint(Now now, Step& step, const AgentRegister& agents, bool patience_over);
    void tick_repointing(Now now, Due due, Step& step, const AgentRegister& agents);
    void tick_shifting(Now now, Due due, Step& step, const AgentRegister& agents);
    void tick_verifying(Now now, Due due, Step& step, const AgentRegister& agents);

    [[nodiscard]] bool is_current(const StepId& step) const;
    [[nodiscard]] bool raise_may_be_stopped(Now now) const;

    [[nodiscard]] StepId step_id() const { return {record_.plan.id, record_.steps}; }

    OperationRecord record_;
    Timing timing_;
    OnControllerLoss on_controller_loss_;
    Strangers strangers_;
    bool hosts_found_ = false;  // since the raise: every host that registered before it is known
    Instant entered_at_{};
    std::optional<Instant> deadline_;
    std::optional<Instant> retry_at_;
    std::optional<Instant> raised_at_;
    // A resumed automatic raise is asked for anew: until then the evidence may speak up.
    std::optional<Instant> evidence_by_;
    bool only_look_ = false;    // nothing calls for it (any more): look at the records, write none
    bool unchanged_ = false;    // the last look at the records found a majority at the old epoch
    std::string raise_detail_;  // of the last attempt: the same is not noted twice
    std::optional<FenceProof> proof_;  // memory only, on purpose
    std::set<HostId> acked_;           // of the current order
    std::set<HostId> proved_;          // repointing: verified too
    std::set<HostId> fenced_;
    std::uint32_t unproven_ = 0;  // fence acknowledgements: writes not yet read in the standby
    int examine_attempts_ = 0;
    HostId waits_for_;            // waiting: named in the journal, once
    bool users_asked_ = false;    // shifting: hosts were told that users move
    bool users_sent_ = false;     // shifting: a host of the target knows that users are its own
    bool record_serves_ = false;  // shifting: the record answers with the target
    std::string traffic_detail_;
};

}  // namespace farshore::core
