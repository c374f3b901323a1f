#pragma once

#include <optional>
#include <string>

#include "base/time.h"
#include "wire/status_document.h"

namespace farshore::cli {

// What a story's live line says of the moment: the phase that runs and for how long it has, with
// the operation's whole length behind it: "failover shift 1.3 s, of 1.5 s". `operation`: the
// one that runs, or null. `fault`: when the fault began, while no operation has followed
// it yet.
[[nodiscard]] std::string phase_clock(
    const wire::OperationDocument* operation, std::optional<UtcTime> fault, UtcTime now
);

// What a story says of an agent, as the controller's status has it: where it writes; a host that
// comes back shows the route that it left with until it is told of `epoch`, the one in force.
[[nodiscard]] std::string route_text(const wire::AgentDocument& agent, Epoch epoch);

}  // namespace farshore::cli
