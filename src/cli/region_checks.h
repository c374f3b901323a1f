#pragma once

#include <vector>

#include "cli/live_checks.h"
#include "wire/config.h"
#include "wire/operation_document.h"

// What a configuration says of one Region: whether a failover may go to it, and what is left when
// it answers nothing. Pure.
namespace farshore::cli {

// What stands in the configuration that a failover to `to` would find.
[[nodiscard]] std::vector<LiveCheck> checks_to(const config::Config& config, const RegionId& to);

// What the controller says of that failover, asked for by an operator: each guard that would refuse
// it.
[[nodiscard]] std::vector<LiveCheck> plan_checks(
    const wire::PlanDocument& plan, const RegionId& to
);

// What works while `without` answers nothing: epochs, verdicts, the controller, joining, steps.
[[nodiscard]] std::vector<LiveCheck> checks_without(
    const config::Config& config, const RegionId& without
);

}  // namespace farshore::cli
