#include "agent/prover.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "adapters/system/log.h"
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
// A global table usually replicates within this time. AWS advises to wait for ten times as long
// where it is unknown what is under way ("How DynamoDB global tables work", ReplicationLatency).
constexpr Duration kLagMin = 1s;
constexpr Duration kLagMax = 1min;
constexpr int kLagsUntilArrived = 10;
// What was written so long ago is under way no more: the lag is seconds, not minutes.
constexpr Duration kMatters = std::chrono::minutes{10};

double seconds(Duration duration) {
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
      reader_(io, clock, aws, gate),
      troubles_(clock, gate.app().app) {
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

Instant Prover::settled_before() const {
    return clock_->now() - kLagsUntilArrived * std::clamp(usual_lag_, kLagMin, kLagMax);
}

net::Task<> Prover::learn_keys(Duration patience) {
    co_await names_.learn(clock_->now() + patience, KeyNames::From::any_region);
}

void Prover::take_proof(const dataplane::LedgerKey& key, const dataplane::Proof& proof) {
    if (proof.newest_at && !proof.doubtful) {
        usual_lag_ += (clock_->now() - *proof.newest_at - usual_lag_) / 8;
    }
    if (proof.doubtful) {
        doubtful_until_[{key.table, key.key}] = clock_->now() + kDoubtfulAgainAfter;
    }
}

net::Task<KeyReader::Outcome> Prover::read(Keys keys, KeyReader::Job job) {
    const std::vector<RegionId> regions = job.regions;
    KeyReader::Outcome outcome = co_await reader_.read(std::move(keys), std::move(job));
    settle_refused(outcome);
    troubles_.note(regions, outcome);
    co_return outcome;
}

// A key that is refused costs itself alone. Where no key of its table is answered, and a write
// under it was acknowledged, it is the table that cannot be read.
void Prover::settle_refused(KeyReader::Outcome& outcome) {
    dataplane::Ledger& ledger = gate_->endpoint().ledger();
    std::map<TableName, bool> all_settled;
    for (const RefusedKey& refused : outcome.refused_keys) {
        const dataplane::LedgerKey& key = refused.key;
        bool& settled = all_settled.try_emplace(key.table, true).first->second;
        const std::size_t left =
            refused.everywhere
                ? ledger.refuse_key(key.table, key.key, outcome.read.contains(key.table))
                : 1;
        if (left > 0) {
            settled = false;
            doubtful_until_[{key.table, key.key}] = clock_->now() + kDoubtfulAgainAfter;
            continue;
        }
        --outcome.unread;
        system::log_warning(
            "ledger",
            "each Region refuses the key of a write to table " + key.table.value() +
                ": no write under it can have been accepted",
            {{"app", gate_->app().app.value()}, {"table", key.table.value()}}
        );
    }
    for (const auto& [table, settled] : all_settled) {
        if (settled) {
            outcome.refused.erase(table);
        }
    }
    if (outcome.unread == 0) {
        outcome.error.reset();
    }
}

net::Task<KeyReader::Outcome> Prover::compare(
    Keys keys, Instant end, std::optional<Instant> settled_before, std::size_t* different
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
    co_return co_await read(std::move(keys), std::move(job));
}

net::Task<KeyReader::Outcome> Prover::look_at(Keys keys) {
    dataplane::Ledger& ledger = gate_->endpoint().ledger();
    const auto stubborn = std::make_shared<Keys>();
    KeyReader::Job job{.regions = {standby()}, .end = clock_->now() + 2s};
    job.take = [this, &ledger, stubborn](const KeyReader::Batch& batch) {
        const Instant now = clock_->now();
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
    KeyReader::Outcome looked = co_await read(std::move(keys), std::move(job));
    // Equal items prove an arrival only while our epoch is the current one: a host that comes back
    // finds keys equal that newer writes of others have overtaken.
    if (!stubborn->empty() && gate_->machine().may_write(clock_->now())) {
        std::size_t different = 0;
        const KeyReader::Outcome compared =
            co_await compare(*stubborn, clock_->now() + 2s, settled_before(), &different);
        looked.error = looked.error ? looked.error : compared.error;
    }
    co_return looked;
}

net::Task<bool> Prover::look_at_all(net::TaskGroup* tasks) {
    dataplane::Ledger& ledger = gate_->endpoint().ledger();
    const std::uint64_t newest = ledger.newest_number();
    const Instant now = clock_->now();
    std::erase_if(doubtful_until_, [now](const auto& each) { return each.second <= now; });
    if (!troubles_.now().empty()) {
        troubles_.keep_only(ledger.unproven_by_table());
    }
    bool fine = true;
    for (std::uint64_t from = 0; from <= newest && !tasks->stopping();) {
        Keys keys = ledger.unproven_keys(kPiece, from);
        from = keys.size() < kPiece ? newest + 1 : keys.back().number + 1;
        std::erase_if(keys, [this](const dataplane::LedgerKey& key) {
            return doubtful_until_.contains({key.table, key.key}) || troubles_.waits(key.table);
        });
        if (keys.empty()) {
            continue;
        }
        const KeyReader::Outcome looked = co_await look_at(std::move(keys));
        fine = fine && !looked.error;
        // A Region that answers nothing at all is not asked for the rest.
        if (looked.error && looked.read.empty() &&
            !TableTroubles::is_about_a_table(*looked.error)) {
            break;
        }
    }
    co_return fine;
}

net::Task<> Prover::run(net::TaskGroup* tasks) {
    while (!tasks->stopping()) {
        const Instant started = clock_->now();
        co_await names_.learn(clock_->now() + 1s, KeyNames::From::every_region);
        gate_->endpoint().ledger().give_up_keyless(clock_->now() - kMatters);
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
        co_await names_.learn(end, KeyNames::From::every_region);
        ledger.give_up_keyless(clock_->now() - kMatters);
        const std::set<TableName> left_out = tables_left_out();
        const Keys keys = ledger.unproven_keys(kDrainKeysMax, 0, left_out);
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
            if (const std::string tables = troubles_.in_words(); !tables.empty()) {
                outcome.why = tables + names_.in_words();
            }
        }
        sum_up(outcome, left_out);
        if (outcome.proven || clock_->now() >= end) {
            co_return outcome;
        }
        if (outcome.left == 0) {
            co_return outcome;  // nothing that waiting within a hold could change
        }
        co_await net::sleep_for(*io_, 20ms);
    }
}

std::vector<wire::TableTrouble> Prover::troubles() const {
    std::vector<wire::TableTrouble> list;
    const std::vector<TableTroubles::Trouble> known = troubles_.now();
    if (known.empty()) {
        return list;
    }
    const auto unproven = gate_->endpoint().ledger().unproven_by_table();
    for (const TableTroubles::Trouble& trouble : known) {
        const auto sum = unproven.find(trouble.table);
        if (sum != unproven.end() && list.size() < wire::kTableTroublesMax) {
            list.push_back(
                {.table = trouble.table,
                 .region = trouble.region,
                 .unproven = sum->second.writes,
                 .why = trouble.why}
            );
        }
    }
    return list;
}

std::set<TableName> Prover::tables_left_out() const {
    std::set<TableName> tables;
    if (troubles_.now().empty()) {
        return tables;
    }
    const Instant now = clock_->now();
    for (const auto& [table, unproven] : gate_->endpoint().ledger().unproven_by_table()) {
        if (troubles_.last_for(table, kMatters) && now - unproven.newest_at >= kMatters) {
            tables.insert(table);
        }
    }
    return tables;
}

void Prover::sum_up(DrainOutcome& outcome, const std::set<TableName>& left_out) const {
    const dataplane::LedgerCounters counters = gate_->endpoint().ledger().counters();
    std::uint64_t unproven_keys = counters.unproven_keys;
    std::string without;
    if (!left_out.empty()) {
        for (const auto& [table, unproven] : gate_->endpoint().ledger().unproven_by_table()) {
            if (left_out.contains(table)) {
                unproven_keys -= unproven.keys;
                without += fmt::format(
                    "{}without {} older writes to table {}",
                    without.empty() ? "" : ", ",
                    unproven.writes,
                    table.value()
                );
            }
        }
        without += ", which cannot be proven (" + troubles_.in_words() + ")";
    }
    outcome.left = std::max<std::uint64_t>(outcome.left, unproven_keys);
    if (counters.keyless > 0 && outcome.left == counters.keyless) {
        outcome.why = fmt::format(
            "{} writes whose keys could not be told, the newest {:.1f} s old; they count no more "
            "{} minutes after they were made{}",
            counters.keyless,
            seconds(clock_->now() - counters.newest_keyless_at.value_or(clock_->now())),
            std::chrono::duration_cast<std::chrono::minutes>(kMatters).count(),
            names_.in_words()
        );
    }
    const auto not_whole = why_not_whole();
    if (outcome.left == 0 && not_whole) {
        outcome.why = *not_whole;
        return;
    }
    outcome.proven = outcome.left == 0;
    if (outcome.proven) {
        outcome.why = std::move(without);
        if (counters.given_up_keyless > 0) {
            outcome.why += fmt::format(
                "{}without {} older writes whose keys could not be told",
                outcome.why.empty() ? "" : "; ",
                counters.given_up_keyless
            );
        }
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
    const std::optional<Instant> last = gate_->endpoint().ledger().counters().last_forgotten_at;
    if (last && clock_->now() - *last < kMatters) {
        return "the ledger's bounds pushed out writes before they were proven";
    }
    return std::nullopt;
}

}  // namespace farshore::agent
