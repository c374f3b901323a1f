#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <boost/asio/ip/network_v4.hpp>
#include <boost/asio/ip/network_v6.hpp>

#include "base/ids.h"
#include "base/result.h"
#include "wire/url.h"

namespace farshore::agent {

// Where DynamoDB is: addresses that its names have now, and the address ranges that AWS publishes.
// One look at a name tells only some of a Region's addresses, as AWS answers with others each time.
class DynamoDbPlaces {
  public:
    void add(const wire::AddressPort& place, const RegionId& region);

    // AWS's ip-ranges.json: the entries whose service is DYNAMODB ("IP address ranges", Amazon
    // DynamoDB Developer Guide). Errors: malformed (not such a document, or none of DynamoDB).
    [[nodiscard]] Status add_ranges(std::string_view document);

    // The Region; nullopt: no DynamoDB is known to be there. In the ranges only the ports of HTTPS
    // and HTTP are DynamoDB's.
    [[nodiscard]] std::optional<RegionId> region_at(const wire::AddressPort& place) const;

  private:
    std::map<std::pair<std::string, std::uint16_t>, RegionId> known_;
    std::vector<std::pair<boost::asio::ip::network_v4, RegionId>> v4_;
    std::vector<std::pair<boost::asio::ip::network_v6, RegionId>> v6_;
};

}  // namespace farshore::agent
