#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

#include "base/enum_names.h"

// The log of a process: one line per event on stderr, for people (plain) or for machines (json).
// What comes from outside (names, error texts) cannot break a line: control characters are escaped,
// and a line has a bound. Secrets never belong here. Thread-safe.
namespace farshore::system {

enum class LogLevel : std::uint8_t { debug, info, warning, error };
inline constexpr std::array<std::string_view, 4> kLogLevelNames{
    "debug", "info", "warning", "error"
};

constexpr const auto& names_of(LogLevel) {
    return kLogLevelNames;
}

enum class LogFormat : std::uint8_t { plain, json };
inline constexpr std::array<std::string_view, 2> kLogFormatNames{"plain", "json"};

constexpr const auto& names_of(LogFormat) {
    return kLogFormatNames;
}

inline constexpr std::size_t kLogLineBytesMax = 8192;

struct LogOptions {
    std::string program;  // "farshore-agent"
    LogFormat format = LogFormat::plain;
    LogLevel level = LogLevel::info;
};

// Once, before the first line; without it lines go to stderr in plain form.
void set_up_log(LogOptions options);

struct LogField {
    std::string_view name;
    std::string value;
};

// `area`: the part of the program that speaks ("link", "ledger"). Fields in the order given.
void log(
    LogLevel level,
    std::string_view area,
    std::string_view text,
    std::initializer_list<LogField> fields = {}
);

inline void log_info(
    std::string_view area, std::string_view text, std::initializer_list<LogField> fields = {}
) {
    log(LogLevel::info, area, text, fields);
}

inline void log_warning(
    std::string_view area, std::string_view text, std::initializer_list<LogField> fields = {}
) {
    log(LogLevel::warning, area, text, fields);
}

inline void log_error(
    std::string_view area, std::string_view text, std::initializer_list<LogField> fields = {}
) {
    log(LogLevel::error, area, text, fields);
}

// The line that `log` writes, without its newline. Pure.
[[nodiscard]] std::string log_line(
    const LogOptions& options,
    std::string_view at,
    LogLevel level,
    std::string_view area,
    std::string_view text,
    std::initializer_list<LogField> fields
);

}  // namespace farshore::system
