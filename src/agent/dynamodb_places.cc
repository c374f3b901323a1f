#include "agent/dynamodb_places.h"

#include <cstddef>
#include <type_traits>

#include <boost/asio/ip/address.hpp>
#include <boost/json.hpp>

#include "wire/json_reader.h"

namespace farshore::agent {

namespace {

namespace json = boost::json;
namespace ip = boost::asio::ip;

// The document has a few MB.
constexpr std::size_t kBytesMax = std::size_t{32} << 20U;
constexpr std::string_view kRemedy =
    "download https://ip-ranges.amazonaws.com/ip-ranges.json, and name that file";

std::string_view text_at(const json::object& object, std::string_view name) {
    const json::value* found = object.if_contains(name);
    return found != nullptr && found->is_string() ? std::string_view{found->get_string()}
                                                  : std::string_view{};
}

template <class Take>
void each_range(const json::object& document, const char* list, const char* prefix, Take take) {
    const json::value* found = document.if_contains(list);
    if (found == nullptr || !found->is_array()) {
        return;
    }
    for (const json::value& entry : found->get_array()) {
        if (entry.is_object() && text_at(entry.get_object(), "service") == "DYNAMODB") {
            take(
                std::string{text_at(entry.get_object(), prefix)},
                RegionId{std::string{text_at(entry.get_object(), "region")}}
            );
        }
    }
}

}  // namespace

void DynamoDbPlaces::add(const wire::AddressPort& place, const RegionId& region) {
    known_.insert_or_assign({place.address, place.port}, region);
}

Status DynamoDbPlaces::add_ranges(std::string_view document) {
    const Result<json::object> parsed = wire::parse_json_object(document, kBytesMax);
    if (!parsed) {
        return fail(
            ErrorKind::malformed,
            "the address ranges cannot be read: " + parsed.error().text,
            std::string{kRemedy}
        );
    }
    each_range(*parsed, "prefixes", "ip_prefix", [&](const std::string& text, RegionId region) {
        boost::system::error_code error;
        if (const auto range = ip::make_network_v4(text, error); !error) {
            v4_.emplace_back(range, std::move(region));
        }
    });
    each_range(
        *parsed,
        "ipv6_prefixes",
        "ipv6_prefix",
        [&](const std::string& text, RegionId region) {
            boost::system::error_code error;
            if (const auto range = ip::make_network_v6(text, error); !error) {
                v6_.emplace_back(range, std::move(region));
            }
        }
    );
    if (v4_.empty() && v6_.empty()) {
        return fail(
            ErrorKind::malformed,
            "the address ranges have no entry whose service is DYNAMODB",
            std::string{kRemedy}
        );
    }
    return {};
}

std::optional<RegionId> DynamoDbPlaces::region_at(const wire::AddressPort& place) const {
    if (const auto found = known_.find({place.address, place.port}); found != known_.end()) {
        return found->second;
    }
    boost::system::error_code error;
    const ip::address address = ip::make_address(place.address, error);
    constexpr std::uint16_t kHttps = 443;
    constexpr std::uint16_t kHttp = 80;
    if (error || (place.port != kHttps && place.port != kHttp)) {
        return std::nullopt;
    }
    const auto first_in = [](const auto& ranges, const auto& host) -> std::optional<RegionId> {
        for (const auto& [range, region] : ranges) {
            // The network that the address is in, when networks are that large, is the range.
            if (std::decay_t<decltype(range)>(host, range.prefix_length()).canonical() ==
                range.canonical()) {
                return region;
            }
        }
        return std::nullopt;
    };
    return address.is_v4() ? first_in(v4_, address.to_v4()) : first_in(v6_, address.to_v6());
}

}  // namespace farshore::agent
