#pragma once

#include <array>
#include <cstddef>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <boost/json.hpp>

#include "base/enum_names.h"
#include "wire/agent_protocol.h"
#include "wire/api.h"

// What becomes of writes that the old Region acknowledged and no agent had seen in the new one when
// it was promoted. Pure values: reading items and keeping documents is loss_keeper.h's work.
namespace farshore::controller {

enum class Fate {
    at_risk,        // not found in the target at its promotion, and nothing known since
    present,        // found in the target before it took writes
    applied_late,   // arrived after the old Region had come back
    suppressed,     // a newer write in the target won: lost
    never_arrived,  // both Regions agree on what was there before it: lost
    unknown,        // cannot be decided
};
inline constexpr std::array<std::string_view, 6> kFateNames{
    "at_risk", "present", "applied_late", "suppressed", "never_arrived", "unknown"
};

constexpr const auto& names_of(Fate) {
    return kFateNames;
}

struct RiskyWrite {
    HostId host;
    wire::LedgerEntry entry;
    Fate fate = Fate::at_risk;
    // Its host had seen it in the target. No write at risk: it only tells what lies under it.
    bool proven = false;
};

// What one look at both Regions saw of a key. Digests as of item_digest.h; nullopt: could not be
// read.
struct KeySight {
    std::optional<std::string> old_region;
    std::optional<std::string> target;
};

inline constexpr std::size_t kWritesPerKeyMax = 100'000;

// The unproven writes of one key, of all agents together, with the proven ones that may lie on top
// of them: those of one host in the order in which it made them, whatever its clock was set to
// meanwhile, and between hosts in that of their times.
class KeyChain {
  public:
    KeyChain(std::string table, std::string key) : table_(std::move(table)), key_(std::move(key)) {}

    // False: it is there already, or the key has no room for another write.
    bool add(HostId host, wire::LedgerEntry entry);

    // A write that its host had seen in the target: what lies under it is there too, whatever its
    // fate was. False as above.
    bool add_proven(HostId host, wire::LedgerEntry entry);

    // The target's item before it took writes. nullopt: it could not be read in time.
    void at_promotion(std::optional<std::string> digest);

    // Judges by one look; true when anything has changed.
    bool look(const KeySight& sight, UtcTime now);

    // The writes have been read in both Regions, by a drain, before the promotion.
    void prove(UtcTime now);

    // Each Region refuses the key when it is read: no write under it was accepted. One that was not
    // acknowledged has never arrived. An acknowledged one has another key than the one its host
    // told, so its fate is unknown; with `acknowledged_too` false it stays open. True when anything
    // has changed.
    bool refuse(UtcTime now, bool acknowledged_too);

    // The controller cannot find out any more, for this reason.
    void give_up(UtcTime now, std::string reason);

    // An operator's word about the writes that have no fate, or an unknown one. How many they are.
    std::size_t decide(Fate fate, UtcTime now, std::string reason);

    [[nodiscard]] const std::string& table() const { return table_; }

    [[nodiscard]] const std::string& key() const { return key_; }

    [[nodiscard]] const std::vector<RiskyWrite>& writes() const { return writes_; }

    // The target has been read before its promotion, or it is too late for that.
    [[nodiscard]] bool examined() const { return examined_; }

    [[nodiscard]] bool settled() const { return settled_at_.has_value(); }

    // A drain did without some of its writes.
    [[nodiscard]] bool left_out() const;

    // Why it was given up, or who decided it; empty: neither.
    [[nodiscard]] const std::string& reason() const { return reason_; }

    [[nodiscard]] boost::json::object document() const;
    // Errors: malformed.
    [[nodiscard]] static Result<KeyChain> parse(std::string_view text);

  private:
    [[nodiscard]] bool is_at_risk_digest(const std::optional<std::string>& digest) const;
    [[nodiscard]] bool is_last_digest(const std::optional<std::string>& digest) const;
    void settle(Fate fate, UtcTime now);
    [[nodiscard]] bool knows(const RiskyWrite& write) const;
    [[nodiscard]] std::vector<RiskyWrite>::iterator place_of(const RiskyWrite& write);
    // Where the write stands now; nullopt: as add() says.
    [[nodiscard]] std::optional<std::size_t> place(RiskyWrite write);

    std::string table_;
    std::string key_;
    std::vector<RiskyWrite> writes_;
    bool by_time_ = true;  // as long as no host's clock was set back among them
    bool examined_ = false;
    std::optional<std::string> promotion_digest_;
    // The target's item was seen changed while the old Region was away: by a newer write.
    bool changed_before_return_ = false;
    std::optional<UtcTime> settled_at_;
    std::string reason_;
};

// Which keys of a book are asked for, in the order of tables and keys.
struct LossPage {
    std::size_t after = 0;  // so many keys come before
    std::size_t limit = 0;  // zero: all
};

// All chains of one operation, by table and key, with their sums kept up to date. Bounded: what
// does not fit is counted, but for proven writes, which can only save others from being told as at
// risk.
class LossBook {
  public:
    using At = std::pair<std::string, std::string>;
    using Chains = std::map<At, KeyChain>;

    explicit LossBook(std::size_t writes_max = 1'000'000, std::size_t aside_max = 100'000)
        : writes_max_(writes_max), aside_max_(aside_max) {}

    // The chain that has changed; null when the book is full.
    const KeyChain* add(const HostId& host, const wire::LedgerEntry& entry);

    // The newest write under its key that the host had seen in the target. Kept aside, in memory
    // alone, as long as no host has named an unproven write of the key. The chain that has changed;
    // null when there is none.
    const KeyChain* add_proven(const HostId& host, const wire::LedgerEntry& entry);
    void restore(KeyChain chain);

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
    [[nodiscard]] const wire::LossCounts& counts() const { return counts_; }

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
    std::map<std::pair<At, HostId>, wire::LedgerEntry> aside_;  // proven, of keys without a chain
    std::set<At> open_;
    wire::LossCounts counts_;
    std::uint64_t open_writes_ = 0;
};

}  // namespace farshore::controller
