#pragma once

#include <optional>
#include <string>
#include <string_view>

#include <boost/json/value.hpp>

#include "aws_model/model.h"

// Times as AWS writes them. A value is seconds since 1970, whole or not.
namespace farshore::aws_model {

// "1422172800", "2015-01-25T08:00:00Z" or "Sun, 25 Jan 2015 08:00:00 GMT"; with the milliseconds
// when there are some.
[[nodiscard]] std::string time_text(double seconds, TimeForm form);

// Whole seconds stay whole numbers.
[[nodiscard]] boost::json::value time_value(double seconds);

// Any of the three forms, with an offset from UTC or a fraction. nullopt: not a time.
[[nodiscard]] std::optional<double> time_from(std::string_view text);

// "1.5", "NaN", "-Infinity".
[[nodiscard]] std::string number_text(double number);

}  // namespace farshore::aws_model
