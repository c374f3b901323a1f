#include "lab/dynamo/expression_lexer.h"

namespace farshore::lab::dynamo {
namespace {

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

// Other names, such as _a, are given by placeholder.
bool begins_word(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

bool is_space(char c) {
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

template <class Predicate>
std::size_t run_length(std::string_view text, Predicate continues) {
    std::size_t length = 1;
    while (length < text.size() && continues(text[length])) {
        ++length;
    }
    return length;
}

Token next_token(std::string_view rest) {
    const char c = rest.front();
    if (begins_word(c)) {
        return {
            .kind = Token::Kind::word, .text = rest.substr(0, run_length(rest, continues_name))
        };
    }
    if (is_digit(c)) {
        // No number begins with a zero but zero itself.
        const std::size_t length = c == '0' ? 1 : run_length(rest, is_digit);
        return {.kind = Token::Kind::number, .text = rest.substr(0, length)};
    }
    if (c == '#' || c == ':') {
        const std::size_t length = run_length(rest, continues_name);
        const Token::Kind kind = c == '#' ? Token::Kind::name : Token::Kind::value;
        return {.kind = length > 1 ? kind : Token::Kind::wrong, .text = rest.substr(0, length)};
    }
    const std::string_view two = rest.substr(0, 2);
    if (two == "<>" || two == "<=" || two == ">=") {
        return {.kind = Token::Kind::symbol, .text = two};
    }
    const bool known = std::string_view{"()[],.+-=<>"}.find(c) != std::string_view::npos;
    return {.kind = known ? Token::Kind::symbol : Token::Kind::wrong, .text = rest.substr(0, 1)};
}

}  // namespace

bool continues_name(char c) {
    return begins_word(c) || is_digit(c) || c == '_';
}

std::vector<Token> split_expression(std::string_view text) {
    std::vector<Token> tokens;
    std::size_t at = 0;
    while (true) {
        while (at < text.size() && is_space(text[at])) {
            ++at;
        }
        if (at == text.size()) {
            tokens.push_back({.kind = Token::Kind::end, .text = {}, .start = at});
            return tokens;
        }
        Token token = next_token(text.substr(at));
        token.start = at;
        at += token.text.size();
        tokens.push_back(token);
    }
}

}  // namespace farshore::lab::dynamo
