#pragma once

#include <string>

#include "cli/output.h"
#include "wire/answer_documents.h"
#include "wire/status_document.h"

// What is so now, as a person reads it. Pure; every value shows its age.
namespace farshore::cli {

// Format::wide: with each vote's reason.
[[nodiscard]] std::string status_table(
    const wire::StatusDocument& status, Format format = Format::table
);
// The state without the figures: a reader of its changes sees only changes of the state.
[[nodiscard]] std::string status_in_short(const wire::StatusDocument& status);
// nullptr: the app has no Region of that name.
[[nodiscard]] const wire::RegionDocument* find_region(
    const wire::StatusDocument& status, std::string_view region
);
// "us-east-1: dynamodb healthy, stack unknown"
[[nodiscard]] std::string region_health(
    const wire::StatusDocument& status, const std::string& region
);
// What a person should know before a change: from where, to where, the health of both, and what a
// failover would lose.
[[nodiscard]] std::string change_preview(
    const wire::StatusDocument& status, const std::string& verb, const std::string& to
);
// The register alone, from the status; empty: no host is in it.
[[nodiscard]] std::string agents_table(const wire::StatusDocument& status);
[[nodiscard]] std::string why_table(const wire::WhyDocument& document);
[[nodiscard]] std::string audit_table(const wire::AuditDocument& document);

}  // namespace farshore::cli
