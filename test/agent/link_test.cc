#include "agent/agent_world.h"

// The link to the controllers, and what an agent does without them.
namespace farshore::agent::testing {
namespace {

std::string link_words(AgentWorld& world) {
    return world.agent->app(0).links()[0].why;
}

TEST(AgentLink, AControllerOfAnotherProtocolIsRefusedAndTheOlderSideIsNamed) {
    AgentWorld world;
    world.controller.protocol = {.lowest = 9, .highest = 9};
    // Orders that follow such a hello are none.
    world.controller.right_after_hello = wire::Order{
        .number = 900,
        .app = kApp,
        .epoch = Epoch{1},
        .body = wire::RouteOrder{.active = kA, .users = kA}
    };
    world.start_agent();
    ASSERT_TRUE(world.run_until([&] {
        return link_words(world).find("protocol") != std::string::npos;
    })) << link_words(world);
    EXPECT_NE(link_words(world).find("9 to 9"), std::string::npos) << link_words(world);
    EXPECT_NE(link_words(world).find("upgrade the agent"), std::string::npos) << link_words(world);
    EXPECT_FALSE(world.agent->app(0).links()[0].connected);
    EXPECT_TRUE(world.controller.reports.empty()) << "nothing is reported to a stranger";
    const std::size_t hellos = world.controller.hellos.size();
    ASSERT_TRUE(world.run_until([&] { return world.controller.hellos.size() > hellos + 1; }));
    EXPECT_EQ(world.gate().machine().epoch(), Epoch{});
    EXPECT_TRUE(world.controller.acks.empty());
    world.controller.right_after_hello.reset();
    world.controller.protocol = {};
    ASSERT_TRUE(world.run_until([&] { return world.agent->app(0).links()[0].connected; }))
        << link_words(world);
    world.open_under(1, kA);
}

TEST(AgentKeep, WithNobodyToConfirmItWritesGoOnUntilAFence) {
    AgentWorld world;
    world.config.apps[0].on_controller_loss = config::OnControllerLoss::keep;
    world.start_agent();
    world.open_under(1, kA);
    // No controller grants anything, no majority of the records answers.
    world.controller.grants.reset();
    world.b.mode = RegionDouble::Mode::silent;
    world.witness.mode = RegionDouble::Mode::silent;
    world.outlive_leases();
    EXPECT_EQ(world.put("cart-1").status, 200) << "more than two leases later";
    EXPECT_EQ(world.gate().write_state(), core::WriteState::open) << world.gate_words();
    const auto fence = world.controller.send(Epoch{2}, wire::FenceOrder{.grace = 20ms});
    ASSERT_TRUE(world.run_until([&] { return world.controller.ack_of(fence) != nullptr; }));
    EXPECT_EQ(world.controller.ack_of(fence)->result, wire::AckResult::done);
    EXPECT_EQ(world.gate().write_state(), core::WriteState::fenced);
    world.config.apps[0].hold_max = 100ms;
    EXPECT_NE(world.put("cart-2").status, 200);
    EXPECT_FALSE(world.a.holds("sessions", "cart-2"));
}

// After a start even `keep` waits: what is on disk may be old.
TEST(AgentKeep, AfterARestartItWaitsForAConfirmation) {
    AgentWorld world;
    world.config.apps[0].on_controller_loss = config::OnControllerLoss::keep;
    world.config.apps[0].hold_max = 100ms;
    world.start_agent();
    world.open_under(1, kA);
    world.stop_agent();
    world.controller.die();
    world.b.mode = RegionDouble::Mode::silent;
    world.witness.mode = RegionDouble::Mode::silent;
    world.start_agent();
    ASSERT_TRUE(world.read_records(1));
    EXPECT_EQ(world.gate().write_state(), core::WriteState::unconfirmed);
    EXPECT_EQ(world.put("cart-1").status, 503);
    world.set_epoch(1, kA);
    world.witness.mode = RegionDouble::Mode::serving;
    EXPECT_TRUE(world.run_until([&] { return world.gate().write_state() == core::WriteState::open; }
    )) << world.gate_words();
    EXPECT_EQ(world.put("cart-1").status, 200);
}

}  // namespace
}  // namespace farshore::agent::testing
