#pragma once

#include <cstdint>
#include <string>

namespace farshore::core {

// What came of reading the unproven keys in both Regions.
struct DrainOutcome {
    bool proven = false;
    std::uint64_t keys = 0;  // looked at
    std::uint64_t left = 0;  // not (yet) equal in both Regions
    // The host follows the order's epoch already, by the epoch items alone: equal keys prove
    // nothing of what it wrote before.
    bool adopted_alone = false;
    std::string why;  // when not proven; else what the proof leaves out, if anything
};

}  // namespace farshore::core
