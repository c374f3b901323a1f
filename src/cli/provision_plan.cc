#include "cli/provision_plan.h"

#include <csignal>
#include <utility>

#include <boost/asio/signal_set.hpp>
#include <fmt/format.h>

#include "adapters/aws/table_provision.h"
#include "cli/aws_world.h"
#include "cli/traffic_checks.h"

namespace farshore::cli {

namespace {

std::vector<core::TableWish> wishes_of(const config::Config& config) {
    std::vector<RegionId> regions{config.preferred()};
    for (const config::Region& region : config.regions) {
        if (region.id != regions.front()) {
            regions.push_back(region.id);
        }
    }
    std::vector<RegionId> with_witness = regions;
    if (!config.witness.value().empty()) {
        with_witness.push_back(config.witness);
    }
    std::vector<core::TableWish> wishes;
    for (const config::Table& table : config.tables) {
        wishes.push_back({.table = table.name, .use = core::TableUse::data, .regions = regions});
    }
    wishes.push_back(
        {.table = config.detect.heartbeat_table,
         .use = core::TableUse::heartbeat,
         .regions = regions}
    );
    wishes.push_back(
        {.table = config.fence.epoch_table,
         .use = core::TableUse::epoch,
         .regions = std::move(with_witness)}
    );
    return wishes;
}

template <class Value>
void append(std::vector<Value>& to, std::vector<Value> from) {
    to.insert(to.end(), std::make_move_iterator(from.begin()), std::make_move_iterator(from.end()));
}

}  // namespace

ProvisionPlan look_at_installation(const config::Config& config) {
    AwsWorld world(config);
    aws::DynamoDb tables{world.client()};
    ProvisionPlan out{.app = config.app.value(), .changes = {}, .obstacles = {}, .notes = {}};
    for (const core::TableWish& wish : wishes_of(config)) {
        const std::vector<core::TableSeen> seen = world.run(aws::see_table(tables, wish));
        core::TablePlan plan = core::plan_table(wish, seen);
        append(out.changes, std::move(plan.changes));
        append(out.obstacles, std::move(plan.obstacles));
        append(out.notes, std::move(plan.notes));
    }
    if (config.traffic) {
        for (const LiveCheck& check : world.run(look_at_traffic(&config, &world.client()))) {
            if (check.state != LiveCheck::State::good) {
                out.notes.push_back(
                    fmt::format("{}: {}; remedy: {}", check.what, check.text, check.remedy)
                );
            }
        }
    }
    return out;
}

std::string text_of(const ProvisionPlan& plan) {
    std::string text;
    for (const core::TableChange& change : plan.changes) {
        text += fmt::format("+ {}\n    {}\n", core::text_of(change), change.why);
    }
    for (const core::Obstacle& obstacle : plan.obstacles) {
        text += fmt::format("! {}\n    remedy: {}\n", obstacle.text, obstacle.remedy);
    }
    for (const std::string& note : plan.notes) {
        text += fmt::format("  note: {}\n", note);
    }
    const std::size_t changes = plan.changes.size();
    text += plan.changes.empty() && plan.obstacles.empty()
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
    const std::vector<core::TableChange>& changes,
    const std::function<void(const core::TableChange&)>& begins
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
    for (const core::TableChange& change : changes) {
        if (applied.interrupted) {
            break;
        }
        begins(change);
        applied.status = world.run(aws::make_change(tables, change));
        if (!applied.status) {
            break;
        }
        ++applied.made;
    }
    signals.cancel();
    world.io().restart();
    world.io().poll();
    return applied;
}

}  // namespace farshore::cli
