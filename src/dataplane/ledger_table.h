#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include <boost/json/object.hpp>

#include "dataplane/ledger.h"

namespace farshore::dataplane {

// One table's entries, and what is known of their keys. Part of the ledger; one thread.
class LedgerTable {
  public:
    [[nodiscard]] const std::vector<std::string>& key_names() const { return key_names_; }

    [[nodiscard]] const std::deque<LedgerEntry>& entries() const { return entries_; }

    [[nodiscard]] LedgerEntry* find(std::uint64_t number);

    // The newest entry, still without key.
    LedgerEntry& append(LedgerEntry entry);
    // The entry gets its key.
    void index(LedgerEntry& entry, std::string key);
    // The entry's key will be made of these once its names are known. `whole`: a key that is not
    // among them was not in the request.
    void wait_for_names(std::uint64_t number, boost::json::object attributes, bool whole);

    struct Named {
        std::size_t bytes = 0;                // of what waited
        std::vector<std::uint64_t> not_keys;  // entries whose whole request had no such key
    };

    // Gives waiting entries their keys.
    Named set_key_names(std::vector<std::string> names);

    [[nodiscard]] std::size_t unproven_keys() const { return unproven_keys_; }

    [[nodiscard]] const std::set<std::uint64_t>& keyless() const { return keyless_; }

    // Is this the key's oldest unproven entry?
    [[nodiscard]] bool leads(const LedgerEntry& entry) const;

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

    // The entry is unproven no more. Returns how many bytes it had waiting for names.
    std::size_t settle(LedgerEntry& entry);
    // The unproven entries of a key, the oldest first.
    [[nodiscard]] std::deque<std::uint64_t> unproven_of(std::string_view key) const;
    // The entry, unproven, has lost its key.
    void lose_key(LedgerEntry& entry);
    // The entry, with its key, is unproven again.
    void doubt(LedgerEntry& entry);
    // Takes the oldest entry away, settled or not; returns bytes that waited.
    std::size_t drop_oldest();

  private:
    struct Key {
        std::deque<std::uint64_t> unproven;  // oldest first
        std::size_t entries = 0;
        // What the newest proven entry left behind; nullopt: not known.
        std::optional<std::string> before;
    };

    struct Waiting {
        boost::json::object attributes;
        bool whole = false;
    };

    std::size_t forget_waiting(std::uint64_t number);
    void forget_entry_of(const std::string& key);
    [[nodiscard]] Key* key_named(std::string_view key);

    std::vector<std::string> key_names_;  // empty: not known yet
    std::deque<LedgerEntry> entries_;     // oldest first
    std::unordered_map<std::string, Key> keys_;
    std::size_t unproven_keys_ = 0;
    std::map<std::uint64_t, Waiting> waiting_;
    std::set<std::uint64_t> keyless_;  // unproven entries whose key is not known
};

// About what an entry, or what waits for its key's names, takes in memory.
[[nodiscard]] std::size_t bytes_of(const LedgerEntry& entry);
[[nodiscard]] std::size_t bytes_of(const boost::json::object& attributes);

}  // namespace farshore::dataplane
