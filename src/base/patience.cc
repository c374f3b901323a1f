#include "base/patience.h"

#include <algorithm>
#include <cstdlib>

namespace farshore {

Duration stretched(Duration usual) {
    // NOLINTNEXTLINE(concurrency-mt-unsafe): no program changes its environment here
    const char* factor = std::getenv("FARSHORE_PATIENCE");
    const long times = factor == nullptr ? 1 : std::strtol(factor, nullptr, 10);
    return usual * std::clamp(times, 1L, 100L);
}

}  // namespace farshore
