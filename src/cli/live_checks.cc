#include "cli/live_checks.h"

#include <algorithm>
#include <array>
#include <memory>
#include <optional>
#include <utility>

#include <boost/json.hpp>
#include <fmt/format.h>

#include "adapters/aws/table_survey.h"
#include "cli/aws_world.h"
#include "cli/output.h"
#include "cli/traffic_checks.h"

namespace farshore::cli {

namespace json = boost::json;

namespace {

using namespace std::chrono_literals;
using State = LiveCheck::State;

constexpr Duration kPatience = 3s;
// Where Route 53 has its one control plane.
const RegionId kGlobalControl{"us-east-1"};

using Checks = std::shared_ptr<std::vector<LiveCheck>>;

std::vector<RegionId> regions_of(
    const config::Config& config, core::TableUse use, const RegionId& without
) {
    std::vector<RegionId> regions;
    for (const config::Region& region : config.regions) {
        regions.push_back(region.id);
    }
    if (use == core::TableUse::epoch && !config.witness.value().empty()) {
        regions.push_back(config.witness);
    }
    std::erase(regions, without);
    return regions;
}

std::string in_regions(const std::vector<RegionId>& regions) {
    std::string text;
    for (const RegionId& region : regions) {
        text += (text.empty() ? "" : ", ") + region.value();
    }
    return text;
}

// TTL is a call of its own. A Region that does not answer has said so before.
net::Task<> ask_for_ttl(
    aws::DynamoDb& tables, TableName table, core::TableSight& sight, Checks checks
) {
    if (sight.answer != core::TableAnswer::found) {
        co_return;
    }
    aws::CallOptions options;
    options.total_timeout = kPatience;
    auto ttl = co_await tables.time_to_live(sight.region, table, options);
    if (ttl) {
        sight.ttl = *std::move(ttl);
        co_return;
    }
    const bool denied = ttl.error().kind == ErrorKind::denied;
    checks->push_back(
        {.what = "table " + table.value(),
         .state = State::unchecked,
         .text = "its TTL was not checked in " + sight.region.value() + ": " + ttl.error().text,
         .remedy =
             denied ? "allow dynamodb:DescribeTimeToLive on it to this principal" : "try again"}
    );
}

net::Task<> look_at_table(
    aws::AwsClient* client,
    TableName table,
    core::TableUse use,
    std::vector<RegionId> regions,
    Checks checks
) {
    aws::DynamoDb tables{*client};
    std::vector<core::TableSight> sights =
        co_await aws::survey_table(tables, table, regions, kPatience);
    if (use != core::TableUse::epoch) {
        for (core::TableSight& sight : sights) {
            co_await ask_for_ttl(tables, table, sight, checks);
        }
    }
    const std::string what = "table " + table.value();
    const auto findings = core::findings_of(table, use, sights);
    for (const core::TableFinding& finding : findings) {
        checks->push_back(
            {.what = what,
             .state = finding.is_broken() ? State::wrong : State::unchecked,
             .text = finding.text,
             .remedy = finding.remedy}
        );
    }
    if (findings.empty()) {
        checks->push_back(
            {.what = what,
             .text = fmt::format(
                 "{} with the key ({}), {} {}",
                 to_string(use),
                 sights.front().key,
                 use == core::TableUse::epoch || regions.size() < 2 ? "in" : "replicated between",
                 in_regions(regions)
             )}
        );
    }
}

// A key that no application has: reading it tells whether reading is allowed.
aws::Item unused_key(const std::vector<aws::KeyAttribute>& attributes) {
    aws::Item key;
    for (const aws::KeyAttribute& attribute : attributes) {
        const std::string type(1, attribute.type);
        key[attribute.name] =
            json::object{{type, attribute.type == 'N' ? "0" : "ZmFyc2hvcmUtZG9jdG9y"}};
    }
    return key;
}

net::Task<> try_reading(aws::AwsClient* client, TableName table, RegionId region, Checks checks) {
    aws::DynamoDb tables{*client};
    aws::CallOptions options;
    options.total_timeout = kPatience;
    const auto described = co_await tables.describe_table(region, table, options);
    LiveCheck check{
        .what = "right to read " + table.value(),
        .text = "its keys can be read in " + region.value()
    };
    if (!described) {
        // That it does not exist is said already, where the names are looked up.
        if (described.error().kind != ErrorKind::not_found) {
            check.state = State::unchecked;
            check.text = "not tried in " + region.value() + ": " + described.error().text;
            check.remedy = "try again";
            checks->push_back(std::move(check));
        }
        co_return;
    }
    aws::TableKeys keys{.table = table, .keys = {unused_key(described->key)}, .consistent = true};
    std::vector<aws::TableKeys> wanted{std::move(keys)};
    const auto read = co_await tables.batch_get_item(region, std::move(wanted), options);
    if (!read) {
        const bool denied = read.error().kind == ErrorKind::denied;
        check.state = denied ? State::wrong : State::unchecked;
        check.text = "its keys could not be read in " + region.value() + ": " + read.error().text;
        check.remedy =
            denied ? "allow dynamodb:BatchGetItem on it to this principal: without it Farshore "
                     "cannot find out what a failover lost"
                   : "try again";
    }
    checks->push_back(std::move(check));
}

net::Task<std::vector<LiveCheck>> look_at_names(
    const config::Config* of, RegionId without, aws::AwsClient* with
) {
    const auto checks = std::make_shared<std::vector<LiveCheck>>();
    std::vector<std::pair<TableName, core::TableUse>> names;
    for (const config::Table& table : of->tables) {
        names.emplace_back(table.name, core::TableUse::data);
    }
    names.emplace_back(of->detect.heartbeat_table, core::TableUse::heartbeat);
    names.emplace_back(of->fence.epoch_table, core::TableUse::epoch);
    for (const auto& [table, use] : names) {
        co_await look_at_table(with, table, use, regions_of(*of, use, without), checks);
    }
    if (of->traffic && without != kGlobalControl) {
        std::vector<LiveCheck> found = co_await look_at_traffic(of, with);
        std::ranges::move(found, std::back_inserter(*checks));
    }
    co_return std::move(*checks);
}

net::Task<std::vector<LiveCheck>> try_all_reading(
    const config::Config* of, RegionId without, aws::AwsClient* with
) {
    const auto checks = std::make_shared<std::vector<LiveCheck>>();
    for (const config::Table& table : of->tables) {
        for (const RegionId& region : regions_of(*of, core::TableUse::data, without)) {
            co_await try_reading(with, table.name, region, checks);
        }
    }
    co_return std::move(*checks);
}

// What AWS answers to keys that it does not know, or no longer takes ("Common Error Types" of its
// API references). An error without a code is our own: there are no keys.
constexpr std::array<std::string_view, 6> kKeyCodes{
    "",
    "ExpiredToken",
    "ExpiredTokenException",
    "InvalidClientTokenId",
    "InvalidSignatureException",
    "UnrecognizedClientException"
};

net::Task<std::optional<LiveCheck>> try_keys(
    const config::Config* of, RegionId region, aws::AwsClient* with
) {
    aws::DynamoDb tables{*with};
    aws::CallOptions options;
    options.total_timeout = kPatience;
    const auto asked = co_await tables.describe_table(region, of->detect.heartbeat_table, options);
    if (asked || asked.error().kind != ErrorKind::denied ||
        std::ranges::find(kKeyCodes, asked.error().code) == kKeyCodes.end()) {
        co_return std::nullopt;
    }
    co_return LiveCheck{
        .what = "credentials",
        .state = State::wrong,
        .text = asked.error().text,
        .remedy =
            "name a file and a profile with valid keys in `aws.credentials`, or renew those "
            "of this shell or role; `aws sts get-caller-identity` tries them"
    };
}

}  // namespace

std::optional<LiveCheck> refused_keys(const config::Config& config, const RegionId& without) {
    AwsWorld world{config};
    const std::vector<RegionId> regions = regions_of(config, core::TableUse::data, without);
    return regions.empty() ? std::nullopt
                           : world.run(try_keys(&config, regions.front(), &world.client()));
}

std::vector<LiveCheck> look_up_names(const config::Config& config, const RegionId& without) {
    AwsWorld world{config};
    return world.run(look_at_names(&config, without, &world.client()));
}

std::vector<LiveCheck> try_rights(const config::Config& config, const RegionId& without) {
    AwsWorld world{config};
    return world.run(try_all_reading(&config, without, &world.client()));
}

std::vector<LiveCheck> controller_checks(const wire::StatusDocument& status) {
    const bool ready = status.readiness.verdict == core::ReadinessVerdict::ready;
    std::vector<LiveCheck> checks{
        {.what = "controller",
         .state = ready ? State::good : State::wrong,
         .text = status.first_line,
         .remedy = "see what follows"}
    };
    for (const wire::FindingDocument& finding : status.readiness.findings) {
        // The hosts' own words follow, with a remedy of theirs.
        if (finding.remedy != "farshore doctor") {
            checks.push_back(
                {.what = "readiness " + finding.code,
                 .state = State::wrong,
                 .text = finding.text,
                 .remedy = finding.remedy.empty() ? "`farshore status` shows when it has passed"
                                                  : finding.remedy}
            );
        }
    }
    for (const wire::AgentDocument& agent : status.agents) {
        for (const wire::AgentTableDocument& table : agent.tables) {
            checks.push_back(
                {.what = "table " + table.table.value(),
                 .state = State::wrong,
                 .text = fmt::format(
                     "{} cannot prove {} writes, since {} refuses to read their keys: {}",
                     agent.host.value(),
                     table.unproven,
                     table.region.value(),
                     table.why
                 ),
                 .remedy =
                     "make it a global table with a replica there, and let the hosts' role read it"}
            );
        }
    }
    return checks;
}

LiveVerdict verdict_of(const std::vector<LiveCheck>& checks) {
    const auto any = [&checks](State state) {
        return std::ranges::any_of(checks, [state](const LiveCheck& check) {
            return check.state == state;
        });
    };
    return any(State::wrong)       ? LiveVerdict::not_ready
           : any(State::unchecked) ? LiveVerdict::unchecked
                                   : LiveVerdict::ready;
}

ExitCode exit_code_of(LiveVerdict verdict) {
    switch (verdict) {
        case LiveVerdict::ready: return kDone;
        case LiveVerdict::not_ready: return kNotReady;
        case LiveVerdict::unchecked: return kInconclusive;
    }
    std::unreachable();
}

std::string checks_text(const std::vector<LiveCheck>& checks) {
    std::string text;
    for (const LiveCheck& check : checks) {
        text += fmt::format(
            "{:<9}  {}: {}{}\n",
            to_string(check.state),
            check.what,
            check.text,
            check.code.empty() ? "" : " [" + check.code + "]"
        );
        if (check.state != State::good) {
            text += fmt::format("{:<9}  remedy: {}\n", "", check.remedy);
        }
    }
    return text;
}

json::array checks_document(const std::vector<LiveCheck>& checks) {
    json::array list;
    for (const LiveCheck& check : checks) {
        json::object one{
            {"what", check.what},
            {"state", to_string(check.state)},
            {"text", check.text},
            {"remedy", check.remedy}
        };
        if (!check.code.empty()) {
            one["code"] = check.code;
        }
        list.push_back(std::move(one));
    }
    return list;
}

}  // namespace farshore::cli
