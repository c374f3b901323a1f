#include "lab/dynamo/replication.h"

#include <gtest/gtest.h>

#include "lab/dynamo/dynamo_test_world.h"

namespace farshore::lab::dynamo {
namespace {

using testing::kEast;
using testing::kWest;
using testing::TestWorld;

class GlobalTable : public ::testing::Test {
  protected:
    GlobalTable() { world.make_global_table(); }

    // "us-east-1 PutItem client applied", oldest first.
    [[nodiscard]] std::vector<std::string> story() const {
        std::vector<std::string> lines;
        for (const WriteRecord& record : world.log.after(0, 1000)) {
            lines.push_back(
                record.region.value() + " " + record.op + " " +
                std::string{to_string(record.origin)} + " " + std::string{to_string(record.outcome)}
            );
        }
        return lines;
    }

    bool both_are(const std::string& id, const std::string& wanted) {
        return world.run_until([&] {
            return world.value(kEast, id) == wanted && world.value(kWest, id) == wanted;
        });
    }

    // Without a lag: what no fault keeps back arrives as soon as the loop turns.
    TestWorld world{{.lag = {.least = {}, .most = {}}}};
};

TEST_F(GlobalTable, CarriesPutsUpdatesAndDeletes) {
    world.put(kEast, "a", "1");
    EXPECT_EQ(world.value(kWest, "a"), "absent");
    EXPECT_TRUE(both_are("a", "1"));
    world.call(
        kWest,
        "UpdateItem",
        "{'TableName':'t-t','Key':{'id':{'S':'a'}},'UpdateExpression':'SET v = "
        ":v','ExpressionAttributeValues':{':v':{'S':'2'}}}"
    );
    EXPECT_TRUE(both_are("a", "2"));
    world.remove(kEast, "a");
    EXPECT_TRUE(both_are("a", "absent"));
    EXPECT_EQ(
        story(),
        (std::vector<std::string>{
            "us-east-1 PutItem client applied",
            "eu-west-1 PutItem replication applied",
            "eu-west-1 UpdateItem client applied",
            "us-east-1 UpdateItem replication applied",
            "us-east-1 DeleteItem client applied",
            "eu-west-1 DeleteItem replication applied",
        })
    );
    const auto last = world.log.after(5, 10);
    ASSERT_EQ(last.size(), 1U);
    EXPECT_EQ(last[0].item_hash, "absent");
    EXPECT_EQ(last[0].key, R"({"id":{"S":"a"}})");
    EXPECT_EQ(last[0].version.region, kEast);
}

TEST_F(GlobalTable, LetsTheLastWriterWinAndListsTheOther) {
    world.put(kEast, "a", "older");
    world.put(kWest, "a", "newer");
    EXPECT_TRUE(both_are("a", "newer"));
    EXPECT_TRUE(world.run_until([&] { return world.log.last() == 4; }));
    const auto lines = story();
    EXPECT_NE(std::ranges::find(lines, "eu-west-1 PutItem replication suppressed"), lines.end());
    EXPECT_NE(std::ranges::find(lines, "us-east-1 PutItem replication applied"), lines.end());
}

TEST_F(GlobalTable, LetsADeletionWinOverAnOlderWriteThatArrivesLater) {
    const FaultId pause = world.fault("partition us-east-1 eu-west-1 --one-way");
    world.put(kEast, "a", "late");
    world.remove(kWest, "a");  // of an item that this Region never saw
    ASSERT_TRUE(world.run_until([&] { return world.value(kEast, "a") == "absent"; }))
        << "the other direction is open";
    ASSERT_TRUE(world.board.end(pause).has_value());
    EXPECT_TRUE(world.run_until([&] { return world.link(kEast).suppressed == 1; }));
    EXPECT_EQ(world.value(kWest, "a"), "absent");
    EXPECT_EQ(world.value(kEast, "a"), "absent");
}

TEST_F(GlobalTable, KeepsWritesWhilePausedAndDeliversThemLate) {
    const FaultId pause = world.fault("replication us-east-1 --pause");
    world.put(kEast, "a", "1");
    world.put(kEast, "b", "1");
    world.put(kWest, "b", "2");
    world.clock.ahead += std::chrono::minutes{1};
    ASSERT_TRUE(world.links_look_again());
    EXPECT_EQ(world.value(kWest, "a"), "absent");
    EXPECT_EQ(world.value(kEast, "b"), "1");
    EXPECT_EQ(world.link(kEast).waiting, 2U);
    EXPECT_GE(world.link(kEast).oldest_waiting, std::chrono::minutes{1});
    ASSERT_TRUE(world.board.end(pause).has_value());
    EXPECT_TRUE(both_are("a", "1"));
    EXPECT_TRUE(both_are("b", "2"));
    EXPECT_EQ(world.link(kEast).waiting, 0U);
    EXPECT_TRUE(world.run_until([&] { return world.link(kEast).suppressed == 1; }));
    EXPECT_GE(world.link(kEast).last_lag.value_or(Duration{}), std::chrono::minutes{1});
}

TEST_F(GlobalTable, StopsLeavingARegionWhoseNameIsEmpty) {
    const FaultId fault = world.fault("dynamodb us-east-1 --mode empty-dns");
    world.put(kEast, "a", "1");
    world.put(kWest, "b", "1");
    ASSERT_TRUE(world.links_look_again());
    EXPECT_EQ(world.value(kWest, "a"), "absent");
    ASSERT_TRUE(world.board.end(fault).has_value());
    EXPECT_TRUE(both_are("a", "1"));
    EXPECT_TRUE(both_are("b", "1"));
}

TEST_F(GlobalTable, JudgesConditionsByTheRegionTheyRunIn) {
    const FaultId pause = world.fault("replication us-east-1 --pause");
    world.put(kEast, "a", "1");
    const char* put_if_absent =
        "{'TableName':'t-t','Item':{'id':{'S':'a'},'v':{'S':'2'}},'ConditionExpression':'attribute_"
        "not_exists(id)'}";
    EXPECT_EQ(
        world.call(kEast, "PutItem", put_if_absent),
        "ConditionalCheckFailedException: The conditional request failed"
    );
    EXPECT_EQ(world.call(kWest, "PutItem", put_if_absent), "{}");
    ASSERT_TRUE(world.board.end(pause).has_value());
    EXPECT_TRUE(both_are("a", "2"));
}

TEST_F(GlobalTable, WritesLaterThanWhatItReplaces) {
    world.clock.ahead = std::chrono::seconds{5};
    world.put(kEast, "a", "1");
    EXPECT_TRUE(both_are("a", "1"));
    world.clock.ahead = {};
    world.put(kWest, "a", "2");
    EXPECT_TRUE(both_are("a", "2"))
        << "a clock that is behind must not lose a write that saw the other";
}

TEST(Replication, CopiesWhatWasThereBefore) {
    TestWorld world;
    world.make_table("t");
    world.put(kEast, "a", "1");
    world.put(kEast, "b", "1");
    world.remove(kEast, "b");
    world.call(
        kEast,
        "UpdateTable",
        "{'TableName':'t-t','ReplicaUpdates':[{'Create':{'RegionName':'eu-west-1'}}]}"
    );
    EXPECT_NE(
        world.call(kEast, "DescribeTable", "{'TableName':'t-t'}")
            .find("'ReplicaStatus':'CREATING'"),
        std::string::npos
    );
    EXPECT_TRUE(world.run_until([&] {
        return world.call(kEast, "DescribeTable", "{'TableName':'t-t'}")
                   .find("'ReplicaStatus':'ACTIVE'") != std::string::npos;
    }));
    EXPECT_EQ(world.value(kWest, "a"), "1");
    EXPECT_EQ(world.value(kWest, "b"), "absent");
}

TEST(Replication, CatchesUpByCopyingWhenTooMuchHasWaited) {
    TestWorld world({.lag = {.least = {}, .most = {}}, .seed = 1, .waiting_max = 5});
    world.make_global_table();
    const FaultId pause = world.fault("replication us-east-1 --pause");
    for (int i = 0; i < 40; ++i) {
        world.put(kEast, "k" + std::to_string(i), "1");
    }
    world.remove(kEast, "k39");
    EXPECT_EQ(world.link(kEast).waiting, 5U);
    ASSERT_TRUE(world.board.end(pause).has_value());
    EXPECT_TRUE(world.run_until([&] {
        int found = 0;
        for (int i = 0; i < 39; ++i) {
            found += world.value(kWest, "k" + std::to_string(i)) == "1" ? 1 : 0;
        }
        return found == 39;
    }));
    EXPECT_EQ(world.value(kWest, "k39"), "absent");
    EXPECT_TRUE(world.run_until([&] { return world.link(kEast).waiting == 0; }));
    for (const WriteRecord& record : world.log.after(0, 1000)) {
        EXPECT_NE(record.key, "") << record.op;
    }
}

TEST(Replication, DeliversItemsInNoOrder) {
    TestWorld world({.lag = {.least = {}, .most = std::chrono::milliseconds{40}}});
    world.make_global_table();
    for (int i = 0; i < 12; ++i) {
        world.put(kEast, "k" + std::to_string(i), "1");
    }
    ASSERT_TRUE(world.run_until([&] { return world.log.last() == 24; }));
    std::vector<std::string> sent;
    std::vector<std::string> arrived;
    for (const WriteRecord& record : world.log.after(0, 100)) {
        (record.origin == WriteOrigin::client ? sent : arrived).push_back(record.key);
    }
    EXPECT_NE(sent, arrived);
    std::ranges::sort(sent);
    std::ranges::sort(arrived);
    EXPECT_EQ(sent, arrived);
}

TEST(WriteLog, KeepsABoundedNumberOfRecords) {
    WriteLog log{3};
    for (int i = 0; i < 5; ++i) {
        log.add({.op = std::to_string(i)});
    }
    EXPECT_EQ(log.first(), 3U);
    EXPECT_EQ(log.last(), 5U);
    EXPECT_EQ(log.after(0, 10).size(), 3U);
    EXPECT_EQ(log.after(3, 10).front().op, "3");
    EXPECT_EQ(log.after(3, 1).size(), 1U);
    EXPECT_TRUE(log.after(5, 10).empty());
}

}  // namespace
}  // namespace farshore::lab::dynamo
