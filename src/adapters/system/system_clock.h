#pragma once

#include "ports/clock.h"

namespace farshore::system {

// CLOCK_BOOTTIME and CLOCK_REALTIME of this machine. Thread-safe.
class SystemClock final : public ports::Clock {
  public:
    [[nodiscard]] Instant now() const override;
    [[nodiscard]] UtcTime wall() const override;
};

}  // namespace farshore::system
