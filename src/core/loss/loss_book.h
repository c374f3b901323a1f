#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <utility>

#include "core/loss/key_chain.h"

namespace farshore::core {

// All chains of one operation, by table and key, with their sums kept up to date. Bounded: what
// does not fit is counted, but for proven writes, which can only save others from being told as at
// risk. Values only; one owner.
class LossBook {
  public:
    using At = std::pair<std::string, std::string>;
    using Chains = std::map<At, KeyChain>;

    explicit LossBook(std::size_t writes_max = 1'000'000, std::size_t aside_max = 100'000)
        : writes_max_(writes_max), aside_max_(aside_max) {}

    // The chain that has changed; null when the book is full.
    const KeyChain* add(const HostId& host, const LedgerEntry& entry);

    // The newest write under its key that the host had seen in the target. Kept aside, in memory
    // alone, as long as no host has named an unproven write of the key. The chain that has changed;
    // null when there is none.
    const KeyChain* add_proven(const HostId& host, const LedgerEntry& entry);
    void restore(KeyChain chain);

    // The host has told every write up to this order that it had not proven. A write up to it that
    // is added for the first time afterwards was made afterwards: the host's machine has become
    // again what a snapshot of it was, and gives to new writes the orders of those it has
    // forgotten.
    void note_told(const HostId& host, std::uint64_t order);

    // Changes one chain; `how` says whether it did. False when there is no such chain.
    template <class How>
    bool change(const At& at, const How& how) {
        const auto found = chains_.find(at);
        if (found == chains_.end()) {
            return false;
        }
        leave(found->second);
        const bool changed = how(found->second);
        enter(at, found->second);
        return changed;
    }

    // Both Regions have answered for so much longer, in this life of the controller and the
    // earlier.
    void note_waited(Duration time) { waited_ += time; }

    [[nodiscard]] Duration waited() const { return waited_; }

    // An agent had more unproven writes than it could remember.
    void note_truncated() { counts_.whole = false; }

    // Counts acknowledged writes only: no client was told that the others had happened.
    [[nodiscard]] const LossCounts& counts() const { return counts_; }

    // Acknowledged writes of keys whose end is not known yet.
    [[nodiscard]] std::uint64_t open_writes() const { return open_writes_; }

    [[nodiscard]] bool settled() const { return open_.empty(); }

    [[nodiscard]] bool truncated() const { return !counts_.whole; }

    [[nodiscard]] const Chains& chains() const { return chains_; }

    // Those that are not settled.
    [[nodiscard]] const std::set<At>& open() const { return open_; }

    // Null: there is none.
    [[nodiscard]] const KeyChain* find(const At& at) const;

  private:
    void leave(const KeyChain& chain);
    void enter(const At& at, const KeyChain& chain);

    std::size_t writes_max_;
    std::size_t aside_max_;
    std::size_t writes_ = 0;
    Duration waited_{};
    Chains chains_;
    std::map<std::pair<At, HostId>, LedgerEntry> aside_;  // proven, of keys without a chain
    std::set<At> open_;
    std::map<HostId, std::uint64_t> told_;  // the highest order, as note_told() has it
    LossCounts counts_;
    std::uint64_t open_writes_ = 0;
};

}  // namespace farshore::core
