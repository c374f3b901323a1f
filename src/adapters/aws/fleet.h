#pragma once

#include <string>

#include "adapters/aws/client.h"
#include "adapters/net/task.h"
#include "core/failover/action.h"

// The fleets of core/plan/fleet_change.h, as AWS has them.
namespace farshore::aws {

struct FleetEnd {
    enum class How {
        done,       // AWS says that it is as it should be
        failed,     // it is not, and nothing is under way
        timed_out,  // what was begun goes on
    };

    How how = How::failed;
    std::string text;  // for people
};

// Brings the fleet to what the change says, and waits until AWS says so. What is as it should be is
// left alone, so doing it again after a crash does no harm. One that is cancelled leaves what it
// began under way.
[[nodiscard]] net::Task<FleetEnd> move_fleet(AwsClient& client, core::MoveFleet order);

}  // namespace farshore::aws
