#pragma once

#include <optional>
#include <string>
#include <string_view>

#include <boost/json/object.hpp>

#include "core/loss/ledger_write.h"

namespace farshore::dataplane {

using core::kAbsent;

// Two items are equal exactly when their canonical texts are: names sorted by their bytes, numbers
// and sets in one form, no blanks. `item` is DynamoDB's JSON ({"id":{"S":"x"}}). nullopt: not an
// item. test/data/item_digest.json pins the form; the lab's write log uses the same.
[[nodiscard]] std::optional<std::string> canonical_item(const boost::json::object& item);

// SHA-256 of the canonical text, hexadecimal.
[[nodiscard]] std::optional<std::string> item_digest(const boost::json::object& item);

}  // namespace farshore::dataplane
