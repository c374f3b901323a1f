#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include "base/ids.h"
#include "lab/dynamo/expression.h"
#include "lab/dynamo/placeholders.h"
#include "lab/dynamo/service_error.h"

// Reading request parameters: absent and null are the same, a wrong JSON type is a
// SerializationException.
namespace farshore::lab::dynamo {

using Json = boost::json::value;
using Object = boost::json::object;

// nullptr: absent.
[[nodiscard]] const Json* member(const Object& object, std::string_view key);
[[nodiscard]] Answer<std::optional<std::string>> optional_text(
    const Object& object, std::string_view key
);
[[nodiscard]] Answer<bool> optional_flag(
    const Object& object, std::string_view key, bool otherwise
);
[[nodiscard]] Answer<std::optional<std::int64_t>> optional_integer(
    const Object& object, std::string_view key
);
[[nodiscard]] Answer<const Object*> optional_object(const Object& object, std::string_view key);
[[nodiscard]] Answer<const boost::json::array*> optional_array(
    const Object& object, std::string_view key
);
[[nodiscard]] Answer<const Object*> required_object(const Object& object, std::string_view key);
[[nodiscard]] Answer<const boost::json::array*> required_array(
    const Object& object, std::string_view key
);
// One of the words, the first of them when absent.
[[nodiscard]] Answer<std::string> optional_word(
    const Object& object, std::string_view key, std::initializer_list<std::string_view> words
);

// "TableName", its rules checked; an ARN stands for the name at its end.
[[nodiscard]] Answer<std::string> required_table_name(const Object& object);
[[nodiscard]] std::optional<ServiceError> check_table_name(std::string_view name);

// "tableName": as constraint messages spell "TableName".
[[nodiscard]] std::string constraint_name(std::string_view key);
[[nodiscard]] ServiceError must_not_be_null(std::string_view key);

[[nodiscard]] ServiceError no_such_table(const std::string& name);
[[nodiscard]] ServiceError being_created(const TableName& name);
// DynamoDB can do it and the lab cannot: an answer of success would be wrong.
[[nodiscard]] ServiceError not_of_the_lab(const std::string& what);

// nullopt inside: the request has no such expression.
[[nodiscard]] Answer<std::optional<Condition>> optional_condition(
    const Object& object, std::string_view key, Placeholders& placeholders
);
[[nodiscard]] Answer<std::optional<Projection>> optional_projection(
    const Object& object, Placeholders& placeholders
);
[[nodiscard]] bool has_any(const Object& object, std::initializer_list<std::string_view> keys);

}  // namespace farshore::lab::dynamo
