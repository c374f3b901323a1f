#include "wire/config_section.h"

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <fstream>
#include <sstream>

#include "base/text.h"

namespace farshore::config {

namespace {

constexpr std::size_t kSecretBytesMax = 64 * 1024;
const YamlNode kAbsent;

std::string quoted(std::string_view word) {
    return "`" + std::string{word} + "`";
}

std::string list_of(const std::vector<std::string_view>& words) {
    std::string out;
    for (std::size_t i = 0; i < words.size(); ++i) {
        out += (i == 0 ? "" : i + 1 == words.size() ? " or " : ", ") + quoted(words[i]);
    }
    return out;
}

std::optional<std::string> contents_of(const std::string& path) {
    std::ifstream in{path, std::ios::binary};
    if (!in) {
        return std::nullopt;
    }
    std::string text(kSecretBytesMax + 1, '\0');
    in.read(text.data(), static_cast<std::streamsize>(text.size()));
    text.resize(static_cast<std::size_t>(in.gcount()));
    if (text.size() > kSecretBytesMax) {
        return std::nullopt;
    }
    while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) {
        text.pop_back();
    }
    return text;
}

bool is_ipv4(std::string_view text) {
    const std::vector<std::string_view> parts = split(text, '.');
    return parts.size() == 4 && std::ranges::all_of(parts, [](std::string_view part) {
               const auto value = whole_number(part);
               return value && *value >= 0 && *value <= 255;
           });
}

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
        const std::string path{inside.substr(5)};
        if (auto value = contents_of(path)) {
            return {.value = std::move(value), .problem = {}, .hint = {}};
        }
        return {
            .value = std::nullopt,
            .problem = "the file " + path + " cannot be read",
            .hint = "it must exist, be readable for this user, and be smaller than 64 KiB"
        };
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

void Findings::error(
    Place place, std::string code, std::string message, std::string hint, std::string why
) {
    diagnostics.push_back(
        {.severity = Severity::error,
         .code = std::move(code),
         .message = std::move(message),
         .line = place.line,
         .column = place.column,
         .length = place.length,
         .hint = std::move(hint),
         .why = std::move(why)}
    );
}

void Findings::warn(Place place, std::string code, std::string message) {
    diagnostics.push_back(
        {.severity = Severity::warning,
         .code = std::move(code),
         .message = std::move(message),
         .line = place.line,
         .column = place.column,
         .length = place.length,
         .hint = {},
         .why = {}}
    );
}

Section::Section(Findings& findings, const YamlNode& node, std::string what, std::string path)
    : findings_(findings), node_(node), what_(std::move(what)), path_(std::move(path)) {
    if (node.kind != YamlNode::Kind::map) {
        findings_.error(node.place, "C106", what_ + " must be a map of keys and values");
        return;
    }
    findings_.places[path_] = node.place;
    std::map<std::string_view, Place> first;
    for (const YamlEntry& entry : node.entries) {
        const auto [at, is_new] = first.emplace(entry.key, entry.key_place);
        if (!is_new) {
            findings_.error(
                entry.key_place,
                "C103",
                "key " + quoted(entry.key) + " a second time in " + what_,
                "the first is in line " + std::to_string(at->second.line)
            );
        }
    }
}

std::string Section::path_of(std::string_view key) const {
    return path_.empty() ? std::string{key} : path_ + "." + std::string{key};
}

const YamlNode* Section::find(std::string_view key) {
    known_.emplace_back(key);
    const auto entry = std::ranges::find(node_.entries, key, &YamlEntry::key);
    if (entry == node_.entries.end()) {
        return nullptr;
    }
    if (entry->value.kind == YamlNode::Kind::null) {
        const bool first_time = std::ranges::count(known_, key) == 1;
        if (first_time) {
            findings_.error(entry->key_place, "C106", "key " + quoted(key) + " has no value");
        }
        return nullptr;
    }
    findings_.places[path_of(key)] = entry->value.place;
    return &entry->value;
}

const YamlNode& Section::require(std::string_view key) {
    const bool absent =
        std::ranges::find(node_.entries, key, &YamlEntry::key) == node_.entries.end();
    const YamlNode* node = find(key);
    if (absent && node_.kind == YamlNode::Kind::map) {
        findings_.error(node_.place, "C105", "key " + quoted(key) + " is missing in " + what_);
    }
    return node != nullptr ? *node : kAbsent;
}

void Section::wrong_type(
    const YamlNode& node, std::string_view key, std::string_view expected, std::string hint
) {
    findings_.error(
        node.place,
        "C106",
        quoted(key) + " in " + what_ + " must be " + std::string{expected},
        std::move(hint)
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
            findings_.error(node.place, "C112", "`${` without a closing `}`");
            return std::nullopt;
        }
        Replacement replacement = replacement_of(rest.substr(from + 2, to - from - 2));
        if (!replacement.value) {
            findings_.error(
                node.place, "C112", std::move(replacement.problem), std::move(replacement.hint)
            );
            return std::nullopt;
        }
        out += *replacement.value;
        rest = rest.substr(to + 1);
    }
}

void Section::read(std::string_view key, std::string& out) {
    if (const YamlNode* node = find(key)) {
        if (auto text = name_of(*node, key)) {
            out = std::move(*text);
        }
    }
}

void Section::read(std::string_view key, bool& out) {
    const YamlNode* node = find(key);
    if (node == nullptr) {
        return;
    }
    const auto text = text_of(*node, key);
    if (!text) {
        return;
    }
    if (is_quoted(*node) || (*text != "true" && *text != "false")) {
        wrong_type(*node, key, "`true` or `false`");
        return;
    }
    out = *text == "true";
}

void Section::read(std::string_view key, Duration& out, DurationRange range) {
    const YamlNode* node = find(key);
    if (node == nullptr) {
        return;
    }
    const auto text = text_of(*node, key);
    if (!text) {
        return;
    }
    const auto duration = duration_from(*text);
    if (!duration) {
        const bool bare = whole_number(*text).has_value();
        findings_.error(
            node->place,
            "C108",
            quoted(key) +
                (bare ? " has no unit: " + quoted(*text) : " is not a duration: " + quoted(*text)),
            bare ? "write " + *text + "s or " + *text + "ms"
                 : "a whole number and a unit: 500ms, 5s, 2m, 1h, 30d"
        );
        return;
    }
    if (*duration < range.least || *duration > range.most) {
        findings_.error(
            node->place,
            "C109",
            quoted(key) + " is out of range: " + *text,
            "from " + to_text(range.least) + " to " + to_text(range.most)
        );
        return;
    }
    out = *duration;
}

void Section::read(std::string_view key, std::int64_t& out, NumberRange range) {
    const YamlNode* node = find(key);
    if (node == nullptr) {
        return;
    }
    const auto text = text_of(*node, key);
    if (!text) {
        return;
    }
    const auto number = whole_number(*text);
    if (!number || is_quoted(*node)) {
        wrong_type(*node, key, "a whole number");
        return;
    }
    if (*number < range.least || *number > range.most) {
        findings_.error(
            node->place,
            "C109",
            quoted(key) + " is out of range: " + *text,
            "from " + std::to_string(range.least) + " to " + std::to_string(range.most)
        );
        return;
    }
    out = *number;
}

std::optional<std::string> Section::name_of(const YamlNode& node, std::string_view key) {
    auto text = text_of(node, key);
    if (text && text->empty()) {
        findings_.error(node.place, "C106", quoted(key) + " in " + what_ + " is empty");
        return std::nullopt;
    }
    return text;
}

std::optional<std::string> Section::url_of(const YamlNode& node, std::string_view key) {
    auto text = text_of(node, key);
    if (!text) {
        return std::nullopt;
    }
    const std::size_t scheme = text->find("://");
    const bool good = (text->starts_with("http://") || text->starts_with("https://")) &&
                      text->size() > scheme + 3 && text->find_first_of(" \t#") == std::string::npos;
    if (!good) {
        wrong_type(node, key, "a URL that begins with http:// or https://");
        return std::nullopt;
    }
    return text;
}

void Section::read_url(std::string_view key, std::string& out) {
    if (const YamlNode* node = find(key)) {
        if (auto url = url_of(*node, key)) {
            out = std::move(*url);
        }
    }
}

void Section::read_listen(std::string_view key, Listen& out) {
    const YamlNode* node = find(key);
    if (node == nullptr) {
        return;
    }
    const auto text = text_of(*node, key);
    if (!text) {
        return;
    }
    const std::size_t colon = text->rfind(':');
    const auto port =
        colon == std::string::npos ? std::nullopt : whole_number(text->substr(colon + 1));
    if (!port || *port < 0 || *port > 65'535 || !is_ipv4(text->substr(0, colon))) {
        wrong_type(*node, key, "`address:port` with an IPv4 address", "for example 127.0.0.1:8642");
        return;
    }
    out = {.address = text->substr(0, colon), .port = static_cast<std::uint16_t>(*port)};
}

void Section::read_secret_file(std::string_view key, std::string& out) {
    const YamlNode* node = find(key);
    if (node == nullptr) {
        return;
    }
    if (node->kind == YamlNode::Kind::scalar && node->text.starts_with("${file:/") &&
        node->text.ends_with('}')) {
        out = node->text.substr(7, node->text.size() - 8);
        return;
    }
    auto text = text_of(*node, key);
    if (!text) {
        return;
    }
    if (!text->starts_with('/') && !text->starts_with("./")) {
        findings_.error(
            node->place,
            "C111",
            quoted(key) + " in " + what_ + " is a secret in the clear",
            "put it into a file of mode 0600 and write ${file:/path}",
            "configuration files are copied, mailed and committed; secrets in them leak"
        );
        return;
    }
    out = std::move(*text);
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
    findings_.error(
        node.place,
        "C110",
        quoted(*text) + " is not a value of " + quoted(key),
        near ? "did you mean " + quoted(*near) + "?" : "one of " + list_of(words)
    );
    return std::nullopt;
}

void Section::each_item(
    std::string_view key, const std::function<void(const YamlNode&, std::size_t)>& each
) {
    const YamlNode* node = find(key);
    if (node == nullptr) {
        return;
    }
    if (node->kind != YamlNode::Kind::sequence) {
        wrong_type(*node, key, "a list");
        return;
    }
    for (std::size_t i = 0; i < node->items.size(); ++i) {
        each(node->items[i], i);
    }
}

void Section::each_entry(std::string_view key, const std::function<void(const YamlEntry&)>& each) {
    const YamlNode* node = find(key);
    if (node == nullptr) {
        return;
    }
    // The map's keys are names, so the section is built only for its check of duplicates.
    const Section names{findings_, *node, quoted(key), path_of(key)};
    for (const YamlEntry& entry : node->entries) {
        findings_.places[path_of(key) + "." + entry.key] = entry.key_place;
        each(entry);
    }
}

void Section::inside(std::string_view key, const std::function<void(Section&)>& read_inside) {
    if (const YamlNode* node = find(key)) {
        Section section{findings_, *node, quoted(key), path_of(key)};
        if (node->kind == YamlNode::Kind::map) {
            read_inside(section);
            section.finish();
        }
    }
}

void Section::not_yet(std::string_view key) {
    if (find(key) != nullptr) {
        const auto entry = std::ranges::find(node_.entries, key, &YamlEntry::key);
        findings_.warn(entry->key_place, "C241", quoted(key) + " has no effect in this version");
    }
}

void Section::finish() {
    // A key that is both required and read was asked for twice.
    std::vector<std::string_view> known;
    for (const std::string& key : known_) {
        if (std::ranges::find(known, std::string_view{key}) == known.end()) {
            known.emplace_back(key);
        }
    }
    for (const YamlEntry& entry : node_.entries) {
        if (std::ranges::find(known, std::string_view{entry.key}) != known.end()) {
            continue;
        }
        const auto near = did_you_mean(entry.key, known);
        findings_.error(
            entry.key_place,
            "C104",
            "unknown key " + quoted(entry.key) + " in " + what_,
            near ? "did you mean " + quoted(*near) + "?" : "known here: " + list_of(known)
        );
    }
}

void refuse_plain_secret(Findings& findings, const YamlNode& node, std::string_view name) {
    if (node.kind == YamlNode::Kind::scalar && !node.text.starts_with("${")) {
        findings.error(
            node.place,
            "C111",
            quoted(name) + " is a secret in the clear",
            "write ${env:NAME} or ${file:/path}",
            "configuration files are copied, mailed and committed; secrets in them leak"
        );
    }
}

}  // namespace farshore::config
