#pragma once

#include <cstdint>
#include <string>

namespace farshore::core {

// What came of reading the unproven keys in both Regions.
struct DrainOutcome {
    bool proven = false;
    std::uint64_t keys = 0;  // looked at
    std::uint64_t left = 0;  // not (yet) equal in both Regions
    std::string why;         // when not proven; else what the proof leaves out, if anything
};

}  // namespace farshore::core
