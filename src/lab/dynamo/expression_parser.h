#pragma once

#include <array>
#include <cstddef>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lab/dynamo/expression.h"
#include "lab/dynamo/expression_lexer.h"
#include "lab/dynamo/placeholders.h"

namespace farshore::lab::dynamo {

// Reads one expression with DynamoDB's grammar, limits and complaints. `kind` is the parameter's
// name, which the complaints carry: "ConditionExpression". Of several complaints the service tells
// the one of the earliest kind (Complaint), whatever their places.
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
    enum class Complaint {
        syntax,   // it cannot be read; every rule returns at once with what it has
        words,    // reserved words, functions, list indexes
        targets,  // the paths that an update writes
        meaning,  // undefined placeholders, types of operands
    };

    // Tokens.
    [[nodiscard]] const Token& peek(std::size_t ahead = 0) const;
    Token take();
    [[nodiscard]] bool at_symbol(std::string_view symbol) const;
    [[nodiscard]] bool at_keyword(std::string_view keyword) const;  // ignores case
    [[nodiscard]] bool at_call() const;
    // At "(": does it enclose an operand, not a condition?
    [[nodiscard]] bool encloses_operand() const;
    bool accept_symbol(std::string_view symbol);
    bool accept_keyword(std::string_view keyword);
    void expect_symbol(std::string_view symbol);

    // Complaints. The first of each kind counts.
    void complain(Complaint about, std::string message);
    void syntax_error();

    [[nodiscard]] bool failed() const { return complaint(Complaint::syntax).has_value(); }

    [[nodiscard]] const std::optional<ServiceError>& complaint(Complaint about) const;
    [[nodiscard]] bool sound() const;  // no complaint so far
    [[nodiscard]] std::optional<ServiceError> begin();
    [[nodiscard]] std::optional<ServiceError> finish();
    void count_operator();

    // Grammar.
    Condition any_of(int depth);
    Condition all_of(int depth);
    Condition negation(int depth);
    Condition primary(int depth);
    Condition function_condition();
    Condition comparison(Operand left);
    Operand operand(int depth = 0);
    Operand condition_call(int depth);
    Operand update_call(int depth);
    Path path(Complaint undefined = Complaint::meaning);
    PathStep name_step(Complaint undefined);
    std::size_t index_step();
    Value literal();
    std::vector<Operand> arguments(int depth);
    void update_section(UpdateExpression& update);
    SetAction set_action();
    ElementAction element_action(bool add);

    // Meaning.
    void check_condition(const Condition& condition);
    void check_function(const Condition& condition);
    void check_bounds(const Condition& condition);
    void check_attribute_type(const Condition& condition);
    void check_distinct(std::string_view name, const std::vector<Operand>& operands);
    // Every operand whose type is known has one of these, by JSON name.
    void check_types(
        std::string_view name,
        const std::vector<Operand>& operands,
        std::initializer_list<std::string_view> types
    );
    bool check_count(
        Complaint about, std::string_view name, std::size_t count, std::size_t expected
    );
    void check_number(const std::optional<Operand>& operand, bool minus);
    void check_overlaps(const std::vector<Path>& paths, Complaint about);
    void wrong_type(std::string_view name, std::string_view type);
    void needs_path(std::string_view name);

    std::string_view kind_;
    std::string_view text_;
    Placeholders& placeholders_;
    bool update_ = false;
    std::vector<Token> tokens_;
    std::size_t next_ = 0;
    std::size_t operators_ = 0;
    bool in_parentheses_ = false;  // the condition that was read last
    std::vector<std::string> sections_;
    std::array<std::optional<ServiceError>, 4> complaints_;
};

}  // namespace farshore::lab::dynamo
