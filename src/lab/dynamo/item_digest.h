#pragma once

#include <string>
#include <string_view>

#include "lab/dynamo/value.h"

namespace farshore::lab::dynamo {

// The one text of an item: attribute names sorted by their bytes, numbers as [-]d[.ddd]E+x, sets
// sorted by the bytes of their elements' canonical text, no whitespace. Two items are equal exactly
// when their texts are. test/data/item_digest.json pins it; the agents' ledgers use the same rule.
[[nodiscard]] std::string canonical_text(const Item& item);

// SHA-256 of the canonical text, hexadecimal.
[[nodiscard]] std::string item_digest(const Item& item);

// Stands for "there is no such item" wherever a digest is expected.
inline constexpr std::string_view kAbsentDigest = "absent";

}  // namespace farshore::lab::dynamo
