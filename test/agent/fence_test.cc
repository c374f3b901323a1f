#include "agent/agent_world.h"

// What an acknowledgement of a hold or a fence promises.
namespace farshore::agent::testing {
namespace {

const dataplane::Statistics statistics_of(AgentWorld& world) {
    return world.agent->app(0).endpoint().statistics();
}

// An agent with one write of epoch 1 on its way that the Region does not answer.
void start_with_a_hanging_write(AgentWorld& world, AgentWorld::Slot& reply) {
    world.config.apps[0].upstream_timeout = 20s;
    world.start_agent();
    world.open_under(1, kA);
    world.a.hangs_on_writes = true;
    reply = world.start_fetch(world.put_call("cart-1"));
    ASSERT_TRUE(world.run_until([&] { return statistics_of(world).in_flight_writes == 1; }));
}

TEST(AgentFence, OfAnEpochThatIsFollowedAlreadyStillCutsOlderWrites) {
    AgentWorld world;
    AgentWorld::Slot reply;
    start_with_a_hanging_write(world, reply);
    world.controller.grants = Epoch{2};
    const auto route = world.controller.send(Epoch{2}, wire::RouteOrder{.active = kA, .users = kA});
    ASSERT_TRUE(world.run_until([&] { return world.controller.ack_of(route) != nullptr; }));
    ASSERT_EQ(statistics_of(world).in_flight_writes, 1U);
    const auto fence = world.controller.send(Epoch{2}, wire::FenceOrder{.grace = 20ms});
    ASSERT_TRUE(world.run_until([&] { return world.controller.ack_of(fence) != nullptr; }));
    EXPECT_EQ(world.controller.ack_of(fence)->result, wire::AckResult::done);
    const auto* body = std::get_if<wire::FenceAck>(&world.controller.ack_of(fence)->body);
    ASSERT_NE(body, nullptr);
    EXPECT_EQ(body->cut, 1U);
    EXPECT_EQ(statistics_of(world).in_flight_writes, 0U);
    ASSERT_TRUE(world.run_until([&] { return reply->has_value(); }));
    EXPECT_EQ((**reply)->status, 503);
    EXPECT_EQ(world.gate().write_state(), core::WriteState::open);
}

TEST(AgentFence, AHoldOfAFencedHostIsAcknowledgedOnceNothingIsOnItsWay) {
    AgentWorld world;
    AgentWorld::Slot reply;
    start_with_a_hanging_write(world, reply);
    const auto fence = world.controller.send(Epoch{2}, wire::FenceOrder{.grace = 10s});
    const auto hold = world.controller.send(Epoch{2}, wire::HoldOrder{.hold = 20ms});
    ASSERT_TRUE(world.run_until([&] { return world.controller.ack_of(hold) != nullptr; }));
    EXPECT_EQ(world.controller.ack_of(hold)->result, wire::AckResult::done);
    EXPECT_EQ(statistics_of(world).in_flight_writes, 0U);
    ASSERT_TRUE(world.run_until([&] { return world.controller.ack_of(fence) != nullptr; }));
    const auto* body = std::get_if<wire::FenceAck>(&world.controller.ack_of(fence)->body);
    ASSERT_NE(body, nullptr);
    EXPECT_EQ(body->cut, 1U);
}

// A release that comes after the lease has run out ends the hold all the same.
TEST(AgentFence, AReleaseAfterTheLeaseDoesNotLeaveWritesStopped) {
    AgentWorld world;
    world.config.apps[0].on_controller_loss = config::OnControllerLoss::fence;
    world.start_agent();
    world.open_under(1, kA);
    world.controller.grants.reset();
    const auto hold = world.controller.send(Epoch{1}, wire::HoldOrder{.hold = 50s});
    ASSERT_TRUE(world.run_until([&] { return world.controller.ack_of(hold) != nullptr; }));
    ASSERT_TRUE(world.run_until([&] {
        return !world.gate().machine().lease().valid(world.clock->now());
    }));
    const auto release = world.controller.send(Epoch{1}, wire::ReleaseOrder{});
    ASSERT_TRUE(world.run_until([&] { return world.controller.ack_of(release) != nullptr; }));
    EXPECT_EQ(statistics_of(world).route.state, dataplane::WriteState::unconfirmed);
    world.controller.grants = Epoch{1};
    ASSERT_TRUE(world.run_until([&] {
        return statistics_of(world).route.state == dataplane::WriteState::open;
    })) << world.gate_words();
    EXPECT_EQ(world.put("cart-1").status, 200);
}

TEST(AgentFence, TheEndOfTheLeaseCutsWhatIsOnItsWay) {
    AgentWorld world;
    world.config.apps[0].on_controller_loss = config::OnControllerLoss::fence;
    AgentWorld::Slot reply;
    start_with_a_hanging_write(world, reply);
    world.controller.stalls = true;
    ASSERT_TRUE(world.run_until([&] { return reply->has_value(); }));
    EXPECT_EQ((**reply)->status, 503);
    EXPECT_NE((**reply)->body.find("outcome is unknown"), std::string::npos) << (**reply)->body;
    ASSERT_TRUE(world.run_until([&] { return statistics_of(world).in_flight_writes == 0; }));
    EXPECT_EQ(world.gate().write_state(), core::WriteState::unconfirmed);
}

// A table that cannot be read in the standby may have more unproven writes than an acknowledgement
// holds: the others' come first.
TEST(AgentFence, NamesWritesThatCanBeFoundOutAboutBeforeThoseOfAnUnreadableTable) {
    AgentWorld world;
    world.b.refused_tables["lease_table"] = "ResourceNotFoundException";
    world.start_agent();
    world.open_under(1, kA);
    dataplane::EndpointLedger& ledger = world.agent->app(0).endpoint().ledger();
    for (int i = 0; i < 10'050; ++i) {
        ledger->inherit(
            {.table = TableName{"lease_table"},
             .key = R"({"id":{"S":"lease-)" + std::to_string(i) + R"("}})",
             .operation = "PutItem",
             .epoch = Epoch{1}},
            world.clock->now()
        );
    }
    ASSERT_EQ(world.put("cart-1").status, 200);
    ASSERT_TRUE(world.run_until([&] {
        return !world.controller.reports.back().ledger.tables.empty();
    }));
    const auto fence = world.controller.send(Epoch{2}, wire::FenceOrder{.grace = 20ms});
    ASSERT_TRUE(world.run_until([&] { return world.controller.ack_of(fence) != nullptr; }));
    const auto* body = std::get_if<wire::FenceAck>(&world.controller.ack_of(fence)->body);
    ASSERT_NE(body, nullptr);
    EXPECT_TRUE(body->truncated);
    EXPECT_EQ(body->entries.size(), 10'000U);
    const auto named =
        std::ranges::find(body->entries, TableName{"sessions"}, &wire::LedgerEntry::table);
    ASSERT_NE(named, body->entries.end());
    EXPECT_LT(body->up_to, ledger->newest_number()) << "what was left out is told again";
}

// Tells the ledger of writes with keys of so many bytes.
void inherit(AgentWorld& world, int writes, std::size_t key_bytes) {
    for (int i = 0; i < writes; ++i) {
        world.agent->app(0).endpoint().ledger()->inherit(
            {.table = TableName{"sessions"},
             .key = R"({"id":{"S":")" + std::to_string(i) + std::string(key_bytes, 'x') + R"("}})",
             .operation = "PutItem",
             .epoch = Epoch{1}},
            world.clock->now()
        );
    }
}

TEST(AgentFence, ItsListIsBoundedInBytesToo) {
    AgentWorld world;
    world.start_agent();
    world.open_under(1, kA);
    world.b.mode = RegionDouble::Mode::silent;
    inherit(world, 1000, 8000);
    const auto fence = world.controller.send(Epoch{2}, wire::FenceOrder{.grace = 20ms});
    ASSERT_TRUE(world.run_until([&] { return world.controller.ack_of(fence) != nullptr; }));
    const wire::Ack& ack = *world.controller.ack_of(fence);
    const auto& body = std::get<wire::FenceAck>(ack.body);
    EXPECT_LE(wire::serialize(ack).size(), core::kFenceEntriesBytesMax + 2000);
    EXPECT_GT(body.entries.size(), 400U);
    EXPECT_TRUE(body.truncated);
    EXPECT_LT(body.up_to, world.agent->app(0).endpoint().ledger()->newest_number())
        << "what was left out is told again";
}

// One of another version, say: the fence stands all the same, and the list waits for the next one.
TEST(AgentFence, AControllerThatRefusesItsListHearsOfTheFence) {
    AgentWorld world;
    world.start_agent();
    world.open_under(1, kA);
    world.b.mode = RegionDouble::Mode::silent;
    inherit(world, 3, 5);
    int refused = 0;
    world.controller.doorkeeper = [&refused](const net::HttpRequest& request
                                  ) -> std::optional<net::HttpResponse> {
        if (request.path() != "/v1/agents/ack" || !request.body.contains("\"table\"")) {
            return std::nullopt;
        }
        ++refused;
        return net::HttpResponse::json(
            400, R"({"error":{"kind":"malformed","text":"key: empty"}})"
        );
    };
    const auto fence = world.controller.send(Epoch{2}, wire::FenceOrder{.grace = 20ms});
    ASSERT_TRUE(world.run_until([&] { return world.controller.ack_of(fence) != nullptr; }));
    EXPECT_EQ(refused, 1);
    const auto& body = std::get<wire::FenceAck>(world.controller.ack_of(fence)->body);
    EXPECT_TRUE(body.entries.empty());
    EXPECT_TRUE(body.truncated);
    world.controller.doorkeeper = nullptr;
    const auto again = world.controller.send(Epoch{2}, wire::FenceOrder{.grace = 20ms});
    ASSERT_TRUE(world.run_until([&] { return world.controller.ack_of(again) != nullptr; }));
    const auto& told = std::get<wire::FenceAck>(world.controller.ack_of(again)->body);
    EXPECT_EQ(told.entries.size(), 3U);
}

// Another host's write may lie under it. Told beside the list, which says what is at risk; without
// them, where the controller does not take them.
TEST(AgentFence, NamesWhatItHasProvenLatelyBesideWhatItHasNot) {
    AgentWorld world;
    world.start_agent();
    world.open_under(1, kA);
    ASSERT_EQ(world.put("cart-1").status, 200);
    ASSERT_EQ(world.put("cart-2").status, 200);
    world.b.put("sessions", {{"id", {{"S", "cart-1"}}}});
    auto& ledger = world.agent->app(0).endpoint().ledger();
    ASSERT_TRUE(world.run_until([&] { return ledger->counters().unproven == 1; }));
    const auto fenced = [&world] {
        const auto fence = world.controller.send(Epoch{2}, wire::FenceOrder{.grace = 20ms});
        EXPECT_TRUE(world.run_until([&] { return world.controller.ack_of(fence) != nullptr; }));
        const wire::Ack* ack = world.controller.ack_of(fence);
        return ack == nullptr ? wire::FenceAck{} : std::get<wire::FenceAck>(ack->body);
    };
    const wire::FenceAck both = fenced();
    ASSERT_EQ(both.entries.size(), 1U);
    EXPECT_EQ(both.entries[0].key, R"({"id":{"S":"cart-2"}})");
    ASSERT_EQ(both.proven.size(), 1U);
    EXPECT_EQ(both.proven[0].key, R"({"id":{"S":"cart-1"}})");
    EXPECT_LT(both.proven[0].order, both.entries[0].order) << "one order for both";
    EXPECT_FALSE(both.truncated);
    world.b.put("sessions", {{"id", {{"S", "cart-2"}}}});
    ASSERT_TRUE(world.run_until([&] { return ledger->counters().unproven == 0; }));
    world.controller.doorkeeper = [](const net::HttpRequest& request
                                  ) -> std::optional<net::HttpResponse> {
        if (request.path() != "/v1/agents/ack" || !request.body.contains("\"proven\"")) {
            return std::nullopt;
        }
        return net::HttpResponse::json(413, "{}");
    };
    const wire::FenceAck neither = fenced();
    EXPECT_TRUE(neither.proven.empty());
    EXPECT_FALSE(neither.truncated) << "nothing at risk is missing from it";
}

}  // namespace
}  // namespace farshore::agent::testing
