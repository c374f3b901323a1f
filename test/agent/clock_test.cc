#include "agent/agent_world.h"

// An agent whose machine stood still, and its clock with it.
namespace farshore::agent::testing {
namespace {

TEST(AgentClock, ThatIsDoubtedLetsNoWriteOutBeforeAConfirmation) {
    AgentWorld world;
    world.set_epoch(1, kA);
    world.start_agent();
    world.open_under(1, kA);
    world.controller.grants.reset();
    for (RegionDouble* region : {&world.a, &world.b, &world.witness}) {
        region->set_epoch(1, RegionId{"nowhere"});
    }
    world.clock->stop();
    world.gate().doubt_clock("a test");
    EXPECT_EQ(world.gate().endpoint().route().state, dataplane::WriteState::unconfirmed);
    const AgentWorld::Slot waiting = world.start_fetch(world.put_call("cart-1"));
    ASSERT_TRUE(world.run_until([&] {
        return world.gate().endpoint().statistics().held == 1 || waiting->has_value();
    }));
    EXPECT_FALSE(waiting->has_value());
    world.clock->pass(2s);  // longer than a request waits
    ASSERT_TRUE(world.run_until([&] { return waiting->has_value(); }));
    ASSERT_TRUE(waiting->value());
    EXPECT_EQ(waiting->value()->status, 503);
    EXPECT_FALSE(world.a.holds("sessions", "cart-1"));
}

}  // namespace
}  // namespace farshore::agent::testing
