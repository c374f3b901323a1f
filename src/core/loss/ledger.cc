#include "core/loss/ledger.h"

#include <algorithm>
#include <functional>
#include <ranges>
#include <unordered_set>
#include <utility>

#include "base/assert.h"

namespace farshore::core {

namespace {

// DynamoDB's own limits: keys of 2048 and 1024 bytes, as base64 in JSON; and names of tables.
constexpr std::size_t kKeyTextMax = 8192;
constexpr std::size_t kTableNameMax = 255;

}  // namespace

Ledger::Ledger(const Ledger& other)
    : limits_(other.limits_),
      tables_(other.tables_),
      unproven_(other.unproven_),
      unknown_(other.unknown_),
      last_number_(other.last_number_),
      bytes_(other.bytes_),
      totals_(other.totals_),
      left_behind_(other.left_behind_),
      told_up_to_(other.told_up_to_) {
    std::map<const LedgerTable*, LedgerTable*> here;
    for (const auto& [name, table] : other.tables_) {
        here.emplace(&table, &tables_.at(name));
    }
    for (auto& entry : unproven_) {
        entry.second = here.at(entry.second);
    }
    for (Unknown& unknown : unknown_) {
        unknown.table = here.at(unknown.table);
    }
}

std::uint64_t Ledger::add(LedgerWrite write, KeyKnown known) {
    LedgerTable& table = table_for(write.table);
    ++(write.acknowledged ? totals_.acknowledged : totals_.unknown);
    if (write.acknowledged) {
        totals_.last_acknowledged_at = write.ended_at;
        totals_.last_acknowledged_for_people = write.at;
    }
    make_room(table);
    std::string key = std::exchange(write.key, {});
    write.number = ++last_number_;
    write.proven = false;
    if (write.table.value().size() > kTableNameMax) {
        write.table = kNowhere;
    }
    LedgerWrite& entry = table.append(std::move(write));
    unproven_.emplace(entry.number, &table);
    if (!entry.acknowledged) {
        note_unknown(entry, table);
    }
    // Nowhere, the same key in two tables would be one.
    const bool somewhere = !is_nowhere(table);
    if (known == KeyKnown::impossible && !entry.acknowledged) {
        settle_refused(table, entry);  // DynamoDB accepts no item without a whole, sound key
    } else if (known == KeyKnown::told && somewhere && key.size() <= kKeyTextMax) {
        table.index(entry, std::move(key));
    } else if (known != KeyKnown::awaited || !somewhere) {
        ++totals_.unreadable;
    }
    bytes_ += bytes_of(entry);
    return entry.number;
}

void Ledger::give_key(const TableName& name, std::uint64_t number, std::optional<std::string> key) {
    if (!lacks_key(name, number)) {
        return;
    }
    LedgerTable& table = tables_.find(name)->second;
    LedgerWrite& entry = *table.find(number);
    if (key && key->size() <= kKeyTextMax) {
        bytes_ -= bytes_of(entry);
        table.index(entry, std::move(*key));
        bytes_ += bytes_of(entry);
    } else if (!key && !entry.acknowledged) {
        settle_refused(table, entry);
    }
}

bool Ledger::lacks_key(const TableName& name, std::uint64_t number) const {
    const auto table = tables_.find(name);
    return name != kNowhere && table != tables_.end() && table->second.keyless().contains(number);
}

std::vector<TableName> Ledger::tables() const {
    std::vector<TableName> names;
    for (const auto& [name, table] : tables_) {
        if (name != kNowhere) {
            names.push_back(name);
        }
    }
    return names;
}

void Ledger::miss(std::uint64_t writes, Instant first, Instant last) {
    totals_.forgotten_unproven += writes;
    incomplete(first);
    incomplete(last);
}

std::vector<LedgerKey> Ledger::unproven_keys(
    std::size_t limit, std::uint64_t from, const std::set<TableName>& without
) const {
    std::vector<LedgerKey> keys;
    for (auto at = unproven_.lower_bound(from); at != unproven_.end() && keys.size() < limit;
         ++at) {
        const LedgerWrite* entry = at->second->find(at->first);
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

std::map<TableName, Ledger::Unproven> Ledger::unproven_by_table() const {
    std::map<TableName, Unproven> out;
    for (const auto& [number, table] : unproven_) {
        const LedgerWrite* entry = table->find(number);
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
    LedgerTable& table = table_for(name);
    return settle(table, table.proven_by(key, digest, settled_before));
}

Proof Ledger::mark_equal(const TableName& name, std::string_view key, const Equality& equality) {
    LedgerTable& table = table_for(name);
    return settle(table, table.proven_by_equality(key, equality));
}

void Ledger::doubt_unknown(Instant since) {
    for (const Unknown& each : unknown_) {
        LedgerWrite* entry = each.table->find(each.number);
        if (each.given_up_at >= since && entry != nullptr && entry->proven) {
            each.table->doubt(*entry);
            unproven_.emplace(entry->number, each.table);
        }
    }
}

std::vector<LedgerWrite> Ledger::unknown_since(Instant since, std::size_t limit) const {
    std::vector<LedgerWrite> out;
    for (auto at = unknown_.rbegin(); at != unknown_.rend() && out.size() < limit; ++at) {
        const LedgerWrite* entry = at->table->find(at->number);
        if (at->given_up_at >= since && entry != nullptr) {
            out.push_back(*entry);
        }
    }
    return out;
}

void Ledger::inherit(LedgerWrite entry, Instant now) {
    // Only the wall clock tells when the write was given up, so its age counts from now.
    entry.ended_at = now;
    entry.acknowledged = false;
    const KeyKnown known = entry.key.empty() ? KeyKnown::untold : KeyKnown::told;
    (void)add(std::move(entry), known);
}

std::size_t Ledger::refuse_key(const TableName& name, std::string_view key, bool misread) {
    LedgerTable& table = table_for(name);
    std::size_t left = 0;
    for (const std::uint64_t number : table.unproven_of(key)) {
        LedgerWrite& entry = *table.find(number);
        if (!entry.acknowledged) {
            settle_refused(table, entry);
        } else if (misread) {
            bytes_ -= bytes_of(entry);
            table.lose_key(entry);
            bytes_ += bytes_of(entry);
            ++totals_.unreadable;
        } else {
            ++left;
        }
    }
    return left;
}

void Ledger::give_up_keyless(Instant before) {
    for (auto& [name, table] : tables_) {
        while (!table.keyless().empty()) {
            LedgerWrite* oldest = table.find(*table.keyless().begin());
            if (oldest->ended_at >= before) {
                break;
            }
            ++totals_.given_up_keyless;
            unproven_.erase(oldest->number);
            table.settle(*oldest);
        }
    }
}

void Ledger::leave_behind(Epoch epoch) {
    std::erase_if(unproven_, [&](const auto& at) {
        LedgerWrite* entry = at.second->find(at.first);
        if (entry->epoch >= epoch) {
            return false;
        }
        if (entry->number > told_up_to_) {
            left_behind_.push_back(*entry);
        }
        at.second->settle(*entry);
        return true;
    });
}

void Ledger::told_up_to(std::uint64_t number) {
    told_up_to_ = std::max(told_up_to_, number);
    std::erase_if(left_behind_, [number](const LedgerWrite& entry) {
        return entry.number <= number;
    });
}

void Ledger::forget_what_was_told() {
    told_up_to_ = 0;
}

std::vector<LedgerWrite> Ledger::unproven_entries(std::size_t limit) const {
    std::vector<LedgerWrite> out;
    for (const auto& [number, table] : unproven_) {
        if (out.size() == limit) {
            break;
        }
        out.push_back(*table->find(number));
    }
    return out;
}

std::vector<LedgerWrite> Ledger::proven_since(Instant since, std::size_t limit) const {
    std::vector<const LedgerWrite*> newest;
    for (const auto& [name, table] : tables_) {
        std::unordered_set<std::string_view> keys;
        for (const LedgerWrite& entry : table.entries() | std::views::reverse) {
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
    std::ranges::sort(newest, std::greater{}, &LedgerWrite::number);
    newest.resize(std::min(newest.size(), limit));
    std::vector<LedgerWrite> out;
    out.reserve(newest.size());
    for (const LedgerWrite* entry : newest) {
        out.push_back(*entry);
    }
    return out;
}

std::vector<LedgerWrite> Ledger::entries(const TableName& name, std::size_t limit) const {
    std::vector<LedgerWrite> out;
    for (const auto& [table_name, table] : tables_) {
        if (name != kNowhere && name != table_name) {
            continue;
        }
        const std::deque<LedgerWrite>& all = table.entries();
        const std::size_t from = all.size() > limit ? all.size() - limit : 0;
        out.insert(out.end(), all.begin() + static_cast<std::ptrdiff_t>(from), all.end());
    }
    std::ranges::sort(out, {}, &LedgerWrite::number);
    if (out.size() > limit) {
        out.erase(out.begin(), out.end() - static_cast<std::ptrdiff_t>(limit));
    }
    return out;
}

LedgerCounters Ledger::counters() const {
    LedgerCounters counters = totals_;
    counters.unproven = unproven_.size();
    for (const auto& [name, table] : tables_) {
        counters.unproven_keys += table.unproven_keys() + table.keyless().size();
        counters.keyless += table.keyless().size();
        if (!table.keyless().empty()) {
            const Instant newest = table.find(*table.keyless().rbegin())->ended_at;
            counters.newest_keyless_at =
                std::max(counters.newest_keyless_at.value_or(newest), newest);
        }
    }
    if (!unproven_.empty()) {
        const auto& [oldest, oldest_table] = *unproven_.begin();
        counters.oldest_unproven_at = oldest_table->find(oldest)->ended_at;
    }
    return counters;
}

LedgerTable& Ledger::table_for(const TableName& name) {
    const auto known = tables_.find(name);
    if (known != tables_.end()) {
        return known->second;
    }
    const bool fits = tables_.size() < limits_.tables_max && name.value().size() <= kTableNameMax;
    return tables_[fits ? name : kNowhere];
}

bool Ledger::is_nowhere(const LedgerTable& table) const {
    const auto nowhere = tables_.find(kNowhere);
    return nowhere != tables_.end() && &nowhere->second == &table;
}

void Ledger::incomplete(Instant since) {
    if (!totals_.incomplete_since) {
        totals_.incomplete_since = since;
    }
    totals_.last_forgotten_at = std::max(totals_.last_forgotten_at.value_or(since), since);
}

void Ledger::note_unknown(const LedgerWrite& entry, LedgerTable& table) {
    if (unknown_.size() == limits_.entries_per_table_max) {
        unknown_.pop_front();
    }
    unknown_.push_back({.number = entry.number, .table = &table, .given_up_at = entry.ended_at});
}

void Ledger::settle_refused(LedgerTable& table, LedgerWrite& entry) {
    ++totals_.refused_unknown;
    unproven_.erase(entry.number);
    table.settle(entry);
    std::erase_if(unknown_, [&entry](const Unknown& each) { return each.number == entry.number; });
}

void Ledger::make_room(LedgerTable& table) {
    if (table.entries().size() == limits_.entries_per_table_max) {
        forget_oldest(table);
    }
    while (bytes_ > limits_.bytes_max) {
        LedgerTable* oldest = nullptr;
        for (auto& [name, each] : tables_) {
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

void Ledger::forget_oldest(LedgerTable& table) {
    const LedgerWrite& oldest = table.entries().front();
    if (unproven_.erase(oldest.number) > 0) {
        ++totals_.forgotten_unproven;
        incomplete(oldest.ended_at);
    }
    bytes_ -= bytes_of(oldest);
    table.drop_oldest();
}

Proof Ledger::settle(LedgerTable& table, const LedgerTable::Proven& proven) {
    Proof proof{.entries = proven.numbers.size(), .doubtful = proven.doubtful, .newest_at = {}};
    for (const std::uint64_t number : proven.numbers) {
        LedgerWrite* entry = table.find(number);
        FARSHORE_ASSERT(entry != nullptr, "an unproven entry is held by its table");
        entry->proven = true;
        unproven_.erase(number);
        table.settle(*entry);
        proof.newest_at = entry->ended_at;
    }
    return proof;
}

}  // namespace farshore::core
