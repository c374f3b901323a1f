#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

#include "base/time.h"
#include "core/host/host_bounds.h"

namespace farshore::core {

// What becomes of a write that nothing permits just now.
enum class Parking : std::uint8_t {
    waits,      // for a permission, as long as the longest hold (HostMachine::hold_max)
    refused,    // none has been permitted for so long that waiting only delays the bad news
    overloaded  // too many wait already
};

// Writes that wait.
struct Parked {
    std::size_t writes = 0;
    std::size_t bytes = 0;
};

struct ParkingBounds {
    // May wait at once.
    Parked most{.writes = HostBounds{}.hold_requests_max, .bytes = std::size_t{64} << 20U};
    // Once writes have been stopped for so long, new ones are answered at once: waiting would only
    // tie up the application's workers.
    Duration refuse_after = std::chrono::seconds{10};
};

// `with_it`: those that wait already, and this one. `stopped_for`: since a write was last
// permitted. Asked by an agent's loops for each such write: no lock, no allocation.
[[nodiscard]] constexpr Parking judge_parking(
    const ParkingBounds& bounds, const Parked& with_it, Duration stopped_for
) {
    if (stopped_for >= bounds.refuse_after) {
        return Parking::refused;
    }
    const bool fits = with_it.writes <= bounds.most.writes && with_it.bytes <= bounds.most.bytes;
    return fits ? Parking::waits : Parking::overloaded;
}

}  // namespace farshore::core
