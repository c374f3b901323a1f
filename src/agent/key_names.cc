#include "agent/key_names.h"

#include <algorithm>
#include <optional>
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

net::Task<> KeyNames::learn(Instant end, From from) {
    for (const TableName& table : gate_->endpoint().ledger().tables_without_keys()) {
        const auto failure = failures_.find(table);
        if (clock_->now() >= end) {
            co_return;
        }
        if (failure == failures_.end() || clock_->now() >= failure->second.again_at) {
            co_await learn_one(table, end, from);
        }
    }
}

net::Task<> KeyNames::learn_one(TableName table, Instant end, From from) {
    // The writes were made to the active Region's table. A fence may not wait for that Region: it
    // may be the one that is ill.
    std::vector<RegionId> regions = gate_->app().regions;
    std::ranges::partition(regions, [this, from](const RegionId& region) {
        const bool active = gate_->machine().route() && region == gate_->machine().route()->active;
        return active == (from == From::every_region);
    });
    std::optional<Error> why;
    std::vector<std::string> names;
    std::vector<std::pair<RegionId, std::string>> keys;
    for (const RegionId& region : regions) {
        const Duration patience = std::min<Duration>(kPatience, end - clock_->now());
        if (patience <= Duration::zero()) {
            break;
        }
        const aws::CallOptions once = aws::once_within(patience);
        const Result<aws::TableDescription> found =
            co_await dynamodb_.describe_table(region, table, once);
        if (!found) {
            if (!why || found.error().kind == ErrorKind::denied) {
                why = found.error();
            }
            continue;
        }
        std::string key;
        for (const aws::KeyAttribute& attribute : found->key) {
            key += (key.empty() ? "" : ", ") + attribute.name + " " + attribute.type;
            if (keys.empty()) {
                names.push_back(attribute.name);
            }
        }
        keys.emplace_back(region, std::move(key));
        if (from == From::any_region) {
            break;
        }
    }
    if (!names.empty()) {
        gate_->endpoint().ledger().set_table_keys(table, std::move(names));
        failures_.erase(table);
        compare(table, keys);
    } else if (why) {
        failed(table, *why);
    }
}

void KeyNames::compare(
    const TableName& table, const std::vector<std::pair<RegionId, std::string>>& keys
) {
    for (const auto& [region, key] : keys) {
        if (key != keys.front().second) {
            const std::string text = "table " + table.value() + " has the key (" +
                                     keys.front().second + ") in " + keys.front().first.value() +
                                     " and (" + key + ") in " + region.value();
            unlike_[table] = text;
            system::log_error(
                "ledger",
                text + ": its writes can never arrive there",
                {{"app", gate_->app().app.value()},
                 {"table", table.value()},
                 {"remedy",
                  "make one of them a replica of the other; `farshore doctor` compares "
                  "them"}}
            );
        }
    }
}

void KeyNames::failed(const TableName& table, const Error& error) {
    const bool denied = error.kind == ErrorKind::denied;
    Failure& failure = failures_[table];
    failure.pause =
        std::clamp(2 * failure.pause, kPauseFirst, denied ? kPauseDeniedMax : kPauseMax);
    failure.again_at = clock_->now() + failure.pause;
    if ((denied || error.kind == ErrorKind::not_found) && failure.why.empty()) {
        failure.why = error.text;
        system::log_error(
            "ledger",
            "the key of table " + table.value() +
                " cannot be looked up, so its writes cannot be proven in the standby and no "
                "switchover can drain them: " +
                error.text,
            {{"app", gate_->app().app.value()},
             {"table", table.value()},
             {"remedy",
              denied ? "allow dynamodb:DescribeTable on the table to this host's role"
                     : "look whether the table exists in both Regions; `farshore doctor` does"}}
        );
    }
}

std::string KeyNames::in_words() const {
    std::string text;
    for (const auto& [table, failure] : failures_) {
        if (!failure.why.empty()) {
            text += "; the key of table " + table.value() + " is not known: " + failure.why;
        }
    }
    for (const auto& [table, unlike] : unlike_) {
        text += "; " + unlike;
    }
    return text;
}

}  // namespace farshore::agent
