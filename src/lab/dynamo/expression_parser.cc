#include "lab/dynamo/expression_parser.h"

#include <algorithm>
#include <charconv>

#include "base/text.h"
#include "lab/dynamo/reserved_words.h"

namespace farshore::lab::dynamo {

ExpressionParser::ExpressionParser(
    std::string_view kind, std::string_view text, Placeholders& placeholders
)
    : kind_(kind), text_(text), placeholders_(placeholders) {}

const Token& ExpressionParser::peek(std::size_t ahead) const {
    return tokens_[std::min(next_ + ahead, tokens_.size() - 1)];
}

Token ExpressionParser::take() {
    const Token token = peek();
    next_ = std::min(next_ + 1, tokens_.size() - 1);
    return token;
}

bool ExpressionParser::at_symbol(std::string_view symbol) const {
    return peek().kind == Token::Kind::symbol && peek().text == symbol;
}

bool ExpressionParser::at_keyword(std::string_view keyword) const {
    return peek().kind == Token::Kind::word && equals_ignoring_case(peek().text, keyword);
}

bool ExpressionParser::at_call() const {
    const Token& after = peek(1);
    return peek().kind == Token::Kind::word && !is_expression_keyword(peek().text) &&
           after.kind == Token::Kind::symbol && after.text == "(";
}

bool ExpressionParser::accept_symbol(std::string_view symbol) {
    const bool there = !failed() && at_symbol(symbol);
    if (there) {
        take();
    }
    return there;
}

bool ExpressionParser::accept_keyword(std::string_view keyword) {
    const bool there = !failed() && at_keyword(keyword);
    if (there) {
        take();
    }
    return there;
}

void ExpressionParser::expect_symbol(std::string_view symbol) {
    if (!accept_symbol(symbol)) {
        syntax_error();
    }
}

void ExpressionParser::syntax_error() {
    const Token& token = peek();
    const Token& before = next_ > 0 ? tokens_[next_ - 1] : token;
    const Token& after = peek(1);
    const Token& last = token.kind == Token::Kind::end   ? before
                        : after.kind == Token::Kind::end ? token
                                                         : after;
    const std::size_t end = last.start + last.text.size();
    const std::string_view near = text_.substr(before.start, end - before.start);
    const std::string_view shown = token.kind == Token::Kind::end ? "<EOF>" : token.text;
    complain(
        Complaint::syntax,
        "Syntax error; token: \"" + std::string{shown} + "\", near: \"" + std::string{near} + "\""
    );
}

void ExpressionParser::complain(Complaint about, std::string message) {
    auto& slot = complaints_[static_cast<std::size_t>(about)];
    if (!slot) {
        slot = validation("Invalid " + std::string{kind_} + ": " + message);
    }
}

const std::optional<ServiceError>& ExpressionParser::complaint(Complaint about) const {
    return complaints_[static_cast<std::size_t>(about)];
}

bool ExpressionParser::sound() const {
    return std::ranges::none_of(complaints_, &std::optional<ServiceError>::has_value);
}

void ExpressionParser::wrong_type(std::string_view name, std::string_view type) {
    complain(
        Complaint::meaning,
        "Incorrect operand type for operator or function; operator or function: " +
            std::string{name} + ", operand type: " + std::string{type}
    );
}

void ExpressionParser::needs_path(std::string_view name) {
    complain(
        Complaint::meaning,
        "Operator or function requires a document path; operator or function: " + std::string{name}
    );
}

bool ExpressionParser::check_count(
    Complaint about, std::string_view name, std::size_t count, std::size_t expected
) {
    if (count != expected) {
        complain(
            about,
            "Incorrect number of operands for operator or function; operator or function: " +
                std::string{name} + ", number of operands: " + std::to_string(count)
        );
    }
    return count == expected;
}

void ExpressionParser::count_operator() {
    if (++operators_ == kOperatorsMax + 1) {
        complain(
            Complaint::syntax, "The expression contains too many operators; operator count: 301"
        );
    }
}

std::optional<ServiceError> ExpressionParser::begin() {
    if (text_.size() > kBytesMax) {
        return validation(
            "Invalid " + std::string{kind_} +
            ": Expression size has exceeded the maximum allowed size; expression size: " +
            std::to_string(text_.size())
        );
    }
    tokens_ = split_expression(text_);
    next_ = 0;
    if (tokens_.size() == 1) {
        return validation("Invalid " + std::string{kind_} + ": The expression can not be empty;");
    }
    return std::nullopt;
}

std::optional<ServiceError> ExpressionParser::finish() {
    if (!failed() && peek().kind != Token::Kind::end) {
        syntax_error();
    }
    const auto* first = std::ranges::find_if(complaints_, &std::optional<ServiceError>::has_value);
    return first == complaints_.end() ? std::nullopt : *first;
}

PathStep ExpressionParser::name_step(Complaint undefined) {
    const Token token = peek();
    if (token.kind == Token::Kind::word && !is_expression_keyword(token.text)) {
        take();
        if (is_reserved_word(token.text)) {
            complain(
                Complaint::words,
                "Attribute name is a reserved keyword; reserved keyword: " + std::string{token.text}
            );
        }
        return std::string{token.text};
    }
    if (token.kind == Token::Kind::name) {
        take();
        const std::string* name = placeholders_.name(token.text);
        if (name == nullptr) {
            complain(
                undefined,
                "An expression attribute name used in the document path is not defined; attribute "
                "name: " +
                    std::string{token.text}
            );
            return std::string{token.text};
        }
        return *name;
    }
    syntax_error();
    return std::string{};
}

std::size_t ExpressionParser::index_step() {
    constexpr std::size_t kIndexMax = 2'147'483'647;
    const Token token = peek();
    if (token.kind != Token::Kind::number) {
        syntax_error();
        return 0;
    }
    take();
    std::size_t index = 0;
    const char* end = token.text.data() + token.text.size();
    const auto read = std::from_chars(token.text.data(), end, index);
    if (read.ec != std::errc{} || index > kIndexMax) {
        complain(
            Complaint::words,
            "List index is not within the allowable range; index: [" + std::string{token.text} + "]"
        );
    }
    expect_symbol("]");
    return index;
}

Path ExpressionParser::path(Complaint undefined) {
    Path path{name_step(undefined)};
    while (!failed()) {
        if (accept_symbol(".")) {
            path.push_back(name_step(undefined));
        } else if (accept_symbol("[")) {
            path.emplace_back(index_step());
        } else {
            break;
        }
    }
    if (path.size() > kNestingMax) {
        complain(
            Complaint::meaning,
            "The document path has too many nesting elements; nesting levels: " +
                std::to_string(path.size())
        );
    }
    return path;
}

Value ExpressionParser::literal() {
    const Token token = peek();
    if (token.kind != Token::Kind::value) {
        syntax_error();
        return {};
    }
    take();
    const Value* value = placeholders_.value(token.text);
    if (value == nullptr) {
        complain(
            Complaint::meaning,
            "An expression attribute value used in expression is not defined; attribute value: " +
                std::string{token.text}
        );
        return {};
    }
    return *value;
}

Operand ExpressionParser::operand(int depth) {
    if (failed()) {
        return {};
    }
    if (depth > kDepthMax) {
        complain(Complaint::syntax, "The expression is nested too deeply");
        return {};
    }
    if (accept_symbol("(")) {
        const bool redundant = at_symbol("(");
        Operand inner = operand(depth + 1);
        expect_symbol(")");
        if (redundant) {
            complain(Complaint::syntax, "The expression has redundant parentheses;");
        }
        return inner;
    }
    if (peek().kind == Token::Kind::value) {
        return {.kind = Operand::Kind::value, .value = literal()};
    }
    if (at_call()) {
        return update_ ? update_call(depth) : condition_call(depth);
    }
    return {.kind = Operand::Kind::path, .path = path()};
}

std::vector<Operand> ExpressionParser::arguments(int depth) {
    std::vector<Operand> found;
    expect_symbol("(");
    do {
        found.push_back(operand(depth + 1));
    } while (accept_symbol(","));
    expect_symbol(")");
    return found;
}

Answer<Projection> ExpressionParser::projection() {
    if (auto error = begin()) {
        return std::unexpected(std::move(*error));
    }
    Projection paths;
    do {
        paths.push_back(path());
    } while (accept_symbol(","));
    if (sound()) {
        check_overlaps(paths, Complaint::meaning);
    }
    if (auto error = finish()) {
        return std::unexpected(std::move(*error));
    }
    return paths;
}

void ExpressionParser::check_overlaps(const std::vector<Path>& paths, Complaint about) {
    for (std::size_t i = 0; i < paths.size(); ++i) {
        for (std::size_t k = i + 1; k < paths.size(); ++k) {
            const std::size_t common = std::min(paths[i].size(), paths[k].size());
            std::size_t same = 0;
            while (same < common && paths[i][same] == paths[k][same]) {
                ++same;
            }
            const std::string both =
                " path one: " + to_text(paths[i]) + ", path two: " + to_text(paths[k]);
            if (same == common) {
                complain(
                    about,
                    "Two document paths overlap with each other; must remove or rewrite one of "
                    "these paths;" +
                        both
                );
            } else if (paths[i][same].index() != paths[k][same].index()) {
                complain(
                    about,
                    "Two document paths conflict with each other; must remove or rewrite one of "
                    "these paths;" +
                        both
                );
            }
        }
    }
}

}  // namespace farshore::lab::dynamo
