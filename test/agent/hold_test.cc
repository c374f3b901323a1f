#include "agent/agent_world.h"

// How long an agent holds writes, which no key of its own says.
namespace farshore::agent::testing {
namespace {

bool knows_of(AgentWorld& world, Duration hold_max) {
    return world.run_until([&] { return world.gate().machine().hold_max() == hold_max; });
}

// The controller takes writes to be held for as long; nothing happens by time but what the test
// lets pass.
void begin_to_hold(AgentWorld& world, Epoch epoch, Duration ordered) {
    world.clock->stop();
    const auto hold = world.controller.send(epoch, wire::HoldOrder{.hold = ordered});
    ASSERT_TRUE(world.run_until([&] { return world.controller.ack_of(hold) != nullptr; }));
    ASSERT_EQ(world.controller.ack_of(hold)->result, wire::AckResult::done);
    ASSERT_EQ(world.gate().write_state(), core::WriteState::held);
}

TEST(AgentHold, EndsAtTheBoundThatTheEpochItemsName) {
    AgentWorld world;
    world.set_hold_max(4s);
    world.set_epoch(1, kA);
    world.start_agent();
    world.open_under(1, kA);
    ASSERT_TRUE(knows_of(world, 4s));
    begin_to_hold(world, Epoch{1}, 20s);
    const AgentWorld::Slot waiting = world.start_fetch(world.put_call("cart-1"));
    ASSERT_TRUE(world.run_until([&] {
        return world.agent->app(0).endpoint().statistics().held == 1;
    }));
    world.controller.grants.reset();
    for (RegionDouble* region : {&world.a, &world.b, &world.witness}) {
        region->set_epoch(1, RegionId{"nowhere"});  // nothing confirms the epoch when the hold ends
    }
    world.clock->pass(4s - 1ms);
    const AgentWorld::Slot behind = world.start_fetch(world.put_call("cart-2"));
    ASSERT_TRUE(world.run_until([&] {
        return world.agent->app(0).endpoint().statistics().held == 2;
    })) << "its loop has seen the time, and holds";
    EXPECT_EQ(world.gate().write_state(), core::WriteState::held);
    EXPECT_FALSE(waiting->has_value()) << "the default of a second has long passed";
    world.clock->pass(1ms);
    ASSERT_TRUE(world.run_until([&] { return waiting->has_value() && behind->has_value(); }));
    ASSERT_TRUE(waiting->value());
    EXPECT_EQ(waiting->value()->status, 503);
    EXPECT_TRUE(world.run_until([&] {
        return world.gate().write_state() == core::WriteState::unconfirmed;
    })) << world.gate_words();
    EXPECT_FALSE(world.a.holds("sessions", "cart-1"));
}

TEST(AgentHold, ARaiseWithAnotherBoundCountsForTheNextHold) {
    AgentWorld world;
    world.set_hold_max(4s);
    world.set_epoch(1, kA);
    world.start_agent();
    world.open_under(1, kA);
    ASSERT_TRUE(knows_of(world, 4s));
    world.set_hold_max(2s);
    world.set_epoch(2, kB);
    ASSERT_TRUE(knows_of(world, 2s));
    world.open_under(2, kB);
    begin_to_hold(world, Epoch{2}, 20s);
    EXPECT_EQ(world.gate().machine().hold_until(), world.clock->now() + 2s);
}

}  // namespace
}  // namespace farshore::agent::testing
