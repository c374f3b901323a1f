#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <queue>
#include <set>
#include <string>
#include <vector>

#include "base/rng.h"
#include "core/host/host_machine.h"
#include "runtime/pump.h"

// A small multi-Region world in which time is a number: the real core, the real runtime and the
// real host machine, with a network that delays, loses and cuts. A run is a function of its seed.
namespace farshore::sim {

// Bugs planted on purpose: each checker must find its own, or it proves nothing.
enum class Plant {
    none,
    promotion_before_fence,  // fences are reported as acknowledged before the agents know of them
    lease_from_arrival,      // a holder counts its lease from the answer, not from its request
    gate_on_heartbeat_age,   // the loss gate looks at an age that goes on growing through an outage
    hold_not_drained,        // a drain is reported as proven without reading anything
};

enum class FaultKind {
    data_down,         // DynamoDB of the Region refuses, its replication stops, storage intact
    region_cut,        // nothing reaches or leaves the Region
    hosts_down,        // the Region's hosts are dead
    pair_partition,    // the two table Regions do not see each other
    controller_cut,    // the controller does not see the Region
    loss,              // a third of all messages vanish
    controller_crash,  // and comes back
    host_pause,        // one host stops for longer than its lease, then goes on where it was
    data_unseen,       // DynamoDB of the Region answers its own Region only
};

struct Fault {
    FaultKind kind = FaultKind::data_down;
    int region = 0;
    Instant from{};
    Instant until{};
};

struct Script {
    std::uint64_t seed = 1;
    Plant plant = Plant::none;
    Duration length = std::chrono::seconds{90};
    std::vector<Fault> faults;
    std::vector<Instant> switchovers;  // to the Region that is not active then
    bool automatic = true;
    bool early = false;                                // the policy acts before hosts see errors
    Duration lag_min = std::chrono::milliseconds{40};  // of replication; up to twice this and 40 ms
    bool slow_orders = false;    // one order in eight takes a third of a second longer
    int crash_at_save = 0;       // the controller dies at its n-th save; zero: it does not
    bool before_effects = true;  // ... before what the save was for, or right after it began
    bool crash_at_saves =
        false;  // the controller sometimes dies right after an intent became durable
};

// What the checkers saw. Empty texts: all invariants held.
struct Outcome {
    std::vector<std::string> violations;  // "INV-S1: …"
    int operations_done = 0;
    int operations_ended = 0;
    int failovers_started = 0;
    int saves = 0;
    bool operation_running = false;
    std::uint64_t acknowledged = 0;
    std::uint64_t lost = 0;     // acknowledged, and in no Region in the end
    std::uint64_t refused = 0;  // requests that got an error
    Epoch epoch;
    RegionId active;
    std::uint64_t trace_hash = 0;    // equal for equal (script, build)
    std::vector<std::string> trace;  // the last decisions, for people
};

[[nodiscard]] Outcome run(const Script& script);

// A script of random faults for a seed; all of them end well before the run does.
[[nodiscard]] Script random_script(std::uint64_t seed);

}  // namespace farshore::sim
