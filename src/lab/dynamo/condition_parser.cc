// The part of ExpressionParser that reads conditions: ConditionExpression, FilterExpression and
// KeyConditionExpression.
#include <algorithm>
#include <array>

#include "base/text.h"
#include "lab/dynamo/expression_parser.h"

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

const Function* function_named(std::string_view name) {
    const auto* found = std::ranges::find(kFunctions, name, &Function::name);
    return found == kFunctions.end() ? nullptr : found;
}

std::string misused(std::string_view name) {
    return "The function is not allowed to be used this way in an expression; function: " +
           std::string{name};
}

// Why this is no function of conditions.
std::string unknown(std::string_view name) {
    const bool of_updates = name == "if_not_exists" || name == "list_append";
    return (of_updates ? "The function is not allowed in a condition expression; function: "
                       : "Invalid function name; function: ") +
           std::string{name};
}

std::optional<Comparator> comparator_from(const Token& token) {
    if (token.kind != Token::Kind::symbol) {
        return std::nullopt;
    }
    for (const Comparator each :
         {Comparator::equal,
          Comparator::not_equal,
          Comparator::less,
          Comparator::less_or_equal,
          Comparator::greater,
          Comparator::greater_or_equal}) {
        if (symbol(each) == token.text) {
            return each;
        }
    }
    return std::nullopt;
}

// Does this go on with an operand, so that the two are compared?
bool compares(const Token& token) {
    return comparator_from(token).has_value() ||
           (token.kind == Token::Kind::word && (equals_ignoring_case(token.text, "BETWEEN") ||
                                                equals_ignoring_case(token.text, "IN")));
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
        complain(Complaint::syntax, "The expression is nested too deeply");
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

bool ExpressionParser::encloses_operand() const {
    std::size_t depth = 0;
    for (std::size_t i = next_; i + 1 < tokens_.size(); ++i) {
        const bool symbol = tokens_[i].kind == Token::Kind::symbol;
        depth += symbol && tokens_[i].text == "(" ? 1 : 0;
        depth -= symbol && tokens_[i].text == ")" ? 1 : 0;
        if (depth == 0) {
            return compares(tokens_[i + 1]);
        }
    }
    return false;
}

Condition ExpressionParser::primary(int depth) {
    if (failed()) {
        return {};
    }
    if (at_symbol("(") && !encloses_operand()) {
        take();
        Condition inner = any_of(depth + 1);
        expect_symbol(")");
        if (in_parentheses_) {
            complain(Complaint::syntax, "The expression has redundant parentheses;");
        }
        in_parentheses_ = true;
        return inner;
    }
    in_parentheses_ = false;
    return at_call() && peek().text != "size" ? function_condition() : comparison(operand());
}

Condition ExpressionParser::function_condition() {
    const std::string name{take().text};
    const Function* function = function_named(name);
    Condition condition{.operands = arguments(0)};
    if (failed()) {
        return {};
    }
    count_operator();
    if (compares(peek())) {
        complain(Complaint::words, function == nullptr ? unknown(name) : misused(name));
        return comparison({.kind = Operand::Kind::value});
    }
    if (function == nullptr) {
        complain(Complaint::words, unknown(name));
        return {};
    }
    condition.kind = function->kind;
    check_count(Complaint::words, name, condition.operands.size(), function->operands);
    check_condition(condition);
    return condition;
}

// A function in the place of an operand: size() alone may stand there.
Operand ExpressionParser::condition_call(int depth) {
    const std::string name{take().text};
    Operand size{.kind = Operand::Kind::size, .arguments = arguments(depth)};
    if (name != "size") {
        complain(Complaint::words, function_named(name) == nullptr ? unknown(name) : misused(name));
        return {.kind = Operand::Kind::value};
    }
    if (check_count(Complaint::words, name, size.arguments.size(), 1)) {
        check_types("size", size.arguments, {"S", "B", "SS", "NS", "BS", "L", "M"});
    }
    return size;
}

Condition ExpressionParser::comparison(Operand left) {
    if (failed()) {
        return {};
    }
    Condition condition;
    condition.operands.push_back(std::move(left));
    if (accept_keyword("BETWEEN")) {
        condition.kind = Condition::Kind::between;
        condition.operands.push_back(operand());
        if (!accept_keyword("AND")) {
            syntax_error();
        }
        condition.operands.push_back(operand());
    } else if (accept_keyword("IN")) {
        condition.kind = Condition::Kind::in;
        expect_symbol("(");
        do {
            condition.operands.push_back(operand());
        } while (accept_symbol(","));
        expect_symbol(")");
    } else if (const auto comparator = comparator_from(peek())) {
        take();
        condition.kind = Condition::Kind::compare;
        condition.comparator = *comparator;
        condition.operands.push_back(operand());
    } else if (condition.operands.front().kind == Operand::Kind::size) {
        complain(Complaint::words, misused("size"));
        return {};
    } else {
        syntax_error();
        return {};
    }
    count_operator();
    check_condition(condition);
    return condition;
}

}  // namespace farshore::lab::dynamo
