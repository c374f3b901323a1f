#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string_view>
#include <utility>

namespace farshore {

// The one table that gives an enum its words. The enumerator's own spelling is the JSON value, the
// metric label, the log value and the word in the manual.
//
//   enum class Health { healthy, unhealthy, unknown };
//   inline constexpr std::array<std::string_view, 3> kHealthNames{"healthy", "unhealthy",
//   "unknown"}; constexpr const auto& names_of(Health) { return kHealthNames; }
//
// Enumerators count from zero without gaps.
template <class Enum>
[[nodiscard]] constexpr std::string_view to_string(Enum value)
    requires requires { names_of(value); }
{
    return names_of(value)[static_cast<std::size_t>(std::to_underlying(value))];
}

template <class Enum>
[[nodiscard]] constexpr std::optional<Enum> enum_from(std::string_view word)
    requires requires { names_of(Enum{}); }
{
    const auto& names = names_of(Enum{});
    for (std::size_t i = 0; i < names.size(); ++i) {
        if (names[i] == word) {
            return static_cast<Enum>(i);
        }
    }
    return std::nullopt;
}

}  // namespace farshore
