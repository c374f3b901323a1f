#include "agent/agent_world.h"

// How an agent ends.
namespace farshore::agent::testing {
namespace {

TEST(AgentStop, AWriteOnItsWayIsAnsweredFirst) {
    AgentWorld world;
    world.config.apps[0].upstream_timeout = 20s;
    world.start_agent();
    world.open_under(1, kA);
    world.a.hangs_on_writes = true;
    const AgentWorld::Slot reply = world.start_fetch(world.put_call("cart-1"));
    ASSERT_TRUE(world.run_until([&] {
        return world.agent->app(0).endpoint().statistics().in_flight_writes == 1;
    }));
    const auto stopped = world.begin_to_stop_agent();
    ASSERT_TRUE(world.run_until([&] { return world.put("cart-2").status == 0; }))
        << "no new connection is accepted";
    EXPECT_FALSE(*stopped) << "it ended with a write on its way";
    world.a.hangs_on_writes = false;
    ASSERT_TRUE(world.run_until([&] { return *stopped && reply->has_value(); }));
    ASSERT_TRUE(reply->value().has_value()) << reply->value().error().text;
    EXPECT_EQ(reply->value()->status, 200);
}

TEST(AgentStop, AWriteThatNobodyAnswersIsReportedAsUnknown) {
    AgentWorld world;
    world.config.apps[0].upstream_timeout = 200ms;
    world.start_agent();
    world.open_under(1, kA);
    world.a.hangs_on_writes = true;
    const AgentWorld::Slot reply = world.start_fetch(world.put_call("cart-1"));
    ASSERT_TRUE(world.run_until([&] {
        return world.agent->app(0).endpoint().statistics().in_flight_writes == 1;
    }));
    const auto stopped = world.begin_to_stop_agent();
    ASSERT_TRUE(world.run_until([&] { return *stopped && reply->has_value(); }));
    ASSERT_TRUE(reply->value().has_value()) << reply->value().error().text;
    EXPECT_EQ(reply->value()->status, 503);
    EXPECT_NE(reply->value()->body.find("outcome is unknown"), std::string::npos);
}

}  // namespace
}  // namespace farshore::agent::testing
