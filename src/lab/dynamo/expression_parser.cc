#include "lab/dynamo/expression_parser.h"

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
    syntax_error(
        "Syntax error; token: \"" + std::string{shown} + "\", near: \"" + std::string{near} + "\""
    );
}

void ExpressionParser::syntax_error(std::string message) {
    if (!syntax_error_) {
        syntax_error_ = validation("Invalid " + std::string{kind_} + ": " + message);
    }
}

void ExpressionParser::semantic_error(std::string message) {
    if (!semantic_error_) {
        semantic_error_ = validation("Invalid " + std::string{kind_} + ": " + message);
    }
}

void ExpressionParser::wrong_type(std::string_view name, std::string_view type) {
    semantic_error(
        "Incorrect operand type for operator or function; operator or function: " +
        std::string{name} + ", operand type: " + std::string{type}
    );
}

void ExpressionParser::count_operator() {
    if (++operators_ == kOperatorsMax + 1) {
        syntax_error("The expression contains too many operators; operator count: 301");
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
    return syntax_error_ ? syntax_error_ : semantic_error_;
}

PathStep ExpressionParser::name_step() {
    const Token token = peek();
    if (token.kind == Token::Kind::word) {
        take();
        if (is_reserved_word(token.text)) {
            semantic_error(
                "Attribute name is a reserved keyword; reserved keyword: " + std::string{token.text}
            );
        }
        return std::string{token.text};
    }
    if (token.kind == Token::Kind::name) {
        take();
        const std::string* name = placeholders_.name(token.text);
        if (name == nullptr) {
            semantic_error(
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

Path ExpressionParser::path() {
    Path path{name_step()};
    while (!failed()) {
        if (accept_symbol(".")) {
            path.push_back(name_step());
        } else if (accept_symbol("[")) {
            const Token token = peek();
            std::size_t index = 0;
            const auto read =
                std::from_chars(token.text.data(), token.text.data() + token.text.size(), index);
            if (token.kind != Token::Kind::number || read.ec != std::errc{}) {
                syntax_error();
                return path;
            }
            take();
            expect_symbol("]");
            path.emplace_back(index);
        } else {
            break;
        }
    }
    if (path.size() > kNestingMax) {
        semantic_error(
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
        semantic_error(
            "An expression attribute value used in expression is not defined; attribute value: " +
            std::string{token.text}
        );
        return {};
    }
    return *value;
}

std::vector<Operand> ExpressionParser::arguments(std::string_view function, std::size_t count) {
    std::vector<Operand> found;
    expect_symbol("(");
    while (!failed()) {
        found.push_back(operand());
        if (!accept_symbol(",")) {
            break;
        }
    }
    expect_symbol(")");
    if (!failed() && found.size() != count) {
        semantic_error(
            "Incorrect number of operands for operator or function; operator or function: " +
            std::string{function} + ", number of operands: " + std::to_string(found.size())
        );
        found.resize(count);
    }
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
    if (!failed()) {
        check_overlaps(paths);
    }
    if (auto error = finish()) {
        return std::unexpected(std::move(*error));
    }
    return paths;
}

void ExpressionParser::check_overlaps(const std::vector<Path>& paths) {
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
                semantic_error(
                    "Two document paths overlap with each other; must remove or rewrite one of "
                    "these paths;" +
                    both
                );
            } else if (paths[i][same].index() != paths[k][same].index()) {
                semantic_error(
                    "Two document paths conflict with each other; must remove or rewrite one of "
                    "these paths;" +
                    both
                );
            }
        }
    }
}

}  // namespace farshore::lab::dynamo
