#pragma once

#include <algorithm>
#include <optional>

#include "base/time.h"

// A lease is a permission that ends by itself. Holder and granter never compare clock readings;
// each measures one duration on its own clock:
//
//   holder:   starts counting when it *starts* the request that confirms it
//   granter:  starts counting when it *grants*, which is later, and adds the drift of two clocks
//
// So the holder has always stopped before the granter believes it has. Counting from the arrival of
// the answer instead would add the time the answer was under way, without any bound.
// The granter's side is fence_proof.h. Pure values; one owner each.
namespace farshore::core {

// The side that may act while the lease lasts.
class LeaseHolder {
  public:
    // A request begun at `started` was answered with `length`. A confirmation begun before the
    // floor says nothing, and a lease is never shortened by a late answer. True when it was of use.
    bool confirm(Instant started, Duration length) {
        if (started < floor_ || length <= Duration::zero()) {
            return false;
        }
        const Instant end = length > Instant::max() - started ? Instant::max() : started + length;
        if (until_ && *until_ >= end) {
            return false;
        }
        until_ = end;
        return true;
    }

    [[nodiscard]] bool valid(Instant now) const { return until_ && now < *until_; }

    // nullopt: no lease. Instant::max(): it does not end by itself.
    [[nodiscard]] std::optional<Instant> until() const { return until_; }

    [[nodiscard]] Duration remaining(Instant now) const {
        return valid(now) ? *until_ - now : Duration::zero();
    }

    void forfeit() { until_.reset(); }

    // Promised to the controller that ordered a hold: nothing of this lease is used after `end`.
    void forfeit_beyond(Instant end) {
        if (until_) {
            until_ = std::min(*until_, end);
        }
    }

    // From now on only confirmations begun at `floor` or later count. Never moves back.
    void require_begun_after(Instant floor) { floor_ = std::max(floor_, floor); }

    [[nodiscard]] Instant floor() const { return floor_; }

  private:
    std::optional<Instant> until_;
    Instant floor_ = Instant::min();
};

}  // namespace farshore::core
