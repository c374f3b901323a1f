#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"

// Text forms that have no home of their own: hexadecimal, base64, ISO 8601, durations, HTTP names.
namespace farshore {

[[nodiscard]] std::string to_hex(std::span<const std::uint8_t> bytes);  // lower case

[[nodiscard]] std::string to_base64(std::string_view bytes);
// nullopt: not canonical base64 with padding.
[[nodiscard]] std::optional<std::string> from_base64(std::string_view text);

// "2026-11-23T13:05:09.123Z".
[[nodiscard]] std::string to_iso8601(UtcTime time);
// "20261123T130509Z", the form of X-Amz-Date.
[[nodiscard]] std::string to_amz_date(UtcTime time);
// Accepts what to_iso8601 writes, with or without fraction. nullopt: not a time.
[[nodiscard]] std::optional<UtcTime> from_iso8601(std::string_view text);

// "250ms", "1.5s", "4m10s", "2h": for people.
[[nodiscard]] std::string to_text(Duration duration);
// "500ms", "5s", "2m", "1h", "30d"; a unit is mandatory. nullopt: not a duration.
[[nodiscard]] std::optional<Duration> duration_from(std::string_view text);

[[nodiscard]] std::string to_lower(std::string_view text);                        // ASCII
[[nodiscard]] bool equals_ignoring_case(std::string_view a, std::string_view b);  // ASCII
[[nodiscard]] std::string_view trim(std::string_view text);                       // blanks and tabs
[[nodiscard]] std::vector<std::string_view> split(
    std::string_view text, char by
);  // keeps empty parts

// Its beginning of at most so many bytes, not cut inside of a character of UTF-8.
[[nodiscard]] std::string_view beginning_of(std::string_view text, std::size_t bytes_max);
// The same, with each byte that is no UTF-8 replaced by '?': one of them makes a JSON reader refuse
// a whole document.
[[nodiscard]] std::string as_utf8(std::string_view text, std::size_t bytes_max);

// The candidate nearest to `word` by edit distance, when near enough to be a slip of the fingers.
[[nodiscard]] std::optional<std::string_view> did_you_mean(
    std::string_view word, std::span<const std::string_view> candidates
);

// "a, b, c", of strings or of names (base/ids.h).
template <class Words>
[[nodiscard]] std::string joined(const Words& words) {
    std::string text;
    for (const auto& word : words) {
        if (!text.empty()) {
            text += ", ";
        }
        if constexpr (requires { word.value(); }) {
            text += word.value();
        } else {
            text += word;
        }
    }
    return text;
}

}  // namespace farshore
