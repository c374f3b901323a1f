#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <boost/json/object.hpp>

#include "base/result.h"

#include "aws_model/model.h"

namespace farshore::aws_model {

// A request before it has an endpoint, a date and a signature.
struct Request {
    std::string method;
    std::string path;   // percent-encoded
    std::string query;  // percent-encoded
    std::vector<std::pair<std::string, std::string>> headers;
    std::string body;
};

// The request that asks `operation` with these members (model.h says how values stand in JSON).
// Members that are null are left out. An idempotency token that is not given is `token`, when that
// is not empty. `malformed`, and nothing to send: a member that the model does not know or that has
// another kind, or a required one that is missing; the text names it by its path. Pure.
[[nodiscard]] Result<Request> encode(
    const Model& model,
    const Service& service,
    const Operation& operation,
    const boost::json::object& input,
    std::string_view token
);

}  // namespace farshore::aws_model
