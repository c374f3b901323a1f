#include "adapters/system/system_clock.h"

#include <ctime>

#include "base/assert.h"

namespace farshore::system {

namespace {

timespec read(clockid_t clock) {
    timespec time{};
    FARSHORE_ASSERT(clock_gettime(clock, &time) == 0, "the clocks of Linux do not fail");
    return time;
}

}  // namespace

Instant SystemClock::now() const {
    const timespec time = read(CLOCK_BOOTTIME);
    return Instant{std::chrono::seconds{time.tv_sec} + std::chrono::nanoseconds{time.tv_nsec}};
}

UtcTime SystemClock::wall() const {
    const timespec time = read(CLOCK_REALTIME);
    return utc_from_ms(static_cast<std::int64_t>(time.tv_sec) * 1000 + time.tv_nsec / 1'000'000);
}

}  // namespace farshore::system
