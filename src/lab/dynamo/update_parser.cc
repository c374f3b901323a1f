// The part of ExpressionParser that reads UpdateExpression.
#include <algorithm>
#include <array>

#include "base/text.h"
#include "lab/dynamo/expression_parser.h"

namespace farshore::lab::dynamo {
namespace {

constexpr std::array<std::string_view, 4> kSections{"SET", "REMOVE", "ADD", "DELETE"};
constexpr std::array<std::string_view, 6> kConditionFunctions{
    "attribute_exists", "attribute_not_exists", "attribute_type", "begins_with", "contains", "size"
};

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
    update_ = true;
    UpdateExpression update;
    do {
        update_section(update);
    } while (!failed() && peek().kind != Token::Kind::end);
    if (!failed() && !complaint(Complaint::words)) {
        check_overlaps(update.paths(), Complaint::targets);
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
        complain(
            Complaint::words,
            "The \"" + std::string{*section} +
                "\" section can only be used once in an update expression;"
        );
    }
    sections_.emplace_back(*section);
    take();
    do {
        if (*section == "SET") {
            update.sets.push_back(set_action());
        } else if (*section == "REMOVE") {
            update.removes.push_back(path(Complaint::targets));
        } else if (*section == "ADD") {
            update.adds.push_back(element_action(true));
        } else {
            update.deletes.push_back(element_action(false));
        }
        count_operator();
    } while (accept_symbol(","));
}

SetAction ExpressionParser::set_action() {
    SetAction action{.path = path(Complaint::targets)};
    expect_symbol("=");
    action.left = operand();
    const bool plus = accept_symbol("+");
    const bool minus = !plus && accept_symbol("-");
    if (plus || minus) {
        action.right = operand();
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
    if (operand) {
        check_types(minus ? "-" : "+", {*operand}, {"N"});
    }
}

Operand ExpressionParser::update_call(int depth) {
    const std::string name{take().text};
    const bool append = name == "list_append";
    std::vector<Operand> operands = arguments(depth);
    if (!append && name != "if_not_exists") {
        const bool known =
            std::ranges::find(kConditionFunctions, name) != kConditionFunctions.end();
        complain(
            Complaint::words,
            (known ? "The function is not allowed in an update expression; function: "
                   : "Invalid function name; function: ") +
                name
        );
    }
    count_operator();
    if (!sound() || !check_count(Complaint::meaning, name, operands.size(), 2)) {
        return {.kind = Operand::Kind::value};
    }
    if (append) {
        check_types(name, operands, {"L"});
        return {.kind = Operand::Kind::list_append, .arguments = std::move(operands)};
    }
    if (operands[0].kind != Operand::Kind::path) {
        needs_path(name);
        return {.kind = Operand::Kind::value};
    }
    check_distinct(name, operands);
    Operand chosen{.kind = Operand::Kind::if_not_exists, .path = std::move(operands[0].path)};
    chosen.arguments.push_back(std::move(operands[1]));
    return chosen;
}

ElementAction ExpressionParser::element_action(bool add) {
    ElementAction action{.path = path(Complaint::targets), .value = {}};
    if (failed()) {
        return action;
    }
    action.value = literal();
    if (!sound()) {
        return action;
    }
    const bool fits = is_set(action.value) || (add && as<Decimal>(action.value) != nullptr);
    if (!fits) {
        const std::string word = add ? "ADD" : "DELETE";
        complain(
            Complaint::meaning,
            "Incorrect operand type for operator or function; operator: " + word +
                ", operand type: " + std::string{long_name(action.value)} +
                ", typeSet: ALLOWED_FOR_" + word + "_OPERAND"
        );
    }
    return action;
}

}  // namespace farshore::lab::dynamo
