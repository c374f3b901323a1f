#include "agent/prover.h"

#include <algorithm>
#include <utility>

#include "adapters/system/log.h"

namespace farshore::agent {

using namespace std::chrono_literals;

namespace {

constexpr Duration kPatience = 2s;  // of one reading

}  // namespace

Prover::Prover(
    net::Io& io, const ports::Clock& clock, aws::AwsClient& aws, AppGate& gate, bool inherits
)
    : io_(&io),
      clock_(&clock),
      gate_(&gate),
      names_(clock, aws, gate),
      reader_(io, clock, aws, gate),
      troubles_(clock, gate.app().app),
      arrivals_(inherits ? std::optional{clock.now()} : std::nullopt) {}

RegionId Prover::standby() const {
    for (const RegionId& region : gate_->app().regions) {
        if (!gate_->machine().route() || region != gate_->machine().route()->active) {
            return region;
        }
    }
    return {};
}

net::Task<> Prover::learn_keys(Duration patience) {
    co_await names_.learn(clock_->now() + patience, KeyNames::From::any_region);
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
    dataplane::EndpointLedger& ledger = gate_->endpoint().ledger();
    std::map<TableName, bool> all_settled;
    for (const RefusedKey& refused : outcome.refused_keys) {
        const core::LedgerKey& key = refused.key;
        bool& settled = all_settled.try_emplace(key.table, true).first->second;
        const std::size_t left =
            refused.everywhere
                ? ledger->refuse_key(key.table, key.key, outcome.read.contains(key.table))
                : 1;
        if (left > 0) {
            settled = false;
            arrivals_.wait_with(clock_->now(), key);
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
    Keys keys, Instant end, core::Arrivals::During during, std::uint64_t* different
) {
    KeyReader::Job job{
        .regions = {gate_->machine().route()->active, standby()}, .strong = true, .end = end
    };
    job.take = [this, during, different](const KeyReader::Batch& batch) {
        core::Ledger& ledger = *gate_->endpoint().ledger();
        for (const core::LedgerKey& key : batch.keys) {
            const auto digest = [&key](const auto& found) {
                const auto at = found.find({key.table, key.key});
                return at == found.end() ? std::string_view{} : std::string_view{at->second};
            };
            const std::pair digests{digest(batch.found[0]), digest(batch.found[1])};
            *different += arrivals_.take_comparison(
                              clock_->now(), ledger, key, digests, batch.newest_number, during
                          )
                              ? 0
                              : 1;
        }
    };
    co_return co_await read(std::move(keys), std::move(job));
}

net::Task<KeyReader::Outcome> Prover::look_at(Keys keys) {
    const auto stubborn = std::make_shared<Keys>();
    KeyReader::Job job{.regions = {standby()}, .end = clock_->now() + kPatience};
    job.take = [this, stubborn](const KeyReader::Batch& batch) {
        core::Ledger& ledger = *gate_->endpoint().ledger();
        for (const core::LedgerKey& key : batch.keys) {
            const auto digest = batch.found[0].find({key.table, key.key});
            if (digest != batch.found[0].end() &&
                arrivals_.take_look(clock_->now(), ledger, key, digest->second)) {
                stubborn->push_back(key);
            }
        }
    };
    KeyReader::Outcome looked = co_await read(std::move(keys), std::move(job));
    if (!stubborn->empty() && gate_->machine().may_write(clock_->now())) {
        std::uint64_t different = 0;
        const KeyReader::Outcome compared = co_await compare(
            *stubborn, clock_->now() + kPatience, core::Arrivals::During::writes, &different
        );
        looked.error = looked.error ? looked.error : compared.error;
    }
    co_return looked;
}

net::Task<bool> Prover::look_at_all(net::TaskGroup* tasks) {
    dataplane::EndpointLedger& ledger = gate_->endpoint().ledger();
    const std::uint64_t newest = ledger->newest_number();
    arrivals_.begin(clock_->now());
    if (!troubles_.now().empty()) {
        troubles_.keep_only(ledger->unproven_by_table());
    }
    bool fine = true;
    for (std::uint64_t from = 0; from <= newest && !tasks->stopping();) {
        Keys keys = arrivals_.piece(*ledger, from);
        std::erase_if(keys, [this](const core::LedgerKey& key) {
            return troubles_.waits(key.table);
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
        gate_->endpoint().ledger()->give_up_keyless(clock_->now() - core::kStillUnderWay);
        const bool fine = co_await look_at_all(tasks);
        const Instant next =
            started + (fine ? core::Arrivals::kLookEvery : core::Arrivals::kLookAgain);
        co_await net::sleep_for(*io_, std::max<Duration>(next - clock_->now(), 1ms));
    }
}

net::Task<core::DrainOutcome> Prover::drain(Duration timeout) {
    core::DrainRun run(clock_->now(), timeout, *gate_->endpoint().ledger());
    while (true) {
        co_await names_.learn(run.end(), KeyNames::From::every_region);
        Keys keys = run.turn(clock_->now(), *gate_->endpoint().ledger(), tables_left_out());
        core::DrainRun::Read shown{.tried = gate_->machine().route().has_value()};
        if (!keys.empty() && shown.tried) {
            const KeyReader::Outcome read = co_await compare(
                std::move(keys), run.end(), core::Arrivals::During::a_drain, &shown.different
            );
            shown.unread = read.unread;
            shown.why_unread = read.error ? read.error->text : std::string{};
        }
        shown.tables = troubles_.in_words();
        shown.key_names = names_.in_words();
        const auto outcome =
            run.judge(clock_->now(), *gate_->endpoint().ledger(), arrivals_, shown);
        if (outcome) {
            co_return *outcome;
        }
        co_await net::sleep_for(*io_, core::DrainRun::kAgain);
    }
}

std::vector<wire::TableTrouble> Prover::troubles() const {
    std::vector<wire::TableTrouble> list;
    const std::vector<TableTroubles::Trouble> known = troubles_.now();
    if (known.empty()) {
        return list;
    }
    const auto unproven = gate_->endpoint().ledger()->unproven_by_table();
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
    for (const auto& [table, unproven] : gate_->endpoint().ledger()->unproven_by_table()) {
        if (troubles_.last_for(table, core::kStillUnderWay) &&
            now - unproven.newest_at >= core::kStillUnderWay) {
            tables.insert(table);
        }
    }
    return tables;
}

std::optional<std::string> Prover::why_not_whole() const {
    return arrivals_.why_not_whole(clock_->now(), gate_->endpoint().ledger()->counters());
}

}  // namespace farshore::agent
