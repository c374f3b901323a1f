#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <boost/json/object.hpp>

#include "base/result.h"

#include "aws_model/model.h"

namespace farshore::aws_model {

using Headers = std::vector<std::pair<std::string, std::string>>;

struct Answer {
    int status = 0;
    Headers headers;
    std::string_view body;
};

// The members that an answer of 2xx carries, as model.h says how values stand in JSON. What the
// model does not know is left out, as services add members. `unavailable` with a possible effect: a
// body that is not what the protocol says. Pure.
[[nodiscard]] Result<boost::json::object> decode(
    const Model& model, const Service& service, const Operation& operation, const Answer& answer
);

// The first member of an answer of a JSON protocol, with its place in the body, that the model does
// not know, and that decode() leaves out; empty: none. For callers that send back what they read.
[[nodiscard]] std::string unknown_member(
    const Model& model, const Operation& operation, std::string_view body
);

// What an answer that is not 2xx says.
struct Refusal {
    std::string code;  // on the wire, without namespace: "ConditionalCheckFailedException"
    std::string message;
    std::string request_id;
    // Its members, when the model knows the error.
    boost::json::object members;
};

// Reads any body: an answer that is not the service's (a proxy's page) gives an empty code. Pure.
[[nodiscard]] Refusal decode_error(
    const Model& model, const Service& service, const Answer& answer
);

}  // namespace farshore::aws_model
