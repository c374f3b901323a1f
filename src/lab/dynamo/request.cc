#include "lab/dynamo/request.h"

#include <boost/json.hpp>

#include "lab/dynamo/constraints.h"
#include "lab/dynamo/expression_parser.h"
#include "lab/dynamo/legacy.h"

namespace farshore::lab::dynamo {
namespace {

namespace json = boost::json;

ServiceError wrong_type(const Json& value, std::string_view wanted) {
    if (value.is_object()) {
        return serialization("Start of structure or map found where not expected");
    }
    if (value.is_array()) {
        return serialization("Start of list found where not expected");
    }
    std::string_view kind = "NUMBER_VALUE";
    if (value.is_string()) {
        kind = "STRING_VALUE";
    } else if (value.is_bool()) {
        kind = value.get_bool() ? "TRUE_VALUE" : "FALSE_VALUE";
    }
    return serialization(std::string{kind} + " cannot be converted to " + std::string{wanted});
}

std::string words_text(std::initializer_list<std::string_view> words) {
    std::string text;
    for (const std::string_view word : words) {
        text += text.empty() ? "" : ", ";
        text += word;
    }
    return "[" + text + "]";
}

}  // namespace

const Json* member(const Object& object, std::string_view key) {
    const Json* found = object.if_contains(key);
    return found == nullptr || found->is_null() ? nullptr : found;
}

Answer<std::optional<std::string>> optional_text(const Object& object, std::string_view key) {
    const Json* found = member(object, key);
    if (found == nullptr) {
        return std::nullopt;
    }
    if (!found->is_string()) {
        return std::unexpected(wrong_type(*found, "String"));
    }
    return std::string{found->get_string()};
}

Answer<bool> optional_flag(const Object& object, std::string_view key, bool otherwise) {
    const Json* found = member(object, key);
    if (found == nullptr) {
        return otherwise;
    }
    if (!found->is_bool()) {
        return std::unexpected(wrong_type(*found, "Boolean"));
    }
    return found->get_bool();
}

Answer<std::optional<std::int64_t>> optional_integer(const Object& object, std::string_view key) {
    const Json* found = member(object, key);
    if (found == nullptr) {
        return std::nullopt;
    }
    if (!found->is_int64()) {
        return std::unexpected(wrong_type(*found, "Integer"));
    }
    return found->get_int64();
}

Answer<const Object*> optional_object(const Object& object, std::string_view key) {
    const Json* found = member(object, key);
    if (found == nullptr) {
        return nullptr;
    }
    if (!found->is_object()) {
        return std::unexpected(serialization("Unexpected value type in payload"));
    }
    return &found->get_object();
}

Answer<const json::array*> optional_array(const Object& object, std::string_view key) {
    const Json* found = member(object, key);
    if (found == nullptr) {
        return nullptr;
    }
    if (!found->is_array()) {
        return std::unexpected(serialization("Unexpected field type"));
    }
    return &found->get_array();
}

Answer<const Object*> required_object(const Object& object, std::string_view key) {
    Answer<const Object*> found = optional_object(object, key);
    return found && *found == nullptr ? std::unexpected(must_not_be_null(key)) : found;
}

Answer<const json::array*> required_array(const Object& object, std::string_view key) {
    Answer<const json::array*> found = optional_array(object, key);
    return found && *found == nullptr ? std::unexpected(must_not_be_null(key)) : found;
}

Answer<std::string> optional_word(
    const Object& object, std::string_view key, std::initializer_list<std::string_view> words
) {
    const Answer<std::optional<std::string>> text = optional_text(object, key);
    if (!text) {
        return std::unexpected(text.error());
    }
    if (!*text) {
        return std::string{*words.begin()};
    }
    if (std::ranges::find(words, std::string_view{**text}) == words.end()) {
        return invalid(
            "1 validation error detected: Value '" + **text + "' at '" + constraint_name(key) +
            "' failed to satisfy constraint: Member must satisfy enum value set: " +
            words_text(words)
        );
    }
    return **text;
}

std::string constraint_name(std::string_view key) {
    std::string name{key};
    if (!name.empty() && name[0] >= 'A' && name[0] <= 'Z') {
        name[0] = static_cast<char>(name[0] - 'A' + 'a');
    }
    return name;
}

ServiceError must_not_be_null(std::string_view key) {
    return validation(
        "1 validation error detected: Value null at '" + constraint_name(key) +
        "' failed to satisfy constraint: Member must not be null"
    );
}

ServiceError no_such_table(const std::string& name) {
    return dynamo_error(
        "ResourceNotFoundException", "Requested resource not found: Table: " + name + " not found"
    );
}

ServiceError being_created(const TableName& name) {
    return dynamo_error(
        "ResourceInUseException",
        "Attempt to change a resource which is still in use: Table is being created: " +
            name.value()
    );
}

ServiceError not_of_the_lab(const std::string& what) {
    return validation("UpdateTable: the lab does not support " + what);
}

std::optional<ServiceError> check_table_name(std::string_view name) {
    const auto complain = [name](std::string_view rule) {
        return validation(
            "1 validation error detected: Value '" + std::string{name} +
            "' at 'tableName' failed to satisfy constraint: Member must " + std::string{rule}
        );
    };
    if (name.size() < 3) {
        return complain("have length greater than or equal to 3");
    }
    if (name.size() > 255) {
        return complain("have length less than or equal to 255");
    }
    if (!is_resource_name(name)) {
        return complain("satisfy regular expression pattern: [a-zA-Z0-9_.-]+");
    }
    return std::nullopt;
}

Answer<std::string> required_table_name(const Object& object) {
    const Answer<std::optional<std::string>> text = optional_text(object, "TableName");
    if (!text) {
        return std::unexpected(text.error());
    }
    if (!*text) {
        return std::unexpected(must_not_be_null("TableName"));
    }
    std::string name = **text;
    if (name.starts_with("arn:") && name.find(":table/") != std::string::npos) {
        name = name.substr(name.find(":table/") + 7);
    }
    if (auto error = check_table_name(name)) {
        return std::unexpected(std::move(*error));
    }
    return name;
}

Answer<std::optional<Condition>> optional_condition(
    const Object& object, std::string_view key, Placeholders& placeholders
) {
    const Answer<std::optional<std::string>> text = optional_text(object, key);
    if (!text) {
        return std::unexpected(text.error());
    }
    if (!*text) {
        return std::nullopt;
    }
    ExpressionParser parser{key, **text, placeholders};
    Answer<Condition> condition = parser.condition();
    if (!condition) {
        return std::unexpected(std::move(condition.error()));
    }
    return std::move(*condition);
}

Answer<std::optional<Projection>> optional_projection(
    const Object& object, Placeholders& placeholders
) {
    const Answer<std::optional<std::string>> text = optional_text(object, "ProjectionExpression");
    if (!text) {
        return std::unexpected(text.error());
    }
    if (!*text) {
        return legacy_projection(object);
    }
    ExpressionParser parser{"ProjectionExpression", **text, placeholders};
    Answer<Projection> projection = parser.projection();
    if (!projection) {
        return std::unexpected(std::move(projection.error()));
    }
    return std::move(*projection);
}

bool has_any(const Object& object, std::initializer_list<std::string_view> keys) {
    return std::ranges::any_of(keys, [&object](std::string_view key) {
        return member(object, key) != nullptr;
    });
}

}  // namespace farshore::lab::dynamo
