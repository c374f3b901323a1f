#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.h"
#include "base/time.h"
#include "core/failover/verb.h"
#include "core/plan/fleet_change.h"
#include "core/plan/step_rows.h"

namespace farshore::core {

// Where the steps that an operator declares may stand.
enum class Slot {
    none,            // the template's own
    before,          // before anything changes
    with_hold,       // while writes are held; undone with the hold
    behind_fence,    // nothing writes under the old epoch any more
    behind_repoint,  // the new Region takes writes
    beside_shift,    // while users are sent, and waited for before `at_end`
    behind_shift,    // users are sent to the new Region
    at_end,
};
inline constexpr std::array<std::string_view, 8> kSlotNames{
    "none",
    "before",
    "with_hold",
    "behind_fence",
    "behind_repoint",
    "beside_shift",
    "behind_shift",
    "at_end"
};

constexpr const auto& names_of(Slot) {
    return kSlotNames;
}

// What follows when a step cannot be done.
enum class OnFailure {
    stop,   // the plan ends: unchanged where nothing was raised, partly done behind that
    go_on,  // with the next step
    ask,    // a person says
    undo,   // before the raise only: what was begun is taken back, and the plan ends unchanged
};
inline constexpr std::array<std::string_view, 4> kOnFailureNames{"stop", "continue", "ask", "undo"};

constexpr const auto& names_of(OnFailure) {
    return kOnFailureNames;
}

// One step of one plan, fixed before the plan's first effect.
struct PlannedStep {
    std::string id;  // unique in its plan: "hold", "before.1"
    StepKind kind = StepKind::verify;
    Slot slot = Slot::none;
    Duration bound{};  // the longest that it may take; its row says what silence means
    OnFailure on_failure = OnFailure::stop;
    std::vector<std::string> run;  // command: the program and its arguments
    FleetChange fleet;             // of kinds that change one
    int attempts = 1;              // command, fleets: so often at most
    // Steps that a `parallel` starts: ids of steps that stand behind it in the list.
    std::optional<std::string> part_of;
    std::string text;  // for people
};

// The ordered change that an operation makes, fixed before its first effect.
struct Plan {
    OperationId id;
    Verb verb = Verb::switchover;
    AppId app;
    RegionId from;
    RegionId to;
    RegionId users_before;  // whose stack served users
    Epoch epoch_before;
    Epoch epoch_after;
    std::vector<Lever> levers;
    std::optional<Duration> accept_loss;
    bool accept_unfenced = false;
    bool accept_unknown = false;
    bool automatic = false;
    std::string by;        // "automatic" or "operator:NAME"
    std::string reason;    // for people
    std::string evidence;  // the votes behind it, in words
    std::optional<UtcTime> first_failure_at;
    UtcTime decided_at{};
    Duration loss_window{};  // forecast at the decision
    std::vector<PlannedStep> steps;
    std::string fingerprint;  // of what it was made from

    [[nodiscard]] bool has(Lever lever) const;

    // Another epoch comes into force. Not when only users are sent to the Region that is active.
    [[nodiscard]] bool promotes() const { return epoch_after != epoch_before; }

    // Whose stack serves users when it is done.
    [[nodiscard]] const RegionId& serves_in() const {
        return has(Lever::shift) ? to : users_before;
    }

    // Where the template's own step of that kind stands; nullopt: it has none.
    [[nodiscard]] std::optional<std::size_t> find(StepKind kind) const;
};

}  // namespace farshore::core
