#include "agent/key_names.h"

#include "agent/agent_world.h"
#include "agent/prover.h"

// Which Region an agent asks for the key of a table that was written to for the first time.
namespace farshore::agent::testing {
namespace {

// Two Regions that only the key names under test ask; the agent's own may not describe tables.
class AgentKeyNames : public ::testing::Test {
  protected:
    void SetUp() override {
        world.a.refuses_descriptions = true;
        world.b.refuses_descriptions = true;
        world.start_agent();
        world.open_under(1, kA);
        ASSERT_EQ(world.put("cart-1").status, 200);
        config::AwsAccess access = world.config.aws;
        access.dynamodb = {{kA, active.url()}, {kB, standby.url()}};
        client = aws::AwsClient::create(
            world.io, *world.clock, {.access = access, .fixed_credentials = {}}
        );
    }

    void TearDown() override {
        for (RegionDouble* region : {&active, &standby}) {
            world.finish(&tasks, [region] { return region->server().stop(50ms); });
        }
    }

    // As a fence does, before it lists what is not proven.
    void learn_for_a_fence() {
        Prover prover(world.io, *world.clock, *client, world.gate(), false);
        world.finish(&tasks, [&prover] { return prover.learn_keys(stretched(10s)); });
    }

    AgentWorld world;
    net::TaskGroup tasks{world.io};
    RegionDouble active{world.io};
    RegionDouble standby{world.io};
    std::unique_ptr<aws::AwsClient> client;
};

// A fence has a few hundred milliseconds, which a silent active Region would use up.
TEST_F(AgentKeyNames, AFenceDoesNotAskTheActiveRegionWhileTheStandbyAnswers) {
    learn_for_a_fence();
    EXPECT_EQ(standby.descriptions, 1U);
    EXPECT_EQ(active.descriptions, 0U);
    EXPECT_TRUE(world.gate().endpoint().ledger().tables_without_keys().empty());
}

TEST_F(AgentKeyNames, AFenceAsksTheActiveRegionWhenTheStandbyRefuses) {
    standby.refuses_descriptions = true;
    learn_for_a_fence();
    EXPECT_EQ(active.descriptions, 1U);
    EXPECT_TRUE(world.gate().endpoint().ledger().tables_without_keys().empty());
}

TEST_F(AgentKeyNames, TheContinuousProofComparesBothRegions) {
    standby.key_names["sessions"] = "other";
    KeyNames names(*world.clock, *client, world.gate());
    world.finish(&tasks, [&] {
        return names.learn(world.clock->now() + stretched(10s), KeyNames::From::every_region);
    });
    EXPECT_EQ(active.descriptions, 1U);
    EXPECT_EQ(standby.descriptions, 1U);
    EXPECT_NE(names.in_words().find("has the key (id S)"), std::string::npos) << names.in_words();
}

}  // namespace
}  // namespace farshore::agent::testing
