#include "agent/agent_world.h"

// What a drain proves, what it cannot, and what it says then.
namespace farshore::agent::testing {
namespace {

struct Drained {
    wire::AckResult result{};
    wire::DrainAck body;
    std::string detail;
};

Drained drain(AgentWorld& world, Duration timeout = 5s) {
    const auto order = world.controller.send(Epoch{1}, wire::DrainOrder{.timeout = timeout});
    EXPECT_TRUE(
        world.run_until([&] { return world.controller.ack_of(order) != nullptr; }, timeout + 10s)
    );
    const wire::Ack* ack = world.controller.ack_of(order);
    if (ack == nullptr) {
        return {};
    }
    const auto* body = std::get_if<wire::DrainAck>(&ack->body);
    return {
        .result = ack->result,
        .body = body == nullptr ? wire::DrainAck{} : *body,
        .detail = ack->detail
    };
}

boost::json::object item(const std::string& id, const std::string& value) {
    return {{"id", {{"S", id}}}, {"v", {{"S", value}}}};
}

// Before write_many: a host that is busy with them renews its lease late.
void outlives_many_writes(AgentWorld& world) {
    world.config.apps[0].lease = 1min;
}

void write_many(AgentWorld& world, int count) {
    std::vector<AgentWorld::Slot> slots;
    for (int i = 0; i < count; ++i) {
        slots.push_back(world.start_fetch(world.put_call("cart-" + std::to_string(i))));
    }
    ASSERT_TRUE(world.run_until([&] {
        return std::ranges::all_of(slots, [](const auto& slot) { return slot->has_value(); });
    }));
    for (const auto& slot : slots) {
        ASSERT_TRUE(slot->value().has_value()) << slot->value().error().text;
        ASSERT_EQ(slot->value()->status, 200);
    }
}

void replicate_many(AgentWorld& world, int count) {
    for (int i = 0; i < count; ++i) {
        world.b.put("sessions", {{"id", {{"S", "cart-" + std::to_string(i)}}}});
    }
}

TEST(AgentDrain, BatchesThatAreTooSlowAreHalvedUntilTheyAreNot) {
    AgentWorld world;
    outlives_many_writes(world);
    world.start_agent();
    world.open_under(1, kA);
    write_many(world, 30);
    world.a.batch_keys_max = 4;
    world.b.batch_keys_max = 2;
    EXPECT_EQ(drain(world, 300ms).result, wire::AckResult::failed) << "nothing has arrived yet";
    replicate_many(world, 30);
    const Drained drained = drain(world, 20s);
    EXPECT_EQ(drained.result, wire::AckResult::done) << drained.detail;
    EXPECT_EQ(drained.body.left, 0U);
}

TEST(AgentDrain, ManyKeysAreReadSeveralBatchesAtATimeInBothRegions) {
    AgentWorld world;
    outlives_many_writes(world);
    world.a.batch_takes = 50ms;
    world.b.batch_takes = 50ms;
    world.start_agent();
    world.open_under(1, kA);
    write_many(world, 350);
    replicate_many(world, 350);
    const Drained drained = drain(world);
    EXPECT_EQ(drained.result, wire::AckResult::done) << drained.detail;
    EXPECT_GT(world.a.batches_at_once, 1U);
    EXPECT_GT(world.b.batches_at_once, 1U);
}

TEST(AgentDrain, ItemsOfTheLargestSizeAreRead) {
    AgentWorld world;
    world.start_agent();
    world.open_under(1, kA);
    // More than 16 MB as JSON.
    const std::string large(390'000, 'x');
    for (int i = 0; i < 50; ++i) {
        const std::string id = "large-" + std::to_string(i);
        const boost::json::object made = item(id, large);
        const boost::json::object body{{"TableName", "sessions"}, {"Item", made}};
        ASSERT_EQ(world.fetch(world.call_of("PutItem", boost::json::serialize(body))).status, 200);
        world.b.put("sessions", made);
    }
    const Drained drained = drain(world, 20s);
    EXPECT_EQ(drained.result, wire::AckResult::done) << drained.detail;
}

TEST(AgentDrain, AWriteWithoutDigestIsProvenByEqualItemsAlone) {
    AgentWorld world;
    world.start_agent();
    world.open_under(1, kA);
    const std::string update =
        R"({"TransactItems":[{"Update":{"TableName":"sessions","Key":{"id":{"S":"c"}}}}]})";
    world.a.put("sessions", item("c", "new"));
    world.b.put("sessions", item("c", "old"));
    ASSERT_EQ(world.fetch(world.call_of("TransactWriteItems", update)).status, 200);
    const Drained differs = drain(world, 300ms);
    EXPECT_EQ(differs.result, wire::AckResult::failed);
    EXPECT_EQ(differs.body.left, 1U);
    EXPECT_NE(differs.detail.find("differ"), std::string::npos) << differs.detail;
    world.b.put("sessions", item("c", "new"));
    EXPECT_EQ(drain(world).result, wire::AckResult::done);
    // Proven once: what other hosts do to the item later makes no write of this agent unproven.
    world.b.put("sessions", item("c", "newer"));
    EXPECT_EQ(drain(world).result, wire::AckResult::done);
}

TEST(AgentDrain, ATransactionOfConditionsIsInNobodysWay) {
    AgentWorld world;
    world.start_agent();
    world.open_under(1, kA);
    const std::string check =
        R"({"TransactItems":[{"ConditionCheck":{"TableName":"sessions","Key":{"id":{"S":"c"}}}}]})";
    ASSERT_EQ(world.fetch(world.call_of("TransactWriteItems", check)).status, 200);
    const Drained drained = drain(world, 300ms);
    EXPECT_EQ(drained.result, wire::AckResult::done) << drained.detail;
}

std::uint64_t unproven(AgentWorld& world) {
    return world.agent->app(0).endpoint().ledger()->counters().unproven;
}

void put_into(AgentWorld& world, const std::string& table, const boost::json::object& made) {
    const boost::json::object body{{"TableName", table}, {"Item", made}};
    ASSERT_EQ(world.fetch(world.call_of("PutItem", boost::json::serialize(body))).status, 200);
}

// A write whose keys cannot be read from the request.
void delete_without_a_key(AgentWorld& world) {
    const std::string statement = R"({"Statement":"DELETE FROM sessions WHERE id='a' OR id='b'"})";
    ASSERT_EQ(world.fetch(world.call_of("ExecuteStatement", statement)).status, 200);
}

TEST(AgentDrain, AWriteWithoutKeyBlocksAndSaysForHowLong) {
    AgentWorld world;
    world.start_agent();
    world.open_under(1, kA);
    delete_without_a_key(world);
    const Drained drained = drain(world, 100ms);
    EXPECT_EQ(drained.result, wire::AckResult::failed);
    EXPECT_NE(drained.detail.find("keys could not be told"), std::string::npos) << drained.detail;
    EXPECT_NE(drained.detail.find("10 minutes"), std::string::npos) << drained.detail;
}

TEST(AgentDrain, ADescriptionThatIsRefusedIsNotAskedForOverAndOver) {
    AgentWorld world;
    world.start_agent();
    world.open_under(1, kA);
    // Its key is known, and it does not arrive: the agent looks for it again and again.
    EXPECT_EQ(world.put("cart-1").status, 200);
    ASSERT_TRUE(world.look_at_standby(1));
    world.clock->stop();
    world.a.refuses_descriptions = true;
    world.b.refuses_descriptions = true;
    world.a.descriptions = 0;
    world.b.descriptions = 0;
    put_into(world, "carts", item("cart-1", "full"));
    ASSERT_TRUE(world.run_until([&] { return world.a.descriptions > 0; }));
    ASSERT_TRUE(world.look_at_standby(3));
    EXPECT_EQ(world.a.descriptions, 1U);
    EXPECT_EQ(world.b.descriptions, 1U);
    world.clock->pass(10s);
    EXPECT_TRUE(world.run_until([&] { return world.b.descriptions == 2; })) << "but it is";
}

class OneBadTable : public ::testing::TestWithParam<const char*> {
  protected:
    void SetUp() override {
        world.b.refused_tables["lease_table"] = GetParam();
        world.start_agent();
        world.open_under(1, kA);
        put_into(world, "lease_table", item("lease", "mine"));
        write_many(world, 20);
        replicate_many(world, 20);
    }

    AgentWorld world;
};

TEST_P(OneBadTable, SpoilsNoOtherAndIsNamed) {
    EXPECT_TRUE(world.run_until([&] { return unproven(world) == 1; })) << unproven(world);
    const Drained drained = drain(world, 300ms);
    EXPECT_EQ(drained.result, wire::AckResult::failed);
    EXPECT_EQ(drained.body.left, 1U);
    EXPECT_NE(drained.detail.find("table lease_table"), std::string::npos) << drained.detail;
    EXPECT_NE(drained.detail.find(kB.value()), std::string::npos) << drained.detail;
    EXPECT_NE(drained.detail.find(GetParam()), std::string::npos) << drained.detail;
    ASSERT_TRUE(world.run_until([&] {
        return !world.controller.reports.back().ledger.tables.empty();
    }));
    const wire::TableTrouble& told = world.controller.reports.back().ledger.tables.front();
    EXPECT_EQ(told.table, TableName{"lease_table"});
    EXPECT_EQ(told.region, kB);
    EXPECT_EQ(told.unproven, 1U);
    const std::string metrics = world.get_health("/metrics").body;
    EXPECT_NE(
        metrics.find(
            R"(farshore_ledger_unprovable{app="magento",table="lease_table",region="eu-west-1"} 1)"
        ),
        std::string::npos
    ) << metrics;
}

TEST_P(OneBadTable, IsReadAgainAsSoonAsItCanBe) {
    ASSERT_TRUE(world.run_until([&] { return unproven(world) == 1; }));
    world.b.refused_tables.clear();
    world.b.put("lease_table", item("lease", "mine"));
    EXPECT_TRUE(world.run_until([&] { return unproven(world) == 0; }));
    const Drained drained = drain(world);
    EXPECT_EQ(drained.result, wire::AckResult::done) << drained.detail;
    EXPECT_EQ(drained.detail, "");
    EXPECT_TRUE(world.run_until([&] {
        return world.controller.reports.back().ledger.tables.empty();
    }));
}

TEST_P(OneBadTable, StandsInTheWayForTenMinutesAfterItsLastWrite) {
    ASSERT_TRUE(world.run_until([&] { return unproven(world) == 1; }));
    world.clock->pass(11min);
    world.connect_anew();
    ASSERT_TRUE(world.run_until([&] { return world.gate().write_state() == core::WriteState::open; }
    ));
    const Drained drained = drain(world);
    EXPECT_EQ(drained.result, wire::AckResult::done) << drained.detail;
    EXPECT_NE(drained.detail.find("without 1 older writes to table lease_table"), std::string::npos)
        << drained.detail;
    EXPECT_EQ(unproven(world), 1U) << "it is at risk as before";
    put_into(world, "lease_table", item("lease", "yours"));
    EXPECT_EQ(drain(world, 300ms).result, wire::AckResult::failed) << "a new write waits again";
}

INSTANTIATE_TEST_SUITE_P(
    AgentDrain,
    OneBadTable,
    ::testing::Values("ResourceNotFoundException", "ValidationException", "AccessDeniedException")
);

TEST(AgentDrain, ATableWithAnotherKeyInTheOtherRegionIsNamedWithBothKeys) {
    AgentWorld world;
    world.a.key_names["carts"] = "pk";
    world.b.refused_tables["carts"] = "ValidationException";
    world.start_agent();
    world.open_under(1, kA);
    put_into(world, "carts", {{"pk", {{"S", "c"}}}, {"id", {{"S", "not the key"}}}});
    const Drained drained = drain(world, 300ms);
    EXPECT_EQ(drained.result, wire::AckResult::failed);
    EXPECT_NE(
        drained.detail.find("table carts has the key (pk S) in us-east-1 and (id S) in eu-west-1"),
        std::string::npos
    ) << drained.detail;
}

void take_and_release_a_lock(AgentWorld& world) {
    world.start_agent();
    world.open_under(1, kA);
    put_into(world, "sessions", item("lock", "taken"));
    const std::string release = R"({"TableName":"sessions","Key":{"id":{"S":"lock"}}})";
    ASSERT_EQ(world.fetch(world.call_of("DeleteItem", release)).status, 200);
}

// The wall clock may be set at any time; that changes no write's age.
TEST(AgentDrain, AClockThatIsSetForwardProvesNothing) {
    AgentWorld world;
    take_and_release_a_lock(world);
    delete_without_a_key(world);
    ASSERT_EQ(unproven(world), 3U);
    world.clock->step_wall(2h);
    ASSERT_TRUE(world.look_at_standby(2));
    const std::size_t reports = world.controller.reports.size();
    ASSERT_TRUE(world.run_until([&] { return world.controller.reports.size() > reports + 1; }));
    EXPECT_EQ(unproven(world), 3U) << "nothing has arrived, and nothing is old";
    EXPECT_LT(world.controller.reports.back().ledger.oldest_unproven, 1h);
    EXPECT_LT(world.controller.reports.back().ledger.last_acknowledged_age, 1h);
}

TEST(AgentDrain, AClockThatIsSetBackDelaysNoProof) {
    AgentWorld world;
    take_and_release_a_lock(world);
    world.clock->step_wall(-2h);
    world.clock->pass(11s);
    EXPECT_TRUE(world.run_until([&] { return unproven(world) == 0; })) << unproven(world);
}

}  // namespace
}  // namespace farshore::agent::testing
