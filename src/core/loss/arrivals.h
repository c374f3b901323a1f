#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/loss/drain_outcome.h"
#include "core/loss/ledger.h"

namespace farshore::core {

// What was written so long ago is under way no more: the lag is seconds, not minutes.
inline constexpr Duration kStillUnderWay = std::chrono::minutes{10};

// Decides which keys of a ledger are looked at in the standby, and what a look proves. Pure; one
// owner.
class Arrivals {
  public:
    static constexpr Duration kLookEvery = std::chrono::milliseconds{200};
    static constexpr Duration kLookAgain = std::chrono::seconds{1};  // when one could not be read
    static constexpr std::size_t kPiece = 400;                       // keys at once: four batches

    // `inherited_at`: an earlier process of the host may have written just before this one began,
    // at that moment.
    explicit Arrivals(std::optional<Instant> inherited_at) : inherited_at_(inherited_at) {}

    // A look begins: what only time can decide is asked again when its time has come.
    void begin(Instant now);

    // The next keys to be looked at, from number `from` on, which moves behind them. Empty: try
    // again while `from` has not passed the ledger's newest number.
    [[nodiscard]] std::vector<LedgerKey> piece(const Ledger& ledger, std::uint64_t& from) const;

    // The standby shows this digest. True: that proves nothing, and the key is to be compared in
    // both Regions. Equal items prove an arrival only while the host may write: one that comes back
    // finds keys equal that newer writes of others have overtaken.
    [[nodiscard]] bool take_look(
        Instant now, Ledger& ledger, const LedgerKey& key, std::string_view digest
    );

    enum class During : std::uint8_t { writes, a_drain };

    // Both Regions were read strongly when the ledger's newest number was this; empty: not read.
    // False: they differ.
    [[nodiscard]] bool take_comparison(
        Instant now,
        Ledger& ledger,
        const LedgerKey& key,
        std::pair<std::string_view, std::string_view> digests,
        std::uint64_t newest_number,
        During during
    );

    // The key could not be read, or not be settled: only time decides.
    void wait_with(Instant now, const LedgerKey& key);

    // Why a list of what is unproven is not whole: the ledger's bounds lately pushed out writes
    // that were not proven, or the process before this one took its ledger with it. nullopt: whole.
    [[nodiscard]] std::optional<std::string> why_not_whole(
        Instant now, const LedgerCounters& counters
    ) const;

  private:
    [[nodiscard]] Instant settled_before(Instant now) const;
    void take_proof(Instant now, const LedgerKey& key, const Proof& proof);

    std::optional<Instant> inherited_at_;
    Duration usual_lag_{};  // from a write to its being seen in the standby
    std::map<std::pair<TableName, std::string>, Instant> doubtful_until_;
};

// One drain: all unproven keys are read strongly in both Regions until they are equal, or the time
// is up. Writes are stopped meanwhile: equal states count, whatever led to them. Keys of writes
// that were lately given up without an answer are read too, whatever was seen of them before. Pure.
class DrainRun {
  public:
    static constexpr Duration kAgain = std::chrono::milliseconds{20};

    DrainRun(Instant now, Duration timeout, Ledger& ledger);

    [[nodiscard]] Instant end() const { return end_; }

    // The keys of one turn; `left_out`: tables whose older writes a drain does without.
    [[nodiscard]] std::vector<LedgerKey> turn(
        Instant now, Ledger& ledger, std::set<TableName> left_out
    );

    // What reading them showed.
    struct Read {
        bool tried = true;  // false: there was nowhere to read
        std::uint64_t different = 0;
        std::uint64_t unread = 0;
        std::string why_unread;
        std::string tables;     // that cannot be read, in words; empty: none
        std::string key_names;  // that are not known, in words; empty: all are
    };

    // nullopt: there is another turn, kAgain later.
    [[nodiscard]] std::optional<DrainOutcome> judge(
        Instant now, const Ledger& ledger, const Arrivals& arrivals, const Read& read
    );

  private:
    void leave_out(const Ledger& ledger, const Read& read, std::uint64_t& unproven_keys);

    Instant end_;
    std::set<std::pair<TableName, std::string>> looked_at_;
    std::set<TableName> left_out_;
    std::string without_;  // what the proof leaves out
    DrainOutcome outcome_;
};

}  // namespace farshore::core
