#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "wire/config.h"

namespace farshore::config {

enum class Severity { error, warning };

// One finding in a configuration file, with its place. Line and column count from 1.
struct Diagnostic {
    Severity severity = Severity::error;
    std::string code;  // "C104"
    std::string message;
    std::size_t line = 0;
    std::size_t column = 0;
    std::size_t length = 1;  // how many characters to underline
    std::string hint;        // "did you mean `max_lag`?"
    std::string why;         // what happens without it
};

// As the operator sees it: error[C104]: …, --> file:line:col, the line with the place underlined.
[[nodiscard]] std::string render(
    const Diagnostic& diagnostic, std::string_view file, std::string_view text
);

template <class T>
struct Loaded {
    T value;
    std::vector<Diagnostic> diagnostics;  // errors make `value` unusable

    [[nodiscard]] bool ok() const {
        for (const Diagnostic& diagnostic : diagnostics) {
            if (diagnostic.severity == Severity::error) {
                return false;
            }
        }
        return true;
    }
};

// Pure: no file is read but those named by ${file:/path}.
[[nodiscard]] Loaded<Config> parse_config(std::string_view text);
[[nodiscard]] Loaded<AgentConfig> parse_agent_config(std::string_view text);

// The code of the error for a file that cannot be read at all.
inline constexpr std::string_view kUnreadableCode = "C100";

// The bytes of a configuration file. Errors: not_found, denied, malformed (a directory), all with
// kUnreadableCode.
[[nodiscard]] Result<std::string> read_config_text(const std::string& path);

// Gets each warning of a configuration that can be used.
using Warned = std::function<void(const Diagnostic&)>;

// Reads the file and renders all diagnostics into the error's text. Errors: those of
// read_config_text, malformed.
[[nodiscard]] Result<Config> load_config(const std::string& path, const Warned& warned = {});
[[nodiscard]] Result<AgentConfig> load_agent_config(
    const std::string& path, const Warned& warned = {}
);

}  // namespace farshore::config
