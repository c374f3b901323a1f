#pragma once

#include <algorithm>

#include "base/time.h"
#include "core/host/host_machine.h"

namespace farshore::core {

// A write that is made to prove something waits for the permission to be made, as far as the
// patience of who wants it goes. Pure; one owner.
class WriteWait {
  public:
    // Between two looks, when nothing tells that the host's machine has changed.
    static constexpr Duration kLookEvery = std::chrono::milliseconds{50};
    // The write and its reading get that at least, however late the permission came.
    static constexpr Duration kWriteWithin = std::chrono::milliseconds{100};

    WriteWait(Instant now, Duration patience) : end_(now + patience) {}

    enum class Turn { goes_out, waits, given_up };

    [[nodiscard]] Turn look(Instant now, const HostMachine& machine) const {
        if (machine.may_write(now)) {
            return Turn::goes_out;
        }
        return now >= end_ ? Turn::given_up : Turn::waits;
    }

    // For a write that goes out now.
    [[nodiscard]] Duration left(Instant now) const { return std::max(end_ - now, kWriteWithin); }

  private:
    Instant end_;
};

}  // namespace farshore::core
