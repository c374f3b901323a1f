#pragma once

#include <string>

#include <boost/json.hpp>

namespace farshore::controller::testing {

// Checks a document against the parts of JSON Schema that our schemas use: type, const, enum,
// required, properties, additionalProperties and items. Empty: it fits; else the first misfit.
inline std::string misfit(
    const boost::json::value& document,
    const boost::json::object& schema,
    const std::string& where = "$"
);

namespace detail {

inline bool is_of_type(const boost::json::value& document, const boost::json::value& type) {
    if (type.is_array()) {
        for (const auto& one : type.as_array()) {
            if (is_of_type(document, one)) {
                return true;
            }
        }
        return false;
    }
    const auto name = type.as_string();
    return (name == "object" && document.is_object()) || (name == "array" && document.is_array()) ||
           (name == "string" && document.is_string()) ||
           (name == "boolean" && document.is_bool()) || (name == "null" && document.is_null()) ||
           (name == "integer" && (document.is_int64() || document.is_uint64()));
}

inline std::string misfit_of_object(
    const boost::json::object& document, const boost::json::object& schema, const std::string& where
) {
    if (const auto* required = schema.if_contains("required")) {
        for (const auto& name : required->as_array()) {
            if (!document.contains(name.as_string())) {
                return where + " lacks " + std::string{name.as_string()};
            }
        }
    }
    const auto* properties = schema.if_contains("properties");
    const auto* others = schema.if_contains("additionalProperties");
    for (const auto& [name, value] : document) {
        const boost::json::value* inner =
            properties == nullptr ? nullptr : properties->as_object().if_contains(name);
        inner = inner == nullptr ? others : inner;
        if (inner != nullptr && inner->is_object()) {
            std::string found = misfit(value, inner->as_object(), where + "." + std::string{name});
            if (!found.empty()) {
                return found;
            }
        }
    }
    return {};
}

}  // namespace detail

inline std::string misfit(
    const boost::json::value& document, const boost::json::object& schema, const std::string& where
) {
    if (const auto* type = schema.if_contains("type");
        type != nullptr && !detail::is_of_type(document, *type)) {
        return where + " is not of type " + boost::json::serialize(*type) + ": " +
               boost::json::serialize(document);
    }
    if (const auto* fixed = schema.if_contains("const");
        fixed != nullptr && !(*fixed == document)) {
        return where + " is not " + boost::json::serialize(*fixed);
    }
    if (const auto* words = schema.if_contains("enum")) {
        bool known = false;
        for (const auto& word : words->as_array()) {
            known = known || word == document;
        }
        if (!known) {
            return where + " is not a known word: " + boost::json::serialize(document);
        }
    }
    if (document.is_object()) {
        return detail::misfit_of_object(document.as_object(), schema, where);
    }
    if (const auto* items = schema.if_contains("items"); items != nullptr && document.is_array()) {
        std::size_t at = 0;
        for (const auto& item : document.as_array()) {
            std::string found =
                misfit(item, items->as_object(), where + "[" + std::to_string(at++) + "]");
            if (!found.empty()) {
                return found;
            }
        }
    }
    return {};
}

}  // namespace farshore::controller::testing
