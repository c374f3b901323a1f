#include "core/failover/app_core.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace farshore::core {

AppCore::AppCore(Start start, Now now)
    : policy_(std::move(start.policy)),
      evidence_(std::move(start.observers), start.quorum_needed, start.hysteresis),
      record_(std::move(start.record)),
      highest_seen_(std::max(start.highest_seen, record_.epoch)),
      started_at_(now.wall),
      leases_until_(now.at + std::max(policy_.timing.lease, start.longest_lease)),
      drill_is_recent_(start.drill_is_recent) {
    for (auto& [host, region] : start.agents) {
        AgentState agent;
        agent.region = region;
        // We may have granted a lease just before we died; nobody remembers when, nor whether the
        // configuration was the same.
        agent.granted_until = leases_until_;
        agents_.emplace(host, std::move(agent));
    }
}

Step AppCore::resume(Now now) {
    Step step;
    if (record_.operation && !has_ended(record_.operation->state)) {
        operation_.emplace(*record_.operation, policy_.timing, policy_.on_controller_loss);
        take(operation_->resume(now, agents_), step, now);
    }
    return step;
}

Step AppCore::step(Now now, const Event& event) {
    Step step;
    evidence_.settle(now.at);
    std::visit([&](const auto& happened) { apply(now, happened, step); }, event);
    if (operation_ && !operation_->ended()) {
        const RegionId& to = operation_->record().plan.to;
        take(operation_->tick(now, agents_, fresh_lag(now, record_.active, to)), step, now);
    } else {
        consider(now, step);
    }
    return step;
}

// Merges what the operation wants, and keeps the durable record in step with it.
void AppCore::take(Step part, Step& whole, Now now) {
    whole.save = whole.save || part.save;
    std::ranges::move(part.journal, std::back_inserter(whole.journal));
    std::ranges::move(part.actions, std::back_inserter(whole.actions));
    if (!operation_) {
        return;
    }
    record_.operation = operation_->record();
    const Plan& plan = record_.operation->plan;
    if (operation_->past_promotion() && record_.epoch < plan.epoch_after) {
        record_.epoch = plan.epoch_after;
        record_.active = plan.to;
        highest_seen_ = std::max(highest_seen_, plan.epoch_after);
        whole.save = true;
    }
    const OperationState state = record_.operation->state;
    const bool shifting = state == OperationState::shifting || state == OperationState::verifying ||
                          state == OperationState::done;
    if (shifting && plan.has(Lever::shift) && record_.users != plan.to) {
        record_.users = plan.to;
        whole.save = true;
    }
    if (operation_->ended()) {
        // The cool-down starts at completion.
        const Duration quiet = quiet_after(*record_.operation);
        const UtcTime until = record_.operation->ended_at.value_or(now.wall) +
                              std::chrono::duration_cast<WallClock::duration>(quiet);
        if (quiet > Duration::zero() && record_.cooldown_until.value_or(UtcTime{}) < until) {
            record_.cooldown_until = until;
            whole.save = true;
        }
    }
}

// How long automation leaves the app alone after an operation.
Duration AppCore::quiet_after(const OperationRecord& operation) const {
    // What could not be done now is not tried again in the same breath, yet the outage goes on.
    constexpr Duration kAfterFailure = std::chrono::seconds{30};
    const bool automatic = operation.plan.automatic;
    switch (operation.state) {
        case OperationState::done:
        case OperationState::partly_done: return policy_.cooldown;
        // Whoever stops automation means it.
        case OperationState::aborted: return automatic ? policy_.cooldown : Duration::zero();
        case OperationState::failed:
            return automatic ? std::min(kAfterFailure, policy_.cooldown) : Duration::zero();
        case OperationState::waiting:
        case OperationState::holding:
        case OperationState::draining:
        case OperationState::releasing:
        case OperationState::giving_up:
        case OperationState::raising:
        case OperationState::fencing:
        case OperationState::examining:
        case OperationState::repointing:
        case OperationState::shifting:
        case OperationState::verifying: return Duration::zero();
    }
    std::unreachable();
}

Situation AppCore::situation(Now now, const RegionId& to) const {
    return {
        .now = now,
        .policy = policy_,
        .evidence = evidence_,
        .record = record_,
        .agents = agents_,
        .loss_window = loss_window(),
        .fresh_lag = fresh_lag(now, record_.active, to),
        .operation_running = operation_running(),
        .drill_is_recent = drill_is_recent_
    };
}

std::optional<Duration> AppCore::loss_window() const {
    // The time of the last write that the active Region acknowledged, minus the source time of its
    // newest heartbeat seen in a standby. It stops growing when the Region stops acknowledging.
    std::optional<UtcTime> newest;
    for (const auto& [link, lag] : lags_) {
        if (link.first == record_.active) {
            newest = newest ? std::max(*newest, lag.written_at) : lag.written_at;
        }
    }
    if (!newest) {
        return std::nullopt;
    }
    const auto told = last_acknowledged_.find(record_.active);
    UtcTime acknowledged = told == last_acknowledged_.end() ? *newest : told->second;
    const bool all_reported =
        std::ranges::all_of(agents_, [](const auto& entry) { return entry.second.reported; });
    if (!all_reported) {
        // After a restart inside an outage nobody knows what silent hosts wrote until then. What
        // they may write later is as unknown as to a controller that never died.
        acknowledged = std::max(acknowledged, started_at_);
    }
    return std::max<Duration>(Duration::zero(), acknowledged - *newest);
}

std::optional<Duration> AppCore::fresh_lag(Now now, const RegionId& from, const RegionId& to)
    const {
    const auto found = lags_.find({from, to});
    if (found == lags_.end() || !found->second.measured_at ||
        now.at - *found->second.measured_at > policy_.timing.lag_fresh_for) {
        return std::nullopt;
    }
    return found->second.lag;
}

std::optional<std::string> AppCore::why_not_armed(Now now) const {
    return core::why_not_armed(situation(now, RegionId{}));
}

// Does the evidence call for a failover that nobody asked for?
void AppCore::consider(Now now, Step& step) {
    if (superseded_ > record_.epoch) {
        return;  // our record is behind the world's: a person has to look
    }
    if (policy_.mode != Mode::automatic) {
        return;
    }
    const Condition condition = evidence_.condition(now.at, record_.active);
    if (!is_impaired(condition)) {
        return;
    }
    const std::optional<RegionId> to = choose_target(situation(now, RegionId{}));
    if (!to) {
        return;
    }
    const Situation snapshot = situation(now, *to);
    const std::vector<GuardAnswer> guards = guards_of_automatic_failover(snapshot, *to);
    if (!all_passed(guards)) {
        return;
    }
    const Component component = impaired_part(condition);
    Plan plan;
    plan.id = OperationId{
        "op-" + std::to_string(to_ms(now.wall)) + "-" + std::to_string(++automatic_operations_)
    };
    plan.verb = Verb::failover;
    plan.to = *to;
    plan.levers = levers_for(policy_, condition);
    plan.automatic = true;
    plan.by = "automatic";
    plan.reason = record_.active.value() + " is " + std::string{to_string(condition)};
    for (const GuardAnswer& answer : guards) {
        if (answer.guard == Guard::quorum) {
            plan.evidence = answer.text;
        }
    }
    for (const Vote& vote : evidence_.tally(now.at, record_.active, component).votes) {
        if (vote.since) {
            const UtcTime since =
                now.wall - std::chrono::duration_cast<WallClock::duration>(now.at - *vote.since);
            plan.first_failure_at =
                plan.first_failure_at ? std::min(*plan.first_failure_at, since) : since;
        }
    }
    start_operation(now, std::move(plan), step);
}

void AppCore::start_operation(Now now, Plan plan, Step& step) {
    plan.app = record_.app;
    plan.from = record_.active;
    plan.epoch_before = record_.epoch;
    plan.epoch_after = next(std::max(record_.epoch, highest_seen_));
    plan.decided_at = now.wall;
    plan.loss_window = loss_window().value_or(Duration::zero());
    OperationRecord record;
    record.plan = std::move(plan);
    operation_.emplace(std::move(record), policy_.timing, policy_.on_controller_loss);
    take(operation_->begin(now, agents_), step, now);
}

void AppCore::standing_route(const HostId& host, Step& step) const {
    step.actions.emplace_back(OrderAgents{
        .step = {},
        .app = record_.app,
        .hosts = {host},
        .type = OrderType::route,
        .epoch = record_.epoch,
        .active = record_.active,
        .users = record_.users
    });
}

void AppCore::apply(Now now, const Observation& event, Step&) {
    evidence_.observe(now.at, event);
}

void AppCore::apply(Now now, const EpochRaised& event, Step& step) {
    highest_seen_ = std::max(highest_seen_, event.highest_seen);
    const bool unasked = event.step.operation.value().empty();
    if (event.majority && unasked && !operation_running() && event.highest_seen > record_.epoch &&
        superseded_ < event.highest_seen) {
        superseded_ = event.highest_seen;
        step.actions.emplace_back(Announce{
            "the epoch records of " + record_.app.value() + " carry epoch " +
            std::to_string(event.highest_seen.value()) +
            ", newer than this controller's store: no lease, no automation; run a failover"
        });
    }
    if (operation_) {
        take(operation_->on(now, event, agents_), step, now);
    }
}

void AppCore::apply(Now now, const AgentAcked& event, Step& step) {
    if (operation_) {
        take(operation_->on(now, event, agents_), step, now);
    }
}

// An agent's word alone never uses the epochs up: a damaged state file may say anything. The
// records and the store have the say.
Epoch AppCore::believable(Epoch epoch) const {
    constexpr std::uint64_t kAheadMax = 1'000'000;
    return std::min(epoch, Epoch{record_.epoch.value() + kAheadMax});
}

void AppCore::apply(Now now, const AgentConnected& event, Step& step) {
    AgentState& agent = agents_[event.host];
    if (agent.region != event.region) {
        evidence_.remove_host(ObserverId{"agents:" + agent.region.value()}, event.host);
    }
    // A host that is new to us may have been one of the app's before.
    agent.granted_until = std::max(agent.granted_until.value_or(leases_until_), leases_until_);
    agent.region = event.region;
    agent.connected = true;
    agent.epoch = event.epoch;
    agent.heard_at = now.at;
    highest_seen_ = std::max(highest_seen_, believable(event.epoch));
    evidence_.add_host(ObserverId{"agents:" + event.region.value()}, event.host);
    // During an operation the route in force is the operation's business until it has promoted.
    if (!operation_running() || record_.operation->state == OperationState::waiting ||
        record_.operation->state == OperationState::verifying) {
        standing_route(event.host, step);
    }
    if (operation_) {
        take(operation_->on(now, event, agents_), step, now);
    }
}

void AppCore::apply(Now, const AgentDisconnected& event, Step&) {
    const auto found = agents_.find(event.host);
    if (found != agents_.end()) {
        found->second.connected = false;
    }
}

void AppCore::apply(Now now, const AgentReported& event, Step&) {
    const auto found = agents_.find(event.host);
    if (found == agents_.end()) {
        return;
    }
    AgentState& agent = found->second;
    agent.heard_at = now.at;
    agent.epoch = event.epoch;
    agent.active = event.active;
    agent.write_state = event.write_state;
    agent.unproven = event.unproven;
    agent.ledger_whole = event.ledger_whole;
    if (!agent.reported && event.epoch == record_.epoch) {
        agent.reported = true;
        if (!event.ledger_whole) {
            // It began a moment ago as well: what the process before it wrote, until just now, is
            // in nobody's memory.
            UtcTime& last = last_acknowledged_[record_.active];
            last = std::max(last, now.wall);
        }
    }
    highest_seen_ = std::max(highest_seen_, believable(event.epoch));
    if (event.last_acknowledged_at && event.epoch == record_.epoch) {
        UtcTime& last = last_acknowledged_[event.active];
        last = std::max(last, *event.last_acknowledged_at);
    }
}

void AppCore::apply(Now now, const LossesExamined& event, Step& step) {
    if (operation_) {
        take(operation_->on(now, event, agents_), step, now);
    }
}

void AppCore::apply(Now now, const TrafficServed& event, Step& step) {
    if (operation_) {
        take(operation_->on(now, event, agents_), step, now);
    }
}

void AppCore::apply(Now now, const FunctionVerified& event, Step& step) {
    if (operation_) {
        take(operation_->on(now, event, agents_), step, now);
    }
}

void AppCore::apply(Now now, const HeartbeatArrived& event, Step&) {
    Lag& lag = lags_[{event.from, event.to}];
    lag.lag = event.lag;
    lag.measured_at = now.at;
    lag.written_at = std::max(lag.written_at, event.written_at);
}

void AppCore::apply(Now, const HeartbeatFound& event, Step&) {
    Lag& lag = lags_[{event.from, event.to}];
    lag.written_at = std::max(lag.written_at, event.written_at);
}

void AppCore::apply(Now, const WriteAcknowledged& event, Step&) {
    UtcTime& last = last_acknowledged_[event.region];
    last = std::max(last, event.at);
}

void AppCore::apply(Now now, const ChangeRequest& event, Step& step) {
    // The API asked the same guards a moment ago; between then and now an operation may have
    // started.
    if (!all_passed(guards_of_request(situation(now, event.to), event))) {
        return;
    }
    Plan plan;
    plan.id = event.id;
    plan.verb = event.verb;
    plan.to = event.to;
    plan.levers = {Lever::repoint, Lever::shift};
    plan.accept_unfenced = event.accept_unfenced;
    plan.by = event.by;
    plan.reason = event.reason;
    start_operation(now, std::move(plan), step);
}

void AppCore::apply(Now now, const AbortRequest& event, Step& step) {
    if (operation_) {
        take(operation_->on(now, event, agents_), step, now);
    }
}

void AppCore::apply(Now, const PauseRequest& event, Step& step) {
    record_.pause = event.pause;
    step.save = true;
    step.actions.emplace_back(Announce{
        "automation of " + record_.app.value() + " paused by " + event.pause.by + ": " +
        event.pause.reason
    });
}

void AppCore::apply(Now now, const ResumeRequest& event, Step& step) {
    record_.pause.reset();
    // Resuming never fires at once: what failed during the pause has to fail for its full time
    // again.
    const UtcTime quiet_until = now.wall + std::chrono::seconds{10};
    record_.cooldown_until = std::max(record_.cooldown_until.value_or(quiet_until), quiet_until);
    step.save = true;
    step.actions.emplace_back(
        Announce{"automation of " + record_.app.value() + " resumed by " + event.by}
    );
}

void AppCore::apply(Now, const Tick&, Step&) {}

std::optional<Instant> AppCore::next_deadline() const {
    std::optional<Instant> soonest = evidence_.next_deadline();
    if (operation_) {
        const auto at = operation_->next_deadline();
        if (at && (!soonest || *at < *soonest)) {
            soonest = at;
        }
    }
    return soonest;
}

AppCore::LeaseAnswer AppCore::grant_lease(Now now, const HostId& host, Epoch epoch) {
    const auto found = agents_.find(host);
    if (found == agents_.end()) {
        return {std::nullopt, "the host is not in the register"};
    }
    if (epoch > record_.epoch &&
        !(operation_running() && epoch == record_.operation->plan.epoch_after)) {
        return {std::nullopt, "the agent knows a newer epoch than this controller"};
    }
    if (operation_running() && !operation_->may_grant(epoch)) {
        return {
            std::nullopt, "an operation is " + std::string{to_string(record_.operation->state)}
        };
    }
    if (!operation_running() && record_.operation &&
        record_.operation->state == OperationState::partly_done &&
        record_.operation->plan.epoch_after > record_.epoch) {
        return {
            std::nullopt,
            "the epoch was raised by an operation that did not finish: only its successor confirms "
            "anybody"
        };
    }
    if (!operation_running() && superseded_ > record_.epoch) {
        return {std::nullopt, "the epoch records carry a newer epoch than this controller's store"};
    }
    if (!operation_running() && epoch != record_.epoch) {
        return {std::nullopt, "the epoch is " + std::to_string(record_.epoch.value())};
    }
    // The granter counts from the grant, the holder from the start of its request: never early.
    const Instant until = now.at + policy_.timing.lease;
    found->second.granted_until = std::max(found->second.granted_until.value_or(until), until);
    return {policy_.timing.lease, {}};
}

AppCore::Preview AppCore::preview(Now now, const ChangeRequest& request) const {
    Preview preview;
    preview.to = request.to;
    preview.guards = guards_of_request(situation(now, request.to), request);
    preview.levers = {Lever::repoint, Lever::shift};
    preview.loss_window = loss_window();
    for (const auto& [host, agent] : agents_) {
        preview.unproven += agent.unproven;
    }
    return preview;
}

AppCore::Preview AppCore::preview_automatic(Now now) const {
    Preview preview;
    preview.to = choose_target(situation(now, RegionId{}));
    const RegionId to = preview.to.value_or(RegionId{});
    preview.guards = guards_of_automatic_failover(situation(now, to), to);
    preview.levers = levers_for(policy_, evidence_.condition(now.at, record_.active));
    preview.loss_window = loss_window();
    for (const auto& [host, agent] : agents_) {
        preview.unproven += agent.unproven;
    }
    return preview;
}

}  // namespace farshore::core
