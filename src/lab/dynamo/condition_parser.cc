// The part of ExpressionParser that reads conditions: ConditionExpression, FilterExpression and
// KeyConditionExpression.
#include <algorithm>
#include <array>

#include "lab/dynamo/evaluate.h"
#include "lab/dynamo/expression_parser.h"
#include "lab/dynamo/value_json.h"

namespace farshore::lab::dynamo {
namespace {

struct Function {
    std::string_view name;
    Condition::Kind kind;
    std::size_t operands;
};

constexpr std::array kFunctions{
    Function{.name = "attribute_exists", .kind = Condition::Kind::attribute_exists, .operands = 1},
    Function{
        .name = "attribute_not_exists", .kind = Condition::Kind::attribute_not_exists, .operands = 1
    },
    Function{.name = "attribute_type", .kind = Condition::Kind::attribute_type, .operands = 2},
    Function{.name = "begins_with", .kind = Condition::Kind::begins_with, .operands = 2},
    Function{.name = "contains", .kind = Condition::Kind::contains, .operands = 2},
};

constexpr std::array<std::string_view, 10> kTypes{
    "B", "NULL", "SS", "BOOL", "L", "BS", "N", "NS", "S", "M"
};

const Function* function_named(std::string_view name) {
    const auto* found = std::ranges::find(kFunctions, name, &Function::name);
    return found == kFunctions.end() ? nullptr : found;
}

std::optional<Comparator> comparator_from(std::string_view text) {
    for (const Comparator each :
         {Comparator::equal,
          Comparator::not_equal,
          Comparator::less,
          Comparator::less_or_equal,
          Comparator::greater,
          Comparator::greater_or_equal}) {
        if (symbol(each) == text) {
            return each;
        }
    }
    return std::nullopt;
}

bool is_ordered(const Value& value) {
    return as<std::string>(value) != nullptr || as<Decimal>(value) != nullptr ||
           as<Binary>(value) != nullptr;
}

std::string shown(const Value& value) {
    const auto object = to_json(value);
    const auto& content = object.begin()->value();
    const std::string text =
        content.is_string() ? std::string{content.get_string()} : std::string{"..."};
    return "AttributeValue: {" + std::string{type_name(value)} + ":" + text + "}";
}

}  // namespace

Answer<Condition> ExpressionParser::condition() {
    if (auto error = begin()) {
        return std::unexpected(std::move(*error));
    }
    Condition condition = any_of(0);
    if (auto error = finish()) {
        return std::unexpected(std::move(*error));
    }
    return condition;
}

Condition ExpressionParser::any_of(int depth) {
    if (depth > kDepthMax) {
        syntax_error("The expression is nested too deeply");
        return {};
    }
    Condition first = all_of(depth);
    if (!at_keyword("OR")) {
        return first;
    }
    Condition any{.kind = Condition::Kind::any};
    any.children.push_back(std::move(first));
    while (accept_keyword("OR")) {
        count_operator();
        any.children.push_back(all_of(depth));
    }
    in_parentheses_ = false;
    return any;
}

Condition ExpressionParser::all_of(int depth) {
    Condition first = negation(depth);
    if (!at_keyword("AND")) {
        return first;
    }
    Condition all{.kind = Condition::Kind::all};
    all.children.push_back(std::move(first));
    while (accept_keyword("AND")) {
        count_operator();
        all.children.push_back(negation(depth));
    }
    in_parentheses_ = false;
    return all;
}

Condition ExpressionParser::negation(int depth) {
    bool negative = false;
    bool any = false;
    while (accept_keyword("NOT")) {
        count_operator();
        negative = !negative;
        any = true;
    }
    Condition inner = primary(depth);
    in_parentheses_ = in_parentheses_ && !any;
    if (!any || !negative) {
        return inner;
    }
    Condition negation{.kind = Condition::Kind::negation};
    negation.children.push_back(std::move(inner));
    return negation;
}

Condition ExpressionParser::primary(int depth) {
    if (failed()) {
        return {};
    }
    if (accept_symbol("(")) {
        Condition inner = any_of(depth + 1);
        expect_symbol(")");
        if (in_parentheses_) {
            syntax_error("The expression has redundant parentheses;");
        }
        in_parentheses_ = true;
        return inner;
    }
    in_parentheses_ = false;
    const bool call = peek().kind == Token::Kind::word && peek(1).kind == Token::Kind::symbol &&
                      peek(1).text == "(";
    if (call && peek().text != "size") {
        return function_condition();
    }
    return comparison();
}

Condition ExpressionParser::function_condition() {
    const Token name = take();
    const Function* function = function_named(name.text);
    if (function == nullptr) {
        const bool known = name.text == "if_not_exists" || name.text == "list_append";
        syntax_error(
            known ? "The function is not allowed in a condition expression; function: " +
                        std::string{name.text}
                  : "Invalid function name; function: " + std::string{name.text}
        );
        return {};
    }
    count_operator();
    Condition condition{
        .kind = function->kind, .operands = arguments(function->name, function->operands)
    };
    if (!failed() && !semantic_error_) {
        check_condition(condition);
    }
    return condition;
}

Operand ExpressionParser::size_operand() {
    take();
    Operand size{.kind = Operand::Kind::size, .arguments = arguments("size", 1)};
    if (!failed() && !semantic_error_) {
        const Operand& inner = size.arguments.front();
        const bool sizeless =
            inner.kind == Operand::Kind::value &&
            (as<Decimal>(inner.value) != nullptr || as<bool>(inner.value) != nullptr ||
             as<Null>(inner.value) != nullptr);
        if (sizeless) {
            wrong_type("size", type_name(inner.value));
        }
    }
    return size;
}

Operand ExpressionParser::operand() {
    if (failed()) {
        return {};
    }
    if (peek().kind == Token::Kind::value) {
        return {.kind = Operand::Kind::value, .value = literal()};
    }
    const bool call = peek().kind == Token::Kind::word && peek(1).kind == Token::Kind::symbol &&
                      peek(1).text == "(";
    if (call && peek().text == "size") {
        return size_operand();
    }
    if (call) {
        const std::string name{peek().text};
        const bool known =
            function_named(name) != nullptr || name == "if_not_exists" || name == "list_append";
        syntax_error(
            known ? "The function is not allowed to be used this way in an expression; function: " +
                        name
                  : "Invalid function name; function: " + name
        );
        return {};
    }
    return {.kind = Operand::Kind::path, .path = path()};
}

Condition ExpressionParser::comparison() {
    Operand left = operand();
    if (failed()) {
        return {};
    }
    Condition condition;
    condition.operands.push_back(std::move(left));
    if (accept_keyword("BETWEEN")) {
        count_operator();
        condition.kind = Condition::Kind::between;
        condition.operands.push_back(operand());
        if (!accept_keyword("AND")) {
            syntax_error();
        }
        condition.operands.push_back(operand());
    } else if (accept_keyword("IN")) {
        count_operator();
        condition.kind = Condition::Kind::in;
        expect_symbol("(");
        do {
            condition.operands.push_back(operand());
        } while (accept_symbol(","));
        expect_symbol(")");
        check_choices(condition.operands.size() - 1);
    } else {
        const auto comparator = peek().kind == Token::Kind::symbol ? comparator_from(peek().text)
                                                                   : std::optional<Comparator>{};
        if (!comparator) {
            const bool lonely_size = condition.operands.front().kind == Operand::Kind::size;
            if (lonely_size) {
                syntax_error(
                    "The function is not allowed to be used this way in an expression; function: "
                    "size"
                );
            } else {
                syntax_error();
            }
            return {};
        }
        take();
        count_operator();
        condition.kind = Condition::Kind::compare;
        condition.comparator = *comparator;
        condition.operands.push_back(operand());
    }
    if (!failed() && !semantic_error_) {
        check_condition(condition);
    }
    return condition;
}

void ExpressionParser::check_choices(std::size_t count) {
    if (count > kChoicesMax) {
        semantic_error(
            "The IN operator is provided with too many operands; number of operands: " +
            std::to_string(count)
        );
    }
}

void ExpressionParser::check_ordered(const Operand& operand, std::string_view name) {
    if (operand.kind == Operand::Kind::value && !is_ordered(operand.value)) {
        wrong_type(name, type_name(operand.value));
    }
}

void ExpressionParser::check_bounds(const Condition& condition) {
    const Operand& low = condition.operands[1];
    const Operand& high = condition.operands[2];
    if (low.kind != Operand::Kind::value || high.kind != Operand::Kind::value || semantic_error_) {
        return;
    }
    const std::string both =
        "lower bound operand: " + shown(low.value) + ", upper bound operand: " + shown(high.value);
    const auto order = compare_values(low.value, high.value);
    if (!order) {
        semantic_error(
            "The BETWEEN operator requires same data type for lower and upper bounds; " + both
        );
    } else if (*order > 0) {
        semantic_error(
            "The BETWEEN operator requires upper bound to be greater than or equal to lower "
            "bound; " +
            both
        );
    }
}

void ExpressionParser::check_compare(const Condition& condition) {
    const std::vector<Operand>& operands = condition.operands;
    if (condition.comparator != Comparator::equal &&
        condition.comparator != Comparator::not_equal) {
        check_ordered(operands[0], symbol(condition.comparator));
        check_ordered(operands[1], symbol(condition.comparator));
    }
    if (operands[0].kind == Operand::Kind::path && operands[1].kind == Operand::Kind::path &&
        operands[0].path == operands[1].path) {
        semantic_error(
            "The first operand must be distinct from the remaining operands for this "
            "operator or function; "
            "operator: " +
            std::string{symbol(condition.comparator)} +
            ", first operand: " + to_text(operands[0].path)
        );
    }
}

void ExpressionParser::check_type(const Condition& condition) {
    const std::vector<Operand>& operands = condition.operands;
    const auto* type =
        operands[1].kind == Operand::Kind::value ? as<std::string>(operands[1].value) : nullptr;
    if (type == nullptr) {
        wrong_type(
            "attribute_type",
            operands[1].kind == Operand::Kind::value ? type_name(operands[1].value)
                                                     : "{NS,SS,L,BS,N,M,B,BOOL,NULL,S}"
        );
    } else if (std::ranges::find(kTypes, std::string_view{*type}) == kTypes.end()) {
        semantic_error(
            "Invalid attribute type name found; type: " + *type +
            ", valid types: {B,NULL,SS,BOOL,L,BS,N,NS,S,M}"
        );
    }
}

void ExpressionParser::check_condition(const Condition& condition) {
    const std::vector<Operand>& operands = condition.operands;
    switch (condition.kind) {
        case Condition::Kind::compare: check_compare(condition); return;
        case Condition::Kind::between:
            for (const Operand& operand : operands) {
                check_ordered(operand, "BETWEEN");
            }
            check_bounds(condition);
            return;
        case Condition::Kind::attribute_exists:
        case Condition::Kind::attribute_not_exists:
            if (operands[0].kind != Operand::Kind::path) {
                const bool exists = condition.kind == Condition::Kind::attribute_exists;
                semantic_error(
                    std::string{
                        "Operator or function requires a document path; operator or function: "
                    } +
                    (exists ? "attribute_exists" : "attribute_not_exists")
                );
            }
            return;
        case Condition::Kind::attribute_type: check_type(condition); return;
        case Condition::Kind::begins_with:
            for (const Operand& operand : operands) {
                const bool wrong = operand.kind == Operand::Kind::value &&
                                   as<std::string>(operand.value) == nullptr &&
                                   as<Binary>(operand.value) == nullptr;
                if (wrong) {
                    wrong_type("begins_with", type_name(operand.value));
                }
            }
            return;
        case Condition::Kind::contains:
        case Condition::Kind::in:
        case Condition::Kind::all:
        case Condition::Kind::any:
        case Condition::Kind::negation: return;
    }
}

}  // namespace farshore::lab::dynamo
