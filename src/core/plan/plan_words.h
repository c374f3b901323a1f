#pragma once

#include <array>
#include <string_view>

namespace farshore::core {

// What a declared command's words may hold as ${app}, …: put in when a plan is made.
inline constexpr std::array<std::string_view, 5> kPlanWords{
    "app", "from", "to", "verb", "operation"
};

}  // namespace farshore::core
