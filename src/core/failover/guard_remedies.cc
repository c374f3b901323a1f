#include <algorithm>
#include <utility>

#include "base/text.h"
#include "core/failover/guards.h"

// What an operator can do about each guard that refuses. Only flags that the verb has are named.
namespace farshore::core {

namespace {

std::string remedy_of_loss(const Situation& s) {
    if (!s.loss_window) {
        return "`--accept-loss 1m` goes on without a measurement";
    }
    // The window grows while the operator reads this.
    const auto seconds = std::chrono::ceil<std::chrono::seconds>(*s.loss_window);
    return "`--accept-loss " + to_text(seconds + std::chrono::seconds{1}) + "` accepts so much";
}

}  // namespace

std::string remedy_of(const Situation& s, const ChangeRequest& request, Guard guard) {
    const bool failover = request.verb == Verb::failover;
    switch (guard) {
        case Guard::target_known: return "name another Region with `--to`";
        case Guard::no_operation: {
            const std::string id =
                s.record.operation ? s.record.operation->plan.id.value() : std::string{"ID"};
            return "`farshore op watch " + id + "` follows it, `farshore op abort " + id +
                   "` gives it up";
        }
        case Guard::as_expected: return "look at `farshore status`, and decide again";
        case Guard::target_healthy:
            return "no flag lowers this: wait until DynamoDB answers in " + request.to.value();
        case Guard::target_serves:
            return s.policy.users_can_be_shifted && request.to == s.record.active
                       ? "no flag lowers this: wait until the stack of " + request.to.value() +
                             " answers"
                       : "`--levers repoint` moves the writes, and leaves users where they are";
        case Guard::target_has_hosts: return "start farshore-agent on the hosts that are to serve";
        case Guard::loss_within_gate: return remedy_of_loss(s);
        case Guard::register_is_known:
            return failover ? "`--accept-unfenced` accepts hosts that the register does not name"
                            : "name every host in `agents`";
        case Guard::agents_reachable:
            return "start the agents, or raise switchover.hold_max if they are too many for it; a "
                   "failover does not wait for them";
        case Guard::lag_measured: return "wait for a heartbeat; a failover asks for none";
        case Guard::losses_settled: return "wait until they are settled";
        case Guard::tables_alike:
            return "`farshore doctor` compares them; take a table that is none out of `tables`";
        case Guard::epochs_left:
            return "no flag lowers this: no controller has raised such an epoch; find out who "
                   "wrote "
                   "it (docs/iam.md)";
        case Guard::quorum:
            return "a failover to " + request.to.value() + " asks only for the standby";
        // Automation alone is asked these.
        case Guard::suspect_yourself:
        case Guard::hosts_see_errors:
        case Guard::store_is_current:
        case Guard::mode:
        case Guard::armed:
        case Guard::not_paused:
        case Guard::not_cooling_down: return {};
    }
    std::unreachable();
}

}  // namespace farshore::core
