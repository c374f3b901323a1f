#include <gtest/gtest.h>

#include "lab/dynamo/dynamo_test_world.h"
#include "lab/dynamo/region.h"

namespace farshore::lab::dynamo {
namespace {

using testing::kEast;
using testing::kWest;
using testing::TestWorld;

constexpr std::string_view kSource =
    "ValidationException: Replica cannot be deleted because it has acted as a source region for "
    "new "
    "replica(s) being added to the table in the last 24 hours.";

class Replicas : public ::testing::Test {
  protected:
    std::string create(const std::string& options) {
        return world.call(
            kEast,
            "CreateTable",
            "{'TableName':'t-t','AttributeDefinitions':[{'AttributeName':'id','AttributeType':'S'}]"
            ","
            "'KeySchema':[{'AttributeName':'id','KeyType':'HASH'}]," +
                options + "}"
        );
    }

    void on_demand(const std::string& more = "") {
        const std::string made = create("'BillingMode':'PAY_PER_REQUEST'" + more);
        EXPECT_NE(made.find("'TableStatus'"), std::string::npos) << made;
    }

    std::string update(const RegionId& region, const std::string& change) {
        return world.call(region, "UpdateTable", "{'TableName':'t-t'," + change + "}");
    }

    std::string replica(
        const std::string& action, const RegionId& of, const RegionId& through = kEast
    ) {
        return update(
            through, "'ReplicaUpdates':[{'" + action + "':{'RegionName':'" + of.value() + "'}}]"
        );
    }

    // Makes the replica in the west and waits for it.
    void replicate() {
        const std::string answer = replica("Create", kWest);
        EXPECT_NE(answer.find("'ReplicaStatus'"), std::string::npos) << answer;
        EXPECT_TRUE(world.run_until([&] {
            return described(kEast).find("'ReplicaStatus':'ACTIVE'") != std::string::npos;
        }));
    }

    std::string described(const RegionId& region) {
        return world.call(region, "DescribeTable", "{'TableName':'t-t'}");
    }

    bool has(const RegionId& region, std::string_view words) {
        return described(region).find(words) != std::string::npos;
    }

    std::string label(const RegionId& region) {
        const auto answer = parsed_label(described(region));
        return answer;
    }

    static std::string parsed_label(const std::string& text) {
        const std::string mark = "'LatestStreamLabel':'";
        const auto at = text.find(mark);
        return at == std::string::npos
                   ? ""
                   : text.substr(
                         at + mark.size(), text.find('\'', at + mark.size()) - at - mark.size()
                     );
    }

    TestWorld world;
};

TEST_F(Replicas, GetAStreamWhenTheTableHasNone) {
    on_demand();
    EXPECT_FALSE(has(kEast, "Stream"));
    replicate();
    for (const RegionId& region : {kEast, kWest}) {
        EXPECT_TRUE(has(
            region,
            "'StreamSpecification':{'StreamEnabled':true,'StreamViewType':'NEW_AND_OLD_IMAGES'}"
        ));
        EXPECT_NE(label(region), "");
        EXPECT_TRUE(
            has(region,
                "'LatestStreamArn':'arn:aws:dynamodb:" + region.value() +
                    ":000000000000:table/t-t/stream/" + label(region) + "'")
        );
    }
    EXPECT_NE(replica("Delete", kWest).find("'TableDescription'"), std::string::npos);
    EXPECT_TRUE(has(kEast, "NEW_AND_OLD_IMAGES")) << "it stays when the last replica leaves";
    EXPECT_FALSE(has(kEast, "Replicas"));
    EXPECT_FALSE(has(kEast, "GlobalTableVersion"));
}

TEST_F(Replicas, TakeOverTheStreamThatTheTableHas) {
    on_demand(",'StreamSpecification':{'StreamEnabled':true,'StreamViewType':'KEYS_ONLY'}");
    replicate();
    EXPECT_TRUE(has(kEast, "KEYS_ONLY"));
    EXPECT_TRUE(has(kWest, "KEYS_ONLY"));
}

TEST_F(Replicas, KeepTheirStream) {
    on_demand();
    replicate();
    for (const RegionId& region : {kEast, kWest}) {
        EXPECT_EQ(
            update(region, "'StreamSpecification':{'StreamEnabled':false}"),
            "ValidationException: One or more parameter values were invalid: Disabling Stream is "
            "not allowed for a Global Table replica."
        );
        EXPECT_EQ(
            update(
                region, "'StreamSpecification':{'StreamEnabled':true,'StreamViewType':'NEW_IMAGE'}"
            ),
            "ValidationException: Table already has an enabled stream: TableName: t-t"
        );
        EXPECT_TRUE(has(region, "NEW_AND_OLD_IMAGES"));
    }
}

TEST_F(Replicas, StreamsAreChangedByTheRules) {
    const std::string one_or_more =
        "ValidationException: One or more parameter values were invalid: ";
    EXPECT_EQ(
        create("'BillingMode':'PAY_PER_REQUEST','StreamSpecification':{'StreamEnabled':true}"),
        one_or_more + "Table is being created with a stream enabled, UpdateViewType is required"
    );
    EXPECT_EQ(
        create("'BillingMode':'PAY_PER_REQUEST','StreamSpecification':{'StreamEnabled':false,"
               "'StreamViewType':'NEW_IMAGE'}"),
        one_or_more +
            "Table is being created with a stream disabled, UpdateViewType should not be specified"
    );
    on_demand(",'StreamSpecification':{'StreamEnabled':false}");
    EXPECT_FALSE(has(kEast, "Stream"));
    EXPECT_EQ(
        update(kEast, "'StreamSpecification':{'StreamEnabled':false}"),
        "ValidationException: Table has no stream to disable: TableName: t-t"
    );
    EXPECT_EQ(
        update(kEast, "'StreamSpecification':{'StreamEnabled':true}"),
        one_or_more + "If stream is being enabled then UpdateViewType is required"
    );
    EXPECT_EQ(
        update(kEast, "'StreamSpecification':{'StreamEnabled':false,'StreamViewType':'NEW_IMAGE'}"),
        one_or_more + "If stream is being disabled, then UpdateViewType must not be specified"
    );
    EXPECT_NE(
        update(kEast, "'StreamSpecification':{'StreamEnabled':true,'StreamViewType':'ALL'}")
            .find("ValidationException: 1 validation error detected: Value 'ALL' at "
                  "'streamSpecification.streamViewType' failed to satisfy constraint"),
        std::string::npos
    );
    EXPECT_EQ(
        update(kEast, "'StreamSpecification':{'StreamViewType':'NEW_IMAGE'}"),
        "ValidationException: 1 validation error detected: Value null at "
        "'streamSpecification.streamEnabled' failed to satisfy constraint: Member must not be null"
    );
    const std::string enable =
        "'StreamSpecification':{'StreamEnabled':true,'StreamViewType':'NEW_IMAGE'}";
    EXPECT_NE(update(kEast, enable).find("'NEW_IMAGE'"), std::string::npos);
    const std::string first = label(kEast);
    EXPECT_NE(first, "");
    EXPECT_EQ(
        update(kEast, enable),
        "ValidationException: Table already has an enabled stream: TableName: t-t"
    );
    const std::string disabled = update(kEast, "'StreamSpecification':{'StreamEnabled':false}");
    EXPECT_EQ(disabled.find("StreamSpecification"), std::string::npos);
    EXPECT_EQ(parsed_label(disabled), first) << "what the stream held can still be read";
    world.clock.ahead = std::chrono::seconds{1};
    EXPECT_NE(parsed_label(update(kEast, enable)), first);
}

TEST_F(Replicas, NeedATableThatScales) {
    EXPECT_NE(
        create("'ProvisionedThroughput':{'ReadCapacityUnits':5,'WriteCapacityUnits':5}")
            .find("'TableStatus'"),
        std::string::npos
    );
    EXPECT_EQ(
        replica("Create", kWest),
        "ValidationException: Table write capacity should either be Pay-Per-Request or AutoScaled."
    );
    EXPECT_FALSE(has(kEast, "Replicas"));
    EXPECT_FALSE(has(kEast, "Stream"));
    EXPECT_EQ(described(kWest).substr(0, 25), "ResourceNotFoundException");
    update(kEast, "'BillingMode':'PAY_PER_REQUEST'");
    replicate();
}

TEST_F(Replicas, AreChangedOneAtATime) {
    on_demand();
    EXPECT_EQ(
        update(
            kEast,
            "'ReplicaUpdates':[{'Create':{'RegionName':'eu-west-1'}}],'StreamSpecification':"
            "{'StreamEnabled':true,'StreamViewType':'NEW_AND_OLD_IMAGES'}"
        ),
        "ValidationException: One or more parameter values were invalid: Replica modification must "
        "be the only operation in the request"
    );
    const std::string one = "{'Create':{'RegionName':'eu-west-1'}}";
    for (const std::string& several :
         {one + "," + one,
          std::string{"{'Create':{'RegionName':'eu-west-1'},'Delete':{'RegionName':'eu-west-1'}}"}
         }) {
        EXPECT_EQ(
            update(kEast, "'ReplicaUpdates':[" + several + "]"),
            "ValidationException: Update table operation with more than one create or delete "
            "replica actions not allowed"
        );
    }
    EXPECT_EQ(
        update(kEast, "'ReplicaUpdates':[{}]"),
        "ValidationException: There are no actions specified in the Replica Update Action of the "
        "request."
    );
    EXPECT_FALSE(has(kEast, "Replicas"));
    const FaultId pause = world.fault("replication us-east-1 --pause");
    replica("Create", kWest);
    for (const char* action : {"Create", "Delete"}) {
        EXPECT_EQ(replica(action, kWest).substr(0, 22), "ResourceInUseException")
            << "while the replica is being made";
    }
    ASSERT_TRUE(world.board.end(pause).has_value());
}

TEST_F(Replicas, AreWhereTheyCanBe) {
    on_demand();
    EXPECT_EQ(
        replica("Create", kEast),
        "ValidationException: Cannot add or delete the local region through ReplicaUpdates. Use "
        "CreateTable, DeleteTable, or UpdateTable as required."
    );
    EXPECT_EQ(replica("Delete", kEast), replica("Create", kEast));
    EXPECT_EQ(
        replica("Create", RegionId{"mars-1"}),
        "ValidationException: Region mars-1 is not supported. The latest version of global tables "
        "are only supported in the following regions: [eu-west-1, us-east-1]"
    );
    EXPECT_EQ(
        replica("Delete", kWest),
        "ValidationException: Update global table operation failed because one or more replicas "
        "were not part of the global table. Please retry the request without these replicas: "
        "[eu-west-1]."
    );
    const std::string there =
        "ValidationException: Failed to create a the new replica of table with name: "
        "\u2018t-t\u2019 "
        "because one or more replicas already existed as tables.";
    world.call(
        kWest,
        "CreateTable",
        "{'TableName':'t-t','AttributeDefinitions':[{'AttributeName':'id','AttributeType':'S'}],"
        "'KeySchema':[{'AttributeName':'id','KeyType':'HASH'}],'BillingMode':'PAY_PER_REQUEST'}"
    );
    EXPECT_EQ(replica("Create", kWest), there);
    EXPECT_FALSE(has(kEast, "Stream"));
    world.call(kWest, "DeleteTable", "{'TableName':'t-t'}");
    replicate();
    EXPECT_EQ(replica("Create", kWest), there);
    EXPECT_EQ(
        update(
            kEast, "'ReplicaUpdates':[{'Create':{'RegionName':'eu-west-1','KMSMasterKeyId':'k'}}]"
        ),
        "ValidationException: UpdateTable: the lab does not support "
        "ReplicaUpdates[].Create.KMSMasterKeyId"
    );
}

TEST_F(Replicas, ASourceStaysForADay) {
    on_demand();
    replicate();
    EXPECT_EQ(world.call(kEast, "DeleteTable", "{'TableName':'t-t'}"), kSource);
    EXPECT_EQ(replica("Delete", kEast, kWest), kSource);
    world.clock.ahead = std::chrono::hours{24};
    EXPECT_NE(replica("Delete", kEast, kWest).find("'TableDescription'"), std::string::npos);
    EXPECT_EQ(described(kEast).substr(0, 25), "ResourceNotFoundException");
    EXPECT_FALSE(has(kWest, "Replicas"));
}

TEST_F(Replicas, TheSourceGoesWhenItIsTheLast) {
    on_demand();
    replicate();
    EXPECT_NE(
        world.call(kWest, "DeleteTable", "{'TableName':'t-t'}").find("DELETING"), std::string::npos
    );
    EXPECT_NE(
        world.call(kEast, "DeleteTable", "{'TableName':'t-t'}").find("DELETING"), std::string::npos
    );
}

TEST_F(Replicas, ShareTheirCapacityAndKeepTheRestForThemselves) {
    on_demand(",'DeletionProtectionEnabled':true,'Tags':[{'Key':'a','Value':'b'}]");
    replicate();
    const auto tags = [this](const RegionId& region) {
        return world.call(
            region,
            "ListTagsOfResource",
            "{'ResourceArn':'arn:aws:dynamodb:" + region.value() + ":000000000000:table/t-t'}"
        );
    };
    EXPECT_TRUE(has(kEast, "'DeletionProtectionEnabled':true"));
    EXPECT_TRUE(has(kWest, "'DeletionProtectionEnabled':false"));
    EXPECT_EQ(tags(kEast), "{'Tags':[{'Key':'a','Value':'b'}]}");
    EXPECT_EQ(tags(kWest), "{'Tags':[]}");
    update(kWest, "'DeletionProtectionEnabled':true");
    EXPECT_EQ(
        replica("Delete", kWest),
        "ValidationException: Cannot delete table t-t in region eu-west-1 because it has deletion "
        "protection enabled. Disable deletion protection first."
    );
    update(kEast, "'DeletionProtectionEnabled':false");
    EXPECT_TRUE(has(kWest, "'DeletionProtectionEnabled':true"));
    update(
        kWest,
        "'BillingMode':'PROVISIONED','ProvisionedThroughput':{'ReadCapacityUnits':7,"
        "'WriteCapacityUnits':8}"
    );
    for (const RegionId& region : {kEast, kWest}) {
        EXPECT_TRUE(has(region, "'ReadCapacityUnits':7,'WriteCapacityUnits':8"));
    }
}

TEST_F(Replicas, AChangeOfNothingIsRefused) {
    on_demand();
    EXPECT_EQ(
        world.call(kEast, "UpdateTable", "{'TableName':'t-t'}"),
        "ValidationException: At least one of ProvisionedThroughput, BillingMode, "
        "UpdateStreamEnabled, GlobalSecondaryIndexUpdates or SSESpecification or ReplicaUpdates is "
        "required"
    );
}

TEST_F(Replicas, TheOldCallsAreGone) {
    on_demand();
    replicate();
    EXPECT_EQ(
        world.call(
            kEast,
            "CreateGlobalTable",
            "{'GlobalTableName':'t-t','ReplicationGroup':[{'RegionName':'eu-west-1'}]}"
        ),
        "ValidationException: DynamoDB global tables version 2017.11.29 is not supported. We "
        "recommend using DynamoDB global tables version 2019.11.21, instead of version 2017.11.29 "
        "(Legacy)."
    );
    EXPECT_EQ(
        world.call(kEast, "DescribeGlobalTable", "{'GlobalTableName':'t-t'}"),
        "GlobalTableNotFoundException: Global table with name 't-t' does not exist."
    );
    EXPECT_EQ(
        world.call(kEast, "UpdateGlobalTable", "{'GlobalTableName':'t-t','ReplicaUpdates':[]}"),
        "GlobalTableNotFoundException: Global table with name 't-t' does not exist."
    );
    EXPECT_EQ(world.call(kEast, "ListGlobalTables", "{}"), "{'GlobalTables':[]}");
    EXPECT_EQ(
        world.call(kEast, "DescribeGlobalTable", "{}"),
        "ValidationException: 1 validation error detected: Value null at 'globalTableName' failed "
        "to satisfy constraint: Member must not be null"
    );
}

}  // namespace
}  // namespace farshore::lab::dynamo
