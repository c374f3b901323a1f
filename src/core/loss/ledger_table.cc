#include "core/loss/ledger_table.h"

#include <algorithm>
#include <utility>

#include "base/assert.h"

namespace farshore::core {

namespace {

// Numbers grow by at least one from entry to entry, and by just one while no other table is written
// to: then an entry stands as far behind the first as its number is greater.
template <class Entries>
auto entry_numbered(Entries& entries, std::uint64_t number) -> decltype(&entries.front()) {
    if (entries.empty() || number < entries.front().number) {
        return nullptr;
    }
    const std::uint64_t furthest =
        std::min<std::uint64_t>(number - entries.front().number, entries.size() - 1);
    const auto last = entries.begin() + static_cast<std::ptrdiff_t>(furthest);
    const auto at =
        last->number == number
            ? last
            : std::ranges::lower_bound(entries.begin(), last, number, {}, &LedgerWrite::number);
    return at->number == number ? &*at : nullptr;
}

}  // namespace

std::size_t bytes_of(const LedgerWrite& entry) {
    // A key stands in the entry and in the table's index.
    return sizeof entry + 2 * entry.key.size() + entry.digest.size() + entry.operation.size() +
           entry.table.value().size();
}

LedgerWrite* LedgerTable::find(std::uint64_t number) {
    return entry_numbered(entries_, number);
}

const LedgerWrite* LedgerTable::find(std::uint64_t number) const {
    return entry_numbered(entries_, number);
}

LedgerTable::Key* LedgerTable::key_named(std::string_view key) {
    const auto found = keys_.find(std::string{key});
    return found == keys_.end() ? nullptr : &found->second;
}

LedgerWrite& LedgerTable::append(LedgerWrite entry) {
    keyless_.insert(entry.number);
    return entries_.emplace_back(std::move(entry));
}

void LedgerTable::index(LedgerWrite& entry, std::string key) {
    keyless_.erase(entry.number);
    Key& known = keys_[key];
    unproven_keys_ += known.unproven.empty() ? 1 : 0;
    known.unproven.insert(std::ranges::upper_bound(known.unproven, entry.number), entry.number);
    ++known.entries;
    entry.key = std::move(key);
}

bool LedgerTable::leads(const LedgerWrite& entry) const {
    const auto found = keys_.find(entry.key);
    return !entry.key.empty() && found != keys_.end() && !found->second.unproven.empty() &&
           found->second.unproven.front() == entry.number;
}

LedgerTable::Proven LedgerTable::proven_by(
    std::string_view key, std::string_view digest, Instant settled_before
) {
    const Key* known = key_named(key);
    if (known == nullptr || digest.empty()) {
        return {};
    }
    const std::deque<std::uint64_t>& numbers = known->unproven;
    const auto leaves_it = [&](std::uint64_t number) {
        return find(number)->digest == digest;
    };
    // The first write that leaves this state, and those right behind it that change nothing.
    const auto first = std::ranges::find_if(numbers, leaves_it);
    if (first == numbers.end()) {
        return {};
    }
    auto end = std::find_if_not(first, numbers.end(), leaves_it);
    // The standby may look so because nothing of all this has arrived.
    const bool may_be_before = known->before ? *known->before == digest : digest == kAbsent;
    Proven proven{.numbers = {}, .doubtful = first != numbers.begin() && may_be_before};
    if (proven.doubtful) {
        end = numbers.begin();
    }
    // So old that all of it has arrived: then the last write that leaves this state counts.
    for (auto at = first; at != numbers.end(); ++at) {
        if (find(*at)->ended_at < settled_before && leaves_it(*at)) {
            end = std::max(end, at + 1);
        }
    }
    proven.numbers.assign(numbers.begin(), end);
    return proven;
}

LedgerTable::Proven LedgerTable::proven_by_equality(
    std::string_view key, const Equality& equality
) {
    const Key* known = key_named(key);
    if (known == nullptr) {
        return {};
    }
    const std::deque<std::uint64_t>& numbers = known->unproven;
    auto end = std::ranges::upper_bound(numbers, equality.up_to_number);
    Proven proven;
    // Several writes may have led back to where they began, and none of them arrived.
    if (equality.settled_before && end - numbers.begin() > 1) {
        const auto settled = std::find_if(numbers.begin(), end, [&](std::uint64_t number) {
            return find(number)->ended_at >= *equality.settled_before;
        });
        proven.doubtful = settled != end;
        end = settled;
    }
    proven.numbers.assign(numbers.begin(), end);
    return proven;
}

void LedgerTable::settle(LedgerWrite& entry) {
    keyless_.erase(entry.number);
    Key* key = entry.key.empty() ? nullptr : key_named(entry.key);
    if (key == nullptr || key->unproven.empty()) {
        return;
    }
    if (entry.proven) {
        key->before = entry.digest.empty() ? std::nullopt : std::optional(entry.digest);
    } else {
        key->before.reset();
    }
    // Nearly always the first: entries are proven and forgotten from the old end.
    if (key->unproven.front() == entry.number) {
        key->unproven.pop_front();
    } else {
        std::erase(key->unproven, entry.number);
    }
    unproven_keys_ -= key->unproven.empty() ? 1 : 0;
}

std::deque<std::uint64_t> LedgerTable::unproven_of(std::string_view key) const {
    const auto found = keys_.find(std::string{key});
    return found == keys_.end() ? std::deque<std::uint64_t>{} : found->second.unproven;
}

void LedgerTable::lose_key(LedgerWrite& entry) {
    settle(entry);
    forget_entry_of(entry.key);
    entry.key.clear();
    keyless_.insert(entry.number);
}

void LedgerTable::doubt(LedgerWrite& entry) {
    entry.proven = false;
    Key* key = key_named(entry.key);
    FARSHORE_ASSERT(key != nullptr, "what was proven has a key");
    unproven_keys_ += key->unproven.empty() ? 1 : 0;
    key->unproven.insert(std::ranges::upper_bound(key->unproven, entry.number), entry.number);
}

void LedgerTable::drop_oldest() {
    LedgerWrite& oldest = entries_.front();
    if (!oldest.proven) {
        settle(oldest);
    }
    if (!oldest.key.empty()) {
        forget_entry_of(oldest.key);
    }
    entries_.pop_front();
}

void LedgerTable::forget_entry_of(const std::string& key) {
    const auto found = keys_.find(key);
    FARSHORE_ASSERT(found != keys_.end(), "each entry's key is known as long as it has entries");
    if (--found->second.entries == 0) {
        keys_.erase(found);
    }
}

}  // namespace farshore::core
