#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lab/dynamo/expression.h"
#include "lab/dynamo/expression_lexer.h"
#include "lab/dynamo/placeholders.h"

namespace farshore::lab::dynamo {

// Reads one expression with DynamoDB's grammar, limits and complaints. `kind` is the parameter's
// name, which the complaints carry: "ConditionExpression". Syntax errors come before undefined
// placeholders and wrong types, whatever their places.
class ExpressionParser {
  public:
    static constexpr std::size_t kBytesMax = 4096;
    static constexpr std::size_t kOperatorsMax = 300;
    static constexpr std::size_t kChoicesMax = 100;  // behind IN
    // Ours: bounds the recursion. No sensible expression comes near.
    static constexpr int kDepthMax = 64;

    // `text` and `placeholders` must outlive the parser.
    ExpressionParser(std::string_view kind, std::string_view text, Placeholders& placeholders);

    [[nodiscard]] Answer<Condition> condition();
    [[nodiscard]] Answer<UpdateExpression> update();
    [[nodiscard]] Answer<Projection> projection();

  private:
    // Tokens.
    [[nodiscard]] const Token& peek(std::size_t ahead = 0) const;
    Token take();
    [[nodiscard]] bool at_symbol(std::string_view symbol) const;
    [[nodiscard]] bool at_keyword(std::string_view keyword) const;  // ignores case
    bool accept_symbol(std::string_view symbol);
    bool accept_keyword(std::string_view keyword);
    void expect_symbol(std::string_view symbol);

    // Errors. After a syntax error every rule returns at once with what it has.
    [[nodiscard]] bool failed() const { return syntax_error_.has_value(); }

    void syntax_error();
    void syntax_error(std::string message);
    void semantic_error(std::string message);  // the first one counts
    [[nodiscard]] std::optional<ServiceError> begin();
    [[nodiscard]] std::optional<ServiceError> finish();
    void count_operator();

    // Grammar.
    Condition any_of(int depth);
    Condition all_of(int depth);
    Condition negation(int depth);
    Condition primary(int depth);
    Condition function_condition();
    Condition comparison();
    Operand operand();
    Operand size_operand();
    Operand set_operand(int depth);
    Operand set_function(int depth);
    Path path();
    PathStep name_step();
    Value literal();
    std::vector<Operand> arguments(std::string_view function, std::size_t count);
    void update_section(UpdateExpression& update);
    SetAction set_action();
    ElementAction element_action(bool add);

    // Meaning.
    void check_condition(const Condition& condition);
    void check_compare(const Condition& condition);
    void check_type(const Condition& condition);
    void check_ordered(const Operand& operand, std::string_view name);
    void check_bounds(const Condition& condition);
    void check_choices(std::size_t count);
    void check_number(const std::optional<Operand>& operand, bool minus);
    void check_overlaps(const std::vector<Path>& paths);
    void wrong_type(std::string_view name, std::string_view type);

    std::string_view kind_;
    std::string_view text_;
    Placeholders& placeholders_;
    std::vector<Token> tokens_;
    std::size_t next_ = 0;
    std::size_t operators_ = 0;
    bool in_parentheses_ = false;  // the condition that was read last
    std::vector<std::string> sections_;
    std::optional<ServiceError> syntax_error_;
    std::optional<ServiceError> semantic_error_;
};

}  // namespace farshore::lab::dynamo
