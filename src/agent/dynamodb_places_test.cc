#include "agent/dynamodb_places.h"

#include <gtest/gtest.h>

namespace farshore::agent {
namespace {

// The form of AWS's document; the ranges are those that RFC 5737 and RFC 3849 keep for examples.
constexpr auto kDocument = R"({
  "syncToken": "1416435608", "createDate": "2014-11-19-23-29-02",
  "prefixes": [
    {"ip_prefix": "192.0.2.0/25", "region": "us-east-1", "network_border_group": "us-east-1", "service": "DYNAMODB"},
    {"ip_prefix": "198.51.100.0/24", "region": "us-east-1", "network_border_group": "us-east-1", "service": "S3"},
    {"ip_prefix": "203.0.113.7/32", "region": "eu-west-1", "network_border_group": "eu-west-1", "service": "DYNAMODB"}
  ],
  "ipv6_prefixes": [
    {"ipv6_prefix": "2001:db8:1::/48", "region": "eu-west-1", "network_border_group": "eu-west-1", "service": "DYNAMODB"}
  ]})";

std::string at(const DynamoDbPlaces& places, const std::string& address, std::uint16_t port) {
    return places.region_at({.address = address, .port = port}).value_or(RegionId{"none"}).value();
}

TEST(DynamoDbPlaces, ANamesAddressCountsWithItsPortAlone) {
    DynamoDbPlaces places;
    places.add({.address = "127.0.1.1", .port = 4566}, RegionId{"us-east-1"});
    EXPECT_EQ(at(places, "127.0.1.1", 4566), "us-east-1");
    EXPECT_EQ(at(places, "127.0.1.1", 443), "none");
}

TEST(DynamoDbPlaces, PublishedRangesTellTheRegion) {
    DynamoDbPlaces places;
    ASSERT_TRUE(places.add_ranges(kDocument));
    EXPECT_EQ(at(places, "192.0.2.0", 443), "us-east-1");
    EXPECT_EQ(at(places, "192.0.2.127", 443), "us-east-1");
    EXPECT_EQ(at(places, "192.0.2.128", 443), "none");
    EXPECT_EQ(at(places, "203.0.113.7", 443), "eu-west-1");
    EXPECT_EQ(at(places, "203.0.113.8", 443), "none");
    EXPECT_EQ(at(places, "2001:db8:1:ffff::1", 443), "eu-west-1");
    EXPECT_EQ(at(places, "2001:db8:2::1", 443), "none");
    EXPECT_EQ(at(places, "198.51.100.1", 443), "none") << "S3's";
    EXPECT_EQ(at(places, "192.0.2.1", 22), "none");
}

TEST(DynamoDbPlaces, ADocumentWithoutDynamoDbIsRefused) {
    DynamoDbPlaces places;
    EXPECT_FALSE(places.add_ranges("[]"));
    EXPECT_FALSE(places.add_ranges("{}"));
    EXPECT_FALSE(places.add_ranges(R"({"prefixes": [{"ip_prefix": "x", "service": "DYNAMODB"}]})"));
}

}  // namespace
}  // namespace farshore::agent
