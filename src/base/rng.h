#pragma once

#include <cstdint>

namespace farshore {

// SplitMix64. Ours because standard distributions differ between libraries, and a simulation run
// must replay to the byte. Not for secrets.
class Rng {
  public:
    constexpr explicit Rng(std::uint64_t seed) : state_(seed) {}

    constexpr std::uint64_t next() {
        state_ += 0x9E3779B97F4A7C15ULL;
        std::uint64_t z = state_;
        z = (z ^ (z >> 30U)) * 0xBF58476D1CE4E5B9ULL;
        z = (z ^ (z >> 27U)) * 0x94D049BB133111EBULL;
        return z ^ (z >> 31U);
    }

    // Uniform in [0, bound); bound of zero gives zero.
    constexpr std::uint64_t below(std::uint64_t bound) {
        if (bound == 0) {
            return 0;
        }
        return static_cast<std::uint64_t>((static_cast<unsigned __int128>(next()) * bound) >> 64U);
    }

    constexpr bool chance(std::uint64_t numerator, std::uint64_t denominator) {
        return below(denominator) < numerator;
    }

  private:
    std::uint64_t state_;
};

}  // namespace farshore
