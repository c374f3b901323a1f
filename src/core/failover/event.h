#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "core/evidence/observation.h"
#include "core/failover/action.h"

// What the world tells the core.
namespace farshore::core {

struct EpochRaised {
    StepId step;
    bool majority = false;             // the new epoch stands in a majority of the records
    bool unchanged_confirmed = false;  // a majority was read and still carries the old epoch
    Epoch highest_seen;
    Duration longest_lease{};  // that a record named before the raise: agents may have taken it
    std::string detail;
};

struct AgentAcked {
    StepId step;
    HostId host;
    OrderType type = OrderType::route;
    Epoch epoch;
    bool done = false;
    std::uint32_t unproven = 0;  // fence, drain: acknowledged writes not yet read in the standby
    std::string detail;
};

struct AgentConnected {
    HostId host;
    RegionId region;
    Epoch epoch;
};

struct AgentDisconnected {
    HostId host;
};

// The part of an agent's report that decisions and people need.
struct AgentReported {
    HostId host;
    Epoch epoch;
    RegionId active;
    std::string write_state;
    std::optional<UtcTime> last_acknowledged_at;
    std::uint32_t unproven = 0;
    bool ledger_whole = true;  // false: writes are missing from it that may still be under way
};

struct LossesExamined {
    StepId step;
    bool complete = false;
    std::uint32_t at_risk = 0;
    std::string detail;
};

struct TrafficServed {
    StepId step;
    bool done = false;
    std::string detail;
};

struct FunctionVerified {
    StepId step;
    bool passed = false;
    std::string detail;
};

// A heartbeat written in `from` was read in `to`. Lag is a duration on one clock: from the start of
// its write to the first read that saw it.
struct HeartbeatArrived {
    RegionId from;
    RegionId to;
    UtcTime written_at;
    Duration lag{};
};

// The newest heartbeat that an earlier life of this controller wrote in `from`, as read in `to`: it
// says up to when writes arrived, though nobody remembers how long they took.
struct HeartbeatFound {
    RegionId from;
    RegionId to;
    UtcTime written_at;
};

// A Region acknowledged one of our own writes.
struct WriteAcknowledged {
    RegionId region;
    UtcTime at;
};

struct ChangeRequest {
    OperationId id;
    Verb verb = Verb::switchover;
    RegionId to;
    std::string by;
    std::string reason;
    std::optional<Duration> accept_loss;
    bool accept_unfenced = false;
};

struct AbortRequest {
    OperationId operation;
    std::string by;
};

struct PauseRequest {
    Pause pause;
};

struct ResumeRequest {
    std::string by;
};

// A deadline passed, or nothing happened at all.
struct Tick {};

using Event = std::variant<
    Observation,
    EpochRaised,
    AgentAcked,
    AgentConnected,
    AgentDisconnected,
    AgentReported,
    LossesExamined,
    TrafficServed,
    FunctionVerified,
    HeartbeatArrived,
    HeartbeatFound,
    WriteAcknowledged,
    ChangeRequest,
    AbortRequest,
    PauseRequest,
    ResumeRequest,
    Tick>;

}  // namespace farshore::core
