#pragma once

#include <vector>

#include "core/failover/policy.h"
#include "core/recording/other_policy.h"
#include "ports/stored_rows.h"
#include "wire/config.h"

// How a configuration becomes what the core is told. Pure.
namespace farshore::controller {

[[nodiscard]] core::Policy policy_of(const config::Config& config);

// What the configuration says of decisions: recorded ones can be made again by another one's rules.
[[nodiscard]] core::Rules rules_of(const config::Config& config);

// One vote per vantage: this controller, and the registered hosts of each Region together.
[[nodiscard]] std::vector<core::Observer> observers_of(
    const config::Config& config, const std::vector<ports::RegisteredHost>& hosts
);

}  // namespace farshore::controller
