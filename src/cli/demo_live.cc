#include "cli/demo_live.h"

#include <algorithm>

#include <fmt/format.h>

namespace farshore::cli {

namespace {

std::string seconds(std::int64_t ms) {
    return fmt::format("{:.1f} s", static_cast<double>(std::max<std::int64_t>(0, ms)) / 1000.0);
}

// The phase without an end; null: none runs.
const wire::PhaseDocument* running_phase(const wire::OperationDocument& operation) {
    return operation.phases.empty() || operation.phases.back().ended_at ? nullptr
                                                                        : &operation.phases.back();
}

}  // namespace

std::string phase_clock(
    const wire::OperationDocument* operation, std::optional<UtcTime> fault, UtcTime now
) {
    if (operation == nullptr) {
        return fault ? "not decided for " + seconds(to_ms(Duration{now - *fault})) : "steady";
    }
    const std::string_view verb = to_string(operation->verb);
    const std::string whole = seconds(to_ms(now) - to_ms(operation->started_at));
    const wire::PhaseDocument* phase = running_phase(*operation);
    if (phase == nullptr) {
        return fmt::format("{} {}, {}", verb, operation->state, whole);
    }
    return fmt::format(
        "{} {} {}, of {}", verb, phase->name, seconds(to_ms(now) - to_ms(phase->started_at)), whole
    );
}

std::string route_text(const wire::AgentDocument& agent, Epoch epoch) {
    if (!agent.connected) {
        return "is not connected";
    }
    if (agent.active.value().empty()) {
        return "is connected, without a route yet";
    }
    if (agent.epoch < epoch) {
        return fmt::format(
            "is back with its old route, {} under epoch {}: it writes nothing until it follows "
            "epoch {}",
            agent.active.value(),
            agent.epoch.value(),
            epoch.value()
        );
    }
    return fmt::format("writes to {} under epoch {}", agent.active.value(), agent.epoch.value());
}

}  // namespace farshore::cli
