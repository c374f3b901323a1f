#pragma once

#include <map>
#include <string>

#include "adapters/aws/client.h"
#include "adapters/net/task.h"
#include "core/provision/traffic_plan.h"

namespace farshore::aws {

// What Route 53 has of the wish's zone, record and checks. Errors: AwsClient's.
[[nodiscard]] net::Task<Result<core::ZoneSeen>> see_traffic(
    AwsClient& client, core::TrafficWish wish
);

// The zone of an AWS load balancer of that Region; empty: it has none of that name. Errors:
// AwsClient's.
[[nodiscard]] net::Task<Result<std::string>> balancer_zone(
    AwsClient& client, RegionId region, std::string dns_name
);

// Whether most of Route 53's checkers find both stacks healthy, which is waited for half a minute:
// a record whose check fails leads its users away. Errors: AwsClient's; conflict, with what the
// checkers say.
[[nodiscard]] net::Task<Status> stacks_are_healthy(
    AwsClient& client, std::map<core::CheckRole, std::string> checks
);

// Makes one change, and notes a check that it made in `checks`; records are waited for until every
// name server answers with them. May be repeated: a check has one reference for its role and what
// it asks. Errors: AwsClient's; timed_out when the records stay pending.
[[nodiscard]] net::Task<Status> make_change(
    AwsClient& client,
    core::TrafficWish wish,
    core::TrafficChange change,
    std::map<core::CheckRole, std::string>& checks
);

}  // namespace farshore::aws
