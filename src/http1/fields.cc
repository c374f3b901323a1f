#include "http1/fields.h"

#include <algorithm>

#include "base/text.h"

namespace farshore::http1 {

std::optional<std::string_view> find_field(const Fields& fields, std::string_view name) {
    const auto found = std::ranges::find_if(fields, [name](const Field& field) {
        return equals_ignoring_case(field.name, name);
    });
    return found == fields.end() ? std::nullopt : std::optional{found->value};
}

bool has_token(std::string_view list, std::string_view token) {
    while (true) {
        const std::size_t comma = list.find(',');
        if (equals_ignoring_case(trim(list.substr(0, comma)), token)) {
            return true;
        }
        if (comma == std::string_view::npos) {
            return false;
        }
        list.remove_prefix(comma + 1);
    }
}

}  // namespace farshore::http1
