#include "dataplane/json_members.h"

#include <cstddef>
#include <utility>

namespace farshore::dataplane {

namespace {

constexpr std::string_view kBlanks = " \t\r\n";

class Scanner {
  public:
    explicit Scanner(std::string_view text) : text_(text) {}

    void skip_blanks() {
        const std::size_t next = text_.find_first_not_of(kBlanks, at_);
        at_ = next == std::string_view::npos ? text_.size() : next;
    }

    [[nodiscard]] bool take(char c) {
        skip_blanks();
        if (at_ < text_.size() && text_[at_] == c) {
            ++at_;
            return true;
        }
        return false;
    }

    [[nodiscard]] bool at_end() {
        skip_blanks();
        return at_ == text_.size();
    }

    // With its quotes. Empty: no string here.
    std::string_view string() {
        skip_blanks();
        const std::size_t start = at_;
        if (!take('"')) {
            return {};
        }
        while (at_ < text_.size() && text_[at_] != '"') {
            at_ += text_[at_] == '\\' ? 2 : 1;
        }
        if (at_ >= text_.size()) {
            return {};
        }
        ++at_;
        return text_.substr(start, at_ - start);
    }

    // Any value, by its brackets only. Empty: no value here.
    std::string_view value() {
        skip_blanks();
        const std::size_t start = at_;
        std::size_t depth = 0;
        while (at_ < text_.size()) {
            const char c = text_[at_];
            if (c == '"') {
                if (string().empty()) {
                    return {};
                }
                if (depth == 0) {
                    break;
                }
                continue;
            }
            if (depth == 0 && (c == ',' || c == '}' || c == ']' || kBlanks.contains(c))) {
                break;
            }
            ++at_;
            if (c == '{' || c == '[') {
                ++depth;
            } else if ((c == '}' || c == ']') && --depth == 0) {
                break;
            }
        }
        return text_.substr(start, at_ - start);
    }

    [[nodiscard]] std::size_t position() const { return at_; }

    [[nodiscard]] std::string_view since(std::size_t start) const {
        return text_.substr(start, at_ - start);
    }

  private:
    std::string_view text_;
    std::size_t at_ = 0;
};

bool read_member(Scanner& scanner, std::vector<JsonMember>& members) {
    scanner.skip_blanks();
    const std::size_t start = scanner.position();
    const std::string_view quoted = scanner.string();
    if (quoted.size() < 2 || quoted.contains('\\') || !scanner.take(':')) {
        return false;
    }
    const std::string_view value = scanner.value();
    if (value.empty()) {
        return false;
    }
    members.push_back({
        .name = quoted.substr(1, quoted.size() - 2),
        .value = value,
        .whole = scanner.since(start),
    });
    return true;
}

}  // namespace

std::optional<std::vector<JsonMember>> json_members(std::string_view text) {
    Scanner scanner(text);
    std::vector<JsonMember> members;
    if (!scanner.take('{')) {
        return std::nullopt;
    }
    if (!scanner.take('}')) {
        do {
            if (!read_member(scanner, members)) {
                return std::nullopt;
            }
        } while (scanner.take(','));
        if (!scanner.take('}')) {
            return std::nullopt;
        }
    }
    return scanner.at_end() ? std::optional(std::move(members)) : std::nullopt;
}

std::optional<std::vector<std::string_view>> json_elements(std::string_view text) {
    Scanner scanner(text);
    std::vector<std::string_view> elements;
    if (!scanner.take('[')) {
        return std::nullopt;
    }
    if (!scanner.take(']')) {
        do {
            elements.push_back(scanner.value());
            if (elements.back().empty()) {
                return std::nullopt;
            }
        } while (scanner.take(','));
        if (!scanner.take(']')) {
            return std::nullopt;
        }
    }
    return scanner.at_end() ? std::optional(std::move(elements)) : std::nullopt;
}

std::optional<std::string_view> find_member(
    const std::vector<JsonMember>& members, std::string_view name
) {
    for (const JsonMember& member : members) {
        if (member.name == name) {
            return member.value;
        }
    }
    return std::nullopt;
}

std::optional<std::string_view> plain_string(std::string_view value) {
    if (value.size() < 2 || value.front() != '"' || value.back() != '"' || value.contains('\\')) {
        return std::nullopt;
    }
    return value.substr(1, value.size() - 2);
}

}  // namespace farshore::dataplane
