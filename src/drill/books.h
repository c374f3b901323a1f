#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "drill/measure.h"

// The books of acknowledged writes: what shoppers were promised against what is in the tables, and
// against what Farshore itself says was lost. Pure.
namespace farshore::drill {

// What a Region's table holds: shopper -> ids of the lines in the cart, in order.
using Carts = std::map<std::string, std::vector<std::string>>;

// A write that Farshore's loss book knows by name.
struct BookedWrite {
    std::string table;
    std::string key;   // JSON of the key, as DynamoDB has it
    std::string fate;  // present, applied_late, suppressed, never_arrived, at_risk, unknown
    UtcTime acknowledged_at{};
    std::string operation;  // "UpdateItem"
    std::string host;       // whose agent acknowledged it
    bool decided_by_carts = false;
};

struct LostWrite {
    std::string id;
    std::string shopper;
    UtcTime acknowledged_at{};
};

struct Books {
    std::uint64_t acknowledged = 0;
    std::uint64_t present = 0;
    std::uint64_t lost = 0;     // acknowledged, and in no cart
    std::uint64_t doubled = 0;  // lines that stand in a cart twice
    std::uint64_t present_without_acknowledgement =
        0;                      // the client got an error, the write was applied
    std::uint64_t at_risk = 0;  // from the loss book: all entries
    std::uint64_t applied_late = 0;
    std::uint64_t suppressed = 0;
    std::uint64_t never_arrived = 0;
    std::uint64_t undecided = 0;  // settled, but the items do not tell between late and suppressed
    std::uint64_t unsettled = 0;
    std::uint64_t matched = 0;           // entries compared with the very request that they answer
    std::uint64_t decided_by_carts = 0;  // entries whose fate the carts told
    std::uint64_t unexplained = 0;       // lines in a cart that no request of the log added
    bool regions_equal = true;           // both Regions hold the same carts
    std::vector<LostWrite> lost_writes;
    std::vector<std::string> differences;  // why the books do not balance; empty: they do

    [[nodiscard]] bool balance() const { return differences.empty(); }
};

// The loss book reads items, and an item that was written again just when the old Region came back
// does not tell whether it was written on top of a late write ("unknown"). The carts tell: their
// lines have names. Gives the entries with those of carts decided, and marked.
[[nodiscard]] std::vector<BookedWrite> decided_by_carts(
    std::vector<BookedWrite> booked,
    const Log& log,
    const Carts& carts,
    const std::string& shop_table
);

// Compares entry by entry where it is certain which request an entry answers, and the rest by
// number, cart by cart. `shop_table`: only its entries of the loss book are compared with the
// carts; other writers (an operator's own loop) keep books of their own.
[[nodiscard]] Books keep_books(
    const Log& log,
    const std::vector<Carts>& regions,
    const std::vector<BookedWrite>& booked,
    const std::string& shop_table
);

}  // namespace farshore::drill
