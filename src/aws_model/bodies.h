#pragma once

#include <string>
#include <string_view>

#include <boost/json/object.hpp>

#include "aws_model/encode.h"
#include "aws_model/model.h"

// The parts that encode.cc puts together. All of them take values that check.h has accepted.
namespace farshore::aws_model {

// RFC 3986's unreserved characters are kept, and slashes when asked.
[[nodiscard]] std::string percent_encode(std::string_view text, bool keep_slashes = false);

// A string, number, boolean, time or blob as it stands in a query, a path, a header or XML.
[[nodiscard]] std::string scalar_text(
    const Model& model, const Member& member, const boost::json::value& value, TimeForm otherwise
);

// A member's value in a body of JSON.
[[nodiscard]] boost::json::value json_value(
    const Model& model, const Member& member, const boost::json::value& value
);

// The members of a structure that travel in the body. Protocol json keeps all of them there.
[[nodiscard]] boost::json::object json_members(
    const Model& model, const Shape& shape, const boost::json::object& value, bool body_only
);

// "Action=...&Version=...&..." for the protocols query and ec2.
[[nodiscard]] std::string form_body(
    const Model& model,
    const Service& service,
    const Operation& operation,
    const boost::json::object& input
);

// The root and its namespace of a document, or of a payload.
struct XmlRoot {
    std::string name;
    std::string uri;
    std::string prefix;
};

[[nodiscard]] std::string xml_body(
    const Model& model, const XmlRoot& root, const Shape& shape, const boost::json::object& value
);

// Path, query, headers and body of the protocols rest-json and rest-xml.
[[nodiscard]] Result<Request> rest_request(
    const Model& model,
    const Service& service,
    const Operation& operation,
    const boost::json::object& input
);

}  // namespace farshore::aws_model
