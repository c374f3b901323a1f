#include "dataplane/ledger.h"

#include <algorithm>
#include <functional>
#include <ranges>
#include <unordered_set>
#include <utility>

#include "base/assert.h"

#include "dataplane/ledger_state.h"

namespace farshore::dataplane {

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
    const LedgerTable::Named named = table.set_key_names(std::move(names));
    state_->waiting_bytes -= named.bytes;
    for (const std::uint64_t number : named.not_keys) {
        if (LedgerEntry* entry = table.find(number); !entry->acknowledged) {
            state_->settle_refused(table, *entry);
        }
    }
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
    // Only the wall clock tells when the write was given up, so its age counts from now.
    entry.ended_at = now;
    entry.acknowledged = false;
    entry.proven = false;
    LedgerEntry& mine = table.append(std::move(entry));
    state_->unproven.emplace(mine.number, &table);
    state_->note_unknown(mine, table, now);
    if (!key.empty() && key.size() <= kLedgerKeyTextMax && !state_->is_nowhere(table)) {
        table.index(mine, std::move(key));
    } else {
        ++state_->totals.unreadable;
    }
    state_->bytes += bytes_of(mine);
}

std::size_t Ledger::refuse_key(const TableName& name, std::string_view key, bool misread) {
    state_->take_in();
    LedgerTable& table = state_->table_for(name);
    std::size_t left = 0;
    for (const std::uint64_t number : table.unproven_of(key)) {
        LedgerEntry& entry = *table.find(number);
        if (!entry.acknowledged) {
            state_->settle_refused(table, entry);
        } else if (misread) {
            state_->bytes -= bytes_of(entry);
            table.lose_key(entry);
            state_->bytes += bytes_of(entry);
            ++state_->totals.unreadable;
        } else {
            ++left;
        }
    }
    return left;
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

std::vector<LedgerEntry> Ledger::proven_since(Instant since, std::size_t limit) {
    state_->take_in();
    std::vector<const LedgerEntry*> newest;
    for (const auto& [name, table] : state_->tables) {
        std::unordered_set<std::string_view> keys;
        for (const LedgerEntry& entry : table.entries() | std::views::reverse) {
            // Nearly in the order of their ends: the loops hand them over as they come.
            if (entry.ended_at < since) {
                break;
            }
            if (entry.proven && entry.acknowledged && !entry.key.empty() &&
                keys.insert(entry.key).second) {
                newest.push_back(&entry);
            }
        }
    }
    std::ranges::sort(newest, std::greater{}, &LedgerEntry::number);
    newest.resize(std::min(newest.size(), limit));
    std::vector<LedgerEntry> out;
    out.reserve(newest.size());
    for (const LedgerEntry* entry : newest) {
        out.push_back(*entry);
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
