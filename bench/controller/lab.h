#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/ids.h"

// The world around the controller: DynamoDB in three Regions, the load balancers' health, and
// Route 53 with no records. Runs in a process of its own, so that farshored runs as it is shipped.
namespace farshore::bench {

inline const RegionId kHome{"us-east-1"};
inline const RegionId kStandby{"eu-west-1"};
inline const RegionId kWitness{"us-east-2"};
inline const AppId kApp{"shop"};
inline const TableName kTable{"MyMagentoSessionsTable"};

// Serves until SIGTERM. Prints one line once it does: {"dynamodb":{"us-east-1":URL,…},"web":URL}.
// Gives the process's exit status.
[[nodiscard]] int serve_lab();

}  // namespace farshore::bench
