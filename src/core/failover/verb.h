#pragma once

#include <array>
#include <string_view>
#include <vector>

#include "base/enum_names.h"
#include "base/ids.h"
#include "base/time.h"
#include "core/lease/on_controller_loss.h"

namespace farshore::core {

// The three ways to change the active Region. A failback is a switchover to the preferred Region.
enum class Verb { failover, switchover, failback };
inline constexpr std::array<std::string_view, 3> kVerbNames{"failover", "switchover", "failback"};

constexpr const auto& names_of(Verb) {
    return kVerbNames;
}

enum class Lever {
    repoint,  // the old Region's hosts use the new Region's tables, in place
    shift,    // users are sent to the new Region's stack
};
inline constexpr std::array<std::string_view, 2> kLeverNames{"repoint", "shift"};

constexpr const auto& names_of(Lever) {
    return kLeverNames;
}

}  // namespace farshore::core
