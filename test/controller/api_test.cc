#include "controller/controller_world.h"

// The API for people and their programs: what it shows, what it changes, what it writes down.
namespace farshore::controller {
namespace {

using namespace testing;

class ApiTest : public ControllerTest {
  protected:
    // Audit rows, newest first, as "who: what: detail".
    std::vector<std::string> audit() {
        std::vector<std::string> rows;
        const json::object document = this->document("/v1/audit");
        for (const json::value& row : document.at("entries").as_array()) {
            rows.push_back(
                std::string{row.at("who").as_string()} + ": " +
                std::string{row.at("what").as_string()} + ": " +
                std::string{row.at("detail").as_string()}
            );
        }
        return rows;
    }

    bool audited(const std::string& beginning) {
        return std::ranges::any_of(audit(), [&](const std::string& row) {
            return row.starts_with(beginning);
        });
    }

    std::string begin(const std::string& verb, const std::string& body) {
        const net::HttpReply started = post("/v1/apps/magento/" + verb, body);
        EXPECT_EQ(started.status, 202) << started.body;
        return std::string{json::parse(started.body).as_object().at("id").as_string()};
    }

    void two_hosts() {
        launch();
        agent("use1-web-1", kEast);
        agent("euw1-web-1", kWest);
        ASSERT_TRUE(wait_for_plan("switchover"));
    }
};

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

TEST_F(ApiTest, AWriteOfUnknownOutcomeIsWaitedForUnlessAnOperatorAcceptsIt) {
    launch();
    agent("use1-web-1", kEast).unknown = {.count = 1, .newest_age = std::chrono::seconds{1}};
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
    })) << "a switchover waits for the one that nobody has seen";
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

// The world in which two hosts are heard and everything is measured.
class ReadyTest : public ApiTest {
  protected:
    json::object readiness() { return document("/v1/status").at("readiness").as_object(); }

    std::string first_line() {
        return std::string{document("/v1/status").at("first_line").as_string()};
    }

    bool finds(const std::string& code) {
        return std::ranges::any_of(
            readiness().at("findings").as_array(),
            [&](const json::value& finding) { return finding.at("code") == code; }
        );
    }

    void ready() {
        two_hosts();
        ASSERT_TRUE(world.run_until([this] { return readiness().at("verdict") == "ready"; }))
            << first_line();
    }

    static bool has(const std::string& text, const std::string& part) {
        return text.find(part) != std::string::npos;
    }
};

TEST_F(ReadyTest, TheFirstLineSaysWhetherAFailoverCouldStartAndWhy) {
    ready();
    EXPECT_TRUE(first_line().starts_with("READY  magento: us-east-1 -> eu-west-1 now would lose"))
        << first_line();
    EXPECT_TRUE(has(first_line(), "automation armed")) << first_line();
    EXPECT_TRUE(has(get("/metrics").body, "farshore_ready{app=\"magento\"} 1\n"));
    agents.back()->die();
    ASSERT_TRUE(world.run_until([this] { return finds("host_silent"); })) << first_line();
    EXPECT_TRUE(first_line().starts_with("NOT READY  magento: ")) << first_line();
    EXPECT_TRUE(has(first_line(), "euw1-web-1 of eu-west-1 has been silent for")) << first_line();
    const std::string metrics = get("/metrics").body;
    EXPECT_TRUE(has(metrics, "farshore_ready{app=\"magento\"} 0\n"));
    EXPECT_TRUE(
        has(metrics, "farshore_readiness_findings{app=\"magento\",code=\"host_silent\"} 1\n")
    );
    EXPECT_FALSE(has(metrics, "farshore_agent_unproven_writes{app=\"magento\",host=\"euw1-web-1\""))
        << "what it said last is no value of now";
    EXPECT_TRUE(has(metrics, "farshore_agent_age_seconds{app=\"magento\",host=\"euw1-web-1\""));
    EXPECT_EQ(get("/v1/status").status, 200);
    agents.front()->die();
    ASSERT_TRUE(world.run_until([this] { return finds("controller_alone"); })) << first_line();
}

TEST_F(ReadyTest, ReplicationThatStandsStillIsNotReadyAndNoLagFreezes) {
    ready();
    const auto lag = [this] {
        const json::object status = document("/v1/status");
        for (const json::value& way : status.at("lag").as_array()) {
            if (way.at("from") == kEast.value()) {
                return way.as_object();
            }
        }
        return json::object{};
    };
    EXPECT_EQ(lag().at("stale"), false);
    lab::FaultSpec fault;
    fault.kind = lab::FaultKind::replication;
    fault.region = kEast;
    inside([&] { ASSERT_TRUE(board->add(fault).has_value()); });
    ASSERT_TRUE(world.run_until([this] { return finds("replication_stalled"); }, 20s))
        << first_line();
    EXPECT_TRUE(has(first_line(), "replication us-east-1 -> eu-west-1 has not moved for"))
        << first_line();
    const json::object stale = lag();
    EXPECT_EQ(stale.at("stale"), true);
    EXPECT_GT(stale.at("at_least_ms").as_int64(), 3000);
}

TEST_F(ReadyTest, WhyDoesNotSpeakOfARefusalWhenNothingCallsForAFailover) {
    ready();
    const json::object why = document("/v1/why");
    EXPECT_EQ(why.at("text"), "nothing calls for a failover: us-east-1 is healthy");
    EXPECT_EQ(why.at("called_for"), false);
}

TEST_F(ReadyTest, AChangeNamesItsTargetAndIsDoneAlreadyWhenItIs) {
    ready();
    const net::HttpReply nowhere = post("/v1/apps/magento/switchover", R"({"reason":"x"})");
    EXPECT_EQ(nowhere.status, 400) << nowhere.body;
    EXPECT_TRUE(has(nowhere.body, "eu-west-1")) << nowhere.body;
    const std::string id = begin("switchover", R"({"to":"eu-west-1"})");
    EXPECT_EQ(wait_for_end(id).at("outcome"), "done");
    const net::HttpReply again = post("/v1/apps/magento/switchover", R"({"to":"eu-west-1"})");
    EXPECT_EQ(again.status, 200) << again.body;
    EXPECT_TRUE(has(again.body, "already done")) << again.body;
    EXPECT_EQ(post("/v1/apps/magento/failover", R"({"to":"eu-west-1"})").status, 200)
        << "where nothing is changed, nothing is to be confirmed";
    EXPECT_EQ(document("/v1/status").at("epoch"), 2) << "it did not go back";
}

TEST_F(ReadyTest, ARequestThatExpectsAnotherWorldIsRefusedAndNothingIsStarted) {
    ready();
    for (const char* body :
         {R"({"to":"eu-west-1","expect_active":"eu-west-1"})",
          R"({"to":"eu-west-1","expect_active":"us-east-1","expect_epoch":7})",
          R"({"to":"us-east-1","expect_epoch":7})"}) {
        const net::HttpReply moved = post("/v1/apps/magento/switchover", body);
        EXPECT_EQ(moved.status, 409) << moved.body;
        EXPECT_TRUE(has(moved.body, R"("code":"moved")")) << moved.body;
    }
    EXPECT_TRUE(document("/v1/status").at("operation").is_null());
    EXPECT_TRUE(audited("operator:operator: switchover to eu-west-1: refused: nothing was done"));
    const std::string id =
        begin("switchover", R"({"to":"eu-west-1","expect_active":"us-east-1","expect_epoch":1})");
    EXPECT_EQ(wait_for_end(id).at("outcome"), "done");
}

TEST_F(ReadyTest, ARequestThatIsRepeatedAfterALostAnswerStartsNothingASecondTime) {
    ready();
    const std::string body = R"({"to":"eu-west-1","request_id":"1764489600123-5f0c77aa"})";
    const std::string id = begin("switchover", body);
    EXPECT_EQ(id, "op-1764489600123-5f0c77aa");
    const net::HttpReply while_it_runs = post("/v1/apps/magento/switchover", body);
    EXPECT_EQ(while_it_runs.status, 200) << while_it_runs.body;
    EXPECT_TRUE(has(while_it_runs.body, R"("repeated":true)")) << while_it_runs.body;
    EXPECT_EQ(wait_for_end(id).at("outcome"), "done");
    const std::string back = begin("switchover", R"({"to":"us-east-1"})");
    EXPECT_EQ(wait_for_end(back).at("outcome"), "done");
    halt();
    launch();
    const net::HttpReply late = post("/v1/apps/magento/switchover", body);
    EXPECT_EQ(late.status, 200) << late.body;
    EXPECT_TRUE(has(late.body, id)) << late.body;
    EXPECT_EQ(document("/v1/status").at("active"), "us-east-1") << "a restart forgets no request";
    const net::HttpReply other = post(
        "/v1/apps/magento/switchover", R"({"to":"us-east-1","request_id":"1764489600123-5f0c77aa"})"
    );
    EXPECT_EQ(other.status, 409) << other.body;
    EXPECT_EQ(
        post("/v1/apps/magento/switchover", R"({"to":"eu-west-1","request_id":"A b"})").status, 400
    );
}

TEST_F(ReadyTest, AnAbortThatComesTooLateSaysWhatHappensNow) {
    lease = 3s;
    ready();
    agents.front()->answers = false;  // the fence waits for its lease
    const std::string id = begin(
        "failover",
        R"({"to":"eu-west-1","confirm":"magento","reason":"INC-3","accept_loss_ms":60000})"
    );
    ASSERT_TRUE(world.run_until([&] {
        return document("/v1/operations/" + id).at("state") == "fencing";
    }));
    const net::HttpReply late = post("/v1/operations/" + id + "/abort", R"({"reason":"oh"})");
    EXPECT_EQ(late.status, 409) << late.body;
    EXPECT_TRUE(has(late.body, R"("code":"too_late")")) << late.body;
    EXPECT_TRUE(has(late.body, "the epoch has been raised")) << late.body;
    EXPECT_TRUE(has(late.body, "it is fencing")) << late.body;
    EXPECT_TRUE(audited("operator:operator: abort " + id + ": refused: "));
}

TEST_F(ReadyTest, ARefusedGateNamesTheFlagThatLowersIt) {
    launch();
    agent("use1-web-1", kEast);
    agent("euw1-web-1", kWest);
    net::HttpReply refused;
    agents.front()->last_acknowledged_age = 0ms;
    ASSERT_TRUE(world.run_until([&] {
        refused = post(
            "/v1/apps/magento/plan", R"({"verb":"failover","to":"eu-west-1","accept_loss_ms":0})"
        );
        return has(refused.body, R"("guard":"loss_within_gate","passed":false)") &&
               has(refused.body, "--accept-loss ");
    })) << refused.body;
    EXPECT_FALSE(has(refused.body, "--accept-unfenced")) << "that gate has not refused";
}

TEST_F(ReadyTest, DeniedAttemptsAndTheLivesOfTheControllerAreInTheAudit) {
    launch();
    EXPECT_EQ(get("/v1/status", "guess").status, 401);
    EXPECT_EQ(post("/v1/apps/magento/pause", R"({"for_ms":1000})", "viewer").status, 403);
    for (int i = 0; i < 5; ++i) {
        EXPECT_EQ(get("/v1/status", "guess").status / 100, 4);
    }
    EXPECT_TRUE(audited("nobody: denied: GET /v1/status: the token is not known here; from 127."));
    EXPECT_TRUE(audited("viewer:viewer: denied: POST /v1/apps/magento/pause: "));
    std::size_t denied = 0;
    for (const std::string& row : audit()) {
        denied += row.starts_with("nobody: ") ? 1U : 0U;
    }
    EXPECT_EQ(denied, 1U) << "guesses do not fill it";
    halt();
    launch();
    EXPECT_TRUE(audited("controller:us-east-2: stopped: "));
    EXPECT_TRUE(audited("controller:us-east-2: started: epoch 1, active us-east-1"));
}

TEST_F(ReadyTest, AReasonIsTakenEverywhere) {
    two_hosts();
    EXPECT_EQ(
        post("/v1/apps/magento/pause", R"({"for_ms":60000,"reason":"deploy-8"})").status, 200
    );
    EXPECT_EQ(post("/v1/apps/magento/resume", R"({"reason":"deployed-8"})").status, 200);
    EXPECT_TRUE(audited("operator:operator: resume: deployed-8; from 127."));
    agents.back()->die();
    const std::string path = "/v1/apps/magento/agents/euw1-web-1/forget";
    EXPECT_TRUE(world.run_until([&] { return post(path, R"({"reason":"gone-8"})").status == 200; })
    );
    EXPECT_TRUE(audited("operator:operator: forget euw1-web-1: gone-8; from 127."));
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
