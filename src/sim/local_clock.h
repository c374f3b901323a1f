#pragma once

#include <cstdint>

#include "base/time.h"

namespace farshore::sim {

// The boot clock of one machine: it began at its own moment, and runs a little too fast or too slow
// while it drifts. Readings of different machines are never comparable.
class LocalClock {
  public:
    explicit LocalClock(Duration offset) : local_anchor_(Instant{} + offset) {}

    [[nodiscard]] Instant read(Instant truth) const {
        return local_anchor_ + scaled(truth - true_anchor_, kMillion + drift_ppm_, kMillion);
    }

    // The first true moment at which this clock shows at least `local`.
    [[nodiscard]] Instant when(Instant local) const {
        Instant truth =
            true_anchor_ + scaled(local - local_anchor_, kMillion, kMillion + drift_ppm_);
        while (read(truth) < local) {
            truth += Duration{1};
        }
        return truth;
    }

    // From `truth` on it runs faster by so many parts per million.
    void drift(Instant truth, int ppm) {
        local_anchor_ = read(truth);
        true_anchor_ = truth;
        drift_ppm_ = ppm;
    }

    // It has stood still for so long.
    void set_back(Duration stood) { local_anchor_ -= stood; }

  private:
    static constexpr std::int64_t kMillion = 1'000'000;

    [[nodiscard]] static Duration scaled(
        Duration length, std::int64_t numerator, std::int64_t denominator
    ) {
        if (numerator == denominator) {
            return length;
        }
        return Duration{static_cast<Duration::rep>(
            static_cast<__int128>(length.count()) * numerator / denominator
        )};
    }

    Instant true_anchor_{};
    Instant local_anchor_;
    std::int64_t drift_ppm_ = 0;
};

}  // namespace farshore::sim
