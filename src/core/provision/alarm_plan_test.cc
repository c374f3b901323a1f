#include "core/provision/alarm_plan.h"

#include <gtest/gtest.h>

namespace farshore::core {
namespace {

using namespace std::chrono_literals;
using enum AlarmResourceKind;

const RegionId kEast{"us-east-1"};
const RegionId kWest{"eu-west-1"};
const RegionId kWitness{"us-east-2"};

AlarmWish wish(std::vector<RegionId> queues = {kEast, kWest}) {
    return {
        .partition = "aws",
        .account = "123456789012",
        .app = AppId{"shop"},
        .regions = {kEast, kWest},
        .tables = {TableName{"sessions"}},
        .heartbeat_table = TableName{"beats"},
        .queues = std::move(queues),
        .role = {},
        .latency = 100ms,
        .replication_lag = 10s
    };
}

// By name, in a Region.
AlarmResource resource(const AlarmWish& wish, const RegionId& region, std::string_view name) {
    for (const AlarmResource& one : wished_alarm_resources(wish)) {
        if (one.region == region && one.name == name) {
            return one;
        }
    }
    ADD_FAILURE() << "no " << name << " in " << region.value();
    return {};
}

std::vector<std::string> names(const AlarmWish& wish, AlarmResourceKind kind) {
    std::vector<std::string> out;
    for (const AlarmResource& one : wished_alarm_resources(wish)) {
        if (one.kind == kind) {
            out.push_back(one.region.value() + " " + one.name);
        }
    }
    return out;
}

using Names = std::vector<std::string>;

std::vector<AlarmResource> all_there(const AlarmWish& wish) {
    std::vector<AlarmResource> seen = wished_alarm_resources(wish);
    for (AlarmResource& one : seen) {
        one.ours = true;
    }
    return seen;
}

TEST(AlarmPlan, SaysOfEachMetricWhatItsSilenceMeans) {
    const auto silence = [](std::string_view name) {
        return resource(wish(), kEast, name).fields["TreatMissingData"];
    };
    EXPECT_EQ(silence("farshore-shop-sessions-GetItem-latency"), "missing");
    EXPECT_EQ(silence("farshore-shop-sessions-GetItem-errors"), "notBreaching");
    EXPECT_EQ(silence("farshore-shop-sessions-replication-late-eu-west-1"), "missing");
    EXPECT_EQ(silence("farshore-shop-beats-replication-silent-eu-west-1"), "breaching");
}

TEST(AlarmPlan, WatchesForSilenceOnlyWhereSomebodyAlwaysWrites) {
    for (const std::string& name : names(wish(), metric_alarm)) {
        EXPECT_FALSE(name.contains("sessions-replication-silent")) << name;
    }
}

TEST(AlarmPlan, WatchesReplicationTowardsTheOtherRegion) {
    const AlarmResource late =
        resource(wish(), kWest, "farshore-shop-sessions-replication-late-us-east-1");
    EXPECT_EQ(late.fields.at("Dimensions.ReceivingRegion"), "us-east-1");
    EXPECT_EQ(late.fields.at("Threshold"), "10000");
}

TEST(AlarmPlan, TheCompositeAlarmStandsOnRequestsAloneAndComesAfterThem) {
    const AlarmResource any = resource(wish(), kEast, "farshore-shop-impaired");
    EXPECT_EQ(
        any.fields.at("AlarmRule"),
        R"(ALARM("farshore-shop-sessions-GetItem-latency") OR )"
        R"(ALARM("farshore-shop-sessions-GetItem-errors") OR )"
        R"(ALARM("farshore-shop-sessions-PutItem-latency") OR )"
        R"(ALARM("farshore-shop-sessions-PutItem-errors") OR )"
        R"(ALARM("farshore-shop-sessions-UpdateItem-latency") OR )"
        R"(ALARM("farshore-shop-sessions-UpdateItem-errors"))"
    );
    EXPECT_EQ(wished_alarm_resources(wish()).back().kind, composite_alarm);
}

TEST(AlarmPlan, EachRegionTellsTheOtherOneAndNoEventGoesInACircle) {
    EXPECT_EQ(
        names(wish(), rule),
        (Names{
            "us-east-1 farshore-shop-alarms-to-queue",
            "eu-west-1 farshore-shop-alarms-to-queue",
            "eu-west-1 farshore-shop-alarms-to-us-east-1",
            "us-east-1 farshore-shop-alarms-to-eu-west-1"
        })
    );
    const AlarmResource forwards = resource(wish(), kEast, "farshore-shop-alarms-to-eu-west-1");
    EXPECT_EQ(
        forwards.fields.at("EventPattern"),
        R"({"source":["aws.cloudwatch"],"detail-type":["CloudWatch Alarm State Change"],)"
        R"("resources":[{"prefix":"arn:aws:cloudwatch:us-east-1:123456789012:alarm:farshore-shop-"}]})"
    ) << "what the other Region forwarded is not forwarded again";
    EXPECT_EQ(
        forwards.fields.at("Targets.Arn"), "arn:aws:events:eu-west-1:123456789012:event-bus/default"
    );
    EXPECT_EQ(
        forwards.fields.at("Targets.RoleArn"),
        "arn:aws:iam::123456789012:role/farshore-shop-bus-eu-west-1"
    );
}

TEST(AlarmPlan, AQueueOfTheWitnessIsToldByBothRegions) {
    EXPECT_EQ(
        names(wish({kWitness}), rule),
        (Names{
            "us-east-2 farshore-shop-alarms-to-queue",
            "us-east-1 farshore-shop-alarms-to-us-east-2",
            "eu-west-1 farshore-shop-alarms-to-us-east-2"
        })
    );
    EXPECT_EQ(names(wish({kWitness}), role), (Names{"us-east-1 farshore-shop-bus-us-east-2"}));
}

TEST(AlarmPlan, ARoleReachesExactlyOneBusAndAQueueAdmitsExactlyOneRule) {
    const AlarmResource made = resource(wish(), kEast, "farshore-shop-bus-eu-west-1");
    EXPECT_EQ(
        made.fields.at("PolicyDocument"),
        R"({"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"events:PutEvents",)"
        R"("Resource":"arn:aws:events:eu-west-1:123456789012:event-bus/default"}]})"
    );
    const AlarmResource read = resource(wish(), kWest, "farshore-shop-alarms");
    EXPECT_EQ(
        read.fields.at("Policy"),
        R"({"Version":"2012-10-17","Statement":[{"Effect":"Allow",)"
        R"("Principal":{"Service":"events.amazonaws.com"},"Action":"sqs:SendMessage",)"
        R"("Resource":"arn:aws:sqs:eu-west-1:123456789012:farshore-shop-alarms",)"
        R"("Condition":{"ArnEquals":{"aws:SourceArn":)"
        R"("arn:aws:events:eu-west-1:123456789012:rule/farshore-shop-alarms-to-queue"}}}]})"
    );
}

TEST(AlarmPlan, ARoleThatTheConfigurationNamesIsTakenAndNoneIsMade) {
    AlarmWish given = wish();
    given.role = "arn:aws:iam::123456789012:role/buses";
    EXPECT_TRUE(names(given, role).empty());
    EXPECT_EQ(
        resource(given, kEast, "farshore-shop-alarms-to-eu-west-1").fields.at("Targets.RoleArn"),
        given.role
    );
}

TEST(AlarmPlan, WhatIsThereIsNotMadeAgainWhoeverMadeIt) {
    std::vector<AlarmResource> seen = all_there(wish());
    seen.front().ours = false;
    const AlarmPlan plan = plan_alarms(wish(), seen);
    EXPECT_TRUE(plan.changes.empty());
    EXPECT_TRUE(plan.obstacles.empty());
}

TEST(AlarmPlan, WhatDiffersIsMendedFieldByField) {
    std::vector<AlarmResource> seen = all_there(wish());
    seen.back().fields["AlarmRule"] = "FALSE";
    seen.front().fields["MessageRetentionPeriod"] = "";
    const AlarmPlan plan = plan_alarms(wish(), seen);
    ASSERT_EQ(plan.changes.size(), 2U);
    EXPECT_EQ(
        text_of(plan.changes[0]),
        "change queue farshore-shop-alarms-dead in us-east-1: MessageRetentionPeriod 1209600 "
        "(now none)"
    );
    EXPECT_TRUE(plan.changes[1].fields.ends_with("(now FALSE)")) << plan.changes[1].fields;
}

TEST(AlarmPlan, AnAlarmOnAnotherMetricDiffersToo) {
    std::vector<AlarmResource> seen = all_there(wish());
    for (AlarmResource& one : seen) {
        if (one.name.ends_with("GetItem-latency")) {
            one.fields["Dimensions.GlobalSecondaryIndexName"] = "by-user";
        }
    }
    EXPECT_EQ(plan_alarms(wish(), seen).changes.size(), 2U) << "one in each Region";
}

TEST(AlarmPlan, WhatSomebodyElseMadeAndDiffersIsForAPersonToDecide) {
    std::vector<AlarmResource> seen = all_there(wish());
    seen.back().fields["AlarmRule"] = "FALSE";
    seen.back().ours = false;
    const AlarmPlan plan = plan_alarms(wish(), seen);
    EXPECT_TRUE(plan.changes.empty());
    ASSERT_EQ(plan.obstacles.size(), 1U);
    EXPECT_TRUE(plan.obstacles[0].text.contains("farshore-shop-impaired in eu-west-1"));
    EXPECT_TRUE(plan.obstacles[0].remedy.contains("`farshore:app`"));
}

TEST(AlarmPlan, MoreTablesThanACompositeAlarmTakesAreAnObstacle) {
    AlarmWish many = wish();
    many.tables.assign(16, TableName{"sessions"});
    EXPECT_TRUE(plan_alarms(many, {}).obstacles.empty()) << "96 alarms";
    many.tables.emplace_back("carts");
    EXPECT_EQ(plan_alarms(many, {}).obstacles.size(), 1U) << "102";
}

TEST(AlarmPlan, ANameThatAwsDoesNotTakeIsAnObstacle) {
    AlarmWish longer = wish();
    longer.app = AppId{std::string(40, 'a')};
    const AlarmPlan plan = plan_alarms(longer, {});
    ASSERT_FALSE(plan.obstacles.empty());
    EXPECT_TRUE(plan.obstacles[0].text.starts_with("AWS takes no name as long"))
        << plan.obstacles[0].text;
}

}  // namespace
}  // namespace farshore::core
