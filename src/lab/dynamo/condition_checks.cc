// The part of ExpressionParser that judges what conditions mean, as far as it is known without an
// item: DynamoDB refuses a condition that no item could make sense of.
#include <algorithm>
#include <array>

#include "lab/dynamo/evaluate.h"
#include "lab/dynamo/expression_parser.h"
#include "lab/dynamo/value_json.h"

namespace farshore::lab::dynamo {
namespace {

constexpr std::array<std::string_view, 10> kTypes{
    "B", "NULL", "SS", "BOOL", "L", "BS", "N", "NS", "S", "M"
};

// nullopt: it depends on the item.
std::optional<std::string_view> known_type(const Operand& operand) {
    switch (operand.kind) {
        case Operand::Kind::value: return type_name(operand.value);
        case Operand::Kind::size: return "N";
        case Operand::Kind::list_append: return "L";
        case Operand::Kind::path:
        case Operand::Kind::if_not_exists: return std::nullopt;
    }
    std::unreachable();
}

std::string shown(const Value& value) {
    const auto object = to_json(value);
    const auto& content = object.begin()->value();
    const std::string text =
        content.is_string() ? std::string{content.get_string()} : std::string{"..."};
    return "AttributeValue: {" + std::string{type_name(value)} + ":" + text + "}";
}

// As the service names the condition in its complaints.
std::string_view name_of(const Condition& condition) {
    switch (condition.kind) {
        case Condition::Kind::compare: return symbol(condition.comparator);
        case Condition::Kind::between: return "BETWEEN";
        case Condition::Kind::in: return "IN";
        case Condition::Kind::attribute_exists: return "attribute_exists";
        case Condition::Kind::attribute_not_exists: return "attribute_not_exists";
        case Condition::Kind::attribute_type: return "attribute_type";
        case Condition::Kind::begins_with: return "begins_with";
        case Condition::Kind::contains: return "contains";
        case Condition::Kind::all: return "AND";
        case Condition::Kind::any: return "OR";
        case Condition::Kind::negation: return "NOT";
    }
    std::unreachable();
}

}  // namespace

void ExpressionParser::check_distinct(std::string_view name, const std::vector<Operand>& operands) {
    const Operand& first = operands.front();
    const bool again = first.kind == Operand::Kind::path &&
                       std::any_of(operands.begin() + 1, operands.end(), [&](const Operand& other) {
                           return other.kind == Operand::Kind::path && other.path == first.path;
                       });
    if (again) {
        complain(
            Complaint::meaning,
            "The first operand must be distinct from the remaining operands for this operator or "
            "function; operator: " +
                std::string{name} + ", first operand: " + to_text(first.path)
        );
    }
}

void ExpressionParser::check_types(
    std::string_view name,
    const std::vector<Operand>& operands,
    std::initializer_list<std::string_view> types
) {
    for (const Operand& operand : operands) {
        const auto type = known_type(operand);
        if (sound() && type && std::ranges::find(types, *type) == types.end()) {
            wrong_type(name, *type);
        }
    }
}

void ExpressionParser::check_bounds(const Condition& condition) {
    const Operand& low = condition.operands[1];
    const Operand& high = condition.operands[2];
    if (low.kind != Operand::Kind::value || high.kind != Operand::Kind::value) {
        return;
    }
    const std::string both =
        "lower bound operand: " + shown(low.value) + ", upper bound operand: " + shown(high.value);
    const auto order = compare_values(low.value, high.value);
    if (!order) {
        complain(
            Complaint::meaning,
            "The BETWEEN operator requires same data type for lower and upper bounds; " + both
        );
    } else if (*order > 0) {
        complain(
            Complaint::meaning,
            "The BETWEEN operator requires upper bound to be greater than or equal to lower "
            "bound; " +
                both
        );
    }
}

void ExpressionParser::check_attribute_type(const Condition& condition) {
    const Operand& second = condition.operands[1];
    const auto* type =
        second.kind == Operand::Kind::value ? as<std::string>(second.value) : nullptr;
    if (type == nullptr) {
        wrong_type("attribute_type", known_type(second).value_or("{NS,SS,L,BS,N,M,B,BOOL,NULL,S}"));
    } else if (std::ranges::find(kTypes, std::string_view{*type}) == kTypes.end()) {
        complain(
            Complaint::meaning,
            "Invalid attribute type name found; type: " + *type +
                ", valid types: {B,NULL,SS,BOOL,L,BS,N,NS,S,M}"
        );
    }
}

void ExpressionParser::check_function(const Condition& condition) {
    switch (condition.kind) {
        case Condition::Kind::attribute_exists:
        case Condition::Kind::attribute_not_exists:
        case Condition::Kind::attribute_type:
            if (condition.operands.front().kind != Operand::Kind::path) {
                needs_path(name_of(condition));
            }
            return;
        case Condition::Kind::in:
            if (condition.operands.size() - 1 > kChoicesMax) {
                complain(
                    Complaint::meaning,
                    "The IN operator is provided with too many operands; number of operands: " +
                        std::to_string(condition.operands.size() - 1)
                );
            }
            return;
        case Condition::Kind::compare:
        case Condition::Kind::between:
        case Condition::Kind::begins_with:
        case Condition::Kind::contains:
        case Condition::Kind::all:
        case Condition::Kind::any:
        case Condition::Kind::negation: return;
    }
}

void ExpressionParser::check_condition(const Condition& condition) {
    if (!sound()) {
        return;
    }
    const std::string_view name = name_of(condition);
    check_function(condition);
    check_distinct(name, condition.operands);
    if (!sound()) {
        return;
    }
    const bool ordered =
        condition.comparator != Comparator::equal && condition.comparator != Comparator::not_equal;
    if (condition.kind == Condition::Kind::between ||
        (condition.kind == Condition::Kind::compare && ordered)) {
        check_types(name, condition.operands, {"S", "N", "B"});
    } else if (condition.kind == Condition::Kind::begins_with) {
        check_types(name, condition.operands, {"S", "B"});
    } else if (condition.kind == Condition::Kind::attribute_type) {
        check_attribute_type(condition);
    }
    if (condition.kind == Condition::Kind::between && sound()) {
        check_bounds(condition);
    }
}

}  // namespace farshore::lab::dynamo
