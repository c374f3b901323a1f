#pragma once

#include <cstdint>

namespace farshore::core {

enum class LintWeight : std::uint8_t {
    broken,  // a failover would not do for users or programs what it is for
    advice,  // it would, and something about it wants a look
};

}  // namespace farshore::core
