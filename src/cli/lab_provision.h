#pragma once

#include <string>

#include "adapters/aws/dynamodb.h"
#include "adapters/aws/route53.h"
#include "adapters/net/task.h"
#include "base/result.h"
#include "cli/lab_layout.h"

// Sets up tables, zone, health checks and records of a lab world through the AWS protocols, the way
// one would on AWS: nothing here knows that it talks to the lab.
namespace farshore::cli {

// The sessions and heartbeats as global tables, the epoch records as plain ones in three Regions.
[[nodiscard]] net::Task<Status> provision_tables(aws::DynamoDb& dynamodb, LabLayout layout);

// The zone, and a failover pair whose primary is healthy while its own Region serves AND the
// standby's agents have not been told to take its users over. Gives the zone's id.
[[nodiscard]] net::Task<Result<std::string>> provision_traffic(
    aws::Route53& route53, LabLayout layout
);

}  // namespace farshore::cli
