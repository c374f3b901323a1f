#include <algorithm>

#include "core/failover/operation.h"

// Before anything changes: the lag, the hold, the drain, and the way back.
namespace farshore::core {

void Operation::enter_waiting(Now now, Step& step) {
    deadline_ = now.at + timing_.lag_wait_max;
    retry_at_ = record_.attempts == 0 ? now.at : now.at + timing_.pause_between_attempts;
    note(
        now,
        EntryKind::intent,
        "wait until the lag is below " + std::to_string(to_ms(timing_.hold_when_lag_below)) + " ms",
        step
    );
}

void Operation::enter_holding(Now now, Step& step, const AgentRegister& agents) {
    ++record_.attempts;
    note(
        now,
        EntryKind::intent,
        "hold new writes on every agent, attempt " + std::to_string(record_.attempts),
        step
    );
    record_.held_until =
        now.wall + std::chrono::duration_cast<WallClock::duration>(timing_.hold_max);
    order(OrderType::hold, all(agents), step);
    deadline_ = now.at + timing_.order_timeout;
}

void Operation::enter_draining(Now now, Step& step, const AgentRegister& agents) {
    note(now, EntryKind::intent, "read recently written keys back in both Regions", step);
    order(OrderType::drain, all(agents), step);
    deadline_ = now.at + timing_.drain_timeout + timing_.order_timeout;
}

void Operation::enter_releasing(Now now, Step& step, const AgentRegister& agents) {
    const Plan& plan = record_.plan;
    note(now, EntryKind::intent, "let writes go on in " + plan.from.value(), step);
    // Who came back without its route during the hold was given none: it could have written.
    std::vector<HostId> unrouted;
    for (const auto& [host, agent] : agents) {
        if (agent.connected && agent.epoch != plan.epoch_before) {
            unrouted.push_back(host);
        }
    }
    if (!unrouted.empty()) {
        step.actions.emplace_back(OrderAgents{
            .step = {},
            .app = plan.app,
            .hosts = std::move(unrouted),
            .type = OrderType::route,
            .epoch = plan.epoch_before,
            .active = plan.from,
            .users = plan.users_before
        });
    }
    order(OrderType::release, all(agents), step);
    deadline_ = now.at + timing_.order_timeout;
}

void Operation::acked_while_holding(
    Now now, const AgentAcked& event, Step& step, const AgentRegister& agents
) {
    const bool held = record_.state == OperationState::holding;
    if (event.type != (held ? OrderType::hold : OrderType::drain)) {
        return;
    }
    if (!event.done) {
        advance(now, failed_or_exhausted(), event.host.value() + ": " + event.detail, step, agents);
        return;
    }
    acked_.insert(event.host);
    check_acks(now, step, agents);
}

void Operation::acked_while_releasing(
    Now now, const AgentAcked& event, Step& step, const AgentRegister& agents
) {
    if (event.type == OrderType::release) {
        acked_.insert(event.host);
        check_acks(now, step, agents);
    }
}

void Operation::tick_waiting(
    Now now, Due due, std::optional<Duration> fresh_lag, Step& step, const AgentRegister& agents
) {
    const auto partial = std::ranges::find_if(agents, [](const auto& entry) {
        return entry.second.connected && !entry.second.ledger_whole;
    });
    if (partial != agents.end()) {
        // A hold now could not end in a proven drain.
        if (due.late) {
            advance(
                now,
                OperationEvent::exhausted,
                "the ledger of " + partial->first.value() + " is not whole",
                step,
                agents
            );
        } else if (due.retry) {
            retry_at_ = now.at + std::chrono::milliseconds{50};
        }
    } else if (due.retry && fresh_lag && *fresh_lag < timing_.hold_when_lag_below) {
        advance(
            now,
            OperationEvent::succeeded,
            "lag " + std::to_string(to_ms(*fresh_lag)) + " ms",
            step,
            agents
        );
    } else if (due.late) {
        advance(
            now,
            OperationEvent::exhausted,
            fresh_lag ? "lag " + std::to_string(to_ms(*fresh_lag)) + " ms"
                      : "no fresh measurement of the lag",
            step,
            agents
        );
    } else if (due.retry) {
        retry_at_ = now.at + std::chrono::milliseconds{50};
    }
}

}  // namespace farshore::core
