#include "agent/key_names.h"

#include <algorithm>
#include <utility>

#include "adapters/system/log.h"

namespace farshore::agent {

using namespace std::chrono_literals;

namespace {

// Quick enough for a Region that is back, slow enough not to be noticed in an account's metrics.
constexpr Duration kPauseFirst = 1s;
constexpr Duration kPauseMax = 5s;
// A permission is given by people, who need minutes.
constexpr Duration kPauseDeniedMax = 60s;
constexpr Duration kPatience = 500ms;

}  // namespace

net::Task<> KeyNames::learn(Instant end) {
    for (const TableName& table : gate_->endpoint().ledger().tables_without_keys()) {
        const auto failure = failures_.find(table);
        if (clock_->now() >= end) {
            co_return;
        }
        if (failure == failures_.end() || clock_->now() >= failure->second.again_at) {
            co_await learn_one(table, end);
        }
    }
}

net::Task<> KeyNames::learn_one(TableName table, Instant end) {
    // Any Region of the table knows its key; the active one may be the one that is ill.
    std::vector<RegionId> regions = gate_->app().regions;
    std::ranges::partition(regions, [this](const RegionId& region) {
        return !gate_->machine().route() || region != gate_->machine().route()->active;
    });
    std::optional<Error> why;
    for (const RegionId& region : regions) {
        const Duration patience = std::min<Duration>(kPatience, end - clock_->now());
        if (patience <= Duration::zero()) {
            break;
        }
        const aws::CallOptions once{
            .connect_timeout = patience, .total_timeout = patience, .attempts_max = 1
        };
        ++questions_;
        const Result<aws::TableDescription> found =
            co_await dynamodb_.describe_table(region, table, once);
        if (found) {
            std::vector<std::string> names;
            for (const aws::KeyAttribute& attribute : found->key) {
                names.push_back(attribute.name);
            }
            gate_->endpoint().ledger().set_table_keys(table, std::move(names));
            failures_.erase(table);
            co_return;
        }
        if (!why || found.error().kind == ErrorKind::denied) {
            why = found.error();
        }
    }
    if (why) {
        failed(table, *why);
    }
}

void KeyNames::failed(const TableName& table, const Error& error) {
    const bool denied = error.kind == ErrorKind::denied;
    Failure& failure = failures_[table];
    failure.pause =
        std::clamp(2 * failure.pause, kPauseFirst, denied ? kPauseDeniedMax : kPauseMax);
    failure.again_at = clock_->now() + failure.pause;
    if (denied && !std::exchange(failure.told, true)) {
        system::log_error(
            "ledger",
            "the key of table " + table.value() +
                " cannot be looked up, so its writes cannot be proven in the standby and no "
                "switchover can drain them: " +
                error.text,
            {{"app", gate_->app().app.value()},
             {"remedy", "allow dynamodb:DescribeTable on the table to this host's role"}}
        );
    }
}

}  // namespace farshore::agent
