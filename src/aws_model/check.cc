#include "aws_model/check.h"

#include <algorithm>
#include <vector>

#include "base/text.h"

namespace farshore::aws_model {
namespace {

namespace json = boost::json;

bool is_special(const json::value& value) {
    return value.is_string() && (value == "NaN" || value == "Infinity" || value == "-Infinity");
}

bool fits(Kind kind, const json::value& value) {
    switch (kind) {
        case Kind::structure:
        case Kind::map: return value.is_object();
        case Kind::list: return value.is_array();
        case Kind::string:
        case Kind::blob: return value.is_string();
        case Kind::boolean: return value.is_bool();
        case Kind::integer:
        case Kind::long_integer: return value.is_int64() || value.is_uint64();
        case Kind::float_number:
        case Kind::double_number: return value.is_number() || is_special(value);
        case Kind::timestamp: return value.is_number();
        case Kind::document: return true;
    }
    std::unreachable();
}

std::string inside(const std::string& path, std::string_view name) {
    return path.empty() ? std::string{name} : path + "." + std::string{name};
}

Status check_structure(
    const Model& model, const Shape& shape, const json::object& value, const std::string& path
) {
    for (const auto& [name, member] : value) {
        const Member* known = model.find_member(shape, name);
        if (known == nullptr) {
            std::vector<std::string_view> names;
            for (const Member& one : model.members_of(shape)) {
                names.push_back(model.word(one.name));
            }
            const auto meant = did_you_mean(name, names);
            return fail(
                ErrorKind::malformed,
                inside(path, name) + " is not known to the service's model",
                meant ? "Is " + std::string{*meant} + " meant?" : ""
            );
        }
        if (member.is_null() || known->is(MemberFlag::json_in_header)) {
            continue;
        }
        if (Status below = check(model, model.shape_of(*known), member, inside(path, name));
            !below) {
            return below;
        }
    }
    for (const Member& member : model.members_of(shape)) {
        const json::value* given = value.if_contains(model.word(member.name));
        if (member.is(MemberFlag::required) && (given == nullptr || given->is_null())) {
            return fail(
                ErrorKind::malformed, inside(path, model.word(member.name)) + " is required"
            );
        }
    }
    if (shape.is(ShapeFlag::one_of) && std::ranges::count_if(value, [](const auto& member) {
                                           return !member.value().is_null();
                                       }) != 1) {
        return fail(ErrorKind::malformed, path + " must have one member, and only one");
    }
    return {};
}

}  // namespace

Status check(
    const Model& model, const Shape& shape, const json::value& value, const std::string& path
) {
    if (!fits(shape.kind, value)) {
        return fail(ErrorKind::malformed, path + " must be " + std::string{to_string(shape.kind)});
    }
    if (shape.kind == Kind::structure) {
        return check_structure(model, shape, value.get_object(), path);
    }
    if (shape.kind == Kind::list) {
        const Shape& entry = model.shape_of(model.members_of(shape).front());
        std::size_t at = 0;
        for (const json::value& one : value.get_array()) {
            const std::string below = path + "[" + std::to_string(at++) + "]";
            if (Status status = one.is_null() ? Status{} : check(model, entry, one, below);
                !status) {
                return status;
            }
        }
    }
    if (shape.kind == Kind::map) {
        const Shape& entry = model.shape_of(model.members_of(shape).back());
        for (const auto& [name, one] : value.get_object()) {
            if (Status status =
                    one.is_null() ? Status{} : check(model, entry, one, inside(path, name));
                !status) {
                return status;
            }
        }
    }
    return {};
}

Result<json::object> checked(
    const Model& model, const Shape& shape, const json::object& input, std::string_view token
) {
    json::object given;
    for (const auto& [name, value] : input) {
        if (!value.is_null()) {
            given[name] = value;
        }
    }
    for (const Member& member : model.members_of(shape)) {
        if (member.is(MemberFlag::idempotency_token) && !token.empty() &&
            !given.contains(model.word(member.name))) {
            given[model.word(member.name)] = token;
        }
    }
    if (Status status = check_structure(model, shape, given, ""); !status) {
        return std::unexpected(status.error());
    }
    return given;
}

}  // namespace farshore::aws_model
