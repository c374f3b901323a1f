#pragma once

#include <vector>

#include "cli/live_checks.h"
#include "wire/config.h"

// What the AWS account itself says, of which the lab has nothing: `farshore doctor --live`. Reads
// only; blocking.
namespace farshore::cli {

// Who asks, whether the clock agrees with AWS's, whether DynamoDB's quotas are alike in the
// table Regions, and whether the caller has the controller's rights. Nothing is asked of the Region
// `without`.
[[nodiscard]] std::vector<LiveCheck> account_checks(
    const config::Config& config, const RegionId& without
);

}  // namespace farshore::cli
