#include "lab/faults/fault_words.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "base/text.h"

namespace farshore::lab {

namespace {

constexpr Duration kLatencyMax = std::chrono::minutes{1};

std::string underscored(std::string_view word) {
    std::string text{word};
    std::ranges::replace(text, '-', '_');
    return text;
}

std::string hyphenated(std::string_view word) {
    std::string text{word};
    std::ranges::replace(text, '_', '-');
    return text;
}

}  // namespace

std::string join(std::span<const std::string_view> words) {
    std::string text;
    for (const std::string_view word : words) {
        text += (text.empty() ? "" : ", ") + std::string{word};
    }
    return text;
}

std::unexpected<Error> unknown_word(
    std::string_view what, std::string_view word, std::span<const std::string_view> candidates
) {
    const auto near = did_you_mean(word, candidates);
    std::string remedy =
        near ? "did you mean \"" + std::string{*near} + "\"?" : "one of: " + join(candidates);
    return fail(
        ErrorKind::malformed,
        "unknown " + std::string{what} + " \"" + std::string{word} + "\"",
        std::move(remedy)
    );
}

Status read_mode(FaultSpec& spec, std::string_view text) {
    const auto equals = text.find('=');
    const std::string word = underscored(text.substr(0, equals));
    const auto mode = word == "blackhole" ? DynamoMode::timeout : enum_from<DynamoMode>(word);
    if (!mode) {
        return unknown_word("mode", text.substr(0, equals), kModeWords);
    }
    spec.mode = *mode;
    const bool has_value = equals != std::string_view::npos;
    std::string_view value = has_value ? text.substr(equals + 1) : std::string_view{};
    if (spec.mode == DynamoMode::errors) {
        if (value.ends_with('%')) {
            value.remove_suffix(1);
        }
        const char* end = value.data() + value.size();
        const auto [stop, error] = std::from_chars(value.data(), end, spec.percent);
        if (error != std::errc{} || stop != end || spec.percent < 1 || spec.percent > 100) {
            return fail(
                ErrorKind::malformed,
                "mode errors needs a share from 1% to 100%",
                "write it as errors=30%"
            );
        }
        return {};
    }
    if (spec.mode == DynamoMode::latency) {
        const auto latency = duration_from(value);
        if (!latency || *latency <= Duration{} || *latency > kLatencyMax) {
            return fail(
                ErrorKind::malformed,
                "mode latency needs a duration up to 1m",
                "write it as latency=800ms"
            );
        }
        spec.latency = *latency;
        return {};
    }
    if (has_value) {
        return fail(
            ErrorKind::malformed,
            "mode " + hyphenated(to_string(spec.mode)) + " takes no value",
            "leave \"=" + std::string{value} + "\" out"
        );
    }
    return {};
}

std::string mode_text(const FaultSpec& spec) {
    std::string text = hyphenated(to_string(spec.mode));
    if (spec.mode == DynamoMode::errors) {
        text += "=" + std::to_string(spec.percent) + "%";
    } else if (spec.mode == DynamoMode::latency) {
        text += "=" + std::to_string(to_ms(spec.latency)) + "ms";
    }
    return text;
}

std::vector<std::string_view> region_words(const World& world) {
    std::vector<std::string_view> words;
    for (const RegionId& region : world.regions) {
        words.push_back(region.value());
    }
    return words;
}

}  // namespace farshore::lab
