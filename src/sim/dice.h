#pragma once

#include <cstdint>

#include "base/rng.h"

#include "sim/calendar.h"

namespace farshore::sim {

// Randomness of one purpose, drawn from the seed and the moment of the story: what happens at a
// moment does not depend on how often these dice were thrown before it. So a run that skips its
// quiet time sees the same luck afterwards as one that does not.
class Dice {
  public:
    Dice(const Calendar& calendar, std::uint64_t seed, std::uint64_t purpose)
        : calendar_(calendar), base_(Rng{seed * 0x9E3779B97F4A7C15ULL + purpose}.next()) {}

    std::uint64_t below(std::uint64_t bound) { return draw().below(bound); }

    bool chance(std::uint64_t numerator, std::uint64_t denominator) {
        return draw().chance(numerator, denominator);
    }

    bool per_mille(int share) {
        return share > 0 && draw().chance(static_cast<std::uint64_t>(share), 1000);
    }

    // In [from, to].
    Duration between(Duration from, Duration to) {
        const auto span = static_cast<std::uint64_t>((to - from).count());
        return from + Duration{static_cast<Duration::rep>(draw().below(span + 1))};
    }

  private:
    Rng draw() {
        const Duration at = calendar_.story();
        drawn_ = at == last_ ? drawn_ + 1 : 0;
        last_ = at;
        const auto moment = static_cast<std::uint64_t>(at.count());
        return Rng{base_ ^ Rng{moment * 0xD1342543DE82EF95ULL + drawn_}.next()};
    }

    const Calendar& calendar_;
    std::uint64_t base_;
    Duration last_{-1};
    std::uint64_t drawn_ = 0;
};

}  // namespace farshore::sim
