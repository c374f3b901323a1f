#include <pugixml.hpp>
#include <sstream>

#include "aws_model/bodies.h"

namespace farshore::aws_model {
namespace {

namespace json = boost::json;

void name_space(pugi::xml_node node, std::string_view uri, std::string_view prefix) {
    if (!uri.empty()) {
        const std::string attribute = prefix.empty() ? "xmlns" : "xmlns:" + std::string{prefix};
        node.append_attribute(attribute.c_str()) = std::string{uri}.c_str();
    }
}

class Writer {
  public:
    explicit Writer(const Model& model) : model_(model) {}

    void structure(pugi::xml_node node, const Shape& shape, const json::object& value) const {
        for (const Member& member : model_.members_of(shape)) {
            const json::value* given = value.if_contains(model_.word(member.name));
            if (given == nullptr || given->is_null() || member.place != Place::body) {
                continue;
            }
            const std::string name{model_.wire_name(member)};
            if (member.is(MemberFlag::xml_attribute)) {
                node.append_attribute(name.c_str()) = text_of(member, *given).c_str();
            } else {
                put(node, name, member, *given);
            }
        }
    }

  private:
    [[nodiscard]] std::string text_of(const Member& member, const json::value& value) const {
        return scalar_text(model_, member, value, TimeForm::iso8601);
    }

    [[nodiscard]] pugi::xml_node child(
        pugi::xml_node parent, const std::string& name, const Member& member
    ) const {
        pugi::xml_node node = parent.append_child(name.c_str());
        if (const XmlNamespace* row = model_.namespace_of(member)) {
            name_space(node, model_.word(row->uri), model_.word(row->prefix));
        }
        return node;
    }

    void put(
        pugi::xml_node parent,
        const std::string& name,
        const Member& member,
        const json::value& value
    ) const {
        const Shape& shape = model_.shape_of(member);
        if (shape.kind == Kind::structure) {
            structure(child(parent, name, member), shape, value.get_object());
        } else if (shape.kind == Kind::list) {
            list(parent, name, member, value.get_array());
        } else if (shape.kind == Kind::map) {
            map(parent, name, member, value.get_object());
        } else {
            child(parent, name, member)
                .append_child(pugi::node_pcdata)
                .set_value(value.is_null() ? "" : text_of(member, value).c_str());
        }
    }

    void list(
        pugi::xml_node parent,
        const std::string& name,
        const Member& member,
        const json::array& value
    ) const {
        const Member& entry = model_.members_of(model_.shape_of(member)).front();
        const bool flat = member.is(MemberFlag::flattened);
        const pugi::xml_node node = flat ? parent : child(parent, name, member);
        for (const json::value& one : value) {
            put(node, flat ? name : std::string{model_.wire_name(entry)}, entry, one);
        }
    }

    void map(
        pugi::xml_node parent,
        const std::string& name,
        const Member& member,
        const json::object& value
    ) const {
        const auto parts = model_.members_of(model_.shape_of(member));
        const bool flat = member.is(MemberFlag::flattened);
        const pugi::xml_node node = flat ? parent : child(parent, name, member);
        for (const auto& [key, one] : value) {
            const pugi::xml_node entry =
                flat ? child(node, name, member) : pugi::xml_node{node}.append_child("entry");
            put(entry, std::string{model_.wire_name(parts.front())}, parts.front(), json::value(key)
            );
            put(entry, std::string{model_.wire_name(parts.back())}, parts.back(), one);
        }
    }

    const Model& model_;
};

}  // namespace

std::string xml_body(
    const Model& model, const XmlRoot& root, const Shape& shape, const json::object& value
) {
    pugi::xml_document document;
    const pugi::xml_node node = document.append_child(root.name.c_str());
    name_space(node, root.uri, root.prefix);
    Writer(model).structure(node, shape, value);
    std::ostringstream out;
    document.save(out, "", pugi::format_raw | pugi::format_no_declaration);
    return out.str();
}

}  // namespace farshore::aws_model
