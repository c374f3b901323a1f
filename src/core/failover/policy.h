#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/evidence/evidence.h"
#include "core/failover/operation.h"
#include "core/failover/record.h"

// Whether a change may start: every guard is asked, and each answers in words. `farshore why` and
// `farshore plan` print these answers; an automatic failover needs all of them to pass.
namespace farshore::core {

enum class Mode { observe, approve, automatic };
inline constexpr std::array<std::string_view, 3> kModeNames{"observe", "approve", "auto"};

constexpr const auto& names_of(Mode) {
    return kModeNames;
}

enum class Guard {
    target_known,      // the target is one of the app's Regions and not active already
    no_operation,      // at most one plan per app (INV-S8)
    quorum,            // a strict majority of fresh observers says the Region is impaired (INV-S6)
    suspect_yourself,  // not everything looks down
    hosts_see_errors,  // the application's own requests fail
    target_healthy,    // the target was admitted (INV-S11)
    target_has_hosts,  // somebody there can serve
    loss_within_gate,  // what would be lost is within max_loss (INV-S10)
    agents_reachable,  // a switchover holds writes on every registered agent
    lag_measured,      // a switchover knows how long a drain takes
    mode,              // automation is on
    armed,             // proven by a recent drill, or the requirement is off
    not_paused,        // INV-S7
    not_cooling_down,  // INV-S7
};
inline constexpr std::array<std::string_view, 14> kGuardNames{
    "target_known",
    "no_operation",
    "quorum",
    "suspect_yourself",
    "hosts_see_errors",
    "target_healthy",
    "target_has_hosts",
    "loss_within_gate",
    "agents_reachable",
    "lag_measured",
    "mode",
    "armed",
    "not_paused",
    "not_cooling_down",
};

constexpr const auto& names_of(Guard) {
    return kGuardNames;
}

struct GuardAnswer {
    Guard guard = Guard::target_known;
    bool passed = false;
    std::string text;
};

struct Policy {
    AppId app;
    std::vector<RegionId> regions;  // in configured order
    RegionId preferred;
    Mode mode = Mode::observe;
    Duration max_loss = std::chrono::seconds{5};
    Duration cooldown = std::chrono::hours{1};
    bool require_drill = true;  // false: "require_drill_within: off"
    bool early = false;
    OnControllerLoss on_controller_loss = OnControllerLoss::verify;
    std::vector<Lever> data_impaired{Lever::repoint, Lever::shift};
    std::vector<Lever> stack_impaired{Lever::shift};
    std::vector<Lever> region_lost{Lever::shift};
    Timing timing;
};

// One snapshot, read once: a decision never mixes two.
struct Situation {
    Now now;
    const Policy& policy;
    const Evidence& evidence;
    const AppRecord& record;
    const AgentRegister& agents;
    std::optional<Duration> loss_window;  // nullopt: not measured yet
    std::optional<Duration> fresh_lag;    // active to the target
    bool operation_running = false;
    bool drill_is_recent = false;
};

// The guards of an automatic failover to `to`, all of them asked.
[[nodiscard]] std::vector<GuardAnswer> guards_of_automatic_failover(
    const Situation& situation, const RegionId& to
);
// The guards of an operator's change. A pause, a cool-down or missing evidence do not stop a
// person. A target that is not known is asked nothing more.
[[nodiscard]] std::vector<GuardAnswer> guards_of_request(
    const Situation& situation, const ChangeRequest& request
);

[[nodiscard]] bool all_passed(const std::vector<GuardAnswer>& answers);

// Where to go: the first Region in configured order that is not active and whose tables are
// healthy, or else the first that is not active.
[[nodiscard]] std::optional<RegionId> choose_target(const Situation& situation);

[[nodiscard]] const std::vector<Lever>& levers_for(const Policy& policy, Condition condition);

// nullopt: armed. Otherwise why automation would not act even if everything else allowed it.
[[nodiscard]] std::optional<std::string> why_not_armed(const Situation& situation);

}  // namespace farshore::core
