#include "controller/api_world.h"

// The API for people and their programs: what it shows, what it changes, what it writes down.
namespace farshore::controller {
namespace {

using namespace testing;

TEST_F(ApiTest, EveryChangeIsInTheAuditWithWhoAndWhy) {
    two_hosts();
    const std::string id = begin("switchover", R"({"to":"eu-west-1","reason":"INC-7"})");
    EXPECT_EQ(wait_for_end(id).at("outcome"), "done");
    EXPECT_TRUE(audited("operator:operator: switchover to eu-west-1: " + id + ": INC-7"));
    EXPECT_EQ(post("/v1/apps/magento/pause", R"({"for_ms":60000,"reason":"deploy"})").status, 200);
    EXPECT_TRUE(audited("operator:operator: pause: until "));
    EXPECT_EQ(post("/v1/apps/magento/resume", "").status, 200);
    EXPECT_TRUE(audited("operator:operator: resume"));
    EXPECT_EQ(post("/v1/apps/magento/switchover", R"({"to":"mars"})").status, 409);
    EXPECT_TRUE(audited("operator:operator: switchover to mars: refused"));
    const std::size_t rows = audit().size();
    halt();
    launch();
    EXPECT_GE(audit().size(), rows) << "it outlives the controller";
}

TEST_F(ApiTest, IsForItsOwnNamesAndForNoWebPage) {
    launch();
    EXPECT_EQ(status_with("GET", "/v1/status", {"Host", "evil.example"}), 403);
    EXPECT_EQ(status_with("GET", "/v1/status", {"Origin", "http://evil.example"}), 403);
    EXPECT_EQ(status_with("GET", "/metrics", {"Sec-Fetch-Mode", "cors"}), 403);
    EXPECT_EQ(status_with("GET", "/v1/status", {"Host", "localhost"}), 200);
    for (const std::string method : {"GET", "HEAD", "OPTIONS"}) {
        EXPECT_EQ(status_with(method, "/livez", {"Host", "balancer.example"}), 200) << method;
    }
}

TEST_F(ApiTest, AWriteOfUnknownOutcomeIsWaitedForUnlessAnOperatorAcceptsIt) {
    launch();
    agent("use1-web-1", kEast).unknown =
        wire::UnknownOutcomes{.count = 1, .newest_age = std::chrono::seconds{1}};
    agent("euw1-web-1", kWest);
    ASSERT_TRUE(wait_for_plan("switchover"));
    const std::string waits = begin("switchover", R"({"to":"eu-west-1"})");
    ASSERT_TRUE(world.run_until([&] {
        return json::serialize(document("/v1/operations/" + waits))
            .contains("use1-web-1 was given up");
    }));
    EXPECT_EQ(document("/v1/operations/" + waits).at("state"), "waiting");
    EXPECT_EQ(post("/v1/operations/" + waits + "/abort", "").status, 200);
    EXPECT_EQ(wait_for_end(waits).at("outcome"), "aborted");
    const std::string goes_on =
        begin("switchover", R"({"to":"eu-west-1","reason":"INC-9","accept_unknown":true})");
    EXPECT_EQ(wait_for_end(goes_on).at("outcome"), "done");
    EXPECT_TRUE(audited(
        "operator:operator: switchover to eu-west-1: " + goes_on +
        ": INC-9; writes of unknown outcome accepted"
    ));
}

// In a rolling upgrade: what an agent does not say is not "none".
TEST_F(ApiTest, AnAgentThatDoesNotSayWhatItGaveUpIsWaitedForUnlessAnOperatorAcceptsIt) {
    launch();
    agent("use1-web-1", kEast).unknown.reset();
    agent("euw1-web-1", kWest);
    ASSERT_TRUE(wait_for_plan("switchover"));
    const std::string waits = begin("switchover", R"({"to":"eu-west-1"})");
    ASSERT_TRUE(world.run_until([&] {
        return json::serialize(document("/v1/operations/" + waits))
            .contains("the agent of use1-web-1 is of an older version");
    }));
    EXPECT_EQ(document("/v1/operations/" + waits).at("state"), "waiting");
    EXPECT_EQ(post("/v1/operations/" + waits + "/abort", "").status, 200);
    EXPECT_EQ(wait_for_end(waits).at("outcome"), "aborted");
    const std::string goes_on =
        begin("switchover", R"({"to":"eu-west-1","reason":"INC-9","accept_unknown":true})");
    EXPECT_EQ(wait_for_end(goes_on).at("outcome"), "done");
}

TEST_F(ApiTest, AnOperationCanBeStoppedBeforeItChangesAnything) {
    launch();
    agent("use1-web-1", kEast);
    FakeAgent& west = agent("euw1-web-1", kWest);
    ASSERT_TRUE(wait_for_plan("switchover"));
    west.drains = false;
    const std::string id = begin("switchover", R"({"to":"eu-west-1"})");
    ASSERT_TRUE(world.run_until([&] {
        return document("/v1/operations/" + id).at("state") == "draining";
    }));
    EXPECT_EQ(post("/v1/operations/" + id + "/abort", "").status, 200);
    const json::object operation = wait_for_end(id);
    EXPECT_EQ(operation.at("outcome"), "failed") << json::serialize(operation);
    EXPECT_NE(json::serialize(operation).find("stopped by an operator"), std::string::npos);
    EXPECT_EQ(document("/v1/status").at("active"), "us-east-1");
    EXPECT_TRUE(audited("operator:operator: abort: " + id + ": no reason given; from 127."));
    EXPECT_EQ(post("/v1/operations/" + id + "/abort", "").status, 409) << "it has ended";
    EXPECT_EQ(post("/v1/operations/op-none/abort", "").status, 404);
}

TEST_F(ApiTest, APlanUsesTheLeversThatItIsAskedFor) {
    two_hosts();
    const net::HttpReply plan = post(
        "/v1/apps/magento/plan", R"({"verb":"switchover","to":"eu-west-1","levers":["repoint"]})"
    );
    const json::object shown = json::parse(plan.body).as_object().at("plan").as_object();
    EXPECT_EQ(json::serialize(shown.at("levers")), R"(["repoint"])");
    EXPECT_EQ(json::serialize(shown.at("steps")).find("send users"), std::string::npos);
    const std::string id = begin("switchover", R"({"to":"eu-west-1","levers":["repoint"]})");
    EXPECT_EQ(wait_for_end(id).at("outcome"), "done");
    EXPECT_EQ(document("/v1/status").at("active"), "eu-west-1");
    EXPECT_EQ(document("/v1/status").at("users"), "us-east-1");
    // The users follow, under the same epoch.
    ASSERT_TRUE(wait_for_plan("switchover"));
    const std::string users = begin("switchover", R"({"to":"eu-west-1"})");
    EXPECT_EQ(wait_for_end(users).at("outcome"), "done");
    EXPECT_EQ(document("/v1/status").at("users"), "eu-west-1");
    EXPECT_EQ(document("/v1/status").at("epoch"), 2);
    const net::HttpReply wrong =
        post("/v1/apps/magento/switchover", R"({"to":"us-east-1","levers":["lift"]})");
    EXPECT_EQ(wrong.status, 400) << wrong.body;
    EXPECT_NE(wrong.body.find("repoint and shift"), std::string::npos);
}

TEST_F(ApiTest, AHostLeavesTheRegisterByAnExplicitActAndNotWhileItMayWrite) {
    two_hosts();
    const std::string path = "/v1/apps/magento/agents/euw1-web-1/forget";
    const net::HttpReply connected = post(path, "");
    EXPECT_EQ(connected.status, 409);
    EXPECT_NE(connected.body.find("is connected"), std::string::npos) << connected.body;
    EXPECT_EQ(post(path, "", "viewer").status, 403);
    EXPECT_EQ(post("/v1/apps/magento/agents/nobody/forget", "").status, 404);
    agents.back()->die();
    EXPECT_TRUE(world.run_until([&] { return post(path, "").status == 200; }))
        << "silent for longer than its lease, it may be forgotten";
    EXPECT_TRUE(audited("operator:operator: forget euw1-web-1"));
    EXPECT_EQ(document("/v1/status").at("agents").as_array().size(), 1U);
    halt();
    launch();
    EXPECT_EQ(document("/v1/status").at("agents").as_array().size(), 1U) << "and stays forgotten";
    agent("euw1-web-1", kWest);
    EXPECT_TRUE(world.run_until([&] {
        return document("/v1/status").at("agents").as_array().size() == 2;
    })) << "who says hello is a host again";
}

TEST_F(ApiTest, WithEveryConnectionOfAgentsTakenOperatorsAreAnswered) {
    listed = {HostId{"use1-web-1"}};
    launch();
    // Of the connections that there are for one host, as many as are for everyone, and then some.
    std::vector<std::unique_ptr<net::TcpSocket>> taken;
    const boost::asio::ip::tcp::endpoint where(
        boost::asio::ip::make_address("127.0.0.1"), controller->port()
    );
    const auto refused = [this] {
        http = net::HttpClient::create(world.io, {});  // without connections from before
        return post("/v1/agents/report", "{}", host_token("use1-web-1")).status == 503;
    };
    while (!refused()) {
        ASSERT_LT(taken.size(), 1000U);
        for (int i = 0; i < 20; ++i) {
            taken.push_back(std::make_unique<net::TcpSocket>(world.io.get_executor()));
            taken.back()->connect(where);
        }
        world.exhaust();
    }
    EXPECT_EQ(get("/v1/status").status, 200);
    http = net::HttpClient::create(world.io, {});
    EXPECT_EQ(get("/v1/status").status, 200) << "over a connection of its own";
    taken.clear();
    EXPECT_TRUE(world.run_until([&] { return !refused(); })) << "agents have room again";
}

TEST_F(ApiTest, HostsThatTheConfigurationNamesAreInTheRegisterBeforeTheySayHello) {
    listed = {HostId{"use1-web-1"}, HostId{"euw1-web-1"}};
    launch();
    EXPECT_EQ(document("/v1/status").at("agents").as_array().size(), 2U);
    const net::HttpReply kept = post("/v1/apps/magento/agents/use1-web-1/forget", "");
    EXPECT_EQ(kept.status, 409);
    agent("use1-web-1", kEast);
    ASSERT_TRUE(world.run_until([&] {
        return post("/v1/apps/magento/plan", R"({"verb":"switchover"})")
                   .body.find("not connected: euw1-web-1") != std::string::npos;
    })) << "a switchover waits for the host that has never connected";
}

TEST_F(ApiTest, AHostThatRegisteredItselfIsFoundKeptAndForgotten) {
    two_hosts();
    for (const RegionId& region : {kEast, kWest}) {
        register_host(region, "use1-web-9", kEast);
    }
    const auto hosts = [this] {
        return document("/v1/status").at("agents").as_array().size();
    };
    EXPECT_TRUE(world.run_until([&] { return hosts() == 3; }, 20s)) << get("/v1/status").body;
    halt();
    launch();
    EXPECT_EQ(hosts(), 3U) << "the store knows it now";
    const std::string path = "/v1/apps/magento/agents/use1-web-9/forget";
    EXPECT_TRUE(world.run_until([&] { return post(path, "").status == 200; }));
    const auto registered = [&] {
        const std::function<net::Task<net::HttpReply>()> read = [this] {
            return read_record(
                kEast, wire::host_record_key(AppId{"magento"}, HostId{"use1-web-9"})
            );
        };
        return world.wait_for<net::HttpReply>(read).body.find("use1-web-9") != std::string::npos;
    };
    EXPECT_TRUE(world.run_until([&] { return !registered(); }));
    halt();
    launch();
    EXPECT_EQ(hosts(), 2U);
}

// It may write, wherever it stands: fences wait for it, and what it calls its Region is not shown.
TEST_F(ApiTest, AHostThatRegisteredItselfWithoutARegionCountsAllTheSame) {
    two_hosts();
    for (const RegionId& region : {kEast, kWest}) {
        register_host(region, "use1-web-9", RegionId{R"(\u001b]0;owned\u0007)"});
    }
    EXPECT_TRUE(world.run_until([&] { return get("/v1/status").body.contains("use1-web-9"); }, 20s)
    );
    EXPECT_FALSE(get("/v1/status").body.contains("owned"));
    EXPECT_TRUE(get("/v1/audit").body.contains("use1-web-9 registered itself"))
        << get("/v1/audit").body;
}

TEST_F(ApiTest, MetricsSayWhatTheStatusSays) {
    two_hosts();
    const std::string metrics = get("/metrics").body;
    for (const char* line :
         {R"(farshore_active_region{app="magento",region="us-east-1"} 1)",
          R"(farshore_active_region{app="magento",region="eu-west-1"} 0)",
          R"(farshore_epoch{app="magento"} 1)",
          R"(farshore_armed{app="magento"} 1)",
          R"(farshore_paused{app="magento"} 0)",
          R"(farshore_operation_running{app="magento"} 0)",
          R"(farshore_store_writable{app="magento"} 1)",
          R"(farshore_observer_vote{app="magento",region="us-east-1",component="dynamodb",observer="us-east-2"} 1)",
          R"(farshore_observer_vote{app="magento",region="eu-west-1",component="stack",observer="agents:us-east-1"} 1)",
          R"(farshore_agent_connected{app="magento",host="use1-web-1",region="us-east-1"} 1)",
          R"(farshore_agent_epoch{app="magento",host="euw1-web-1",region="eu-west-1"} 1)",
          R"(farshore_agent_unproven_writes{app="magento",host="use1-web-1",region="us-east-1"} 0)"
         }) {
        EXPECT_NE(metrics.find(std::string{line} + "\n"), std::string::npos) << line;
    }
    for (const char* family :
         {"farshore_loss_window_seconds",
          "farshore_replication_lag_seconds",
          "farshore_canary_age_seconds"}) {
        EXPECT_NE(metrics.find("\n" + std::string{family} + "{"), std::string::npos) << family;
        EXPECT_NE(metrics.find("# TYPE " + std::string{family} + " gauge"), std::string::npos);
    }
    EXPECT_EQ(get("/metrics", "nobody").status, 401);
}

}  // namespace
}  // namespace farshore::controller
