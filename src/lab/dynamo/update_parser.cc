// The part of ExpressionParser that reads UpdateExpression.
#include <algorithm>
#include <array>

#include "base/text.h"
#include "lab/dynamo/expression_parser.h"

namespace farshore::lab::dynamo {
namespace {

constexpr std::array<std::string_view, 4> kSections{"SET", "REMOVE", "ADD", "DELETE"};

// ADD and DELETE complain with the types' long names.
std::string_view long_name(const Value& value) {
    constexpr std::array<std::string_view, 10> kNames{
        "STRING",
        "NUMBER",
        "BINARY",
        "BOOLEAN",
        "NULL",
        "MAP",
        "LIST",
        "STRING_SET",
        "NUMBER_SET",
        "BINARY_SET"
    };
    return kNames[value.data.index()];
}

bool is_set(const Value& value) {
    return as<StringSet>(value) != nullptr || as<NumberSet>(value) != nullptr ||
           as<BinarySet>(value) != nullptr;
}

}  // namespace

Answer<UpdateExpression> ExpressionParser::update() {
    if (auto error = begin()) {
        return std::unexpected(std::move(*error));
    }
    UpdateExpression update;
    do {
        update_section(update);
    } while (!failed() && peek().kind != Token::Kind::end);
    if (!failed()) {
        check_overlaps(update.paths());
    }
    if (auto error = finish()) {
        return std::unexpected(std::move(*error));
    }
    return update;
}

void ExpressionParser::update_section(UpdateExpression& update) {
    const auto* section =
        std::ranges::find_if(kSections, [this](std::string_view name) { return at_keyword(name); });
    if (section == kSections.end()) {
        syntax_error();
        return;
    }
    if (std::ranges::find(sections_, *section) != sections_.end()) {
        syntax_error(
            "The \"" + std::string{*section} +
            "\" section can only be used once in an update expression;"
        );
        return;
    }
    sections_.emplace_back(*section);
    take();
    do {
        if (*section == "SET") {
            update.sets.push_back(set_action());
        } else if (*section == "REMOVE") {
            update.removes.push_back(path());
        } else if (*section == "ADD") {
            update.adds.push_back(element_action(true));
        } else {
            update.deletes.push_back(element_action(false));
        }
        count_operator();
    } while (accept_symbol(","));
}

SetAction ExpressionParser::set_action() {
    SetAction action{.path = path()};
    expect_symbol("=");
    action.left = set_operand(0);
    const bool plus = accept_symbol("+");
    const bool minus = !plus && accept_symbol("-");
    if (plus || minus) {
        action.right = set_operand(0);
        action.minus = minus;
        count_operator();
        if (!failed()) {
            check_number(action.left, minus);
            check_number(action.right, minus);
        }
    }
    return action;
}

void ExpressionParser::check_number(const std::optional<Operand>& operand, bool minus) {
    const std::string_view name = minus ? "-" : "+";
    if (!operand || semantic_error_) {
        return;
    }
    if (operand->kind == Operand::Kind::value && as<Decimal>(operand->value) == nullptr) {
        wrong_type(name, type_name(operand->value));
    } else if (operand->kind == Operand::Kind::list_append) {
        wrong_type(name, "L");
    }
}

Operand ExpressionParser::set_operand(int depth) {
    if (failed()) {
        return {};
    }
    if (depth > kDepthMax) {
        syntax_error("The expression is nested too deeply");
        return {};
    }
    if (accept_symbol("(")) {
        Operand inner = set_operand(depth + 1);
        expect_symbol(")");
        return inner;
    }
    if (peek().kind == Token::Kind::value) {
        return {.kind = Operand::Kind::value, .value = literal()};
    }
    const bool call = peek().kind == Token::Kind::word && peek(1).kind == Token::Kind::symbol &&
                      peek(1).text == "(";
    if (call) {
        return set_function(depth);
    }
    return {.kind = Operand::Kind::path, .path = path()};
}

Operand ExpressionParser::set_function(int depth) {
    const std::string name{take().text};
    const bool append = name == "list_append";
    if (!append && name != "if_not_exists") {
        const bool condition = name == "attribute_exists" || name == "attribute_not_exists" ||
                               name == "attribute_type" || name == "begins_with" ||
                               name == "contains" || name == "size";
        syntax_error(
            condition ? "The function is not allowed in an update expression; function: " + name
                      : "Invalid function name; function: " + name
        );
        return {};
    }
    count_operator();
    expect_symbol("(");
    std::vector<Operand> operands;
    while (!failed()) {
        operands.push_back(set_operand(depth + 1));
        if (!accept_symbol(",")) {
            break;
        }
    }
    expect_symbol(")");
    if (failed()) {
        return {};
    }
    if (operands.size() != 2) {
        semantic_error(
            "Incorrect number of operands for operator or function; operator or function: " + name +
            ", number of operands: " + std::to_string(operands.size())
        );
        return {};
    }
    if (append) {
        for (const Operand& operand : operands) {
            if (operand.kind == Operand::Kind::value && as<List>(operand.value) == nullptr &&
                !semantic_error_) {
                wrong_type("list_append", type_name(operand.value));
            }
        }
        return {.kind = Operand::Kind::list_append, .arguments = std::move(operands)};
    }
    if (operands[0].kind != Operand::Kind::path) {
        semantic_error(
            "Operator or function requires a document path; operator or function: if_not_exists"
        );
        return {};
    }
    Operand chosen{.kind = Operand::Kind::if_not_exists, .path = std::move(operands[0].path)};
    chosen.arguments.push_back(std::move(operands[1]));
    return chosen;
}

ElementAction ExpressionParser::element_action(bool add) {
    ElementAction action{.path = path(), .value = {}};
    if (failed()) {
        return action;
    }
    action.value = literal();
    if (failed() || semantic_error_) {
        return action;
    }
    const bool fits = is_set(action.value) || (add && as<Decimal>(action.value) != nullptr);
    if (!fits) {
        const std::string word = add ? "ADD" : "DELETE";
        semantic_error(
            "Incorrect operand type for operator or function; operator: " + word +
            ", operand type: " + std::string{long_name(action.value)} + ", typeSet: ALLOWED_FOR_" +
            word + "_OPERAND"
        );
    }
    return action;
}

}  // namespace farshore::lab::dynamo
