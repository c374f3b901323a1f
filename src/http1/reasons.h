#pragma once

#include <string_view>

namespace farshore::http1 {

// The words behind a status in its line ("Not Found"); "Status" for one that is not known here.
[[nodiscard]] std::string_view reason_of(int status);

}  // namespace farshore::http1
