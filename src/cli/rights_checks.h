#pragma once

#include <string>
#include <vector>

#include "adapters/aws/client.h"
#include "adapters/net/task.h"
#include "cli/live_checks.h"
#include "wire/config.h"

// Whether the principal that runs the command has the rights that the controller needs.
namespace farshore::cli {

// Asks IAM to simulate its policies (iam:SimulatePrincipalPolicy), once for each statement of the
// controller's policy. Where that may not be asked, reads that change nothing are tried, and what
// they cannot prove is named. Nothing is asked of the Region `without`, and IAM only when that is
// not us-east-1. `arn` is STS's name of the caller; `config` and `client` outlive the task.
//
// The simulation does not know all: policies of resources (those of tables) and of VPC endpoints
// are not in it ("Testing IAM policies with the IAM policy simulator", AWS IAM User Guide).
[[nodiscard]] net::Task<std::vector<LiveCheck>> rights_checks(
    const config::Config* config, RegionId without, aws::AwsClient* client, std::string arn
);

}  // namespace farshore::cli
