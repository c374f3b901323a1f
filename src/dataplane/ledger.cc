#include "dataplane/ledger.h"

#include <algorithm>
#include <deque>
#include <set>
#include <unordered_map>
#include <utility>

#include <boost/json.hpp>

#include "base/assert.h"

#include "dataplane/item_digest.h"
#include "dataplane/note_reader.h"

namespace farshore::dataplane {

namespace {

// Where writes go that do not tell their table, or whose table is one too many.
const TableName kNowhere{};

struct Table {
    std::vector<std::string> key_names;  // empty: not known yet
    std::deque<LedgerEntry> entries;     // oldest first
    // Unproven entries by key, oldest first.
    std::unordered_map<std::string, std::deque<std::uint64_t>> unproven;
    // What the key will be made of, once its names are known.
    std::map<std::uint64_t, boost::json::object> waiting;
    std::set<std::uint64_t> keyless;  // unproven entries whose key is not known

    LedgerEntry* find(std::uint64_t number) {
        const auto at = std::ranges::lower_bound(entries, number, {}, &LedgerEntry::number);
        return at != entries.end() && at->number == number ? &*at : nullptr;
    }
};

}  // namespace

struct Ledger::State {
    Limits limits;
    std::shared_ptr<LedgerQueue> queue;
    std::map<TableName, Table> tables;
    std::map<std::uint64_t, Table*> unproven;  // over all tables, by number
    std::uint64_t last_number = 0;
    LedgerCounters totals;

    void take_in();
    void add(const WriteNote& note);
    void add_entry(const WriteNote& note, NotedWrite write);
    Table& table_for(const TableName& name);
    void forget_oldest(Table& table);
    void index(Table& table, LedgerEntry& entry, std::string key);
    void settle(Table& table, LedgerEntry& entry);
    std::size_t settle_up_to(Table& table, std::string_view key, std::uint64_t number);
    void incomplete(UtcTime since);
};

void Ledger::State::take_in() {
    LedgerQueue::Taken taken = queue->take();
    if (taken.dropped > 0) {
        totals.forgotten_unproven += taken.dropped;
        incomplete(taken.first_dropped_at.value_or(UtcTime{}));
        if (!taken.notes.empty()) {
            incomplete(taken.notes.back().at);
        }
    }
    for (const WriteNote& note : taken.notes) {
        add(note);
    }
}

void Ledger::State::incomplete(UtcTime since) {
    if (!totals.incomplete_since) {
        totals.incomplete_since = since;
    }
    totals.last_forgotten_at = std::max(totals.last_forgotten_at.value_or(since), since);
}

void Ledger::State::add(const WriteNote& note) {
    if (note.acknowledged) {
        totals.last_acknowledged_at = note.at;
    }
    std::vector<NotedWrite> writes = read_note(note);
    if (writes.empty() && note.operation != "BatchWriteItem") {
        ++totals.unreadable;
        writes.push_back({.table = kNowhere, .operation = note.operation, .digest = {}});
    }
    for (NotedWrite& write : writes) {
        add_entry(note, std::move(write));
    }
}

Table& Ledger::State::table_for(const TableName& name) {
    const auto known = tables.find(name);
    if (known != tables.end()) {
        return known->second;
    }
    return tables[tables.size() < limits.tables_max ? name : kNowhere];
}

void Ledger::State::add_entry(const WriteNote& note, NotedWrite write) {
    Table& table = table_for(write.table);
    if (table.entries.size() == limits.entries_per_table_max) {
        forget_oldest(table);
    }
    ++(note.acknowledged ? totals.acknowledged : totals.unknown);
    LedgerEntry& entry = table.entries.emplace_back();
    entry.number = ++last_number;
    entry.table = write.table;
    entry.operation = std::move(write.operation);
    entry.at = note.at;
    entry.epoch = note.epoch;
    entry.digest = std::move(write.digest);
    entry.acknowledged = note.acknowledged;
    unproven.emplace(entry.number, &table);
    std::optional<std::string> key;
    if (write.has_key) {
        key = canonical_item(write.attributes);
    } else if (!table.key_names.empty()) {
        key = key_text(write.attributes, table.key_names);
    } else if (!write.attributes.empty()) {
        table.waiting.emplace(entry.number, std::move(write.attributes));
    }
    if (key) {
        index(table, entry, std::move(*key));
    } else {
        table.keyless.insert(entry.number);
    }
}

void Ledger::State::index(Table& table, LedgerEntry& entry, std::string key) {
    std::deque<std::uint64_t>& numbers = table.unproven[key];
    numbers.insert(std::ranges::upper_bound(numbers, entry.number), entry.number);
    entry.key = std::move(key);
}

// The entry is unproven no more: it was proven, or is forgotten.
void Ledger::State::settle(Table& table, LedgerEntry& entry) {
    unproven.erase(entry.number);
    table.keyless.erase(entry.number);
    table.waiting.erase(entry.number);
    const auto at = table.unproven.find(entry.key);
    if (at == table.unproven.end()) {
        return;
    }
    // Nearly always the first: entries are proven and forgotten from the old end.
    if (at->second.front() == entry.number) {
        at->second.pop_front();
    } else {
        std::erase(at->second, entry.number);
    }
    if (at->second.empty()) {
        table.unproven.erase(at);
    }
}

void Ledger::State::forget_oldest(Table& table) {
    LedgerEntry& oldest = table.entries.front();
    if (!oldest.proven) {
        ++totals.forgotten_unproven;
        incomplete(oldest.at);
        settle(table, oldest);
    }
    table.entries.pop_front();
}

std::size_t Ledger::State::settle_up_to(Table& table, std::string_view key, std::uint64_t number) {
    const auto at = table.unproven.find(std::string{key});
    if (at == table.unproven.end()) {
        return 0;
    }
    std::size_t proven = 0;
    const std::deque<std::uint64_t> numbers = at->second;
    for (const std::uint64_t each : numbers) {
        if (each > number) {
            break;
        }
        LedgerEntry* entry = table.find(each);
        FARSHORE_ASSERT(entry != nullptr, "an unproven entry is held by its table");
        entry->proven = true;
        settle(table, *entry);
        ++proven;
    }
    return proven;
}

Ledger::Ledger(Limits limits, std::shared_ptr<LedgerQueue> queue)
    : state_(std::make_unique<State>()) {
    state_->limits = limits;
    state_->queue = std::move(queue);
}

Ledger::~Ledger() = default;

void Ledger::set_table_keys(const TableName& name, std::vector<std::string> names) {
    state_->take_in();
    Table& table = state_->table_for(name);
    table.key_names = std::move(names);
    for (auto& [number, attributes] : std::exchange(table.waiting, {})) {
        LedgerEntry* entry = table.find(number);
        if (auto key = key_text(attributes, table.key_names); key && entry != nullptr) {
            table.keyless.erase(number);
            state_->index(table, *entry, std::move(*key));
        }
    }
}

std::vector<TableName> Ledger::tables_without_keys() {
    state_->take_in();
    std::vector<TableName> names;
    for (const auto& [name, table] : state_->tables) {
        if (table.key_names.empty() && name != kNowhere) {
            names.push_back(name);
        }
    }
    return names;
}

std::vector<LedgerKey> Ledger::unproven_keys(std::size_t limit) {
    state_->take_in();
    std::vector<LedgerKey> keys;
    for (const auto& [number, table] : state_->unproven) {
        if (keys.size() == limit) {
            break;
        }
        const LedgerEntry* entry = table->find(number);
        // Each key once, at its oldest entry.
        const auto at = table->unproven.find(entry->key);
        if (at != table->unproven.end() && at->second.front() == number) {
            keys.push_back(
                {.table = entry->table, .key = entry->key, .oldest_unproven_at = entry->at}
            );
        }
    }
    return keys;
}

std::size_t Ledger::mark_proven(
    const TableName& name, std::string_view key, std::string_view digest
) {
    state_->take_in();
    Table& table = state_->table_for(name);
    const auto at = table.unproven.find(std::string{key});
    if (at == table.unproven.end() || digest.empty()) {
        return 0;
    }
    for (auto number = at->second.rbegin(); number != at->second.rend(); ++number) {
        if (table.find(*number)->digest == digest) {
            return state_->settle_up_to(table, key, *number);
        }
    }
    return 0;
}

std::size_t Ledger::mark_equal(
    const TableName& name, std::string_view key, std::uint64_t up_to_number
) {
    state_->take_in();
    return state_->settle_up_to(state_->table_for(name), key, up_to_number);
}

std::vector<LedgerEntry> Ledger::unproven_entries(std::size_t limit) {
    state_->take_in();
    std::vector<LedgerEntry> out;
    for (const auto& [number, table] : state_->unproven) {
        if (out.size() == limit) {
            break;
        }
        out.push_back(*table->find(number));
    }
    return out;
}

std::vector<LedgerEntry> Ledger::entries(const TableName& name, std::size_t limit) {
    state_->take_in();
    std::vector<LedgerEntry> out;
    for (const auto& [table_name, table] : state_->tables) {
        if (name != kNowhere && name != table_name) {
            continue;
        }
        const std::size_t from = table.entries.size() > limit ? table.entries.size() - limit : 0;
        out.insert(
            out.end(),
            table.entries.begin() + static_cast<std::ptrdiff_t>(from),
            table.entries.end()
        );
    }
    std::ranges::sort(out, {}, &LedgerEntry::number);
    if (out.size() > limit) {
        out.erase(out.begin(), out.end() - static_cast<std::ptrdiff_t>(limit));
    }
    return out;
}

LedgerCounters Ledger::counters() {
    state_->take_in();
    LedgerCounters counters = state_->totals;
    counters.unproven = state_->unproven.size();
    for (const auto& [name, table] : state_->tables) {
        counters.unproven_keys += table.unproven.size() + table.keyless.size();
    }
    if (!state_->unproven.empty()) {
        const auto& [oldest, oldest_table] = *state_->unproven.begin();
        const auto& [newest, newest_table] = *state_->unproven.rbegin();
        counters.oldest_unproven_at = oldest_table->find(oldest)->at;
        counters.newest_unproven_key = newest_table->find(newest)->key;
    }
    return counters;
}

std::uint64_t Ledger::newest_number() {
    state_->take_in();
    return state_->last_number;
}

}  // namespace farshore::dataplane
