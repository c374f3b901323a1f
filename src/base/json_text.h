#pragma once

#include <string>
#include <string_view>

namespace farshore {

// Adds the text as a JSON string, with quotes. Only what JSON does not allow is escaped, so that a
// digest of it is the same wherever it is made. Pure.
void append_json_text(std::string& out, std::string_view text);

}  // namespace farshore
