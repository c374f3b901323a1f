#pragma once

#include <string>

#include <boost/json/object.hpp>

#include "base/result.h"

#include "aws_model/model.h"

namespace farshore::aws_model {

// Does this value fit the shape? What is wrong is named by its path, "KeySchema[1].KeyType".
[[nodiscard]] Status check(
    const Model& model, const Shape& shape, const boost::json::value& value, const std::string& path
);

// As `check`, and gives the members that are there: without nulls, and with `token` for an
// idempotency token that is missing.
[[nodiscard]] Result<boost::json::object> checked(
    const Model& model, const Shape& shape, const boost::json::object& input, std::string_view token
);

}  // namespace farshore::aws_model
