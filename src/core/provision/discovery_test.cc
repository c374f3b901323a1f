#include "core/provision/discovery.h"

#include <algorithm>
#include <string>

#include <gtest/gtest.h>

namespace farshore::core {
namespace {

using namespace std::chrono_literals;

const RegionId kEast{"us-east-1"};
const RegionId kWest{"eu-west-1"};

// Two Regions with a load balancer each, and failover records with a check of each Region's own.
Discovered well_made() {
    return {
        .tables =
            {{.name = TableName{"sessions"},
              .regions = {kEast, kWest},
              .global_version = "2019.11.21"}},
        .zone = "Z1",
        .records =
            {{.set_identifier = "one",
              .role = "primary",
              .answers = {"dualstack.shop-1.us-east-1.elb.amazonaws.com."},
              .check = "both",
              .ttl = {}},
             {.set_identifier = "two",
              .role = "secondary",
              .answers = {"shop-2.eu-west-1.elb.amazonaws.com"},
              .check = "west",
              .ttl = {}}},
        .checks =
            {{.id = "both", .url = {}, .children = {"taken", "east"}},
             {.id = "taken", .url = "https://euw1.example/route53/x", .inverted = true},
             {.id = "east", .url = "https://use1.example/healthz"},
             {.id = "west", .url = "https://euw1.example/healthz"}},
        .balancers =
            {{.region = kEast, .name = "shop-1", .dns_name = "shop-1.us-east-1.elb.amazonaws.com"},
             {.region = kWest, .name = "shop-2", .dns_name = "shop-2.eu-west-1.elb.amazonaws.com"}},
        .things = {{.kind = "Auto Scaling group", .region = kEast, .name = "web"}},
        .not_read = {}
    };
}

InitWish wish() {
    InitWish out;
    out.tables = {TableName{"sessions"}};
    out.record = "shop.example.com";
    return out;
}

// The text of the questions about that key.
std::string asked(const Draft& draft, const std::string& about) {
    std::string out;
    for (const OpenQuestion& question : draft.questions) {
        out += question.about == about ? question.text + "\n" : "";
    }
    return out;
}

bool notes(const Draft& draft, const std::string& part) {
    return std::ranges::any_of(draft.notes, [&](const std::string& note) {
        return note.contains(part);
    });
}

TEST(Discovery, AWellMadeSetUpLeavesNoQuestionAboutRegionsTablesAndTraffic) {
    const Result<Draft> draft = draft_of(wish(), well_made());
    ASSERT_TRUE(draft.has_value()) << draft.error().text;
    ASSERT_EQ(draft->regions.size(), 2U);
    EXPECT_EQ(draft->regions[0].id, kEast);
    EXPECT_EQ(draft->regions[0].health, "https://use1.example/healthz");
    EXPECT_EQ(draft->regions[0].from, "health check east of shop.example.com");
    EXPECT_EQ(draft->regions[1].health, "https://euw1.example/healthz");
    EXPECT_EQ(draft->witness, RegionId{"us-east-2"});
    EXPECT_EQ(draft->zone, "Z1");
    EXPECT_EQ(draft->ttl, 30s) << "an alias has no TTL of its own";
    EXPECT_EQ(asked(*draft, "regions"), "");
    EXPECT_EQ(asked(*draft, "tables"), "");
    EXPECT_EQ(asked(*draft, "traffic"), "");
    EXPECT_NE(asked(*draft, "objectives"), "");
    EXPECT_TRUE(notes(*draft, "Auto Scaling group web in us-east-1"));
}

TEST(Discovery, WhatAPersonSaidBeatsWhatWasFound) {
    InitWish said = wish();
    said.preferred = kWest;
    said.standby = kEast;
    said.witness = RegionId{"eu-central-1"};
    said.zone = "Z9";
    said.health[kEast] = "https://other.example/";
    const Result<Draft> draft = draft_of(said, well_made());
    ASSERT_TRUE(draft.has_value()) << draft.error().text;
    EXPECT_EQ(draft->regions[0].id, kWest);
    EXPECT_EQ(draft->regions[1].id, kEast);
    EXPECT_EQ(draft->regions[1].health, "https://other.example/");
    EXPECT_EQ(draft->witness, RegionId{"eu-central-1"});
    EXPECT_EQ(draft->zone, "Z9");
    EXPECT_EQ(asked(*draft, "witness"), "");
}

TEST(Discovery, TheKnownMistakesOfRecordsAreAskedAbout) {
    Discovered found = well_made();
    found.records[0].check = found.records[1].check = "west";
    Result<Draft> draft = draft_of(wish(), found);
    ASSERT_TRUE(draft.has_value());
    EXPECT_TRUE(asked(*draft, "traffic").contains("one health check, west, stands behind both"));
    EXPECT_EQ(draft->regions[0].health, "https://euw1.example/healthz")
        << "as the record has it: the question says what is wrong";

    found = well_made();
    found.checks[2].url = "https://shop.example.com/healthz";
    found.checks[3].disabled = true;
    draft = draft_of(wish(), found);
    ASSERT_TRUE(draft.has_value());
    EXPECT_TRUE(asked(*draft, "regions").contains("asks shop.example.com itself"));
    EXPECT_TRUE(asked(*draft, "regions").contains("health check west is disabled"));
    EXPECT_EQ(draft->regions[0].health, "https://shop-1.us-east-1.elb.amazonaws.com/healthz");
    EXPECT_TRUE(asked(*draft, "regions").contains("made up from its only load balancer"));

    found = well_made();
    found.records.pop_back();
    found.records[0].role.clear();
    draft = draft_of(wish(), found);
    ASSERT_TRUE(draft.has_value());
    EXPECT_TRUE(asked(*draft, "traffic").contains("has 1 records"));
}

TEST(Discovery, WithoutARecordOrAUrlItAsksAndMakesNothingUp) {
    Discovered found = well_made();
    found.zone.clear();
    found.records.clear();
    found.checks.clear();
    found.balancers.push_back(
        {.region = kEast, .name = "other", .dns_name = "other.us-east-1.elb.amazonaws.com"}
    );
    const Result<Draft> draft = draft_of(wish(), found);
    ASSERT_TRUE(draft.has_value());
    EXPECT_EQ(draft->record, "");
    EXPECT_TRUE(asked(*draft, "traffic").contains("no hosted zone of this account holds shop."));
    EXPECT_EQ(draft->regions[0].health, "") << "two load balancers: which one?";
    EXPECT_TRUE(asked(*draft, "regions").contains("no URL tells whether the stack of us-east-1"));
}

TEST(Discovery, WhatIsKnownOfTablesIsSaid) {
    Discovered found = well_made();
    found.tables.push_back(
        {.name = TableName{"carts"}, .regions = {kEast}, .global_version = "2017.11.29"}
    );
    found.tables.push_back(
        {.name = TableName{"orders"},
         .regions = {kEast, kWest, RegionId{"us-west-2"}},
         .global_version = "2019.11.21",
         .strong = true}
    );
    InitWish said = wish();
    said.tables.clear();
    const Result<Draft> draft = draft_of(said, found);
    ASSERT_TRUE(draft.has_value());
    EXPECT_EQ(draft->tables.size(), 3U);
    EXPECT_NE(asked(*draft, "tables"), "");
    EXPECT_TRUE(notes(*draft, "table carts has no replica in eu-west-1 yet"));
    EXPECT_TRUE(notes(*draft, "table carts is a global table of version 2017.11.29"));
    EXPECT_TRUE(notes(*draft, "table orders has multi-Region strong consistency"));
    EXPECT_TRUE(notes(*draft, "a replica in us-west-2 too"));
}

TEST(Discovery, WhatCannotBeKnownIsAnErrorThatNamesItsFlag) {
    InitWish none;
    EXPECT_EQ(draft_of(none, {}).error().remedy.substr(0, 8), "--tables");
    Discovered alone = well_made();
    alone.tables[0].regions = {kEast};
    EXPECT_TRUE(draft_of(wish(), alone).error().remedy.starts_with("--standby REGION"));
    EXPECT_TRUE(draft_of(wish(), {}).error().remedy.starts_with("--preferred REGION"));
    InitWish same = wish();
    same.witness = kWest;
    EXPECT_TRUE(draft_of(same, well_made()).error().remedy.starts_with("--witness REGION"));
    InitWish china = wish();
    china.preferred = RegionId{"cn-north-1"};
    china.standby = RegionId{"cn-northwest-1"};
    EXPECT_TRUE(draft_of(china, {}).error().remedy.starts_with("--witness REGION"));
}

TEST(Discovery, ARegionIsFoundInANameAsAWholeWordOnly) {
    EXPECT_EQ(region_in_name("shop.us-east-1.elb.amazonaws.com", {kWest, kEast}), kEast);
    EXPECT_EQ(region_in_name("eu-west-1", {kWest, kEast}), kWest);
    EXPECT_EQ(region_in_name("primary-eu-west-1b", {kWest, kEast}), RegionId{});
    EXPECT_EQ(region_in_name("us-east-12.example", {kEast}), RegionId{});
    EXPECT_EQ(region_in_name("", {kEast}), RegionId{});
}

}  // namespace
}  // namespace farshore::core
