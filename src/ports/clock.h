#pragma once

#include "base/time.h"

namespace farshore::ports {

// The only source of time. Thread-safe.
class Clock {
  public:
    virtual ~Clock() = default;
    [[nodiscard]] virtual Instant now() const = 0;   // CLOCK_BOOTTIME
    [[nodiscard]] virtual UtcTime wall() const = 0;  // for people and for what outlives a reboot
};

}  // namespace farshore::ports
