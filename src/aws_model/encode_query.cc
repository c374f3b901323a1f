#include <fmt/format.h>

#include "aws_model/bodies.h"

namespace farshore::aws_model {
namespace {

namespace json = boost::json;

// Writes name=value pairs: a member of a member is "A.B", the third entry of a list "A.member.3".
class Form {
  public:
    Form(const Model& model, Protocol protocol) : model_(model), protocol_(protocol) {}

    void add(std::string_view name, std::string_view value) {
        if (!text_.empty()) {
            text_ += '&';
        }
        text_ += percent_encode(name) + "=" + percent_encode(value);
    }

    void structure(const std::string& prefix, const Shape& shape, const json::object& value) {
        for (const Member& member : model_.members_of(shape)) {
            const json::value* given = value.if_contains(model_.word(member.name));
            if (given != nullptr && !given->is_null()) {
                const std::string name = name_of(member);
                put(prefix.empty() ? name : prefix + "." + name, member, *given);
            }
        }
    }

    [[nodiscard]] std::string take() { return std::move(text_); }

  private:
    // Protocol ec2 has names of its own: queryName, or the others with a capital at the beginning.
    [[nodiscard]] std::string name_of(const Member& member) const {
        if (protocol_ == Protocol::ec2 && member.query_name != 0) {
            return std::string{model_.word(member.query_name)};
        }
        std::string name{model_.wire_name(member)};
        if (protocol_ == Protocol::ec2 && name[0] >= 'a' && name[0] <= 'z') {
            name[0] = static_cast<char>(name[0] - 'a' + 'A');
        }
        return name;
    }

    void put(const std::string& name, const Member& member, const json::value& value) {
        const Shape& shape = model_.shape_of(member);
        if (shape.kind == Kind::structure) {
            structure(name, shape, value.get_object());
        } else if (shape.kind == Kind::list) {
            list(name, member, value.get_array());
        } else if (shape.kind == Kind::map) {
            map(name, member, value.get_object());
        } else {
            add(name, scalar_text(model_, member, value, TimeForm::iso8601));
        }
    }

    void list(const std::string& name, const Member& member, const json::array& value) {
        const Member& entry = model_.members_of(model_.shape_of(member)).front();
        if (value.empty()) {
            if (protocol_ == Protocol::query) {
                add(name, "");
            }
            return;
        }
        std::string prefix = name;
        if (protocol_ == Protocol::query && !member.is(MemberFlag::flattened)) {
            prefix += "." + std::string{model_.wire_name(entry)};
        } else if (protocol_ == Protocol::query && member.is(MemberFlag::named_by_entry) &&
                   entry.wire_name != 0) {
            prefix =
                prefix.substr(0, prefix.rfind('.') + 1) + std::string{model_.word(entry.wire_name)};
        }
        std::size_t number = 0;
        for (const json::value& one : value) {
            put(fmt::format("{}.{}", prefix, ++number), entry, one);
        }
    }

    void map(const std::string& name, const Member& member, const json::object& value) {
        const auto parts = model_.members_of(model_.shape_of(member));
        const std::string prefix = member.is(MemberFlag::flattened) ? name : name + ".entry";
        std::size_t number = 0;
        for (const auto& [key, one] : value) {
            const std::string entry = fmt::format("{}.{}", prefix, ++number);
            add(fmt::format("{}.{}", entry, model_.wire_name(parts.front())), key);
            put(fmt::format("{}.{}", entry, model_.wire_name(parts.back())), parts.back(), one);
        }
    }

    const Model& model_;
    Protocol protocol_;
    std::string text_;
};

}  // namespace

std::string form_body(
    const Model& model,
    const Service& service,
    const Operation& operation,
    const json::object& input
) {
    Form form(model, service.protocol);
    form.add("Action", model.word(operation.name));
    form.add("Version", model.word(service.api_version));
    form.structure("", model.shapes[operation.input], input);
    return form.take();
}

}  // namespace farshore::aws_model
