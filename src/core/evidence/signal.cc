#include "core/evidence/signal.h"

#include "core/planted.h"

namespace farshore::core {

void Signal::add(
    Instant now,
    std::uint32_t ok,
    std::uint32_t failed,
    const std::string& why,
    const Hysteresis& limits
) {
    // Silence longer than fresh_for broke the run: what was failing or well before it proves
    // nothing.
    if (heard_at_ && now - *heard_at_ > limits.fresh_for) {
        failing_since_.reset();
        well_since_.reset();
        failures_ = 0;
        held_ = Health::unknown;
        recovering_ = false;
    }
    heard_at_ = now;
    if (ok == 0 && failed == 0) {
        return;
    }
    if (failed >= ok) {
        well_since_.reset();
        if (!failing_since_) {
            failing_since_ = now;
            failures_ = 0;
        }
        failures_ += failed;
        why_ = why;
        const bool lasts =
            now - *failing_since_ >= limits.unhealthy_for && failures_ >= limits.failures_min;
        if (lasts || is_planted(PlantedBug::no_hysteresis)) {
            held_ = Health::unhealthy;
            recovering_ = true;
        }
        return;
    }
    failing_since_.reset();
    failures_ = 0;
    if (!well_since_) {
        well_since_ = now;
    }
    // The first good sample of a source that has no opinion yet is enough: there is no bad vote to
    // take back.
    if (!recovering_ || now - *well_since_ >= limits.healthy_for) {
        held_ = Health::healthy;
        recovering_ = false;
        why_.clear();
    } else if (now - *well_since_ >= limits.unhealthy_for) {
        held_ = Health::unknown;
    }
}

Health Signal::judge(Instant now, const Hysteresis& limits) const {
    if (!heard_at_ || now - *heard_at_ > limits.fresh_for) {
        return Health::unknown;
    }
    return held_;
}

bool Signal::is_recovering(Instant now, const Hysteresis& limits) const {
    return recovering_ && well_since_ && heard_at_ && now - *heard_at_ <= limits.fresh_for;
}

}  // namespace farshore::core
