#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/failover/policy.h"

// Whether an operator could fail over now, and what would be lost: the first line of `farshore
// status`, its exit status, and farshore_ready. Pure.
namespace farshore::core {

// What keeps an app from being ready. The words are those of the API, the metrics and the manual.
enum class Shortfall : std::uint8_t {
    no_standby,              // there is no other Region to go to
    operation_running,       // one operation at a time
    standby_unhealthy,       // no majority of observers says that the standby's tables answer
    standby_does_not_serve,  // the standby's stack does not answer users
    standby_has_no_hosts,    // no connected host of the standby could serve
    replication_stalled,     // nothing arrives in the standby
    writes_not_arriving,     // a host's own write has not been seen in the standby for long
    loss_beyond_gate,        // more would be lost than decide.max_loss, or it is not measured
    ledger_not_whole,        // a host does not know all of what it wrote
    register_empty,          // no host is registered
    register_not_known,      // hosts that the register does not name may write for ever
    host_silent,             // a registered host is not heard: a fence waits for its lease
    host_troubled,           // something about a host that a person should look at
    host_not_writing,        // a host is heard, and may not write
    controller_alone,        // no vote but this controller's own is fresh
    too_few_observers,       // fewer are heard than a verdict needs
    records_unread,          // no majority of the epoch records carries the epoch in force
    record_apart,            // one of the epoch records does not confirm the epoch in force
    epochs_used_up,          // no epoch is left above the one that the records carry
    store_behind,            // the epoch records carry a newer epoch than the store
    store_refuses,           // nothing can be made durable
    table_missing,           // a configured table is not in both Regions
    table_unlike,            // a table differs between the Regions in its keys
    table_unchecked,         // the controller could not look at a table
    losses_open,             // writes of an earlier failover have no fate yet
    operation_unfinished,    // the last operation is partly done
    active_unhealthy,        // the active Region is in trouble, or its state is unknown
};
inline constexpr std::array<std::string_view, 27> kShortfallNames{
    "no_standby",           "operation_running",    "standby_unhealthy",   "standby_does_not_serve",
    "standby_has_no_hosts", "replication_stalled",  "writes_not_arriving", "loss_beyond_gate",
    "ledger_not_whole",     "register_empty",       "register_not_known",  "host_silent",
    "host_troubled",        "host_not_writing",     "controller_alone",    "too_few_observers",
    "records_unread",       "record_apart",         "epochs_used_up",      "store_behind",
    "store_refuses",        "table_missing",        "table_unlike",        "table_unchecked",
    "losses_open",          "operation_unfinished", "active_unhealthy",
};

constexpr const auto& names_of(Shortfall) {
    return kShortfallNames;
}

enum class Severity : std::uint8_t {
    degraded,   // a failover can start, and something wants a person's look
    not_ready,  // a failover would be refused or not end, or what it would lose is not known
};
inline constexpr std::array<std::string_view, 2> kSeverityNames{"degraded", "not_ready"};

constexpr const auto& names_of(Severity) {
    return kSeverityNames;
}

struct Finding {
    Shortfall code = Shortfall::no_standby;
    Severity severity = Severity::not_ready;
    std::string text;    // what is so, and where
    std::string remedy;  // what a person does about it; empty: wait
};

// What readiness asks beside the guards of an operator's failover.
struct ReadinessFacts {
    // Since the controller began to read a majority of the epoch records that carries the epoch in
    // force; nullopt: it has not read one.
    std::optional<Duration> records_read_ago;
    // Since a heartbeat of the active Region last arrived in the standby; nullopt: none has, in
    // this life of the controller.
    std::optional<Duration> heartbeat_ago;
    std::vector<Finding> from_outside;  // what only the edge can know: tables, the store
};

enum class ReadinessVerdict : std::uint8_t { ready, degraded, not_ready };
inline constexpr std::array<std::string_view, 3> kReadinessVerdictNames{
    "ready", "degraded", "not_ready"
};

constexpr const auto& names_of(ReadinessVerdict) {
    return kReadinessVerdictNames;
}

struct Readiness {
    RegionId from;                  // the active Region
    std::optional<RegionId> to;     // where a failover would go
    std::vector<Finding> findings;  // the gravest first
    std::optional<Duration> loss_window;
    std::optional<Duration> lag;
    std::uint64_t unproven = 0;  // acknowledged writes that the hosts have not seen in the standby
    std::size_t hosts_unheard = 0;  // whose writes are not in that sum

    [[nodiscard]] ReadinessVerdict verdict() const;
};

// `situation` is that of a failover by an operator to `to`; nullopt: there is no other Region.
// What a Region's own outage explains does not speak against leaving it.
[[nodiscard]] Readiness judge_readiness(
    const Situation& situation, const std::optional<RegionId>& to, ReadinessFacts facts
);

// "READY  shop: us-east-1 -> eu-west-1 now would lose …", or "NOT READY  shop: " and why.
[[nodiscard]] std::string in_words(const Readiness& readiness, const AppId& app);

}  // namespace farshore::core
