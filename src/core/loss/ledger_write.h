#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/ids.h"
#include "base/time.h"
#include "core/loss/ledger_entry.h"

namespace farshore::core {

// Stands for "there is no such item" where the digest of an item is expected.
inline constexpr std::string_view kAbsent = "absent";

// One item that a write of this host touched, as its ledger holds it.
struct LedgerWrite {
    std::uint64_t number = 0;  // grows by one per item, over all tables of the process
    TableName table;
    std::string key;        // as LedgerEntry has it; empty: not known, so it is never proven
    std::string operation;  // "PutItem"
    UtcTime at;             // for people; ages count from `ended_at`
    Instant ended_at{};     // acknowledged or given up then
    Epoch epoch;
    std::string digest;        // of the item after the write; kAbsent; empty: not known
    bool acknowledged = true;  // false: sent, outcome unknown
    bool proven = false;       // seen in the standby, or overtaken by a later write that was
};

// As it is told to a controller. What only an acknowledgement knows is left out: its order among
// all processes of the host, and whether a drain did without it.
[[nodiscard]] inline LedgerEntry told(const LedgerWrite& write) {
    return {
        .table = write.table,
        .key = write.key,
        .op = write.operation,
        .at = write.at,
        .epoch = write.epoch,
        .hash = write.digest,
        .acknowledged = write.acknowledged
    };
}

struct LedgerKey {
    TableName table;
    std::string key;
    std::uint64_t number = 0;  // of its oldest unproven write
    Instant oldest_unproven_at;
};

// What a look at one key proved.
struct Proof {
    std::size_t entries = 0;
    // The state that was seen is one of ours, and may as well be the one before our writes: whether
    // they have arrived is not to be told by it yet.
    bool doubtful = false;
    std::optional<Instant> newest_at;  // of the newest write that it proved
};

struct Equality {
    std::uint64_t up_to_number = 0;  // writes made later may have changed the item since
    // Writes made before it have surely arrived or been overtaken. nullopt: nothing is written
    // while the Regions are read, so equal states are all that counts.
    std::optional<Instant> settled_before;
};

}  // namespace farshore::core
