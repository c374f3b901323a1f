#include "adapters/aws/table_survey.h"

#include <utility>

namespace farshore::aws {

core::TableSight sight_of(const RegionId& region, const Result<TableDescription>& described) {
    core::TableSight sight{.region = region};
    if (!described) {
        const ErrorKind kind = described.error().kind;
        sight.answer = kind == ErrorKind::not_found ? core::TableAnswer::missing
                       : kind == ErrorKind::denied  ? core::TableAnswer::denied
                                                    : core::TableAnswer::unanswered;
        sight.why = described.error().text;
        return sight;
    }
    sight.answer = core::TableAnswer::found;
    sight.status = described->status;
    for (const KeyAttribute& attribute : described->key) {
        sight.key += (sight.key.empty() ? "" : ", ") + attribute.name + " " + attribute.type;
    }
    sight.indexes = described->indexes;
    sight.on_demand = described->on_demand;
    sight.stream = described->stream;
    for (const Replica& replica : described->replicas) {
        sight.replicas.push_back({.region = replica.region, .status = replica.status});
    }
    return sight;
}

net::Task<std::vector<core::TableSight>> survey_table(
    DynamoDb& tables, TableName table, std::vector<RegionId> regions, Duration patience
) {
    std::vector<core::TableSight> sights;
    for (const RegionId& region : regions) {
        CallOptions options;
        options.connect_timeout = patience;
        options.total_timeout = patience;
        const Result<TableDescription> described =
            co_await tables.describe_table(region, table, options);
        sights.push_back(sight_of(region, described));
    }
    co_return sights;
}

}  // namespace farshore::aws
