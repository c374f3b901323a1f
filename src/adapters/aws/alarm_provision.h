#pragma once

#include <string>
#include <vector>

#include "adapters/aws/client.h"
#include "adapters/net/task.h"
#include "core/provision/alarm_plan.h"

namespace farshore::aws {

// The account of the client's keys.
struct Account {
    std::string partition;  // "aws"
    std::string number;     // twelve digits
};

// Errors: AwsClient's.
[[nodiscard]] net::Task<Result<Account>> account_of(AwsClient& client, RegionId region);

// Those of the resources that are there, in the fields that they were wished with; whose one is is
// asked only when it is not as wished. Errors: AwsClient's.
[[nodiscard]] net::Task<Result<std::vector<core::AlarmResource>>> see_alarms(
    AwsClient& client, AppId app, std::vector<core::AlarmResource> wished
);

// Makes one change; may be repeated. What people added to a resource (actions of an alarm, targets
// of a rule, other policies of a role) stays. Errors: AwsClient's.
[[nodiscard]] net::Task<Status> make_change(AwsClient& client, AppId app, core::AlarmChange change);

}  // namespace farshore::aws
