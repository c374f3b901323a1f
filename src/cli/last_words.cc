#include "cli/last_words.h"

#include <algorithm>
#include <array>
#include <fstream>
#include <sstream>

#include "base/text.h"

namespace farshore::cli {

namespace {

// tools/exits.py has the same table, for the processes of tests.
constexpr std::array<std::string_view, 5> kAlarms{
    "assertion failed: ",  // FARSHORE_ASSERT
    "Assertion '",         // libstdc++'s
    "Sanitizer: ",         // "ERROR: AddressSanitizer: …", also Leak-, Thread- and Undefined…
    "runtime error: ",     // UBSan's
    "terminate called",    // libstdc++'s
};

constexpr std::size_t kWordsMax = 500;
// A sanitizer's report begins tens of kilobytes before its end.
constexpr std::uint64_t kReadMax = 256 * 1024;

}  // namespace

std::string alarm_in(std::string_view log) {
    for (const std::string_view line : split(log, '\n')) {
        if (std::ranges::any_of(kAlarms, [&](std::string_view alarm) {
                return line.contains(alarm);
            })) {
            return std::string{trim(line).substr(0, kWordsMax)};
        }
    }
    return {};
}

std::string last_words_in(std::string_view log) {
    std::string alarm = alarm_in(log);
    if (!alarm.empty()) {
        return alarm;
    }
    std::string_view last;
    for (const std::string_view line : split(log, '\n')) {
        last = trim(line).empty() || line.starts_with("  ") ? last : line;
    }
    return std::string{last.substr(0, kWordsMax)};
}

std::string log_from(const std::string& file, std::uint64_t offset) {
    std::ifstream in{file, std::ios::binary | std::ios::ate};
    const std::streamoff end = in.tellg();
    if (!in || end <= 0) {
        return {};
    }
    const auto size = static_cast<std::uint64_t>(end);
    const std::uint64_t begin = std::max(offset, size > kReadMax ? size - kReadMax : 0);
    in.seekg(static_cast<std::streamoff>(std::min(begin, size)));
    std::ostringstream text;
    text << in.rdbuf();
    return text.str();
}

}  // namespace farshore::cli
