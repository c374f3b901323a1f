#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/enum_names.h"
#include "base/ids.h"
#include "base/time.h"

// What observers report. Values only; nothing here reads a clock.
namespace farshore::core {

// Health has three values: unknown is not down, and missing telemetry is not healthy.
enum class Health { healthy, unhealthy, unknown };
inline constexpr std::array<std::string_view, 3> kHealthNames{"healthy", "unhealthy", "unknown"};

constexpr const auto& names_of(Health) {
    return kHealthNames;
}

enum class Component {
    dynamodb,  // the Region's tables answer
    stack,     // the Region's load balancer and hosts answer users
    control,   // the observer's own control target: does the observer see anything at all?
};
inline constexpr std::array<std::string_view, 3> kComponentNames{"dynamodb", "stack", "control"};

constexpr const auto& names_of(Component) {
    return kComponentNames;
}

// How the sample was taken. "Only new connections fail" (an empty DNS answer) and "only old ones
// hang" are different faults, so the paths are kept apart.
enum class Path {
    fresh,    // a connection made for this probe
    reused,   // a connection that was there before
    passive,  // the application's own requests, as its agent saw them
};
inline constexpr std::array<std::string_view, 3> kPathNames{"fresh", "reused", "passive"};

constexpr const auto& names_of(Path) {
    return kPathNames;
}

// One report of one source about one thing: how many requests went well or failed since its last.
struct Observation {
    ObserverId observer;
    HostId source;  // which host of the observer; empty when the observer is a single process
    RegionId region;
    Component component = Component::dynamodb;
    Path path = Path::fresh;
    std::uint32_t ok = 0;
    std::uint32_t failed = 0;
    Duration stalled{};  // age of the oldest request without an answer
    std::string why;     // the last error, for people
};

}  // namespace farshore::core
