#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/enum_names.h"
#include "base/ids.h"
#include "base/strong.h"
#include "base/time.h"
#include "core/failover/action.h"
#include "core/failover/credential.h"
#include "core/failover/event.h"

// What a controller's side of the agent protocol takes and gives: what agents say, what is answered
// to them, and what is to be done. Plain values; bytes, streams and their limits are the edge's.
namespace farshore::core::link {

// One stream of orders to one agent. Counts up within one life of the controller, never used twice.
using StreamId = Strong<struct StreamIdTag, std::uint64_t>;

// Why an agent's message was not taken, for metrics and logs.
enum class AgentRefusal : std::uint8_t {
    other_app,      // the credential, or the controller, is another app's
    other_host,     // the message speaks for another host than the credential does
    other_region,   // or for another Region
    second_stream,  // another process of the host, while the first one lives
    not_listed,     // the configured register does not name the host
    unknown_region,
    protocol,
    too_many,
    stopping,
    store  // the host could not be written into the register
};
inline constexpr std::array<std::string_view, 10> kAgentRefusalNames{
    "other_app",
    "other_host",
    "other_region",
    "second_stream",
    "not_listed",
    "unknown_region",
    "protocol",
    "too_many",
    "stopping",
    "store"
};

constexpr const auto& names_of(AgentRefusal) {
    return kAgentRefusalNames;
}

// What every message says: in whose name, and which process of that host. The credential is what
// the edge has found the sender to hold.
struct Sender {
    Credential credential;
    Subject subject;
    BootId boot;
};

struct Hello {
    Sender from;
    Epoch epoch;      // as the agent has it on disk
    int version = 1;  // of the protocol, that both sides speak; zero: there is none
};

// A table whose writes an agent cannot prove: one Region refuses to read its keys.
struct TableTrouble {
    TableName table;
    RegionId region;
    std::uint64_t unproven = 0;
    std::string why;
};

// The part of a report that no decision needs: for people.
struct Shown {
    std::vector<TableTrouble> tables;          // whose writes it cannot prove
    std::optional<bool> client_keys_required;  // nullopt: it has not said
    std::string program;                       // its version; empty: it has not said
};

// Sequence numbers of one process count up: what is not newer repeats an earlier report.
struct Report {
    Sender from;
    std::uint64_t sequence = 0;
    AgentReported said;              // `host` is the subject's, whatever stands here
    std::vector<Observation> seen;   // observer and source likewise
    std::uint64_t acknowledged = 0;  // writes since the agent's start
    std::uint64_t left_behind = 0;   // unproven writes of older epochs that no fence has asked for
    Shown shown;
};

// A report that repeats an earlier whole one of its process, but for what stands here.
struct ReportAgain {
    Sender from;  // without a Region
    std::uint64_t sequence = 0;
    std::uint64_t like = 0;  // the whole one's
    std::uint64_t well = 0;  // bit i: what the whole one saw as its i-th was seen well since
    std::uint32_t unproven = 0;
    Duration oldest_unproven{};
    std::optional<Duration> last_acknowledged_ago;
};

struct Ack {
    Sender from;                    // without a Region
    std::uint64_t order = 0;        // its number
    std::optional<OrderType> type;  // of the order, as the agent says; nullopt: none that there is
    bool complete = true;   // one that says "done" says also what an answer to its type has to say
    bool has_list = false;  // of writes that the agent could not prove: a fence's
    AgentAcked said;        // step, host and type are the order's, whatever stands here
};

// The acknowledgement of a fence, whose list is not durable yet.
struct FencedAgent {
    Ack ack;
    std::shared_ptr<const OrderAgents> order;
};

// What the edge tells beside agents' messages.

// The answer to EnrollFirst.
struct HostEnrolled {
    Hello hello;
    bool durable = false;
};

// The answer to KeepFirst: what the list names is durable, or it could not be made so.
struct FenceListKept {
    FencedAgent fenced;
    bool durable = true;
};

// The stream ended by itself: the agent closed it, or does not read it.
struct StreamEnded {
    HostId host;
    StreamId stream;
};

// A message was answered with a lease.
struct LeaseGranted {
    HostId host;
    Duration length{};
};

// The host has left the register.
struct ForgetAgent {
    HostId host;
};

// The host's credential counts no longer.
struct CutAgent {
    HostId host;
};

// The controller stops.
struct CloseAll {};

using Input = std::variant<
    Hello,
    HostEnrolled,
    StreamEnded,
    Report,
    ReportAgain,
    LeaseGranted,
    Ack,
    FenceListKept,
    OrderAgents,
    ForgetAgent,
    CutAgent,
    CloseAll,
    Tick>;

// What a message itself is answered with.

// Nothing more is to be said.
struct Taken {};

struct Refused {
    AgentRefusal why{};
};

// The controller knows nothing of that process: it has to say hello first.
struct HelloFirst {};

// The controller does not have the whole report that a short one repeats, or knows that it has
// changed since.
struct WholeFirst {};

// The acknowledgement does not fit its order.
struct Misfit {
    OrderType ordered{};
};

// The host has to be durable in the register before it counts. -> HostEnrolled
struct EnrollFirst {
    Hello hello;
};

struct StreamBegun {
    StreamId stream;
};

// The list of a fence has to be durable before the acknowledgement counts, and before the agent
// hears that it was taken: a repetition is answered in the same way. -> FenceListKept
struct KeepFirst {
    FencedAgent fenced;
};

// The list of a fence is not durable: the agent has to acknowledge again.
struct NotKept {};

// The message counts; its answer carries what AppCore::grant_lease says of that epoch, as a host
// needs a lease under the epoch that it has just adopted as it does with each report. When that is
// a lease: -> LeaseGranted
struct GrantLease {
    Epoch epoch;
};

using Answer = std::variant<
    Taken,
    Refused,
    HelloFirst,
    WholeFirst,
    Misfit,
    EnrollFirst,
    StreamBegun,
    KeepFirst,
    NotKept,
    GrantLease>;

// What is to be done, in the order in which it stands.

struct BeginStream {
    StreamId stream;
    HostId host;
    int version = 0;  // of the protocol
};

// What is on its way to the agent is lost.
struct EndStream {
    StreamId stream;
    HostId host;
};

struct SendOrder {
    StreamId stream;
    HostId host;
    std::uint64_t number = 0;  // the same for all hosts that get this order at once
    // Without hosts. A route without users leaves users where they are by now.
    std::shared_ptr<const OrderAgents> order;
    // Not zero: a fence that only asks the agent, which followed the epoch items without a
    // controller, for so many writes that it had not proven before.
    std::uint64_t left_behind = 0;
};

// An event for the core.
struct Deliver {
    Event event;
};

using Action = std::variant<BeginStream, EndStream, SendOrder, Announce, Deliver>;

}  // namespace farshore::core::link
