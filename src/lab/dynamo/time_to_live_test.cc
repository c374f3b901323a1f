#include "lab/dynamo/time_to_live.h"

#include <gtest/gtest.h>

#include "lab/dynamo/dynamo_test_world.h"

namespace farshore::lab::dynamo {
namespace {

using std::chrono::hours;
using std::chrono::seconds;
using testing::kEast;
using testing::kWest;
using testing::TestWorld;

class TimeToLive : public ::testing::Test {
  protected:
    TimeToLive() { world.make_table("t"); }

    std::string change(
        bool enabled, const std::string& attribute = "at", const RegionId& region = kEast
    ) {
        return update(
            "{'Enabled':" + std::string{enabled ? "true" : "false"} + ",'AttributeName':'" +
                attribute + "'}",
            region
        );
    }

    std::string update(const std::string& specification, const RegionId& region = kEast) {
        return world.call(
            region,
            "UpdateTimeToLive",
            "{'TableName':'t-t','TimeToLiveSpecification':" + specification + "}"
        );
    }

    std::string described(const RegionId& region = kEast) {
        return world.call(region, "DescribeTimeToLive", "{'TableName':'t-t'}");
    }

    // Seconds since 1970 on the lab's clock.
    [[nodiscard]] std::int64_t now_s() const { return to_ms(world.clock.wall()) / 1000; }

    void put(const std::string& id, const std::string& at, const RegionId& region = kEast) {
        EXPECT_EQ(
            world.call(
                region,
                "PutItem",
                "{'TableName':'t-t','Item':{'id':{'S':'" + id + "'},'v':{'S':'" + id +
                    "'},'at':" + at + "}}"
            ),
            "{}"
        );
    }

    void put_due_in(const std::string& id, seconds from_now, const RegionId& region = kEast) {
        put(id, "{'N':'" + std::to_string(now_s() + from_now.count()) + "'}", region);
    }

    void replicate() {
        world.call(
            kEast,
            "UpdateTable",
            "{'TableName':'t-t','ReplicaUpdates':[{'Create':{'RegionName':'eu-west-1'}}]}"
        );
        EXPECT_TRUE(world.run_until([this] {
            return !world.replication().copying(kEast, kWest, TableName{"t-t"});
        }));
    }

    TestWorld world;
    Expiry expiry{world.cluster};
};

const std::string kEnabled =
    "{'TimeToLiveDescription':{'TimeToLiveStatus':'ENABLED','AttributeName':'at'}}";
const std::string kDisabled = "{'TimeToLiveDescription':{'TimeToLiveStatus':'DISABLED'}}";
const std::string kTooOften =
    "ValidationException: Time to live has been modified multiple times within a fixed interval";

TEST_F(TimeToLive, IsEnabledAndDisabledByTheRules) {
    EXPECT_EQ(described(), kDisabled);
    EXPECT_EQ(change(false), "ValidationException: TimeToLive is already disabled");
    EXPECT_EQ(change(true), "{'TimeToLiveSpecification':{'Enabled':true,'AttributeName':'at'}}");
    EXPECT_EQ(described(), kEnabled);
    EXPECT_EQ(change(true), "ValidationException: TimeToLive is already enabled");
    const std::string other =
        "ValidationException: TimeToLive is active on a different AttributeName: current "
        "AttributeName is at";
    EXPECT_EQ(change(true, "other"), other);
    EXPECT_EQ(change(false, "other"), other);
    EXPECT_EQ(change(false), kTooOften);
    world.clock.ahead = hours{1};
    EXPECT_EQ(change(false), "{'TimeToLiveSpecification':{'Enabled':false,'AttributeName':'at'}}");
    EXPECT_EQ(described(), kDisabled);
    EXPECT_EQ(change(true, "other"), kTooOften);
    EXPECT_EQ(change(false), "ValidationException: TimeToLive is already disabled");
    world.clock.ahead = hours{2};
    EXPECT_NE(change(true, "id").find("'AttributeName':'id'"), std::string::npos)
        << "a key's attribute may be named";
}

TEST_F(TimeToLive, ARequestIsCompleteBeforeTheTableIsLookedFor) {
    const auto missing = [](const std::string& where) {
        return "ValidationException: 1 validation error detected: Value null at '" + where +
               "' failed to satisfy constraint: Member must not be null";
    };
    EXPECT_EQ(
        world.call(kEast, "UpdateTimeToLive", "{'TableName':'none'}"),
        missing("timeToLiveSpecification")
    );
    const auto at_none = [this](const std::string& specification) {
        return world.call(
            kEast,
            "UpdateTimeToLive",
            "{'TableName':'none','TimeToLiveSpecification':" + specification + "}"
        );
    };
    EXPECT_EQ(at_none("{'Enabled':true}"), missing("timeToLiveSpecification.attributeName"));
    EXPECT_EQ(at_none("{'AttributeName':'a'}"), missing("timeToLiveSpecification.enabled"));
    EXPECT_EQ(
        at_none("{'Enabled':true,'AttributeName':''}"),
        "ValidationException: 1 validation error detected: Value '' at "
        "'timeToLiveSpecification.attributeName' failed to satisfy constraint: Member must have "
        "length greater than or equal to 1"
    );
    EXPECT_NE(
        at_none("{'Enabled':true,'AttributeName':'" + std::string(256, 'a') + "'}")
            .find("Member must have length less than or equal to 255"),
        std::string::npos
    );
    const std::string no_table =
        "ResourceNotFoundException: Requested resource not found: Table: none not found";
    EXPECT_EQ(at_none("{'Enabled':true,'AttributeName':'a'}"), no_table);
    EXPECT_EQ(world.call(kEast, "DescribeTimeToLive", "{'TableName':'none'}"), no_table);
}

TEST_F(TimeToLive, WaitsForTheTable) {
    world.cluster.creation_takes = hours{1};
    world.make_table("new");
    EXPECT_EQ(
        world.call(kEast, "DescribeTimeToLive", "{'TableName':'t-new'}"),
        "ValidationException: Cannot describe time to live while table is in CREATING state: "
        "Current table state is CREATING"
    );
    EXPECT_EQ(
        world
            .call(
                kEast,
                "UpdateTimeToLive",
                "{'TableName':'t-new','TimeToLiveSpecification':{'Enabled':true,'AttributeName':'a'"
                "}"
                "}"
            )
            .substr(0, 22),
        "ResourceInUseException"
    );
}

TEST_F(TimeToLive, DeletesWhatIsPast) {
    put_due_in("past", -seconds{2});
    put_due_in("soon", seconds{3});
    put_due_in("old", -hours{24 * 366 * 5});
    put("fraction", "{'N':'" + std::to_string(now_s() - 2) + ".5'}");
    put("small", "{'N':'1e-9'}");
    put("large", "{'N':'1e99'}");
    put("text", "{'S':'" + std::to_string(now_s() - 2) + "'}");
    put("set", "{'NS':['1','" + std::to_string(now_s() - 2) + "']}");
    expiry.sweep();
    EXPECT_EQ(world.value(kEast, "past"), "past") << "not while it is disabled";
    change(true);
    expiry.sweep();
    EXPECT_EQ(world.value(kEast, "past"), "absent");
    EXPECT_EQ(world.value(kEast, "fraction"), "absent");
    for (const std::string kept : {"soon", "old", "small", "large", "text", "set"}) {
        EXPECT_EQ(world.value(kEast, kept), kept);
    }
    world.clock.ahead = seconds{5};
    expiry.sweep();
    EXPECT_EQ(world.value(kEast, "soon"), "absent");
    const auto last = world.log.after(0, 100).back();
    EXPECT_EQ(last.op, "TimeToLive");
    EXPECT_EQ(last.origin, WriteOrigin::service);
    EXPECT_EQ(last.item_hash, "absent");
}

TEST_F(TimeToLive, LooksAtALongTableInParts) {
    change(true);
    for (int i = 0; i < 25; ++i) {
        put_due_in("k" + std::to_string(i), -seconds{2});
    }
    Expiry slow{world.cluster, 10};
    const auto left = [this] {
        const std::string answer =
            world.call(kEast, "Scan", "{'TableName':'t-t','Select':'COUNT'}");
        const std::string mark = "'Count':";
        return std::stoi(answer.substr(answer.find(mark) + mark.size()));
    };
    for (const int expected : {15, 5, 0, 0}) {
        slow.sweep();
        EXPECT_EQ(left(), expected);
    }
    put_due_in("k0", -seconds{2});
    slow.sweep();
    EXPECT_EQ(left(), 0) << "from the beginning again";
}

TEST_F(TimeToLive, DeletesInOneRegionForAll) {
    replicate();
    change(true, "at", kWest);
    EXPECT_EQ(described(kEast), kEnabled);
    put_due_in("a", seconds{2});
    ASSERT_TRUE(world.run_until([this] { return world.value(kWest, "a") == "a"; }));
    const std::uint64_t before = world.log.last();
    world.clock.ahead = seconds{4};
    expiry.sweep();
    EXPECT_EQ(world.value(kEast, "a"), "absent");
    EXPECT_EQ(world.value(kWest, "a"), "a");
    ASSERT_TRUE(world.run_until([this] { return world.value(kWest, "a") == "absent"; }));
    expiry.sweep();
    std::vector<std::string> story;
    for (const WriteRecord& record : world.log.after(before, 10)) {
        story.push_back(
            record.region.value() + " " + record.op + " " + std::string{to_string(record.origin)}
        );
    }
    EXPECT_EQ(
        story,
        (std::vector<std::string>{
            "us-east-1 TimeToLive service", "eu-west-1 TimeToLive replication"
        })
    );
}

TEST_F(TimeToLive, AnItemWhoseRegionHasLeftIsStillDeleted) {
    replicate();
    change(true);
    put_due_in("a", seconds{2}, kWest);
    ASSERT_TRUE(world.run_until([this] { return world.value(kEast, "a") == "a"; }));
    world.call(
        kEast,
        "UpdateTable",
        "{'TableName':'t-t','ReplicaUpdates':[{'Delete':{'RegionName':'eu-west-1'}}]}"
    );
    world.clock.ahead = seconds{4};
    expiry.sweep();
    EXPECT_EQ(world.value(kEast, "a"), "absent");
}

TEST_F(TimeToLive, IsCopiedToANewReplica) {
    change(true);
    const FaultId pause = world.fault("replication us-east-1 --pause");
    world.call(
        kEast,
        "UpdateTable",
        "{'TableName':'t-t','ReplicaUpdates':[{'Create':{'RegionName':'eu-west-1'}}]}"
    );
    EXPECT_EQ(described(kWest), kEnabled);
    world.clock.ahead = hours{1};
    EXPECT_EQ(
        change(false),
        "ValidationException: Create/Update/Delete of replica is not allowed while the replica is "
        "being added to table with name: 't-t' in region: 'eu-west-1'."
    );
    ASSERT_TRUE(world.board.end(pause).has_value());
    ASSERT_TRUE(world.run_until([this] {
        return !world.replication().copying(kEast, kWest, TableName{"t-t"});
    }));
    EXPECT_NE(change(false, "at", kWest).find("'Enabled':false"), std::string::npos);
    EXPECT_EQ(described(kEast), kDisabled);
}

}  // namespace
}  // namespace farshore::lab::dynamo
