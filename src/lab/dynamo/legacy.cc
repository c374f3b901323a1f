#include "lab/dynamo/legacy.h"

#include <array>

#include <boost/json.hpp>

#include "lab/dynamo/value_json.h"

namespace farshore::lab::dynamo {
namespace {

constexpr std::string_view kInvalid = "One or more parameter values were invalid: ";

struct Operator {
    std::string_view name;
    Condition::Kind kind;
    Comparator comparator;
    bool negative;
    std::size_t values_min;
    std::size_t values_max;
};

constexpr std::size_t kMany = 100;
constexpr auto kNone = Comparator::equal;
constexpr std::array kOperators{
    Operator{"EQ", Condition::Kind::compare, Comparator::equal, false, 1, 1},
    Operator{"NE", Condition::Kind::compare, Comparator::not_equal, false, 1, 1},
    Operator{"LT", Condition::Kind::compare, Comparator::less, false, 1, 1},
    Operator{"LE", Condition::Kind::compare, Comparator::less_or_equal, false, 1, 1},
    Operator{"GT", Condition::Kind::compare, Comparator::greater, false, 1, 1},
    Operator{"GE", Condition::Kind::compare, Comparator::greater_or_equal, false, 1, 1},
    Operator{"NOT_NULL", Condition::Kind::attribute_exists, kNone, false, 0, 0},
    Operator{"NULL", Condition::Kind::attribute_not_exists, kNone, false, 0, 0},
    Operator{"CONTAINS", Condition::Kind::contains, kNone, false, 1, 1},
    Operator{"NOT_CONTAINS", Condition::Kind::contains, kNone, true, 1, 1},
    Operator{"BEGINS_WITH", Condition::Kind::begins_with, kNone, false, 1, 1},
    Operator{"IN", Condition::Kind::in, kNone, false, 1, kMany},
    Operator{"BETWEEN", Condition::Kind::between, kNone, false, 2, 2},
};

Operand path_operand(std::string_view name) {
    return {.kind = Operand::Kind::path, .path = {std::string{name}}};
}

Answer<Condition> compared(
    std::string_view attribute, const Object& entry, const std::string& name
) {
    const auto* found = std::ranges::find(kOperators, std::string_view{name}, &Operator::name);
    if (found == kOperators.end()) {
        return invalid(
            "1 validation error detected: Value '" + name +
            "' at 'comparisonOperator' failed to satisfy constraint: Member must satisfy enum "
            "value set"
        );
    }
    Condition condition{.kind = found->kind, .comparator = found->comparator};
    condition.operands.push_back(path_operand(attribute));
    const auto values = optional_array(entry, "AttributeValueList");
    if (!values) {
        return std::unexpected(values.error());
    }
    const std::size_t count = *values == nullptr ? 0 : (*values)->size();
    if (count < found->values_min || count > found->values_max) {
        return invalid(
            std::string{kInvalid} + "Invalid number of argument(s) for the " + name +
            " ComparisonOperator"
        );
    }
    for (std::size_t i = 0; i < count; ++i) {
        Answer<Value> value = parse_value((**values)[i]);
        if (!value) {
            return std::unexpected(std::move(value.error()));
        }
        condition.operands.push_back({.kind = Operand::Kind::value, .value = std::move(*value)});
    }
    if (!found->negative) {
        return condition;
    }
    Condition negation{.kind = Condition::Kind::negation};
    negation.children.push_back(std::move(condition));
    return negation;
}

// Expected's older form: {"Value": v} or {"Exists": false}.
Answer<Condition> expected(std::string_view attribute, const Object& entry) {
    const Json* value = member(entry, "Value");
    const Answer<bool> exists = optional_flag(entry, "Exists", true);
    if (!exists) {
        return std::unexpected(exists.error());
    }
    if (!*exists) {
        if (value != nullptr) {
            return invalid(
                std::string{kInvalid} +
                "Value cannot be used when Exists is false for Attribute: " + std::string{attribute}
            );
        }
        Condition absent{.kind = Condition::Kind::attribute_not_exists};
        absent.operands.push_back(path_operand(attribute));
        return absent;
    }
    if (value == nullptr) {
        return invalid(
            std::string{kInvalid} +
            "Value must be provided when Exists is true for Attribute: " + std::string{attribute}
        );
    }
    Answer<Value> parsed = parse_value(*value);
    if (!parsed) {
        return std::unexpected(std::move(parsed.error()));
    }
    Condition equal{.kind = Condition::Kind::compare, .comparator = Comparator::equal};
    equal.operands.push_back(path_operand(attribute));
    equal.operands.push_back({.kind = Operand::Kind::value, .value = std::move(*parsed)});
    return equal;
}

std::optional<ServiceError> add_update(
    std::string_view name, const Object& entry, UpdateExpression& update
) {
    const auto action = optional_word(entry, "Action", {"PUT", "ADD", "DELETE"});
    if (!action) {
        return action.error();
    }
    const Path path{std::string{name}};
    const Json* json = member(entry, "Value");
    if (json == nullptr) {
        if (*action != "DELETE") {
            return validation(
                std::string{kInvalid} +
                "Only DELETE action is allowed when no attribute value is specified"
            );
        }
        update.removes.push_back(path);
        return std::nullopt;
    }
    Answer<Value> value = parse_value(*json);
    if (!value) {
        return std::move(value.error());
    }
    if (*action == "PUT") {
        update.sets.push_back(
            {.path = path, .left = {.kind = Operand::Kind::value, .value = std::move(*value)}}
        );
        return std::nullopt;
    }
    const std::string_view type = type_name(*value);
    const bool set = type == "SS" || type == "NS" || type == "BS";
    const bool add = *action == "ADD";
    if (!set && !(add && type == "N")) {
        return validation(
            std::string{kInvalid} + *action + " action is not supported for the type " +
            std::string{type}
        );
    }
    (add ? update.adds : update.deletes).push_back({.path = path, .value = std::move(*value)});
    return std::nullopt;
}

template <class Keys>
std::string present(const Object& request, const Keys& keys) {
    std::string names;
    for (const std::string_view key : keys) {
        if (member(request, key) != nullptr) {
            names += names.empty() ? "" : ", ";
            names += key;
        }
    }
    return names;
}

}  // namespace

std::optional<ServiceError> check_not_mixed(const Object& request) {
    constexpr std::array<std::string_view, 7> kOld{
        "AttributesToGet",
        "AttributeUpdates",
        "ConditionalOperator",
        "Expected",
        "KeyConditions",
        "QueryFilter",
        "ScanFilter"
    };
    constexpr std::array<std::string_view, 5> kNew{
        "ConditionExpression",
        "UpdateExpression",
        "ProjectionExpression",
        "FilterExpression",
        "KeyConditionExpression"
    };
    const std::string old_ones = present(request, kOld);
    const std::string new_ones = present(request, kNew);
    if (old_ones.empty() || new_ones.empty()) {
        return std::nullopt;
    }
    return validation(
        "Can not use both expression and non-expression parameters in the same request: "
        "Non-expression parameters: {" +
        old_ones + "} Expression parameters: {" + new_ones + "}"
    );
}

Answer<std::optional<Condition>> legacy_condition(const Object& request, std::string_view key) {
    const auto entries = optional_object(request, key);
    if (!entries) {
        return std::unexpected(entries.error());
    }
    if (*entries == nullptr || (*entries)->empty()) {
        return std::nullopt;
    }
    const auto joint = optional_word(request, "ConditionalOperator", {"AND", "OR"});
    if (!joint) {
        return std::unexpected(joint.error());
    }
    const bool any = *joint == "OR" && key != "KeyConditions";
    Condition all{.kind = any ? Condition::Kind::any : Condition::Kind::all};
    for (const auto& [name, json] : **entries) {
        if (!json.is_object()) {
            return std::unexpected(serialization("Unexpected value type in payload"));
        }
        if (auto error = check_attribute_name(name)) {
            return std::unexpected(std::move(*error));
        }
        const auto comparison = optional_text(json.get_object(), "ComparisonOperator");
        if (!comparison) {
            return std::unexpected(comparison.error());
        }
        if (!*comparison && key != "Expected") {
            return std::unexpected(must_not_be_null("ComparisonOperator"));
        }
        Answer<Condition> one = *comparison ? compared(name, json.get_object(), **comparison)
                                            : expected(name, json.get_object());
        if (!one) {
            return std::unexpected(std::move(one.error()));
        }
        all.children.push_back(std::move(*one));
    }
    return all;
}

Answer<std::optional<UpdateExpression>> legacy_update(const Object& request) {
    const auto entries = optional_object(request, "AttributeUpdates");
    if (!entries) {
        return std::unexpected(entries.error());
    }
    if (*entries == nullptr) {
        return std::nullopt;
    }
    UpdateExpression update;
    for (const auto& [name, json] : **entries) {
        if (!json.is_object()) {
            return std::unexpected(serialization("Unexpected value type in payload"));
        }
        if (auto error = check_attribute_name(name)) {
            return std::unexpected(std::move(*error));
        }
        if (auto error = add_update(name, json.get_object(), update)) {
            return std::unexpected(std::move(*error));
        }
    }
    return update;
}

Answer<std::optional<Projection>> legacy_projection(const Object& request) {
    const auto names = optional_array(request, "AttributesToGet");
    if (!names) {
        return std::unexpected(names.error());
    }
    if (*names == nullptr) {
        return std::nullopt;
    }
    Projection projection;
    for (const Json& name : **names) {
        if (!name.is_string()) {
            return std::unexpected(serialization("NUMBER_VALUE cannot be converted to String"));
        }
        if (auto error = check_attribute_name(name.get_string())) {
            return std::unexpected(std::move(*error));
        }
        projection.push_back({std::string{name.get_string()}});
    }
    return projection;
}

}  // namespace farshore::lab::dynamo
