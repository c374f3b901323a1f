#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <boost/json/object.hpp>

#include "base/result.h"

// Reading what aws_model::decode gives: each member that is there has its kind, and any may be
// absent.
namespace farshore::aws {

[[nodiscard]] std::string text_member(const boost::json::object& object, std::string_view name);
[[nodiscard]] std::int64_t number_member(
    const boost::json::object& object, std::string_view name, std::int64_t otherwise = 0
);
[[nodiscard]] bool flag_member(const boost::json::object& object, std::string_view name);
// An empty object when it is absent.
[[nodiscard]] const boost::json::object& object_member(
    const boost::json::object& object, std::string_view name
);
[[nodiscard]] std::vector<std::string> text_list(
    const boost::json::object& object, std::string_view name
);
// The structures of a list.
[[nodiscard]] std::vector<const boost::json::object*> entries(
    const boost::json::object& object, std::string_view name
);

// `malformed`: an answer without that member is none of this service's.
[[nodiscard]] Status must_have(
    const boost::json::object& output, std::string_view member, std::string_view service
);

// The members of an answer of 200 with this body, of a call that AwsClient does not send.
[[nodiscard]] Result<boost::json::object> output_of(
    std::string_view service, std::string_view call, std::string_view body
);

}  // namespace farshore::aws
