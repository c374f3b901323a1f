#include "dataplane/ledger_table.h"

#include <algorithm>
#include <utility>

#include "base/assert.h"

#include "dataplane/item_digest.h"
#include "dataplane/note_reader.h"

namespace farshore::dataplane {

std::size_t bytes_of(const LedgerEntry& entry) {
    // A key stands in the entry and in the table's index.
    return sizeof entry + 2 * entry.key.size() + entry.digest.size() + entry.operation.size() +
           entry.table.value().size();
}

std::size_t bytes_of(const boost::json::object& attributes) {
    constexpr std::size_t kPerMember = 64;
    std::size_t sum = kPerMember;
    for (const auto& [name, tagged] : attributes) {
        sum += kPerMember + name.size();
        if (const auto* one = tagged.if_object(); one != nullptr && !one->empty()) {
            const auto* text = one->begin()->value().if_string();
            sum += kPerMember + (text == nullptr ? 0 : text->size());
        }
    }
    return sum;
}

LedgerEntry* LedgerTable::find(std::uint64_t number) {
    const auto at = std::ranges::lower_bound(entries_, number, {}, &LedgerEntry::number);
    return at != entries_.end() && at->number == number ? &*at : nullptr;
}

LedgerTable::Key* LedgerTable::key_named(std::string_view key) {
    const auto found = keys_.find(std::string{key});
    return found == keys_.end() ? nullptr : &found->second;
}

LedgerEntry& LedgerTable::append(LedgerEntry entry) {
    keyless_.insert(entry.number);
    return entries_.emplace_back(std::move(entry));
}

void LedgerTable::index(LedgerEntry& entry, std::string key) {
    keyless_.erase(entry.number);
    Key& known = keys_[key];
    unproven_keys_ += known.unproven.empty() ? 1 : 0;
    known.unproven.insert(std::ranges::upper_bound(known.unproven, entry.number), entry.number);
    ++known.entries;
    entry.key = std::move(key);
}

void LedgerTable::wait_for_names(std::uint64_t number, boost::json::object attributes, bool whole) {
    waiting_.emplace(number, Waiting{.attributes = std::move(attributes), .whole = whole});
}

LedgerTable::Named LedgerTable::set_key_names(std::vector<std::string> names) {
    key_names_ = std::move(names);
    Named named;
    for (auto& [number, waiting] : std::exchange(waiting_, {})) {
        named.bytes += bytes_of(waiting.attributes);
        LedgerEntry* entry = find(number);
        if (auto key = key_text(waiting.attributes, key_names_); key && entry != nullptr) {
            index(*entry, std::move(*key));
        } else if (waiting.whole && entry != nullptr) {
            named.not_keys.push_back(number);
        }
    }
    return named;
}

bool LedgerTable::leads(const LedgerEntry& entry) const {
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

std::size_t LedgerTable::forget_waiting(std::uint64_t number) {
    const auto found = waiting_.find(number);
    if (found == waiting_.end()) {
        return 0;
    }
    const std::size_t bytes = bytes_of(found->second.attributes);
    waiting_.erase(found);
    return bytes;
}

std::size_t LedgerTable::settle(LedgerEntry& entry) {
    keyless_.erase(entry.number);
    const std::size_t waited = forget_waiting(entry.number);
    Key* key = entry.key.empty() ? nullptr : key_named(entry.key);
    if (key == nullptr || key->unproven.empty()) {
        return waited;
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
    return waited;
}

std::deque<std::uint64_t> LedgerTable::unproven_of(std::string_view key) const {
    const auto found = keys_.find(std::string{key});
    return found == keys_.end() ? std::deque<std::uint64_t>{} : found->second.unproven;
}

void LedgerTable::lose_key(LedgerEntry& entry) {
    (void)settle(entry);
    forget_entry_of(entry.key);
    entry.key.clear();
    keyless_.insert(entry.number);
}

void LedgerTable::doubt(LedgerEntry& entry) {
    entry.proven = false;
    Key* key = key_named(entry.key);
    FARSHORE_ASSERT(key != nullptr, "what was proven has a key");
    unproven_keys_ += key->unproven.empty() ? 1 : 0;
    key->unproven.insert(std::ranges::upper_bound(key->unproven, entry.number), entry.number);
}

std::size_t LedgerTable::drop_oldest() {
    LedgerEntry& oldest = entries_.front();
    const std::size_t waited = oldest.proven ? 0 : settle(oldest);
    if (!oldest.key.empty()) {
        forget_entry_of(oldest.key);
    }
    entries_.pop_front();
    return waited;
}

void LedgerTable::forget_entry_of(const std::string& key) {
    const auto found = keys_.find(key);
    FARSHORE_ASSERT(found != keys_.end(), "each entry's key is known as long as it has entries");
    if (--found->second.entries == 0) {
        keys_.erase(found);
    }
}

}  // namespace farshore::dataplane
