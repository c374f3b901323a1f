#pragma once

#include <optional>
#include <string_view>
#include <vector>

namespace farshore::dataplane {

// A member of a JSON object, as it stands in the text.
struct JsonMember {
    std::string_view name;   // without quotes, escapes not undone
    std::string_view value;  // the raw text of the value, strings with their quotes
    // From the first quote of the name to the end of the value.
    std::string_view whole;
};

// The members of the object that `text` is, without building a tree: for looking at one option of a
// request in passing. nullopt: not an object, or a name that is written with escapes (no AWS SDK
// writes one; refusing to guess is cheaper than undoing them).
[[nodiscard]] std::optional<std::vector<JsonMember>> json_members(std::string_view text);

// The values of the array that `text` is, as they stand in the text. nullopt: not an array.
[[nodiscard]] std::optional<std::vector<std::string_view>> json_elements(std::string_view text);

[[nodiscard]] std::optional<std::string_view> find_member(
    const std::vector<JsonMember>& members, std::string_view name
);

// The text of a JSON string without escapes; nullopt for anything else.
[[nodiscard]] std::optional<std::string_view> plain_string(std::string_view value);

}  // namespace farshore::dataplane
