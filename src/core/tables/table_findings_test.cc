#include "core/tables/table_findings.h"

#include <gtest/gtest.h>

namespace farshore::core {
namespace {

const RegionId kEast{"us-east-1"};
const RegionId kWest{"eu-west-1"};
const RegionId kWitness{"us-east-2"};
const TableName kTable{"carts"};

TableSight found(const RegionId& region, std::vector<TableReplica> replicas = {}) {
    return {
        .region = region,
        .answer = TableAnswer::found,
        .why = {},
        .status = "ACTIVE",
        .key = "id S",
        .replicas = std::move(replicas)
    };
}

std::vector<TableSight> a_global_table() {
    return {
        found(kEast, {{kEast, "ACTIVE"}, {kWest, "ACTIVE"}}), found(kWest, {{kEast, "ACTIVE"}})
    };
}

TEST(TableFindings, AGlobalTableHasNone) {
    EXPECT_TRUE(findings_of(kTable, TableUse::data, a_global_table()).empty());
    EXPECT_TRUE(findings_of(kTable, TableUse::heartbeat, a_global_table()).empty());
}

TEST(TableFindings, AMissingTableIsNamedWithItsRegionOnce) {
    auto sights = a_global_table();
    sights[1] = {.region = kWest, .answer = TableAnswer::missing};
    const auto findings = findings_of(kTable, TableUse::data, sights);
    ASSERT_EQ(findings.size(), 1U);
    EXPECT_EQ(findings[0].fault, TableFault::missing);
    EXPECT_EQ(findings[0].text, "table carts does not exist in eu-west-1");
    EXPECT_EQ(why_not_alike(findings), "table carts does not exist in eu-west-1");
}

TEST(TableFindings, AnotherKeyInTheOtherRegionIsSaidWithBoth) {
    auto sights = a_global_table();
    sights[0].key = "pk S";
    const auto findings = findings_of(kTable, TableUse::data, sights);
    ASSERT_EQ(findings.size(), 1U);
    EXPECT_EQ(findings[0].fault, TableFault::other_key);
    EXPECT_EQ(
        findings[0].text, "table carts has the key (pk S) in us-east-1 and (id S) in eu-west-1"
    );
    EXPECT_TRUE(why_not_alike(findings));
}

TEST(TableFindings, OtherSettingsInTheOtherRegionAreSaidWithBoth) {
    const struct {
        std::string text;
        void (*change)(TableSight&);
    } kCases[] = {
        {"has the indexes by_user (user S, ALL) in us-east-1 and none in eu-west-1",
         [](TableSight& sight) {
             sight.indexes.clear();
         }},
        {"has capacity on demand in us-east-1 and provisioned in eu-west-1",
         [](TableSight& sight) {
             sight.on_demand = false;
         }},
        {"has a stream that is on in us-east-1 and off in eu-west-1",
         [](TableSight& sight) {
             sight.stream = false;
         }},
        {"has TTL by expires in us-east-1 and off in eu-west-1",
         [](TableSight& sight) {
             sight.ttl = "";
         }},
    };

    for (const auto& one : kCases) {
        auto sights = a_global_table();
        for (TableSight& sight : sights) {
            sight.indexes = {"by_user (user S, ALL)"};
            sight.stream = true;
            sight.ttl = "expires";
        }
        EXPECT_TRUE(findings_of(kTable, TableUse::data, sights).empty());
        one.change(sights[1]);
        const auto findings = findings_of(kTable, TableUse::data, sights);
        ASSERT_EQ(findings.size(), 1U) << one.text;
        EXPECT_EQ(findings[0].fault, TableFault::other_settings);
        EXPECT_EQ(findings[0].text, "table carts " + one.text);
        EXPECT_TRUE(findings[0].is_broken());
        EXPECT_FALSE(why_not_alike(findings)) << "keys and replicas alone hold a switchover back";
    }
}

TEST(TableFindings, ATtlThatWasNotAskedForSaysNothing) {
    auto sights = a_global_table();
    sights[0].ttl = "expires";
    EXPECT_TRUE(findings_of(kTable, TableUse::data, sights).empty());
}

TEST(TableFindings, TablesOfOneNameThatAreNoReplicasAreNotReplicated) {
    const auto findings = findings_of(kTable, TableUse::data, {found(kEast), found(kWest)});
    ASSERT_EQ(findings.size(), 2U) << "each Region says so";
    EXPECT_EQ(findings[0].fault, TableFault::not_replicated);
    EXPECT_TRUE(why_not_alike(findings));
    const auto made = findings_of(
        kTable,
        TableUse::data,
        {found(kEast, {{kWest, "CREATING"}}), found(kWest, {{kEast, "ACTIVE"}})}
    );
    ASSERT_EQ(made.size(), 1U);
    EXPECT_NE(made[0].text.find("CREATING"), std::string::npos);
}

TEST(TableFindings, WhatCannotBeLookedAtIsNotCheckedAndStandsInNobodysWay) {
    auto sights = a_global_table();
    sights[1] = {.region = kWest, .answer = TableAnswer::denied, .why = "AccessDeniedException"};
    const auto findings = findings_of(kTable, TableUse::data, sights);
    ASSERT_EQ(findings.size(), 1U);
    EXPECT_EQ(findings[0].fault, TableFault::not_checked);
    EXPECT_FALSE(findings[0].is_broken());
    EXPECT_NE(findings[0].remedy.find("dynamodb:DescribeTable"), std::string::npos);
    EXPECT_FALSE(why_not_alike(findings));
}

TEST(TableFindings, EpochTablesAreApartFromEachOther) {
    std::vector<TableSight> sights{found(kEast), found(kWest), found(kWitness)};
    for (TableSight& sight : sights) {
        sight.key = "app S";
    }
    EXPECT_TRUE(findings_of(kTable, TableUse::epoch, sights).empty());
    sights[0].replicas = {{kWest, "ACTIVE"}};
    sights[1].key = "id S";
    const auto findings = findings_of(kTable, TableUse::epoch, sights);
    ASSERT_EQ(findings.size(), 2U);
    EXPECT_EQ(findings[0].fault, TableFault::replicated);
    EXPECT_EQ(findings[1].fault, TableFault::other_key);
}

TEST(TableFindings, ATableThatIsBeingDeletedIsNotActive) {
    auto sights = a_global_table();
    sights[0].status = "DELETING";
    const auto findings = findings_of(kTable, TableUse::data, sights);
    ASSERT_EQ(findings.size(), 1U);
    EXPECT_EQ(findings[0].fault, TableFault::not_active);
    EXPECT_FALSE(why_not_alike(findings));
}

}  // namespace
}  // namespace farshore::core
