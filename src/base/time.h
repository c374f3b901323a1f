#pragma once

#include <chrono>
#include <cstdint>
#include <ratio>

namespace farshore {

// The one time axis for leases, deadlines and silence: CLOCK_BOOTTIME, which keeps counting while a
// machine sleeps. A host that slept must wake up late, not young. A hypervisor that stops a virtual
// machine may stop this clock too: core/lease/clock_watch.h.
//
// There is no now() on purpose. The core receives time as an argument; only ports/clock.h reads it.
struct BootClock {
    using rep = std::int64_t;
    using period = std::nano;
    using duration = std::chrono::duration<rep, period>;
    using time_point = std::chrono::time_point<BootClock>;
    static constexpr bool is_steady = true;
};

using Duration = BootClock::duration;
using Instant = BootClock::time_point;

// Wall time, for people and for what must outlive a reboot or move to another controller: pauses,
// cool-downs, the age of a drill. Never used for leases. Like BootClock it has no now().
struct WallClock {
    using rep = std::int64_t;
    using period = std::milli;
    using duration = std::chrono::duration<rep, period>;
    using time_point = std::chrono::time_point<WallClock>;  // since 1970-01-01T00:00:00Z
    static constexpr bool is_steady = false;
};

using UtcTime = WallClock::time_point;

[[nodiscard]] constexpr std::int64_t to_ms(Duration duration) {
    return std::chrono::duration_cast<std::chrono::milliseconds>(duration).count();
}

[[nodiscard]] constexpr std::int64_t to_ms(UtcTime time) {
    return time.time_since_epoch().count();
}

[[nodiscard]] constexpr UtcTime utc_from_ms(std::int64_t ms) {
    return UtcTime{WallClock::duration{ms}};
}

}  // namespace farshore
