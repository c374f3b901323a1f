#include "lab/dynamo/decimal.h"

#include <algorithm>
#include <charconv>

namespace farshore::lab::dynamo {
namespace {

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

// Takes leading digits away from `text`.
std::string_view take_digits(std::string_view& text) {
    std::size_t count = 0;
    while (count < text.size() && is_digit(text[count])) {
        ++count;
    }
    const std::string_view digits = text.substr(0, count);
    text.remove_prefix(count);
    return digits;
}

bool take_sign(std::string_view& text) {
    const bool negative = text.starts_with('-');
    if (negative || text.starts_with('+')) {
        text.remove_prefix(1);
    }
    return negative;
}

// a >= b, both of the same width.
std::string subtract(std::string a, std::string_view b) {
    int borrow = 0;
    for (std::size_t i = a.size(); i-- > 0;) {
        int digit = (a[i] - '0') - (b[i] - '0') - borrow;
        borrow = digit < 0 ? 1 : 0;
        digit += borrow * 10;
        a[i] = static_cast<char>('0' + digit);
    }
    return a;
}

std::string add(std::string a, std::string_view b) {
    int carry = 0;
    for (std::size_t i = a.size(); i-- > 0;) {
        const int digit = (a[i] - '0') + (b[i] - '0') + carry;
        carry = digit / 10;
        a[i] = static_cast<char>('0' + digit % 10);
    }
    a.insert(a.begin(), static_cast<char>('0' + carry));
    return a;
}

}  // namespace

std::expected<Decimal, DecimalFault> Decimal::from_digits(
    bool negative, std::string_view digits, long long exponent
) {
    const std::size_t first = digits.find_first_not_of('0');
    if (first == std::string_view::npos) {
        return Decimal{};
    }
    const std::size_t last = digits.find_last_not_of('0');
    const std::string_view significant = digits.substr(first, last - first + 1);
    exponent -= static_cast<long long>(first);
    if (exponent > kExponentMax) {
        return std::unexpected(DecimalFault::overflow);
    }
    if (exponent < kExponentMin) {
        return std::unexpected(DecimalFault::underflow);
    }
    if (significant.size() > kDigitsMax) {
        return std::unexpected(DecimalFault::too_many_digits);
    }
    Decimal value;
    value.digits_ = significant;
    value.exponent_ = static_cast<int>(exponent);
    value.negative_ = negative;
    return value;
}

std::expected<Decimal, DecimalFault> Decimal::parse(std::string_view text) {
    const bool negative = take_sign(text);
    std::string digits{take_digits(text)};
    const auto whole = static_cast<long long>(digits.size());
    if (text.starts_with('.')) {
        text.remove_prefix(1);
        digits += take_digits(text);
    }
    if (digits.empty()) {
        return std::unexpected(DecimalFault::not_a_number);
    }
    long long exponent = 0;
    if (!text.empty() && (text.front() == 'e' || text.front() == 'E')) {
        text.remove_prefix(1);
        const bool negative_exponent = take_sign(text);
        std::string_view power = take_digits(text);
        if (power.empty()) {
            return std::unexpected(DecimalFault::not_a_number);
        }
        power.remove_prefix(std::min(power.find_first_not_of('0'), power.size()));
        // Nine digits are far beyond the range already, whatever precedes them.
        power = power.substr(0, 9);
        if (!power.empty()) {
            std::from_chars(power.data(), power.data() + power.size(), exponent);
        }
        exponent = negative_exponent ? -exponent : exponent;
    }
    if (!text.empty()) {
        return std::unexpected(DecimalFault::not_a_number);
    }
    return from_digits(negative, digits, exponent + whole - 1);
}

Decimal Decimal::from_integer(long long value) {
    return *parse(std::to_string(value));  // at most 20 digits: always in range
}

std::string Decimal::text() const {
    if (is_zero()) {
        return "0";
    }
    std::string out = negative_ ? "-" : "";
    const int count = static_cast<int>(digits_.size());
    if (exponent_ < 0) {
        out += "0.";
        const int zeros = -exponent_ - 1;
        out.append(static_cast<std::size_t>(zeros), '0');
        return out + digits_;
    }
    if (exponent_ >= count - 1) {
        out += digits_;
        const int zeros = exponent_ - count + 1;
        out.append(static_cast<std::size_t>(zeros), '0');
        return out;
    }
    const auto whole = static_cast<std::size_t>(exponent_ + 1);
    return out + digits_.substr(0, whole) + "." + digits_.substr(whole);
}

std::string Decimal::canonical() const {
    if (is_zero()) {
        return "0";
    }
    std::string out = negative_ ? "-" : "";
    out += digits_.front();
    if (digits_.size() > 1) {
        out += "." + digits_.substr(1);
    }
    out += exponent_ < 0 ? "E-" : "E+";
    return out + std::to_string(std::abs(exponent_));
}

std::string Decimal::ordered_bytes() const {
    // Sign, exponent, digits in pairs, end mark; all complemented for negative numbers. Pairs are
    // 1..100, so the end mark 0 sorts before any further digit.
    if (is_zero()) {
        return std::string{"\x80"};
    }
    std::string out{"\xC0"};
    out += static_cast<char>(static_cast<unsigned char>(exponent_ - kExponentMin));
    for (std::size_t i = 0; i < digits_.size(); i += 2) {
        const int low = i + 1 < digits_.size() ? digits_[i + 1] - '0' : 0;
        out += static_cast<char>((digits_[i] - '0') * 10 + low + 1);
    }
    out += '\0';
    if (negative_) {
        for (char& c : out) {
            c = static_cast<char>(~static_cast<unsigned char>(c));
        }
    }
    return out;
}

std::size_t Decimal::stored_size() const {
    return (digits_.size() + 1) / 2 + 1 + (negative_ ? 1U : 0U);
}

Decimal Decimal::negated() const {
    Decimal value = *this;
    value.negative_ = !negative_ && !is_zero();
    return value;
}

std::string Decimal::aligned(int lowest, std::size_t width) const {
    std::string out = digits_;
    const int own_lowest = exponent_ - static_cast<int>(digits_.size()) + 1;
    out.append(static_cast<std::size_t>(own_lowest - lowest), '0');
    out.insert(0, width - out.size(), '0');
    return out;
}

std::expected<Decimal, DecimalFault> Decimal::plus(const Decimal& other) const {
    if (is_zero()) {
        return other;
    }
    if (other.is_zero()) {
        return *this;
    }
    const auto lowest_of = [](const Decimal& d) {
        return d.exponent_ - static_cast<int>(d.digits_.size()) + 1;
    };
    const int lowest = std::min(lowest_of(*this), lowest_of(other));
    const int highest = std::max(exponent_, other.exponent_);
    const int places = highest - lowest + 1;  // at most 294
    const auto width = static_cast<std::size_t>(places);
    const std::string a = aligned(lowest, width);
    const std::string b = other.aligned(lowest, width);
    if (negative_ == other.negative_) {
        return from_digits(negative_, add(a, b), highest + 1);
    }
    if (a >= b) {
        return from_digits(negative_, subtract(a, b), highest);
    }
    return from_digits(other.negative_, subtract(b, a), highest);
}

std::strong_ordering operator<=>(const Decimal& a, const Decimal& b) {
    const auto sign = [](const Decimal& d) {
        return d.is_zero() ? 0 : (d.negative_ ? -1 : 1);
    };
    if (sign(a) != sign(b)) {
        return sign(a) <=> sign(b);
    }
    if (a.is_zero()) {
        return std::strong_ordering::equal;
    }
    const Decimal& small = a.negative_ ? b : a;
    const Decimal& large = a.negative_ ? a : b;
    if (small.exponent_ != large.exponent_) {
        return small.exponent_ <=> large.exponent_;
    }
    return small.digits_ <=> large.digits_;  // same exponent: a longer tail is a greater magnitude
}

}  // namespace farshore::lab::dynamo
