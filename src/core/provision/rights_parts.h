#pragma once

#include "core/provision/rights.h"

// The parts of rights.cc.
namespace farshore::core {

// One ARN for each table and Region.
[[nodiscard]] std::vector<std::string> tables_in(
    const RightsScope& scope,
    const std::vector<RegionId>& regions,
    const std::vector<TableName>& tables
);

[[nodiscard]] std::vector<RegionId> with_witness(const RightsScope& scope);

// What makes alarms and the way of their changes; nothing without them.
void add_alarms(std::vector<Right>& out, const RightsScope& scope);

// What the controller's fleet steps call.
void add_fleets(std::vector<Right>& out, const RightsScope& scope);

}  // namespace farshore::core
