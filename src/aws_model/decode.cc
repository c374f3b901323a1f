#include "aws_model/decode.h"

#include <algorithm>
#include <optional>
#include <pugixml.hpp>

#include <boost/json/parse.hpp>

#include "base/text.h"

#include "aws_model/answers.h"

namespace farshore::aws_model {
namespace {

namespace json = boost::json;

// DynamoDB's attributes are nested up to 32 deep, two levels of JSON each.
constexpr std::size_t kDepthMax = 128;

bool speaks_xml(Protocol protocol) {
    return protocol == Protocol::query || protocol == Protocol::ec2 ||
           protocol == Protocol::rest_xml;
}

std::optional<std::string_view> header(const Headers& headers, std::string_view name) {
    const auto found = std::ranges::find_if(headers, [&](const auto& one) {
        return equals_ignoring_case(one.first, name);
    });
    return found == headers.end() ? std::nullopt : std::optional<std::string_view>{found->second};
}

Result<json::object> json_object(std::string_view body) {
    if (trim(body).empty()) {
        return json::object{};
    }
    boost::system::error_code error;
    json::parse_options options;
    options.max_depth = kDepthMax;
    json::value value = json::parse(body, error, {}, options);
    if (error || !value.is_object()) {
        return not_understood("the answer's body is not a JSON object");
    }
    return std::move(value.get_object());
}

// Entries of a header's list; one in quotes may have commas in it, and so has a date.
std::vector<std::string> header_entries(std::string_view text, bool dates) {
    std::vector<std::string> entries(1);
    bool quoted = false;
    int commas = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char byte = text[i];
        if (quoted && byte == '\\' && i + 1 < text.size()) {
            entries.back() += text[++i];
        } else if (byte == '"') {
            quoted = !quoted;
        } else if (byte == ',' && !quoted && (!dates || ++commas % 2 == 0)) {
            entries.emplace_back();
        } else {
            entries.back() += byte;
        }
    }
    for (std::string& entry : entries) {
        entry = trim(entry);
    }
    return entries;
}

Result<json::value> from_header(const Model& model, const Member& member, std::string_view text) {
    if (member.is(MemberFlag::json_in_header)) {
        const auto bytes = from_base64(text);
        boost::system::error_code error;
        json::value value = json::parse(bytes.value_or(""), error);
        if (error) {
            return not_understood(std::string{model.word(member.name)} + " is not JSON");
        }
        return value;
    }
    const Shape& shape = model.shape_of(member);
    if (shape.kind != Kind::list) {
        return scalar_from(model, member, text);
    }
    const Member& entry = model.members_of(shape).front();
    const bool dates = model.shape_of(entry).kind == Kind::timestamp &&
                       time_form(entry, TimeForm::http_date) == TimeForm::http_date;
    json::array out;
    for (const std::string& one : header_entries(text, dates)) {
        Result<json::value> value = scalar_from(model, entry, one);
        if (!value) {
            return value;
        }
        out.push_back(*std::move(value));
    }
    return out;
}

json::object by_prefix(const Model& model, const Member& member, const Headers& headers) {
    const std::string_view prefix = model.word(member.wire_name);
    json::object out;
    for (const auto& [name, value] : headers) {
        if (name.size() >= prefix.size() &&
            equals_ignoring_case(std::string_view{name}.substr(0, prefix.size()), prefix)) {
            out[std::string_view{name}.substr(prefix.size())] = value;
        }
    }
    return out;
}

// The members of a REST answer that are not in its body.
Status take_headers(
    const Model& model, const Shape& shape, const Answer& answer, json::object& out
) {
    for (const Member& member : model.members_of(shape)) {
        const std::string_view name = model.word(member.name);
        if (member.place == Place::status) {
            out[name] = answer.status;
        } else if (member.place == Place::headers_by_prefix) {
            out[name] = by_prefix(model, member, answer.headers);
        } else if (member.place == Place::header) {
            const auto text = header(answer.headers, model.wire_name(member));
            if (!text) {
                continue;
            }
            Result<json::value> value = from_header(model, member, *text);
            if (!value) {
                return std::unexpected(value.error());
            }
            out[name] = *std::move(value);
        }
    }
    return {};
}

const Member* payload_of(const Model& model, const Shape& shape) {
    for (const Member& member : model.members_of(shape)) {
        if (member.is(MemberFlag::payload)) {
            return &member;
        }
    }
    return nullptr;
}

Result<pugi::xml_node> parse_xml(pugi::xml_document& document, std::string_view body) {
    const pugi::xml_parse_result parsed = document.load_buffer(
        body.data(), body.size(), pugi::parse_default | pugi::parse_ws_pcdata_single
    );
    if (!parsed || !document.document_element()) {
        return not_understood("the answer's body is not XML");
    }
    return document.document_element();
}

Result<json::value> payload_value(
    const Model& model, Protocol protocol, const Member& member, std::string_view body
) {
    const Shape& shape = model.shape_of(member);
    if (shape.kind == Kind::blob || shape.kind == Kind::string) {
        return json::string{body};
    }
    if (protocol == Protocol::rest_json) {
        boost::system::error_code error;
        const json::value value = json::parse(body, error);
        if (error) {
            return not_understood("the answer's body is not JSON");
        }
        return value_from_json(model, member, value);
    }
    pugi::xml_document document;
    const Result<pugi::xml_node> root = parse_xml(document, body);
    if (!root) {
        return std::unexpected(root.error());
    }
    return members_from_xml(model, shape, *root);
}

Result<json::object> body_members(
    const Model& model,
    const Service& service,
    const Shape& shape,
    std::string_view body,
    std::string_view wrapper
) {
    if (!speaks_xml(service.protocol)) {
        const Result<json::object> object = json_object(body);
        if (!object) {
            return object;
        }
        return members_from_json(model, shape, *object);
    }
    if (trim(body).empty()) {
        return json::object{};
    }
    pugi::xml_document document;
    Result<pugi::xml_node> node = parse_xml(document, body);
    if (!node) {
        return std::unexpected(node.error());
    }
    if (service.protocol == Protocol::query && !wrapper.empty()) {
        *node = child_of(*node, wrapper);
        if (!*node) {
            return not_understood("the answer has no " + std::string{wrapper});
        }
    }
    return members_from_xml(model, shape, *node);
}

// "com.amazonaws.dynamodb.v20120810#Code", "Code:http://...": the code alone.
std::string bare_code(std::string_view code) {
    code = code.substr(0, code.find(':'));
    const auto hash = code.rfind('#');
    return std::string{hash == std::string_view::npos ? code : code.substr(hash + 1)};
}

std::string text_in(const json::object& object, std::string_view name) {
    const json::value* value = object.if_contains(name);
    return value != nullptr && value->is_string() ? std::string{value->get_string()} : "";
}

Refusal json_refusal(const Answer& answer) {
    Refusal said;
    const Result<json::object> body = json_object(answer.body);
    if (const auto type = header(answer.headers, "x-amzn-errortype")) {
        said.code = bare_code(*type);
    }
    if (!body) {
        return said;
    }
    if (said.code.empty()) {
        const std::string type = text_in(*body, "__type");
        said.code = bare_code(type.empty() ? text_in(*body, "code") : type);
    }
    said.message = text_in(*body, "message");
    if (said.message.empty()) {
        said.message = text_in(*body, "Message");
    }
    // A service that spoke the query protocol once still says the old name, which clients know.
    if (const auto old = header(answer.headers, "x-amzn-query-error")) {
        const std::string_view name = old->substr(0, old->find(';'));
        if (!name.empty()) {
            said.code = name;
        }
    }
    return said;
}

// <ErrorResponse><Error>, <Response><Errors><Error>, or the error alone.
pugi::xml_node error_node(pugi::xml_node root) {
    if (const pugi::xml_node errors = child_of(root, "Errors")) {
        return child_of(errors, "Error");
    }
    const pugi::xml_node error = child_of(root, "Error");
    return error ? error : root;
}

Refusal xml_refusal(pugi::xml_node root) {
    Refusal said;
    const pugi::xml_node error = error_node(root);
    said.code = child_of(error, "Code").text().get();
    said.message = child_of(error, "Message").text().get();
    // Route 53 answers a batch that it refuses with <InvalidChangeBatch> and a list of messages.
    if (said.code.empty() && local_name(root) == "InvalidChangeBatch") {
        said.code = local_name(root);
    }
    for (const pugi::xml_node message : child_of(error, "Messages").children()) {
        said.message += (said.message.empty() ? "" : "; ") + std::string{message.text().get()};
    }
    for (const char* name : {"RequestId", "RequestID"}) {
        if (const pugi::xml_node id = child_of(root, name)) {
            said.request_id = id.text().get();
        }
    }
    return said;
}

}  // namespace

std::unexpected<Error> not_understood(std::string text) {
    return std::unexpected(Error{
        .kind = ErrorKind::unavailable,
        .effect = Effect::possible,
        .text = std::move(text),
        .remedy = "Something between here and AWS changes answers; look for a proxy.",
        .code = {}
    });
}

Result<json::object> decode(
    const Model& model, const Service& service, const Operation& operation, const Answer& answer
) {
    json::object out;
    if (operation.output == 0) {
        return out;
    }
    const Shape& shape = model.shapes[operation.output];
    if (Status status = take_headers(model, shape, answer, out); !status) {
        return std::unexpected(status.error());
    }
    if (const Member* payload = payload_of(model, shape)) {
        if (!answer.body.empty()) {
            Result<json::value> value =
                payload_value(model, service.protocol, *payload, answer.body);
            if (!value) {
                return std::unexpected(value.error());
            }
            out[model.word(payload->name)] = *std::move(value);
        }
        return out;
    }
    Result<json::object> body =
        body_members(model, service, shape, answer.body, model.word(operation.result_wrapper));
    if (!body) {
        return body;
    }
    for (auto& [name, value] : *body) {
        out[name] = std::move(value);
    }
    return out;
}

Refusal decode_error(const Model& model, const Service& service, const Answer& answer) {
    Refusal said;
    pugi::xml_document document;
    pugi::xml_node root;
    if (speaks_xml(service.protocol)) {
        const Result<pugi::xml_node> parsed = parse_xml(document, answer.body);
        if (!parsed) {
            return said;
        }
        root = *parsed;
        said = xml_refusal(root);
    } else {
        said = json_refusal(answer);
    }
    const ErrorRow* row = model.find_error(service, said.code);
    if (row == nullptr) {
        return said;
    }
    const Shape& shape = model.shapes[row->shape];
    const Status headers = take_headers(model, shape, answer, said.members);
    Result<json::object> body = root ? members_from_xml(model, shape, error_node(root))
                                     : body_members(model, service, shape, answer.body, "");
    if (headers && body) {
        for (auto& [name, value] : *body) {
            said.members[name] = std::move(value);
        }
    }
    return said;
}

}  // namespace farshore::aws_model
