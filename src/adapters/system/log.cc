#include "adapters/system/log.h"

#include <spdlog/logger.h>
#include <spdlog/sinks/stdout_sinks.h>

#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

#include "adapters/system/system_clock.h"
#include "base/text.h"

namespace farshore::system {

namespace {

spdlog::level::level_enum to_spdlog(LogLevel level) {
    switch (level) {
        case LogLevel::debug: return spdlog::level::debug;
        case LogLevel::info: return spdlog::level::info;
        case LogLevel::warning: return spdlog::level::warn;
        case LogLevel::error: return spdlog::level::err;
    }
    std::unreachable();
}

// The process's log: set up once in main(), before other threads exist.
struct Log {
    LogOptions options;
    spdlog::logger logger{"farshore", std::make_shared<spdlog::sinks::stderr_sink_mt>()};

    Log() { apply(); }

    void apply() {
        logger.set_pattern("%v");
        logger.set_level(to_spdlog(options.level));
        logger.flush_on(spdlog::level::debug);
    }
};

Log& the_log() {
    static Log log;
    return log;
}

bool is_control(char c) {
    return static_cast<unsigned char>(c) < 0x20 || c == 0x7F;
}

void append_escaped(std::string& out, std::string_view text) {
    constexpr std::string_view kHex = "0123456789abcdef";
    for (const char c : text) {
        if (c == '\n') {
            out += "\\n";
        } else if (is_control(c)) {
            const auto byte = static_cast<unsigned char>(c);
            out += "\\x";
            out.push_back(kHex[byte >> 4U]);
            out.push_back(kHex[byte & 0xFU]);
        } else {
            out.push_back(c);
        }
    }
}

void append_value(std::string& out, std::string_view value) {
    if (!value.empty() && value.find_first_of(" \"=\\") == std::string_view::npos) {
        append_escaped(out, value);
        return;
    }
    out.push_back('"');
    std::string escaped;
    append_escaped(escaped, value);
    for (const char c : escaped) {
        if (c == '"') {
            out.push_back('\\');
        }
        out.push_back(c);
    }
    out.push_back('"');
}

// Each value has a bound of its own, so that a JSON line stays a whole document.
std::string bounded(std::string_view text, std::size_t bytes_max) {
    return as_utf8(text, bytes_max);
}

std::string json_line(
    const LogOptions& options,
    std::string_view at,
    LogLevel level,
    std::string_view area,
    std::string_view text,
    std::initializer_list<LogField> fields
) {
    constexpr std::size_t kValueBytesMax = 1024;
    boost::json::object line;
    line["at"] = at;
    line["level"] = to_string(level);
    line["program"] = options.program;
    line["area"] = area;
    line["text"] = bounded(text, 2 * kValueBytesMax);
    std::size_t bytes = 0;
    for (const LogField& field : fields) {
        const std::string value = bounded(field.value, kValueBytesMax);
        bytes += value.size();
        if (bytes > 4 * kValueBytesMax) {
            break;
        }
        line[field.name] = value;
    }
    return boost::json::serialize(line);
}

}  // namespace

std::string log_line(
    const LogOptions& options,
    std::string_view at,
    LogLevel level,
    std::string_view area,
    std::string_view text,
    std::initializer_list<LogField> fields
) {
    if (options.format == LogFormat::json) {
        return json_line(options, at, level, area, text, fields);
    }
    std::string line{at};
    line += ' ';
    line += to_string(level);
    line += ' ';
    line += area;
    line += ": ";
    append_escaped(line, bounded(text, kLogLineBytesMax));
    for (const LogField& field : fields) {
        line += ' ';
        line += field.name;
        line += '=';
        append_value(line, field.value);
    }
    if (line.size() > kLogLineBytesMax) {
        line.resize(beginning_of(line, kLogLineBytesMax - 3).size());
        line += "...";
    }
    return line;
}

void set_up_log(LogOptions options) {
    Log& log = the_log();
    log.options = std::move(options);
    log.apply();
}

void log(
    LogLevel level,
    std::string_view area,
    std::string_view text,
    std::initializer_list<LogField> fields
) {
    Log& log = the_log();
    const auto as_spdlog = to_spdlog(level);
    if (log.logger.should_log(as_spdlog)) {
        const std::string at = to_iso8601(SystemClock{}.wall());
        log.logger.log(
            as_spdlog, spdlog::string_view_t{log_line(log.options, at, level, area, text, fields)}
        );
    }
}

}  // namespace farshore::system
