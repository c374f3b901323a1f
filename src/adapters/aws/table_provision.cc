#include "adapters/aws/table_provision.h"

#include "adapters/aws/table_survey.h"

namespace farshore::aws {
namespace {

using namespace std::chrono_literals;

constexpr Duration kPatience = 10s;
// AWS makes a replica of an empty table in minutes; of a large one it takes hours, and a second run
// goes on waiting.
constexpr Duration kMakePatience = 15min;

Status as_status(const Result<TableDescription>& described) {
    return described ? Status{} : std::unexpected(described.error());
}

}  // namespace

net::Task<std::vector<core::TableSeen>> see_table(DynamoDb& tables, core::TableWish wish) {
    std::vector<core::TableSeen> seen;
    for (const RegionId& region : wish.regions) {
        CallOptions options;
        options.total_timeout = kPatience;
        const Result<TableDescription> described =
            co_await tables.describe_table(region, wish.table, options);
        core::TableSeen one{.sight = sight_of(region, described)};
        if (described) {
            one.on_demand = described->on_demand;
            one.stream = described->stream;
            one.global_version = described->global_table_version;
            one.strong = described->strong;
            one.empty = described->item_count == 0;
            if (one.global_version.empty() && described->stream &&
                wish.use != core::TableUse::epoch) {
                // Servers that know no old global tables, and principals that may not ask, leave it
                // at that: AWS itself refuses what such a table does not allow.
                const Result<bool> old =
                    co_await tables.is_old_global_table(region, wish.table, options);
                one.global_version = old && *old ? "2017.11.29" : "";
            }
        }
        seen.push_back(std::move(one));
    }
    co_return seen;
}

net::Task<Status> make_change(DynamoDb& tables, core::TableChange change) {
    if (change.kind == core::TableChangeKind::create_table) {
        TableSpec spec{
            .name = change.table,
            .partition = {.name = change.key, .type = 'S'},
            .sort = {},
            .stream = change.stream
        };
        const auto made = co_await tables.create_table(change.region, std::move(spec));
        // A lost answer is read back by the wait; that it exists already is what is wanted.
        if (!made && made.error().effect == Effect::none &&
            made.error().kind != ErrorKind::conflict) {
            co_return as_status(made);
        }
        const auto active = co_await tables.wait_active(change.region, change.table, kMakePatience);
        co_return as_status(active);
    }
    if (change.kind == core::TableChangeKind::enable_stream) {
        const auto enabled = co_await tables.enable_stream(change.region, change.table);
        if (!enabled && enabled.error().effect == Effect::none) {
            co_return as_status(enabled);
        }
        const auto active = co_await tables.wait_active(change.region, change.table, kMakePatience);
        co_return as_status(active);
    }
    const std::vector<RegionId> others{change.replica};
    const auto global =
        co_await tables.make_table_global(change.region, change.table, others, kMakePatience);
    co_return as_status(global);
}

}  // namespace farshore::aws
