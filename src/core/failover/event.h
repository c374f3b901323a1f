#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "core/evidence/observation.h"
#include "core/failover/action.h"
#include "core/records/epoch_items.h"

// What the world tells the core.
namespace farshore::core {

struct EpochRaised {
    StepId step;
    Instant started{};  // before the first copy was asked
    UtcTime started_wall{};
    bool majority = false;             // the new epoch stands in a majority of the records
    bool unchanged_confirmed = false;  // a majority was read and still carries the old epoch
    std::vector<RegionId> confirmed;   // whose copies carry the new epoch
    // So many copies carry the new epoch that no majority can confirm the old one. Of four copies
    // two are enough for that, and no majority themselves.
    bool no_way_back = false;
    // So many copies carry a newer epoch, or this one with another active Region, that no majority
    // can be had.
    bool taken = false;
    Epoch highest_seen;
    Duration longest_lease{};  // that a record named before the raise: agents may have taken it
    // A copy named another store's register before this raise: a controller of that store granted
    // leases to hosts that this one has never heard of.
    bool other_register = false;
    std::string detail;
};

// A reading of all copies of the epoch item, which no action asked for: once a second.
struct EpochsRead {
    EpochReading reading;
};

// Hosts that registered themselves in the epoch tables. A principal that can write there can invent
// them: a fence waits for them, and they have no vote.
struct HostsFound {
    StepId step;
    bool complete = false;  // a majority of the tables was read to its end
    std::vector<std::pair<HostId, RegionId>> hosts;
};

struct AgentAcked {
    StepId step;
    HostId host;
    OrderType type = OrderType::route;
    Epoch epoch;
    bool done = false;
    std::uint32_t unproven = 0;  // fence, drain: acknowledged writes not yet read in the standby
    bool adopted_alone =
        false;              // fence, drain: the host follows the epoch already, by the items alone
    std::uint32_t cut = 0;  // fence: writes whose connection was cut, of unknown outcome
    // How long ago a write of this host was last given up without an answer: the service may carry
    // it out later. nullopt: never, as far as the host remembers.
    std::optional<Duration> newest_unknown_ago;
    bool says_unknown = true;  // false: its version does not say, so there may be such a write
    std::string detail;
};

// Those that came at once: one step of the core, and one commit.
struct AgentsAcked {
    std::vector<AgentAcked> acks;
};

// A host that the tokens file does not name has proven who it is, and got a credential of its own:
// it is in the register, and says hello when it has stored the credential.
struct AgentJoined {
    HostId host;
    RegionId region;
    std::string by;  // who vouches for it
};

// With a credential of its own: from now on it has a voice in its Region's vote.
struct AgentConnected {
    HostId host;
    RegionId region;
    Epoch epoch;
};

struct AgentDisconnected {
    HostId host;
};

// An operator says that the host will not return: no fence waits for it any more.
struct AgentForgotten {
    HostId host;
    std::string by;
};

// The host's credential does not count any more, so it has no vote. It may go on writing for as
// long as its permission lasts, so fences still wait for it.
struct CredentialRevoked {
    HostId host;
    std::string by;
};

// The part of an agent's report that decisions and people need.
struct AgentReported {
    HostId host;
    Epoch epoch;
    RegionId active;
    RegionId users;
    std::string write_state;
    std::optional<Duration> last_acknowledged_ago;  // how long ago, by its own clock
    std::uint32_t unproven = 0;
    bool ledger_whole = true;  // false: writes are missing from it that may still be under way
    std::optional<Duration> newest_unknown_ago;  // as in AgentAcked
    bool says_unknown = true;                    // likewise
    Duration oldest_unproven{};                  // age of the oldest unproven one, by its clock
};

struct LossesExamined {
    StepId step;
    bool complete = false;
    std::uint32_t at_risk = 0;
    std::string detail;
};

// How many of a failover's writes at risk have no fate yet: late ones may still arrive.
struct LossesOpen {
    OperationId operation;
    std::uint64_t writes = 0;
};

// The configured tables have been looked up in each Region.
struct TablesLookedUp {
    std::optional<std::string> unlike;  // what is wrong with those whose writes must arrive
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

enum class CommandEnd {
    exited,       // with `status`
    not_started,  // nothing was done
    timed_out,    // it was ended, and may have taken effect
    killed,       // by a signal of another's
};
inline constexpr std::array<std::string_view, 4> kCommandEndNames{
    "exited", "not_started", "timed_out", "killed"
};

constexpr const auto& names_of(CommandEnd) {
    return kCommandEndNames;
}

// A command, or the change of a fleet, which has exited with 0 when the fleet is as it should be.
struct CommandEnded {
    StepId step;
    CommandEnd end = CommandEnd::exited;
    int status = 0;
    std::string output;  // the end of what it said, bounded
};

enum class Answer { approve, deny, go_on, skip };
inline constexpr std::array<std::string_view, 4> kAnswerNames{
    "approve", "deny", "continue", "skip"
};

constexpr const auto& names_of(Answer) {
    return kAnswerNames;
}

// What a person says to a step that asks.
struct StepAnswered {
    OperationId operation;
    std::string step;  // its id; empty: the one that asks
    Answer answer = Answer::approve;
    std::string by;
    std::string reason;
};

// A heartbeat written in `from` was read in `to`. Lag is a duration on one clock: from the start of
// its write to the first read that saw it.
struct HeartbeatArrived {
    RegionId from;
    RegionId to;
    Instant written;
    Duration lag{};
};

// The newest heartbeat that an earlier life of this controller wrote in `from`, as read in `to`: it
// says up to when writes arrived, though not how long they took.
struct HeartbeatFound {
    RegionId from;
    RegionId to;
    Duration written_ago{};  // by the wall clock: nothing else outlives a process
};

// A Region acknowledged one of our own writes.
struct WriteAcknowledged {
    RegionId region;
    Instant at;
};

struct ChangeRequest {
    OperationId id;
    Verb verb = Verb::switchover;
    RegionId to;
    std::string by;
    std::string reason;
    std::optional<Duration> accept_loss;
    bool accept_unfenced = false;
    bool accept_unknown = false;  // hold although a write of unknown outcome may still happen
    std::vector<Lever> levers;    // empty: those that fit, see levers_of_request()
    // What the operator believes: where it is not so, nothing is done.
    std::optional<RegionId> expect_active;
    std::optional<Epoch> expect_epoch;
    std::string expect_plan;  // its fingerprint; empty: whatever the plan is now
};

struct AbortRequest {
    OperationId operation;
    std::string by;
    std::string reason;
};

struct PauseRequest {
    Pause pause;
};

struct ResumeRequest {
    std::string by;
    std::string reason;
};

// A deadline passed, or nothing happened at all.
struct Tick {};

using Event = std::variant<
    Observation,
    EpochRaised,
    EpochsRead,
    HostsFound,
    AgentAcked,
    AgentsAcked,
    AgentJoined,
    AgentConnected,
    AgentDisconnected,
    AgentForgotten,
    CredentialRevoked,
    AgentReported,
    LossesExamined,
    LossesOpen,
    TablesLookedUp,
    TrafficServed,
    FunctionVerified,
    CommandEnded,
    StepAnswered,
    HeartbeatArrived,
    HeartbeatFound,
    WriteAcknowledged,
    ChangeRequest,
    AbortRequest,
    PauseRequest,
    ResumeRequest,
    Tick>;

}  // namespace farshore::core
