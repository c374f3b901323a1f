#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/enum_names.h"
#include "base/ids.h"

// Who is who in a lab world. Each party has its own address in 127/8 and calls from it, so that the
// lab can tell who talks to whom and break exactly that.
namespace farshore::lab {

enum class PartyRole {
    dynamodb,       // 127.W.i.1
    load_balancer,  // 127.W.i.10
    host,           // 127.W.i.11 .. 127.W.i.199
    relay,          // 127.W.i.200: how the hosts of a Region reach the controllers
    controller,     // 127.W.200.c: stands in the witness Region
    route53_api,    // 127.W.201.1
    dns,            // 127.W.202.1
    admin,          // 127.W.203.1: no fault ever touches it
    checker,        // 127.W.204.n: Route 53's health checkers, on the internet
    shopper,        // 127.W.210.n: on the internet
    outside,        // any other address: people and tests; no fault ever touches it
};
inline constexpr std::array<std::string_view, 11> kPartyRoleNames{
    "dynamodb",
    "load_balancer",
    "host",
    "relay",
    "controller",
    "route53_api",
    "dns",
    "admin",
    "checker",
    "shopper",
    "outside"
};

constexpr const auto& names_of(PartyRole) {
    return kPartyRoleNames;
}

// The place of parties that stand in no Region.
inline const RegionId kInternet{"internet"};

struct PartyId {
    PartyRole role = PartyRole::outside;
    RegionId place;  // a Region, or kInternet; empty for admin and outside
    int number = 0;  // host 1.., controller 1.., checker 1.., shopper 1..; else 0

    friend auto operator<=>(const PartyId&, const PartyId&) = default;
    friend bool operator==(const PartyId&, const PartyId&) = default;
};

// "host 2 in us-east-1", "shopper 3": for people.
[[nodiscard]] std::string to_text(const PartyId& party);

// The addresses of one world: a pure value.
struct World {
    int second_octet = 101;         // W
    std::vector<RegionId> regions;  // Region i is regions[i - 1]; at most 99
    RegionId witness{"us-east-2"};  // where the controllers stand; need not be one of `regions`
    // Controller and agents are not the lab's processes: it cannot kill and start them.
    bool started_by_hand = false;

    // The Region must be one of `regions`; an assertion checks it.
    [[nodiscard]] std::string dynamodb_address(const RegionId& region) const;
    [[nodiscard]] std::string load_balancer_address(const RegionId& region) const;
    [[nodiscard]] std::string host_address(const RegionId& region, int number) const;  // 1..189
    [[nodiscard]] std::string relay_address(const RegionId& region) const;
    [[nodiscard]] std::string controller_address(int number) const;  // 1..250
    [[nodiscard]] std::string route53_api_address() const;
    [[nodiscard]] std::string dns_address() const;
    [[nodiscard]] std::string admin_address() const;
    [[nodiscard]] std::string checker_address(int number) const;  // 1..16
    [[nodiscard]] std::string shopper_address(int number) const;  // 1..250

    // "dynamodb.us-east-1.lab.farshore".
    [[nodiscard]] static std::string dynamodb_name(const RegionId& region);
    // The Region of such a name, when it is one of `regions`.
    [[nodiscard]] std::optional<RegionId> region_of_name(std::string_view name) const;

    // Total: an address that belongs to no party of the world is `outside`.
    [[nodiscard]] PartyId party_of(std::string_view text) const;

    [[nodiscard]] bool has(const RegionId& region) const;
    // The Regions with hosts and replicated tables: all but the witness.
    [[nodiscard]] std::vector<RegionId> table_regions() const;
};

}  // namespace farshore::lab
