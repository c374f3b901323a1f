#include <algorithm>
#include <utility>

#include "core/failover/operation.h"

// Before anything changes: the lag, the hold, the drain, and the way back.
namespace farshore::core {

namespace {

std::string lag_text(Duration lag) {
    return "lag " + std::to_string(to_ms(lag)) + " ms";
}

std::string unknown_outcome_of(const HostId& host, Duration ago) {
    return "a write of " + host.value() + " was given up " + std::to_string(to_ms(ago)) +
           " ms ago without an answer, and may still happen";
}

std::string unsaid_by(const HostId& host) {
    return "the agent of " + host.value() +
           " is of an older version and does not say whether a write that it gave up may still "
           "happen";
}

}  // namespace

void Operation::enter_waiting(Now now, Step& step) {
    deadline_ = now.at + timing_.lag_wait_max;
    retry_at_ = record_.attempts == 0 ? now.at : now.at + timing_.pause_between_attempts;
    waits_for_ = HostId{};
    std::string until =
        "wait until the lag is below " + std::to_string(to_ms(timing_.hold_when_lag_below)) + " ms";
    if (record_.plan.accept_unknown) {
        until +=
            "; " + record_.plan.by + " accepts writes of unknown outcome that may still happen";
    }
    note(now, EntryKind::intent, std::move(until), step);
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
    if (!event.says_unknown && !record_.plan.accept_unknown) {
        advance(now, failed_or_exhausted(), unsaid_by(event.host), step, agents);
        return;
    }
    if (may_still_happen(event.newest_unknown_ago)) {
        advance(
            now,
            failed_or_exhausted(),
            unknown_outcome_of(event.host, *event.newest_unknown_ago),
            step,
            agents
        );
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

bool Operation::may_still_happen(std::optional<Duration> unknown_ago) const {
    return unknown_ago && *unknown_ago < timing_.unknown_for && !record_.plan.accept_unknown;
}

std::optional<Operation::Obstacle> Operation::obstacle(
    Now now, std::optional<Duration> fresh_lag, const AgentRegister& agents
) const {
    for (const auto& [host, agent] : agents) {
        if (agent.connected && !agent.ledger_whole) {
            return Obstacle{
                .host = host, .text = "the ledger of " + host.value() + " is not whole"
            };
        }
        if (!agent.says_unknown && !record_.plan.accept_unknown) {
            return Obstacle{
                .host = host,
                .text = unsaid_by(host) + ": upgrade it, or go on with `--accept-unknown`"
            };
        }
        // A proven drain says nothing about a write that lands behind it.
        if (agent.unknown_at && may_still_happen(now.at - *agent.unknown_at)) {
            return Obstacle{
                .host = host,
                .text = unknown_outcome_of(host, now.at - *agent.unknown_at) +
                        "; it counts no more once it is " +
                        std::to_string(to_ms(timing_.unknown_for)) +
                        " ms old, or with `--accept-unknown`"
            };
        }
    }
    if (!fresh_lag) {
        return Obstacle{.host = {}, .text = "no fresh measurement of the lag"};
    }
    if (*fresh_lag >= timing_.hold_when_lag_below) {
        return Obstacle{.host = {}, .text = lag_text(*fresh_lag)};
    }
    return std::nullopt;
}

void Operation::tick_waiting(
    Now now, Due due, std::optional<Duration> fresh_lag, Step& step, const AgentRegister& agents
) {
    if (!due.retry && !due.late) {
        return;
    }
    const std::optional<Obstacle> why = obstacle(now, fresh_lag, agents);
    if (!why && due.retry) {
        advance(now, OperationEvent::succeeded, lag_text(*fresh_lag), step, agents);
    } else if (due.late) {
        advance(
            now, OperationEvent::exhausted, why ? why->text : lag_text(*fresh_lag), step, agents
        );
    } else {
        // The journal names each host that is waited for, once. It names the lag already.
        if (why->host != std::exchange(waits_for_, why->host) && why->host != HostId{}) {
            move(now, OperationEvent::failed, why->text, step);
        }
        retry_at_ = now.at + std::chrono::milliseconds{50};
    }
}

}  // namespace farshore::core
