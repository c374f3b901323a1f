#include "lab/route53/rdata.h"

#include <algorithm>
#include <arpa/inet.h>
#include <charconv>
#include <string_view>
#include <vector>

#include "base/text.h"
#include "lab/route53/domain_name.h"

namespace farshore::lab::route53 {

namespace {

constexpr std::size_t kTxtStringMax = 255;  // octets: RFC 1035's length octet
constexpr std::size_t kTxtMax = 4000;       // octets in all strings of one value: Route 53's rule

struct TypeNumber {
    std::string_view name;
    std::uint16_t number;
};

constexpr std::array<TypeNumber, 8> kNumbers{
    {{"A", 1},
     {"NS", 2},
     {"CNAME", 5},
     {"SOA", 6},
     {"PTR", 12},
     {"MX", 15},
     {"TXT", 16},
     {"AAAA", 28}}
};

template <class Number>
std::optional<Number> number_from(std::string_view text) {
    Number number = 0;
    const char* end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, number);
    return error == std::errc{} && stop == end ? std::optional{number} : std::nullopt;
}

constexpr ValueFault kTooLong{"CharacterStringTooLong", "Value is too long"};
constexpr ValueFault kNotQuoted{
    "InvalidCharacterString", "Value should be enclosed in quotation marks"
};

bool octal(char c) {
    return c >= '0' && c <= '7';
}

// The octet behind a backslash at `at`: \ooo in octal, or the character itself. nullopt: neither.
std::optional<char> escaped(std::string_view value, std::size_t& at) {
    const std::string_view rest = value.substr(at);
    if (rest.empty()) {
        return std::nullopt;
    }
    if (rest[0] < '0' || rest[0] > '9') {
        ++at;
        return rest[0];
    }
    if (rest.size() < 3 || rest[0] > '3' || !octal(rest[1]) || !octal(rest[2])) {
        return std::nullopt;
    }
    at += 3;
    return static_cast<char>((rest[0] - '0') * 64 + (rest[1] - '0') * 8 + (rest[2] - '0'));
}

// One character string from its first quotation mark at `at` to its last. nullopt: it is none.
std::optional<std::string> string_at(std::string_view value, std::size_t& at) {
    if (value[at++] != '"') {
        return std::nullopt;
    }
    std::string text;
    while (at < value.size() && value[at] != '"') {
        const char c = value[at++];
        const auto octet = c == '\\' ? escaped(value, at) : std::optional{c};
        if (!octet) {
            return std::nullopt;
        }
        text += *octet;
    }
    return at++ < value.size() ? std::optional{std::move(text)} : std::nullopt;
}

// "\"a b\" \"c\"" to its character strings.
std::expected<std::vector<std::string>, ValueFault> strings_from(std::string_view value) {
    std::vector<std::string> strings;
    std::size_t total = 0;
    for (std::size_t at = 0; at < value.size();) {
        if (value[at] == ' ') {
            ++at;
            continue;
        }
        auto text = string_at(value, at);
        if (!text) {
            return std::unexpected(kNotQuoted);
        }
        total += text->size();
        if (text->size() > kTxtStringMax || total > kTxtMax) {
            return std::unexpected(kTooLong);
        }
        strings.push_back(std::move(*text));
    }
    if (strings.empty()) {
        return std::unexpected(kNotQuoted);
    }
    return strings;
}

// Preference, then the name without compression.
std::optional<net::dns::Rdata> mx_from(std::string_view value) {
    const auto blank = value.find(' ');
    if (blank == std::string_view::npos) {
        return std::nullopt;
    }
    const auto preference = number_from<std::uint16_t>(value.substr(0, blank));
    const auto name = canonical_name(value.substr(blank + 1));
    if (!preference || !name) {
        return std::nullopt;
    }
    std::vector<std::uint8_t> bytes{
        static_cast<std::uint8_t>(*preference >> 8U), static_cast<std::uint8_t>(*preference & 0xFFU)
    };
    const std::string dns_name = to_dns_name(*name);
    for (const std::string_view label : split(dns_name, '.')) {
        bytes.push_back(static_cast<std::uint8_t>(label.size()));
        bytes.insert(bytes.end(), label.begin(), label.end());
    }
    bytes.push_back(0);
    return net::dns::Rdata{std::move(bytes)};
}

template <class Value>
std::expected<net::dns::Rdata, ValueFault> or_fault(std::optional<Value> value, ValueFault fault) {
    if (!value) {
        return std::unexpected(fault);
    }
    return net::dns::Rdata{std::move(*value)};
}

}  // namespace

std::uint16_t type_number(const std::string& type) {
    const auto found = std::ranges::find(kNumbers, std::string_view{type}, &TypeNumber::name);
    return found == kNumbers.end() ? std::uint16_t{0} : found->number;
}

std::optional<net::dns::Soa> soa_from(const std::string& value) {
    const auto parts = split(value, ' ');
    if (parts.size() != 7) {
        return std::nullopt;
    }
    const auto mname = canonical_name(parts[0]);
    const auto rname = canonical_name(parts[1]);
    std::array<std::uint32_t, 5> numbers{};
    for (std::size_t i = 0; i < numbers.size(); ++i) {
        const auto number = number_from<std::uint32_t>(parts[i + 2]);
        if (!number) {
            return std::nullopt;
        }
        numbers[i] = *number;
    }
    if (!mname || !rname) {
        return std::nullopt;
    }
    return net::dns::Soa{
        .mname = to_dns_name(*mname),
        .rname = to_dns_name(*rname),
        .serial = numbers[0],
        .refresh = numbers[1],
        .retry = numbers[2],
        .expire = numbers[3],
        .minimum = numbers[4]
    };
}

std::expected<net::dns::Rdata, ValueFault> rdata_from(
    const std::string& type, const std::string& value
) {
    if (type == "A") {
        return or_fault(
            net::dns::a_from(value),
            {"ARRDATAIllegalIPv4Address", "Value is not a valid IPv4 address"}
        );
    }
    if (type == "AAAA") {
        std::array<std::uint8_t, 16> address{};
        if (inet_pton(AF_INET6, value.c_str(), address.data()) != 1) {
            return std::unexpected(
                ValueFault{"AAAARRDATAIllegalIPv6Address", "Value is not a valid IPv6 address"}
            );
        }
        return net::dns::Rdata{address};
    }
    if (type == "CNAME" || type == "NS" || type == "PTR") {
        return or_fault(
            canonical_name(value).transform(to_dns_name),
            {"DomainNameEmpty", "Value is not a domain name"}
        );
    }
    if (type == "TXT") {
        return strings_from(value);
    }
    if (type == "SOA") {
        return or_fault(
            soa_from(value), {"SOARRDATANotSevenFields", "Value should have seven fields"}
        );
    }
    if (type == "MX") {
        return or_fault(
            mx_from(value), {"MXRRDATANotTwoFields", "Value should have a preference and a name"}
        );
    }
    return std::unexpected(ValueFault{"TypeNotServed", "The lab's DNS server has no such type"});
}

}  // namespace farshore::lab::route53
