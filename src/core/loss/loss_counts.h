#pragma once

#include <cstdint>

namespace farshore::core {

// What became of acknowledged writes that were not proven in the target at its promotion. `at_risk`
// is their number; the others but `present` add up to it.
struct LossCounts {
    std::uint64_t at_risk = 0;
    std::uint64_t present = 0;  // unproven, but found in the target before it took writes
    std::uint64_t applied_late = 0;
    std::uint64_t suppressed = 0;
    std::uint64_t never_arrived = 0;
    std::uint64_t unknown = 0;  // not settled yet, or not decidable
    bool whole = true;          // false: a host could not name every write that it had not proven

    friend bool operator==(const LossCounts&, const LossCounts&) = default;
};

}  // namespace farshore::core
