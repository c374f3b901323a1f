#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "core/loss/ledger_write.h"

namespace farshore::core {

// One table's entries, and which of each key's are proven. Part of the ledger; one thread.
class LedgerTable {
  public:
    [[nodiscard]] const std::deque<LedgerWrite>& entries() const { return entries_; }

    [[nodiscard]] LedgerWrite* find(std::uint64_t number);
    [[nodiscard]] const LedgerWrite* find(std::uint64_t number) const;

    // The newest entry, still without key.
    LedgerWrite& append(LedgerWrite entry);
    // The entry gets its key.
    void index(LedgerWrite& entry, std::string key);

    [[nodiscard]] std::size_t unproven_keys() const { return unproven_keys_; }

    [[nodiscard]] const std::set<std::uint64_t>& keyless() const { return keyless_; }

    // Is this the key's oldest unproven entry?
    [[nodiscard]] bool leads(const LedgerWrite& entry) const;

    // The numbers that a look at the standby proves, the oldest first (Ledger::mark_proven).
    struct Proven {
        std::vector<std::uint64_t> numbers;
        bool doubtful = false;
    };

    [[nodiscard]] Proven proven_by(
        std::string_view key, std::string_view digest, Instant settled_before
    );
    // The same for a key that is equal in both Regions (Ledger::mark_equal).
    [[nodiscard]] Proven proven_by_equality(std::string_view key, const Equality& equality);

    // The entry is unproven no more.
    void settle(LedgerWrite& entry);
    // The unproven entries of a key, the oldest first.
    [[nodiscard]] std::deque<std::uint64_t> unproven_of(std::string_view key) const;
    // The entry, unproven, has lost its key.
    void lose_key(LedgerWrite& entry);
    // The entry, with its key, is unproven again.
    void doubt(LedgerWrite& entry);
    // Takes the oldest entry away, settled or not.
    void drop_oldest();

  private:
    struct Key {
        std::deque<std::uint64_t> unproven;  // oldest first
        std::size_t entries = 0;
        // What the newest proven entry left behind; nullopt: not known.
        std::optional<std::string> before;
    };

    void forget_entry_of(const std::string& key);
    [[nodiscard]] Key* key_named(std::string_view key);

    std::deque<LedgerWrite> entries_;  // oldest first
    std::unordered_map<std::string, Key> keys_;
    std::size_t unproven_keys_ = 0;
    std::set<std::uint64_t> keyless_;  // unproven entries whose key is not known
};

// About what an entry takes in memory.
[[nodiscard]] std::size_t bytes_of(const LedgerWrite& entry);

}  // namespace farshore::core
