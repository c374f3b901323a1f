#include <algorithm>

#include <boost/json/serialize.hpp>
#include <fmt/format.h>

#include "base/text.h"

#include "aws_model/bodies.h"

namespace farshore::aws_model {
namespace {

namespace json = boost::json;

// Fills path, query and headers of a request from the members that travel there.
class Rest {
  public:
    Rest(
        const Model& model, Protocol protocol, const Operation& operation, const json::object& input
    )
        : model_(model),
          protocol_(protocol),
          operation_(operation),
          input_(input),
          shape_(model.shapes[operation.input]) {}

    Result<Request> build() {
        request_.method = model_.word(operation_.method);
        if (Status status = path(); !status) {
            return std::unexpected(status.error());
        }
        query();
        headers();
        body();
        return std::move(request_);
    }

  private:
    template <class Visit>
    void each(Place place, Visit visit) const {
        for (const Member& member : model_.members_of(shape_)) {
            const json::value* given = input_.if_contains(model_.word(member.name));
            if (member.place == place && given != nullptr && !given->is_null()) {
                visit(member, *given);
            }
        }
    }

    // Each label takes its member's text; one with a '+' keeps the slashes in it.
    Status path() {
        const std::string_view uri = model_.word(operation_.uri);
        std::string_view rest = uri.substr(0, uri.find('?'));
        while (!rest.empty()) {
            const auto open = rest.find('{');
            request_.path += rest.substr(0, open);
            if (open == std::string_view::npos) {
                break;
            }
            const auto close = rest.find('}', open);
            std::string_view label = rest.substr(open + 1, close - open - 1);
            rest.remove_prefix(close + 1);
            const bool greedy = label.ends_with('+');
            label.remove_suffix(greedy ? 1 : 0);
            std::string value;
            each(Place::path, [&](const Member& member, const json::value& given) {
                if (model_.wire_name(member) == label) {
                    value = scalar_text(model_, member, given, TimeForm::iso8601);
                }
            });
            if (value.empty()) {
                return fail(
                    ErrorKind::malformed,
                    std::string{label} + " is a part of the path: it can not be empty"
                );
            }
            request_.path += percent_encode(value, greedy);
        }
        return {};
    }

    void add_query(std::string_view name, std::string_view value) {
        request_.query += (request_.query.empty() ? "" : "&") + percent_encode(name) + "=" +
                          percent_encode(value);
    }

    void add_values(std::string_view name, const Member& member, const json::value& value) {
        if (const json::array* values = value.if_array()) {
            const Member& entry = model_.members_of(model_.shape_of(member)).front();
            for (const json::value& one : *values) {
                if (!one.is_null()) {
                    add_query(name, scalar_text(model_, entry, one, TimeForm::iso8601));
                }
            }
        } else if (!value.is_null()) {
            add_query(name, scalar_text(model_, member, value, TimeForm::iso8601));
        }
    }

    void query() {
        const std::string_view uri = model_.word(operation_.uri);
        if (const auto mark = uri.find('?'); mark != std::string_view::npos) {
            request_.query = uri.substr(mark + 1);
        }
        std::vector<std::string_view> taken;
        each(Place::query, [&](const Member& member, const json::value& value) {
            if (!value.is_object()) {
                taken.push_back(model_.wire_name(member));
                add_values(model_.wire_name(member), member, value);
            }
        });
        each(Place::query, [&](const Member& member, const json::value& value) {
            if (const json::object* map = value.if_object()) {
                const Member& entry = model_.members_of(model_.shape_of(member)).back();
                for (const auto& [name, one] : *map) {
                    if (std::ranges::find(taken, std::string_view{name}) == taken.end()) {
                        add_values(name, entry, one);
                    }
                }
            }
        });
    }

    // An entry with a comma or a quote in it stands in quotes.
    [[nodiscard]] std::string header_entry(const Member& entry, const json::value& value) const {
        std::string text = scalar_text(model_, entry, value, TimeForm::http_date);
        if (model_.shape_of(entry).kind != Kind::string ||
            text.find_first_of(",\"") == std::string::npos) {
            return text;
        }
        std::string quoted = "\"";
        for (const char byte : text) {
            quoted += byte == '"' || byte == '\\' ? "\\" : "";
            quoted += byte;
        }
        return quoted + "\"";
    }

    [[nodiscard]] std::string header_text(const Member& member, const json::value& value) const {
        if (member.is(MemberFlag::json_in_header)) {
            return to_base64(json::serialize(value));
        }
        const json::array* list = value.if_array();
        if (list == nullptr) {
            return scalar_text(model_, member, value, TimeForm::http_date);
        }
        std::string text;
        for (const json::value& one : *list) {
            if (!one.is_null()) {
                text += (text.empty() ? "" : ", ") +
                        header_entry(model_.members_of(model_.shape_of(member)).front(), one);
            }
        }
        return text;
    }

    void headers() {
        each(Place::header, [&](const Member& member, const json::value& value) {
            if (!value.is_array() || !value.get_array().empty()) {
                request_.headers.emplace_back(model_.wire_name(member), header_text(member, value));
            }
        });
        each(Place::headers_by_prefix, [&](const Member& member, const json::value& value) {
            const Member& entry = model_.members_of(model_.shape_of(member)).back();
            for (const auto& [name, one] : value.get_object()) {
                if (!one.is_null()) {
                    request_.headers.emplace_back(
                        std::string{model_.word(member.wire_name)} + std::string{name},
                        header_text(entry, one)
                    );
                }
            }
        });
    }

    void content_type(std::string_view type) {
        const bool given = std::ranges::any_of(request_.headers, [](const auto& header) {
            return equals_ignoring_case(header.first, "content-type");
        });
        if (!given) {
            request_.headers.emplace_back("content-type", type);
        }
    }

    void payload(const Member& member) {
        const json::value* given = input_.if_contains(model_.word(member.name));
        const Shape& shape = model_.shape_of(member);
        if (given == nullptr || given->is_null()) {
            if (protocol_ == Protocol::rest_json && shape.kind == Kind::structure &&
                !shape.is(ShapeFlag::one_of)) {
                content_type("application/json");
                request_.body = "{}";
            }
            return;
        }
        if (shape.kind == Kind::blob || shape.kind == Kind::string) {
            content_type(shape.kind == Kind::blob ? "application/octet-stream" : "text/plain");
            request_.body = given->get_string();
        } else if (protocol_ == Protocol::rest_json) {
            content_type("application/json");
            request_.body = json::serialize(json_value(model_, member, *given));
        } else {
            content_type("application/xml");
            request_.body = xml_body(model_, root_of(member), shape, given->get_object());
        }
    }

    [[nodiscard]] XmlRoot root_of(const Member& member) const {
        const XmlNamespace* row = model_.namespace_of(member);
        return {
            .name = std::string{model_.wire_name(member)},
            .uri = std::string{row == nullptr ? "" : model_.word(row->uri)},
            .prefix = std::string{row == nullptr ? "" : model_.word(row->prefix)}
        };
    }

    [[nodiscard]] bool has_body() const {
        return std::ranges::any_of(model_.members_of(shape_), [](const Member& member) {
            return member.place == Place::body;
        });
    }

    void body() {
        for (const Member& member : model_.members_of(shape_)) {
            if (member.is(MemberFlag::payload)) {
                payload(member);
                return;
            }
        }
        if (!has_body()) {
            return;
        }
        if (protocol_ == Protocol::rest_json) {
            content_type("application/json");
            request_.body = json::serialize(json_members(model_, shape_, input_, true));
            return;
        }
        const XmlRoot root{
            .name = std::string{model_.word(operation_.root)},
            .uri = std::string{model_.word(operation_.xml_namespace)},
            .prefix = std::string{model_.word(operation_.xml_prefix)}
        };
        std::size_t there = 0;
        each(Place::body, [&](const Member&, const json::value&) { ++there; });
        if (there > 0) {
            content_type("application/xml");
            request_.body = xml_body(model_, root, shape_, input_);
        }
    }

    const Model& model_;
    Protocol protocol_;
    const Operation& operation_;
    const json::object& input_;
    const Shape& shape_;
    Request request_;
};

}  // namespace

Result<Request> rest_request(
    const Model& model,
    const Service& service,
    const Operation& operation,
    const json::object& input
) {
    return Rest(model, service.protocol, operation, input).build();
}

}  // namespace farshore::aws_model
