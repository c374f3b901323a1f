#pragma once

#include <pugixml.hpp>
#include <string_view>

#include <boost/json/object.hpp>

#include "base/result.h"

#include "aws_model/model.h"

// The parts of decode.cc: a body to members.
namespace farshore::aws_model {

// In an answer, what a request puts into its path or query is in the body.
[[nodiscard]] constexpr bool travels_apart(Place place) {
    return place == Place::header || place == Place::headers_by_prefix || place == Place::status;
}

// What a text of a header or of XML says of this member. `unavailable`: it is not of that kind.
[[nodiscard]] Result<boost::json::value> scalar_from(
    const Model& model, const Member& member, std::string_view text
);

[[nodiscard]] Result<boost::json::object> members_from_json(
    const Model& model, const Shape& shape, const boost::json::object& body
);

[[nodiscard]] Result<boost::json::value> value_from_json(
    const Model& model, const Member& member, const boost::json::value& value
);

[[nodiscard]] Result<boost::json::object> members_from_xml(
    const Model& model, const Shape& shape, pugi::xml_node node
);

// The node's name without its namespace's prefix.
[[nodiscard]] std::string_view local_name(pugi::xml_node node);
// The first child of that name; an empty node when there is none.
[[nodiscard]] pugi::xml_node child_of(pugi::xml_node node, std::string_view name);

[[nodiscard]] std::unexpected<Error> not_understood(std::string text);

}  // namespace farshore::aws_model
