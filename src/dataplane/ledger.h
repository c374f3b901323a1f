#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.h"
#include "base/time.h"

#include "dataplane/ledger_queue.h"

namespace farshore::dataplane {

// One key that a write touched. `key` is the AttributeValue map as JSON, attribute names sorted;
// empty when the table's key attributes were not known (the write then never counts as proven).
struct LedgerEntry {
    std::uint64_t number = 0;  // grows by one per entry, over all tables
    TableName table;
    std::string key;
    std::string operation;  // "PutItem"
    UtcTime at;
    Epoch epoch;
    std::string digest;  // item_digest after the write; "absent" after a delete; "" when not known
    bool acknowledged = true;  // false: sent, outcome unknown
    bool proven = false;       // seen in the standby, or overtaken by a later write that was
};

struct LedgerKey {
    TableName table;
    std::string key;
    UtcTime oldest_unproven_at;
};

struct LedgerCounters {
    std::uint64_t acknowledged = 0;  // entries ever made of acknowledged writes
    std::uint64_t unknown = 0;       // entries ever made of writes with unknown outcome
    std::uint64_t unproven = 0;      // entries now held that are not proven
    std::uint64_t unproven_keys = 0;
    std::uint64_t unreadable =
        0;  // writes whose keys could not be told; each is one unproven entry
    // Entries that the bounds pushed out before they were proven. When this grows, "all proven" can
    // no longer be claimed for the time since `incomplete_since`.
    std::uint64_t forgotten_unproven = 0;
    std::optional<UtcTime> incomplete_since;
    std::optional<UtcTime> last_forgotten_at;  // the newest write that was pushed out unproven
    std::optional<UtcTime> oldest_unproven_at;
    std::optional<UtcTime> last_acknowledged_at;
    std::string newest_unproven_key;
};

// Which keys would be lost if the active Region vanished now? A bounded memory of the writes that
// the endpoint forwarded, and of what has been seen of them in the standby since.
//
// Threads: the endpoint's loops push into the queue; everything else belongs to one thread, the
// control thread, and each call first takes in what the loops have pushed.
class Ledger {
  public:
    struct Limits {
        std::size_t entries_per_table_max = 65'536;
        std::size_t tables_max = 256;
    };

    explicit Ledger(Limits limits, std::shared_ptr<LedgerQueue> queue);
    ~Ledger();
    Ledger(const Ledger&) = delete;
    Ledger& operator=(const Ledger&) = delete;

    // Names of the table's key attributes (partition key first), as DescribeTable tells them.
    // Entries that were waiting for them get their keys.
    void set_table_keys(const TableName& name, std::vector<std::string> names);
    // Tables that were written to and whose keys nobody has told yet.
    [[nodiscard]] std::vector<TableName> tables_without_keys();

    // Keys with at least one unproven entry, the oldest first.
    [[nodiscard]] std::vector<LedgerKey> unproven_keys(std::size_t limit);
    // The standby holds `digest` ("absent" for no item) under this key. Proves the newest entry of
    // the key with that digest and all earlier ones. Returns how many entries that proved.
    std::size_t mark_proven(const TableName& name, std::string_view key, std::string_view digest);
    // Both Regions were read strongly and hold the same item under this key: whatever the digests
    // say, nothing of entries up to `up_to_number` is missing in the standby.
    std::size_t mark_equal(const TableName& name, std::string_view key, std::uint64_t up_to_number);

    // Unproven entries, oldest first, at most `limit`.
    [[nodiscard]] std::vector<LedgerEntry> unproven_entries(std::size_t limit);
    // All entries of a table (all tables: empty name), oldest first, at most `limit` newest ones.
    [[nodiscard]] std::vector<LedgerEntry> entries(const TableName& name, std::size_t limit);
    [[nodiscard]] LedgerCounters counters();
    [[nodiscard]] std::uint64_t newest_number();

  private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace farshore::dataplane
