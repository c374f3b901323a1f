#pragma once

#include <optional>
#include <string_view>
#include <vector>

namespace farshore::http1 {

// A header line; the views point into the message's own bytes. `value` has no blanks at its ends.
struct Field {
    std::string_view name;
    std::string_view value;
};

using Fields = std::vector<Field>;

// The value of the first field of that name, ignoring case; nullopt: there is none.
[[nodiscard]] std::optional<std::string_view> find_field(
    const Fields& fields, std::string_view name
);

// Does a comma-separated field value hold this token, ignoring case?
[[nodiscard]] bool has_token(std::string_view list, std::string_view token);

}  // namespace farshore::http1
