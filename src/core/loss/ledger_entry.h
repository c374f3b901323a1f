#pragma once

#include <cstdint>
#include <string>

#include "base/ids.h"
#include "base/time.h"

namespace farshore::core {

// One write that a host's ledger remembers, as hosts name it to controllers.
struct LedgerEntry {
    TableName table;
    std::string key;  // the key's attribute map as JSON, names sorted: {"id":{"S":"cart-7"}}
    std::string op;   // "PutItem"
    UtcTime at{};
    Epoch epoch;
    std::string hash;  // digest of the item after the write, "absent", or empty when not known
    bool acknowledged = true;
    // Grows with each write of the host, whatever its wall clock does, and from one process
    // to the next; zero: not said.
    std::uint64_t order = 0;
    // A drain did without it: a Region refuses to read the keys of its table.
    bool left_out = false;

    friend bool operator==(const LedgerEntry&, const LedgerEntry&) = default;
};

}  // namespace farshore::core
