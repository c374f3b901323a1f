#include "core/provision/rights.h"

#include <gtest/gtest.h>

namespace farshore::core {
namespace {

RightsScope shop() {
    return {
        .partition = "aws",
        .account = "123456789012",
        .app = AppId{"storefront"},
        .regions = {RegionId{"us-east-1"}, RegionId{"eu-west-1"}},
        .witness = RegionId{"us-east-2"},
        .tables = {TableName{"sessions"}, TableName{"carts"}},
        .epoch_table = TableName{"farshore_epochs"},
        .heartbeat_table = TableName{"farshore_heartbeat"},
        .zone = "Z1",
        .record = "shop.example.com",
        .host = "web-1",
        .application_actions = {"dynamodb:PutItem", "dynamodb:BatchGetItem"}
    };
}

const Right& right(const std::vector<Right>& rights, std::string_view id) {
    for (const Right& one : rights) {
        if (one.id == id) {
            return one;
        }
    }
    ADD_FAILURE() << id;
    return rights.front();
}

TEST(Rights, NameEachTableInEachOfItsRegions) {
    const auto rights = rights_of(Principal::controller, shop());
    const std::string arn = "arn:aws:dynamodb:";
    EXPECT_EQ(
        right(rights, "EpochItemsAndRegister").resources,
        (std::vector<std::string>{
            arn + "us-east-1:123456789012:table/farshore_epochs",
            arn + "eu-west-1:123456789012:table/farshore_epochs",
            arn + "us-east-2:123456789012:table/farshore_epochs"
        })
    );
    EXPECT_EQ(
        right(rights, "ReadBackWhatMayBeLost").resources,
        (std::vector<std::string>{
            arn + "us-east-1:123456789012:table/sessions",
            arn + "us-east-1:123456789012:table/carts",
            arn + "eu-west-1:123456789012:table/sessions",
            arn + "eu-west-1:123456789012:table/carts"
        })
    );
    EXPECT_EQ(
        right(rights, "SeeTheRecord").resources,
        std::vector<std::string>{"arn:aws:route53:::hostedzone/Z1"}
    );
}

TEST(Rights, AFleetStepIsAllowedInTheRegionsAndOnTheNamesThatItMayMean) {
    RightsScope scope = shop();
    scope.fleets = {
        {.kind = StepKind::asg, .change = {.region = "${to}", .group = "web-${to}", .desired = 2}},
        {.kind = StepKind::ecs,
         .change = {.region = "eu-west-1", .cluster = "shop", .service = "web", .set = {{"A", "b"}}}
        }
    };
    const auto rights = rights_of(Principal::controller, scope);
    EXPECT_EQ(
        right(rights, "RaiseCapacity").resources,
        (std::vector<std::string>{
            "arn:aws:autoscaling:us-east-1:123456789012:autoScalingGroup:*:autoScalingGroupName/"
            "web-*",
            "arn:aws:autoscaling:eu-west-1:123456789012:autoScalingGroup:*:autoScalingGroupName/"
            "web-*"
        })
    );
    EXPECT_EQ(
        right(rights, "RollServicesOut").resources,
        std::vector<std::string>{"arn:aws:ecs:eu-west-1:123456789012:service/shop/web"}
    );
    EXPECT_EQ(right(rights, "PassTheTasksRoles").conditions.size(), 1U);
    for (const Right& one : rights) {
        EXPECT_NE(one.id, "RunScriptsOnInstances") << "no step runs scripts";
    }
}

TEST(Rights, ProvisioningMayMakeAndNeverDelete) {
    for (const Right& one : rights_of(Principal::provisioning, shop())) {
        for (const std::string& action : one.actions) {
            EXPECT_EQ(action.find(":DeleteTable"), std::string::npos) << action;
            EXPECT_EQ(action.find("route53:Delete"), std::string::npos) << action;
        }
    }
}

TEST(Rights, AControllerWritesNoTableOfTheApplication) {
    for (const Right& one : rights_of(Principal::controller, shop())) {
        for (const std::string& resource : one.resources) {
            if (resource.ends_with("/sessions") || resource.ends_with("/carts")) {
                EXPECT_EQ(
                    one.actions,
                    (std::vector<std::string>{"dynamodb:DescribeTable", "dynamodb:BatchGetItem"})
                );
            }
        }
    }
}

TEST(Rights, AnAgentIsKeptToTheAppsItemAndItsOwn) {
    const auto rights = rights_of(Principal::agent, shop());
    EXPECT_EQ(
        right(rights, "ReadTheEpochItem").conditions.front().values,
        std::vector<std::string>{"storefront"}
    );
    EXPECT_EQ(
        right(rights, "RegisterThisHostOnly").conditions.front().values,
        std::vector<std::string>{"storefront#host#web-1"}
    );
    for (const char* id : {"ReadTheEpochItem", "RegisterThisHostOnly"}) {
        // Without it a call that names no key passes.
        EXPECT_EQ(right(rights, id).conditions.back().comparison, "Null") << id;
    }
    EXPECT_EQ(
        right(rights, "TheApplicationAndItsProofs").actions,
        (std::vector<std::string>{
            "dynamodb:DescribeTable", "dynamodb:BatchGetItem", "dynamodb:PutItem"
        })
    );
}

TEST(Rights, ProvisioningChangesOneRecordAndDeletesNothing) {
    const auto rights = rights_of(Principal::provisioning, shop());
    const Right& record = right(rights, "SetTheRecord");
    EXPECT_EQ(record.resources, std::vector<std::string>{"arn:aws:route53:::hostedzone/Z1"});
    EXPECT_EQ(record.conditions[0].values, std::vector<std::string>{"shop.example.com"});
    EXPECT_EQ(record.conditions[2].values, std::vector<std::string>{"UPSERT"});
    for (const Right& one : rights) {
        for (const std::string& action : one.actions) {
            EXPECT_TRUE(!action.contains(":Delete") || action == "dynamodb:DeleteItem") << action;
        }
    }
}

TEST(Rights, ProvisioningMakesTablesOfTheApplicationOnlyAsReplicas) {
    const auto rights = rights_of(Principal::provisioning, shop());
    for (const std::string& table : right(rights, "MakeFarshoresTables").resources) {
        EXPECT_TRUE(table.contains("/farshore_")) << table;
    }
    for (const std::string& table : right(rights, "MakeReplicas").resources) {
        EXPECT_FALSE(table.contains("us-east-2")) << table;
        EXPECT_FALSE(table.ends_with("/farshore_epochs")) << table;
    }
}

TEST(Rights, TheDoctorOnlyLooks) {
    for (const Right& one : rights_of(Principal::doctor, shop())) {
        for (const std::string& action : one.actions) {
            const std::string verb = action.substr(action.find(':') + 1);
            const bool looks = verb.starts_with("Describe") || verb.starts_with("List") ||
                               verb.starts_with("Get") || verb == "BatchGetItem";
            EXPECT_TRUE(looks) << action;
        }
    }
}

TEST(Rights, WithoutAZoneThereIsNoRightInRoute53) {
    RightsScope scope = shop();
    scope.zone.clear();
    for (const std::string_view name : kPrincipalNames) {
        for (const Right& one : rights_of(*enum_from<Principal>(name), scope)) {
            for (const std::string& action : one.actions) {
                EXPECT_FALSE(action.starts_with("route53:")) << name << ": " << action;
            }
        }
    }
}

}  // namespace
}  // namespace farshore::core
