#include <algorithm>

#include <boost/json/parse.hpp>

#include "aws_model/answers.h"
#include "aws_model/decode.h"
#include "aws_model/times.h"

namespace farshore::aws_model {
namespace {

namespace json = boost::json;

std::unexpected<Error> wrong_kind(const Model& model, const Member& member) {
    return not_understood(
        std::string{model.word(member.name)} + " is not " +
        std::string{to_string(model.shape_of(member).kind)}
    );
}

Result<json::value> list_from(const Model& model, const Shape& shape, const json::array& value) {
    json::array out;
    for (const json::value& one : value) {
        Result<json::value> entry = value_from_json(model, model.members_of(shape).front(), one);
        if (!entry) {
            return entry;
        }
        out.push_back(*std::move(entry));
    }
    return out;
}

Result<json::value> map_from(const Model& model, const Shape& shape, const json::object& value) {
    json::object out;
    for (const auto& [name, one] : value) {
        Result<json::value> entry = value_from_json(model, model.members_of(shape).back(), one);
        if (!entry) {
            return entry;
        }
        out[name] = *std::move(entry);
    }
    return out;
}

Result<json::value> time_from_json(
    const Model& model, const Member& member, const json::value& value
) {
    const auto seconds = value.is_number()   ? value.to_number<double>()
                         : value.is_string() ? time_from(value.get_string())
                                             : std::optional<double>{};
    if (!seconds) {
        return wrong_kind(model, member);
    }
    return time_value(*seconds);
}

std::string unknown_in(const Model& model, const Shape& shape, const json::value& value);

std::string unknown_in_structure(
    const Model& model, const Shape& shape, const json::object& object
) {
    const auto members = model.members_of(shape);
    for (const auto& [name, value] : object) {
        const auto known = std::ranges::find_if(members, [&](const Member& member) {
            return model.wire_name(member) == std::string_view{name};
        });
        if (known == members.end()) {
            return name;
        }
        std::string inside = unknown_in(model, model.shape_of(*known), value);
        if (!inside.empty()) {
            return std::string{name} + "." + inside;
        }
    }
    return {};
}

std::string unknown_in(const Model& model, const Shape& shape, const json::value& value) {
    if (shape.kind == Kind::structure && value.is_object()) {
        return unknown_in_structure(model, shape, value.get_object());
    }
    std::string found;
    if (shape.kind == Kind::list && value.is_array()) {
        const Shape& entry = model.shape_of(model.members_of(shape).front());
        for (const json::value& one : value.get_array()) {
            found = found.empty() ? unknown_in(model, entry, one) : found;
        }
    } else if (shape.kind == Kind::map && value.is_object()) {
        const Shape& entry = model.shape_of(model.members_of(shape).back());
        for (const auto& [name, one] : value.get_object()) {
            found = found.empty() ? unknown_in(model, entry, one) : found;
        }
    }
    return found;
}

}  // namespace

std::string unknown_member(
    const Model& model, const Operation& operation, std::string_view body
) {
    boost::system::error_code error;
    const json::value value = json::parse(body, error);
    return error || operation.output == 0
               ? std::string{}
               : unknown_in(model, model.shapes[operation.output], value);
}

Result<json::object> members_from_json(
    const Model& model, const Shape& shape, const json::object& body
) {
    json::object out;
    for (const Member& member : model.members_of(shape)) {
        const json::value* given = body.if_contains(model.wire_name(member));
        if (given == nullptr || given->is_null() || travels_apart(member.place)) {
            continue;
        }
        Result<json::value> value = value_from_json(model, member, *given);
        if (!value) {
            return std::unexpected(value.error());
        }
        out[model.word(member.name)] = *std::move(value);
    }
    return out;
}

Result<json::value> value_from_json(
    const Model& model, const Member& member, const json::value& value
) {
    const Shape& shape = model.shape_of(member);
    if (value.is_null()) {
        return value;
    }
    switch (shape.kind) {
        case Kind::structure:
            if (const json::object* object = value.if_object()) {
                return members_from_json(model, shape, *object);
            }
            break;
        case Kind::list:
            if (const json::array* list = value.if_array()) {
                return list_from(model, shape, *list);
            }
            break;
        case Kind::map:
            if (const json::object* map = value.if_object()) {
                return map_from(model, shape, *map);
            }
            break;
        case Kind::timestamp: return time_from_json(model, member, value);
        case Kind::blob:
        case Kind::string:
            if (value.is_string()) {
                return value;
            }
            break;
        case Kind::boolean:
            if (value.is_bool()) {
                return value;
            }
            break;
        case Kind::integer:
        case Kind::long_integer:
        case Kind::float_number:
        case Kind::double_number:
            if (value.is_number() || value.is_string()) {
                return value;
            }
            break;
        case Kind::document: return value;
    }
    return wrong_kind(model, member);
}

}  // namespace farshore::aws_model
