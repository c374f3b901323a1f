#include <algorithm>
#include <charconv>
#include <cstdlib>

#include "base/text.h"
#include "base/text_file.h"
#include "wire/config_section.h"

// Single values of a configuration file: texts, durations, numbers, names, URLs, words.
namespace farshore::config {

namespace {

constexpr std::size_t kSecretBytesMax = 64 * 1024;

struct Replacement {
    std::optional<std::string> value;
    std::string problem;
    std::string hint;
};

// The inside of ${…}.
Replacement replacement_of(std::string_view inside) {
    if (inside.starts_with("env:")) {
        const std::string name{inside.substr(4)};
        // concurrency-mt-unsafe: the environment is never changed after the start of a program.
        if (const char* value = std::getenv(name.c_str())) {  // NOLINT(concurrency-mt-unsafe)
            return {.value = value, .problem = {}, .hint = {}};
        }
        return {
            .value = std::nullopt,
            .problem = "the environment has no variable " + quoted(name),
            .hint = "set " + name + " where this program starts"
        };
    }
    if (inside.starts_with("file:/")) {
        Result<std::string> value = read_text_file(
            std::string{inside.substr(5)},
            {.what = "the file",
             .remedy = "write the value into it",
             .bytes_max = kSecretBytesMax,
             .may_be_empty = true}
        );
        if (!value) {
            return {
                .value = std::nullopt,
                .problem = std::move(value.error().text),
                .hint = std::move(value.error().remedy)
            };
        }
        // No value ends in blanks or line ends on purpose.
        value->erase(value->find_last_not_of(" \t\r\n") + 1);
        return {.value = std::move(*value), .problem = {}, .hint = {}};
    }
    return {
        .value = std::nullopt,
        .problem = "`${" + std::string{inside} + "}` is not known",
        .hint = "use ${env:NAME} or ${file:/path}"
    };
}

// A quoted `true` is a text. What came from outside has no quotes of its own.
bool is_quoted(const YamlNode& node) {
    return node.quoted && !node.text.contains("${");
}

}  // namespace

std::optional<std::int64_t> whole_number(std::string_view text) {
    // A leading zero is octal in some YAML readers and decimal in others.
    if (text.empty() || (text.size() > 1 && text.front() == '0')) {
        return std::nullopt;
    }
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size()) {
        return std::nullopt;
    }
    return value;
}

void Section::wrong_type(const YamlNode& node, std::string_view key, std::string_view expected) {
    refuse(
        key, node.place, "C106", quoted(key) + " in " + what_ + " must be " + std::string{expected}
    );
}

std::optional<std::string> Section::text_of(const YamlNode& node, std::string_view key) {
    if (node.kind != YamlNode::Kind::scalar) {
        wrong_type(node, key, "one value");
        return std::nullopt;
    }
    std::string out;
    std::string_view rest = node.text;
    while (true) {
        const std::size_t from = rest.find("${");
        out += rest.substr(0, from);
        if (from == std::string_view::npos) {
            return out;
        }
        const std::size_t to = rest.find('}', from);
        if (to == std::string_view::npos) {
            refuse(key, node.place, "C112", "`${` without a closing `}`");
            return std::nullopt;
        }
        Replacement replacement = replacement_of(rest.substr(from + 2, to - from - 2));
        if (!replacement.value) {
            refuse(
                key, node.place, "C112", std::move(replacement.problem), std::move(replacement.hint)
            );
            return std::nullopt;
        }
        out += *replacement.value;
        rest = rest.substr(to + 1);
    }
}

std::optional<bool> Section::flag_of(const YamlNode& node, std::string_view key) {
    const auto text = text_of(node, key);
    if (!text) {
        return std::nullopt;
    }
    if (is_quoted(node) || (*text != "true" && *text != "false")) {
        wrong_type(node, key, "`true` or `false`");
        return std::nullopt;
    }
    return *text == "true";
}

std::optional<Duration> Section::duration_of(
    const YamlNode& node, std::string_view key, DurationRange range
) {
    const auto text = text_of(node, key);
    if (!text) {
        return std::nullopt;
    }
    const auto duration = duration_from(*text);
    if (!duration) {
        const bool bare = whole_number(*text).has_value();
        refuse(
            key,
            node.place,
            "C108",
            quoted(key) +
                (bare ? " has no unit: " + quoted(*text) : " is not a duration: " + quoted(*text)),
            bare ? "write " + *text + "s or " + *text + "ms"
                 : "a whole number and a unit: 500ms, 5s, 2m, 1h, 30d"
        );
        return std::nullopt;
    }
    if (*duration < range.least || *duration > range.most) {
        refuse(
            key,
            node.place,
            "C109",
            quoted(key) + " is out of range: " + *text,
            "from " + to_text(range.least) + " to " + to_text(range.most)
        );
        return std::nullopt;
    }
    return duration;
}

std::optional<std::int64_t> Section::number_of(
    const YamlNode& node, std::string_view key, NumberRange range
) {
    const auto text = text_of(node, key);
    if (!text) {
        return std::nullopt;
    }
    const auto number = whole_number(*text);
    if (!number || is_quoted(node)) {
        wrong_type(node, key, "a whole number");
        return std::nullopt;
    }
    if (*number < range.least || *number > range.most) {
        refuse(
            key,
            node.place,
            "C109",
            quoted(key) + " is out of range: " + *text,
            "from " + std::to_string(range.least) + " to " + std::to_string(range.most)
        );
        return std::nullopt;
    }
    return number;
}

std::optional<std::string> Section::name_of(const YamlNode& node, std::string_view key) {
    auto text = text_of(node, key);
    if (text && text->empty()) {
        refuse(key, node.place, "C106", quoted(key) + " in " + what_ + " is empty");
        return std::nullopt;
    }
    return text;
}

std::optional<std::string> Section::name_of(
    const YamlNode& node, std::string_view key, const NameForm& form
) {
    auto text = name_of(node, key);
    if (!text) {
        return std::nullopt;
    }
    if (Status good = check_name(form, *text); !good) {
        refuse(
            key, node.place, "C115", std::move(good.error().text), std::move(good.error().remedy)
        );
        return std::nullopt;
    }
    return text;
}

template <class Value>
std::optional<Value> Section::parsed_of(
    const YamlNode& node,
    std::string_view key,
    Result<Value> (*parse)(std::string_view),
    std::string_view wanted
) {
    const auto text = text_of(node, key);
    if (!text) {
        return std::nullopt;
    }
    Result<Value> parsed = parse(*text);
    if (!parsed) {
        refuse(
            key,
            node.place,
            "C116",
            quoted(key) + " in " + what_ + " is not " + std::string{wanted} + ": " +
                parsed.error().text,
            std::move(parsed.error().remedy)
        );
        return std::nullopt;
    }
    return std::move(*parsed);
}

std::optional<std::string> Section::url_of(const YamlNode& node, std::string_view key) {
    const auto url = parsed_of(node, key, &wire::parse_url, "a URL");
    return url ? std::optional{url->text()} : std::nullopt;
}

std::optional<std::string> Section::endpoint_of(const YamlNode& node, std::string_view key) {
    const auto url = parsed_of(node, key, &wire::parse_endpoint, "a URL");
    return url ? std::optional{url->text()} : std::nullopt;
}

std::optional<Listen> Section::address_port_of(const YamlNode& node, std::string_view key) {
    return parsed_of(node, key, &wire::parse_address_port, "`address:port`");
}

std::optional<std::string> Section::secret_file_of(const YamlNode& node, std::string_view key) {
    if (node.kind == YamlNode::Kind::scalar && node.text.starts_with("${file:/") &&
        node.text.ends_with('}')) {
        return node.text.substr(7, node.text.size() - 8);
    }
    auto text = text_of(node, key);
    if (text && !text->starts_with('/') && !text->starts_with("./")) {
        refuse(
            key,
            node.place,
            "C111",
            quoted(key) + " in " + what_ + " is a secret in the clear",
            "put it into a file of mode 0600 and write ${file:/path}",
            "configuration files are copied, mailed and committed; secrets in them leak"
        );
        return std::nullopt;
    }
    return text;
}

std::optional<std::size_t> Section::word_index(
    const YamlNode& node, std::string_view key, const std::vector<std::string_view>& words
) {
    const auto text = text_of(node, key);
    if (!text) {
        return std::nullopt;
    }
    const auto found = std::ranges::find(words, std::string_view{*text});
    if (found != words.end()) {
        return static_cast<std::size_t>(found - words.begin());
    }
    const auto near = did_you_mean(*text, words);
    refuse(
        key,
        node.place,
        "C110",
        quoted(*text) + " is not a value of " + quoted(key),
        near ? "did you mean " + quoted(*near) + "?" : "one of " + list_of(words)
    );
    return std::nullopt;
}

}  // namespace farshore::config
