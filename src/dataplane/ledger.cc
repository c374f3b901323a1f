#include "dataplane/ledger.h"

#include <algorithm>
#include <deque>
#include <utility>

#include <boost/json.hpp>

#include "base/assert.h"

#include "dataplane/item_digest.h"
#include "dataplane/ledger_table.h"
#include "dataplane/note_reader.h"

namespace farshore::dataplane {

namespace {

// Where writes go that do not tell their table, or whose table is one too many.
const TableName kNowhere{};
// DynamoDB's own limits: names of 255 characters; keys of 2048 and 1024 bytes, as base64 in JSON.
constexpr std::size_t kTableNameMax = 255;
constexpr std::size_t kKeyTextMax = 8192;

}  // namespace

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
    LedgerTable& table_for(const TableName& name);
    [[nodiscard]] bool is_nowhere(const LedgerTable& table) const;
    void make_room(LedgerTable& table);
    void forget_oldest(LedgerTable& table);
    Proof settle(LedgerTable& table, const LedgerTable::Proven& proven);
    void incomplete(Instant since);
    void note_unknown(const LedgerEntry& entry, LedgerTable& table, Instant given_up_at);
};

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
    if (note.acknowledged) {
        totals.last_acknowledged_at = note.ended_at;
        totals.last_acknowledged_for_people = note.at;
    }
    for (NotedWrite& write : read_note(note)) {
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
    ++(note.acknowledged ? totals.acknowledged : totals.unknown);
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
        .acknowledged = note.acknowledged,
    });
    unproven.emplace(entry.number, &table);
    if (!note.acknowledged) {
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
    std::optional<std::string> key;
    if (write.has_key) {
        key = canonical_item(write.attributes);
    } else if (!table.key_names().empty()) {
        key = key_text(write.attributes, table.key_names());
    } else if (const std::size_t waits = bytes_of(write.attributes);
               !nowhere && !write.attributes.empty() &&
               waiting_bytes + waits <= limits.waiting_bytes_max) {
        waiting_bytes += waits;
        table.wait_for_names(entry.number, std::move(write.attributes));
        return;
    }
    if (key && key->size() <= kKeyTextMax && !nowhere) {
        table.index(entry, std::move(*key));
    } else {
        ++totals.unreadable;
    }
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

Ledger::Ledger(Limits limits, std::shared_ptr<LedgerQueue> queue)
    : state_(std::make_unique<State>()) {
    state_->limits = limits;
    state_->queue = std::move(queue);
}

Ledger::~Ledger() = default;

void Ledger::set_table_keys(const TableName& name, std::vector<std::string> names) {
    state_->take_in();
    LedgerTable& table = state_->table_for(name);
    if (state_->is_nowhere(table)) {
        return;
    }
    // Entries grow by their keys.
    for (const LedgerEntry& entry : table.entries()) {
        state_->bytes -= bytes_of(entry);
    }
    state_->waiting_bytes -= table.set_key_names(std::move(names));
    for (const LedgerEntry& entry : table.entries()) {
        state_->bytes += bytes_of(entry);
    }
}

std::vector<TableName> Ledger::tables_without_keys() {
    state_->take_in();
    std::vector<TableName> names;
    for (const auto& [name, table] : state_->tables) {
        if (table.key_names().empty() && name != kNowhere) {
            names.push_back(name);
        }
    }
    return names;
}

std::vector<LedgerKey> Ledger::unproven_keys(
    std::size_t limit, std::uint64_t from, const std::set<TableName>& without
) {
    state_->take_in();
    std::vector<LedgerKey> keys;
    for (auto at = state_->unproven.lower_bound(from);
         at != state_->unproven.end() && keys.size() < limit;
         ++at) {
        const LedgerEntry* entry = at->second->find(at->first);
        // Each key once, at its oldest entry.
        if (at->second->leads(*entry) && !without.contains(entry->table)) {
            keys.push_back({
                .table = entry->table,
                .key = entry->key,
                .number = entry->number,
                .oldest_unproven_at = entry->ended_at,
            });
        }
    }
    return keys;
}

std::map<TableName, Ledger::Unproven> Ledger::unproven_by_table() {
    state_->take_in();
    std::map<TableName, Unproven> out;
    for (const auto& [number, table] : state_->unproven) {
        const LedgerEntry* entry = table->find(number);
        Unproven& sum = out[entry->table];
        ++sum.writes;
        sum.keys += entry->key.empty() || table->leads(*entry) ? 1 : 0;
        sum.newest_at = std::max(sum.newest_at, entry->ended_at);
    }
    return out;
}

Proof Ledger::mark_proven(
    const TableName& name, std::string_view key, std::string_view digest, Instant settled_before
) {
    state_->take_in();
    LedgerTable& table = state_->table_for(name);
    return state_->settle(table, table.proven_by(key, digest, settled_before));
}

Proof Ledger::mark_equal(const TableName& name, std::string_view key, const Equality& equality) {
    state_->take_in();
    LedgerTable& table = state_->table_for(name);
    return state_->settle(table, table.proven_by_equality(key, equality));
}

void Ledger::doubt_unknown(Instant since) {
    state_->take_in();
    for (const State::Unknown& each : state_->unknown) {
        LedgerEntry* entry = each.table->find(each.number);
        if (each.given_up_at >= since && entry != nullptr && entry->proven) {
            each.table->doubt(*entry);
            state_->unproven.emplace(entry->number, each.table);
        }
    }
}

std::vector<LedgerEntry> Ledger::unknown_since(Instant since, std::size_t limit) {
    state_->take_in();
    std::vector<LedgerEntry> out;
    for (auto at = state_->unknown.rbegin(); at != state_->unknown.rend() && out.size() < limit;
         ++at) {
        const LedgerEntry* entry = at->table->find(at->number);
        if (at->given_up_at >= since && entry != nullptr) {
            out.push_back(*entry);
        }
    }
    return out;
}

void Ledger::inherit(LedgerEntry entry, Instant now) {
    state_->take_in();
    LedgerTable& table = state_->table_for(entry.table);
    ++state_->totals.unknown;
    state_->make_room(table);
    std::string key = std::exchange(entry.key, {});
    entry.number = ++state_->last_number;
    // When it was given up is known by the clock for people alone: it counts from now.
    entry.ended_at = now;
    entry.acknowledged = false;
    entry.proven = false;
    LedgerEntry& mine = table.append(std::move(entry));
    state_->unproven.emplace(mine.number, &table);
    state_->note_unknown(mine, table, now);
    if (!key.empty() && key.size() <= kKeyTextMax && !state_->is_nowhere(table)) {
        table.index(mine, std::move(key));
    } else {
        ++state_->totals.unreadable;
    }
    state_->bytes += bytes_of(mine);
}

void Ledger::give_up_keyless(Instant before) {
    state_->take_in();
    for (auto& [name, table] : state_->tables) {
        while (!table.keyless().empty()) {
            LedgerEntry* oldest = table.find(*table.keyless().begin());
            if (oldest->ended_at >= before) {
                break;
            }
            ++state_->totals.given_up_keyless;
            state_->unproven.erase(oldest->number);
            state_->waiting_bytes -= table.settle(*oldest);
        }
    }
}

void Ledger::leave_behind(Epoch epoch) {
    state_->take_in();
    std::erase_if(state_->unproven, [&](const auto& at) {
        LedgerEntry* entry = at.second->find(at.first);
        if (entry->epoch >= epoch) {
            return false;
        }
        if (entry->number > state_->told_up_to) {
            state_->left_behind.push_back(*entry);
        }
        state_->waiting_bytes -= at.second->settle(*entry);
        return true;
    });
}

void Ledger::told_up_to(std::uint64_t number) {
    state_->told_up_to = std::max(state_->told_up_to, number);
    std::erase_if(state_->left_behind, [number](const LedgerEntry& entry) {
        return entry.number <= number;
    });
}

void Ledger::forget_what_was_told() {
    state_->told_up_to = 0;
}

const std::vector<LedgerEntry>& Ledger::left_behind() const {
    return state_->left_behind;
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
        const std::deque<LedgerEntry>& all = table.entries();
        const std::size_t from = all.size() > limit ? all.size() - limit : 0;
        out.insert(out.end(), all.begin() + static_cast<std::ptrdiff_t>(from), all.end());
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
    for (auto& [name, table] : state_->tables) {
        counters.unproven_keys += table.unproven_keys() + table.keyless().size();
        counters.keyless += table.keyless().size();
        if (!table.keyless().empty()) {
            const Instant newest = table.find(*table.keyless().rbegin())->ended_at;
            counters.newest_keyless_at =
                std::max(counters.newest_keyless_at.value_or(newest), newest);
        }
    }
    if (!state_->unproven.empty()) {
        const auto& [oldest, oldest_table] = *state_->unproven.begin();
        counters.oldest_unproven_at = oldest_table->find(oldest)->ended_at;
    }
    return counters;
}

std::uint64_t Ledger::newest_number() {
    state_->take_in();
    return state_->last_number;
}

}  // namespace farshore::dataplane
