#pragma once

#include <array>
#include <cstddef>

#include "core/failover/operation_table.h"
#include "core/table_proofs.h"

// What the rows of operation_table.h promise, proven as the program is compiled. Each check takes
// its rows as an argument, so that a test can show that it finds a table that breaks it.
namespace farshore::core::operation_proofs {

inline constexpr std::size_t kStates = kOperationStateNames.size();
inline constexpr std::size_t kEvents = kOperationEventNames.size();

using table_proofs::every_row_says_why;
using table_proofs::index_of;

// Where an operation begins: a switchover, a failover, and users who follow the active Region.
inline constexpr std::array kBeginnings{
    OperationState::waiting, OperationState::raising, OperationState::repointing
};

template <class Rows>
consteval bool every_cell_has_one_row(const Rows& rows) {
    return table_proofs::every_cell_has_one_row<kStates, kEvents>(rows);
}

template <class Rows>
consteval bool every_state_is_reachable(const Rows& rows) {
    return table_proofs::every_state_is_reachable<kStates>(rows, kBeginnings);
}

template <class Rows>
consteval bool every_state_can_end(const Rows& rows) {
    std::array<bool, kStates> ends{};
    for (std::size_t state = 0; state < kStates; ++state) {
        ends[state] = has_ended(static_cast<OperationState>(state));
    }
    for (std::size_t round = 0; round < kStates; ++round) {
        for (const OperationRow& row : rows) {
            if (ends[index_of(row.to)]) {
                ends[index_of(row.from)] = true;
            }
        }
    }
    for (const bool state : ends) {
        if (!state) {
            return false;
        }
    }
    return true;
}

// The new Region is told to take writes (repointing) only from examining, which is entered only
// from fencing by its success. What begins in repointing raises no epoch.
template <class Rows>
consteval bool promotion_needs_a_fence(const Rows& rows) {
    for (const OperationRow& row : rows) {
        if (row.to == OperationState::repointing && row.from != OperationState::examining &&
            row.from != OperationState::repointing) {
            return false;
        }
        if (row.to == OperationState::examining && row.from != OperationState::examining &&
            (row.from != OperationState::fencing || row.on != OperationEvent::succeeded)) {
            return false;
        }
    }
    return true;
}

// A proof of a fence does not survive the process that held it.
template <class Rows>
consteval bool a_resumed_operation_fences_again(const Rows& rows) {
    for (const OperationRow& row : rows) {
        const bool needs_proof =
            row.from == OperationState::examining || row.from == OperationState::repointing;
        if (needs_proof && row.on == OperationEvent::resumed && row.to != OperationState::fencing) {
            return false;
        }
    }
    return true;
}

// Users are sent only where somebody proved a write, by the success of repointing.
template <class Rows>
consteval bool users_follow_a_proof(const Rows& rows) {
    for (const OperationRow& row : rows) {
        if (row.to == OperationState::shifting && row.from != OperationState::shifting &&
            (row.from != OperationState::repointing || row.on != OperationEvent::succeeded)) {
            return false;
        }
    }
    return true;
}

// Once the epoch may have been raised, no row says "unchanged" but through giving_up from raising.
template <class Rows>
consteval bool nothing_pretends_to_be_unchanged(const Rows& rows) {
    for (const OperationRow& row : rows) {
        const bool past_raise =
            row.from >= OperationState::fencing && row.from <= OperationState::verifying;
        const bool undecided_raise =
            row.from == OperationState::raising && row.on == OperationEvent::undecided;
        const bool unchanged = row.to == OperationState::failed ||
                               row.to == OperationState::aborted ||
                               row.to == OperationState::giving_up;
        if ((past_raise || undecided_raise) && unchanged) {
            return false;
        }
    }
    return true;
}

static_assert(every_cell_has_one_row(table::kOperation), "a case was forgotten or written twice");
static_assert(every_row_says_why(table::kOperation), "operators read the reason of each row");
static_assert(
    every_state_is_reachable(table::kOperation), "a state that nothing leads to is dead code"
);
static_assert(every_state_can_end(table::kOperation), "INV-L1: an operation that cannot end");
static_assert(
    promotion_needs_a_fence(table::kOperation), "INV-S1: never two Regions that take writes"
);
static_assert(
    a_resumed_operation_fences_again(table::kOperation), "a proof of a fence lives in memory only"
);
static_assert(
    users_follow_a_proof(table::kOperation), "INV-S5: a published target set is never empty"
);
static_assert(
    nothing_pretends_to_be_unchanged(table::kOperation),
    "after the raise an operation cannot claim that nothing changed"
);

}  // namespace farshore::core::operation_proofs
