#include "agent/agent_world.h"

// Writes of unknown outcome under a key that their table cannot have: the service would have
// refused them, had it answered.
namespace farshore::agent::testing {
namespace {

const TableName kSessions{"sessions"};

core::LedgerCounters counters(AgentWorld& world) {
    return world.agent->app(0).endpoint().ledger()->counters();
}

// It gets no answer.
void give_up(AgentWorld& world, const std::string& operation, const std::string& body) {
    world.a.hangs_on_writes = true;
    const net::HttpReply reply = world.fetch(world.call_of(operation, body));
    EXPECT_NE(reply.status, 200);
    world.a.hangs_on_writes = false;
}

void write_everywhere(AgentWorld& world, int count) {
    for (int i = 0; i < count; ++i) {
        const std::string id = "cart-" + std::to_string(i);
        ASSERT_EQ(world.put(id).status, 200);
        world.b.put("sessions", {{"id", {{"S", id}}}});
    }
}

const wire::Ack& acknowledged(AgentWorld& world, Epoch epoch, wire::OrderBody body) {
    const std::uint64_t order = world.controller.send(epoch, std::move(body));
    EXPECT_TRUE(world.run_until([&] { return world.controller.ack_of(order) != nullptr; }));
    return *world.controller.ack_of(order);
}

struct BadWrite {
    const char* operation;
    const char* body;
};

class AgentRefusedKey : public ::testing::TestWithParam<BadWrite> {
  protected:
    void SetUp() override {
        world.config.apps[0].upstream_timeout = 400ms;
        world.start_agent();
        world.open_under(1, kA);
    }

    AgentWorld world;
};

TEST_P(AgentRefusedKey, CostsOnlyItselfAndWasNeverAccepted) {
    give_up(world, GetParam().operation, GetParam().body);
    write_everywhere(world, 20);
    EXPECT_TRUE(world.run_until([&] { return counters(world).unproven == 0; }, 3s))
        << counters(world).unproven;
    EXPECT_EQ(counters(world).refused_unknown, 1U);
    const wire::Ack& drain = acknowledged(world, Epoch{1}, wire::DrainOrder{.timeout = 2s});
    EXPECT_EQ(drain.result, wire::AckResult::done) << drain.detail;
    EXPECT_TRUE(world.controller.reports.back().ledger.tables.empty()) << "the table is sound";
    const std::string metrics = world.get_health("/metrics").body;
    EXPECT_NE(metrics.find(R"(farshore_ledger_refused_total{app="magento"} 1)"), std::string::npos)
        << metrics;
}

// The Region that the write went to is away, so only the standby can say what it thinks of the key.
TEST_P(AgentRefusedKey, SpoilsNoProofWhileItsRegionIsAway) {
    write_everywhere(world, 20);
    give_up(world, GetParam().operation, GetParam().body);
    world.a.mode = RegionDouble::Mode::cutting;
    EXPECT_TRUE(world.run_until([&] { return counters(world).unproven <= 1; }, 3s))
        << counters(world).unproven;
    const wire::Ack& fence = acknowledged(world, Epoch{2}, wire::FenceOrder{.grace = 10ms});
    EXPECT_EQ(fence.result, wire::AckResult::done);
    const auto* told = std::get_if<wire::FenceAck>(&fence.body);
    ASSERT_NE(told, nullptr);
    for (const wire::LedgerEntry& entry : told->entries) {
        EXPECT_FALSE(entry.acknowledged) << entry.key;
    }
}

INSTANTIATE_TEST_SUITE_P(
    Keys,
    AgentRefusedKey,
    ::testing::Values(
        BadWrite{"PutItem", R"({"TableName":"sessions","Item":{"id":{"S":""}}})"},
        BadWrite{"PutItem", R"({"TableName":"sessions","Item":{"name":{"S":"x"}}})"},
        BadWrite{"UpdateItem", R"({"TableName":"sessions","Key":{"name":{"S":"x"}}})"},
        BadWrite{"UpdateItem", R"({"TableName":"sessions","Key":{"id":{"N":"7"}}})"},
        BadWrite{
            "UpdateItem", R"({"TableName":"sessions","Key":{"id":{"S":"x"},"name":{"S":"x"}}})"
        },
        BadWrite{"UpdateItem", R"({"TableName":"sessions","Key":{}})"}
    )
);

// A table with another key in the standby refuses each of its keys: that is found out in few calls.
TEST(AgentRefusedKeys, OfATableThatRefusesAllAreNotAskedForOneByOne) {
    AgentWorld world;
    world.b.key_names["sessions"] = "pk";
    world.start_agent();
    world.open_under(1, kA);
    dataplane::EndpointLedger& ledger = world.agent->app(0).endpoint().ledger();
    for (int i = 0; i < 400; ++i) {
        ledger->inherit(
            {.table = kSessions,
             .key = R"({"id":{"S":"cart-)" + std::to_string(i) + R"("}})",
             .operation = "PutItem",
             .epoch = Epoch{1}},
            world.clock->now()
        );
    }
    ASSERT_TRUE(world.run_until([&] {
        return !world.controller.reports.back().ledger.tables.empty();
    }));
    EXPECT_LT(world.b.refused_batches, 100U);
    EXPECT_EQ(counters(world).unproven, 400U) << "the other Region may have accepted them";
}

}  // namespace
}  // namespace farshore::agent::testing
