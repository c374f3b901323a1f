#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.h"
#include "base/time.h"

#include "dataplane/ledger_queue.h"

namespace farshore::dataplane {

// One item that a write touched. `key` is the AttributeValue map as JSON, attribute names sorted;
// empty when it could not be told (the write then never counts as proven).
struct LedgerEntry {
    std::uint64_t number = 0;  // grows by one per entry, over all tables
    TableName table;
    std::string key;
    std::string operation;  // "PutItem"
    UtcTime at;             // for people; ages count from `ended_at`
    Instant ended_at{};     // acknowledged or given up then
    Epoch epoch;
    std::string digest;  // item_digest after the write; "absent" after a delete; "" when not known
    bool acknowledged = true;  // false: sent, outcome unknown
    bool proven = false;       // seen in the standby, or overtaken by a later write that was
};

struct LedgerKey {
    TableName table;
    std::string key;
    std::uint64_t number = 0;  // of its oldest unproven entry
    Instant oldest_unproven_at;
};

// What a look at one key proved.
struct Proof {
    std::size_t entries = 0;
    // The state that was seen is one of ours, and may as well be the one before our writes: whether
    // they have arrived is not to be told by it yet.
    bool doubtful = false;
    std::optional<Instant> newest_at;  // of the newest entry that it proved
};

struct Equality {
    std::uint64_t up_to_number = 0;  // entries made later may have changed the item since
    // Writes made before it have surely arrived or been overtaken. nullopt: nothing is written
    // while the Regions are read, so equal states are all that counts.
    std::optional<Instant> settled_before;
};

struct LedgerCounters {
    std::uint64_t acknowledged = 0;  // entries ever made of acknowledged writes
    std::uint64_t unknown = 0;       // entries ever made of writes with unknown outcome
    std::uint64_t unproven = 0;      // entries now held that are not proven
    std::uint64_t unproven_keys = 0;
    // Writes whose keys could not be told, ever; each was one unproven entry.
    std::uint64_t unreadable = 0;
    std::uint64_t keyless = 0;  // unproven entries without key now
    std::optional<Instant> newest_keyless_at;
    std::uint64_t given_up_keyless = 0;  // by give_up_keyless()
    // Of `unknown`: writes that no Region can have accepted, since their keys are refused.
    std::uint64_t refused_unknown = 0;
    // Entries that the bounds pushed out before they were proven. When this grows, "all proven" can
    // no longer be claimed for the time since `incomplete_since`.
    std::uint64_t forgotten_unproven = 0;
    std::optional<Instant> incomplete_since;
    std::optional<Instant> last_forgotten_at;  // the newest write that was pushed out unproven
    std::optional<Instant> oldest_unproven_at;
    std::optional<Instant> last_acknowledged_at;
    UtcTime last_acknowledged_for_people{};
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
        std::size_t bytes_max = std::size_t{64} << 20U;  // of all entries
        // Of attributes that wait for the names of their table's key. An entry above this bound
        // never gets a key.
        std::size_t waiting_bytes_max = std::size_t{8} << 20U;
    };

    explicit Ledger(Limits limits, std::shared_ptr<LedgerQueue> queue);
    ~Ledger();
    Ledger(const Ledger&) = delete;
    Ledger& operator=(const Ledger&) = delete;

    // Names of the table's key attributes (partition key first), as DescribeTable tells them.
    // Entries that were waiting for them get their keys.
    void set_table_keys(const TableName& name, std::vector<std::string> names);
    // Tables that were written to, and whose key attributes are not known yet.
    [[nodiscard]] std::vector<TableName> tables_without_keys();

    // Keys with at least one unproven entry, the oldest first, from number `from` on; without those
    // of some tables.
    [[nodiscard]] std::vector<LedgerKey> unproven_keys(
        std::size_t limit, std::uint64_t from = 0, const std::set<TableName>& without = {}
    );

    struct Unproven {
        std::uint64_t writes = 0;
        std::uint64_t keys = 0;  // a write without key counts as one
        Instant newest_at;
    };

    [[nodiscard]] std::map<TableName, Unproven> unproven_by_table();
    // The standby holds `digest` ("absent" for no item) under this key. Proves the first entry of
    // the key that left this state, the ones before it, and those right behind it that left the
    // same. When the state may also be the one before them all (an item that was put and deleted is
    // absent either way), it proves only entries older than `settled_before`, by which time
    // everything has arrived.
    Proof mark_proven(
        const TableName& name,
        std::string_view key,
        std::string_view digest,
        Instant settled_before = Instant::min()
    );
    // Both Regions were read strongly and hold the same item under this key.
    Proof mark_equal(const TableName& name, std::string_view key, const Equality& equality);
    // Writes that were given up without an answer at `since` or later count as unproven again: the
    // service may have carried one out after its key was looked at.
    void doubt_unknown(Instant since);
    // Their entries, the newest first, at most `limit`.
    [[nodiscard]] std::vector<LedgerEntry> unknown_since(Instant since, std::size_t limit);
    // An entry of the process before this one, of unknown outcome, as if it had been given up now.
    void inherit(LedgerEntry entry, Instant now);
    // Each Region refuses this key when it is read, so no write under it was accepted. Entries of
    // unknown outcome are settled: nothing of them can be lost, or arrive. An acknowledged write
    // has another key than the one that was read out of its request: with `misread` its entry
    // counts as one without key from now on, else it stays as it is.
    // Returns how many entries stay under the key.
    std::size_t refuse_key(const TableName& name, std::string_view key, bool misread);
    // Unproven entries without key that are older than this count no more: the lag is seconds.
    void give_up_keyless(Instant before);

    // This host follows `epoch` now, and the standby is the Region in which entries of older epochs
    // were written: no look at it proves them. Those that no controller was told of are kept apart
    // until one is.
    void leave_behind(Epoch epoch);
    // A controller has been told of all entries up to this number.
    void told_up_to(std::uint64_t number);
    // The controller that was told may have died before it wrote anything down.
    void forget_what_was_told();
    // Entries that were left behind and that no controller was told of, the oldest first.
    [[nodiscard]] const std::vector<LedgerEntry>& left_behind() const;

    // Unproven entries, oldest first, at most `limit`.
    [[nodiscard]] std::vector<LedgerEntry> unproven_entries(std::size_t limit);
    // Acknowledged writes that have been proven and ended at `since` or later, as far as the bounds
    // have left them here: of each key the newest, the newest first, at most `limit`.
    [[nodiscard]] std::vector<LedgerEntry> proven_since(Instant since, std::size_t limit);
    // All entries of a table (all tables: empty name), oldest first, at most `limit` newest ones.
    [[nodiscard]] std::vector<LedgerEntry> entries(const TableName& name, std::size_t limit);
    [[nodiscard]] LedgerCounters counters();
    [[nodiscard]] std::uint64_t newest_number();

  private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace farshore::dataplane
