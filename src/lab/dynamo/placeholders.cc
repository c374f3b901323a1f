#include "lab/dynamo/placeholders.h"

#include <algorithm>

#include <boost/json.hpp>

#include "lab/dynamo/expression_lexer.h"
#include "lab/dynamo/value_json.h"

namespace farshore::lab::dynamo {
namespace {

namespace json = boost::json;

constexpr std::size_t kKeyBytesMax = 255;  // with its mark

bool is_placeholder(std::string_view key, char mark) {
    return key.size() > 1 && key.front() == mark &&
           std::ranges::all_of(key.substr(1), continues_name);
}

// nullopt: `key` may stand for a name or a value. The service tells the size of names only.
std::optional<ServiceError> check_placeholder(
    std::string_view parameter, std::string_view key, char mark
) {
    const std::string contains = std::string{parameter} + " contains invalid key: ";
    if (key.size() > kKeyBytesMax) {
        return validation(
            contains + "The expression attribute map contains a key that is too long;" +
            (mark == '#' ? " size of key: " + std::to_string(key.size()) : "")
        );
    }
    if (!is_placeholder(key, mark)) {
        return validation(contains + "Syntax error; key: \"" + std::string{key} + "\"");
    }
    return std::nullopt;
}

// nullptr: the request has none of them. Checks what is common to names and values.
Answer<const json::object*> section(
    const json::object& request, std::string_view key, bool expressions, char mark
) {
    const json::value* found = request.if_contains(key);
    if (found == nullptr || found->is_null()) {
        return nullptr;
    }
    if (!found->is_object()) {
        return std::unexpected(serialization("Unexpected value type in payload"));
    }
    if (!expressions) {
        return invalid(std::string{key} + " can only be specified when using expressions");
    }
    if (found->get_object().empty()) {
        return invalid(std::string{key} + " must not be empty");
    }
    for (const auto& [name, value] : found->get_object()) {
        if (auto error = check_placeholder(key, name, mark)) {
            return std::unexpected(std::move(*error));
        }
    }
    return &found->get_object();
}

}  // namespace

Answer<Placeholders> Placeholders::read(const json::object& request, bool expressions) {
    Placeholders placeholders;
    const auto names = section(request, "ExpressionAttributeNames", expressions, '#');
    if (!names) {
        return std::unexpected(names.error());
    }
    if (*names != nullptr) {
        for (const auto& [name, value] : **names) {
            if (!value.is_string()) {
                return std::unexpected(serialization("NUMBER_VALUE cannot be converted to String"));
            }
            if (const auto fault = fault_of_attribute_name(value.get_string())) {
                return invalid(
                    "ExpressionAttributeNames contains invalid value: " + std::string{*fault} +
                    " for key " + std::string{name}
                );
            }
            placeholders.names_.emplace(std::string{name}, std::string{value.get_string()});
        }
    }
    const auto values = section(request, "ExpressionAttributeValues", expressions, ':');
    if (!values) {
        return std::unexpected(values.error());
    }
    if (*values != nullptr) {
        for (const auto& [name, value] : **values) {
            Answer<Value> parsed = parse_value(value);
            if (parsed && stored_size(*parsed) > kItemBytesMax) {
                parsed = invalid("Item size has exceeded the maximum allowed size");
            }
            if (!parsed) {
                if (parsed.error().type.ends_with("ValidationException")) {
                    parsed.error().message = "ExpressionAttributeValues contains invalid value: " +
                                             parsed.error().message + " for key " +
                                             std::string{name};
                }
                return std::unexpected(std::move(parsed.error()));
            }
            placeholders.values_.emplace(std::string{name}, std::move(*parsed));
        }
    }
    if (auto error = placeholders.check_sizes()) {
        return std::unexpected(std::move(*error));
    }
    return placeholders;
}

std::optional<ServiceError> Placeholders::check_sizes() const {
    constexpr std::size_t kBytesMax = 2 * 1024 * 1024;
    std::size_t bytes = 0;
    for (const auto& [key, name] : names_) {
        bytes += key.size() + name.size();
    }
    if (bytes > kBytesMax) {
        return validation("ExpressionAttributeNames exceeds max size");
    }
    bytes = 0;
    for (const auto& [key, value] : values_) {
        bytes += key.size() + stored_size(value);
    }
    if (bytes > kBytesMax) {
        return validation("ExpressionAttributeValues exceeds max size");
    }
    return std::nullopt;
}

const std::string* Placeholders::name(std::string_view name) {
    const auto found = names_.find(name);
    if (found == names_.end()) {
        return nullptr;
    }
    used_.emplace(name);
    return &found->second;
}

const Value* Placeholders::value(std::string_view name) {
    const auto found = values_.find(name);
    if (found == values_.end()) {
        return nullptr;
    }
    used_.emplace(name);
    return &found->second;
}

std::optional<ServiceError> Placeholders::unused() const {
    const auto list = [this](const auto& all) {
        std::string keys;
        for (const auto& [key, value] : all) {
            if (!used_.contains(key)) {
                keys += (keys.empty() ? "" : ", ") + key;
            }
        }
        return keys;
    };
    if (const std::string keys = list(names_); !keys.empty()) {
        return validation(
            "Value provided in ExpressionAttributeNames unused in expressions: keys: {" + keys + "}"
        );
    }
    if (const std::string keys = list(values_); !keys.empty()) {
        return validation(
            "Value provided in ExpressionAttributeValues unused in expressions: keys: {" + keys +
            "}"
        );
    }
    return std::nullopt;
}

}  // namespace farshore::lab::dynamo
