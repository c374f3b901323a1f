#include "core/provision/stack_plan.h"

#include <gtest/gtest.h>

namespace farshore::core {
namespace {

const RegionId kHome{"us-east-1"};
const RegionId kOther{"eu-west-1"};
const RegionId kWitness{"us-east-2"};

StackWish shop() {
    const auto target = [](std::string host) {
        return CheckTarget{.tls = true, .host = std::move(host), .port = 443, .path = "/healthz"};
    };
    const auto side = [&](const RegionId& region, const std::string& host) {
        return TrafficSide{
            .region = region,
            .serving = target(host),
            .answer = RecordAnswer{.addresses = {}, .name = host, .alias_zone = {}}
        };
    };
    return {
        .tables =
            {{.table = TableName{"sessions"}, .use = TableUse::data, .regions = {kHome, kOther}},
             {.table = TableName{"beats"}, .use = TableUse::heartbeat, .regions = {kHome, kOther}},
             {.table = TableName{"epochs"},
              .use = TableUse::epoch,
              .regions = {kHome, kOther, kWitness}}},
        .keys = {},
        .traffic =
            TrafficWish{
                .app = AppId{"shop"},
                .zone = "Z1",
                .record = "www.shop.example",
                .preferred = side(kHome, "a.shop.example"),
                .standby = side(kOther, "b.shop.example"),
                .takeover = target("agents.shop.example")
            },
        .rights =
            {.partition = "aws",
             .account = "123456789012",
             .app = AppId{"shop"},
             .regions = {kHome, kOther},
             .witness = kWitness,
             .tables = {TableName{"sessions"}},
             .epoch_table = TableName{"epochs"},
             .heartbeat_table = TableName{"beats"},
             .zone = "Z1",
             .record = "www.shop.example",
             .application_actions = {}}
    };
}

StackTable epochs() {
    return {.name = TableName{"epochs"}, .key = {{.name = "app", .type = "S"}}, .replicas = {}};
}

TEST(StackPlan, AGlobalTableIsMadeOnceAndAnEpochTableInEachRegion) {
    const StackTable beats{
        .name = TableName{"beats"},
        .key = {{.name = "id", .type = "S"}},
        .stream = true,
        .replicas = {kHome, kOther}
    };
    EXPECT_EQ(stack_of(shop(), kHome).tables, (std::vector{beats, epochs()}));
    EXPECT_EQ(stack_of(shop(), kOther).tables, std::vector{epochs()});
    EXPECT_EQ(stack_of(shop(), kWitness).tables, std::vector{epochs()});
}

TEST(StackPlan, ATableOfTheApplicationIsInItWhenItsKeyIsGiven) {
    StackWish wish = shop();
    const std::vector<StackAttribute> key{{.name = "id", .type = "S"}, {.name = "n", .type = "N"}};
    wish.keys[TableName{"sessions"}] = key;
    const Stack home = stack_of(wish, kHome);
    ASSERT_EQ(home.tables.size(), 3U);
    EXPECT_EQ(home.tables[0].key, key);
    EXPECT_TRUE(home.tables[0].stream);
    EXPECT_EQ(home.tables[0].replicas, (std::vector{kHome, kOther}));
    EXPECT_EQ(stack_of(wish, kOther).tables.size(), 1U);
}

TEST(StackPlan, EachRecordStandsOnTheCheckOfItsOwnRegion) {
    const Stack home = stack_of(shop(), kHome);
    ASSERT_EQ(home.checks.size(), 4U);
    EXPECT_EQ(
        home.checks[3].check.children, (std::vector<std::string>{"serving_preferred", "takeover"})
    );
    ASSERT_EQ(home.records.size(), 2U);
    EXPECT_EQ(home.records[0].check, CheckRole::primary);
    EXPECT_EQ(home.records[1].check, CheckRole::serving_standby);
    EXPECT_EQ(home.record, "www.shop.example");
}

TEST(StackPlan, WhatBelongsToNoRegionIsInTheFirstStackOnly) {
    EXPECT_EQ(stack_of(shop(), kHome).roles.size(), 2U);
    for (const RegionId& region : {kOther, kWitness}) {
        const Stack stack = stack_of(shop(), region);
        EXPECT_TRUE(stack.roles.empty() && stack.checks.empty() && stack.records.empty());
    }
}

TEST(StackPlan, WhatThePlanWouldRefuseStandsInTheWay) {
    StackWish wish = shop();
    wish.traffic->standby.serving.reset();
    const Stack home = stack_of(wish, kHome);
    ASSERT_EQ(home.obstacles.size(), 1U);
    EXPECT_EQ(home.obstacles[0].about, "eu-west-1");
    EXPECT_TRUE(home.checks.empty() && home.records.empty());
    EXPECT_TRUE(stack_of(wish, kOther).obstacles.empty());
}

}  // namespace
}  // namespace farshore::core
