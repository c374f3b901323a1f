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

constexpr std::size_t kTxtMax = 255;

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

// "\"a b\" \"c\"" to its character strings.
std::optional<std::vector<std::string>> strings_from(std::string_view value) {
    std::vector<std::string> strings;
    for (std::size_t at = 0; at < value.size();) {
        if (value[at] == ' ') {
            ++at;
            continue;
        }
        if (value[at++] != '"') {
            return std::nullopt;
        }
        std::string text;
        while (at < value.size() && value[at] != '"') {
            at += value[at] == '\\' && at + 1 < value.size() ? 1 : 0;
            text += value[at++];
        }
        if (at++ >= value.size() || text.size() > kTxtMax) {
            return std::nullopt;
        }
        strings.push_back(std::move(text));
    }
    return strings.empty() ? std::nullopt : std::optional{std::move(strings)};
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

std::optional<net::dns::Rdata> rdata_from(const std::string& type, const std::string& value) {
    if (type == "A") {
        const auto address = net::dns::a_from(value);
        return address ? std::optional<net::dns::Rdata>{*address} : std::nullopt;
    }
    if (type == "AAAA") {
        std::array<std::uint8_t, 16> address{};
        if (inet_pton(AF_INET6, value.c_str(), address.data()) != 1) {
            return std::nullopt;
        }
        return net::dns::Rdata{address};
    }
    if (type == "CNAME" || type == "NS" || type == "PTR") {
        const auto name = canonical_name(value);
        return name ? std::optional<net::dns::Rdata>{to_dns_name(*name)} : std::nullopt;
    }
    if (type == "TXT") {
        auto strings = strings_from(value);
        return strings ? std::optional<net::dns::Rdata>{std::move(*strings)} : std::nullopt;
    }
    if (type == "SOA") {
        const auto soa = soa_from(value);
        return soa ? std::optional<net::dns::Rdata>{*soa} : std::nullopt;
    }
    if (type == "MX") {
        return mx_from(value);
    }
    return std::nullopt;
}

}  // namespace farshore::lab::route53
