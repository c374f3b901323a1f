// A filter around the codecs for tests that others wrote: lines of JSON in, a line of JSON out for
// each. {"tables": DOCUMENT} is a model, as tools/aws_model/tables.py writes it, for the lines
// behind it; without one, the table that ships is used.
//   {"do":"encode","service":0,"operation":0,"input":{}}                        a request
//   {"do":"decode","service":0,"operation":0,"status":200,"headers":[],"body":""}  members
//   {"do":"refusal","service":0,"status":400,"headers":[],"body":""}            code, message,
//   members
//   {"do":"endpoint","name":"dynamodb","region":"us-east-1","fips":false,"dual_stack":false}
#include <iostream>
#include <memory>
#include <string>
#include <vector>

#include <boost/json.hpp>

#include "base/text.h"

#include "aws_model/decode.h"
#include "aws_model/encode.h"
#include "aws_model/endpoint.h"
#include "aws_model/model.h"

namespace farshore::aws_model {
namespace {

namespace json = boost::json;

// Owns what a Model looks at.
struct Tables {
    std::string text;
    std::vector<Shape> shapes;
    std::vector<Member> members;
    std::vector<Operation> operations;
    std::vector<ErrorRow> errors;
    std::vector<Service> services;
    std::vector<XmlNamespace> namespaces;
    Model model;
};

// The number at `at`, as whatever the field is.
struct Number {
    const json::value& value;

    template <class T>
    operator T() const {  // NOLINT(google-explicit-constructor)
        return static_cast<T>(
            value.is_bool() ? value.get_bool() : value.to_number<std::uint32_t>()
        );
    }
};

template <class Row, std::size_t... I>
Row row_from(const json::array& numbers, std::index_sequence<I...>) {
    return Row{Number{numbers.at(I)}...};
}

template <class Row, std::size_t N>
void fill(std::vector<Row>& rows, const json::object& document, std::string_view name) {
    for (const json::value& row : document.at(name).as_array()) {
        rows.push_back(row_from<Row>(row.as_array(), std::make_index_sequence<N>{}));
    }
}

std::unique_ptr<Tables> tables_from(const json::object& document) {
    auto tables = std::make_unique<Tables>();
    tables->text = document.at("text").as_string();
    fill<Shape, 4>(tables->shapes, document, "shapes");
    fill<Member, 7>(tables->members, document, "members");
    fill<Operation, 9>(tables->operations, document, "operations");
    fill<ErrorRow, 3>(tables->errors, document, "errors");
    fill<Service, 13>(tables->services, document, "services");
    fill<XmlNamespace, 3>(tables->namespaces, document, "namespaces");
    tables->model = {
        .text = tables->text,
        .shapes = tables->shapes,
        .members = tables->members,
        .operations = tables->operations,
        .errors = tables->errors,
        .services = tables->services,
        .namespaces = tables->namespaces,
        .partitions = {},
        .beginnings = {},
        .endpoints = {}
    };
    return tables;
}

// The cases give blobs as their bytes; the codecs take base64, but for payloads.
template <class Convert>
json::value with_blobs(
    const Model& model, const Shape& shape, const json::value& value, Convert convert
) {
    if (shape.kind == Kind::blob && value.is_string()) {
        return json::string{convert(value.get_string())};
    }
    if (const json::array* list = value.if_array(); list != nullptr && shape.kind == Kind::list) {
        json::array out;
        for (const json::value& one : *list) {
            out.push_back(
                with_blobs(model, model.shape_of(model.members_of(shape).front()), one, convert)
            );
        }
        return out;
    }
    const json::object* object = value.if_object();
    if (object == nullptr || (shape.kind != Kind::structure && shape.kind != Kind::map)) {
        return value;
    }
    json::object out;
    for (const auto& [name, one] : *object) {
        const Member* member = shape.kind == Kind::map ? &model.members_of(shape).back()
                                                       : model.find_member(shape, name);
        out[name] = member == nullptr || (member->is(MemberFlag::payload) &&
                                          model.shape_of(*member).kind == Kind::blob)
                        ? one
                        : with_blobs(model, model.shape_of(*member), one, convert);
    }
    return out;
}

json::object told(const Error& error) {
    return {{"failed", error.text}, {"kind", to_string(error.kind)}};
}

json::object encoded(
    const Model& model, const Service& service, const Operation& operation, const json::object& line
) {
    const json::value* token = line.if_contains("token");
    const Result<Request> request = encode(
        model,
        service,
        operation,
        with_blobs(
            model,
            model.shapes[operation.input],
            line.at("input"),
            [](std::string_view bytes) { return to_base64(bytes); }
        ).as_object(),
        token == nullptr ? std::string_view{} : token->as_string()
    );
    if (!request) {
        return told(request.error());
    }
    json::array headers;
    for (const auto& [name, value] : request->headers) {
        headers.push_back({json::string{name}, json::string{value}});
    }
    return {
        {"method", request->method},
        {"path", request->path},
        {"query", request->query},
        {"headers", headers},
        {"body", request->body}
    };
}

Answer answer_from(const json::object& line) {
    Answer answer{
        .status = line.at("status").to_number<int>(),
        .headers = {},
        .body = line.at("body").as_string()
    };
    for (const json::value& header : line.at("headers").as_array()) {
        answer.headers.emplace_back(
            header.as_array().at(0).as_string(), header.as_array().at(1).as_string()
        );
    }
    return answer;
}

json::object place(const Model& model, const json::object& line) {
    const Service* service = model.find_service(line.at("name").as_string());
    const Endpoint found = endpoint_of(
        model,
        *service,
        line.at("region").as_string(),
        {.fips = line.at("fips").as_bool(), .dual_stack = line.at("dual_stack").as_bool()}
    );
    return {{"url", found.url}, {"signing_region", found.signing_region}};
}

json::object reply_to(const Model& model, const json::object& line) {
    if (line.at("do") == "endpoint") {
        return place(model, line);
    }
    const Service& service = model.services[line.at("service").to_number<std::size_t>()];
    const json::string& what = line.at("do").as_string();
    if (what == "refusal") {
        const Refusal said = decode_error(model, service, answer_from(line));
        return {{"code", said.code}, {"message", said.message}, {"members", said.members}};
    }
    const Operation& operation = model.operations[line.at("operation").to_number<std::size_t>()];
    if (what == "encode") {
        return encoded(model, service, operation, line);
    }
    const Result<json::object> members = decode(model, service, operation, answer_from(line));
    if (!members) {
        return told(members.error());
    }
    return {
        {"members",
         with_blobs(
             model,
             model.shapes[operation.output],
             *members,
             [](std::string_view text) { return from_base64(text).value_or("not base64"); }
         )}
    };
}

int run() {
    std::unique_ptr<Tables> tables;
    for (std::string line; std::getline(std::cin, line);) {
        const json::object said = json::parse(line).as_object();
        if (const json::value* document = said.if_contains("tables")) {
            tables = tables_from(document->as_object());
        } else {
            std::cout << json::serialize(reply_to(tables ? tables->model : model(), said)) << "\n";
        }
    }
    return std::cin.eof() && std::cout.flush() ? 0 : 1;
}

}  // namespace
}  // namespace farshore::aws_model

int main() {
    return farshore::aws_model::run();
}
