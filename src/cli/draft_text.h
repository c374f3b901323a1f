#pragma once

#include <string>

#include "core/provision/discovery.h"

// The files that `farshore init` writes, with what it found as comments, and OPEN where a person
// has to decide. Each passes `farshore validate` as it is. Pure.
namespace farshore::cli {

// farshore.yaml.
[[nodiscard]] std::string controller_file(const core::Draft& draft);
// agent.yaml of any host of that Region.
[[nodiscard]] std::string agent_file(const core::Draft& draft, const RegionId& region);

}  // namespace farshore::cli
