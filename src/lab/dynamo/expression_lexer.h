#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

namespace farshore::lab::dynamo {

struct Token {
    enum class Kind {
        word,    // name, function or keyword
        name,    // #placeholder
        value,   // :placeholder
        number,  // list index
        symbol,  // one of ( ) [ ] , . + - = <> < <= > >=
        wrong,   // a character that begins nothing
        end,
    };

    Kind kind = Kind::end;
    std::string_view text;
    std::size_t start = 0;  // in the expression
};

// What names and placeholders consist of behind their first character.
[[nodiscard]] bool continues_name(char c);

// Splits an expression; the last token is `end`. The tokens point into `text`.
[[nodiscard]] std::vector<Token> split_expression(std::string_view text);

}  // namespace farshore::lab::dynamo
