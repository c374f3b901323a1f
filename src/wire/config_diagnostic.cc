#include <algorithm>
#include <string>

#include "base/text.h"
#include "wire/config_loader.h"

namespace farshore::config {

namespace {

bool continues_a_character(char c) {
    return (static_cast<unsigned char>(c) & 0xC0U) == 0x80U;
}

// Blanks as wide as `text`, tabs kept, so that what follows stands below the right character.
std::string padding_of(std::string_view text) {
    std::string out;
    for (const char c : text) {
        if (c == '\t') {
            out += '\t';
        } else if (!continues_a_character(c)) {
            out += ' ';
        }
    }
    return out;
}

}  // namespace

std::string render(const Diagnostic& diagnostic, std::string_view file, std::string_view text) {
    const bool is_error = diagnostic.severity == Severity::error;
    const std::string head = std::string{is_error ? "error[" : "warning["} + diagnostic.code +
                             "]: " + diagnostic.message;
    if (diagnostic.line == 0) {
        // No line to underline, so the hint gets one of its own.
        return head + " --> " + std::string{file} + "\n" +
               (diagnostic.hint.empty() ? "" : "  remedy: " + diagnostic.hint + "\n");
    }
    const std::string number = std::to_string(diagnostic.line);
    const std::string place =
        "--> " + std::string{file} + ":" + number + ":" + std::to_string(diagnostic.column) + "\n";
    if (!is_error) {
        return head + " " + place +
               (diagnostic.hint.empty() ? "" : "  remedy: " + diagnostic.hint + "\n");
    }
    const std::vector<std::string_view> lines = split(text, '\n');
    std::string_view line = diagnostic.line <= lines.size() ? lines[diagnostic.line - 1] : "";
    if (line.ends_with('\r')) {
        line.remove_suffix(1);
    }
    const std::size_t at = std::min(diagnostic.column - 1, line.size());
    const std::string_view marked = line.substr(at, diagnostic.length);
    const auto width = static_cast<std::size_t>(
        marked.size() -
        static_cast<std::size_t>(std::ranges::count_if(marked, continues_a_character))
    );
    const std::string gutter(number.size(), ' ');
    std::string out = head + "\n" + gutter + place;
    out += gutter + " |\n";
    out += number + " | " + std::string{line} + "\n";
    out += gutter + " | " + padding_of(line.substr(0, at)) +
           std::string(std::max<std::size_t>(1, width), '^');
    out += (diagnostic.hint.empty() ? "" : " " + diagnostic.hint) + "\n";
    if (!diagnostic.why.empty()) {
        out += gutter + " = why: " + diagnostic.why + "\n";
    }
    return out;
}

}  // namespace farshore::config
