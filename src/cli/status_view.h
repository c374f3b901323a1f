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
// The register alone, from the status; empty: no host is in it.
[[nodiscard]] std::string agents_table(const boost::json::value& status);
[[nodiscard]] std::string why_table(const boost::json::value& document);
[[nodiscard]] std::string audit_table(const boost::json::value& document);
[[nodiscard]] std::string operations_table(const boost::json::value& document);
[[nodiscard]] std::string operation_table(const boost::json::value& operation);
[[nodiscard]] std::string losses_table(const boost::json::value& document);
[[nodiscard]] std::string plan_table(const boost::json::value& document);

// "  ok       quorum     two of three …": what the guards say.
[[nodiscard]] std::string guards_table(const boost::json::value& guards);

// One line of an operation's journal.
[[nodiscard]] std::string journal_line(const boost::json::value& entry);

}  // namespace farshore::cli
