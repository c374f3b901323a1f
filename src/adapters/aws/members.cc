#include "adapters/aws/members.h"

#include "aws_model/decode.h"

namespace farshore::aws {

namespace json = boost::json;

std::string text_member(const json::object& object, std::string_view name) {
    const json::value* value = object.if_contains(name);
    return value != nullptr && value->is_string() ? std::string{value->get_string()}
                                                  : std::string{};
}

std::int64_t number_member(
    const json::object& object, std::string_view name, std::int64_t otherwise
) {
    const json::value* value = object.if_contains(name);
    return value != nullptr && value->is_int64() ? value->get_int64() : otherwise;
}

bool flag_member(const json::object& object, std::string_view name) {
    const json::value* value = object.if_contains(name);
    return value != nullptr && value->is_bool() && value->get_bool();
}

const json::object& object_member(const json::object& object, std::string_view name) {
    static const json::object kNone;
    const json::value* value = object.if_contains(name);
    return value != nullptr && value->is_object() ? value->get_object() : kNone;
}

std::vector<std::string> text_list(const json::object& object, std::string_view name) {
    std::vector<std::string> out;
    const json::value* value = object.if_contains(name);
    if (value != nullptr && value->is_array()) {
        for (const json::value& one : value->get_array()) {
            if (one.is_string()) {
                out.emplace_back(one.get_string());
            }
        }
    }
    return out;
}

std::vector<const json::object*> entries(const json::object& object, std::string_view name) {
    std::vector<const json::object*> out;
    const json::value* value = object.if_contains(name);
    if (value != nullptr && value->is_array()) {
        for (const json::value& one : value->get_array()) {
            if (one.is_object()) {
                out.push_back(&one.get_object());
            }
        }
    }
    return out;
}

Status must_have(const json::object& output, std::string_view member, std::string_view service) {
    if (output.contains(member)) {
        return {};
    }
    return fail(
        ErrorKind::malformed,
        std::string{service} + "'s answer holds no " + std::string{member},
        "Check that the endpoint is " + std::string{service} + "."
    );
}

Result<json::object> output_of(
    std::string_view service, std::string_view call, std::string_view body
) {
    const aws_model::Model& model = aws_model::model();
    const aws_model::Service& found = *model.find_service(service);
    return aws_model::decode(
        model,
        found,
        *model.find_operation(found, call),
        {.status = 200, .headers = {}, .body = body}
    );
}

}  // namespace farshore::aws
