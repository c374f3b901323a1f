#pragma once

#include <string_view>

namespace farshore::lab::dynamo {

// May this word stand in an expression only behind a #placeholder? Case does not matter.
[[nodiscard]] bool is_reserved_word(std::string_view word);

// Is this one of the grammar's own words (AND, BETWEEN, SET, ...), which no expression may use as a
// name? Case does not matter.
[[nodiscard]] bool is_expression_keyword(std::string_view word);

}  // namespace farshore::lab::dynamo
