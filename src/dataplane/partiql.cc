#include "dataplane/partiql.h"

#include <algorithm>
#include <array>
#include <vector>

#include "base/text.h"

namespace farshore::dataplane {

namespace {

using boost::json::object;
using boost::json::value;

// DynamoDB's own limit is 8192 characters.
constexpr std::size_t kStatementMax = 8192;
constexpr std::string_view kBlanks = " \t\r\n";
constexpr std::string_view kDigits = "0123456789";

struct Token {
    enum class Kind : std::uint8_t { word, name, text, number, parameter, sign };
    Kind kind = Kind::sign;
    std::string text;           // without quotes
    std::size_t parameter = 0;  // which one

    [[nodiscard]] bool is_sign(std::string_view sign) const {
        return kind == Kind::sign && text == sign;
    }

    [[nodiscard]] bool is_word(std::string_view word) const {
        return kind == Kind::word && equals_ignoring_case(text, word);
    }
};

bool starts_word(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

bool continues_word(char c) {
    return starts_word(c) || kDigits.contains(c) || c == '-' || c == '.' || c == '$';
}

// Cuts a statement into tokens. A comment would make it another statement than it looks.
class Tokenizer {
  public:
    explicit Tokenizer(std::string_view statement) : rest_(statement) {}

    std::optional<std::vector<Token>> read() {
        std::vector<Token> tokens;
        while (skip_blanks()) {
            if (rest_.starts_with("--") || rest_.starts_with("/*") || !read_one(tokens)) {
                return std::nullopt;
            }
        }
        return tokens;
    }

  private:
    bool skip_blanks() {
        const std::size_t next = rest_.find_first_not_of(kBlanks);
        rest_.remove_prefix(next == std::string_view::npos ? rest_.size() : next);
        return !rest_.empty();
    }

    bool read_one(std::vector<Token>& tokens) {
        const char c = rest_.front();
        if (c == '\'' || c == '"') {
            const auto kind = c == '"' ? Token::Kind::name : Token::Kind::text;
            auto text = quoted(c);
            if (!text) {
                return false;
            }
            tokens.push_back({.kind = kind, .text = std::move(*text)});
        } else if (c == '?') {
            rest_.remove_prefix(1);
            tokens.push_back(
                {.kind = Token::Kind::parameter, .text = {}, .parameter = parameters_++}
            );
        } else if (starts_word(c)) {
            tokens.push_back({.kind = Token::Kind::word, .text = take_while(continues_word)});
        } else if (kDigits.contains(c) ||
                   (c == '-' && rest_.size() > 1 && kDigits.contains(rest_[1]))) {
            tokens.push_back({.kind = Token::Kind::number, .text = number()});
        } else {
            const bool pair = rest_.starts_with("<=") || rest_.starts_with(">=") ||
                              rest_.starts_with("<>") || rest_.starts_with("!=") ||
                              rest_.starts_with("<<") || rest_.starts_with(">>");
            tokens.push_back(
                {.kind = Token::Kind::sign, .text = std::string{rest_.substr(0, pair ? 2 : 1)}}
            );
            rest_.remove_prefix(pair ? 2 : 1);
        }
        return true;
    }

    // A doubled quote stands for one.
    std::optional<std::string> quoted(char quote) {
        std::string out;
        for (std::size_t at = 1; at < rest_.size(); ++at) {
            if (rest_[at] != quote) {
                out += rest_[at];
            } else if (at + 1 < rest_.size() && rest_[at + 1] == quote) {
                out += quote;
                ++at;
            } else {
                rest_.remove_prefix(at + 1);
                return out;
            }
        }
        return std::nullopt;
    }

    template <class Belongs>
    std::string take_while(Belongs belongs) {
        const auto end = std::ranges::find_if_not(rest_, belongs);
        std::string out(rest_.begin(), end);
        rest_.remove_prefix(out.size());
        return out;
    }

    std::string number() {
        char before = ' ';
        return take_while([&before](char c) {
            const bool sign =
                (c == '-' || c == '+') && (before == ' ' || before == 'e' || before == 'E');
            const bool belongs = sign || kDigits.contains(c) || c == '.' || c == 'e' || c == 'E';
            before = c;
            return belongs;
        });
    }

    std::string_view rest_;
    std::size_t parameters_ = 0;
};

class StatementReader {
  public:
    StatementReader(std::vector<Token> tokens, const boost::json::array* parameters)
        : tokens_(std::move(tokens)), parameters_(parameters) {}

    std::optional<PartiqlWrite> read() {
        if (take_word("select") || take_word("exists")) {
            return PartiqlWrite{};
        }
        if (take_word("insert")) {
            return read_insert();
        }
        if (take_word("update")) {
            return read_update();
        }
        if (take_word("delete")) {
            return read_delete();
        }
        return std::nullopt;
    }

  private:
    [[nodiscard]] const Token* peek() const {
        return at_ < tokens_.size() ? &tokens_[at_] : nullptr;
    }

    bool take_word(std::string_view word) {
        const bool there = peek() != nullptr && peek()->is_word(word);
        at_ += there ? 1 : 0;
        return there;
    }

    bool take_sign(std::string_view sign) {
        const bool there = peek() != nullptr && peek()->is_sign(sign);
        at_ += there ? 1 : 0;
        return there;
    }

    bool take_table() {
        if (!take_path()) {
            return false;
        }
        write_.table = tokens_[at_ - 1].text;
        return true;
    }

    std::optional<PartiqlWrite> read_insert() {
        write_.kind = PartiqlWrite::Kind::inserts;
        write_.repeatable = false;
        if (!take_word("into") || !take_table() || !take_word("value") || !take_sign("{")) {
            return std::nullopt;
        }
        while (!take_sign("}")) {
            if (peek() == nullptr || peek()->kind != Token::Kind::text) {
                return std::nullopt;
            }
            const std::string name = tokens_[at_++].text;
            if (!take_sign(":")) {
                return std::nullopt;
            }
            note(name);
            // What is left of a value that is no plain one, maps and lists included.
            if (!skip_until([this] { return at_sign(",") || at_sign("}"); })) {
                return std::nullopt;
            }
            (void)take_sign(",");
        }
        return std::move(write_);
    }

    std::optional<PartiqlWrite> read_update() {
        write_.kind = PartiqlWrite::Kind::updates;
        if (!take_table()) {
            return std::nullopt;
        }
        write_.repeatable = read_plain_changes();
        const bool found = skip_until([this] { return peek()->is_word("where"); });
        return found ? read_where() : std::nullopt;
    }

    // SET a = 1, b = 'x' SET c = ? REMOVE d. False, at the first token of any other form: a value
    // made of attributes may be another one the second time, an element of a list another element.
    bool read_plain_changes() {
        while (peek() != nullptr && !peek()->is_word("where")) {
            const bool sets = take_word("set");
            if (!sets && !take_word("remove")) {
                return false;
            }
            do {
                if (!take_path() || (sets && !(take_sign("=") && take_plain_value()))) {
                    return false;
                }
            } while (take_sign(","));
        }
        return true;
    }

    bool take_path() {
        const bool there = peek() != nullptr &&
                           (peek()->kind == Token::Kind::word || peek()->kind == Token::Kind::name);
        at_ += there ? 1 : 0;
        return there;
    }

    bool take_plain_value() {
        if (take_word("true") || take_word("false") || take_word("null")) {
            return true;
        }
        const bool there = peek() != nullptr && (peek()->kind == Token::Kind::text ||
                                                 peek()->kind == Token::Kind::number ||
                                                 peek()->kind == Token::Kind::parameter);
        at_ += there ? 1 : 0;
        return there;
    }

    std::optional<PartiqlWrite> read_delete() {
        write_.kind = PartiqlWrite::Kind::removes;
        const bool found =
            take_word("from") && take_table() && peek() != nullptr && peek()->is_word("where");
        return found ? read_where() : std::nullopt;
    }

    // Terms joined by AND: those that fix an attribute are noted. Anything that could make a term
    // hold for another item (OR, NOT, BETWEEN with its own AND) is another form.
    std::optional<PartiqlWrite> read_where() {
        (void)take_word("where");
        write_.repeatable = write_.repeatable && rest_is_one_equality();
        for (std::size_t i = at_; i < tokens_.size(); ++i) {
            if (tokens_[i].is_word("or") || tokens_[i].is_word("not") ||
                tokens_[i].is_word("between")) {
                return std::nullopt;
            }
        }
        do {
            const Token* name = peek();
            if (name != nullptr &&
                (name->kind == Token::Kind::word || name->kind == Token::Kind::name) &&
                at_ + 2 < tokens_.size() && tokens_[at_ + 1].is_sign("=")) {
                at_ += 2;
                note(name->text);
            }
            (void
            )skip_until([this] { return peek()->is_word("and") || peek()->is_word("returning"); });
        } while (take_word("and"));
        return std::move(write_);
    }

    // The key of a table without a sort key. A second term may be a condition, and RETURNING may
    // ask for what was there before.
    bool rest_is_one_equality() {
        const std::size_t before = at_;
        const bool plain = take_path() && take_sign("=") && take_plain_value() && peek() == nullptr;
        at_ = before;
        return plain;
    }

    [[nodiscard]] bool at_sign(std::string_view sign) const { return peek()->is_sign(sign); }

    // The value that comes now, under this name; a term or member has it as a whole or not at all.
    void note(const std::string& name) {
        const Token* token = peek();
        if (token == nullptr || !ends_after(at_)) {
            return;
        }
        std::optional<value> told;
        if (token->kind == Token::Kind::text) {
            told = object{{"S", token->text}};
        } else if (token->kind == Token::Kind::number) {
            told = object{{"N", token->text}};
        } else if (token->kind == Token::Kind::parameter && parameters_ != nullptr &&
                   token->parameter < parameters_->size()) {
            told = (*parameters_)[token->parameter];
        }
        if (told) {
            write_.attributes[name] = std::move(*told);
        }
    }

    // Is the token a whole value: does what follows end it?
    [[nodiscard]] bool ends_after(std::size_t at) const {
        if (at + 1 >= tokens_.size()) {
            return true;
        }
        const Token& next = tokens_[at + 1];
        return next.is_sign(",") || next.is_sign("}") || next.is_word("and") ||
               next.is_word("returning");
    }

    // Outside of brackets. False: the statement ended before.
    template <class There>
    bool skip_until(There there) {
        constexpr std::array<std::string_view, 4> kOpening{"{", "[", "(", "<<"};
        constexpr std::array<std::string_view, 4> kClosing{"}", "]", ")", ">>"};
        const auto any = [this](const auto& signs) {
            return std::ranges::any_of(signs, [this](std::string_view s) { return at_sign(s); });
        };
        std::size_t depth = 0;
        for (; peek() != nullptr; ++at_) {
            if (depth == 0 && there()) {
                return true;
            }
            if (any(kOpening)) {
                ++depth;
            } else if (any(kClosing) && depth > 0) {
                --depth;
            }
        }
        return false;
    }

    std::vector<Token> tokens_;
    const boost::json::array* parameters_;
    std::size_t at_ = 0;
    PartiqlWrite write_;
};

}  // namespace

std::optional<PartiqlWrite> read_partiql(
    std::string_view statement, const boost::json::array* parameters
) {
    if (statement.size() > kStatementMax) {
        return std::nullopt;
    }
    auto tokens = Tokenizer(statement).read();
    return tokens ? StatementReader(std::move(*tokens), parameters).read() : std::nullopt;
}

}  // namespace farshore::dataplane
