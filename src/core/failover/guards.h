#pragma once

#include <optional>
#include <string>

#include "core/failover/policy.h"

// The guards one by one: each answers yes or no, and says why when words are asked for. Pure.
namespace farshore::core {

// The answer of a guard. Its words are made only where they are shown (Situation::with_words).
template <class Words>
GuardAnswer answer(const Situation& s, Guard guard, bool passed, const Words& words) {
    return {guard, passed, s.with_words ? std::string{words()} : std::string{}};
}

// Where users are. A store that is older than the world (`superseded`) does not know: connected
// hosts of its epoch or a newer one do, when most of them say the same.
[[nodiscard]] RegionId users_now(
    const AppRecord& record, Epoch superseded, const AgentRegister& agents
);

// The target is a Region of the app, and not the active one unless something is left to do there.
[[nodiscard]] GuardAnswer target_known(const Situation& s, const RegionId& to, bool may_be_active);
[[nodiscard]] GuardAnswer no_operation(const Situation& s);
[[nodiscard]] GuardAnswer as_expected(const Situation& s, const ChangeRequest& request);
[[nodiscard]] GuardAnswer quorum(const Situation& s, Condition condition);
// A strict majority says that the stack which serves users is down, while the tables are elsewhere.
[[nodiscard]] GuardAnswer quorum_on_users_stack(const Situation& s);
// Asks for a majority without the observers that see everything down: they are more likely cut off
// themselves (Facebook, October 2021).
[[nodiscard]] GuardAnswer suspect_yourself(const Situation& s, Condition condition);
[[nodiscard]] GuardAnswer hosts_see_errors(const Situation& s, Condition condition);
[[nodiscard]] GuardAnswer target_healthy(const Situation& s, const RegionId& to);
// Users are sent only to a stack that more observers find healthy than unhealthy. A majority is not
// required: the target's own hosts do not watch it, and the hosts of a lost Region are silent.
[[nodiscard]] GuardAnswer target_serves(const Situation& s, const RegionId& to, bool by_automation);
[[nodiscard]] GuardAnswer target_has_hosts(const Situation& s, const RegionId& to);
[[nodiscard]] GuardAnswer loss_within(const Situation& s, Duration allowed);
// A controller that started in the middle of the outage will never measure it: an operator's word.
[[nodiscard]] GuardAnswer loss_accepted(const Situation& s, Duration allowed);
[[nodiscard]] GuardAnswer agents_reachable(const Situation& s);
[[nodiscard]] GuardAnswer lag_measured(const Situation& s, const RegionId& to);
[[nodiscard]] GuardAnswer losses_settled(const Situation& s);
// The controller looks the configured tables up in each Region; what it cannot look at passes.
[[nodiscard]] GuardAnswer tables_alike(const Situation& s);
// A switchover needs both Regions.
[[nodiscard]] GuardAnswer data_healthy_here(const Situation& s);
[[nodiscard]] GuardAnswer store_is_current(const Situation& s);
// With `keep`, no controller can fence the hosts of a register that was lost.
[[nodiscard]] GuardAnswer register_is_known(const Situation& s, bool accepted);
// A plan with an epoch that no host can carry would stop every host.
[[nodiscard]] GuardAnswer epochs_left(const Situation& s);
[[nodiscard]] GuardAnswer mode_is_auto(const Situation& s);
[[nodiscard]] GuardAnswer armed(const Situation& s);
[[nodiscard]] GuardAnswer not_paused(const Situation& s);
[[nodiscard]] GuardAnswer not_cooling_down(const Situation& s);

// What an operator can do about a guard that refuses the request: the flag that lowers it, where
// there is one for that verb, or what has to change.
[[nodiscard]] std::string remedy_of(const Situation& s, const ChangeRequest& request, Guard guard);

// nullopt: a drill proves it, or none is asked for.
[[nodiscard]] std::optional<std::string> why_no_drill_proves(const Situation& s);
[[nodiscard]] std::string newer_in_the_records(const Situation& s);

}  // namespace farshore::core
