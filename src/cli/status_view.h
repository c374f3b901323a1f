#pragma once

#include <string>

#include <boost/json/value.hpp>

#include "cli/output.h"

// Documents of the controller's API as a person reads them. Pure; every value shows its age.
namespace farshore::cli {

// Format::wide: with each vote's reason.
[[nodiscard]] std::string status_table(
    const boost::json::value& status, Format format = Format::table
);
// The state without the figures: a reader of its changes sees only changes of the state.
[[nodiscard]] std::string status_in_short(const boost::json::value& status);
// "us-east-1: dynamodb healthy, stack unknown"
[[nodiscard]] std::string region_health(
    const boost::json::value& status, const std::string& region
);
// What a person should know before a change: from where, to where, the health of both, and what a
// failover would lose.
[[nodiscard]] std::string change_preview(
    const boost::json::value& status, const std::string& verb, const std::string& to
);
// The register alone, from the status; empty: no host is in it.
[[nodiscard]] std::string agents_table(const boost::json::value& status);
[[nodiscard]] std::string why_table(const boost::json::value& document);
[[nodiscard]] std::string audit_table(const boost::json::value& document);
[[nodiscard]] std::string operations_table(const boost::json::value& document);
[[nodiscard]] std::string operation_table(const boost::json::value& operation);
[[nodiscard]] std::string losses_table(const boost::json::value& document);
[[nodiscard]] std::string plan_table(const boost::json::value& document);

// What the guards say, and what would lower each that refuses. Nothing was asked of those of a
// plan: they would refuse.
enum class Asked { yes, no };
[[nodiscard]] std::string guards_table(const boost::json::value& guards, Asked asked);

// One line of an operation's journal.
[[nodiscard]] std::string journal_line(const boost::json::value& entry);

}  // namespace farshore::cli
