#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "core/evidence/observation.h"

namespace farshore::core {

// Hysteresis of a signal: falls slowly enough to ignore blips, rises slower still (GitHub 2018: 43
// s of partition cost 24 h). What was unhealthy and has been well for unhealthy_for is neither: it
// fails no longer, so it adds to no verdict, and has not been well for long enough to be healthy.
struct Hysteresis {
    Duration unhealthy_for = std::chrono::milliseconds{1500};
    Duration healthy_for = std::chrono::seconds{10};
    Duration fresh_for = std::chrono::seconds{3};  // a source silent for longer has no opinion
    std::uint32_t failures_min = 3;  // one slow probe is no trend, whatever its length
    // Requests without an answer for longer are errors, though no timeout has fired yet.
    Duration stalled_min = std::chrono::milliseconds{400};
};

// One source's opinion of one thing over one path, formed from its samples.
class Signal {
  public:
    // A sample in which at least half of the requests failed is a failing one. A sample without any
    // request says only that the source is alive.
    void add(
        Instant now,
        std::uint32_t ok,
        std::uint32_t failed,
        const std::string& why,
        const Hysteresis& limits
    );

    // The vote, as of `now`: unknown when nothing was heard for fresh_for, or before the first
    // sample.
    [[nodiscard]] Health judge(Instant now, const Hysteresis& limits) const;

    // It was unhealthy, fails no longer, and has not been well for long enough to be healthy.
    [[nodiscard]] bool is_recovering(Instant now, const Hysteresis& limits) const;

    // Since when the samples have been failing without a break; nullopt when the last one was well.
    [[nodiscard]] std::optional<Instant> failing_since() const { return failing_since_; }

    [[nodiscard]] std::optional<Instant> heard_at() const { return heard_at_; }

    [[nodiscard]] const std::string& why() const { return why_; }

  private:
    std::optional<Instant> heard_at_;
    std::optional<Instant> failing_since_;
    std::optional<Instant> well_since_;
    std::uint32_t failures_ = 0;
    Health held_ = Health::unknown;
    bool recovering_ = false;  // it was unhealthy, and has not been well for healthy_for since
    std::string why_;
};

}  // namespace farshore::core
