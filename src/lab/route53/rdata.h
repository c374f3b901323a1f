#pragma once

#include <expected>
#include <optional>
#include <string>
#include <string_view>

#include "adapters/net/dns_message.h"
#include "lab/route53/model.h"

namespace farshore::lab::route53 {

// Why a value is none of its type, in Route 53's words.
struct ValueFault {
    std::string_view problem;  // "InvalidCharacterString"
    std::string_view text;     // "Value should be enclosed in quotation marks"
};

// A value as Route 53's API spells it, for the DNS codec. The API accepts a value exactly when this
// function does, so that the DNS server can answer all that the API has accepted.
[[nodiscard]] std::expected<net::dns::Rdata, ValueFault> rdata_from(
    const std::string& type, const std::string& value
);

// "A" and back; 0 for a type that the lab does not serve.
[[nodiscard]] std::uint16_t type_number(const std::string& type);

[[nodiscard]] std::optional<net::dns::Soa> soa_from(const std::string& value);

}  // namespace farshore::lab::route53
