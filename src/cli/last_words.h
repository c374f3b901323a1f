#pragma once

#include <cstdint>
#include <string>
#include <string_view>

// What a program said that has ended: of its log, the line that tells why.
namespace farshore::cli {

// The first line that a bug wrote: an assertion, a sanitizer's report, a C++ run time that gives
// up. Empty: there is none. A program that ended well says nothing of the kind.
[[nodiscard]] std::string alarm_in(std::string_view log);

// alarm_in(), else the last line that is no remedy and no place (those are indented); at most 500
// bytes. Empty: it said nothing.
[[nodiscard]] std::string last_words_in(std::string_view log);

// The file from `offset` on, of a long one the end. Empty where there is nothing to read.
[[nodiscard]] std::string log_from(const std::string& file, std::uint64_t offset);

}  // namespace farshore::cli
