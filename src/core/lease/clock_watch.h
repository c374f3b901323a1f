#pragma once

#include <algorithm>
#include <optional>
#include <utility>

#include "base/time.h"

namespace farshore::core {

// Finds out that our boot clock stood still: a hypervisor stopped the machine, or restored a
// snapshot of it. A lease that counts on that clock is older than it looks. Another clock is
// compared with ours: a controller's boot clock as its pings tell it, or this machine's wall clock.
//
// A message that was long under way makes the other clock look behind, never ahead, so only the
// largest lead counts. It is remembered for a minute at the most: two clocks that drift apart
// slowly do not hide a stop. A value; one owner.
class ClockWatch {
  public:
    explicit ClockWatch(Duration allowed) : allowed_(allowed) {}

    // The other clock said `theirs`, and we heard of it at `ours`. True: ours has lost more than
    // `allowed` since the last minute's messages.
    bool has_lost_time(Duration theirs, Instant ours) {
        const Duration lead = theirs - ours.time_since_epoch();
        if (!turned_at_ || ours - *turned_at_ >= kTurn) {
            before_ = std::exchange(largest_, std::nullopt);
            turned_at_ = ours;
        }
        const std::optional<Duration> known = std::max(largest_, before_);
        largest_ = std::max(largest_.value_or(lead), lead);
        return known && lead > *known + allowed_;
    }

    // The other side has started anew: its clock says nothing about what was before.
    void forget() { *this = ClockWatch{allowed_}; }

  private:
    static constexpr Duration kTurn = std::chrono::seconds{30};

    Duration allowed_;
    std::optional<Instant> turned_at_;
    std::optional<Duration> largest_;  // lead of the other clock, in this half minute
    std::optional<Duration> before_;   // and in the half minute before
};

}  // namespace farshore::core
