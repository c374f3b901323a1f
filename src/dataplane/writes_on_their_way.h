#pragma once

#include <cstdint>
#include <vector>

#include "base/ids.h"
#include "base/time.h"

#include "dataplane/shared_route.h"

namespace farshore::dataplane {

// How many writes of one loop are on their way, by epoch, and until when each epoch's may be. A
// renewal of the lease covers what is on its way under its epoch, never an older one's. One thread.
class WritesOnTheirWay {
  public:
    explicit WritesOnTheirWay(const SharedRoute& route) : route_(&route) {}

    void sent(Epoch epoch, Instant permitted_until);
    void left(Epoch epoch);

    [[nodiscard]] std::uint64_t count() const { return count_; }

    [[nodiscard]] std::uint64_t below(Epoch epoch) const;

    // Instant::max(): none of that epoch is on its way.
    [[nodiscard]] Instant permitted_until(Epoch epoch);
    // When the next permission ends that some write still needs; Instant::max(): none does.
    [[nodiscard]] Instant next_end();

  private:
    struct OfEpoch {
        Epoch epoch;
        std::uint64_t count = 0;
        Instant permitted_until;
    };

    void renew();

    const SharedRoute* route_;
    std::uint64_t count_ = 0;
    std::vector<OfEpoch> epochs_;  // nearly always one
};

}  // namespace farshore::dataplane
