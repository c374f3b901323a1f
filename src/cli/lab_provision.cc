#include "cli/lab_provision.h"

#include <fmt/format.h>

#include "adapters/aws/route53.h"
#include "adapters/aws/traffic_provision.h"
#include "wire/config.h"

namespace farshore::cli {

namespace {

constexpr Duration kPatience = std::chrono::seconds{15};

net::Task<Status> make_global(
    aws::DynamoDb& dynamodb, RegionId home, TableName table, std::vector<RegionId> others
) {
    const aws::TableSpec spec{
        .name = table,
        .partition = {.name = "id", .type = 'S'},
        .sort = {},
        .stream = !others.empty()
    };
    const auto created = co_await dynamodb.create_table(home, spec);
    if (!created) {
        co_return std::unexpected(created.error());
    }
    const auto active = co_await dynamodb.wait_active(home, table, kPatience);
    if (!active) {
        co_return std::unexpected(active.error());
    }
    const auto global = co_await dynamodb.make_table_global(home, table, others, kPatience);
    if (!global) {
        co_return std::unexpected(global.error());
    }
    co_return Status{};
}

net::Task<Status> make_plain(
    aws::DynamoDb& dynamodb, RegionId region, TableName table, std::string key
) {
    const aws::TableSpec spec{
        .name = table, .partition = {.name = key, .type = 'S'}, .sort = {}, .stream = false
    };
    const auto created = co_await dynamodb.create_table(region, spec);
    if (!created) {
        co_return std::unexpected(created.error());
    }
    const auto active = co_await dynamodb.wait_active(region, table, kPatience);
    if (!active) {
        co_return std::unexpected(active.error());
    }
    co_return Status{};
}

core::TrafficSide side_of(const LabLayout& layout, const RegionId& region) {
    const std::string address = layout.world.load_balancer_address(region);
    return {
        .region = region,
        .serving =
            core::CheckTarget{.host = address, .port = layout.ports.shop, .path = "/healthz"},
        .answer = core::RecordAnswer{.addresses = {address}}
    };
}

core::TrafficWish traffic_wish(const LabLayout& layout, std::string zone) {
    const RegionId home = layout.table_regions().front();
    const RegionId standby = layout.table_regions().back();
    return {
        .app = AppId{std::string{kLabApp}},
        .zone = std::move(zone),
        .record = std::string{kLabRecord},
        .ttl = kLabTtl.count(),
        .preferred = side_of(layout, home),
        .standby = side_of(layout, standby),
        .takeover =
            core::CheckTarget{
                .host = layout.world.load_balancer_address(standby),
                .port = layout.ports.health,
                .path = fmt::format("/route53/{}/{}", kLabApp, home.value())
            },
        .failure_threshold = kLabFailureThreshold
    };
}

}  // namespace

net::Task<Status> provision_tables(aws::DynamoDb& dynamodb, LabLayout layout) {
    const config::Config names;
    const RegionId home = layout.table_regions().front();
    const std::vector<RegionId> others{layout.table_regions().back()};
    for (const TableName& table :
         {TableName{std::string{kLabTable}}, names.detect.heartbeat_table}) {
        const Status made = co_await make_global(dynamodb, home, table, others);
        if (!made) {
            co_return made;
        }
    }
    for (const RegionId& region : layout.options.regions) {
        const Status made = co_await make_plain(dynamodb, region, names.fence.epoch_table, "app");
        if (!made) {
            co_return made;
        }
    }
    co_return Status{};
}

net::Task<Result<std::string>> provision_traffic(aws::AwsClient& client, LabLayout layout) {
    aws::Route53 route53{client};
    const auto zone = co_await route53.create_hosted_zone(std::string{kLabZone}, "farshore-lab");
    if (!zone) {
        co_return std::unexpected(zone.error());
    }
    const core::TrafficWish wish = traffic_wish(layout, zone->id);
    const auto seen = co_await aws::see_traffic(client, wish);
    if (!seen) {
        co_return std::unexpected(seen.error());
    }
    core::TrafficPlan plan = core::plan_traffic(wish, *seen);
    if (!plan.obstacles.empty()) {
        co_return fail(ErrorKind::conflict, plan.obstacles.front().text);
    }
    for (const core::TrafficChange& change : plan.changes) {
        const Status made = co_await aws::make_change(client, wish, change, plan.checks);
        if (!made) {
            co_return std::unexpected(made.error());
        }
    }
    co_return zone->id;
}

}  // namespace farshore::cli
