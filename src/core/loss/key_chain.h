#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/enum_names.h"
#include "core/loss/ledger_entry.h"
#include "core/loss/loss_counts.h"

// What becomes of the writes of one key that the old Region acknowledged and no agent had seen in
// the new one when it was promoted.
namespace farshore::core {

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
    LedgerEntry entry;
    Fate fate = Fate::at_risk;
    // Its host had seen it in the target. No write at risk: it only tells what lies under it.
    bool proven = false;
};

// What one look at both Regions saw of a key. Digests as LedgerEntry::hash has them; nullopt: could
// not be read.
struct KeySight {
    std::optional<std::string> old_region;
    std::optional<std::string> target;
};

inline constexpr std::size_t kWritesPerKeyMax = 100'000;

// All that is known of one key, for the store.
struct KeptChain {
    std::string table;
    std::string key;
    std::vector<RiskyWrite> writes;
    // The target has been read before its promotion, or it is too late for that.
    bool examined = false;
    std::optional<std::string> promotion_digest;
    // The target's item was seen changed while the old Region was away: by a newer write.
    bool changed_before_return = false;
    std::optional<UtcTime> settled_at;
    std::string reason;  // why it was given up, or who decided it; empty: neither
};

// The unproven writes of one key, of all agents together, with the proven ones that may lie on top
// of them: those of one host in the order in which it made them, whatever its clock was set to
// meanwhile, and between hosts in that of their times. Values only; one owner.
class KeyChain {
  public:
    // Where a write stands among those of its host.
    enum class Standing : std::uint8_t {
        by_order,
        last,  // its order had been another write's before
    };

    // Sums over a chain's acknowledged writes, kept up to date with each fate.
    struct Sums {
        LossCounts counts;
        std::uint64_t open = 0;  // without a fate
    };

    KeyChain(std::string table, std::string key) {
        kept_.table = std::move(table);
        kept_.key = std::move(key);
    }

    // As the store has kept it.
    explicit KeyChain(KeptChain kept);

    // False: it is there already, or the key has no room for another write.
    bool add(HostId host, LedgerEntry entry, Standing standing = Standing::by_order);

    // A write that its host had seen in the target: what lies under it is there too, whatever its
    // fate was. False as above.
    bool add_proven(HostId host, LedgerEntry entry);

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
    std::size_t decide(Fate fate, UtcTime now, const std::string& reason);

    [[nodiscard]] const std::string& table() const { return kept_.table; }

    [[nodiscard]] const std::string& key() const { return kept_.key; }

    [[nodiscard]] const std::vector<RiskyWrite>& writes() const { return kept_.writes; }

    [[nodiscard]] bool examined() const { return kept_.examined; }

    [[nodiscard]] bool settled() const { return kept_.settled_at.has_value(); }

    // A drain did without some of its writes.
    [[nodiscard]] bool left_out() const;

    [[nodiscard]] bool has_acknowledged() const;

    [[nodiscard]] const std::string& reason() const { return kept_.reason; }

    [[nodiscard]] const Sums& sums() const { return sums_; }

    [[nodiscard]] const KeptChain& kept() const { return kept_; }

  private:
    [[nodiscard]] bool is_at_risk_digest(const std::optional<std::string>& digest) const;
    [[nodiscard]] bool is_last_digest(const std::optional<std::string>& digest) const;
    // What the target held at its promotion was written by it, or lies on top of it.
    [[nodiscard]] bool was_there(const RiskyWrite& write) const;
    void give(RiskyWrite& write, Fate fate);
    void judge_at_promotion();
    void found_up_to(std::size_t end);
    void settle(Fate fate, UtcTime now);
    [[nodiscard]] bool knows(const RiskyWrite& write) const;
    [[nodiscard]] std::vector<RiskyWrite>::iterator place_of(
        const RiskyWrite& write, Standing standing
    );
    // Where the write stands now; nullopt: as add() says.
    [[nodiscard]] std::optional<std::size_t> place(
        RiskyWrite write, Standing standing = Standing::by_order
    );

    KeptChain kept_;
    Sums sums_;
    bool by_time_ = true;  // as long as no host's clock was set back among them
    // The fates are those of the promotion and no later ones: the first `found_` are present.
    bool fresh_ = false;
    std::size_t found_ = 0;
};

}  // namespace farshore::core
