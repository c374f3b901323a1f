#include "core/recording/replay.h"

#include <algorithm>

namespace farshore::core {

Instant Opening::judged_from() const {
    if (!continues) {
        return now.at;
    }
    const Hysteresis& limits = start.hysteresis;
    const Timing& timing = start.policy.timing;
    const Duration evidence = limits.unhealthy_for + limits.healthy_for + limits.fresh_for;
    const Duration leases =
        std::max(timing.lease, start.longest_lease) + timing.clock_error + timing.lag_fresh_for;
    return now.at + std::max(evidence, leases);
}

Opening continued(const AppCore::Start& first, Now now, const AppCore& core) {
    Opening opening{.now = now, .start = first, .continues = true};
    AppCore::Start& start = opening.start;
    start.record = core.record();
    start.agents.clear();
    for (const auto& [host, agent] : core.agents()) {
        start.agents.emplace(host, agent.region);
    }
    start.observers.clear();
    for (const Vantage& vantage : core.evidence().observers()) {
        start.observers.push_back(
            {.id = vantage.id(), .stands_in = vantage.stands_in(), .hosts = vantage.hosts()}
        );
    }
    start.epochs = {};
    start.losses_open = core.losses_open();
    start.automatic_operations = core.automatic_operations();
    return opening;
}

std::vector<Event> told_once(const AppCore& core) {
    std::vector<Event> events;
    events.emplace_back(TablesLookedUp{core.tables_unlike()});
    for (const auto& [host, agent] : core.agents()) {
        if (agent.connected) {
            events.emplace_back(
                AgentConnected{.host = host, .region = agent.region, .epoch = agent.epoch}
            );
        }
    }
    return events;
}

bool is_request(const Event& event) {
    return std::holds_alternative<ChangeRequest>(event) ||
           std::holds_alternative<AbortRequest>(event) ||
           std::holds_alternative<PauseRequest>(event) ||
           std::holds_alternative<ResumeRequest>(event) ||
           std::holds_alternative<StepAnswered>(event) ||
           std::holds_alternative<AgentForgotten>(event);
}

Decided Replay::tell(Now now, const Input& input) {
    const Effects effects = std::visit([&](const auto& told) { return take(now, told); }, input);
    Decided decided = deciding_.after(now, core_, effects);
    if (another_lease_) {
        decided.said.push_back(*std::exchange(another_lease_, std::nullopt));
    }
    return decided;
}

Effects Replay::take(Now now, const Event& event) {
    if (is_request(event)) {
        before_ = core_.before();
    }
    return core_.step(now, event);
}

Effects Replay::take(Now now, const Resumed& resumed) {
    return core_.resume(now, resumed.after);
}

Effects Replay::take(Now, const Stalled&) {
    core_.stall();
    return {};
}

Effects Replay::take(Now, const Withdrawn&) {
    // A recording that was damaged may tell of no request before.
    core_.withdraw(before_ ? std::move(*before_) : core_.before());
    before_.reset();
    return {};
}

Effects Replay::take(Now now, const LeaseGranted& granted) {
    const AppCore::LeaseAnswer answer = core_.grant_lease(now, granted.host, granted.epoch);
    if (answer.length != granted.length) {
        another_lease_ = "lease of " + granted.host.value() + ": " +
                         (answer.length ? std::to_string(to_ms(*answer.length)) + " ms, not " +
                                              std::to_string(to_ms(granted.length)) + " ms"
                                        : "refused, " + answer.why);
    }
    return {};
}

Decided Comparison::tell(const Recorded& recorded) {
    Decided replayed = replay_.tell(recorded.now, recorded.input);
    for (const auto& [region, condition] : recorded.decided.conditions) {
        recorded_[region] = condition;
    }
    whole_ = whole_ || !replay_.core().operation_running();
    if (difference_ || !whole_ || recorded.now.at < judged_from_) {
        return replayed;
    }
    ++judged_;
    if (replayed.said != recorded.decided.said || replay_.conditions() != recorded_) {
        difference_ = {.now = recorded.now, .recorded = recorded.decided, .replayed = replayed};
        difference_->recorded.conditions = {recorded_.begin(), recorded_.end()};
        difference_->replayed.conditions = {
            replay_.conditions().begin(), replay_.conditions().end()
        };
    }
    return replayed;
}

}  // namespace farshore::core
