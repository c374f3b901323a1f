#include "aws_model/encode.h"

#include <boost/json/serialize.hpp>
#include <fmt/format.h>

#include "aws_model/bodies.h"
#include "aws_model/check.h"
#include "aws_model/times.h"

namespace farshore::aws_model {
namespace {

namespace json = boost::json;

Request json_request(
    const Model& model,
    const Service& service,
    const Operation& operation,
    const json::object& input
) {
    Request request{.method = "POST", .path = "/"};
    request.headers = {
        {"x-amz-target",
         fmt::format("{}.{}", model.word(service.target_prefix), model.word(operation.name))},
        {"content-type", fmt::format("application/x-amz-json-{}", model.word(service.json_version))
        },
    };
    if (service.query_compatible) {  // asks for the old names of errors
        request.headers.emplace_back("x-amzn-query-mode", "true");
    }
    request.body =
        json::serialize(json_members(model, model.shapes[operation.input], input, false));
    return request;
}

// The protocols query and ec2.
Request form_request(std::string body) {
    return {
        .method = "POST",
        .path = "/",
        .headers = {{"content-type", "application/x-www-form-urlencoded; charset=utf-8"}},
        .body = std::move(body)
    };
}

}  // namespace

std::string percent_encode(std::string_view text, bool keep_slashes) {
    static constexpr std::string_view kKept =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
    std::string out;
    for (const char byte : text) {
        if (kKept.contains(byte) || (keep_slashes && byte == '/')) {
            out += byte;
        } else {
            out += fmt::format("%{:02X}", static_cast<unsigned char>(byte));
        }
    }
    return out;
}

std::string scalar_text(
    const Model& model, const Member& member, const json::value& value, TimeForm otherwise
) {
    const Kind kind = model.shape_of(member).kind;
    if (kind == Kind::boolean) {
        return value.get_bool() ? "true" : "false";
    }
    if (kind == Kind::timestamp) {
        return time_text(value.to_number<double>(), time_form(member, otherwise));
    }
    if (value.is_double()) {
        return number_text(value.get_double());
    }
    if (const json::string* text = value.if_string()) {
        return std::string{*text};
    }
    return json::serialize(value);
}

Result<Request> encode(
    const Model& model,
    const Service& service,
    const Operation& operation,
    const json::object& input,
    std::string_view token
) {
    Result<json::object> given = checked(model, model.shapes[operation.input], input, token);
    if (!given) {
        return std::unexpected(given.error());
    }
    switch (service.protocol) {
        case Protocol::json: return json_request(model, service, operation, *given);
        case Protocol::query:
        case Protocol::ec2: return form_request(form_body(model, service, operation, *given));
        case Protocol::rest_xml:
        case Protocol::rest_json: return rest_request(model, service, operation, *given);
    }
    std::unreachable();
}

}  // namespace farshore::aws_model
