#include <algorithm>
#include <charconv>

#include "base/text.h"

#include "aws_model/answers.h"
#include "aws_model/times.h"

namespace farshore::aws_model {
namespace {

namespace json = boost::json;

std::vector<pugi::xml_node> children_of(pugi::xml_node node, std::string_view name) {
    std::vector<pugi::xml_node> found;
    for (const pugi::xml_node child : node.children()) {
        if (local_name(child) == name) {
            found.push_back(child);
        }
    }
    return found;
}

Result<json::value> value_from_xml(const Model& model, const Member& member, pugi::xml_node node) {
    const Shape& shape = model.shape_of(member);
    if (shape.kind == Kind::structure) {
        return members_from_xml(model, shape, node);
    }
    if (shape.kind == Kind::list || shape.kind == Kind::map) {
        return not_understood(std::string{model.word(member.name)} + " is a list in a list");
    }
    return scalar_from(model, member, node.text().get());
}

Result<json::value> collection(
    const Model& model, const Member& member, pugi::xml_node node, bool flat
);

Result<json::value> entry_from(const Model& model, const Member& entry, pugi::xml_node node) {
    const Kind kind = model.shape_of(entry).kind;
    return kind == Kind::list || kind == Kind::map ? collection(model, entry, node, false)
                                                   : value_from_xml(model, entry, node);
}

// Nodes that each stand for one entry.
Result<json::value> list_of(
    const Model& model, const Member& entry, const std::vector<pugi::xml_node>& nodes
) {
    json::array out;
    for (const pugi::xml_node node : nodes) {
        Result<json::value> value = entry_from(model, entry, node);
        if (!value) {
            return value;
        }
        out.push_back(*std::move(value));
    }
    return out;
}

Result<json::value> map_of(
    const Model& model, const Shape& shape, const std::vector<pugi::xml_node>& nodes
) {
    const Member& key = model.members_of(shape).front();
    const Member& value = model.members_of(shape).back();
    json::object out;
    for (const pugi::xml_node node : nodes) {
        const pugi::xml_node name = child_of(node, model.wire_name(key));
        Result<json::value> one = entry_from(model, value, child_of(node, model.wire_name(value)));
        if (!one) {
            return one;
        }
        out[name.text().get()] = *std::move(one);
    }
    return out;
}

// What stands in `node`, or, when flat, in it and its siblings of the same name.
Result<json::value> collection(
    const Model& model, const Member& member, pugi::xml_node node, bool flat
) {
    const Shape& shape = model.shape_of(member);
    const auto nodes = [&](std::string_view entry) {
        return flat ? children_of(node.parent(), local_name(node)) : children_of(node, entry);
    };
    if (shape.kind == Kind::map) {
        return map_of(model, shape, nodes("entry"));
    }
    const Member& entry = model.members_of(shape).front();
    // EC2's lists name their entries "item", whatever the model says.
    std::vector<pugi::xml_node> found = nodes(model.wire_name(entry));
    if (found.empty() && !flat) {
        found.assign(node.begin(), node.end());
    }
    return list_of(model, entry, found);
}

Result<json::value> number_from(std::string_view text, bool whole) {
    if (!whole && (text == "NaN" || text == "Infinity" || text == "-Infinity")) {
        return json::string{text};
    }
    const char* last = text.data() + text.size();
    std::int64_t number = 0;
    if (const auto [end, error] = std::from_chars(text.data(), last, number);
        error == std::errc{} && end == last) {
        return number;
    }
    double real = 0;
    if (const auto [end, error] = std::from_chars(text.data(), last, real);
        !whole && error == std::errc{} && end == last) {
        return real;
    }
    return not_understood("a number is expected, not " + as_utf8(text, 40));
}

std::string_view name_in(const Model& model, const Member& member) {
    if (member.is(MemberFlag::named_by_entry)) {
        const Member& entry = model.members_of(model.shape_of(member)).front();
        return entry.wire_name == 0 ? model.wire_name(member) : model.word(entry.wire_name);
    }
    return model.wire_name(member);
}

}  // namespace

std::string_view local_name(pugi::xml_node node) {
    const std::string_view name = node.name();
    const auto colon = name.find(':');
    return colon == std::string_view::npos ? name : name.substr(colon + 1);
}

pugi::xml_node child_of(pugi::xml_node node, std::string_view name) {
    return node.find_child([&](pugi::xml_node child) { return local_name(child) == name; });
}

Result<json::value> scalar_from(const Model& model, const Member& member, std::string_view text) {
    const Kind kind = model.shape_of(member).kind;
    if (kind == Kind::boolean) {
        return text == "true";
    }
    if (kind == Kind::integer || kind == Kind::long_integer) {
        return number_from(text, true);
    }
    if (kind == Kind::float_number || kind == Kind::double_number) {
        return number_from(text, false);
    }
    if (kind != Kind::timestamp) {
        return json::string{text};
    }
    if (const auto seconds = time_from(text)) {
        return time_value(*seconds);
    }
    return not_understood(
        std::string{model.word(member.name)} + " is no time: " + as_utf8(text, 40)
    );
}

Result<json::object> members_from_xml(const Model& model, const Shape& shape, pugi::xml_node node) {
    json::object out;
    for (const Member& member : model.members_of(shape)) {
        if (travels_apart(member.place)) {
            continue;
        }
        const std::string_view name = name_in(model, member);
        if (member.is(MemberFlag::xml_attribute)) {
            const pugi::xml_attribute attribute = node.attribute(std::string{name}.c_str());
            if (attribute) {
                out[model.word(member.name)] = attribute.value();
            }
            continue;
        }
        const pugi::xml_node found = child_of(node, name);
        if (!found) {
            continue;
        }
        const Kind kind = model.shape_of(member).kind;
        Result<json::value> value =
            kind == Kind::list || kind == Kind::map
                ? collection(model, member, found, member.is(MemberFlag::flattened))
                : value_from_xml(model, member, found);
        if (!value) {
            return std::unexpected(value.error());
        }
        out[model.word(member.name)] = *std::move(value);
    }
    return out;
}

}  // namespace farshore::aws_model
