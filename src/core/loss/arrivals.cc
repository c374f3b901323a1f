#include "core/loss/arrivals.h"

#include <algorithm>

#include "base/text.h"
#include "core/loss/fence_list.h"

namespace farshore::core {

namespace {

using namespace std::chrono_literals;

// What the standby's digests alone have not proven by then is compared strongly in both Regions.
constexpr Duration kCompareAfter = 1s;
constexpr Duration kDoubtfulAgainAfter = 1s;
// A global table usually replicates within this time. AWS advises to wait for ten times as long
// where it is unknown what is under way ("How DynamoDB global tables work", ReplicationLatency).
constexpr Duration kLagMin = 1s;
constexpr Duration kLagMax = 1min;
constexpr int kLagsUntilArrived = 10;
constexpr Duration kInheritedMatters = kLagsUntilArrived * kLagMin;
constexpr auto kMinutesUnderWay =
    std::chrono::duration_cast<std::chrono::minutes>(kStillUnderWay).count();
constexpr std::size_t kDrainKeysMax = 10'000;

}  // namespace

Instant Arrivals::settled_before(Instant now) const {
    return now - kLagsUntilArrived * std::clamp(usual_lag_, kLagMin, kLagMax);
}

void Arrivals::take_proof(Instant now, const LedgerKey& key, const Proof& proof) {
    if (proof.newest_at && !proof.doubtful) {
        usual_lag_ += (now - *proof.newest_at - usual_lag_) / 8;
    }
    if (proof.doubtful) {
        wait_with(now, key);
    }
}

void Arrivals::wait_with(Instant now, const LedgerKey& key) {
    doubtful_until_[{key.table, key.key}] = now + kDoubtfulAgainAfter;
}

void Arrivals::begin(Instant now) {
    std::erase_if(doubtful_until_, [now](const auto& each) { return each.second <= now; });
}

std::vector<LedgerKey> Arrivals::piece(const Ledger& ledger, std::uint64_t& from) const {
    std::vector<LedgerKey> keys = ledger.unproven_keys(kPiece, from);
    from = keys.size() < kPiece ? ledger.newest_number() + 1 : keys.back().number + 1;
    std::erase_if(keys, [this](const LedgerKey& key) {
        return doubtful_until_.contains({key.table, key.key});
    });
    return keys;
}

bool Arrivals::take_look(
    Instant now, Ledger& ledger, const LedgerKey& key, std::string_view digest
) {
    const Proof proof = ledger.mark_proven(key.table, key.key, digest, settled_before(now));
    take_proof(now, key, proof);
    return proof.entries == 0 && !proof.doubtful && now - key.oldest_unproven_at > kCompareAfter;
}

bool Arrivals::take_comparison(
    Instant now,
    Ledger& ledger,
    const LedgerKey& key,
    std::pair<std::string_view, std::string_view> digests,
    std::uint64_t newest_number,
    During during
) {
    if (digests.first.empty() || digests.first != digests.second) {
        return false;
    }
    const std::optional<Instant> settled =
        during == During::writes ? std::optional{settled_before(now)} : std::nullopt;
    take_proof(
        now,
        key,
        ledger.mark_equal(
            key.table, key.key, {.up_to_number = newest_number, .settled_before = settled}
        )
    );
    return true;
}

std::optional<std::string> Arrivals::why_not_whole(Instant now, const LedgerCounters& counters)
    const {
    if (inherited_at_ && now - *inherited_at_ < kInheritedMatters) {
        return "this agent started " + to_text(now - *inherited_at_) +
               " ago, and its ledger knows nothing of what the process before it wrote; drains "
               "count again " +
               to_text(kInheritedMatters) + " after a start";
    }
    if (counters.last_forgotten_at && now - *counters.last_forgotten_at < kStillUnderWay) {
        return "the ledger's bounds pushed out writes before they were proven";
    }
    return std::nullopt;
}

DrainRun::DrainRun(Instant now, Duration timeout, Ledger& ledger) : end_(now + timeout) {
    ledger.doubt_unknown(now - kUnknownMatters);
}

std::vector<LedgerKey> DrainRun::turn(Instant now, Ledger& ledger, std::set<TableName> left_out) {
    ledger.give_up_keyless(now - kStillUnderWay);
    left_out_ = std::move(left_out);
    std::vector<LedgerKey> keys = ledger.unproven_keys(kDrainKeysMax, 0, left_out_);
    for (const LedgerKey& key : keys) {
        looked_at_.emplace(key.table, key.key);
    }
    outcome_ = {.keys = looked_at_.size(), .left = keys.size()};
    return keys;
}

void DrainRun::leave_out(const Ledger& ledger, const Read& read, std::uint64_t& unproven_keys) {
    without_.clear();
    if (left_out_.empty()) {
        return;
    }
    for (const auto& [table, unproven] : ledger.unproven_by_table()) {
        if (left_out_.contains(table)) {
            unproven_keys -= unproven.keys;
            without_ += (without_.empty() ? "without " : ", without ") +
                        std::to_string(unproven.writes) + " older writes to table " + table.value();
        }
    }
    without_ += ", which cannot be proven (" + read.tables + ")";
}

std::optional<DrainOutcome> DrainRun::judge(
    Instant now, const Ledger& ledger, const Arrivals& arrivals, const Read& read
) {
    if (outcome_.left > 0 && read.tried) {
        outcome_.left = read.different + read.unread;
        outcome_.why = !read.tables.empty() ? read.tables + read.key_names
                       : read.unread > 0 && !read.why_unread.empty()
                           ? read.why_unread
                           : "keys differ between the Regions";
    }
    const LedgerCounters counters = ledger.counters();
    std::uint64_t unproven_keys = counters.unproven_keys;
    leave_out(ledger, read, unproven_keys);
    outcome_.left = std::max(outcome_.left, unproven_keys);
    if (counters.keyless > 0 && outcome_.left == counters.keyless) {
        outcome_.why =
            std::to_string(counters.keyless) + " writes whose keys could not be told, the newest " +
            to_text(now - counters.newest_keyless_at.value_or(now)) + " old; they count no more " +
            std::to_string(kMinutesUnderWay) + " minutes after they were made" + read.key_names;
    }
    if (outcome_.left == 0) {
        // Waiting within a hold could change nothing more.
        const std::optional<std::string> not_whole = arrivals.why_not_whole(now, counters);
        outcome_.proven = !not_whole;
        outcome_.why = not_whole.value_or(without_);
        if (outcome_.proven && counters.given_up_keyless > 0) {
            outcome_.why += std::string{outcome_.why.empty() ? "" : "; "} + "without " +
                            std::to_string(counters.given_up_keyless) +
                            " older writes whose keys could not be told";
        }
        return outcome_;
    }
    return now >= end_ ? std::optional{outcome_} : std::nullopt;
}

}  // namespace farshore::core
