#include "lab/faults/parties.h"

#include <algorithm>
#include <charconv>

#include "base/assert.h"
#include "base/text.h"

namespace farshore::lab {

namespace {

constexpr int kRegionsMax = 99;
constexpr int kLoadBalancer = 10;
constexpr int kHostLast = 199;
constexpr int kRelay = 200;
constexpr int kLastNumber = 254;

// Third octets of the parties that stand in no Region's block.
struct Block {
    int octet;
    PartyRole role;
};

constexpr std::array<Block, 6> kBlocks{{
    {200, PartyRole::controller},
    {201, PartyRole::route53_api},
    {202, PartyRole::dns},
    {203, PartyRole::admin},
    {204, PartyRole::checker},
    {210, PartyRole::shopper},
}};

constexpr std::string_view kNamePrefix = "dynamodb.";
constexpr std::string_view kNameSuffix = ".lab.farshore";

std::string address(int second, int third, int fourth) {
    return "127." + std::to_string(second) + "." + std::to_string(third) + "." +
           std::to_string(fourth);
}

int octet_of(const World& world, const RegionId& region) {
    const auto found = std::ranges::find(world.regions, region);
    FARSHORE_ASSERT(found != world.regions.end(), "the Region is one of the world's");
    return static_cast<int>(found - world.regions.begin()) + 1;
}

std::optional<std::array<int, 4>> octets_of(std::string_view text) {
    const auto parts = split(text, '.');
    if (parts.size() != 4) {
        return std::nullopt;
    }
    std::array<int, 4> octets{};
    for (std::size_t i = 0; i < 4; ++i) {
        const char* end = parts[i].data() + parts[i].size();
        const auto [stop, error] = std::from_chars(parts[i].data(), end, octets[i]);
        if (error != std::errc{} || stop != end || octets[i] < 0 || octets[i] > 255) {
            return std::nullopt;
        }
    }
    return octets;
}

PartyId party_in_region(const RegionId& region, int last) {
    if (last == 1) {
        return {.role = PartyRole::dynamodb, .place = region, .number = 0};
    }
    if (last == kLoadBalancer) {
        return {.role = PartyRole::load_balancer, .place = region, .number = 0};
    }
    if (last > kLoadBalancer && last <= kHostLast) {
        return {.role = PartyRole::host, .place = region, .number = last - kLoadBalancer};
    }
    if (last == kRelay) {
        return {.role = PartyRole::relay, .place = region, .number = 0};
    }
    return {};
}

}  // namespace

std::string to_text(const PartyId& party) {
    std::string text{to_string(party.role)};
    std::ranges::replace(text, '_', ' ');
    if (party.number != 0) {
        text += " " + std::to_string(party.number);
    }
    if (!party.place.value().empty() && party.place != kInternet) {
        text += " in " + party.place.value();
    }
    return text;
}

std::string World::dynamodb_address(const RegionId& region) const {
    return address(second_octet, octet_of(*this, region), 1);
}

std::string World::load_balancer_address(const RegionId& region) const {
    return address(second_octet, octet_of(*this, region), kLoadBalancer);
}

std::string World::host_address(const RegionId& region, int number) const {
    FARSHORE_ASSERT(
        number >= 1 && number <= kHostLast - kLoadBalancer, "a host's number is 1..189"
    );
    return address(second_octet, octet_of(*this, region), kLoadBalancer + number);
}

std::string World::relay_address(const RegionId& region) const {
    return address(second_octet, octet_of(*this, region), kRelay);
}

std::string World::controller_address(int number) const {
    FARSHORE_ASSERT(number >= 1 && number <= kLastNumber, "a controller's number is 1..254");
    return address(second_octet, 200, number);
}

std::string World::route53_api_address() const {
    return address(second_octet, 201, 1);
}

std::string World::dns_address() const {
    return address(second_octet, 202, 1);
}

std::string World::admin_address() const {
    return address(second_octet, 203, 1);
}

std::string World::checker_address(int number) const {
    FARSHORE_ASSERT(number >= 1 && number <= kLastNumber, "a checker's number is 1..254");
    return address(second_octet, 204, number);
}

std::string World::shopper_address(int number) const {
    FARSHORE_ASSERT(number >= 1 && number <= kLastNumber, "a shopper's number is 1..254");
    return address(second_octet, 210, number);
}

std::string World::dynamodb_name(const RegionId& region) {
    return std::string{kNamePrefix} + region.value() + std::string{kNameSuffix};
}

std::optional<RegionId> World::region_of_name(std::string_view name) const {
    if (!name.starts_with(kNamePrefix) || !name.ends_with(kNameSuffix) ||
        name.size() <= kNamePrefix.size() + kNameSuffix.size()) {
        return std::nullopt;
    }
    name.remove_prefix(kNamePrefix.size());
    name.remove_suffix(kNameSuffix.size());
    const RegionId region{std::string{name}};
    return has(region) ? std::optional{region} : std::nullopt;
}

PartyId World::party_of(std::string_view text) const {
    const auto octets = octets_of(text);
    if (!octets || (*octets)[0] != 127 || (*octets)[1] != second_octet) {
        return {};
    }
    const auto [first, second, third, last] = *octets;
    if (third >= 1 && third <= kRegionsMax) {
        const auto index = static_cast<std::size_t>(third) - 1;
        return index < regions.size() ? party_in_region(regions[index], last) : PartyId{};
    }
    for (const Block& block : kBlocks) {
        if (block.octet != third) {
            continue;
        }
        const bool numbered = block.role == PartyRole::controller ||
                              block.role == PartyRole::checker || block.role == PartyRole::shopper;
        RegionId place = kInternet;
        if (block.role == PartyRole::controller) {
            place = witness;
        } else if (block.role == PartyRole::admin) {
            place = RegionId{};
        }
        return {.role = block.role, .place = place, .number = numbered ? last : 0};
    }
    return {};
}

std::vector<RegionId> World::table_regions() const {
    std::vector<RegionId> tables = regions;
    std::erase(tables, witness);
    return tables;
}

bool World::has(const RegionId& region) const {
    return std::ranges::find(regions, region) != regions.end();
}

}  // namespace farshore::lab
