#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "core/failover/record.h"
#include "core/failover/reply.h"
#include "core/records/epoch_items.h"

// What the core asks of the world, in the words of the domain. Outcomes come back as events.
namespace farshore::core {

// Which step of which operation: outcomes of an older step are ignored.
struct StepId {
    OperationId operation;
    std::uint64_t number = 0;

    friend bool operator==(const StepId&, const StepId&) = default;
};

enum class OrderType { route, hold, release, fence, drain, verify };
inline constexpr std::array<std::string_view, 6> kOrderTypeNames{
    "route", "hold", "release", "fence", "drain", "verify"
};

constexpr const auto& names_of(OrderType) {
    return kOrderTypeNames;
}

// Write the epoch into a majority of the app's epoch records, by conditional writes. -> EpochRaised
struct RaiseEpoch {
    StepId step;
    AppId app;
    Epoch epoch;
    RegionId active;
    RaisedFor raised_for;
    // Only find out whether an earlier raise of it has landed: nothing is written.
    bool only_look = false;
};

// Read which hosts have registered themselves in the epoch tables: they had no controller to say
// hello to, and take permission from the records. To be read after a raise: a host that registers
// later reads the new epoch. -> HostsFound
struct FindHosts {
    StepId step;
};

// Tell hosts' agents. Hosts that are not connected are left out: the core sends again when they
// come. -> AgentAcked per host
struct OrderAgents {
    StepId step;  // no operation: the standing route of a host that has connected
    AppId app;
    std::vector<HostId> hosts;
    OrderType type = OrderType::route;
    Epoch epoch;
    RegionId active;
    RegionId users;
    Duration hold_for{};     // hold
    Duration timeout{};      // drain
    Duration fence_grace{};  // fence: how long writes in flight may still be answered
};

// Read the keys that the fenced agents could not prove, in the new Region, before it takes writes;
// keep what is found in the loss book. -> LossesExamined
struct ExamineLosses {
    StepId step;
    RegionId from;
    RegionId to;
    Duration budget{};
};

// Make the health state send users to a Region, and see that the record answers so. ->
// TrafficServed
struct ServeUsers {
    StepId step;
    AppId app;
    RegionId to;
};

// Run the functional checks against the Region's stack. -> FunctionVerified
struct VerifyFunction {
    StepId step;
    RegionId in;
};

// What a program of the operator's own is told of its plan: FARSHORE_APP and the like in its
// environment are these names in capitals.
using PlanValues = std::vector<std::pair<std::string, std::string>>;

// Run a program of the operator's own on the controller's machine, with the plan's values in its
// environment and as JSON on its standard input. -> CommandEnded
struct RunCommand {
    StepId step;
    std::string name;              // of the step
    std::vector<std::string> run;  // the program and its arguments: no shell
    Duration timeout{};            // then its whole process group is ended
    PlanValues values;
};

// End it, if it still runs. Nothing comes back.
struct StopCommand {
    StepId step;
};

// Bring a fleet to what the change says, and see that it is. What AWS says is read first: begun
// again, it does what is missing. -> CommandEnded, with status 0 or what is wrong
struct MoveFleet {
    StepId step;
    StepKind kind = StepKind::ssm;
    FleetChange change;
    Duration timeout{};
    PlanValues values;  // of a script
};

// Watch it no more. Nothing comes back.
struct LeaveFleet {
    StepId step;
};

// Tell people. Nothing comes back.
struct Announce {
    std::string text;
};

using Action = std::variant<
    RaiseEpoch,
    FindHosts,
    OrderAgents,
    ExamineLosses,
    ServeUsers,
    VerifyFunction,
    RunCommand,
    StopCommand,
    MoveFleet,
    LeaveFleet,
    Announce>;

// What one call of the core wants. The record and the journal are made durable before the first
// action is started: intent before effect (INV-S3).
struct Effects {
    bool save = false;
    std::vector<JournalEntry> journal;
    std::vector<Action> actions;
    std::optional<Reply> reply{};  // when a person's request was taken or refused
};

}  // namespace farshore::core
