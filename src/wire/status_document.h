#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "base/ids.h"
#include "base/time.h"
#include "core/evidence/observation.h"
#include "core/failover/readiness.h"
#include "wire/operation_document.h"

// What is so now, and why automation does what it does. schema/status.schema.json describes
// StatusDocument.
namespace farshore::wire {

struct VoteDocument {
    std::string observer;
    core::Health vote = core::Health::unknown;
    std::optional<Duration> since;
    std::string why;
    std::optional<Duration> age;  // since the observer was last heard

    friend bool operator==(const VoteDocument&, const VoteDocument&) = default;
};

template <>
inline constexpr auto kFields<VoteDocument> = std::tuple{
    required("observer", &VoteDocument::observer, Shown{}),
    required("vote", &VoteDocument::vote, Word{}),
    optional("since_ms", &VoteDocument::since, kSpan),
    required("why", &VoteDocument::why, Shown{}),
    optional("age_ms", &VoteDocument::age, kSpan)
};

struct ComponentDocument {
    core::Health verdict = core::Health::unknown;
    std::vector<VoteDocument> votes;

    friend bool operator==(const ComponentDocument&, const ComponentDocument&) = default;
};

template <>
inline constexpr auto kFields<ComponentDocument> = std::tuple{
    required("verdict", &ComponentDocument::verdict, Word{}),
    required("votes", &ComponentDocument::votes, kDocuments)
};

struct RegionDocument {
    core::Health verdict = core::Health::unknown;
    std::string condition;
    std::vector<std::pair<std::string, ComponentDocument>> components;

    friend bool operator==(const RegionDocument&, const RegionDocument&) = default;
};

template <>
inline constexpr auto kFields<RegionDocument> = std::tuple{
    required("verdict", &RegionDocument::verdict, Word{}),
    required("condition", &RegionDocument::condition, Shown{}),
    required("components", &RegionDocument::components, Members{kApiListMax})
};

using RegionDocuments = std::vector<std::pair<std::string, RegionDocument>>;  // as configured

// The newest measurement of replication of one way.
struct LagDocument {
    TableName table;
    RegionId from;
    RegionId to;
    Duration lag{};
    Duration age{};
    Duration at_least{};  // by now: the lag grows while nothing arrives
    bool stale = false;

    friend bool operator==(const LagDocument&, const LagDocument&) = default;
};

template <>
inline constexpr auto kFields<LagDocument> = std::tuple{
    required("table", &LagDocument::table, Id{}),
    required("from", &LagDocument::from, Id{}),
    required("to", &LagDocument::to, Id{}),
    required("ms", &LagDocument::lag, kSpan),
    required("age_ms", &LagDocument::age, kSpan),
    required("at_least_ms", &LagDocument::at_least, kSpan),
    required("stale", &LagDocument::stale, Flag{})
};

struct TableFindingDocument {
    TableName table;
    RegionId region;
    std::string fault;
    std::string text;
    std::string remedy;

    friend bool operator==(const TableFindingDocument&, const TableFindingDocument&) = default;
};

template <>
inline constexpr auto kFields<TableFindingDocument> = std::tuple{
    required("table", &TableFindingDocument::table, Id{}),
    required("region", &TableFindingDocument::region, Id{}),
    required("fault", &TableFindingDocument::fault, Shown{}),
    required("text", &TableFindingDocument::text, Shown{}),
    required("remedy", &TableFindingDocument::remedy, Shown{})
};

// A table whose writes a host cannot prove.
struct AgentTableDocument {
    TableName table;
    RegionId region;
    std::uint64_t unproven = 0;
    std::string why;

    friend bool operator==(const AgentTableDocument&, const AgentTableDocument&) = default;
};

template <>
inline constexpr auto kFields<AgentTableDocument> = std::tuple{
    required("table", &AgentTableDocument::table, Id{}),
    required("region", &AgentTableDocument::region, Id{}),
    required("unproven", &AgentTableDocument::unproven, Count{}),
    required("why", &AgentTableDocument::why, Shown{})
};

struct AgentDocument {
    HostId host;
    RegionId region;
    bool connected = false;
    Epoch epoch;
    RegionId active;  // where it sends writes; empty: it has not said
    std::string write_state;
    std::optional<Duration> age;  // nullopt: not heard by this process
    Duration lease_remaining{};
    std::uint64_t unproven = 0;
    Duration oldest_unproven{};
    std::vector<AgentTableDocument> tables;
    std::optional<std::string> client_keys;  // "required", "off"; nullopt: it has not said
    std::optional<std::string> program;      // the agent's version; nullopt: it has not said
    std::optional<std::string> vouched_by;
    std::optional<UtcTime> vouched_at;
    std::string trouble;

    friend bool operator==(const AgentDocument&, const AgentDocument&) = default;
};

template <>
inline constexpr auto kFields<AgentDocument> = std::tuple{
    required("host", &AgentDocument::host, Id{}),
    optional("region", &AgentDocument::region, Id{}),
    required("connected", &AgentDocument::connected, Flag{}),
    required("epoch", &AgentDocument::epoch, EpochNumber{}),
    optional("active", &AgentDocument::active, Id{}),
    required("write_state", &AgentDocument::write_state, Shown{}),
    optional("age_ms", &AgentDocument::age, kSpan),
    required("lease_remaining_ms", &AgentDocument::lease_remaining, kSpan),
    required("unproven", &AgentDocument::unproven, Count{}),
    optional("oldest_unproven_ms", &AgentDocument::oldest_unproven, kSpan),
    optional("tables", &AgentDocument::tables, kDocuments),
    optional("client_keys", &AgentDocument::client_keys, Shown{}),
    optional("program", &AgentDocument::program, Shown{}),
    optional("vouched_by", &AgentDocument::vouched_by, Shown{}),
    optional("vouched_at_ms", &AgentDocument::vouched_at, At{}),
    optional("trouble", &AgentDocument::trouble, Shown{})
};

struct FindingDocument {
    std::string code;
    std::string severity;
    std::string text;
    std::string remedy;

    friend bool operator==(const FindingDocument&, const FindingDocument&) = default;
};

template <>
inline constexpr auto kFields<FindingDocument> = std::tuple{
    required("code", &FindingDocument::code, Shown{}),
    required("severity", &FindingDocument::severity, Shown{}),
    required("text", &FindingDocument::text, Shown{}),
    required("remedy", &FindingDocument::remedy, Shown{})
};

// Could an operator fail over now?
struct ReadinessDocument {
    core::ReadinessVerdict verdict = core::ReadinessVerdict::not_ready;
    RegionId from;
    std::optional<RegionId> to;
    std::vector<FindingDocument> findings;

    friend bool operator==(const ReadinessDocument&, const ReadinessDocument&) = default;
};

template <>
inline constexpr auto kFields<ReadinessDocument> = std::tuple{
    required("verdict", &ReadinessDocument::verdict, Word{}),
    required("from", &ReadinessDocument::from, Id{}),
    optional("to", &ReadinessDocument::to, Id{}),
    required("findings", &ReadinessDocument::findings, kDocuments)
};

struct PauseDocument {
    std::optional<UtcTime> until;
    std::string reason;
    std::string by;

    friend bool operator==(const PauseDocument&, const PauseDocument&) = default;
};

template <>
inline constexpr auto kFields<PauseDocument> = std::tuple{
    optional("until_ms", &PauseDocument::until, At{}),
    required("reason", &PauseDocument::reason, Shown{}),
    required("by", &PauseDocument::by, Shown{})
};

struct StatusDocument {
    AppId app;
    ObserverId controller;
    RegionId region;  // the controller's
    std::string at;
    UtcTime at_ms{};
    std::string first_line;
    ReadinessDocument readiness;
    std::string mode;
    bool armed = false;
    std::string why_not_armed;
    std::optional<PauseDocument> paused;
    std::optional<UtcTime> cooldown_until;
    Epoch epoch;
    RegionId active;
    RegionId users;
    RegionId preferred;
    std::string trouble;  // why the store refuses; empty: it does not
    RegionDocuments regions;
    std::vector<LagDocument> lag;
    LossForecast loss;
    std::vector<TableFindingDocument> tables;
    std::vector<AgentDocument> agents;
    std::optional<OperationDocument> operation;  // that runs
    std::optional<OperationDocument> last_operation;

    friend bool operator==(const StatusDocument&, const StatusDocument&) = default;
};

template <>
inline constexpr auto kFields<StatusDocument> = std::tuple{
    ApiVersionRow{},
    required("app", &StatusDocument::app, Id{}),
    required("controller", &StatusDocument::controller, Id{}),
    required("region", &StatusDocument::region, Id{}),
    required("at", &StatusDocument::at, Shown{}),
    required("at_ms", &StatusDocument::at_ms, At{}),
    required("first_line", &StatusDocument::first_line, Shown{}),
    required("readiness", &StatusDocument::readiness, Inside{}),
    required("mode", &StatusDocument::mode, Shown{}),
    required("armed", &StatusDocument::armed, Flag{}),
    required("why_not_armed", &StatusDocument::why_not_armed, Shown{}),
    optional("paused", &StatusDocument::paused, Inside{}),
    optional("cooldown_until", &StatusDocument::cooldown_until, At{}),
    required("epoch", &StatusDocument::epoch, EpochNumber{}),
    required("active", &StatusDocument::active, Id{}),
    required("users", &StatusDocument::users, Id{}),
    required("preferred", &StatusDocument::preferred, Id{}),
    required("trouble", &StatusDocument::trouble, Shown{}),
    required("regions", &StatusDocument::regions, Members{kApiListMax}),
    required("lag", &StatusDocument::lag, kDocuments),
    required("loss", &StatusDocument::loss, Inside{}),
    optional("tables", &StatusDocument::tables, kDocuments),
    required("agents", &StatusDocument::agents, kDocuments),
    optional("operation", &StatusDocument::operation, Inside{}),
    optional("last_operation", &StatusDocument::last_operation, Inside{})
};

// Whether automation acts now, and what its guards say.
struct WhyDocument {
    AppId app;
    std::string first_line;
    std::string text;
    bool called_for = false;
    std::string condition;  // of the active Region
    std::optional<RegionId> to;
    std::vector<GuardDocument> guards;
    RegionDocuments regions;

    friend bool operator==(const WhyDocument&, const WhyDocument&) = default;
};

template <>
inline constexpr auto kFields<WhyDocument> = std::tuple{
    ApiVersionRow{},
    required("app", &WhyDocument::app, Id{}),
    required("first_line", &WhyDocument::first_line, Shown{}),
    required("text", &WhyDocument::text, Shown{}),
    required("called_for", &WhyDocument::called_for, Flag{}),
    required("condition", &WhyDocument::condition, Shown{}),
    optional("to", &WhyDocument::to, Id{}),
    required("guards", &WhyDocument::guards, kDocuments),
    required("regions", &WhyDocument::regions, Members{kApiListMax})
};

}  // namespace farshore::wire
