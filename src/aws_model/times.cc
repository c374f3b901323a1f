#include "aws_model/times.h"

#include <array>
#include <charconv>
#include <chrono>
#include <cmath>
#include <cstdint>

#include <fmt/format.h>

#include "base/text.h"

namespace farshore::aws_model {
namespace {

namespace chrono = std::chrono;

constexpr std::array<const char*, 7> kDays{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
constexpr std::array<const char*, 12> kMonths{
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"
};

std::optional<int> digits(std::string_view text, std::size_t at, std::size_t count) {
    if (text.size() < at + count) {
        return std::nullopt;
    }
    int number = 0;
    const char* first = text.data() + at;
    const auto [end, error] = std::from_chars(first, first + count, number);
    if (error != std::errc{} || end != first + count || number < 0) {
        return std::nullopt;
    }
    return number;
}

// The digits behind a point, taken off; 0 when there is no point.
std::optional<double> take_fraction(std::string_view& text) {
    if (!text.starts_with('.')) {
        return 0;
    }
    std::size_t end = 1;
    double value = 0;
    double unit = 0.1;
    for (; end < text.size() && text[end] >= '0' && text[end] <= '9'; ++end, unit /= 10) {
        value += (text[end] - '0') * unit;
    }
    if (end == 1) {
        return std::nullopt;
    }
    text.remove_prefix(end);
    // Steps of a tenth do not add up exactly; services give milliseconds, or microseconds.
    return std::round(value * 1e6) / 1e6;
}

std::optional<int> offset_seconds(std::string_view zone) {
    if (zone == "Z" || zone == "z" || zone == " GMT") {
        return 0;
    }
    const auto hours = digits(zone, 1, 2);
    const auto minutes = digits(zone, zone.size() - 2, 2);
    if ((zone.size() != 5 && zone.size() != 6) || (zone[0] != '+' && zone[0] != '-') || !hours ||
        !minutes) {
        return std::nullopt;
    }
    return (zone[0] == '-' ? -60 : 60) * (*hours * 60 + *minutes);
}

struct Parts {
    std::optional<int> year, month, day, hour, minute, second;
};

std::optional<double> seconds_of(const Parts& parts, std::string_view rest) {
    if (!parts.year || !parts.month || !parts.day || !parts.hour || !parts.minute ||
        !parts.second) {
        return std::nullopt;
    }
    const auto fraction = take_fraction(rest);
    const auto offset = rest.size() >= 1 ? offset_seconds(rest) : std::nullopt;
    const chrono::year_month_day date{
        chrono::year{*parts.year},
        chrono::month{static_cast<unsigned>(*parts.month)},
        chrono::day{static_cast<unsigned>(*parts.day)}
    };
    if (!fraction || !offset || !date.ok() || *parts.hour > 23 || *parts.minute > 59 ||
        *parts.second > 60) {
        return std::nullopt;
    }
    const auto days = chrono::sys_days{date}.time_since_epoch().count();
    const std::int64_t whole = std::int64_t{days} * 86400 + *parts.hour * 3600 +
                               *parts.minute * 60 + *parts.second - *offset;
    return static_cast<double>(whole) + *fraction;
}

std::optional<int> month_of(std::string_view text, std::size_t at) {
    for (std::size_t i = 0; i < kMonths.size(); ++i) {
        if (text.size() >= at + 3 && text.substr(at, 3) == kMonths[i]) {
            return static_cast<int>(i) + 1;
        }
    }
    return std::nullopt;
}

}  // namespace

std::string time_text(double seconds, TimeForm form) {
    if (form == TimeForm::unix_seconds) {
        return number_text(seconds);
    }
    const auto ms = static_cast<std::int64_t>(std::llround(seconds * 1000));
    const chrono::sys_time<chrono::milliseconds> time{chrono::milliseconds{ms}};
    const auto day = chrono::floor<chrono::days>(time);
    const chrono::year_month_day date{day};
    const chrono::hh_mm_ss clock{time - day};
    const auto fraction = clock.subseconds().count();
    const std::string point = fraction == 0 ? "" : fmt::format(".{:03}", fraction);
    const auto year = static_cast<int>(date.year());
    const auto month = static_cast<unsigned>(date.month());
    const auto of_month = static_cast<unsigned>(date.day());
    const std::string of_day = fmt::format(
        "{:02}:{:02}:{:02}{}",
        clock.hours().count(),
        clock.minutes().count(),
        clock.seconds().count(),
        point
    );
    if (form == TimeForm::http_date) {
        return fmt::format(
            "{}, {:02} {} {:04} {} GMT",
            kDays.at(chrono::weekday{day}.c_encoding()),
            of_month,
            kMonths.at(month - 1),
            year,
            of_day
        );
    }
    return fmt::format("{:04}-{:02}-{:02}T{}Z", year, month, of_month, of_day);
}

boost::json::value time_value(double seconds) {
    if (seconds == std::floor(seconds) && std::abs(seconds) < 9e15) {
        return static_cast<std::int64_t>(seconds);
    }
    return seconds;
}

std::optional<double> time_from(std::string_view text) {
    double number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error == std::errc{} && end == text.data() + text.size()) {
        return number;
    }
    if (text.size() > 4 && text[3] == ',') {
        return seconds_of(
            {.year = digits(text, 12, 4),
             .month = month_of(text, 8),
             .day = digits(text, 5, 2),
             .hour = digits(text, 17, 2),
             .minute = digits(text, 20, 2),
             .second = digits(text, 23, 2)},
            text.substr(std::min<std::size_t>(25, text.size()))
        );
    }
    return seconds_of(
        {.year = digits(text, 0, 4),
         .month = digits(text, 5, 2),
         .day = digits(text, 8, 2),
         .hour = digits(text, 11, 2),
         .minute = digits(text, 14, 2),
         .second = digits(text, 17, 2)},
        text.substr(std::min<std::size_t>(19, text.size()))
    );
}

std::string number_text(double number) {
    if (std::isnan(number)) {
        return "NaN";
    }
    if (std::isinf(number)) {
        return number > 0 ? "Infinity" : "-Infinity";
    }
    if (number == std::floor(number) && std::abs(number) < 9e15) {
        return fmt::format("{}", static_cast<std::int64_t>(number));
    }
    return fmt::format("{}", number);
}

}  // namespace farshore::aws_model
