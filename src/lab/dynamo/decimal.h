#pragma once

#include <compare>
#include <expected>
#include <string>
#include <string_view>

namespace farshore::lab::dynamo {

enum class DecimalFault { not_a_number, too_many_digits, overflow, underflow };

// DynamoDB's number: up to 38 significant digits, magnitudes from 1E-130 to 9.99...E+125, and
// exact arithmetic. Never a double. A value has one representation only, so equality is simple.
class Decimal {
  public:
    static constexpr int kDigitsMax = 38;
    static constexpr int kExponentMax = 125;
    static constexpr int kExponentMin = -130;

    Decimal() = default;  // zero

    // "-12.50", "+1e3", ".5": what DynamoDB accepts.
    [[nodiscard]] static std::expected<Decimal, DecimalFault> parse(std::string_view text);
    [[nodiscard]] static Decimal from_integer(long long value);

    // As DynamoDB answers: no exponent, no superfluous zeros.
    [[nodiscard]] std::string text() const;
    // One form per value: "0", "-1.25E+2".
    [[nodiscard]] std::string canonical() const;
    // Bytes whose memcmp order is the numeric order; no encoding is a prefix of another.
    [[nodiscard]] std::string ordered_bytes() const;

    [[nodiscard]] bool is_zero() const { return digits_.empty(); }

    // What the number counts for in an item's size.
    [[nodiscard]] std::size_t stored_size() const;

    [[nodiscard]] Decimal negated() const;
    [[nodiscard]] std::expected<Decimal, DecimalFault> plus(const Decimal& other) const;

    friend std::strong_ordering operator<=>(const Decimal& a, const Decimal& b);
    friend bool operator==(const Decimal& a, const Decimal& b) = default;

  private:
    // Rounds nothing: too many digits are an error.
    [[nodiscard]] static std::expected<Decimal, DecimalFault> from_digits(
        bool negative, std::string_view digits, long long exponent
    );
    [[nodiscard]] std::string aligned(int lowest, std::size_t width) const;

    // The value is 0 when there are no digits, else ±d.ddd * 10^exponent_; the first and the last
    // digit are not '0'.
    std::string digits_;
    int exponent_ = 0;
    bool negative_ = false;
};

}  // namespace farshore::lab::dynamo
