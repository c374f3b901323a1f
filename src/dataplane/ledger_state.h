#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <vector>

#include "dataplane/ledger.h"
#include "dataplane/ledger_table.h"
#include "dataplane/note_reader.h"

namespace farshore::dataplane {

// Where writes go that do not tell their table, or whose table is one too many.
inline const TableName kNowhere{};
// DynamoDB's own limits: keys of 2048 and 1024 bytes, as base64 in JSON.
inline constexpr std::size_t kLedgerKeyTextMax = 8192;

// What the ledger holds, and how writes come into it. Part of the ledger; one thread.
struct Ledger::State {
    struct Unknown {
        std::uint64_t number = 0;
        LedgerTable* table = nullptr;
        Instant given_up_at;
    };

    Limits limits;
    std::shared_ptr<LedgerQueue> queue;
    std::map<TableName, LedgerTable> tables;
    std::map<std::uint64_t, LedgerTable*> unproven;  // over all tables, by number
    std::deque<Unknown> unknown;                     // the oldest first
    std::uint64_t last_number = 0;
    std::size_t bytes = 0;
    std::size_t waiting_bytes = 0;
    LedgerCounters totals;
    std::vector<LedgerEntry> left_behind;
    std::uint64_t told_up_to = 0;

    void take_in();
    void add(const WriteNote& note);
    void add_entry(const WriteNote& note, NotedWrite write);
    void give_key(LedgerTable& table, LedgerEntry& entry, NotedWrite write);
    // No Region can have accepted the write.
    void settle_refused(LedgerTable& table, LedgerEntry& entry);
    LedgerTable& table_for(const TableName& name);
    [[nodiscard]] bool is_nowhere(const LedgerTable& table) const;
    void make_room(LedgerTable& table);
    void forget_oldest(LedgerTable& table);
    Proof settle(LedgerTable& table, const LedgerTable::Proven& proven);
    void incomplete(Instant since);
    void note_unknown(const LedgerEntry& entry, LedgerTable& table, Instant given_up_at);
};

}  // namespace farshore::dataplane
