#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/failover/event.h"
#include "core/failover/loss_window.h"
#include "core/failover/policy.h"
#include "core/failover/readiness.h"
#include "core/lease/grant_permission.h"
#include "core/operation/operation.h"

namespace farshore::core {

// All decisions about one app: data in, data out. step(now, event) returns what to make durable,
// what to do and, to a person's request, the reply; next_deadline() says when to call again though
// nothing happened. No clock, socket, thread, logger or randomness of its own.
class AppCore {
  public:
    struct Start {
        Policy policy;
        std::vector<Observer> observers;
        int quorum_needed = Quorum{}.needed;
        Hysteresis hysteresis;
        AppRecord record;  // as the store has it
        // The register: hosts that said hello, or that the configuration names (no Region yet).
        std::map<HostId, RegionId> agents;
        bool register_is_closed = false;         // the configuration names every host there may be
        std::string register_id;                 // as the epoch items name it
        EpochReading epochs;                     // as read at the start; empty: not read
        Duration longest_lease{};                // that agents may have from the epoch items
        std::optional<UtcTime> drill_proven_at;  // under this configuration
        std::map<OperationId, std::uint64_t> losses_open;  // writes without a fate, by failover
        // Of a recording that is continued: those begun by itself so far, as their names count on.
        std::uint64_t automatic_operations = 0;
    };

    explicit AppCore(Start start, Now now);

    [[nodiscard]] Effects step(Now now, const Event& event);
    // After a start, or when the store takes records again after a stall(): takes a running
    // operation up again, as a controller does that has died in between.
    [[nodiscard]] Effects resume(Now now, std::string_view after = "a restart of the controller");

    // The store refuses: nothing more can be done before it takes this, so nothing is decided.
    // What the world says is still heard.
    void stall() { stalled_ = true; }

    // What a request may change.
    struct Before {
        AppRecord record;
        AgentRegister agents;
        Evidence evidence;
    };

    [[nodiscard]] Before before() const { return {record_, agents_, evidence_}; }

    // The store has refused what a request led to, so it has not happened. Stalls as well.
    void withdraw(Before before);

    [[nodiscard]] std::optional<Instant> next_deadline() const;

    // A lease for an agent that says it is in `epoch`, counted from now on our side. nullopt with
    // the reason: not the current epoch, or its end is near.
    struct LeaseAnswer {
        std::optional<Duration> length;
        std::string why;
    };

    [[nodiscard]] LeaseAnswer grant_lease(Now now, const HostId& host, Epoch epoch);

    // nullopt: the host may leave the register. Otherwise why not yet.
    [[nodiscard]] std::optional<std::string> why_not_forget(Now now, const HostId& host) const;

    // What would be done, and why not.
    struct Preview {
        std::optional<RegionId> to;
        std::vector<GuardAnswer> guards;
        std::vector<Lever> levers;
        std::optional<Duration> loss_window;
        std::uint32_t unproven = 0;
        std::optional<Plan> plan;  // what would be done; nullopt: no such Region
    };

    [[nodiscard]] Preview preview(Now now, const ChangeRequest& request) const;
    [[nodiscard]] Preview preview_automatic(Now now) const;

    [[nodiscard]] const AppRecord& record() const { return record_; }

    [[nodiscard]] const Evidence& evidence() const { return evidence_; }

    [[nodiscard]] const AgentRegister& agents() const { return agents_; }

    [[nodiscard]] const Policy& policy() const { return policy_; }

    // What a failover now could lose, to the Region that it would go to.
    [[nodiscard]] std::optional<Duration> loss_window() const;

    [[nodiscard]] const LossWindow& losses() const { return losses_; }

    [[nodiscard]] Epoch superseded() const { return superseded_; }

    [[nodiscard]] const std::map<OperationId, std::uint64_t>& losses_open() const {
        return losses_open_;
    }

    [[nodiscard]] const std::optional<std::string>& tables_unlike() const { return tables_unlike_; }

    // That it has begun by itself in this life.
    [[nodiscard]] std::uint64_t automatic_operations() const { return automatic_operations_; }

    [[nodiscard]] bool operation_running() const {
        return operation_.has_value() && !operation_->ended();
    }

    [[nodiscard]] std::optional<std::string> why_not_armed(Now now) const;

    // Could an operator fail over now, and what would be lost? `from_outside`: what only the edge
    // knows.
    [[nodiscard]] Readiness readiness(Now now, std::vector<Finding> from_outside) const;

    // Why the request would change nothing, in words; nullopt: it would change something.
    [[nodiscard]] std::optional<std::string> why_nothing_to_do(const ChangeRequest& request) const;

  private:
    // What has changed since the operator looked, at the active Region, the epoch or the plan;
    // nullopt: it is as expected, or nothing was.
    [[nodiscard]] std::optional<std::string> why_not_as_expected(
        Now now, const ChangeRequest& request
    ) const;
    // To a request that comes now.
    [[nodiscard]] Reply reply_to(Now now, const ChangeRequest& request) const;
    [[nodiscard]] Reply reply_to(Now now, const AbortRequest& request) const;
    [[nodiscard]] Reply reply_to(const StepAnswered& request) const;
    [[nodiscard]] Reply reply_to(Now now, const AgentForgotten& request) const;

    [[nodiscard]] bool acts() const { return operation_.has_value() && !stalled_; }

    [[nodiscard]] bool routes_are_ours() const;
    [[nodiscard]] Epoch believable(Epoch epoch) const;
    [[nodiscard]] bool names_another_register(const EpochReading& reading) const;
    [[nodiscard]] Epoch highest_epoch() const;
    [[nodiscard]] Duration quiet_after(const OperationRecord& operation) const;
    [[nodiscard]] Situation situation(Now now, const RegionId& to, std::vector<Lever> levers) const;
    [[nodiscard]] const RegionId& writes_leave(const RegionId& to) const;
    [[nodiscard]] std::optional<Duration> loss_window(const RegionId& to) const;
    [[nodiscard]] Surroundings surroundings(Now now) const;
    // The first guard that would refuse the running failover if it were asked for now.
    [[nodiscard]] std::optional<std::string> refused_by_now(Now now) const;
    // An operator's failover takes the place of an operation that waits for a person.
    [[nodiscard]] bool supersedes(const ChangeRequest& request) const;
    [[nodiscard]] Strangers strangers() const;
    [[nodiscard]] Preview preview_of(Situation situation, std::vector<GuardAnswer> guards) const;
    [[nodiscard]] Epoch newer_in(const EpochReading& reading) const;
    void learn(const EpochReading& reading);
    // Whose hosts the epoch items confirm, as the reading or the raise found it.
    void found_register(Now now, bool ours, Effects& effects);
    void look_at_register(Now now, const EpochReading& reading, Effects& effects);
    [[nodiscard]] std::optional<std::string> why_no_grant(Now now, Epoch epoch) const;
    void take(Effects part, Effects& whole, Now now);
    void consider(Now now, Effects& effects);
    void consider_users(Now now, Effects& effects);
    [[nodiscard]] Plan automatic_plan(
        Now now, const Situation& situation, const std::vector<GuardAnswer>& guards
    );
    [[nodiscard]] RegionId users_by_agents() const;
    void heard_of_unknown(Now now, const HostId& host, std::optional<Duration> newest_ago);
    [[nodiscard]] static Plan plan_of(const ChangeRequest& request, std::vector<Lever> levers);
    [[nodiscard]] Plan complete(Now now, Plan plan) const;
    void start_operation(Now now, Plan request, Effects& effects);
    // The route in force, for connected hosts that are not told it by an operation.
    void tell_route(Now now, std::vector<HostId> hosts, Effects& effects) const;
    void tell_route_to_all(Now now, Effects& effects) const;
    // Hosts may still write under an older epoch than the one that was taken from the epoch items.
    [[nodiscard]] bool older_may_write(Now now) const;

    void apply(Now now, const Observation& event, Effects& effects);
    void apply(Now now, const EpochRaised& event, Effects& effects);
    void apply(Now now, const EpochsRead& event, Effects& effects);
    void apply(Now now, const HostsFound& event, Effects& effects);
    void apply(Now now, const AgentAcked& event, Effects& effects);
    void apply(Now now, const AgentsAcked& event, Effects& effects);
    void heard(Now now, std::span<const AgentAcked> acks, Effects& effects);
    void apply(Now now, const AgentJoined& event, Effects& effects);
    void apply(Now now, const AgentConnected& event, Effects& effects);
    void apply(Now now, const AgentDisconnected& event, Effects& effects);
    void apply(Now now, const AgentForgotten& event, Effects& effects);
    void apply(Now now, const CredentialRevoked& event, Effects& effects);
    void apply(Now now, const AgentReported& event, Effects& effects);
    void apply(Now now, const LossesExamined& event, Effects& effects);
    void apply(Now now, const LossesOpen& event, Effects& effects);
    void apply(Now now, const TablesLookedUp& event, Effects& effects);
    void apply(Now now, const TrafficServed& event, Effects& effects);
    void apply(Now now, const FunctionVerified& event, Effects& effects);
    void apply(Now now, const CommandEnded& event, Effects& effects);
    void apply(Now now, const StepAnswered& event, Effects& effects);
    void apply(Now now, const HeartbeatArrived& event, Effects& effects);
    void apply(Now now, const HeartbeatFound& event, Effects& effects);
    void apply(Now now, const WriteAcknowledged& event, Effects& effects);
    void apply(Now now, const ChangeRequest& event, Effects& effects);
    void apply(Now now, const AbortRequest& event, Effects& effects);
    void apply(Now now, const PauseRequest& event, Effects& effects);
    void apply(Now now, const ResumeRequest& event, Effects& effects);
    void apply(Now now, const Tick& event, Effects& effects);

    Policy policy_;
    Evidence evidence_;
    AppRecord record_;
    AgentRegister agents_;
    Epoch highest_seen_;
    Duration longest_lease_;  // granted, or taken from the records, before this start
    Instant leases_until_;    // ... until then
    Instant evidence_by_;     // a controller that has just started knows nothing of the Regions yet
    GrantPermission permission_;
    Now permission_begun_{};  // by both clocks: the start of the reading behind it
    Epoch superseded_;  // a majority of the epoch records was found at this newer epoch, unasked
    RegionId superseded_in_;  // ... with this Region active; empty: they do not agree on one
    bool register_is_closed_;
    std::string register_id_;
    // Do the epoch items name our register, and no copy another one? Unknown until a majority has
    // been read.
    std::optional<bool> register_is_ours_;
    // Until when hosts that the register has lost may have permission; nullopt: it has lost none.
    std::optional<Instant> strangers_until_;
    // The record's epoch was taken from the epoch items, which do not say whether a fence was
    // proven below it: until then hosts may have permission under an older one.
    std::optional<Instant> older_until_;
    std::optional<UtcTime> drill_proven_at_;
    std::optional<Operation> operation_;
    LossWindow losses_;
    std::map<OperationId, std::uint64_t> losses_open_;
    std::optional<std::string> tables_unlike_;
    bool stalled_ = false;
    std::optional<Instant> reconsider_at_;
    std::uint64_t automatic_operations_;
};

}  // namespace farshore::core
