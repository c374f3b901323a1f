#pragma once

#include <array>
#include <string_view>

#include "base/enum_names.h"

namespace farshore::core {

// What gives an agent permission to write while no controller answers: the epoch items, anything,
// nothing.
enum class OnControllerLoss { verify, keep, fence };
inline constexpr std::array<std::string_view, 3> kOnControllerLossNames{"verify", "keep", "fence"};

constexpr const auto& names_of(OnControllerLoss) {
    return kOnControllerLossNames;
}

}  // namespace farshore::core
