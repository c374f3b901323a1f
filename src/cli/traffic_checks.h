#pragma once

#include <optional>
#include <vector>

#include "adapters/aws/client.h"
#include "adapters/net/task.h"
#include "cli/live_checks.h"
#include "core/lint/rto_forecast.h"
#include "core/lint/traffic_seen.h"
#include "wire/config.h"

// What is said of the record that moves users, and of how long that would take.
namespace farshore::cli {

// Reads the record and its health checks, and says what the linter finds. The configuration has
// `traffic`; both pointers outlive the task.
[[nodiscard]] net::Task<std::vector<LiveCheck>> look_at_traffic(
    const config::Config* config, aws::AwsClient* client
);

// The linter's findings and the forecast, as checks. Pure.
[[nodiscard]] std::vector<LiveCheck> traffic_checks(
    const config::Config& config, const core::TrafficSeen& seen
);

// Of hosts in place and, when users are moved by DNS, of them; `seen` tells how fast the record's
// checks flip, and without it the fastest are taken. Pure.
[[nodiscard]] core::RtoForecast rto_of(
    const config::Config& config, const core::TrafficSeen* seen = nullptr
);
[[nodiscard]] LiveCheck rto_check(const config::Config& config, const core::RtoForecast& forecast);

}  // namespace farshore::cli
