#pragma once

#include <algorithm>

#include "base/time.h"

namespace farshore::core {

// What controllers and agents must agree on. It travels with the epoch, so that no host has to be
// configured with the same values as a controller.
struct Terms {
    Duration lease{};        // the longest permission that an agent takes; zero: not said
    Duration clock_error{};  // the drift of two clocks over one lease; zero: not said

    // What both sides of two sets of terms keep within.
    [[nodiscard]] Terms longest(const Terms& other) const {
        return {
            .lease = std::max(lease, other.lease),
            .clock_error = std::max(clock_error, other.clock_error)
        };
    }

    friend bool operator==(const Terms&, const Terms&) = default;
};

// Where no configuration names others: `fence.lease` and `fence.clock_error`, and an agent's
// `lease`. Reports come every 500 ms, so such a lease outlasts five that are lost.
inline constexpr Terms kDefaultTerms{
    .lease = std::chrono::seconds{3}, .clock_error = std::chrono::milliseconds{200}
};

}  // namespace farshore::core
