#pragma once

#include "base/assert.h"
#include "base/time.h"

namespace farshore::core {

// How many probes of a controller may hang at once, of one thing in one way. A timeout of one
// second at two probes per second needs two; more is slack.
inline constexpr int kHangingProbesMax = 4;

// When the probes of one thing, made in one way, go out. They go out on time even while earlier
// ones hang, as far as the bound allows: a hang must not slow detection down, and must not pile up.
// How long a probe may take is its edge's to keep: then it has failed. Pure: no clock; one owner.
class ProbeRound {
  public:
    struct Options {
        Duration every{};
        int under_way_max = 1;
    };

    explicit ProbeRound(Options options) : options_(options) {}

    // To be called at next_deadline(). True: a probe goes out now, and end() follows. False: it is
    // too early, or too many hang, and this turn is left out.
    [[nodiscard]] bool begin(Instant now) {
        if (now < next_at_) {
            return false;
        }
        next_at_ = now + options_.every;
        if (under_way_ >= options_.under_way_max) {
            return false;
        }
        ++under_way_;
        return true;
    }

    // One has been answered, or has failed.
    void end() {
        FARSHORE_ASSERT(under_way_ > 0, "a probe that ends has begun");
        --under_way_;
    }

    // Of the next turn.
    [[nodiscard]] Instant next_deadline() const { return next_at_; }

  private:
    Options options_;
    Instant next_at_ = Instant::min();
    int under_way_ = 0;
};

}  // namespace farshore::core
