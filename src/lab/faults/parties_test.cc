#include "lab/faults/parties.h"

#include <gtest/gtest.h>

namespace farshore::lab {
namespace {

World world() {
    return {
        .second_octet = 117,
        .regions = {RegionId{"us-east-1"}, RegionId{"eu-west-1"}},
        .witness = RegionId{"us-east-2"}
    };
}

TEST(Parties, EachAddressLeadsBackToItsParty) {
    const World w = world();
    const RegionId west{"eu-west-1"};
    EXPECT_EQ(w.dynamodb_address(west), "127.117.2.1");
    const auto is =
        [&w](const std::string& address, PartyRole role, std::string_view place, int n) {
            const PartyId party = w.party_of(address);
            EXPECT_EQ(to_string(party.role), to_string(role)) << address;
            EXPECT_EQ(party.place.value(), place) << address;
            EXPECT_EQ(party.number, n) << address;
        };
    is(w.dynamodb_address(west), PartyRole::dynamodb, "eu-west-1", 0);
    is(w.load_balancer_address(west), PartyRole::load_balancer, "eu-west-1", 0);
    is(w.host_address(west, 2), PartyRole::host, "eu-west-1", 2);
    is(w.relay_address(west), PartyRole::relay, "eu-west-1", 0);
    is(w.controller_address(1), PartyRole::controller, "us-east-2", 1);
    is(w.route53_api_address(), PartyRole::route53_api, "internet", 0);
    is(w.dns_address(), PartyRole::dns, "internet", 0);
    is(w.admin_address(), PartyRole::admin, "", 0);
    is(w.checker_address(16), PartyRole::checker, "internet", 16);
    is(w.shopper_address(3), PartyRole::shopper, "internet", 3);
}

TEST(Parties, StrangersAreOutside) {
    for (const char* address :
         {"127.0.0.1",
          "127.118.1.1",
          "127.117.3.1",
          "127.117.1.5",
          "127.117.205.1",
          "10.117.1.1",
          "127.117.1",
          "127.117.1.1.1",
          "127.117.1.x",
          "",
          "127.117.1.256",
          "127.117.-1.1"}) {
        EXPECT_EQ(world().party_of(address).role, PartyRole::outside) << address;
    }
}

TEST(Parties, NamesOfDynamoDbLeadToTheirRegion) {
    EXPECT_EQ(World::dynamodb_name(RegionId{"us-east-1"}), "dynamodb.us-east-1.lab.farshore");
    EXPECT_EQ(world().region_of_name("dynamodb.eu-west-1.lab.farshore"), RegionId{"eu-west-1"});
    EXPECT_FALSE(world().region_of_name("dynamodb.us-west-9.lab.farshore"));
    EXPECT_FALSE(world().region_of_name("dynamodb..lab.farshore"));
    EXPECT_FALSE(world().region_of_name("magento.example.com"));
}

TEST(Parties, TextIsForPeople) {
    EXPECT_EQ(to_text(world().party_of("127.117.1.12")), "host 2 in us-east-1");
    EXPECT_EQ(to_text(world().party_of("127.117.210.3")), "shopper 3");
    EXPECT_EQ(to_text(world().party_of("127.117.1.10")), "load balancer in us-east-1");
}

}  // namespace
}  // namespace farshore::lab
