#include "agent/prover.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "agent/unknown_outcomes.h"

namespace farshore::agent {

using namespace std::chrono_literals;

namespace {

constexpr Duration kEvery = 200ms;
constexpr std::size_t kPiece = 400;  // four batches at once
// What the standby's digests alone have not proven by then is compared strongly in both Regions.
constexpr Duration kCompareAfter = 1s;
constexpr Duration kDoubtfulAgainAfter = 1s;
constexpr std::size_t kDrainKeysMax = 10'000;
// Within which a global table usually replicates, and ten times of which AWS advises to wait when
// nobody can tell what is under way ("How DynamoDB global tables work", ReplicationLatency).
constexpr Duration kLagMin = 1s;
constexpr Duration kLagMax = 1min;
constexpr int kLagsUntilArrived = 10;
// What was written so long ago is under way no more: the lag is seconds, not minutes.
constexpr WallClock::duration kMatters = std::chrono::minutes{10};

double seconds(WallClock::duration duration) {
    return std::chrono::duration<double>(duration).count();
}

}  // namespace

Prover::Prover(
    net::Io& io, const ports::Clock& clock, aws::AwsClient& aws, AppGate& gate, bool inherits
)
    : io_(&io),
      clock_(&clock),
      gate_(&gate),
      names_(clock, aws, gate),
      reader_(io, clock, aws, gate) {
    if (inherits) {
        inherited_at_ = clock.now();
    }
}

RegionId Prover::standby() const {
    for (const RegionId& region : gate_->app().regions) {
        if (!gate_->machine().route() || region != gate_->machine().route()->active) {
            return region;
        }
    }
    return {};
}

UtcTime Prover::settled_before() const {
    const Duration lag = std::clamp(usual_lag_, kLagMin, kLagMax);
    return clock_->wall() -
           std::chrono::duration_cast<WallClock::duration>(kLagsUntilArrived * lag);
}

net::Task<> Prover::learn_keys(Duration patience) {
    co_await names_.learn(clock_->now() + patience);
}

void Prover::take_proof(const dataplane::LedgerKey& key, const dataplane::Proof& proof) {
    if (proof.newest_at && !proof.doubtful) {
        const Duration sample = std::max<Duration>(clock_->wall() - *proof.newest_at, 0ms);
        usual_lag_ += (sample - usual_lag_) / 8;
    }
    if (proof.doubtful) {
        doubtful_until_[{key.table, key.key}] = clock_->now() + kDoubtfulAgainAfter;
    }
}

net::Task<KeyReader::Outcome> Prover::compare(
    Keys keys, Instant end, std::optional<UtcTime> settled_before, std::size_t* different
) {
    dataplane::Ledger& ledger = gate_->endpoint().ledger();
    KeyReader::Job job{
        .regions = {gate_->machine().route()->active, standby()}, .strong = true, .end = end
    };
    job.take = [this, &ledger, settled_before, different](const KeyReader::Batch& batch) {
        for (const dataplane::LedgerKey& key : batch.keys) {
            const auto here = batch.found[0].find({key.table, key.key});
            const auto there = batch.found[1].find({key.table, key.key});
            if (here == batch.found[0].end() || there == batch.found[1].end() ||
                here->second.empty() || here->second != there->second) {
                ++*different;
                continue;
            }
            const dataplane::Proof proof = ledger.mark_equal(
                key.table,
                key.key,
                {.up_to_number = batch.newest_number, .settled_before = settled_before}
            );
            take_proof(key, proof);
        }
    };
    KeyReader::Outcome outcome = co_await reader_.read(std::move(keys), std::move(job));
    co_return outcome;
}

net::Task<bool> Prover::look_at(Keys keys) {
    dataplane::Ledger& ledger = gate_->endpoint().ledger();
    const auto stubborn = std::make_shared<Keys>();
    KeyReader::Job job{.regions = {standby()}, .end = clock_->now() + 2s};
    job.take = [this, &ledger, stubborn](const KeyReader::Batch& batch) {
        const UtcTime now = clock_->wall();
        for (const dataplane::LedgerKey& key : batch.keys) {
            const auto digest = batch.found[0].find({key.table, key.key});
            if (digest == batch.found[0].end()) {
                continue;
            }
            const dataplane::Proof proof =
                ledger.mark_proven(key.table, key.key, digest->second, settled_before());
            take_proof(key, proof);
            if (proof.entries == 0 && !proof.doubtful &&
                now - key.oldest_unproven_at > kCompareAfter) {
                stubborn->push_back(key);
            }
        }
    };
    const KeyReader::Outcome looked = co_await reader_.read(std::move(keys), std::move(job));
    // Equal items prove an arrival only while our epoch is the current one: a host that comes back
    // finds keys equal that newer writes of others have overtaken.
    if (!stubborn->empty() && gate_->machine().may_write(clock_->now())) {
        std::size_t different = 0;
        const KeyReader::Outcome compared =
            co_await compare(*stubborn, clock_->now() + 2s, settled_before(), &different);
        co_return !looked.error && !compared.error;
    }
    co_return !looked.error;
}

net::Task<bool> Prover::look_at_all(net::TaskGroup* tasks) {
    dataplane::Ledger& ledger = gate_->endpoint().ledger();
    const std::uint64_t newest = ledger.newest_number();
    const Instant now = clock_->now();
    std::erase_if(doubtful_until_, [now](const auto& each) { return each.second <= now; });
    for (std::uint64_t from = 0; from <= newest && !tasks->stopping();) {
        Keys keys = ledger.unproven_keys(kPiece, from);
        from = keys.size() < kPiece ? newest + 1 : keys.back().number + 1;
        std::erase_if(keys, [this](const dataplane::LedgerKey& key) {
            return doubtful_until_.contains({key.table, key.key});
        });
        if (keys.empty()) {
            continue;
        }
        const bool fine = co_await look_at(std::move(keys));
        if (!fine) {
            co_return false;
        }
    }
    co_return true;
}

net::Task<> Prover::run(net::TaskGroup* tasks) {
    while (!tasks->stopping()) {
        const Instant started = clock_->now();
        co_await learn_keys(1s);
        gate_->endpoint().ledger().give_up_keyless(clock_->wall() - kMatters);
        const bool fine = co_await look_at_all(tasks);
        const Instant next = started + (fine ? kEvery : 5 * kEvery);
        co_await net::sleep_for(*io_, std::max<Duration>(next - clock_->now(), 1ms));
    }
}

net::Task<DrainOutcome> Prover::drain(Duration timeout) {
    const Instant end = clock_->now() + timeout;
    dataplane::Ledger& ledger = gate_->endpoint().ledger();
    DrainOutcome outcome;
    ledger.doubt_unknown(clock_->now() - kUnknownMatters);
    std::set<std::pair<TableName, std::string>> looked_at;
    while (true) {
        co_await names_.learn(end);
        ledger.give_up_keyless(clock_->wall() - kMatters);
        const Keys keys = ledger.unproven_keys(kDrainKeysMax);
        for (const dataplane::LedgerKey& key : keys) {
            looked_at.emplace(key.table, key.key);
        }
        outcome.keys = looked_at.size();
        outcome.left = keys.size();
        outcome.why.clear();
        if (!keys.empty() && gate_->machine().route()) {
            std::size_t different = 0;
            const KeyReader::Outcome read = co_await compare(keys, end, std::nullopt, &different);
            outcome.left = different + read.unread;
            outcome.why = read.error && read.unread > 0 ? read.error->text
                                                        : "keys differ between the Regions";
        }
        sum_up(outcome);
        if (outcome.proven || clock_->now() >= end) {
            co_return outcome;
        }
        if (outcome.left == 0) {
            co_return outcome;  // nothing that waiting within a hold could change
        }
        co_await net::sleep_for(*io_, 20ms);
    }
}

void Prover::sum_up(DrainOutcome& outcome) const {
    const dataplane::LedgerCounters counters = gate_->endpoint().ledger().counters();
    outcome.left = std::max<std::uint64_t>(outcome.left, counters.unproven_keys);
    if (counters.keyless > 0 && outcome.left == counters.keyless) {
        outcome.why = fmt::format(
            "{} writes whose keys could not be told, the newest {:.1f} s old; they count no more "
            "{} minutes after they were made",
            counters.keyless,
            seconds(clock_->wall() - counters.newest_keyless_at.value_or(clock_->wall())),
            std::chrono::duration_cast<std::chrono::minutes>(kMatters).count()
        );
    }
    const auto not_whole = why_not_whole();
    if (outcome.left == 0 && not_whole) {
        outcome.why = *not_whole;
        return;
    }
    outcome.proven = outcome.left == 0;
    if (outcome.proven) {
        outcome.why = counters.given_up_keyless == 0
                          ? std::string{}
                          : fmt::format(
                                "without {} older writes whose keys could not be told",
                                counters.given_up_keyless
                            );
    }
}

std::optional<std::string> Prover::why_not_whole() const {
    constexpr Duration kInheritedMatters = kLagsUntilArrived * kLagMin;
    const Instant now = clock_->now();
    if (inherited_at_ && now - *inherited_at_ < kInheritedMatters) {
        return fmt::format(
            "this agent started {:.1f} s ago, and its ledger knows nothing of what the process "
            "before it wrote; drains count again {} s after a start",
            std::chrono::duration<double>(now - *inherited_at_).count(),
            std::chrono::duration_cast<std::chrono::seconds>(kInheritedMatters).count()
        );
    }
    const std::optional<UtcTime> last = gate_->endpoint().ledger().counters().last_forgotten_at;
    if (last && clock_->wall() - *last < kMatters) {
        return "the ledger's bounds pushed out writes before they were proven";
    }
    return std::nullopt;
}

}  // namespace farshore::agent
