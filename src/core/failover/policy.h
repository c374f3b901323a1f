#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/evidence/evidence.h"
#include "core/failover/event.h"
#include "core/failover/guard_answer.h"
#include "core/failover/record.h"
#include "core/failover/register.h"
#include "core/failover/timing.h"
#include "core/plan/build_plan.h"

// Whether a change may start: every guard is asked, and each answers in words. `farshore why` and
// `farshore plan` print these answers; an automatic failover needs all of them to pass.
namespace farshore::core {

enum class Mode {
    observe,
    approve,  // as automatic, behind a person's approval
    automatic,
};
inline constexpr std::array<std::string_view, 3> kModeNames{"observe", "approve", "auto"};

constexpr const auto& names_of(Mode) {
    return kModeNames;
}

struct Policy {
    AppId app;
    std::vector<RegionId> regions;         // in configured order
    std::vector<RegionId> stacks_watched;  // Regions whose stack observers watch (`health`)
    bool users_can_be_shifted = true;      // there is a record that health state moves
    Mode mode = Mode::observe;
    Duration max_loss = std::chrono::seconds{5};
    Duration cooldown = std::chrono::hours{1};
    std::optional<Duration> require_drill_within = std::chrono::days{30};  // nullopt: "off"
    bool early = false;
    OnControllerLoss on_controller_loss = OnControllerLoss::verify;
    std::vector<Lever> data_impaired{Lever::repoint, Lever::shift};
    std::vector<Lever> stack_impaired{Lever::shift};
    std::vector<Lever> region_lost{Lever::shift};
    Timing timing;
    Duration approve_within = std::chrono::minutes{15};  // mode `approve`
    std::vector<DeclaredStep> steps;  // of the operator's own, by slot and in their order there
};

// One snapshot, read once: a decision never mixes two.
struct Situation {
    Now now;
    const Policy& policy;
    const Evidence& evidence;
    const AppRecord& record;
    const AgentRegister& agents;
    std::vector<Lever> levers;                 // of the plan in question
    RegionId writes_leave;                     // for the target; the target itself: they stay
    std::optional<Duration> loss_window;       // nullopt: not measured yet
    std::optional<Duration> fresh_lag;         // active to the target
    std::uint64_t losses_open = 0;             // writes of failovers whose fate is not known yet
    std::optional<std::string> tables_unlike;  // what is wrong with the configured tables
    std::optional<UtcTime> drill_proven_at;    // under the configuration in force
    Epoch superseded;     // the epoch of a majority of the records, when it is newer
    Epoch highest_epoch;  // that may have been raised: the next one is above it
    bool operation_running = false;
    bool strangers_for_ever = false;  // hosts of a lost register write, and no lease ends that
    bool with_words = true;           // guards say why; without, they only answer, and cost little
};

// The guards of an automatic failover to `to`, all of them asked.
[[nodiscard]] std::vector<GuardAnswer> guards_of_automatic_failover(
    const Situation& situation, const RegionId& to
);
// The guards of sending users after the tables by itself: their Region's stack is down, and the
// active Region's serves.
[[nodiscard]] std::vector<GuardAnswer> guards_of_following_users(const Situation& situation);
// The guards of an operator's change. A pause, a cool-down or missing evidence do not stop a
// person. A target that is not known is asked nothing more.
[[nodiscard]] std::vector<GuardAnswer> guards_of_request(
    const Situation& situation, const ChangeRequest& request
);

[[nodiscard]] bool all_passed(const std::vector<GuardAnswer>& answers);

// What has changed since the operator looked, by --expect-active and --expect-epoch; nullopt: it is
// as expected, or nothing was.
[[nodiscard]] std::optional<std::string> why_not_as_expected(
    const AppRecord& record, Epoch superseded, const ChangeRequest& request
);

// To a request whose operation has begun already: its first answer was lost, or its id is another
// one's.
[[nodiscard]] Reply reply_again(const Plan& begun, const ChangeRequest& request);

// Where to go: the first Region in configured order that is not active and whose tables are
// healthy, or else the first that is not active.
[[nodiscard]] std::optional<RegionId> choose_target(const Situation& situation);

[[nodiscard]] const std::vector<Lever>& levers_for(const Policy& policy, Condition condition);

// Those that the request names, or else: hosts are repointed, and users shifted where they can be.
// Where only users are behind, they alone are moved.
[[nodiscard]] std::vector<Lever> levers_of_request(
    const Policy& policy, const AppRecord& record, const ChangeRequest& request
);

// An epoch above the record's was raised, or may have been, and no operation put it in force. A
// failover to the active Region puts a newer one in force.
[[nodiscard]] bool is_raised_beyond(const AppRecord& record, Epoch superseded);

// Only users have to follow the active Region.
[[nodiscard]] bool moves_users_only(const AppRecord& record, Epoch superseded, const RegionId& to);

// Until when automation keeps still, counted from a pause that ended by its date: what failed
// meanwhile has to fail for its full time again, as after a resume.
inline constexpr Duration kQuietAfterPause = std::chrono::seconds{10};

// Automation is told to leave the app alone.
[[nodiscard]] bool is_paused(const AppRecord& record, UtcTime now);

// nullopt: armed. Otherwise why automation would not act even if everything else allowed it.
[[nodiscard]] std::optional<std::string> why_not_armed(const Situation& situation);

}  // namespace farshore::core
