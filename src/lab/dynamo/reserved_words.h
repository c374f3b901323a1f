#pragma once

#include <string_view>

namespace farshore::lab::dynamo {

// May this word stand in an expression only behind a #placeholder? Case does not matter.
[[nodiscard]] bool is_reserved_word(std::string_view word);

}  // namespace farshore::lab::dynamo
