#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>

#include "base/enum_names.h"
#include "core/table_proofs.h"

// The agent's own table: what a host does with its writes, one row for each (state, event). The log
// line, /v1/state, the manual's table and the checks below come from these rows.
namespace farshore::core {

enum class HostState : std::uint8_t {
    starting,     // the state file has not been read
    unrouted,     // no Region was ever assigned
    unconfirmed,  // a route is known, reads go there; its epoch is not confirmed (any more)
    open,         // writes are forwarded while the lease lasts
    held,         // writes wait, by order of a controller
    lapsed,       // a hold ended by itself; a confirmation begun after its end is missing
    fenced,       // a newer epoch exists; no write until a route of that epoch or a newer one
};
inline constexpr std::array<std::string_view, 7> kHostStateNames{
    "starting", "unrouted", "unconfirmed", "open", "held", "lapsed", "fenced"
};

constexpr const auto& names_of(HostState) {
    return kHostStateNames;
}

// What the permission to write looks like from outside: the word in reports and metrics.
enum class WriteState : std::uint8_t { open, held, fenced, unconfirmed };
inline constexpr std::array<std::string_view, 4> kWriteStateNames{
    "open", "held", "fenced", "unconfirmed"
};

constexpr const auto& names_of(WriteState) {
    return kWriteStateNames;
}

enum class HostEvent : std::uint8_t {
    loaded,          // the state file holds a route
    nothing_loaded,  // there is no state file
    confirmed,       // a controller, or a majority of epoch records, confirmed our epoch in time
    lease_expired,
    hold,
    hold_ended,  // by itself
    release,
    fence,        // a controller says that a newer epoch exists
    newer_seen,   // a majority of epoch records, or an answer of a controller, shows a newer epoch
    route,        // a newer epoch's route, at least as new as any fence
    users_moved,  // a route of our own epoch: only the users' Region may differ
    stale,        // an order of an older epoch, or one that contradicts our epoch
};
inline constexpr std::array<std::string_view, 12> kHostEventNames{
    "loaded",
    "nothing_loaded",
    "confirmed",
    "lease_expired",
    "hold",
    "hold_ended",
    "release",
    "fence",
    "newer_seen",
    "route",
    "users_moved",
    "stale"
};

constexpr const auto& names_of(HostEvent) {
    return kHostEventNames;
}

enum class HostAction : std::uint8_t {
    none,
    refuse,        // answer "failed" with the row's reason
    acknowledge,   // nothing to change, the order's aim is met
    ask,           // ask controllers and epoch records for a confirmation at once
    admit,         // let writes pass
    renew,         // writes pass for longer
    stop_writes,   // writes wait until our epoch is confirmed again
    hold_writes,   // writes wait; done when none is in flight
    fence_writes,  // no write under the old epoch any more; cut what does not end in time
    adopt,         // new epoch, new Region: switch, store, then acknowledge; ask for a confirmation
    adopt_users,   // store the users' Region
};
inline constexpr std::array<std::string_view, 11> kHostActionNames{
    "none",
    "refuse",
    "acknowledge",
    "ask",
    "admit",
    "renew",
    "stop_writes",
    "hold_writes",
    "fence_writes",
    "adopt",
    "adopt_users"
};

constexpr const auto& names_of(HostAction) {
    return kHostActionNames;
}

// What a controller can ask of an agent. Its own table is checked against this list.
enum class HostGoal : std::uint8_t { route, hold, release, fence };
inline constexpr std::array<std::string_view, 4> kHostGoalNames{
    "route", "hold", "release", "fence"
};

constexpr const auto& names_of(HostGoal) {
    return kHostGoalNames;
}

inline constexpr std::array kHostGoals{
    HostGoal::route, HostGoal::hold, HostGoal::release, HostGoal::fence
};

[[nodiscard]] constexpr HostEvent event_of(HostGoal goal) {
    switch (goal) {
        case HostGoal::route: return HostEvent::route;
        case HostGoal::hold: return HostEvent::hold;
        case HostGoal::release: return HostEvent::release;
        case HostGoal::fence: return HostEvent::fence;
    }
    std::unreachable();
}

struct HostRow {
    HostState from;
    HostEvent on;
    HostState to;
    HostAction action;
    std::string_view why;
};

namespace host_table {

using enum HostState;
using E = HostEvent;
using A = HostAction;

inline constexpr std::string_view kOnce = "the state file is read once, before anything else";
inline constexpr std::string_view kTooEarly =
    "no order is taken before the state file was read: it may hold a newer epoch";
inline constexpr std::string_view kStale =
    "an older epoch, or one that contradicts ours, is never obeyed (INV-S2)";
inline constexpr std::string_view kNoHold = "no hold is running";
inline constexpr std::string_view kFence =
    "a newer epoch exists: not one write goes out under the old one any more";
inline constexpr std::string_view kNewer =
    "a newer epoch was decided without us: we are the ones left behind, so writes stop";
inline constexpr std::string_view kAdoptUnproven =
    "a newer epoch's route: reads follow at once, writes as soon as that epoch is confirmed; the "
    "order alone may be old";

// clang-format off
inline constexpr std::array kRows{
    // from         on                  to           action           why
    HostRow{starting, E::loaded,         unconfirmed, A::ask,          "reads are served from the stored route at once; writes wait until its epoch is confirmed"},
    HostRow{starting, E::nothing_loaded, unrouted,    A::ask,          "this host has no route yet: a controller assigns the first one"},
    HostRow{starting, E::confirmed,      starting,    A::none,         kTooEarly},
    HostRow{starting, E::lease_expired,  starting,    A::none,         "there is no lease yet"},
    HostRow{starting, E::hold,           starting,    A::refuse,       kTooEarly},
    HostRow{starting, E::hold_ended,     starting,    A::none,         kNoHold},
    HostRow{starting, E::release,        starting,    A::refuse,       kTooEarly},
    HostRow{starting, E::fence,          fenced,      A::fence_writes, kFence},
    HostRow{starting, E::newer_seen,     fenced,      A::fence_writes, kNewer},
    HostRow{starting, E::route,          starting,    A::refuse,       kTooEarly},
    HostRow{starting, E::users_moved,    starting,    A::refuse,       kTooEarly},
    HostRow{starting, E::stale,          starting,    A::refuse,       kStale},

    HostRow{unrouted, E::loaded,         unrouted,    A::none,         kOnce},
    HostRow{unrouted, E::nothing_loaded, unrouted,    A::none,         kOnce},
    HostRow{unrouted, E::confirmed,      unrouted,    A::none,         "there is no epoch of ours that could be confirmed"},
    HostRow{unrouted, E::lease_expired,  unrouted,    A::none,         "there is no lease without a route"},
    HostRow{unrouted, E::hold,           unrouted,    A::acknowledge,  "without a route no write leaves this host: it is held already"},
    HostRow{unrouted, E::hold_ended,     unrouted,    A::none,         kNoHold},
    HostRow{unrouted, E::release,        unrouted,    A::acknowledge,  "nothing is held that could be released"},
    HostRow{unrouted, E::fence,          fenced,      A::fence_writes, kFence},
    HostRow{unrouted, E::newer_seen,     fenced,      A::fence_writes, "epoch records exist, but no controller assigned us their route"},
    HostRow{unrouted, E::route,          unconfirmed, A::adopt,        "the first route: reads at once, writes as soon as its epoch is confirmed"},
    HostRow{unrouted, E::users_moved,    unrouted,    A::refuse,       "users cannot be moved before there is a route"},
    HostRow{unrouted, E::stale,          unrouted,    A::refuse,       kStale},

    HostRow{unconfirmed, E::loaded,         unconfirmed, A::none,         kOnce},
    HostRow{unconfirmed, E::nothing_loaded, unconfirmed, A::none,         kOnce},
    HostRow{unconfirmed, E::confirmed,      open,        A::admit,        "our epoch is the current one: writes pass while the lease lasts"},
    HostRow{unconfirmed, E::lease_expired,  unconfirmed, A::none,         "writes have stopped already"},
    HostRow{unconfirmed, E::hold,           held,        A::hold_writes,  "writes go on waiting, now by order"},
    HostRow{unconfirmed, E::hold_ended,     unconfirmed, A::none,         kNoHold},
    HostRow{unconfirmed, E::release,        unconfirmed, A::ask,          "nothing is held; what is missing is a confirmation of our epoch"},
    HostRow{unconfirmed, E::fence,          fenced,      A::fence_writes, kFence},
    HostRow{unconfirmed, E::newer_seen,     fenced,      A::fence_writes, kNewer},
    HostRow{unconfirmed, E::route,          unconfirmed, A::adopt,        kAdoptUnproven},
    HostRow{unconfirmed, E::users_moved,    unconfirmed, A::adopt_users,  "users moved under the same epoch; writes still miss a confirmation"},
    HostRow{unconfirmed, E::stale,          unconfirmed, A::refuse,       kStale},

    HostRow{open, E::loaded,         open,        A::none,         kOnce},
    HostRow{open, E::nothing_loaded, open,        A::none,         kOnce},
    HostRow{open, E::confirmed,      open,        A::renew,        "confirmed again: the lease counts from the start of that request"},
    HostRow{open, E::lease_expired,  unconfirmed, A::stop_writes,  "our epoch was not confirmed within the lease: this host may be the one that is cut off"},
    HostRow{open, E::hold,           held,        A::hold_writes,  "new writes wait, those in flight finish"},
    HostRow{open, E::hold_ended,     open,        A::none,         kNoHold},
    HostRow{open, E::release,        open,        A::acknowledge,  "nothing is held: writes pass"},
    HostRow{open, E::fence,          fenced,      A::fence_writes, kFence},
    HostRow{open, E::newer_seen,     fenced,      A::fence_writes, kNewer},
    HostRow{open, E::route,          open,        A::adopt,        "a newer epoch's route: writes follow it under the lease that was counted before the order was sent"},
    HostRow{open, E::users_moved,    open,        A::adopt_users,  "users moved under the same epoch; writes stay where they are"},
    HostRow{open, E::stale,          open,        A::refuse,       kStale},

    HostRow{held, E::loaded,         held,        A::none,         kOnce},
    HostRow{held, E::nothing_loaded, held,        A::none,         kOnce},
    HostRow{held, E::confirmed,      held,        A::none,         "a confirmation does not end a hold"},
    HostRow{held, E::lease_expired,  held,        A::none,         "writes are waiting already"},
    HostRow{held, E::hold,           held,        A::hold_writes,  "the newer order says how long writes wait"},
    HostRow{held, E::hold_ended,     lapsed,      A::ask,          "the hold ended by itself: the old epoch resumes once it is confirmed anew"},
    HostRow{held, E::release,        open,        A::admit,        "the switch was called off: the old epoch resumes"},
    HostRow{held, E::fence,          fenced,      A::fence_writes, kFence},
    HostRow{held, E::newer_seen,     fenced,      A::fence_writes, kNewer},
    HostRow{held, E::route,          open,        A::adopt,        "the switch is decided: held writes go to the new Region"},
    HostRow{held, E::users_moved,    open,        A::adopt_users,  "the route of our own epoch ends the hold"},
    HostRow{held, E::stale,          held,        A::refuse,       kStale},

    HostRow{lapsed, E::loaded,         lapsed,      A::none,         kOnce},
    HostRow{lapsed, E::nothing_loaded, lapsed,      A::none,         kOnce},
    HostRow{lapsed, E::confirmed,      open,        A::admit,        "confirmed after the hold had ended: the old epoch is still the current one"},
    HostRow{lapsed, E::lease_expired,  lapsed,      A::none,         "the lease was given up with the hold"},
    HostRow{lapsed, E::hold,           held,        A::hold_writes,  "writes go on waiting, now by order"},
    HostRow{lapsed, E::hold_ended,     lapsed,      A::none,         kNoHold},
    HostRow{lapsed, E::release,        lapsed,      A::ask,          "the hold has ended already; the release may be old, so the epoch is confirmed first"},
    HostRow{lapsed, E::fence,          fenced,      A::fence_writes, kFence},
    HostRow{lapsed, E::newer_seen,     fenced,      A::fence_writes, kNewer},
    HostRow{lapsed, E::route,          unconfirmed, A::adopt,        kAdoptUnproven},
    HostRow{lapsed, E::users_moved,    lapsed,      A::adopt_users,  "users moved under the same epoch; writes still miss a confirmation"},
    HostRow{lapsed, E::stale,          lapsed,      A::refuse,       kStale},

    HostRow{fenced, E::loaded,         fenced,      A::none,         kOnce},
    HostRow{fenced, E::nothing_loaded, fenced,      A::none,         kOnce},
    HostRow{fenced, E::confirmed,      fenced,      A::none,         "a confirmation of the old epoch does not undo a fence"},
    HostRow{fenced, E::lease_expired,  fenced,      A::none,         "the lease went with the fence"},
    HostRow{fenced, E::hold,           fenced,      A::acknowledge,  "no write leaves a fenced host: it is held already"},
    HostRow{fenced, E::hold_ended,     fenced,      A::none,         kNoHold},
    HostRow{fenced, E::release,        fenced,      A::refuse,       "a fence is irrevocable: only a route of its epoch or a newer one ends it"},
    HostRow{fenced, E::fence,          fenced,      A::fence_writes, kFence},
    HostRow{fenced, E::newer_seen,     fenced,      A::fence_writes, kNewer},
    HostRow{fenced, E::route,          unconfirmed, A::adopt,        kAdoptUnproven},
    HostRow{fenced, E::users_moved,    fenced,      A::refuse,       "a fence is irrevocable: only a route of its epoch or a newer one ends it"},
    HostRow{fenced, E::stale,          fenced,      A::refuse,       kStale},
};
// clang-format on

inline constexpr std::size_t kStates = kHostStateNames.size();
inline constexpr std::size_t kEvents = kHostEventNames.size();

[[nodiscard]] constexpr const HostRow* find(HostState from, HostEvent on) {
    for (const HostRow& row : kRows) {
        if (row.from == from && row.on == on) {
            return &row;
        }
    }
    return nullptr;
}

template <class Rows>
consteval bool every_cell_has_one_row(const Rows& rows) {
    return table_proofs::every_cell_has_one_row<kStates, kEvents>(rows);
}

using table_proofs::every_row_says_why;

template <class Rows>
consteval bool every_state_is_reachable(const Rows& rows) {
    return table_proofs::every_state_is_reachable<kStates>(rows, std::array{starting});
}

// Writes pass in `open` alone, and it is entered by a confirmation, by the end of an ordered hold,
// or by a route under a lease that was still running.
template <class Rows>
consteval bool opens_only_with_permission(const Rows& rows) {
    for (const HostRow& row : rows) {
        if (row.to != open || row.from == open) {
            continue;
        }
        const bool confirmed =
            row.on == E::confirmed && (row.from == unconfirmed || row.from == lapsed);
        const bool hold_is_over = row.from == held && (row.on == E::release || row.on == E::route ||
                                                       row.on == E::users_moved);
        if (!confirmed && !hold_is_over) {
            return false;
        }
    }
    return true;
}

// INV-S2: an epoch changes with a route and with nothing else.
template <class Rows>
consteval bool adopts_only_routes(const Rows& rows) {
    for (const HostRow& row : rows) {
        if ((row.action == A::adopt) != (row.on == E::route && row.action != A::refuse)) {
            return false;
        }
    }
    return true;
}

template <class Rows>
consteval bool only_a_route_ends_a_fence(const Rows& rows) {
    for (const HostRow& row : rows) {
        if (row.from == fenced && row.to != fenced && row.on != E::route) {
            return false;
        }
    }
    return true;
}

template <class Rows>
consteval bool a_fence_always_fences(const Rows& rows) {
    for (const HostRow& row : rows) {
        if ((row.on == E::fence || row.on == E::newer_seen) &&
            (row.to != fenced || row.action != A::fence_writes)) {
            return false;
        }
    }
    return true;
}

// Each goal is obeyed in each state after the start; a release alone may come too late for a fence.
template <class Rows>
consteval bool every_goal_is_accepted(const Rows& rows) {
    for (const HostGoal goal : kHostGoals) {
        for (const HostRow& row : rows) {
            const bool refused = row.on == event_of(goal) && row.action == A::refuse;
            const bool too_late = row.from == fenced && goal == HostGoal::release;
            if (refused && row.from != starting && !too_late) {
                return false;
            }
        }
    }
    return true;
}

static_assert(every_cell_has_one_row(kRows), "a case was forgotten or written twice");
static_assert(every_row_says_why(kRows), "operators read the reason of each row");
static_assert(every_state_is_reachable(kRows), "a state that no row leads to is a mistake");
static_assert(opens_only_with_permission(kRows), "INV-S1: no write without a confirmed epoch");
static_assert(
    adopts_only_routes(kRows), "INV-S2: an epoch changes with a route and with nothing else"
);
static_assert(only_a_route_ends_a_fence(kRows), "INV-S1: a fence is irrevocable under its epoch");
static_assert(a_fence_always_fences(kRows), "INV-S1: no state may ignore a newer epoch");
static_assert(
    every_goal_is_accepted(kRows), "a controller could assign a goal that no agent reaches"
);

}  // namespace host_table

// True when a controller may give this goal to a host in that state.
[[nodiscard]] constexpr bool accepts(HostState state, HostGoal goal) {
    return host_table::find(state, event_of(goal))->action != HostAction::refuse;
}

[[nodiscard]] constexpr WriteState write_state_of(HostState state) {
    switch (state) {
        case HostState::open: return WriteState::open;
        case HostState::held: return WriteState::held;
        case HostState::fenced: return WriteState::fenced;
        case HostState::starting:
        case HostState::unrouted:
        case HostState::unconfirmed:
        case HostState::lapsed: return WriteState::unconfirmed;
    }
    std::unreachable();
}

}  // namespace farshore::core
