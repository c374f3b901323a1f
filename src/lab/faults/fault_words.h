#pragma once

#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "lab/faults/fault_spec.h"

// Words of fault specifications, as the command line and the JSON form share them.
namespace farshore::lab {

// "a, b, c".
[[nodiscard]] std::string join(std::span<const std::string_view> words);

// Names the word, and the nearest candidate or all of them.
[[nodiscard]] std::unexpected<Error> unknown_word(
    std::string_view what, std::string_view word, std::span<const std::string_view> candidates
);

// The modes of a DynamoDB fault as people write them.
inline constexpr std::array<std::string_view, 8> kModeWords{
    "empty-dns", "refused", "timeout", "reset", "errors", "throttle", "latency", "read-only"
};

// "errors=30%", "latency=800ms", "empty-dns", "blackhole" into `spec`. Errors: malformed.
[[nodiscard]] Status read_mode(FaultSpec& spec, std::string_view text);
// The same text again.
[[nodiscard]] std::string mode_text(const FaultSpec& spec);

// The world's Regions, for remedies. Views into `world`.
[[nodiscard]] std::vector<std::string_view> region_words(const World& world);

}  // namespace farshore::lab
