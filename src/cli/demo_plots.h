#pragma once

#include <array>
#include <chrono>
#include <string_view>

#include "base/time.h"
#include "lab/faults/fault_spec.h"

namespace farshore::cli {

// What a demo breaks, for how long, and what its world promises.
struct Plot {
    std::string_view name;
    std::string_view title;
    lab::FaultKind kind;
    std::string_view component;  // what its agents see broken
    Duration lasts;              // long enough to see the failover through
    Duration rto;                // what the world's configuration promises
};

// dynamodb: writes are repointed, so the shop is back before DNS moves. The other two need users to
// move: health checkers, then the record's ttl.
inline constexpr std::array kPlots{
    Plot{
        "dynamodb",
        "us-east-1's DynamoDB name gets an empty answer",
        lab::FaultKind::dynamodb,
        "dynamodb",
        std::chrono::seconds{20},
        std::chrono::seconds{5}
    },
    Plot{
        "servers",
        "both hosts of us-east-1 are killed",
        lab::FaultKind::hosts,
        "stack",
        std::chrono::seconds{30},
        std::chrono::seconds{60}
    },
    Plot{
        "region",
        "us-east-1 as a whole is cut off",
        lab::FaultKind::region,
        "dynamodb",
        std::chrono::seconds{30},
        std::chrono::seconds{60}
    },
};

}  // namespace farshore::cli
