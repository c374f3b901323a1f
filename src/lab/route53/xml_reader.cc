#include "lab/route53/xml_reader.h"

#include <algorithm>
#include <charconv>

namespace farshore::lab::route53 {

namespace {

bool has_elements(pugi::xml_node node) {
    return std::ranges::any_of(node.children(), [](pugi::xml_node child) {
        return child.type() == pugi::node_element;
    });
}

}  // namespace

void ElementReader::refuse(std::string_view code, std::string text) {
    if (!failure_) {
        failure_ = api_error(code, std::move(text)).error();
    }
}

void ElementReader::allow(std::initializer_list<std::string_view> names) {
    std::vector<std::string_view> seen;
    for (const pugi::xml_node child : node_.children()) {
        if (child.type() != pugi::node_element) {
            continue;
        }
        const std::string_view name = child.name();
        if (std::ranges::find(names, name) == names.end()) {
            refuse(
                "MalformedInput", "Unexpected element " + std::string{name} + " in " + node_.name()
            );
        } else if (std::ranges::find(seen, name) != seen.end()) {
            refuse(
                "MalformedInput",
                "Element " + std::string{name} + " appears twice in " + node_.name()
            );
        }
        seen.push_back(name);
    }
}

std::optional<std::string> ElementReader::text(const char* name) {
    const pugi::xml_node child = node_.child(name);
    if (child.empty()) {
        return std::nullopt;
    }
    if (has_elements(child)) {
        refuse("MalformedInput", std::string{"Unexpected elements in "} + name);
    }
    return std::string{child.text().get()};
}

std::string ElementReader::required(const char* name) {
    auto value = text(name);
    if (!value) {
        refuse("InvalidInput", std::string{"Missing field '"} + name + "' in " + node_.name());
        return {};
    }
    return std::move(*value);
}

std::optional<std::int64_t> ElementReader::whole(const char* name) {
    const auto value = text(name);
    if (!value) {
        return std::nullopt;
    }
    std::int64_t number = 0;
    const char* end = value->data() + value->size();
    const auto [stop, error] = std::from_chars(value->data(), end, number);
    if (error != std::errc{} || stop != end || number < INT32_MIN || number > INT32_MAX) {
        refuse("InvalidInput", "Invalid value '" + *value + "' of " + name);
        return std::nullopt;
    }
    return number;
}

std::optional<bool> ElementReader::truth(const char* name) {
    const auto value = text(name);
    if (!value) {
        return std::nullopt;
    }
    if (*value != "true" && *value != "false") {
        refuse("InvalidInput", "Invalid value '" + *value + "' of " + name);
    }
    return *value == "true";
}

std::optional<std::vector<std::string>> ElementReader::list(
    const char* name, std::string_view item
) {
    const pugi::xml_node child = node_.child(name);
    if (child.empty()) {
        return std::nullopt;
    }
    std::vector<std::string> texts;
    for (const pugi::xml_node entry : child.children()) {
        if (entry.type() != pugi::node_element) {
            continue;
        }
        if (item != entry.name() || has_elements(entry)) {
            refuse(
                "MalformedInput", std::string{"Unexpected element "} + entry.name() + " in " + name
            );
        }
        texts.emplace_back(entry.text().get());
    }
    return texts;
}

std::vector<ElementReader> ElementReader::children(const char* list, std::string_view item) {
    std::vector<ElementReader> readers;
    for (const pugi::xml_node entry : node_.child(list).children()) {
        if (entry.type() != pugi::node_element) {
            continue;
        }
        if (item != entry.name()) {
            refuse(
                "MalformedInput", std::string{"Unexpected element "} + entry.name() + " in " + list
            );
        }
        readers.emplace_back(entry, failure_);
    }
    return readers;
}

}  // namespace farshore::lab::route53
