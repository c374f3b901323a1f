#pragma once

#include <algorithm>

#include "base/ids.h"
#include "base/time.h"
#include "core/lease/lease.h"

namespace farshore::core {

// What entitles a controller to grant leases. A controller that cannot read a majority of the epoch
// items cannot know whether another controller has raised a newer epoch, so it gives nothing beyond
// the start of its own last majority reading plus the lease. A fence that waits until the raise
// plus the lease then waits for every lease that any controller may have granted (INV-S1). A value;
// one owner.
class GrantPermission {
  public:
    // A majority of the items, asked from `started` on, carried `epoch`; no host takes a permission
    // longer than `lease` under them.
    void confirm(Epoch epoch, Instant started, Duration lease) {
        if (epoch < epoch_) {
            return;
        }
        if (epoch > epoch_) {
            *this = GrantPermission{};
            epoch_ = epoch;
        }
        (void)holder_.confirm(started, lease);
    }

    // An operator put the epoch in force though no majority could be raised, and answers for it.
    void accept(Epoch epoch) { confirm(epoch, Instant{}, Duration::max()); }

    // It rests on an operator's word for `epoch`, not on a reading.
    [[nodiscard]] bool is_accepted(Epoch epoch) const {
        return epoch == epoch_ && holder_.until() == Instant::max();
    }

    // The longest lease that may be granted under `epoch`; zero: none.
    [[nodiscard]] Duration left(Epoch epoch, Instant now) const {
        return epoch == epoch_ ? holder_.remaining(now) : Duration::zero();
    }

  private:
    Epoch epoch_;
    LeaseHolder holder_;
};

}  // namespace farshore::core
