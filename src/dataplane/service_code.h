#pragma once

#include <string_view>

namespace farshore::dataplane {

// The error code of an answer of DynamoDB's, without its namespace; "" when there is none.
[[nodiscard]] std::string_view service_code(int status, std::string_view answer_body);

}  // namespace farshore::dataplane
