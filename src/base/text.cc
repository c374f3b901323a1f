#include "base/text.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <limits>

namespace farshore {

namespace {

constexpr std::string_view kHexDigits = "0123456789abcdef";
constexpr std::string_view kBase64Digits =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

constexpr char lower(char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

constexpr bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

struct CivilTime {
    int year;
    unsigned month;
    unsigned day;
    int hour;
    int minute;
    int second;
    int milli;
};

CivilTime civil(UtcTime time) {
    namespace chrono = std::chrono;
    const chrono::sys_time<chrono::milliseconds> sys{chrono::milliseconds{to_ms(time)}};
    const auto day = chrono::floor<chrono::days>(sys);
    const chrono::year_month_day date{day};
    const chrono::hh_mm_ss clock{sys - day};
    return {
        .year = static_cast<int>(date.year()),
        .month = static_cast<unsigned>(date.month()),
        .day = static_cast<unsigned>(date.day()),
        .hour = static_cast<int>(clock.hours().count()),
        .minute = static_cast<int>(clock.minutes().count()),
        .second = static_cast<int>(clock.seconds().count()),
        .milli = static_cast<int>(clock.subseconds().count())
    };
}

// A fixed-width run of digits at `at`; nullopt when there is something else.
std::optional<int> digits(std::string_view text, std::size_t at, std::size_t count) {
    if (at + count > text.size()) {
        return std::nullopt;
    }
    int value = 0;
    for (const char c : text.substr(at, count)) {
        if (!is_digit(c)) {
            return std::nullopt;
        }
        value = value * 10 + (c - '0');
    }
    return value;
}

struct Unit {
    std::string_view name;
    Duration length;
};

constexpr std::array<Unit, 7> kUnits{{
    {"d", std::chrono::hours{24}},
    {"h", std::chrono::hours{1}},
    {"m", std::chrono::minutes{1}},
    {"s", std::chrono::seconds{1}},
    {"ms", std::chrono::milliseconds{1}},
    {"us", std::chrono::microseconds{1}},
    {"ns", std::chrono::nanoseconds{1}},
}};

}  // namespace

std::string to_hex(std::span<const std::uint8_t> bytes) {
    std::string out;
    out.reserve(bytes.size() * 2);
    for (const std::uint8_t byte : bytes) {
        out.push_back(kHexDigits[byte >> 4U]);
        out.push_back(kHexDigits[byte & 0xFU]);
    }
    return out;
}

std::string to_base64(std::string_view bytes) {
    std::string out;
    out.reserve((bytes.size() + 2) / 3 * 4);
    for (std::size_t i = 0; i < bytes.size(); i += 3) {
        const std::size_t left = std::min<std::size_t>(3, bytes.size() - i);
        std::uint32_t group = 0;
        for (std::size_t k = 0; k < 3; ++k) {
            group = (group << 8U) | (k < left ? static_cast<std::uint8_t>(bytes[i + k]) : 0U);
        }
        for (std::size_t k = 0; k < 4; ++k) {
            out.push_back(k <= left ? kBase64Digits[(group >> (18U - 6U * k)) & 0x3FU] : '=');
        }
    }
    return out;
}

std::optional<std::string> from_base64(std::string_view text) {
    if (text.size() % 4 != 0) {
        return std::nullopt;
    }
    std::string out;
    out.reserve(text.size() / 4 * 3);
    for (std::size_t i = 0; i < text.size(); i += 4) {
        const bool last = i + 4 == text.size();
        const std::size_t padding =
            last && text[i + 3] == '=' ? (text[i + 2] == '=' ? 2U : 1U) : 0U;
        std::uint32_t group = 0;
        for (std::size_t k = 0; k < 4; ++k) {
            std::uint32_t digit = 0;
            if (k < 4 - padding) {
                const std::size_t found = kBase64Digits.find(text[i + k]);
                if (found == std::string_view::npos) {
                    return std::nullopt;
                }
                digit = static_cast<std::uint32_t>(found);
            }
            group = (group << 6U) | digit;
        }
        // Bits that padding makes meaningless must be zero, or two texts would mean the same bytes.
        if (padding > 0 &&
            (group & ((1U << (8U * static_cast<std::uint32_t>(padding))) - 1U)) != 0) {
            return std::nullopt;
        }
        for (std::size_t k = 0; k < 3 - padding; ++k) {
            out.push_back(static_cast<char>((group >> (16U - 8U * k)) & 0xFFU));
        }
    }
    return out;
}

std::string to_iso8601(UtcTime time) {
    const CivilTime t = civil(time);
    std::array<char, 64> text{};
    (void)std::snprintf(
        text.data(),
        text.size(),
        "%04d-%02u-%02uT%02d:%02d:%02d.%03dZ",
        t.year,
        t.month,
        t.day,
        t.hour,
        t.minute,
        t.second,
        t.milli
    );
    return text.data();
}

std::string to_amz_date(UtcTime time) {
    const CivilTime t = civil(time);
    std::array<char, 64> text{};
    (void)std::snprintf(
        text.data(),
        text.size(),
        "%04d%02u%02uT%02d%02d%02dZ",
        t.year,
        t.month,
        t.day,
        t.hour,
        t.minute,
        t.second
    );
    return text.data();
}

std::optional<UtcTime> from_iso8601(std::string_view text) {
    namespace chrono = std::chrono;
    const auto year = digits(text, 0, 4);
    const auto month = digits(text, 5, 2);
    const auto day = digits(text, 8, 2);
    const auto hour = digits(text, 11, 2);
    const auto minute = digits(text, 14, 2);
    const auto second = digits(text, 17, 2);
    if (!year || !month || !day || !hour || !minute || !second) {
        return std::nullopt;
    }
    if (text[4] != '-' || text[7] != '-' || text[10] != 'T' || text[13] != ':' || text[16] != ':') {
        return std::nullopt;
    }
    std::string_view rest = text.substr(19);
    int milli = 0;
    if (rest.starts_with('.')) {
        const auto fraction = digits(rest, 1, 3);
        if (!fraction) {
            return std::nullopt;
        }
        milli = *fraction;
        rest.remove_prefix(4);
    }
    const chrono::year_month_day date{
        chrono::year{*year},
        chrono::month{static_cast<unsigned>(*month)},
        chrono::day{static_cast<unsigned>(*day)}
    };
    if (rest != "Z" || !date.ok() || *hour > 23 || *minute > 59 || *second > 59) {
        return std::nullopt;
    }
    const auto since_epoch = chrono::sys_days{date}.time_since_epoch() + chrono::hours{*hour} +
                             chrono::minutes{*minute} + chrono::seconds{*second};
    return utc_from_ms(chrono::duration_cast<chrono::milliseconds>(since_epoch).count() + milli);
}

std::string to_text(Duration duration) {
    using std::chrono::milliseconds;
    if (duration < Duration::zero()) {
        return "-" + to_text(-duration);
    }
    const std::int64_t ms = to_ms(duration);
    if (ms < 1000) {
        return std::to_string(ms) + "ms";
    }
    if (ms < 60'000) {
        const std::int64_t tenths = ms / 100;
        const std::string whole = std::to_string(tenths / 10);
        return tenths % 10 == 0 ? whole + "s" : whole + "." + std::to_string(tenths % 10) + "s";
    }
    std::string out;
    std::int64_t left = ms / 1000;
    constexpr std::array<std::pair<std::int64_t, char>, 4> kParts{
        {{86400, 'd'}, {3600, 'h'}, {60, 'm'}, {1, 's'}}
    };
    for (const auto& [length, unit] : kParts) {
        if (left >= length) {
            out += std::to_string(left / length) + unit;
            left %= length;
        }
    }
    return out;
}

std::optional<Duration> duration_from(std::string_view text) {
    std::size_t at = 0;
    std::int64_t value = 0;
    while (at < text.size() && is_digit(text[at])) {
        if (value > std::numeric_limits<std::int32_t>::max()) {
            return std::nullopt;
        }
        value = value * 10 + (text[at] - '0');
        ++at;
    }
    if (at == 0) {
        return std::nullopt;
    }
    const auto unit = std::ranges::find(kUnits, text.substr(at), &Unit::name);
    if (unit == kUnits.end()) {
        return std::nullopt;
    }
    if (value > std::numeric_limits<std::int64_t>::max() / unit->length.count()) {
        return std::nullopt;
    }
    return value * unit->length;
}

std::string to_lower(std::string_view text) {
    std::string out{text};
    std::ranges::transform(out, out.begin(), lower);
    return out;
}

bool equals_ignoring_case(std::string_view a, std::string_view b) {
    return std::ranges::equal(a, b, [](char x, char y) { return lower(x) == lower(y); });
}

std::string_view trim(std::string_view text) {
    const auto is_blank = [](char c) {
        return c == ' ' || c == '\t';
    };
    while (!text.empty() && is_blank(text.front())) {
        text.remove_prefix(1);
    }
    while (!text.empty() && is_blank(text.back())) {
        text.remove_suffix(1);
    }
    return text;
}

std::vector<std::string_view> split(std::string_view text, char by) {
    std::vector<std::string_view> parts;
    std::size_t from = 0;
    while (true) {
        const std::size_t to = text.find(by, from);
        parts.push_back(text.substr(from, to == std::string_view::npos ? to : to - from));
        if (to == std::string_view::npos) {
            return parts;
        }
        from = to + 1;
    }
}

std::string_view beginning_of(std::string_view text, std::size_t bytes_max) {
    if (text.size() <= bytes_max) {
        return text;
    }
    const auto goes_on = [text](std::size_t at) {
        return (static_cast<unsigned char>(text[at]) & 0xC0U) == 0x80U;
    };
    std::size_t end = bytes_max;
    while (end > 0 && bytes_max - end < 3 && goes_on(end)) {
        --end;
    }
    return text.substr(0, goes_on(end) ? bytes_max : end);
}

namespace {

// Of the first character; 0: it is no UTF-8 (RFC 3629: no overlong forms, no surrogates).
std::size_t character_bytes(std::string_view text) {
    const auto byte = [text](std::size_t at) {
        return static_cast<unsigned char>(text[at]);
    };
    const unsigned lead = byte(0);
    if (lead < 0x80) {
        return 1;
    }
    const std::size_t size = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
    if (lead < 0xC2 || lead > 0xF4 || text.size() < size) {
        return 0;
    }
    for (std::size_t at = 1; at < size; ++at) {
        if ((byte(at) & 0xC0U) != 0x80U) {
            return 0;
        }
    }
    const unsigned second = byte(1);
    const bool overlong = (lead == 0xE0 && second < 0xA0) || (lead == 0xF0 && second < 0x90);
    const bool outside = (lead == 0xED && second > 0x9F) || (lead == 0xF4 && second > 0x8F);
    return overlong || outside ? 0 : size;
}

}  // namespace

std::string as_utf8(std::string_view text, std::size_t bytes_max) {
    text = beginning_of(text, bytes_max);
    std::string out;
    out.reserve(text.size());
    while (!text.empty()) {
        const std::size_t bytes = character_bytes(text);
        out += bytes == 0 ? std::string_view{"?"} : text.substr(0, bytes);
        text.remove_prefix(std::max<std::size_t>(bytes, 1));
    }
    return out;
}

namespace {

std::size_t edit_distance(std::string_view a, std::string_view b) {
    std::vector<std::size_t> row(b.size() + 1);
    for (std::size_t j = 0; j <= b.size(); ++j) {
        row[j] = j;
    }
    for (std::size_t i = 1; i <= a.size(); ++i) {
        std::size_t diagonal = row[0];
        row[0] = i;
        for (std::size_t j = 1; j <= b.size(); ++j) {
            const std::size_t above = row[j];
            const std::size_t replaced = diagonal + (lower(a[i - 1]) == lower(b[j - 1]) ? 0U : 1U);
            row[j] = std::min({replaced, above + 1, row[j - 1] + 1});
            diagonal = above;
        }
    }
    return row[b.size()];
}

}  // namespace

std::optional<std::string_view> did_you_mean(
    std::string_view word, std::span<const std::string_view> candidates
) {
    // A third of the word may be wrong: "max_lagg" finds "max_lag", "colour" does not find
    // "quorum".
    std::size_t nearest = std::max<std::size_t>(2, word.size() / 3) + 1;
    std::optional<std::string_view> found;
    for (const std::string_view candidate : candidates) {
        const std::size_t distance = edit_distance(word, candidate);
        if (distance < nearest) {
            nearest = distance;
            found = candidate;
        }
    }
    return found;
}

}  // namespace farshore
