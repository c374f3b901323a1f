#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <utility>

#include "base/time.h"
#include "core/failover/action.h"

#include "bench/controller/figures.h"

namespace farshore::bench {

// One order to all agents: each time counts from its first arrival at any of them.
struct OrderRound {
    std::optional<Instant> first;
    std::optional<Instant> last_answered;
    Samples arrived;
    Samples sent;      // the acknowledgement
    Samples answered;  // by the controller
};

// What the agents of a swarm saw, since the phase began.
struct Observations {
    Samples greeted;  // from the first attempt to connect to the controller's hello
    Samples reports;  // from sending one to its answer
    Samples held;     // from a hold to the route or the release that ended it
    std::uint64_t reports_given_up = 0;
    std::uint64_t acks_given_up = 0;
    std::uint64_t refused = 0;  // answers that were no success
    std::uint64_t streams_lost = 0;
    std::uint64_t leases_lost =
        0;  // ran out, by the agent's clock, while it neither held nor was fenced
    std::uint64_t holds_ran_out = 0;
    // By type, and how often an agent had got that type before in this phase.
    std::map<std::pair<core::OrderType, std::size_t>, OrderRound> rounds;
};

// How the swarm is now.
struct Gauges {
    std::size_t connected = 0;  // have the controller's hello, on a stream that is open
    std::size_t writing = 0;    // may write: routed, with a lease
};

}  // namespace farshore::bench
