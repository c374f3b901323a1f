#include "cli/demo_live.h"

#include <boost/json.hpp>
#include <fmt/format.h>

#include "cli/output.h"

namespace farshore::cli {

namespace json = boost::json;

namespace {

std::string seconds(std::int64_t ms) {
    return fmt::format("{:.1f} s", static_cast<double>(std::max<std::int64_t>(0, ms)) / 1000.0);
}

// The phase without an end; null: none runs.
const json::value* running_phase(const json::value& operation) {
    const json::value* phases = value_at(operation, "phases");
    if (phases == nullptr || !phases->is_array() || phases->get_array().empty()) {
        return nullptr;
    }
    const json::value& last = phases->get_array().back();
    return value_at(last, "ended_at_ms") == nullptr ? &last : nullptr;
}

}  // namespace

std::string phase_clock(const json::value& operation, std::optional<UtcTime> fault, UtcTime now) {
    const std::string verb = text_at(operation, "verb");
    if (verb.empty()) {
        return fault ? "not decided for " + seconds(to_ms(Duration{now - *fault})) : "steady";
    }
    const std::string whole = seconds(to_ms(now) - number_at(operation, "started_at_ms"));
    const json::value* phase = running_phase(operation);
    if (phase == nullptr) {
        return fmt::format("{} {}, {}", verb, text_at(operation, "state"), whole);
    }
    return fmt::format(
        "{} {} {}, of {}",
        verb,
        text_at(*phase, "name"),
        seconds(to_ms(now) - number_at(*phase, "started_at_ms")),
        whole
    );
}

std::string route_text(const json::value& agent, std::int64_t epoch) {
    const std::string active = text_at(agent, "active");
    const std::int64_t its_epoch = number_at(agent, "epoch");
    if (!flag_at(agent, "connected")) {
        return "is not connected";
    }
    if (active.empty()) {
        return "is connected, without a route yet";
    }
    if (its_epoch < epoch) {
        return fmt::format(
            "is back with its old route, {} under epoch {}: it writes nothing until it follows "
            "epoch {}",
            active,
            its_epoch,
            epoch
        );
    }
    return fmt::format("writes to {} under epoch {}", active, its_epoch);
}

}  // namespace farshore::cli
