#pragma once

#include "base/ids.h"

// The names of observers that no configuration gives.
namespace farshore::core {

// The hosts of a Region, which have one vote together.
[[nodiscard]] inline ObserverId agents_of(const RegionId& region) {
    return ObserverId{"agents:" + region.value()};
}

}  // namespace farshore::core
