#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "sim/ledger.h"

namespace farshore::sim {

// What agents could not prove when they were fenced, and what became of it: as src/controller's
// loss book, by write instead of by key, and always durable.
struct LossBook {
    struct Entry {
        LedgerEntry write;
        bool settled = false;
    };

    Place from = 0;
    Place to = 0;
    bool examined = false;
    std::vector<Entry> entries;
    std::uint64_t told = 0;  // open writes, as the core knows them

    void add(const LedgerEntry& write) {
        const auto known = std::ranges::find_if(entries, [&](const Entry& entry) {
            return entry.write.id == write.id;
        });
        if (known == entries.end()) {
            entries.push_back({.write = write});
        }
    }

    // Acknowledged writes whose end is not known yet.
    [[nodiscard]] std::uint64_t open() const {
        return static_cast<std::uint64_t>(std::ranges::count_if(entries, [](const Entry& entry) {
            return entry.write.acknowledged && !entry.settled;
        }));
    }
};

}  // namespace farshore::sim
