#pragma once

#include <string>

#include "adapters/aws/client.h"
#include "adapters/aws/dynamodb.h"
#include "adapters/net/task.h"
#include "base/result.h"
#include "cli/lab_layout.h"

// Sets up tables, zone, health checks and records of a lab world through the AWS protocols, the way
// one would on AWS: nothing here knows that it talks to the lab.
namespace farshore::cli {

// The sessions and heartbeats as global tables, the epoch records as plain ones in three Regions.
[[nodiscard]] net::Task<Status> provision_tables(aws::DynamoDb& dynamodb, LabLayout layout);

// The zone, and what `farshore provision` makes in it. Gives the zone's id.
[[nodiscard]] net::Task<Result<std::string>> provision_traffic(
    aws::AwsClient& client, LabLayout layout
);

}  // namespace farshore::cli
