#pragma once

#include <string>
#include <variant>

#include "core/failover/event.h"

// All that changes an AppCore after its start. Told again in the same order, with the same moments,
// it leads to the same decisions (INV-S14).
namespace farshore::core {

// AppCore::resume()
struct Resumed {
    std::string after;
};

// AppCore::stall()
struct Stalled {};

// AppCore::withdraw(): the store has refused what the request before led to.
struct Withdrawn {};

// AppCore::grant_lease(), where it granted one. A refusal changes nothing.
struct LeaseGranted {
    HostId host;
    Epoch epoch;
    Duration length{};
};

using Input = std::variant<Event, Resumed, Stalled, Withdrawn, LeaseGranted>;

}  // namespace farshore::core
