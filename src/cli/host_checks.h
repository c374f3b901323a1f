#pragma once

#include <vector>

#include "base/time.h"
#include "cli/live_checks.h"
#include "wire/operation_document.h"
#include "wire/status_document.h"

// What the controller knows of its hosts' agents and of past operations. Pure.
namespace farshore::cli {

// Connected hosts whose epoch or version is not the one in force. What keeps a host from being
// heard is in the controller's readiness.
[[nodiscard]] std::vector<LiveCheck> host_checks(const wire::StatusDocument& status);

// When a change of active Region was last carried out to its end: what never was, or not within
// `within`, is not proven to work.
[[nodiscard]] LiveCheck proof_check(
    const wire::OperationsDocument& operations, UtcTime now, Duration within
);

}  // namespace farshore::cli
