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
// Pure values; one owner each.
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

    // What was promised to whoever holds writes back: nothing of this lease is used after `end`.
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

// The side that must know when the holder has surely stopped. One per holder; it outlives epochs,
// as a route under a new epoch lets the holder go on with the lease it has.
class LeaseGranter {
  public:
    struct Terms {
        Duration length = std::chrono::seconds{3};
        Duration clock_error =
            std::chrono::milliseconds{200};  // drift of two clocks over one length
    };

    LeaseGranter() = default;

    explicit LeaseGranter(Terms terms) : terms_(terms) {}

    // A granter that has just started does not know what it granted before: it counts a whole
    // lease from its own start.
    LeaseGranter(Terms terms, Instant may_have_granted_at)
        : terms_(terms), granted_at_(may_have_granted_at) {}

    // Call before the answer leaves.
    void granted(Instant now) { granted_at_ = granted_at_ ? std::max(*granted_at_, now) : now; }

    // The holder itself said, with proof, that it stopped.
    void given_back() { granted_at_.reset(); }

    // From when on the holder has surely stopped; nullopt: it has nothing.
    [[nodiscard]] std::optional<Instant> certain_at() const {
        if (!granted_at_) {
            return std::nullopt;
        }
        return *granted_at_ + terms_.length + terms_.clock_error;
    }

    [[nodiscard]] bool surely_ended(Instant now) const {
        const std::optional<Instant> certain = certain_at();
        return !certain || now >= *certain;
    }

    [[nodiscard]] const Terms& terms() const { return terms_; }

  private:
    Terms terms_;
    std::optional<Instant> granted_at_;
};

}  // namespace farshore::core
