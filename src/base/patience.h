#pragma once

#include "base/time.h"

namespace farshore {

// How long the lab, the demo and tests wait for something before they give it up: `usual`, times
// the factor in FARSHORE_PATIENCE (1 to 100, else 1). Programs that a sanitizer watches are slow.
// Nothing that the product promises or judges is stretched by it.
[[nodiscard]] Duration stretched(Duration usual);

}  // namespace farshore
