#pragma once

#include <string>
#include <string_view>

namespace farshore {

// The text as a terminal may show it, in one line: line breaks and tabs become blanks, and each
// other character that a terminal acts on (C0, DEL, C1) becomes `?`.
[[nodiscard]] std::string printable(std::string_view text);

}  // namespace farshore
