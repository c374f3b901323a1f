#include "core/failover/operation_table.h"

#include <gtest/gtest.h>

#include "core/failover/operation_proofs.h"

namespace farshore::core {
namespace {

using enum OperationState;

template <std::size_t N>
consteval std::array<OperationRow, N> with_row(
    std::array<OperationRow, N> rows, OperationState from, OperationEvent on, OperationState to
) {
    for (OperationRow& row : rows) {
        if (row.from == from && row.on == on) {
            row.to = to;
        }
    }
    return rows;
}

// Planted bugs: each proof must fail on a table that breaks it.
TEST(OperationTable, PlantedBugsAreFound) {
    using namespace operation_proofs;
    constexpr auto& kRows = table::kOperation;
    constexpr auto kUnfenced = with_row(kRows, raising, OperationEvent::succeeded, examining);
    static_assert(!promotion_needs_a_fence(kUnfenced));
    constexpr auto kHasty = with_row(kRows, fencing, OperationEvent::exhausted, repointing);
    static_assert(!promotion_needs_a_fence(kHasty));
    constexpr auto kTrusting = with_row(kRows, repointing, OperationEvent::resumed, repointing);
    static_assert(!a_resumed_operation_fences_again(kTrusting));
    constexpr auto kBlind = with_row(kRows, repointing, OperationEvent::exhausted, shifting);
    static_assert(!users_follow_a_proof(kBlind));
    constexpr auto kLying =
        with_row(kRows, raising, OperationEvent::undecided, OperationState::failed);
    static_assert(!nothing_pretends_to_be_unchanged(kLying));
    constexpr auto kEndless = [] {
        auto rows = kRows;
        for (OperationRow& row : rows) {
            row.to = row.from == verifying ? verifying : row.to;
        }
        return rows;
    }();
    static_assert(!every_state_can_end(kEndless));
    constexpr auto kIsland = [] {
        auto rows = kRows;
        for (OperationRow& row : rows) {
            row.to = row.to == aborted && row.from != aborted ? OperationState::failed : row.to;
        }
        return rows;
    }();
    static_assert(!every_state_is_reachable(kIsland));
    constexpr auto kTwice = [] {
        auto rows = kRows;
        rows[5] = rows[6];
        return rows;
    }();
    static_assert(!every_cell_has_one_row(kTwice));
    constexpr auto kMute = [] {
        auto rows = kRows;
        rows[3].why = "";
        return rows;
    }();
    static_assert(!every_row_says_why(kMute));
}

}  // namespace
}  // namespace farshore::core
