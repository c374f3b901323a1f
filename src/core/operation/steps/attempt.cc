#include "core/operation/steps/attempt.h"

#include <algorithm>
#include <utility>

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

Progress WaitForLag::begin(StepContext& at) {
    const Timing& timing = at.timing;
    deadline_ = at.now.at + timing.lag_wait_max;
    retry_at_ = at.record.attempts == 0 ? at.now.at : at.now.at + timing.pause_between_attempts;
    std::string until =
        "wait until the lag is below " + std::to_string(to_ms(timing.hold_when_lag_below)) + " ms";
    if (at.plan().accept_unknown) {
        until += "; " + at.plan().by + " accepts writes of unknown outcome that may still happen";
    }
    at.intend(std::move(until));
    return {};
}

std::optional<WaitForLag::Obstacle> WaitForLag::obstacle(
    const StepContext& at, const Surroundings& around
) {
    for (const auto& [host, agent] : around.agents) {
        if (agent.connected && !agent.ledger_whole) {
            return Obstacle{
                .host = host, .text = "the ledger of " + host.value() + " is not whole"
            };
        }
        if (!agent.says_unknown && !at.plan().accept_unknown) {
            return Obstacle{
                .host = host,
                .text = unsaid_by(host) + ": upgrade it, or go on with `--accept-unknown`"
            };
        }
        // A proven drain says nothing about a write that lands behind it.
        if (agent.unknown_at && at.may_still_happen(at.now.at - *agent.unknown_at)) {
            return Obstacle{
                .host = host,
                .text = unknown_outcome_of(host, at.now.at - *agent.unknown_at) +
                        "; it counts no more once it is " +
                        std::to_string(to_ms(at.timing.unknown_for)) +
                        " ms old, or with `--accept-unknown`"
            };
        }
    }
    // The fence would wait for them while writes are held. With `keep` no time ends that.
    const auto strangers_end = at.on_controller_loss == OnControllerLoss::keep
                                   ? std::nullopt
                                   : at.strangers.until.transform([&](Instant end) {
                                         return end + at.timing.clock_error;
                                     });
    if (strangers_end && at.now.at <= *strangers_end) {
        return Obstacle{
            .host = {},
            .text = "hosts that the register has lost may write for " +
                    std::to_string(to_ms(*strangers_end - at.now.at)) + " ms more"
        };
    }
    if (!around.fresh_lag) {
        return Obstacle{.host = {}, .text = "no fresh measurement of the lag"};
    }
    if (*around.fresh_lag >= at.timing.hold_when_lag_below) {
        return Obstacle{.host = {}, .text = lag_text(*around.fresh_lag)};
    }
    return std::nullopt;
}

Progress WaitForLag::tick(StepContext& at, const Surroundings& around) {
    const bool retry = retry_is_due(at);
    if (!retry && !late(at)) {
        return {};
    }
    const std::optional<Obstacle> why = obstacle(at, around);
    if (!why && retry) {
        return StepResult{StepEvent::succeeded, lag_text(*around.fresh_lag)};
    }
    if (late(at)) {
        return StepResult{StepEvent::exhausted, why ? why->text : lag_text(*around.fresh_lag)};
    }
    retry_at_ = at.now.at + std::chrono::milliseconds{50};
    // The journal names each host that is waited for, once. It names the lag already.
    if (why->host != std::exchange(waits_for_, why->host) && why->host != HostId{}) {
        return StepResult{StepEvent::failed, why->text};
    }
    return {};
}

void Asked::ask(StepContext& at, Duration patience, Duration timeout) {
    at.order(type_, at.all_hosts(), timeout);
    deadline_ = at.now.at + patience;
}

Progress Asked::on(StepContext& at, const AgentAcked& event) {
    if (event.type != type_) {
        return {};
    }
    if (!event.done) {
        return StepResult{at.failed_or_exhausted(), event.host.value() + ": " + event.detail};
    }
    if (!event.says_unknown && !at.plan().accept_unknown) {
        return StepResult{at.failed_or_exhausted(), unsaid_by(event.host)};
    }
    if (at.may_still_happen(event.newest_unknown_ago)) {
        return StepResult{
            at.failed_or_exhausted(), unknown_outcome_of(event.host, *event.newest_unknown_ago)
        };
    }
    answers_.add(event.host);
    return answers_.complete(at.agents) ? Progress{StepResult{StepEvent::succeeded, {}}}
                                        : Progress{};
}

Progress Asked::tick(StepContext& at, const Surroundings&) {
    // A hold that an agent has forgotten by restarting proves nothing any more: its silence ends
    // the attempt.
    return late(at)
               ? Progress{StepResult{at.failed_or_exhausted(), "an agent did not answer in time"}}
               : Progress{};
}

Progress Hold::begin(StepContext& at) {
    ++at.record.attempts;
    at.intend("hold new writes on every agent, attempt " + std::to_string(at.record.attempts));
    at.record.held_until =
        at.now.wall + std::chrono::duration_cast<WallClock::duration>(at.timing.hold_max);
    at.findings.hold_ends = at.now.at + at.timing.hold_max;
    // Agents go on when the release arrives: well before their holds, and the leases that a hold
    // shortens, end by themselves.
    ask(at, std::min(at.timing.order_timeout, at.timing.hold_max / 2));
    return {};
}

Progress Drain::begin(StepContext& at) {
    at.intend("read recently written keys back in both Regions");
    Duration timeout = at.timing.drain_timeout;
    Duration patience = timeout + at.timing.order_timeout;
    // What follows has to end within the hold too: after a proof the raise, the fence and the
    // route, without one the release; and each host then asks for a new lease. So the agents get
    // half of the time that is left, and their answers a sixth. A hold that a declared step has
    // outlived has ended by itself.
    if (const Duration left = at.findings.hold_ends - at.now.at; left > Duration::zero()) {
        timeout = std::min(timeout, left / 2);
        patience = std::min(patience, left * 2 / 3);
    }
    ask(at, patience, timeout);
    return {};
}

Progress Release::begin(StepContext& at) {
    const Plan& plan = at.plan();
    at.intend("let writes go on in " + plan.from.value());
    // A host that came back without its route during the hold was given none: it could have
    // written.
    std::vector<HostId> unrouted;
    for (const auto& [host, agent] : at.agents) {
        if (agent.connected && agent.epoch != plan.epoch_before) {
            unrouted.push_back(host);
        }
    }
    if (!unrouted.empty()) {
        at.act(OrderAgents{
            .step = {},
            .app = plan.app,
            .hosts = std::move(unrouted),
            .type = OrderType::route,
            .epoch = plan.epoch_before,
            .active = plan.from,
            .users = plan.users_before
        });
    }
    at.order(OrderType::release, at.all_hosts());
    deadline_ = at.now.at + at.timing.order_timeout;
    return {};
}

Progress Release::on(StepContext& at, const AgentAcked& event) {
    if (event.type != OrderType::release) {
        return {};
    }
    answers_.add(event.host);
    return answers_.complete(at.agents) ? Progress{StepResult{StepEvent::succeeded, {}}}
                                        : Progress{};
}

Progress Release::tick(StepContext& at, const Surroundings&) {
    return late(at) ? Progress{StepResult{StepEvent::failed, {}}} : Progress{};
}

void Release::connected(StepContext& at, const HostId& host) {
    at.order(OrderType::release, {host});
}

}  // namespace farshore::core
