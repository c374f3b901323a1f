#pragma once

#include <vector>

#include "adapters/aws/dynamodb.h"
#include "core/tables/table_findings.h"

namespace farshore::aws {

// Asks DescribeTable in each Region, one after the other, within `patience` each. Single-threaded;
// `tables` must outlive the task.
[[nodiscard]] net::Task<std::vector<core::TableSight>> survey_table(
    DynamoDb& tables, TableName table, std::vector<RegionId> regions, Duration patience
);

// What one answer of DescribeTable tells. Pure.
[[nodiscard]] core::TableSight sight_of(
    const RegionId& region, const Result<TableDescription>& described
);

}  // namespace farshore::aws
