#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/enum_names.h"
#include "base/ids.h"
#include "base/result.h"
#include "base/time.h"
#include "core/evidence/evidence_book.h"
#include "core/loss/ledger_entry.h"

// What a controller and an agent say to each other (protocol version 1), as values and as JSON.
//
//   POST /v1/agents/stream   AgentHello   ->  one StreamLine per line, for ever: a ControllerHello
//                                             first
//   POST /v1/agents/report   Report       ->  ReportAnswer
//   POST /v1/agents/again    ReportAgain  ->  ReportAnswer
//   POST /v1/agents/ack      Ack          ->  AckAnswer
//
// Parsing is strict on types and bounds, ignores unknown fields, and takes bounded time. Every
// parse fails with ErrorKind::malformed and a text that names the field. An entry of a fence's list
// that is wrong costs only itself: it is left out, and the list is not whole. Writing cuts what the
// reader would refuse: words for people above their bound, such entries.
namespace farshore::wire {

inline constexpr int kProtocolLowest = 1;
inline constexpr int kProtocolHighest = 1;

inline constexpr std::size_t kHelloBytesMax = 16 * 1024;
inline constexpr std::size_t kStreamLineBytesMax = 64 * 1024;
inline constexpr std::size_t kReportBytesMax = 256 * 1024;
inline constexpr std::size_t kAckBytesMax = 16 * 1024 * 1024;
inline constexpr std::size_t kLedgerEntriesMax = 65'536;
inline constexpr std::size_t kLedgerKeyBytesMax =
    8 * 1024;  // a key of 3 KB, in base64, with its names
inline constexpr std::size_t kEvidenceMax = 64;
inline constexpr std::size_t kTableTroublesMax = 32;
inline constexpr std::size_t kTextBytesMax = 1024;

struct ProtocolRange {
    int lowest = kProtocolLowest;
    int highest = kProtocolHighest;

    friend bool operator==(const ProtocolRange&, const ProtocolRange&) = default;
};

// The highest version both sides speak; nullopt when there is none.
[[nodiscard]] std::optional<int> common_version(ProtocolRange ours, ProtocolRange theirs);

// The agent's first words, with what it has on disk.
struct AgentHello {
    ProtocolRange protocol;
    AppId app;
    HostId host;
    RegionId region;  // where the host stands
    BootId boot;
    std::string configuration_hash;
    Epoch epoch;
    RegionId active;  // where writes go; empty when the agent has never been told
    RegionId users;   // where users are sent; empty likewise

    friend bool operator==(const AgentHello&, const AgentHello&) = default;
};

struct ControllerHello {
    ProtocolRange protocol;
    int speaks = kProtocolHighest;
    AppId app;
    ObserverId controller;
    BootId boot;
    std::uint64_t configuration_generation = 0;
    std::string register_id;   // of the store that now knows the agent; empty: it does not say
    bool takes_again = false;  // it understands ReportAgain

    friend bool operator==(const ControllerHello&, const ControllerHello&) = default;
};

// Ends a stream that could not begin.
struct Refused {
    std::string why;

    friend bool operator==(const Refused&, const Refused&) = default;
};

// Adopt the order's epoch, send writes to `active` and release what was held. On disk before it is
// acknowledged. The same epoch may come again with other users.
struct RouteOrder {
    RegionId active;
    RegionId users;
    OperationId operation;

    friend bool operator==(const RouteOrder&, const RouteOrder&) = default;
};

// Keep new writes waiting; done when none is in flight.
struct HoldOrder {
    Duration hold{
    };  // ends by itself after this long, or what the epoch items name if that is less
    OperationId operation;

    friend bool operator==(const HoldOrder&, const HoldOrder&) = default;
};

// End the hold and go on under the order's epoch.
struct ReleaseOrder {
    OperationId operation;

    friend bool operator==(const ReleaseOrder&, const ReleaseOrder&) = default;
};

// The order's epoch exists now: no write under an older one any more, irrevocably.
struct FenceOrder {
    Duration grace = std::chrono::milliseconds{150};  // for answers to writes in flight
    OperationId operation;

    friend bool operator==(const FenceOrder&, const FenceOrder&) = default;
};

// Read unproven keys back in both Regions until they are equal.
struct DrainOrder {
    Duration timeout{};
    OperationId operation;

    friend bool operator==(const DrainOrder&, const DrainOrder&) = default;
};

// Prove a write and its reading through the active Region.
struct VerifyOrder {
    OperationId operation;

    friend bool operator==(const VerifyOrder&, const VerifyOrder&) = default;
};

struct PingOrder {
    UtcTime at{};
    // The controller's boot clock: an agent whose own falls behind it has stood still.
    std::optional<Duration> uptime;

    friend bool operator==(const PingOrder&, const PingOrder&) = default;
};

// An order of a later version: to be acknowledged as unsupported.
struct UnknownOrder {
    std::string type;

    friend bool operator==(const UnknownOrder&, const UnknownOrder&) = default;
};

using OrderBody = std::variant<
    RouteOrder,
    HoldOrder,
    ReleaseOrder,
    FenceOrder,
    DrainOrder,
    VerifyOrder,
    PingOrder,
    UnknownOrder>;

struct Order {
    std::uint64_t number = 0;  // counts up within one controller's boot
    AppId app;
    Epoch epoch;
    OrderBody body;

    // The word on the wire: "route", "hold", …
    [[nodiscard]] std::string_view type() const;

    friend bool operator==(const Order&, const Order&) = default;
};

using StreamLine = std::variant<ControllerHello, Refused, Order>;

enum class WriteState { open, held, fenced, unconfirmed };
inline constexpr std::array<std::string_view, 4> kWriteStateNames{
    "open", "held", "fenced", "unconfirmed"
};

constexpr const auto& names_of(WriteState) {
    return kWriteStateNames;
}

// What a host saw since its last report.
using core::EvidenceCounts;
using EvidenceComponent = core::Component;
using EvidencePath = core::Path;

// A table whose writes cannot be proven: one Region refuses to read its keys.
struct TableTrouble {
    TableName table;
    RegionId region;
    std::uint64_t unproven = 0;
    std::string why;

    friend bool operator==(const TableTrouble&, const TableTrouble&) = default;
};

struct LedgerSummary {
    std::uint64_t acknowledged = 0;  // writes since the boot
    std::uint64_t unproven = 0;      // of them not yet seen in the other Region
    Duration oldest_unproven{};
    UtcTime last_acknowledged_at{};  // by the host's own clock, for people
    // How long before this report; nullopt: never.
    std::optional<Duration> last_acknowledged_age;
    bool whole = true;  // false: writes are missing from it that may still be under way
    // Unproven writes of older epochs that no controller has been told of: to be asked for by a
    // fence.
    std::uint64_t left_behind = 0;
    std::vector<TableTrouble> tables;  // at most kTableTroublesMax

    friend bool operator==(const LedgerSummary&, const LedgerSummary&) = default;
};

// Writes that were sent and given up without an answer: the service may carry them out later.
struct UnknownOutcomes {
    std::uint64_t count = 0;  // since the agent's start, with what an earlier process has left
    // How long ago the newest was given up, by the host's clock since its boot. A process that
    // follows another one counts from its start. nullopt: never.
    std::optional<Duration> newest_age;

    friend bool operator==(const UnknownOutcomes&, const UnknownOutcomes&) = default;
};

struct Report {
    AppId app;
    HostId host;
    RegionId region;
    BootId boot;
    std::uint64_t sequence = 0;
    Epoch epoch;
    RegionId active;
    RegionId users;
    WriteState write_state{};
    Duration lease_remaining{};
    std::vector<EvidenceCounts> evidence;
    LedgerSummary ledger;
    std::uint64_t in_flight_writes = 0;
    std::uint64_t held = 0;
    // nullopt: the agent does not say, as one of an older version; there may be such writes.
    std::optional<UnknownOutcomes> unknown;
    // False: `client_keys: off`, any process that reaches the host's endpoint uses the host's role.
    // nullopt: not said.
    std::optional<bool> client_keys_required;
    std::string program;  // the agent's version; empty: not said

    friend bool operator==(const Report&, const Report&) = default;
};

// A report that differs from an earlier whole one of the same process, which this controller has
// answered, in nothing but what stands here.
struct ReportAgain {
    AppId app;
    HostId host;
    BootId boot;
    std::uint64_t sequence = 0;
    std::uint64_t like = 0;  // the whole one's
    // Bit i: the i-th evidence of the whole one was seen again since the last report, at least once
    // and without a failure. What is not marked was not seen, and grows old.
    std::uint64_t well = 0;
    std::uint64_t unproven = 0;
    Duration oldest_unproven{};
    std::optional<Duration> last_acknowledged_age;

    friend bool operator==(const ReportAgain&, const ReportAgain&) = default;
};

inline constexpr std::size_t kWellBits = 32;

// `now`, as far as it can be said by what differs from `whole`; nullopt: it has to be said whole.
// Pure.
[[nodiscard]] std::optional<ReportAgain> again(const Report& whole, const Report& now);

// Permission to write, counted from the moment the agent began the report, or the acknowledgement
// of a route, that it answers.
struct LeaseGrant {
    Epoch epoch;
    Duration length{};

    friend bool operator==(const LeaseGrant&, const LeaseGrant&) = default;
};

struct ReportAnswer {
    std::optional<LeaseGrant> lease;
    std::string why;  // when there is no lease
    // How long the host may rest before the next report that nothing urges: where a controller has
    // many hosts. nullopt: as it would by itself.
    std::optional<Duration> rest;

    friend bool operator==(const ReportAnswer&, const ReportAnswer&) = default;
};

// A route is answered with a lease under its epoch where there is one to be had, so that writes do
// not wait for the next report. A controller of an older version does not give one.
struct AckAnswer {
    std::optional<LeaseGrant> lease;

    friend bool operator==(const AckAnswer&, const AckAnswer&) = default;
};

// One write that the ledger remembers.
using core::LedgerEntry;

enum class AckResult { done, failed, unsupported };
inline constexpr std::array<std::string_view, 3> kAckResultNames{"done", "failed", "unsupported"};

constexpr const auto& names_of(AckResult) {
    return kAckResultNames;
}

struct HoldAck {
    std::uint64_t in_flight = 0;

    friend bool operator==(const HoldAck&, const HoldAck&) = default;
};

struct FenceAck {
    std::uint64_t cut = 0;  // writes whose connection was cut: outcome unknown
    std::vector<LedgerEntry> entries;
    // Writes that the host had lately seen in the other Region, of each key the newest at most:
    // what other hosts wrote under them is there too. Never whole. A controller of an older version
    // ignores it.
    std::vector<LedgerEntry> proven;
    bool truncated = false;            // `entries` is not whole
    std::uint64_t not_understood = 0;  // entries that the parser left out; not written
    std::uint64_t up_to = 0;     // the agent's number of the last of these entries; zero: none
    bool adopted_alone = false;  // the host follows the order's epoch already, by the items alone
    // Lately given up without an answer, whether or not they were seen since: their keys are read
    // once more by the next drain.
    std::uint64_t unknown_writes = 0;

    friend bool operator==(const FenceAck&, const FenceAck&) = default;
};

struct DrainAck {
    bool proven = false;
    std::uint64_t keys = 0;
    std::uint64_t left = 0;
    bool adopted_alone = false;  // as in FenceAck

    friend bool operator==(const DrainAck&, const DrainAck&) = default;
};

struct VerifyAck {
    RegionId region;
    Duration took{};

    friend bool operator==(const VerifyAck&, const VerifyAck&) = default;
};

struct Ack {
    AppId app;
    HostId host;
    BootId boot;
    std::uint64_t order = 0;
    std::string type;  // of the order
    AckResult result{};
    Epoch epoch;  // the agent's, after the order
    std::string detail;
    std::optional<UnknownOutcomes> unknown;  // as of now; nullopt as in Report
    std::variant<std::monostate, HoldAck, FenceAck, DrainAck, VerifyAck> body;

    friend bool operator==(const Ack&, const Ack&) = default;
};

[[nodiscard]] std::string serialize(const AgentHello& hello);
[[nodiscard]] std::string serialize(const Report& report);
[[nodiscard]] std::string serialize(const ReportAgain& report);
[[nodiscard]] std::string serialize(const ReportAnswer& answer);
[[nodiscard]] std::string serialize(const AckAnswer& answer);
[[nodiscard]] std::string serialize(const Ack& ack);
// One line without its newline.
[[nodiscard]] std::string serialize(const StreamLine& line);
// A ledger entry as a document of its own.
[[nodiscard]] std::string serialize(const LedgerEntry& entry);

[[nodiscard]] Result<AgentHello> parse_agent_hello(std::string_view text);
[[nodiscard]] Result<Report> parse_report(std::string_view text);
[[nodiscard]] Result<ReportAgain> parse_report_again(std::string_view text);
[[nodiscard]] Result<ReportAnswer> parse_report_answer(std::string_view text);
[[nodiscard]] Result<AckAnswer> parse_ack_answer(std::string_view text);
[[nodiscard]] Result<Ack> parse_ack(std::string_view text);
[[nodiscard]] Result<StreamLine> parse_stream_line(std::string_view line);
[[nodiscard]] Result<LedgerEntry> parse_ledger_entry(std::string_view text);

}  // namespace farshore::wire
