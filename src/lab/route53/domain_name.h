#pragma once

#include <optional>
#include <string>
#include <string_view>

// Domain names in Route 53's own spelling: lower case, a trailing dot, unusual bytes as \ooo octal.
namespace farshore::lab::route53 {

// nullopt: not a domain name (empty label, label over 63 bytes, name over 255, broken escape).
[[nodiscard]] std::optional<std::string> canonical_name(std::string_view text);

// The DNS codec's spelling: no trailing dot, escapes resolved.
[[nodiscard]] std::string to_dns_name(std::string_view canonical);
[[nodiscard]] std::string from_dns_name(std::string_view dns_name);

// "com.example.www.": the order in which Route 53 lists names.
[[nodiscard]] std::string listing_key(std::string_view canonical);

// Is `name` the zone's name or below it? Both canonical.
[[nodiscard]] bool is_within(std::string_view name, std::string_view zone);

}  // namespace farshore::lab::route53
