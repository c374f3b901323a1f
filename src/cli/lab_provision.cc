#include "cli/lab_provision.h"

#include <boost/asio/this_coro.hpp>
#include <fmt/format.h>

#include "adapters/net/asio_types.h"
#include "wire/config.h"

namespace farshore::cli {

namespace {

constexpr Duration kPatience = std::chrono::seconds{15};

// Route 53's fast interval and threshold: the flip of the health state is the emergency lever.
constexpr int kInterval = 10;
constexpr int kFailureThreshold = 1;

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

aws::HealthCheckConfig endpoint_check(
    const std::string& address, std::uint16_t port, std::string path
) {
    aws::HealthCheckConfig config;
    config.type = aws::HealthCheckType::http;
    config.ip_address = address;
    config.port = port;
    config.path = std::move(path);
    config.interval = kInterval;
    config.failure_threshold = kFailureThreshold;
    return config;
}

aws::RecordSet failover_record(
    const LabLayout& layout, RegionId region, aws::FailoverRole role, std::string health_check
) {
    aws::RecordSet record;
    record.name = kLabRecord;
    record.type = "A";
    record.set_identifier = region.value();
    record.failover = role;
    record.ttl = static_cast<int>(kLabTtl.count());
    record.values = {layout.world.load_balancer_address(region)};
    record.health_check = std::move(health_check);
    return record;
}

struct Checks {
    std::string primary;  // calculated
    std::string secondary;
};

// Until then the record is not answered.
net::Task<Status> wait_in_sync(aws::Route53& route53, std::string change) {
    constexpr int kAttemptsMax = 200;
    for (int attempt = 0; attempt < kAttemptsMax; ++attempt) {
        const auto state = co_await route53.get_change(change);
        if (!state) {
            co_return std::unexpected(state.error());
        }
        if (state->in_sync) {
            co_return Status{};
        }
        const auto executor = co_await boost::asio::this_coro::executor;
        net::Timer timer{executor, std::chrono::milliseconds{50}};
        co_await timer.async_wait(net::kAwait);
    }
    co_return fail(ErrorKind::timed_out, "the record's change stays PENDING");
}

net::Task<Result<Checks>> make_checks(aws::Route53& route53, LabLayout layout) {
    const RegionId home = layout.table_regions().front();
    const RegionId standby = layout.table_regions().back();
    const auto home_config =
        endpoint_check(layout.world.load_balancer_address(home), layout.ports.shop, "/healthz");
    const auto standby_config =
        endpoint_check(layout.world.load_balancer_address(standby), layout.ports.shop, "/healthz");
    auto takeover_config = endpoint_check(
        layout.world.load_balancer_address(standby),
        layout.ports.health,
        fmt::format("/route53/{}/{}", kLabApp, home.value())
    );
    takeover_config.inverted = true;
    const auto serving =
        co_await route53.create_health_check(home_config, "serving-" + home.value());
    if (!serving) {
        co_return std::unexpected(serving.error());
    }
    const auto standby_serving =
        co_await route53.create_health_check(standby_config, "serving-" + standby.value());
    if (!standby_serving) {
        co_return std::unexpected(standby_serving.error());
    }
    const auto takeover =
        co_await route53.create_health_check(takeover_config, "takeover-of-" + home.value());
    if (!takeover) {
        co_return std::unexpected(takeover.error());
    }
    aws::HealthCheckConfig both;
    both.type = aws::HealthCheckType::calculated;
    both.threshold = 2;
    both.children = {serving->id, takeover->id};
    const auto primary = co_await route53.create_health_check(both, "primary-" + home.value());
    if (!primary) {
        co_return std::unexpected(primary.error());
    }
    co_return Checks{.primary = primary->id, .secondary = standby_serving->id};
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

net::Task<Result<std::string>> provision_traffic(aws::Route53& route53, LabLayout layout) {
    const auto zone = co_await route53.create_hosted_zone(std::string{kLabZone}, "farshore-lab");
    if (!zone) {
        co_return std::unexpected(zone.error());
    }
    const auto checks = co_await make_checks(route53, layout);
    if (!checks) {
        co_return std::unexpected(checks.error());
    }
    std::vector<aws::RecordChange> changes;
    changes.push_back(
        {.action = aws::ChangeAction::create,
         .record = failover_record(
             layout, layout.table_regions().front(), aws::FailoverRole::primary, checks->primary
         )}
    );
    changes.push_back(
        {.action = aws::ChangeAction::create,
         .record = failover_record(
             layout, layout.table_regions().back(), aws::FailoverRole::secondary, checks->secondary
         )}
    );
    const auto changed = co_await route53.change_record_sets(zone->id, changes, "farshore lab");
    if (!changed) {
        co_return std::unexpected(changed.error());
    }
    const Status in_sync = co_await wait_in_sync(route53, changed->id);
    if (!in_sync) {
        co_return std::unexpected(in_sync.error());
    }
    co_return zone->id;
}

}  // namespace farshore::cli
