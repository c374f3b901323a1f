#include <utility>

#include "aws_model/bodies.h"
#include "aws_model/times.h"

namespace farshore::aws_model {
namespace {

namespace json = boost::json;

json::value time_in_json(const Member& member, const json::value& value) {
    const TimeForm form = time_form(member, TimeForm::unix_seconds);
    const auto seconds = value.to_number<double>();
    if (form == TimeForm::unix_seconds) {
        return time_value(seconds);
    }
    return json::string{time_text(seconds, form)};
}

}  // namespace

json::object json_members(
    const Model& model, const Shape& shape, const json::object& value, bool body_only
) {
    json::object out;
    for (const Member& member : model.members_of(shape)) {
        const json::value* given = value.if_contains(model.word(member.name));
        if (given == nullptr || given->is_null() || (body_only && member.place != Place::body)) {
            continue;
        }
        out[model.wire_name(member)] = json_value(model, member, *given);
    }
    return out;
}

json::value json_value(const Model& model, const Member& member, const json::value& value) {
    const Shape& shape = model.shape_of(member);
    if (value.is_null()) {  // of a sparse list or map
        return value;
    }
    if (shape.kind == Kind::structure) {
        return json_members(model, shape, value.get_object(), false);
    }
    if (shape.kind == Kind::list) {
        json::array out;
        for (const json::value& one : value.get_array()) {
            out.push_back(json_value(model, model.members_of(shape).front(), one));
        }
        return out;
    }
    if (shape.kind == Kind::map) {
        json::object out;
        for (const auto& [name, one] : value.get_object()) {
            out[name] = json_value(model, model.members_of(shape).back(), one);
        }
        return out;
    }
    return shape.kind == Kind::timestamp ? time_in_json(member, value) : value;
}

}  // namespace farshore::aws_model
