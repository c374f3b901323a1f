#include "cli/provision_plan.h"

#include <csignal>
#include <utility>

#include <boost/asio/signal_set.hpp>
#include <fmt/format.h>

#include "adapters/aws/alarm_provision.h"
#include "adapters/aws/table_provision.h"
#include "adapters/aws/traffic_provision.h"
#include "base/text.h"
#include "cli/aws_world.h"
#include "cli/provision_wishes.h"
#include "cli/traffic_checks.h"

namespace farshore::cli {

namespace {

template <class Value>
void append(std::vector<Value>& to, std::vector<Value> from) {
    to.insert(to.end(), std::make_move_iterator(from.begin()), std::make_move_iterator(from.end()));
}

// False: it stands in the way.
bool find_balancer(AwsWorld& world, core::TrafficSide& side, ProvisionPlan& plan) {
    if (!side.answer || !is_aws_balancer(side.answer->name)) {
        return true;
    }
    const auto zone = world.run(aws::balancer_zone(world.client(), side.region, side.answer->name));
    if (zone && !zone->empty()) {
        side.answer->alias_zone = *zone;
        return true;
    }
    plan.obstacles.push_back(
        {.about = side.region.value(),
         .text =
             zone ? "there is no load balancer " + side.answer->name + " in " + side.region.value()
                  : zone.error().text,
         .remedy = zone ? "is `answers` right, and is it this account's?" : zone.error().remedy}
    );
    return false;
}

void plan_traffic(AwsWorld& world, const config::Config& config, Looked& out) {
    core::TrafficWish wish = traffic_wish(config);
    if (!find_balancer(world, wish.preferred, out.plan) ||
        !find_balancer(world, wish.standby, out.plan)) {
        return;
    }
    const auto seen = world.run(aws::see_traffic(world.client(), wish));
    if (!seen) {
        out.plan.obstacles.push_back(
            {.about = wish.record, .text = seen.error().text, .remedy = seen.error().remedy}
        );
        return;
    }
    core::TrafficPlan plan = core::plan_traffic(wish, *seen);
    append(out.plan.traffic, std::move(plan.changes));
    append(out.plan.obstacles, std::move(plan.obstacles));
    append(out.plan.notes, std::move(plan.notes));
    out.traffic = TrafficGround{.wish = std::move(wish), .checks = std::move(plan.checks)};
}

core::AlarmWish alarm_wish(const config::Config& config, aws::Account account) {
    core::AlarmWish wish{
        .partition = std::move(account.partition),
        .account = std::move(account.number),
        .app = config.app,
        .regions = {},
        .tables = {},
        .heartbeat_table = config.detect.heartbeat_table,
        .queues = config.detect.alarms.queues,
        .role = config.detect.alarms.role,
        .latency = config.detect.alarms.latency,
        .replication_lag = config.detect.alarms.replication_lag
    };
    for (const config::Region& region : config.regions) {
        wish.regions.push_back(region.id);
    }
    for (const config::Table& table : config.tables) {
        wish.tables.push_back(table.name);
    }
    if (wish.queues.empty()) {
        wish.queues = wish.regions;
    }
    return wish;
}

void plan_alarms(AwsWorld& world, const config::Config& config, ProvisionPlan& out) {
    const auto stands_in_the_way = [&out](const Error& error) {
        out.obstacles.push_back(
            {.about = "detect.alarms", .text = error.text, .remedy = error.remedy}
        );
    };
    auto account = world.run(aws::account_of(world.client(), config.preferred()));
    if (!account) {
        stands_in_the_way(account.error());
        return;
    }
    const core::AlarmWish wish = alarm_wish(config, *std::move(account));
    const auto seen =
        world.run(aws::see_alarms(world.client(), config.app, core::wished_alarm_resources(wish)));
    if (!seen) {
        stands_in_the_way(seen.error());
        return;
    }
    core::AlarmPlan plan = core::plan_alarms(wish, *seen);
    append(out.alarms, std::move(plan.changes));
    append(out.obstacles, std::move(plan.obstacles));
    append(out.notes, std::move(plan.notes));
}

// What the linter says of records that are as they are wished.
void append_findings(AwsWorld& world, const config::Config& config, ProvisionPlan& plan) {
    for (const LiveCheck& check : world.run(look_at_traffic(&config, &world.client()))) {
        if (check.state != LiveCheck::State::good) {
            plan.notes.push_back(
                fmt::format("{}: {}; remedy: {}", check.what, check.text, check.remedy)
            );
        }
    }
}

net::Task<Status> set_when_healthy(
    aws::AwsClient& client,
    core::TrafficWish wish,
    core::TrafficChange change,
    std::map<core::CheckRole, std::string>& checks
) {
    const Status healthy = co_await aws::stacks_are_healthy(client, checks);
    if (!healthy) {
        co_return healthy;
    }
    const Status set = co_await aws::make_change(client, wish, change, checks);
    co_return set;
}

}  // namespace

Looked look_at_installation(const config::Config& config) {
    AwsWorld world(config);
    aws::DynamoDb tables{world.client()};
    Looked out;
    out.plan.app = config.app.value();
    for (const core::TableWish& wish : wishes_of(config)) {
        const std::vector<core::TableSeen> seen = world.run(aws::see_table(tables, wish));
        core::TablePlan plan = core::plan_table(wish, seen);
        append(out.plan.changes, std::move(plan.changes));
        append(out.plan.obstacles, std::move(plan.obstacles));
        append(out.plan.notes, std::move(plan.notes));
    }
    if (config.traffic) {
        plan_traffic(world, config, out);
    }
    if (config.detect.alarms.provision) {
        plan_alarms(world, config, out.plan);
    }
    if (out.traffic && out.plan.traffic.empty()) {
        append_findings(world, config, out.plan);
    }
    return out;
}

std::string not_looked_at(const ProvisionPlan& looked_at, const ProvisionPlan& now) {
    if (const auto change = core::not_looked_at(looked_at.changes, now.changes)) {
        return core::text_of(*change);
    }
    if (const auto change = core::not_looked_at(looked_at.traffic, now.traffic)) {
        return core::text_of(*change);
    }
    const auto change = core::not_looked_at(looked_at.alarms, now.alarms);
    return change ? core::text_of(*change) : "";
}

std::string text_of(const ProvisionPlan& plan) {
    std::string text;
    for (const core::TableChange& change : plan.changes) {
        text += fmt::format("+ {}\n    {}\n", core::text_of(change), change.why);
    }
    for (const core::TrafficChange& change : plan.traffic) {
        const bool makes = change.kind == core::TrafficChangeKind::create_check;
        text +=
            fmt::format("{} {}\n    {}\n", makes ? '+' : '~', core::text_of(change), change.why);
    }
    for (const core::AlarmChange& change : plan.alarms) {
        const bool makes = change.kind == core::AlarmChangeKind::create;
        text +=
            fmt::format("{} {}\n    {}\n", makes ? '+' : '~', core::text_of(change), change.why);
    }
    for (const core::Obstacle& obstacle : plan.obstacles) {
        text += fmt::format("! {}\n    remedy: {}\n", obstacle.text, obstacle.remedy);
    }
    for (const std::string& note : plan.notes) {
        text += fmt::format("  note: {}\n", note);
    }
    const std::size_t changes = plan.count();
    text += changes == 0 && plan.obstacles.empty()
                ? "everything that the configuration needs is there\n"
                : fmt::format(
                      "{} change{}, {} for a person to decide\n",
                      changes,
                      changes == 1 ? "" : "s",
                      plan.obstacles.size()
                  );
    return text;
}

Applied apply_changes(
    const config::Config& config,
    const Looked& looked,
    bool skips_health,
    const std::function<void(const std::string&)>& begins
) {
    AwsWorld world(config);
    aws::DynamoDb tables{world.client()};
    Applied applied;
    // A call to AWS is never cut: what it does must be known.
    boost::asio::basic_signal_set<net::Io::executor_type> signals{
        world.io().get_executor(), SIGINT, SIGTERM
    };
    signals.async_wait([&applied](const boost::system::error_code& error, int) {
        applied.interrupted = !error;
    });
    const auto make_all = [&](const auto& changes, const auto& make) {
        for (const auto& change : changes) {
            if (applied.interrupted || !applied.status) {
                return;
            }
            begins(core::text_of(change));
            applied.status = world.run(make(change));
            applied.made += applied.status ? 1U : 0U;
        }
    };
    make_all(looked.plan.changes, [&](const core::TableChange& change) {
        return aws::make_change(tables, change);
    });
    if (looked.traffic) {
        std::map<core::CheckRole, std::string> checks = looked.traffic->checks;
        make_all(looked.plan.traffic, [&](const core::TrafficChange& change) {
            const bool asks_first =
                change.kind == core::TrafficChangeKind::set_records && !skips_health;
            return asks_first
                       ? set_when_healthy(world.client(), looked.traffic->wish, change, checks)
                       : aws::make_change(world.client(), looked.traffic->wish, change, checks);
        });
    }
    make_all(looked.plan.alarms, [&](const core::AlarmChange& change) {
        return aws::make_change(world.client(), config.app, change);
    });
    signals.cancel();
    world.io().restart();
    world.io().poll();
    return applied;
}

}  // namespace farshore::cli
