#pragma once

#include <string>
#include <vector>

#include "adapters/aws/client.h"
#include "adapters/net/task.h"
#include "base/result.h"
#include "core/provision/discovery.h"

namespace farshore::aws {

// Where to look, and for what.
struct Search {
    RegionId region;                // asked first: it holds the tables
    std::vector<TableName> tables;  // empty: those of the Region that have replicas
    RegionId standby;               // looked at too, also when no table has a replica there
    std::string record;             // empty: Route 53 is not asked
    std::string zone;               // id; empty: the zone that holds the record
};

// Reads what an account has for `farshore init`; changes nothing. Errors: AwsClient's, of the
// tables alone. What else could not be read stands in `not_read`, so that a principal of few rights
// learns what it may.
[[nodiscard]] net::Task<Result<core::Discovered>> discover(AwsClient& client, Search search);

}  // namespace farshore::aws
