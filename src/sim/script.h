#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/enum_spelling.h"
#include "core/failover/policy.h"
#include "core/planted.h"

#include "sim/places.h"

// What a run is made from: the shape of the world, and a story of faults and commands. Times are
// the story's (Calendar::story). A script is a value: it can be written down (script_text.h), and
// the same script gives the same run.
namespace farshore::sim {

using namespace std::chrono_literals;

// `at` is the Region it happens in, `to` the other end where there is one, `amount` its size.
enum class FaultKind : std::uint8_t {
    // A Region's DynamoDB
    data_refuses,         // every request is refused at once, and nothing replicates
    data_hangs,           // nothing is answered; half of the writes take effect all the same
    data_errors,          // `amount` per mille of the requests fail
    data_late,            // one write in ten is carried out up to `amount` ms later
    data_slow,            // answers take up to `amount` ms longer, and so do writes to take effect
    data_throttles,       // `amount` per mille of the writes are refused
    data_unseen,          // it answers its own Region only
    names_empty,          // its name has no address: no new connection; old ones hang after 3 s
    records_refuse,       // the epoch record's copy there cannot be read or written
    replication_stopped,  // from `at` to `to`
    replication_slow,     // from `at` to `to`, `amount` ms longer
    heartbeats_frozen,    // heartbeats do not replicate, data does
    heartbeats_early,     // heartbeats replicate as ever, data takes `amount` ms longer
    // Stacks and hosts
    stack_down,                // its load balancer answers no request; hosts live
    hosts_dead,                // all of its hosts
    half_dead,                 // every second one
    host_restart,              // the agent's process, at once; memory and ledger are lost
    hosts_restart_one_by_one,  // a rolling upgrade over the fault's whole length
    host_reimaged,             // like a restart, and the state file is gone
    host_pause,                // stands still, and goes on where it was
    host_stopped,              // its virtual machine stands still, and so do its clocks
    host_restored,             // at the end its virtual machine is what it was at the beginning
    host_disk_full,            // its state file cannot be written
    host_clock_drift,          // its boot clock runs `amount` ppm too fast
    host_wall_step,            // its wall clock is `amount` ms ahead
    old_agent,                 // reports without the newer fields, does not know drain and verify
    metrics_missing,           // reports carry no evidence; checks pass
    impostor,  // a host of `to` says that it is one of `at`, and acknowledges its orders
    ghosts,    // `amount` invented hosts of each Region register themselves and see `at` fail
    // Network
    region_cut,  // nothing enters or leaves
    pair_cut,    // between `at` and `to`
    one_way,     // from `at` to `to` only
    clogged,     // messages from `at` to `to` wait until it ends
    loss,        // `amount` per mille of all messages
    duplicates,  // `amount` per mille of all requests arrive twice
    reordering,  // messages overtake each other by up to `amount` ms
    latency,     // every message takes `amount` ms longer
    // Controller and store
    controller_dead,         // until it ends
    controller_pause,        // stands still, and goes on where it was
    controller_clock_drift,  // its boot clock runs `amount` ppm too fast
    controller_wall_step,    // its wall clock is `amount` ms ahead
    controller_blind,        // it does not reach the epoch items
    rival_beside,            // a second controller is started, on the same store
    rival_stale,             // ... on an older copy of it
    rival_empty,             // ... on an empty one
    dies_before_effects,     // at its `amount`-th save from then: durable, and nothing begun
    dies_after_effects,      // ... and the effects had begun
    dies_in_save,            // ... in the middle of it: it may be kept or lost
    store_full,              // saves fail
    store_slow,              // a save takes `amount` ms, in which the controller does nothing else
    store_stale,             // the controller dies, and comes back with an older copy
    store_lost,              // the controller dies, and comes back with an empty store
    // Around
    record_written,    // a foreign writer raises the records by `amount`, with `to` active
    record_lease,      // the copy in `at` names a lease of `amount` ms
    record_astray,     // a script sets the copy in `at` to the last epoch there can be
    dns_stranded,      // health states change, and the record does not follow
    resolvers_stale,   // users keep the address they have
    checks_fail,       // the functional checks of `at` fail
    losses_unreadable  // what has arrived in `at` cannot be looked up
};

inline constexpr auto& kFaultKindNames = kSpelledNames<FaultKind>;

constexpr const auto& names_of(FaultKind) {
    return kFaultKindNames;
}

// When something begins: at a moment of the story, or so long after an operation has entered a
// state for the first time after that moment.
struct Moment {
    Duration at{};
    std::string_view entering{};  // OperationRecord::doing(); empty: a time is meant
    Duration after{};
};

struct Fault {
    FaultKind kind{};
    Place at = 0;
    Place to = 1;
    std::size_t host = 0;  // which of the Region's hosts
    int amount = 0;
    Moment from;
    Duration length{};
};

enum class CommandKind : std::uint8_t {
    switchover,
    failover,
    failback,
    abort,
    pause,
    resume,
    forget,       // a host that is dead
    reconfigure,  // the controller is restarted with Script::others[amount]
    skip          // go on without the declared step that runs
};

inline constexpr auto& kCommandKindNames = kSpelledNames<CommandKind>;

constexpr const auto& names_of(CommandKind) {
    return kCommandKindNames;
}

struct Command {
    CommandKind kind{};
    Moment from;
    std::optional<Place> to;  // nullopt: the Region that is not active then
    std::optional<Duration> accept_loss;
    bool accept_unfenced = false;
    std::vector<core::Lever> levers;  // empty: those that fit
    int amount = 0;
    Duration length{};  // of a pause; zero: without an end
};

// What a controller is configured with; it may change when it restarts.
struct Configuration {
    core::Mode mode = core::Mode::automatic;
    core::OnControllerLoss on_controller_loss = core::OnControllerLoss::verify;
    bool early = false;
    bool register_closed = false;
    bool users_can_be_shifted = true;
    bool drills_required = false;
    bool drill_proven = true;  // where they are required
    std::array<bool, kTablesMax> stacks_watched{true, true, true};
    core::Hysteresis hysteresis;
    int quorum_needed = core::Quorum{}.needed;
    core::Timing timing;  // but the lease
    Duration approve_within = 40s;
    Duration lease = 3s;
    Duration cooldown = 60s;
    Duration max_loss = 5s;
    std::vector<core::Lever> data_impaired{core::Lever::repoint, core::Lever::shift};
    std::vector<core::Lever> stack_impaired{core::Lever::shift};
    std::vector<core::Lever> region_lost{core::Lever::shift};
    std::vector<core::DeclaredStep> steps;
};

struct Script {
    std::uint64_t seed = 1;                         // of everything that happens by chance
    core::PlantedBug bug = core::PlantedBug::none;  // planted_world.h
    bool skips_quiet_time = true;
    Duration length = 10min;

    // The world's shape.
    Place tables = 2;
    std::array<std::size_t, kTablesMax> hosts{2, 2, 0};
    // In which Regions hosts without an agent stand in the target set beside the others.
    std::array<bool, kTablesMax> agentless{};
    Duration lag{60ms};  // of replication; up to twice this
    core::OnControllerLoss agents_rule = core::OnControllerLoss::verify;
    Duration agents_lease = 3s;
    bool control_targets = true;
    bool slow_checks = false;  // health checks of thirty seconds instead of ten
    std::size_t shoppers = 8;
    // What people say when a step asks them, and whether their commands succeed. False: they
    // approve and go on, and their commands do what they are for.
    bool answers_by_chance = true;

    Configuration configuration;
    std::vector<Configuration> others;  // see CommandKind::reconfigure

    std::vector<Fault> faults;
    std::vector<Command> commands;

    // A shopper whom the load balancer keeps on a host without an agent, where there is one.
    [[nodiscard]] bool may_pass_agents(std::size_t shopper) const {
        return shopper % 4 == 1 && (agentless[0] || agentless[1] || agentless[2]);
    }
};

// A script of random faults for a seed. All faults end well before the run does.
[[nodiscard]] Script random_script(std::uint64_t seed, Duration length);

}  // namespace farshore::sim
