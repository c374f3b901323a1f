#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "core/host/host_bounds.h"
#include "core/loss/ledger_table.h"

namespace farshore::core {

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

// What is known of a write's key as the ledger takes it in.
enum class KeyKnown : std::uint8_t {
    told,        // it stands in the write
    awaited,     // the names of the table's key attributes will tell it
    untold,      // nothing will tell it: the write never counts as proven
    impossible,  // the request has no sound key, so the service has not accepted it
};

// Which keys would be lost if the active Region vanished now? A bounded memory of the writes that
// one host forwarded, and of what has been seen of them in the standby since. Pure; one owner.
class Ledger {
  public:
    // Where writes stand that do not tell their table, or whose table is one too many: none of
    // their keys is known.
    static inline const TableName kNowhere{};

    struct Limits {
        std::size_t entries_per_table_max = HostBounds{}.ledger_entries_max;
        std::size_t tables_max = 256;
        std::size_t bytes_max = std::size_t{64} << 20U;  // of all entries
    };

    explicit Ledger(Limits limits) : limits_(limits) {}

    // A copy knows what the first one knows, as the snapshot of a machine does.
    Ledger(const Ledger& other);
    Ledger& operator=(const Ledger&) = delete;  // its parts point at each other

    // A write was acknowledged or given up. Returns the number that the ledger gives it.
    std::uint64_t add(LedgerWrite write, KeyKnown known);
    // So many writes were dropped before they came here; they ended between these moments.
    void miss(std::uint64_t writes, Instant first, Instant last);

    // The key that a write was waiting for; nullopt: its whole request has no sound key.
    void give_key(const TableName& name, std::uint64_t number, std::optional<std::string> key);
    // The write is here, unproven and without its key.
    [[nodiscard]] bool lacks_key(const TableName& name, std::uint64_t number) const;
    // Those that have, or had, entries of their own.
    [[nodiscard]] std::vector<TableName> tables() const;

    // Keys with at least one unproven entry, the oldest first, from number `from` on; without those
    // of some tables.
    [[nodiscard]] std::vector<LedgerKey> unproven_keys(
        std::size_t limit, std::uint64_t from = 0, const std::set<TableName>& without = {}
    ) const;

    struct Unproven {
        std::uint64_t writes = 0;
        std::uint64_t keys = 0;  // a write without key counts as one
        Instant newest_at;
    };

    [[nodiscard]] std::map<TableName, Unproven> unproven_by_table() const;
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
    [[nodiscard]] std::vector<LedgerWrite> unknown_since(Instant since, std::size_t limit) const;
    // An entry of the process before this one, of unknown outcome, as if it had been given up now.
    void inherit(LedgerWrite entry, Instant now);
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
    [[nodiscard]] const std::vector<LedgerWrite>& left_behind() const { return left_behind_; }

    // Unproven entries, oldest first, at most `limit`.
    [[nodiscard]] std::vector<LedgerWrite> unproven_entries(std::size_t limit) const;
    // Acknowledged writes that have been proven and ended at `since` or later, as far as the bounds
    // have left them here: of each key the newest, the newest first, at most `limit`.
    [[nodiscard]] std::vector<LedgerWrite> proven_since(Instant since, std::size_t limit) const;
    // All entries of a table (all tables: empty name), oldest first, at most `limit` newest ones.
    [[nodiscard]] std::vector<LedgerWrite> entries(const TableName& name, std::size_t limit) const;
    [[nodiscard]] LedgerCounters counters() const;

    [[nodiscard]] std::uint64_t newest_number() const { return last_number_; }

  private:
    struct Unknown {
        std::uint64_t number = 0;
        LedgerTable* table = nullptr;
        Instant given_up_at;
    };

    LedgerTable& table_for(const TableName& name);
    [[nodiscard]] bool is_nowhere(const LedgerTable& table) const;
    void note_unknown(const LedgerWrite& entry, LedgerTable& table);
    // No Region can have accepted the write.
    void settle_refused(LedgerTable& table, LedgerWrite& entry);
    void make_room(LedgerTable& table);
    void forget_oldest(LedgerTable& table);
    Proof settle(LedgerTable& table, const LedgerTable::Proven& proven);
    void incomplete(Instant since);

    Limits limits_;
    std::map<TableName, LedgerTable> tables_;
    std::map<std::uint64_t, LedgerTable*> unproven_;  // over all tables, by number
    std::deque<Unknown> unknown_;                     // the oldest first
    std::uint64_t last_number_ = 0;
    std::size_t bytes_ = 0;
    LedgerCounters totals_;
    std::vector<LedgerWrite> left_behind_;
    std::uint64_t told_up_to_ = 0;
};

}  // namespace farshore::core
