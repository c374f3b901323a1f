#pragma once

#include "base/time.h"

namespace farshore::core {

// How long a failover's write may go without a fate once both Regions answer again.
struct LossLimits {
    Duration unreadable_after = std::chrono::minutes{10};  // its table's keys cannot be read in one
    Duration undecided_after = std::chrono::hours{24};     // it is still under way, as items tell
};

}  // namespace farshore::core
