#include "controller/controller_world.h"

namespace farshore::controller {
namespace {

using namespace testing;

TEST_F(ControllerTest, AnOldOperationTellsWhereItLeftUsers) {
    launch();
    agent("use1-web-1", kEast);
    agent("euw1-web-1", kWest);
    ASSERT_TRUE(wait_for_plan("switchover"));
    const auto moved = [this](const std::string& verb, const RegionId& to) {
        const net::HttpReply started =
            post("/v1/apps/magento/" + verb, R"({"to":")" + to.value() + R"("})");
        EXPECT_EQ(started.status, 202) << started.body;
        const std::string id{json::parse(started.body).as_object().at("id").as_string()};
        EXPECT_EQ(wait_for_end(id).at("outcome"), "done");
        return id;
    };
    const std::string there = moved("switchover", kWest);
    ASSERT_TRUE(wait_for_plan("failback"));
    const std::string back = moved("failback", kEast);
    const json::object old = document("/v1/operations/" + there);
    EXPECT_EQ(old.at("users"), "eu-west-1");
    for (const json::value& step : old.at("steps").as_array()) {
        EXPECT_FALSE(step.at("text").as_string().ends_with(": ")) << json::serialize(step);
    }
    EXPECT_EQ(document("/v1/operations/" + back).at("users"), "us-east-1");
}

TEST_F(ControllerTest, ASwitchoverMovesEveryAgentAndCanBeWatched) {
    launch();
    FakeAgent& east = agent("use1-web-1", kEast);
    FakeAgent& west = agent("euw1-web-1", kWest);
    ASSERT_TRUE(wait_for_plan("switchover"))
        << get("/v1/why").body << post("/v1/apps/magento/plan", R"({"verb":"switchover"})").body;
    const net::HttpReply started =
        post("/v1/apps/magento/switchover", R"({"to":"eu-west-1","reason":"test"})");
    ASSERT_EQ(started.status, 202) << started.body;
    const std::string id{json::parse(started.body).as_object().at("id").as_string()};
    const net::HttpReply watched = get("/v1/operations/" + id + "/watch");
    EXPECT_NE(watched.body.find("\"intent\""), std::string::npos)
        << "the stream ends with the operation";
    const json::object operation = wait_for_end(id);
    EXPECT_EQ(operation.at("outcome"), "done") << json::serialize(operation);
    EXPECT_EQ(misfit(operation, schema_of("operation.schema.json")), "");
    EXPECT_EQ(east.active(), kWest);
    EXPECT_EQ(west.active(), kWest);
    EXPECT_EQ(west.epoch(), Epoch{2});
    EXPECT_EQ(document("/v1/status").at("active"), "eu-west-1");
    EXPECT_EQ(misfit(document("/v1/status"), schema_of("status.schema.json")), "");
    EXPECT_EQ(post("/v1/operations/" + id + "/abort", "").status, 409);
}

TEST_F(ControllerTest, ARegionWhoseDynamoDbFailsIsLeftByItselfAndTheBooksBalance) {
    launch();
    FakeAgent& east = agent("use1-web-1", kEast);
    FakeAgent& west = agent("euw1-web-1", kWest);
    ASSERT_TRUE(wait_for_plan("failover"));
    east.writes = {
        {.table = kTable,
         .key = R"({"id":{"S":"cart-1"}})",
         .op = "PutItem",
         .at = clock.wall(),
         .epoch = Epoch{1},
         .hash = std::string(64, 'a'),
         .acknowledged = true}
    };
    east.forgot = true;
    lab::FaultSpec fault;
    fault.kind = lab::FaultKind::dynamodb;
    fault.region = kEast;
    fault.mode = lab::DynamoMode::refused;
    Result<lab::FaultId> broken;
    inside([&] { broken = board->add(fault); });
    ASSERT_TRUE(broken.has_value()) << broken.error().text;
    see(east, kEast, false);
    see(west, kEast, false);
    ASSERT_TRUE(world.run_until([&] { return west.active() == kWest; }, 20s))
        << get("/v1/why").body;
    json::object status;
    ASSERT_TRUE(world.run_until(
        [&] {
            status = document("/v1/status");
            return status.at("last_operation").is_object();
        },
        20s
    )) << json::serialize(status);
    const json::object last = status.at("last_operation").as_object();
    EXPECT_EQ(last.at("outcome"), "done") << json::serialize(last);
    EXPECT_EQ(last.at("by"), "automatic");
    const std::string audit = get("/v1/audit").body;
    EXPECT_NE(audit.find("started by itself"), std::string::npos) << audit;
    EXPECT_NE(audit.find("observers say unhealthy"), std::string::npos)
        << "its evidence: " << audit;
    EXPECT_EQ(last.at("loss").as_object().at("at_risk"), 1);
    EXPECT_EQ(status.at("epoch"), 2);
    inside([&] { ASSERT_TRUE(board->end(*broken).has_value()); });
    inside([&] { board->expire(); });
    // Neither Region has the item: what was there before it, stays.
    const std::string losses =
        "/v1/operations/" + std::string{last.at("id").as_string()} + "/losses";
    EXPECT_TRUE(world.run_until([&] { return document(losses).at("settled").as_bool(); }, 20s))
        << get(losses).body;
    EXPECT_EQ(document(losses).at("counts").as_object().at("never_arrived"), 1);
    EXPECT_EQ(document(losses).at("truncated"), true) << "an agent did not remember everything";
    retire_agents();
    halt();
    launch();
    const auto told = [&] {
        return get(losses).status == 200;
    };
    ASSERT_TRUE(world.run_until(told)) << get(losses).body;
    EXPECT_EQ(document(losses).at("truncated"), true) << "nor does a restart make the list whole";
    EXPECT_EQ(document(losses).at("counts").as_object().at("never_arrived"), 1);
}

TEST_F(ControllerTest, AnOperationGoesOnAfterTheControllerWasAway) {
    launch();
    FakeAgent& east = agent("use1-web-1", kEast);
    agent("euw1-web-1", kWest);
    ASSERT_TRUE(wait_for_plan("failover"));
    east.answers = false;  // its fence is never acknowledged: the lease has to run out
    const net::HttpReply started = post(
        "/v1/apps/magento/failover",
        R"({"to":"eu-west-1","confirm":"magento","reason":"test","accept_loss_ms":60000})"
    );
    ASSERT_EQ(started.status, 202) << started.body;
    const std::string id{json::parse(started.body).as_object().at("id").as_string()};
    retire_agents();
    halt();
    launch();
    agent("use1-web-1", kEast);
    agent("euw1-web-1", kWest);
    const json::object operation = wait_for_end(id);
    EXPECT_EQ(operation.at("outcome"), "done") << json::serialize(operation);
    EXPECT_NE(json::serialize(operation).find("resumed"), std::string::npos);
    EXPECT_EQ(operation.at("epoch_after"), 2) << "no epoch is raised twice for one operation";
}

// It finds the last heartbeat of its earlier life in the standby: without it the loss window would
// be unknown, and the gate would hold.
TEST_F(ControllerTest, ARestartInsideTheOutageStillLeavesTheRegion) {
    launch();
    agent("use1-web-1", kEast);
    agent("euw1-web-1", kWest);
    ASSERT_TRUE(wait_for_plan("failover"));
    retire_agents();
    halt();
    lab::FaultSpec fault;
    fault.kind = lab::FaultKind::dynamodb;
    fault.region = kEast;
    fault.mode = lab::DynamoMode::refused;
    inside([&] { ASSERT_TRUE(board->add(fault).has_value()); });
    launch();
    FakeAgent& east = agent("use1-web-1", kEast);
    FakeAgent& west = agent("euw1-web-1", kWest);
    see(east, kEast, false);
    see(west, kEast, false);
    EXPECT_TRUE(world.run_until([&] { return west.active() == kWest; }, 20s))
        << get("/v1/why").body;
    inside([&] { board->end_all(); });
}

// The records are brought to the new lease at once, but an agent may have read the old one just
// before.
TEST_F(ControllerTest, AShortenedLeaseIsStillWaitedForWhileAnAgentMayHoldIt) {
    lease = 4s;
    launch();
    agent("use1-web-1", kEast);
    agent("euw1-web-1", kWest);
    ASSERT_TRUE(wait_for_plan("failover"));
    retire_agents();
    halt();
    lease = 500ms;
    const Instant read_at_the_earliest = clock.now();
    launch();
    FakeAgent& east = agent("use1-web-1", kEast);
    agent("euw1-web-1", kWest);
    ASSERT_TRUE(wait_for_plan("failover"));
    ASSERT_TRUE(world.run_until([&] { return lease_in_record(kWest) == 500; }));
    east.answers = false;  // its fence is never acknowledged: the lease has to run out
    const net::HttpReply started = post(
        "/v1/apps/magento/failover",
        R"({"to":"eu-west-1","confirm":"magento","reason":"test","accept_loss_ms":60000})"
    );
    ASSERT_EQ(started.status, 202) << started.body;
    const std::string id{json::parse(started.body).as_object().at("id").as_string()};
    const json::object operation = wait_for_end(id);
    EXPECT_EQ(operation.at("outcome"), "done") << json::serialize(operation);
    // Real time has to pass: the lease counts by the machine's clock, which all here share.
    EXPECT_GE(clock.now() - read_at_the_earliest, 4s);
}

// Two records carry the number that the plan takes, with another meaning: the adapter must say that
// no majority can be had, or the raise has no end.
TEST_F(ControllerTest, AnEpochThatSomebodyElseTookEndsTheRaise) {
    launch();
    agent("use1-web-1", kEast);
    agent("euw1-web-1", kWest);
    RegionId active = kEast;
    RegionId other = kWest;
    const auto failover = [&] {
        const net::HttpReply started = post(
            "/v1/apps/magento/failover",
            R"({"confirm":"magento","reason":"test","accept_loss_ms":60000,"to":")" +
                other.value() + R"("})"
        );
        EXPECT_EQ(started.status, 202) << started.body;
        return wait_for_end(std::string{json::parse(started.body).as_object().at("id").as_string()}
        );
    };
    // A look at all records may come between, three times in a lease. The controller then takes
    // the number after it, and the next attempt goes back.
    constexpr int kAttempts = 10;
    std::int64_t taken = 2;
    std::string outcome;
    for (int i = 0; i < kAttempts && outcome != "failed"; ++i) {
        if (outcome == "done") {
            std::swap(active, other);
            taken += 2;
        }
        ASSERT_TRUE(wait_for_plan("failover"));
        for (const RegionId& region : {kEast, kWitness}) {
            take_epoch(region, static_cast<std::uint64_t>(taken), active);
        }
        outcome = failover().at("outcome").as_string();
    }
    ASSERT_EQ(outcome, "failed") << "a look came between each time";
    EXPECT_EQ(number_in_record(kEast, "magento", "epoch"), taken) << "not overwritten (INV-S9)";
    EXPECT_EQ(document("/v1/status").at("active").as_string(), active.value());
    ASSERT_TRUE(wait_for_plan("failover"));
    const json::object last = failover();
    EXPECT_EQ(last.at("outcome"), "done") << json::serialize(last);
    EXPECT_EQ(number_in_record(kEast, "magento", "epoch"), taken + 1);
}

}  // namespace
}  // namespace farshore::controller
