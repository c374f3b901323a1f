#include "dataplane/ledger_state.h"

#include <algorithm>
#include <utility>

#include <boost/json.hpp>

#include "base/assert.h"

#include "dataplane/item_digest.h"

namespace farshore::dataplane {

namespace {

constexpr std::size_t kTableNameMax = 255;  // DynamoDB's own limit

}  // namespace

void Ledger::State::take_in() {
    LedgerQueue::Taken taken = queue->take();
    if (taken.dropped > 0) {
        totals.forgotten_unproven += taken.dropped;
        incomplete(taken.first_dropped_at.value_or(Instant{}));
        if (!taken.notes.empty()) {
            incomplete(taken.notes.back().ended_at);
        }
    }
    for (const WriteNote& note : taken.notes) {
        add(note);
    }
}

void Ledger::State::incomplete(Instant since) {
    if (!totals.incomplete_since) {
        totals.incomplete_since = since;
    }
    totals.last_forgotten_at = std::max(totals.last_forgotten_at.value_or(since), since);
}

void Ledger::State::add(const WriteNote& note) {
    std::vector<NotedWrite> writes = read_note(note);
    const bool any_done =
        std::ranges::any_of(writes, [](const NotedWrite& write) { return !write.unknown; });
    if (note.acknowledged && any_done) {
        totals.last_acknowledged_at = note.ended_at;
        totals.last_acknowledged_for_people = note.at;
    }
    for (NotedWrite& write : writes) {
        add_entry(note, std::move(write));
    }
}

LedgerTable& Ledger::State::table_for(const TableName& name) {
    const auto known = tables.find(name);
    if (known != tables.end()) {
        return known->second;
    }
    const bool fits = tables.size() < limits.tables_max && name.value().size() <= kTableNameMax;
    return tables[fits ? name : kNowhere];
}

bool Ledger::State::is_nowhere(const LedgerTable& table) const {
    const auto nowhere = tables.find(kNowhere);
    return nowhere != tables.end() && &nowhere->second == &table;
}

void Ledger::State::add_entry(const WriteNote& note, NotedWrite write) {
    LedgerTable& table = table_for(write.table);
    const bool acknowledged = note.acknowledged && !write.unknown;
    ++(acknowledged ? totals.acknowledged : totals.unknown);
    make_room(table);
    LedgerEntry& entry = table.append({
        .number = ++last_number,
        .table = write.table.value().size() <= kTableNameMax ? write.table : kNowhere,
        .key = {},
        .operation = std::move(write.operation),
        .at = note.at,
        .ended_at = note.ended_at,
        .epoch = note.epoch,
        .digest = std::move(write.digest),
        .acknowledged = acknowledged,
    });
    unproven.emplace(entry.number, &table);
    if (!acknowledged) {
        note_unknown(entry, table, note.ended_at);
    }
    give_key(table, entry, std::move(write));
    bytes += bytes_of(entry);
}

void Ledger::State::note_unknown(
    const LedgerEntry& entry, LedgerTable& table, Instant given_up_at
) {
    if (unknown.size() == limits.entries_per_table_max) {
        unknown.pop_front();
    }
    unknown.push_back({.number = entry.number, .table = &table, .given_up_at = given_up_at});
}

void Ledger::State::give_key(LedgerTable& table, LedgerEntry& entry, NotedWrite write) {
    const bool nowhere = is_nowhere(table);  // the same key in two tables would be one
    bool whole = write.has_key || write.whole;
    std::optional<std::string> key;
    if (write.has_key) {
        key = write.attributes.empty() ? std::nullopt : canonical_item(write.attributes);
    } else if (!table.key_names().empty()) {
        key = key_text(write.attributes, table.key_names());
    } else if (const std::size_t waits = bytes_of(write.attributes);
               !nowhere && !write.attributes.empty() &&
               waiting_bytes + waits <= limits.waiting_bytes_max) {
        waiting_bytes += waits;
        table.wait_for_names(entry.number, std::move(write.attributes), write.whole);
        return;
    } else {
        whole = false;  // its key may be there
    }
    if (key && key->size() <= kLedgerKeyTextMax && !nowhere) {
        table.index(entry, std::move(*key));
    } else if (!key && whole && !entry.acknowledged) {
        settle_refused(table, entry);  // DynamoDB accepts no item without a whole, sound key
    } else {
        ++totals.unreadable;
    }
}

void Ledger::State::settle_refused(LedgerTable& table, LedgerEntry& entry) {
    ++totals.refused_unknown;
    unproven.erase(entry.number);
    waiting_bytes -= table.settle(entry);
    std::erase_if(unknown, [&entry](const Unknown& each) { return each.number == entry.number; });
}

void Ledger::State::make_room(LedgerTable& table) {
    if (table.entries().size() == limits.entries_per_table_max) {
        forget_oldest(table);
    }
    while (bytes > limits.bytes_max) {
        LedgerTable* oldest = nullptr;
        for (auto& [name, each] : tables) {
            if (!each.entries().empty() &&
                (oldest == nullptr ||
                 each.entries().front().number < oldest->entries().front().number)) {
                oldest = &each;
            }
        }
        FARSHORE_ASSERT(oldest != nullptr, "what takes bytes is held by a table");
        forget_oldest(*oldest);
    }
}

void Ledger::State::forget_oldest(LedgerTable& table) {
    const LedgerEntry& oldest = table.entries().front();
    if (unproven.erase(oldest.number) > 0) {
        ++totals.forgotten_unproven;
        incomplete(oldest.ended_at);
    }
    bytes -= bytes_of(oldest);
    waiting_bytes -= table.drop_oldest();
}

Proof Ledger::State::settle(LedgerTable& table, const LedgerTable::Proven& proven) {
    Proof proof{.entries = proven.numbers.size(), .doubtful = proven.doubtful, .newest_at = {}};
    for (const std::uint64_t number : proven.numbers) {
        LedgerEntry* entry = table.find(number);
        FARSHORE_ASSERT(entry != nullptr, "an unproven entry is held by its table");
        entry->proven = true;
        unproven.erase(number);
        waiting_bytes -= table.settle(*entry);
        proof.newest_at = entry->ended_at;
    }
    return proof;
}

}  // namespace farshore::dataplane
