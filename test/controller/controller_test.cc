#include "controller/controller_world.h"

#include "sqlite/database.h"

namespace farshore::controller {
namespace {

using namespace testing;

TEST_F(ControllerTest, AFirstStartTakesEpochOneInThePreferredRegionAndRemembersIt) {
    launch();
    json::object status = document("/v1/status");
    EXPECT_EQ(status.at("epoch"), 1);
    EXPECT_EQ(status.at("active"), "us-east-1");
    EXPECT_EQ(misfit(status, schema_of("status.schema.json")), "");
    halt();
    launch();
    EXPECT_EQ(document("/v1/status").at("epoch"), 1);
    EXPECT_EQ(get("/v1/status?app=carts").status, 404);
    EXPECT_EQ(
        get("/metrics").body.find("farshore_epoch{app=\"magento\"} 1") == std::string::npos, false
    );
}

TEST_F(ControllerTest, StatusTellsWhichHostsServeEveryProcess) {
    launch();
    FakeAgent& host = agent("use1-web-1", kEast);
    const auto told = [this]() -> json::value {
        const json::array agents = document("/v1/status").at("agents").as_array();
        return agents.empty() ? json::value{} : agents.front().at("client_keys");
    };
    EXPECT_TRUE(told().is_null()) << "an older agent does not say";
    EXPECT_EQ(misfit(document("/v1/status"), schema_of("status.schema.json")), "");
    host.client_keys_required = false;
    EXPECT_TRUE(world.run_until([&] { return told() == "off"; }));
    EXPECT_EQ(misfit(document("/v1/status"), schema_of("status.schema.json")), "");
    host.client_keys_required = true;
    EXPECT_TRUE(world.run_until([&] { return told() == "required"; }));
}

TEST_F(ControllerTest, StatusTellsTheVersionOfEachAgent) {
    launch();
    FakeAgent& host = agent("use1-web-1", kEast);
    const auto told = [this]() -> json::value {
        const json::array agents = document("/v1/status").at("agents").as_array();
        return agents.empty() ? json::value{} : agents.front().at("program");
    };
    EXPECT_TRUE(told().is_null()) << "an older agent does not say";
    host.program = "0.9.0";
    EXPECT_TRUE(world.run_until([&] { return told() == "0.9.0"; }));
    EXPECT_EQ(misfit(document("/v1/status"), schema_of("status.schema.json")), "");
}

TEST_F(ControllerTest, TheRecordsNameTheLeaseThatTheControllerWaitsFor) {
    launch();
    EXPECT_EQ(lease_in_record(kEast), 1000);
    halt();
    lease = 500ms;
    launch();
    for (const RegionId& region : {kEast, kWest, kWitness}) {
        EXPECT_TRUE(world.run_until([&] { return lease_in_record(region) == 500; }))
            << region.value() << ": a changed configuration reaches every record";
    }
}

TEST_F(ControllerTest, TheItemsNameTheHoldThatTheControllerOrders) {
    hold_max = 2s;
    launch();
    const auto in_item = [this](const RegionId& region) {
        return number_in_record(region, "magento", "hold_max_ms");
    };
    EXPECT_EQ(in_item(kEast), 2000);
    halt();
    hold_max = 1500ms;
    launch();
    for (const RegionId& region : {kEast, kWest, kWitness}) {
        EXPECT_TRUE(world.run_until([&] { return in_item(region) == 1500; }))
            << region.value() << ": a changed configuration reaches every item";
    }
}

// An agent's stolen keys, or a broken script, wrote it: agents could not carry such an epoch, and
// would refuse every write for ever.
TEST_F(ControllerTest, AnEpochThatCannotBeIsReplacedInEveryCopyAndNotFollowed) {
    launch();
    for (const RegionId& region : {kEast, kWest, kWitness}) {
        take_epoch(region, next(kEpochMax).value(), kWest);
    }
    for (const RegionId& region : {kEast, kWest, kWitness}) {
        EXPECT_TRUE(world.run_until([&] {
            return number_in_record(region, "magento", "epoch") == 1;
        })) << region.value();
    }
    const json::object status = document("/v1/status");
    EXPECT_EQ(status.at("epoch"), 1);
    EXPECT_EQ(status.at("active"), "us-east-1");
}

TEST_F(ControllerTest, EndsInOrderThoughNobodyIsConnected) {
    auto created = Controller::create(world.io, config());
    ASSERT_TRUE(created.has_value()) << created.error().text;
    controller = std::move(*created);
    controller->start();
    inside([this] { controller->stop(); });
    EXPECT_TRUE(world.run_until([this] { return controller->stopped(); }));
    controller.reset();
}

TEST_F(ControllerTest, TokensDecideWhoMayDoWhat) {
    launch();
    EXPECT_EQ(get("/v1/status", "nobody").status, 401);
    EXPECT_EQ(get("/v1/status", host_token("use1-web-1")).status, 403);
    EXPECT_EQ(post("/v1/apps/magento/pause", R"({"for_ms":1000})", "viewer").status, 403);
    EXPECT_EQ(post("/v1/agents/report", "{}", "operator").status, 403);
    EXPECT_EQ(ask("DELETE", "/v1/status", "operator").status, 405);
    EXPECT_EQ(post("/v1/apps/carts/pause", R"({"for_ms":1000})").status, 404);
    EXPECT_EQ(post("/v1/apps/magento/pause", "{").status, 400);
    EXPECT_EQ(post("/v1/apps/magento/pause", "{}").status, 400);
    EXPECT_EQ(get("/v1/nowhere").status, 404);
    EXPECT_EQ(get("/v1/operations/op-none").status, 404);
}

TEST_F(ControllerTest, AGuardThatRefusesIsNamedAndARefusalIsInTheAudit) {
    launch();
    const net::HttpReply unconfirmed = post("/v1/apps/magento/failover", R"({"to":"eu-west-1"})");
    EXPECT_EQ(unconfirmed.status, 400);
    const net::HttpReply without_reason =
        post("/v1/apps/magento/failover", R"({"to":"eu-west-1","confirm":"magento"})");
    EXPECT_EQ(without_reason.status, 400) << without_reason.body;
    EXPECT_NE(without_reason.body.find("reason"), std::string::npos);
    const net::HttpReply refused = post(
        "/v1/apps/magento/failover", R"({"to":"eu-west-1","confirm":"magento","reason":"INC-1"})"
    );
    EXPECT_EQ(refused.status, 409) << refused.body;
    const json::object error = json::parse(refused.body).as_object().at("error").as_object();
    EXPECT_EQ(error.at("code"), "guard");
    EXPECT_FALSE(error.at("guards").as_array().empty());
    EXPECT_NE(get("/v1/audit").body.find("refused"), std::string::npos);
    EXPECT_EQ(document("/v1/status").at("epoch"), 1) << "nothing was changed";
    EXPECT_FALSE(document("/v1/why").at("guards").as_array().empty());
}

TEST_F(ControllerTest, PauseAndResumeAreDurable) {
    launch();
    EXPECT_EQ(post("/v1/apps/magento/pause", R"({"for_ms":600000,"reason":"deploy"})").status, 200);
    halt();
    launch();
    const json::object status = document("/v1/status");
    EXPECT_EQ(status.at("paused").as_object().at("reason"), "deploy");
    EXPECT_EQ(post("/v1/apps/magento/resume", "").status, 200);
    EXPECT_TRUE(document("/v1/status").at("paused").is_null());
    const net::HttpReply again = post("/v1/apps/magento/resume", "");
    EXPECT_EQ(again.status, 200);
    EXPECT_NE(again.body.find("nothing was paused"), std::string::npos) << again.body;
    EXPECT_EQ(post("/v1/apps/magento/pause", R"({"for_ms":1000})").status, 200);
    for (const json::value& entry : document("/v1/audit").at("entries").as_array()) {
        EXPECT_FALSE(entry.at("detail").as_string().ends_with(": ")) << json::serialize(entry);
    }
}

// Another controller took the store up: this one was paused, or cut off, meanwhile.
TEST_F(ControllerTest, AControllerThatIsSupersededChangesNothingAndEnds) {
    launch();
    {
        auto database = sqlite::Database::open({.path = directory.path() + "/farshore.db"});
        ASSERT_TRUE(database.has_value()) << database.error().text;
        ASSERT_TRUE((*database)
                        ->execute("UPDATE meta SET value = '99' WHERE name = 'leader magento'")
                        .has_value());
        ASSERT_EQ((*database)->changes(), 1);
    }
    const net::HttpReply refused = post("/v1/apps/magento/pause", R"({"for_ms":600000})");
    EXPECT_EQ(refused.status, 409);
    EXPECT_NE(refused.body.find("another controller leads magento"), std::string::npos);
    ASSERT_TRUE(world.run_until([this] { return controller->stopped(); }));
    ASSERT_TRUE(controller->failure().has_value());
    EXPECT_FALSE(controller->failure()->remedy.empty());
    controller.reset();
    launch();
    EXPECT_TRUE(document("/v1/status").at("paused").is_null());
}

TEST_F(ControllerTest, APlanForNothingHasNoSteps) {
    launch();
    const auto plan = [this](const std::string& body) {
        const net::HttpReply reply = post("/v1/apps/magento/plan", body);
        EXPECT_EQ(reply.status, 200) << reply.body;
        return json::parse(reply.body).as_object();
    };
    const json::object here = plan(R"({"verb":"switchover","to":"us-east-1"})");
    EXPECT_EQ(
        here.at("text"), "already done: us-east-1 is active and serves users; nothing was started"
    );
    EXPECT_EQ(here.at("allowed"), true);
    EXPECT_TRUE(here.at("plan").at("steps").as_array().empty());
    const json::object nowhere = plan(R"({"verb":"failover","to":"mars"})");
    EXPECT_EQ(nowhere.at("allowed"), false);
    EXPECT_TRUE(nowhere.at("plan").at("steps").as_array().empty());
    const net::HttpReply wrong =
        post("/v1/apps/magento/plan", R"({"verb":"failback","to":"eu-west-1"})");
    EXPECT_EQ(wrong.status, 400);
    EXPECT_NE(wrong.body.find("goes to the preferred Region, us-east-1"), std::string::npos);
}

TEST_F(ControllerTest, ASecondControllerAndAPortInUseAreRefusedWithARemedy) {
    launch();
    const auto same_store = Controller::create(world.io, config());
    ASSERT_FALSE(same_store.has_value());
    EXPECT_NE(same_store.error().text.find("in use by process"), std::string::npos)
        << same_store.error().text;
    config::Config other = config();
    other.store_path = directory.path() + "/other.db";
    other.controller.listen.port = controller->port();
    const auto same_port = Controller::create(world.io, other);
    ASSERT_FALSE(same_port.has_value());
    EXPECT_EQ(same_port.error().kind, ErrorKind::conflict);
    EXPECT_FALSE(same_port.error().remedy.empty());
    other.controller.tokens_file = directory.path() + "/none.json";
    const auto no_tokens = Controller::create(world.io, other);
    ASSERT_FALSE(no_tokens.has_value());
    EXPECT_FALSE(no_tokens.error().remedy.empty());
}

// A stray write to one copy: were it believed, the next change would be to an epoch that no agent
// can carry, and every host would refuse every write.
TEST_F(ControllerTest, OneRecordSetToTheLastEpochIsReplacedAndUsesUpNoEpoch) {
    launch();
    take_epoch(kWitness, kEpochMax.value(), kWest);
    EXPECT_TRUE(world.run_until([&] { return number_in_record(kWitness, "magento", "epoch") == 1; })
    );
    halt();
    take_epoch(kWitness, kEpochMax.value(), kWest);
    launch();
    EXPECT_TRUE(world.run_until([&] { return number_in_record(kWitness, "magento", "epoch") == 1; })
    );
    agent("use1-web-1", kEast);
    agent("euw1-web-1", kWest);
    ASSERT_TRUE(wait_for_plan("switchover"));
    const net::HttpReply plan = post("/v1/apps/magento/plan", R"({"verb":"switchover"})");
    EXPECT_EQ(json::parse(plan.body).at("plan").at("epoch_after"), 2) << plan.body;
}

}  // namespace
}  // namespace farshore::controller
