#pragma once

#include <optional>
#include <string>
#include <string_view>

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include "base/result.h"
#include "lab/dynamo/service_error.h"
#include "lab/dynamo/value.h"

namespace farshore::lab::dynamo {

// {"S":"x"} and its kind, with DynamoDB's own complaints about what is wrong.
[[nodiscard]] Answer<Value> parse_value(const boost::json::value& json);
// {"id":{"S":"x"},...}.
[[nodiscard]] Answer<Item> parse_item(const boost::json::value& json);

// nullopt: an attribute may be called so. Errors: ValidationException.
[[nodiscard]] std::optional<ServiceError> check_attribute_name(std::string_view name);

[[nodiscard]] boost::json::object to_json(const Value& value);
[[nodiscard]] boost::json::object to_json(const Item& item);

// The form that the store keeps: the same JSON as text.
[[nodiscard]] std::string stored_text(const Item& item);
// Errors: malformed (no text of stored_text(): the file is damaged).
[[nodiscard]] Result<Item> item_from_stored(std::string_view text);

// DynamoDB's complaint about an item that is nested deeper than kNestingMax.
[[nodiscard]] ServiceError nested_too_deep();

}  // namespace farshore::lab::dynamo
