#pragma once

#include <optional>
#include <string>

#include "adapters/net/dns_message.h"
#include "lab/route53/model.h"

namespace farshore::lab::route53 {

// A value as Route 53's API spells it, for the DNS codec. nullopt: not a value of this type.
[[nodiscard]] std::optional<net::dns::Rdata> rdata_from(
    const std::string& type, const std::string& value
);

// "A" and back; 0 for a type that the lab does not serve.
[[nodiscard]] std::uint16_t type_number(const std::string& type);

[[nodiscard]] std::optional<net::dns::Soa> soa_from(const std::string& value);

}  // namespace farshore::lab::route53
