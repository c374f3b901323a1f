#pragma once

#include <array>
#include <span>

#include "core/plan/plan.h"

// The order of every plan: built-in steps, and the slots between them.
namespace farshore::core::templates {

// A built-in step, or a place for declared ones.
struct Entry {
    constexpr Entry(StepKind step) : kind(step) {}

    constexpr Entry(Slot place) : slot(place) {}

    StepKind kind = StepKind::verify;
    Slot slot = Slot::none;

    [[nodiscard]] constexpr bool is_slot() const { return slot != Slot::none; }
};

using enum StepKind;

inline constexpr auto kSwitchover = std::to_array<Entry>({
    Slot::before,
    wait_lag,
    hold,
    Slot::with_hold,
    drain,
    raise,
    fence,
    Slot::behind_fence,
    examine,
    repoint,
    Slot::behind_repoint,
    Slot::beside_shift,
    shift,
    Slot::behind_shift,
    verify,
    Slot::at_end,
});

inline constexpr auto kFailover = std::to_array<Entry>({
    Slot::before,
    raise,
    fence,
    Slot::behind_fence,
    examine,
    repoint,
    Slot::behind_repoint,
    Slot::beside_shift,
    shift,
    Slot::behind_shift,
    verify,
    Slot::at_end,
});

// Users follow the Region that is active already.
inline constexpr auto kUsersOnly = std::to_array<Entry>({
    Slot::before,
    prove,
    Slot::beside_shift,
    shift,
    Slot::behind_shift,
    verify,
    Slot::at_end,
});

[[nodiscard]] constexpr std::span<const Entry> of(Verb verb, bool promotes) {
    if (!promotes) {
        return kUsersOnly;
    }
    return verb == Verb::failover ? std::span<const Entry>{kFailover}
                                  : std::span<const Entry>{kSwitchover};
}

// Which kinds may stand in a slot: those that neither give nor need what safety stands on, so that
// no declared step can break a rule of plan_rules.h.
[[nodiscard]] constexpr bool admits(Slot slot, StepKind kind) {
    const StepRow& row = row_of(kind);
    if (slot == Slot::none || !row.declared || !row.needs.none() || !row.gives.none()) {
        return false;
    }
    // Writes are held for a second at most: a person is slower than that.
    const bool for_a_person = kind == StepKind::approve || kind == StepKind::parallel;
    const bool hurried = slot == Slot::with_hold || slot == Slot::behind_fence;
    // A rollout takes minutes, and may take for ever: nobody waits for it to be served.
    const bool in_front_of_users = hurried || slot == Slot::behind_repoint;
    return !(for_a_person && hurried) &&
           !(is_fleet(kind) && (in_front_of_users || slot == Slot::behind_shift));
}

}  // namespace farshore::core::templates
