#pragma once

#include <array>
#include <cstddef>
#include <string_view>

#include "base/enum_names.h"

namespace farshore {

// An enumerator as the code spells it; empty for a value that has no enumerator. The compiler tells
// it in the name of the function, as "[value = farshore::sim::Seen::commit_late]" (clang; GCC puts
// more behind a semicolon), and a value without enumerator as "(farshore::sim::Seen)11".
template <auto value>
[[nodiscard]] consteval std::string_view spelling() {
    constexpr std::string_view kMark = "value = ";
    std::string_view word = __PRETTY_FUNCTION__;
    word.remove_prefix(word.find(kMark) + kMark.size());
    word = word.substr(0, word.find_first_of(";]"));
    return word.starts_with('(') ? std::string_view{} : word.substr(word.rfind(':') + 1);
}

// How many enumerators there are, which count from zero without gaps.
template <class Enum, std::size_t from = 0>
[[nodiscard]] consteval std::size_t count_of() {
    if constexpr (spelling<static_cast<Enum>(from)>().empty()) {
        return from;
    } else {
        return count_of<Enum, from + 1>();
    }
}

// The words of an enum (base/enum_names.h), made from the enumerators themselves.
//
//   enum class Health { healthy, unhealthy, unknown };
//   constexpr const auto& names_of(Health) { return kSpelledNames<Health>; }
template <class Enum>
inline constexpr auto kSpelledNames = []<std::size_t... i>(std::index_sequence<i...>) {
    return std::array{spelling<static_cast<Enum>(i)>()...};
}(std::make_index_sequence<count_of<Enum>()>{});

}  // namespace farshore
