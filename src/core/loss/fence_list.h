#pragma once

#include <cstddef>
#include <cstdint>
#include <set>
#include <vector>

#include "core/loss/ledger.h"

namespace farshore::core {

// A write that was given up longer ago is not expected to be carried out any more: its key is not
// read again.
inline constexpr Duration kUnknownMatters = std::chrono::minutes{1};

// Of one acknowledgement: its entries have to cross an ocean within seconds.
inline constexpr std::size_t kFenceEntriesBytesMax = std::size_t{4} << 20U;

// What a host tells with a fence of its own writes under older epochs.
struct FenceList {
    std::vector<LedgerEntry> entries;  // not seen in the standby, the oldest first
    // Lately seen there, of each key the newest: other hosts may have written the same keys just
    // before. They have not seen their writes in the standby, and cannot, since ours lie on top of
    // them. Never whole.
    std::vector<LedgerEntry> proven;
    bool whole = true;        // `entries` names each of them
    std::uint64_t up_to = 0;  // the ledger's number of the last of `entries`; zero: none
    // Lately given up without an answer, whether or not they were seen since.
    std::uint64_t unknown_writes = 0;
};

// How many writes the list leaves to be looked for, at least. `whole`: as above.
[[nodiscard]] constexpr std::uint64_t left_open(
    std::uint64_t entries, bool whole, std::uint64_t unknown_writes
) {
    return entries + (whole ? 0U : 1U) + unknown_writes;
}

struct FenceQuestion {
    Epoch below;                     // writes under the new epoch are not what a fence is about
    Instant now;                     // of the host
    std::uint64_t order_base = 0;    // before the numbers of this process's ledger
    std::set<TableName> unreadable;  // a Region refuses to read their keys
    std::set<TableName> left_out;    // drains do without their older writes
};

// When there are more than an acknowledgement holds, those of tables that cannot be read come last:
// they may be very many, and the controller cannot look for them.
[[nodiscard]] FenceList fence_list(const Ledger& ledger, const FenceQuestion& question);

}  // namespace farshore::core
