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

// As a controller of this version: `known` says whether it has the whole report.
net::HttpResponse answer_short(bool known) {
    if (!known) {
        return net::HttpResponse::json(
            409, R"({"error":{"kind":"conflict","text":"it is not known","code":"whole_first"}})"
        );
    }
    const wire::LeaseGrant lease{.epoch = Epoch{1}, .length = 1s};
    return net::HttpResponse::json(200, wire::serialize(wire::ReportAnswer{.lease = lease}));
}

TEST(AgentLink, ReportsWithoutNewsAreShortForAControllerThatUnderstandsThem) {
    AgentWorld world;
    world.controller.takes_again = true;
    std::vector<wire::ReportAgain> shorts;
    bool known = true;
    world.controller.doorkeeper = [&](const net::HttpRequest& request
                                  ) -> std::optional<net::HttpResponse> {
        if (request.path() != "/v1/agents/again") {
            return std::nullopt;
        }
        const auto again = wire::parse_report_again(request.body);
        EXPECT_TRUE(again.has_value()) << request.body;
        shorts.push_back(again.value_or(wire::ReportAgain{}));
        return answer_short(known);
    };
    world.start_agent();
    world.open_under(1, kA);
    ASSERT_TRUE(world.run_until([&] { return shorts.size() >= 3; }));
    const wire::Report whole = world.controller.reports.back();
    EXPECT_EQ(shorts.back().like, whole.sequence);
    EXPECT_GT(shorts.back().sequence, whole.sequence);
    EXPECT_EQ(world.gate().write_state(), core::WriteState::open) << "they are renewals as well";
    // What has changed is said whole.
    world.controller.send(Epoch{1}, wire::HoldOrder{.hold = 300ms});
    ASSERT_TRUE(world.run_until([&] {
        return world.controller.reports.back().write_state == wire::WriteState::held;
    }));
    ASSERT_TRUE(world.run_until([&] { return shorts.back().like > whole.sequence; }));
    known = false;
    const std::uint64_t last = world.controller.reports.back().sequence;
    ASSERT_TRUE(world.run_until([&] { return world.controller.reports.back().sequence > last; }))
        << "what is not known is said whole";
    world.controller.doorkeeper = nullptr;
}

TEST(AgentLink, ALeaseInTheAnswerToARouteOpensWritesWithoutAReport) {
    AgentWorld world;
    world.b.mode = RegionDouble::Mode::silent;
    world.witness.mode = RegionDouble::Mode::silent;
    world.controller.doorkeeper = [](const net::HttpRequest& request
                                  ) -> std::optional<net::HttpResponse> {
        const wire::LeaseGrant lease{.epoch = Epoch{1}, .length = 1s};
        return request.path() == "/v1/agents/ack"
                   ? std::optional{net::HttpResponse::json(
                         200, wire::serialize(wire::AckAnswer{.lease = lease})
                     )}
                   : std::nullopt;
    };
    world.start_agent();
    ASSERT_TRUE(world.run_until([&] { return !world.controller.hellos.empty(); }));
    world.controller.send(Epoch{1}, wire::RouteOrder{.active = kA, .users = kA});
    EXPECT_TRUE(world.run_until([&] { return world.gate().write_state() == core::WriteState::open; }
    )) << world.gate_words();
    world.controller.doorkeeper = nullptr;
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
    EXPECT_NE(world.put("cart-2").status, 200);
    EXPECT_FALSE(world.a.holds("sessions", "cart-2"));
}

// After a start even `keep` waits: what is on disk may be old.
TEST(AgentKeep, AfterARestartItWaitsForAConfirmation) {
    AgentWorld world;
    world.config.apps[0].on_controller_loss = config::OnControllerLoss::keep;
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
