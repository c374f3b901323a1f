#include "cli/output.h"

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <sys/ioctl.h>
#include <unistd.h>

#include <boost/json.hpp>
#include <fmt/format.h>

#include "base/printable.h"
#include "base/standard_output.h"
#include "base/text.h"

namespace farshore::cli {

namespace json = boost::json;

namespace {

// Columns on the screen: continuation bytes of UTF-8 take none.
std::size_t width_of(std::string_view text) {
    return static_cast<std::size_t>(std::ranges::count_if(text, [](char c) {
        return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U;
    }));
}

bool plain_in_yaml(std::string_view text) {
    constexpr std::string_view kSafe =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./-+ %(),";
    if (text.empty() || text.front() == ' ' || text.back() == ' ' || text.front() == '-' ||
        text.front() == '%' || text.front() == ',') {
        return false;
    }
    const bool number_like =
        (text.front() == '.' || text.front() == '+' || (text.front() >= '0' && text.front() <= '9')
        ) &&
        text.find_first_not_of("0123456789.+-abcdefABCDEFxo_") == std::string_view::npos;
    constexpr std::array<std::string_view, 9> kWords{
        "true", "false", "null", "yes", "no", "on", "off", "y", "n"
    };
    return !number_like && text.find_first_not_of(kSafe) == std::string_view::npos &&
           std::ranges::find(kWords, to_lower(text)) == kWords.end();
}

// JSON lets DEL and U+0080 to U+009F stand as they are, and a terminal acts on them.
std::string to_json(const json::value& value) {
    const std::string text = json::serialize(value);
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const auto byte = static_cast<unsigned char>(text[i]);
        const auto next = static_cast<unsigned char>(i + 1 < text.size() ? text[i + 1] : 0);
        if (byte == 0x7F) {
            out += "\\u007f";
        } else if (byte == 0xC2 && next >= 0x80 && next < 0xA0) {
            out += fmt::format("\\u{:04x}", next);
            ++i;
        } else {
            out += text[i];
        }
    }
    return out;
}

std::string yaml_scalar(const json::value& value) {
    if (const auto* text = value.if_string()) {
        const std::string_view plain{text->data(), text->size()};
        return plain_in_yaml(plain) ? std::string{plain} : to_json(value);
    }
    return to_json(value);
}

// Of several lines, which stay lines.
std::string printable_lines(std::string_view text) {
    std::string out;
    for (const std::string_view line : split(text, '\n')) {
        out += (line.data() == text.data() ? "" : "\n") + printable(line);
    }
    return out;
}

bool is_leaf(const json::value& value) {
    return (value.is_object() && value.get_object().empty()) ||
           (value.is_array() && value.get_array().empty()) ||
           (!value.is_object() && !value.is_array());
}

void write_yaml(std::string& out, const json::value& value, std::size_t indent) {
    const std::string margin(indent, ' ');
    if (const auto* object = value.if_object(); object != nullptr && !object->empty()) {
        for (const auto& [key, member] : *object) {
            out += margin + yaml_scalar(json::value(key)) + ":";
            if (is_leaf(member)) {
                out += " " + yaml_scalar(member) + "\n";
            } else {
                out += "\n";
                write_yaml(out, member, indent + 2);
            }
        }
        return;
    }
    if (const auto* array = value.if_array(); array != nullptr && !array->empty()) {
        for (const json::value& item : *array) {
            if (is_leaf(item)) {
                out += margin + "- " + yaml_scalar(item) + "\n";
                continue;
            }
            std::string inner;
            write_yaml(inner, item, indent + 2);
            inner.replace(indent, 2, "- ");
            out += inner;
        }
        return;
    }
    out += margin + yaml_scalar(value) + "\n";
}

void write_pretty(std::string& out, const json::value& value, std::size_t indent) {
    const std::string margin(indent + 2, ' ');
    const auto close = [&](char bracket) {
        out += "\n" + std::string(indent, ' ') + bracket;
    };
    if (is_leaf(value)) {
        out += to_json(value);
        return;
    }
    bool first = true;
    if (const auto* object = value.if_object()) {
        out += "{";
        for (const auto& [key, member] : *object) {
            out += (first ? "\n" : ",\n") + margin + to_json(json::string(key)) + ": ";
            write_pretty(out, member, indent + 2);
            first = false;
        }
        close('}');
        return;
    }
    out += "[";
    for (const json::value& item : value.get_array()) {
        out += (first ? "\n" : ",\n") + margin;
        write_pretty(out, item, indent + 2);
        first = false;
    }
    close(']');
}

}  // namespace

void TextTable::add(std::vector<std::string> row) {
    std::ranges::transform(row, row.begin(), [](const std::string& cell) {
        return printable(cell);
    });
    rows_.push_back(std::move(row));
}

std::string TextTable::text() const {
    std::vector<std::size_t> widths;
    for (const auto& row : rows_) {
        widths.resize(std::max(widths.size(), row.size()));
        for (std::size_t i = 0; i < row.size(); ++i) {
            widths[i] = std::max(widths[i], width_of(row[i]));
        }
    }
    std::string out;
    for (const auto& row : rows_) {
        std::string line;
        for (std::size_t i = 0; i < row.size(); ++i) {
            line += row[i];
            if (i + 1 < row.size()) {
                line += std::string(widths[i] - width_of(row[i]) + 2, ' ');
            }
        }
        // Empty cells at the end of a row would be blanks at the end of the line.
        out += line.substr(0, line.find_last_not_of(' ') + 1) + "\n";
    }
    return out;
}

std::string to_yaml(const json::value& document) {
    std::string out;
    write_yaml(out, document, 0);
    return out;
}

std::string to_pretty_json(const json::value& document) {
    std::string out;
    write_pretty(out, document, 0);
    return out + "\n";
}

void print_document(Format format, const json::value& document) {
    const std::string text = format == Format::json ? to_pretty_json(document) : to_yaml(document);
    fmt::print("{}", text);
}

void print_error(const Error& error) {
    std::string text = "error: " + error.text;
    if (!error.remedy.empty()) {
        text += "\n  remedy: " + error.remedy;
    }
    print_message(text);
}

void print_message(std::string_view text) {
    const std::string line = printable_lines(text) + "\n";
    (void)std::fwrite(line.data(), 1, line.size(), stderr);
}

void print_progress(std::string_view line) {
    const std::string text = printable_lines(line) + "\n";
    write_output(text);
    (void)std::fflush(stdout);
}

std::optional<std::size_t> line_width() {
    constexpr std::size_t kNarrowest = 40;
    const char* columns = std::getenv("COLUMNS");  // NOLINT(concurrency-mt-unsafe): never changed
    std::size_t width = 0;
    if (columns != nullptr) {
        const std::string_view text{columns};
        (void)std::from_chars(text.data(), text.data() + text.size(), width);
    }
    winsize window{};
    if (width == 0 && stdout_is_terminal() && ::ioctl(STDOUT_FILENO, TIOCGWINSZ, &window) == 0) {
        width = window.ws_col;
    }
    return width == 0 ? std::nullopt : std::optional{std::max(width, kNarrowest)};
}

namespace {

std::string folded_line(std::string_view line, std::size_t width, std::size_t indent) {
    // What the line begins with stays, as columns are made of it.
    const std::size_t start = std::min(line.find_first_not_of(' '), line.size());
    std::string out{line.substr(0, start)};
    std::size_t used = start;
    bool first_word = true;
    for (std::string_view rest = line.substr(start); !rest.empty();) {
        const std::size_t blanks = std::min(rest.find_first_not_of(' '), rest.size());
        const std::size_t end = std::min(rest.find(' ', blanks), rest.size());
        const std::string_view word = rest.substr(blanks, end - blanks);
        if (!first_word && used + blanks + width_of(word) > width) {
            out += "\n" + std::string(indent, ' ');
            used = indent;
        } else {
            out += rest.substr(0, blanks);
            used += blanks;
        }
        out += word;
        used += width_of(word);
        first_word = false;
        rest.remove_prefix(end);
    }
    return out;
}

}  // namespace

std::string folded(std::string_view text, std::size_t width, std::size_t indent) {
    std::string out;
    for (std::size_t from = 0; from <= text.size();) {
        const std::size_t end = std::min(text.find('\n', from), text.size());
        out += (from == 0 ? "" : "\n") + folded_line(text.substr(from, end - from), width, indent);
        from = end + 1;
    }
    return out;
}

std::string folded_for_people(std::string_view text, std::size_t indent) {
    const std::optional<std::size_t> width = line_width();
    return width ? folded(text, *width, std::min(indent, *width / 2)) : std::string{text};
}

bool stdout_is_terminal() {
    return ::isatty(STDOUT_FILENO) == 1;
}

bool colours_wanted() {
    const char* refused = std::getenv("NO_COLOR");  // NOLINT(concurrency-mt-unsafe): never changed
    return stdout_is_terminal() && (refused == nullptr || *refused == '\0');
}

std::string bold(std::string_view text) {
    return colours_wanted() ? fmt::format("\x1b[1m{}\x1b[0m", text) : std::string{text};
}

const json::value* value_at(const json::value& document, std::string_view path) {
    const json::value* at = &document;
    for (const std::string_view part : split(path, '/')) {
        const json::object* object = at->if_object();
        at = object == nullptr ? nullptr : object->if_contains(part);
        if (at == nullptr) {
            return nullptr;
        }
    }
    return at->is_null() ? nullptr : at;
}

const json::array& list_at(const json::value& document, std::string_view path) {
    static const json::array kNone;
    const json::value* value = value_at(document, path);
    return value != nullptr && value->is_array() ? value->get_array() : kNone;
}

const json::object& members_at(const json::value& document, std::string_view path) {
    static const json::object kNone;
    const json::value* value = value_at(document, path);
    return value != nullptr && value->is_object() ? value->get_object() : kNone;
}

std::string text_at(const json::value& document, std::string_view path) {
    const json::value* value = value_at(document, path);
    if (value == nullptr) {
        return {};
    }
    if (const auto* text = value->if_string()) {
        return printable({text->data(), text->size()});
    }
    return printable(json::serialize(*value));
}

std::int64_t number_at(const json::value& document, std::string_view path, std::int64_t otherwise) {
    const json::value* value = value_at(document, path);
    if (value == nullptr || !value->is_number()) {
        return otherwise;
    }
    boost::system::error_code error;
    const auto number = value->to_number<double>(error);
    return error ? otherwise : static_cast<std::int64_t>(number);
}

bool flag_at(const json::value& document, std::string_view path) {
    const json::value* value = value_at(document, path);
    return value != nullptr && value->is_bool() && value->get_bool();
}

std::string age_text(Duration age) {
    return age < Duration::zero() ? "-" : to_text(std::chrono::milliseconds{to_ms(age)});
}

std::string age_text(const std::optional<Duration>& age) {
    return age ? age_text(*age) : "-";
}

std::string clock_text(std::int64_t wall_ms) {
    return to_iso8601(utc_from_ms(wall_ms)).substr(11, 12);
}

}  // namespace farshore::cli
