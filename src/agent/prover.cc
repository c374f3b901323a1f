#include "agent/prover.h"

#include <algorithm>
#include <set>
#include <utility>

#include <boost/json/parse.hpp>
#include <fmt/format.h>

#include "adapters/system/log.h"

#include "dataplane/item_digest.h"

namespace farshore::agent {

using namespace std::chrono_literals;

namespace {

constexpr Duration kEvery = 200ms;
constexpr std::size_t kBatch = 100;  // BatchGetItem's own limit
// What the standby's digests alone have not proven by then is compared strongly in both Regions.
constexpr Duration kCompareAfter = 1s;
constexpr std::size_t kDrainKeysMax = 10'000;

std::optional<aws::Item> parse_key(std::string_view text) {
    boost::system::error_code code;
    boost::json::parse_options options;
    options.max_depth = 128;
    boost::json::value value = boost::json::parse(text, code, {}, options);
    if (code || !value.is_object()) {
        return std::nullopt;
    }
    return std::move(value.get_object());
}

// The same key however its numbers are written.
std::string identity(const aws::Item& key) {
    return dataplane::item_digest(key).value_or("");
}

aws::Item key_part(const aws::Item& item, const std::vector<std::string>& names) {
    aws::Item key;
    for (const std::string& name : names) {
        if (const boost::json::value* value = item.if_contains(name)) {
            key[name] = *value;
        }
    }
    return key;
}

aws::CallOptions once(Duration patience) {
    return {
        .connect_timeout = std::min<Duration>(patience, 500ms),
        .total_timeout = patience,
        .attempts_max = 1
    };
}

std::vector<std::string> names_of_key(
    const std::vector<dataplane::LedgerKey>& keys, const TableName& table
) {
    for (const dataplane::LedgerKey& key : keys) {
        if (key.table == table) {
            std::vector<std::string> names;
            if (const auto parsed = parse_key(key.key)) {
                for (const auto& member : *parsed) {
                    names.emplace_back(member.key());
                }
            }
            return names;
        }
    }
    return {};
}

}  // namespace

Prover::Prover(
    net::Io& io, const ports::Clock& clock, aws::AwsClient& aws, AppGate& gate, bool inherits
)
    : io_(&io), clock_(&clock), dynamodb_(aws), gate_(&gate) {
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

net::Task<> Prover::learn_keys(Duration patience) {
    for (const TableName& table : gate_->endpoint().ledger().tables_without_keys()) {
        // Any Region of the table knows its key; the active one may be the one that is ill.
        std::vector<RegionId> regions = gate_->app().regions;
        std::ranges::partition(regions, [there = standby()](const RegionId& region) {
            return region == there;
        });
        for (const RegionId& region : regions) {
            const Result<aws::TableDescription> found =
                co_await dynamodb_.describe_table(region, table, once(patience));
            if (!found) {
                continue;
            }
            std::vector<std::string> names;
            for (const aws::KeyAttribute& attribute : found->key) {
                names.push_back(attribute.name);
            }
            gate_->endpoint().ledger().set_table_keys(table, std::move(names));
            break;
        }
    }
}

net::Task<Result<Prover::Digests>> Prover::read(
    RegionId region, std::vector<dataplane::LedgerKey> keys, bool strong, Duration patience
) {
    Digests digests;
    std::map<TableName, aws::TableKeys> asked;
    std::map<std::pair<TableName, std::string>, std::string>
        text_of;  // identity -> the ledger's own text
    for (const dataplane::LedgerKey& key : keys) {
        if (auto parsed = parse_key(key.key)) {
            const std::pair<TableName, std::string> known{key.table, identity(*parsed)};
            digests[{key.table, key.key}] = dataplane::kAbsent;
            if (text_of.emplace(known, key.key).second) {
                aws::TableKeys& table = asked[key.table];
                table.table = key.table;
                table.consistent = strong;
                table.keys.push_back(std::move(*parsed));
            }
        }
    }
    std::vector<aws::TableKeys> tables;
    for (auto& [name, table] : asked) {
        tables.push_back(std::move(table));
    }
    if (tables.empty()) {
        co_return digests;
    }
    const Result<aws::BatchItems> found =
        co_await dynamodb_.batch_get_item(region, std::move(tables), once(patience));
    if (!found) {
        co_return std::unexpected(found.error());
    }
    for (const auto& [table, items] : found->found) {
        const std::vector<std::string> names = names_of_key(keys, table);
        for (const aws::Item& item : items) {
            const auto text = text_of.find({table, identity(key_part(item, names))});
            if (text != text_of.end()) {
                digests[{table, text->second}] = dataplane::item_digest(item).value_or("");
            }
        }
    }
    co_return digests;
}

net::Task<Result<std::size_t>> Prover::compare(
    RegionId active, RegionId standby, std::vector<dataplane::LedgerKey> keys, Instant end
) {
    std::size_t left = 0;
    dataplane::Ledger& ledger = gate_->endpoint().ledger();
    for (std::size_t from = 0; from < keys.size(); from += kBatch) {
        const auto first = keys.begin() + static_cast<std::ptrdiff_t>(from);
        const auto last =
            keys.begin() + static_cast<std::ptrdiff_t>(std::min(from + kBatch, keys.size()));
        const std::vector<dataplane::LedgerKey> some(first, last);
        // Entries made from now on may change the items after they were read.
        const std::uint64_t up_to = ledger.newest_number();
        const Duration patience = std::clamp<Duration>(end - clock_->now(), 50ms, 1s);
        const Result<Digests> here = co_await read(active, some, true, patience);
        if (!here) {
            co_return std::unexpected(in_context(active.value(), here.error()));
        }
        const Result<Digests> there = co_await read(standby, some, true, patience);
        if (!there) {
            co_return std::unexpected(in_context(standby.value(), there.error()));
        }
        for (const dataplane::LedgerKey& key : some) {
            const auto a = here->find({key.table, key.key});
            const auto b = there->find({key.table, key.key});
            if (a != here->end() && b != there->end() && !a->second.empty() &&
                a->second == b->second) {
                (void)ledger.mark_equal(key.table, key.key, up_to);
            } else {
                ++left;
            }
        }
    }
    co_return left;
}

net::Task<bool> Prover::prove_some() {
    dataplane::Ledger& ledger = gate_->endpoint().ledger();
    std::vector<dataplane::LedgerKey> all = ledger.unproven_keys(kDrainKeysMax);
    if (all.empty()) {
        co_return true;
    }
    // Keys that cannot be proven for now must not keep the others from their turn.
    window_ = window_ * kBatch < all.size() ? window_ : 0;
    const auto first = all.begin() + static_cast<std::ptrdiff_t>(window_ * kBatch);
    const auto last =
        all.begin() + static_cast<std::ptrdiff_t>(std::min((window_ + 1) * kBatch, all.size()));
    ++window_;
    const std::vector<dataplane::LedgerKey> some(first, last);
    const RegionId there = standby();
    const Result<Digests> digests = co_await read(there, some, false, 500ms);
    if (!digests) {
        co_return false;
    }
    std::vector<dataplane::LedgerKey> stubborn;
    const UtcTime now = clock_->wall();
    for (const dataplane::LedgerKey& key : some) {
        const auto digest = digests->find({key.table, key.key});
        const bool proven =
            digest != digests->end() && ledger.mark_proven(key.table, key.key, digest->second) > 0;
        if (!proven && now - key.oldest_unproven_at > kCompareAfter) {
            stubborn.push_back(key);
        }
    }
    // Equal items prove an arrival only while our epoch is the current one: a host that comes back
    // finds keys equal that newer writes of others have overtaken.
    const auto& route = gate_->machine().route();
    if (!stubborn.empty() && route && gate_->machine().may_write(clock_->now())) {
        const RegionId active = route->active;
        const Result<std::size_t> left =
            co_await compare(active, there, std::move(stubborn), clock_->now() + 1s);
        co_return left.has_value();
    }
    co_return true;
}

net::Task<> Prover::run(net::TaskGroup* tasks) {
    while (!tasks->stopping()) {
        co_await learn_keys(1s);
        const bool fine = co_await prove_some();
        co_await net::sleep_for(*io_, fine ? kEvery : 5 * kEvery);
    }
}

net::Task<DrainOutcome> Prover::drain(Duration timeout) {
    const Instant end = clock_->now() + timeout;
    dataplane::Ledger& ledger = gate_->endpoint().ledger();
    DrainOutcome outcome;
    std::set<std::pair<TableName, std::string>> looked_at;
    while (true) {
        co_await learn_keys(1s);
        const std::vector<dataplane::LedgerKey> keys = ledger.unproven_keys(kDrainKeysMax);
        for (const dataplane::LedgerKey& key : keys) {
            looked_at.emplace(key.table, key.key);
        }
        outcome.keys = looked_at.size();
        outcome.left = keys.size();
        outcome.why.clear();
        const auto& route = gate_->machine().route();
        if (!keys.empty() && route) {
            const RegionId active = route->active;
            const RegionId there = standby();
            const Result<std::size_t> left = co_await compare(active, there, keys, end);
            outcome.left = left ? *left : keys.size();
            outcome.why = left ? "keys differ between the Regions" : left.error().text;
        }
        const dataplane::LedgerCounters counters = ledger.counters();
        outcome.left = std::max<std::uint64_t>(outcome.left, counters.unproven_keys);
        if (outcome.left == 0 && counters.unproven > 0) {
            outcome.left = counters.unproven;
            outcome.why = "writes whose keys could not be told";
        }
        if (const auto why = why_not_whole(); outcome.left == 0 && why) {
            outcome.why = *why;
            co_return outcome;
        }
        outcome.proven = outcome.left == 0;
        if (outcome.proven || clock_->now() >= end) {
            co_return outcome;
        }
        co_await net::sleep_for(*io_, 20ms);
    }
}

std::optional<std::string> Prover::why_not_whole() const {
    // Ten times the second within which a global table usually replicates, as AWS advises to wait
    // when nobody can tell what is under way ("How DynamoDB global tables work",
    // ReplicationLatency).
    constexpr Duration kInheritedMatters = 10s;
    const Instant now = clock_->now();
    if (inherited_at_ && now - *inherited_at_ < kInheritedMatters) {
        return fmt::format(
            "this agent started {:.1f} s ago, and its ledger knows nothing of what the process "
            "before it wrote; drains count again {} s after a start",
            std::chrono::duration<double>(now - *inherited_at_).count(),
            std::chrono::duration_cast<std::chrono::seconds>(kInheritedMatters).count()
        );
    }
    // What was pushed out so long ago is under way no more: the lag is seconds, not minutes.
    constexpr WallClock::duration kMatters = std::chrono::minutes{10};
    const std::optional<UtcTime> last = gate_->endpoint().ledger().counters().last_forgotten_at;
    if (last && clock_->wall() - *last < kMatters) {
        return "the ledger's bounds pushed out writes before they were proven";
    }
    return std::nullopt;
}

}  // namespace farshore::agent
