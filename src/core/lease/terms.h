#pragma once

#include <algorithm>

#include "base/time.h"

namespace farshore::core {

// What controllers and agents must agree on. It travels with the epoch, so that no host has to be
// configured with the same values as a controller.
struct Terms {
    Duration lease{};        // the longest permission that an agent takes; zero: not said
    Duration clock_error{};  // the drift of two clocks over one lease; zero: not said
    // The longest hold, and the longest time that a request waits for permission to write; zero:
    // not said.
    Duration hold_max{};

    // What both sides of two sets of terms keep within.
    [[nodiscard]] Terms longest(const Terms& other) const {
        return {
            .lease = std::max(lease, other.lease),
            .clock_error = std::max(clock_error, other.clock_error),
            .hold_max = std::max(hold_max, other.hold_max)
        };
    }

    friend bool operator==(const Terms&, const Terms&) = default;
};

// Where no configuration names others: `fence.lease`, `fence.clock_error` and
// `switchover.hold_max`, and an agent's `lease`. Reports come every 500 ms, so such a lease
// outlasts five that are lost.
inline constexpr Terms kDefaultTerms{
    .lease = std::chrono::seconds{3},
    .clock_error = std::chrono::milliseconds{200},
    .hold_max = std::chrono::seconds{1}
};

// No configuration may name a longer hold. An epoch item that does is damaged, and an order that
// does is cut to this.
inline constexpr Duration kHoldLimit = std::chrono::minutes{1};

}  // namespace farshore::core
