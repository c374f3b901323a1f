#include "core/provision/table_plan.h"

#include <gtest/gtest.h>

namespace farshore::core {
namespace {

const RegionId kEast{"us-east-1"};
const RegionId kWest{"eu-west-1"};
const RegionId kWitness{"us-east-2"};

TableSeen missing(const RegionId& region) {
    return {.sight = {.region = region, .answer = TableAnswer::missing}};
}

TableSeen found(
    const RegionId& region, std::string key = "id S", std::vector<RegionId> replicas = {}
) {
    TableSeen seen{
        .sight = {.region = region, .answer = TableAnswer::found, .status = "ACTIVE"},
        .stream = true
    };
    seen.sight.key = std::move(key);
    for (const RegionId& replica : replicas) {
        seen.sight.replicas.push_back({.region = replica, .status = "ACTIVE"});
    }
    return seen;
}

TableWish wish(TableUse use) {
    return {.table = TableName{"t"}, .use = use, .regions = {kEast, kWest}};
}

std::vector<std::string> texts(const TablePlan& plan) {
    std::vector<std::string> out;
    for (const TableChange& change : plan.changes) {
        out.push_back(text_of(change));
    }
    return out;
}

using Texts = std::vector<std::string>;

TEST(TablePlan, AnEpochTableIsOneInEachRegion) {
    TableWish epochs = wish(TableUse::epoch);
    epochs.regions.push_back(kWitness);
    const TablePlan plan =
        plan_table(epochs, {missing(kEast), found(kWest, "app S"), missing(kWitness)});
    EXPECT_EQ(
        texts(plan),
        (Texts{
            "make table t in us-east-1 (key app S, on demand)",
            "make table t in us-east-2 (key app S, on demand)"
        })
    );
    EXPECT_TRUE(plan.obstacles.empty());
    EXPECT_FALSE(plan.changes.front().stream);
}

TEST(TablePlan, ThatHeartbeatsAreMissingTakesOneTableAndItsReplica) {
    const TablePlan plan = plan_table(wish(TableUse::heartbeat), {missing(kEast), missing(kWest)});
    EXPECT_EQ(
        texts(plan),
        (Texts{
            "make table t in us-east-1 (key id S, on demand)",
            "make a replica of table t of us-east-1 in eu-west-1"
        })
    );
    EXPECT_TRUE(plan.changes.front().stream) << "a replica needs it";
}

TEST(TablePlan, AReplicaIsMadeFromWhereTheTableIs) {
    TableSeen there = found(kWest);
    there.stream = false;
    there.on_demand = false;
    const TablePlan plan = plan_table(wish(TableUse::data), {missing(kEast), there});
    EXPECT_EQ(
        texts(plan),
        (Texts{
            "turn the stream of table t in eu-west-1 on",
            "make a replica of table t of eu-west-1 in us-east-1"
        })
    );
    ASSERT_EQ(plan.notes.size(), 2U);
    EXPECT_TRUE(plan.notes[0].contains("auto scaling")) << plan.notes[0];
    EXPECT_TRUE(plan.notes[1].contains("24 hours")) << plan.notes[1];
}

TEST(TablePlan, WhatIsThereIsTakenOver) {
    const TablePlan plan = plan_table(
        wish(TableUse::data),
        {found(kEast, "pk S, sk N", {kEast, kWest}), found(kWest, "pk S, sk N", {kEast, kWest})}
    );
    EXPECT_TRUE(plan.changes.empty());
    EXPECT_TRUE(plan.obstacles.empty());
    EXPECT_TRUE(plan.notes.empty());
}

struct Row {
    TableUse use;
    std::vector<TableSeen> seen;
    std::string text;
};

TEST(TablePlan, WhatAPersonMustDecideStopsTheTable) {
    TableSeen old = found(kEast);
    old.global_version = "2017.11.29";
    TableSeen strong = found(kEast);
    strong.strong = true;
    TableSeen full = found(kWest);
    full.empty = false;
    TableSeen denied = missing(kWest);
    denied.sight.answer = TableAnswer::denied;
    denied.sight.why = "AccessDeniedException";
    const std::vector<Row> rows{
        {TableUse::data, {missing(kEast), missing(kWest)}, "is in none of us-east-1"},
        {TableUse::data, {found(kEast), full}, "two tables of one name, and it is not empty"},
        {TableUse::data, {old, missing(kWest)}, "version 2017.11.29"},
        {TableUse::data, {strong, missing(kWest)}, "its Regions cannot be changed"},
        {TableUse::data, {found(kEast), denied}, "could not be looked at: AccessDeniedException"},
        {TableUse::heartbeat, {found(kEast, "pk S"), missing(kWest)}, "has the key pk S, not id S"},
        {TableUse::epoch,
         {found(kEast, "id S"), found(kWest, "app S")},
         "has the key id S, not app S"},
        {TableUse::epoch,
         {found(kEast, "app S", {kEast, kWest}), found(kWest, "app S")},
         "vote as one"},
    };
    for (const Row& row : rows) {
        const TablePlan plan = plan_table(wish(row.use), row.seen);
        ASSERT_EQ(plan.obstacles.size(), 1U) << row.text;
        EXPECT_TRUE(plan.obstacles[0].text.contains(row.text)) << plan.obstacles[0].text;
        EXPECT_FALSE(plan.obstacles[0].remedy.empty()) << row.text;
        EXPECT_TRUE(plan.changes.empty()) << row.text;
    }
}

TEST(TablePlan, WhatWasDoneMeanwhileMayBeMissingAndNothingMayBeNew) {
    const std::vector<TableChange> looked_at =
        plan_table(wish(TableUse::heartbeat), {missing(kEast), missing(kWest)}).changes;
    const std::vector<TableChange> half_done =
        plan_table(wish(TableUse::heartbeat), {found(kEast), missing(kWest)}).changes;
    EXPECT_EQ(not_looked_at(looked_at, half_done), std::nullopt);
    EXPECT_EQ(not_looked_at(looked_at, {}), std::nullopt);
    // Meanwhile it is the other Region that has the table.
    const std::vector<TableChange> moved =
        plan_table(wish(TableUse::heartbeat), {missing(kEast), found(kWest)}).changes;
    ASSERT_NE(not_looked_at(looked_at, moved), std::nullopt);
}

}  // namespace
}  // namespace farshore::core
