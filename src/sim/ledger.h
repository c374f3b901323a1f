#pragma once

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <vector>

#include "sim/tables.h"

namespace farshore::sim {

// A write that an agent forwarded and has not seen in the standby yet.
struct LedgerEntry {
    std::size_t key = 0;
    WriteId id = 0;
    Epoch epoch;
    bool acknowledged = true;  // false: sent, outcome unknown
    Instant at{};              // by the host's own clock
};

// Which writes would be lost if the active Region vanished now? Lives in the process only.
class Ledger {
  public:
    void add(LedgerEntry entry) { entries_.push_back(entry); }

    template <class IsProven>
    void prove(const IsProven& is_proven) {
        std::erase_if(entries_, is_proven);
    }

    void forget_below(Epoch epoch) {
        std::erase_if(entries_, [epoch](const LedgerEntry& entry) { return entry.epoch < epoch; });
    }

    // Entries of older epochs that no fence has asked for: the standby is now the Region in which
    // they were written, so no look at it proves anything. They are kept for the next controller.
    void leave_behind(Epoch epoch) {
        const auto older = [epoch](const LedgerEntry& entry) {
            return entry.epoch < epoch;
        };
        std::ranges::copy_if(entries_, std::back_inserter(left_behind_), older);
        std::erase_if(entries_, older);
    }

    void handed_over() { left_behind_.clear(); }

    [[nodiscard]] const std::vector<LedgerEntry>& left_behind() const { return left_behind_; }

    void clear() {
        entries_.clear();
        left_behind_.clear();
    }

    [[nodiscard]] bool empty() const { return entries_.empty(); }

    [[nodiscard]] std::size_t size() const { return entries_.size(); }

    [[nodiscard]] const std::vector<LedgerEntry>& entries() const { return entries_; }

  private:
    std::vector<LedgerEntry> entries_;
    std::vector<LedgerEntry> left_behind_;
};

}  // namespace farshore::sim
