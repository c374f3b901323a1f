#include "lab/dynamo/placeholders.h"

#include <boost/json.hpp>

#include "lab/dynamo/value_json.h"

namespace farshore::lab::dynamo {
namespace {

namespace json = boost::json;

bool is_placeholder(std::string_view key, char mark) {
    if (key.size() < 2 || key.front() != mark) {
        return false;
    }
    key.remove_prefix(1);
    for (const char c : key) {
        const bool word = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                          (c >= '0' && c <= '9') || c == '_' ||
                          static_cast<unsigned char>(c) >= 0x80;
        if (!word) {
            return false;
        }
    }
    return true;
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
        if (!is_placeholder(name, mark)) {
            return invalid(
                std::string{key} + " contains invalid key: Syntax error; key: \"" +
                std::string{name} + "\""
            );
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
    return placeholders;
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
