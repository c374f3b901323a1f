#pragma once

#include "base/time.h"

namespace farshore {

// The date at `at` in the made-up worlds of tests: years from the boot clock's zero, as on every
// real machine. Code that takes one clock for the other does not pass by chance.
[[nodiscard]] constexpr UtcTime date_in_tests(Instant at) {
    return utc_from_ms(1'764'000'000'000 + to_ms(at.time_since_epoch()));
}

}  // namespace farshore
