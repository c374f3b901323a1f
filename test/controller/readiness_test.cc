#include "controller/api_world.h"

// Whether a failover could start now, and requests that are safe to repeat.
namespace farshore::controller {
namespace {

using namespace testing;

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
            [&](const json::value& finding) { return finding.at("code") == json::value(code); }
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
            if (way.at("from") == json::value(kEast.value())) {
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
    ASSERT_TRUE(wait_for_plan("switchover")) << "the lag of the way back has to be measured";
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

// A copy is left behind by a change of the register, and cannot be written: two of three are right.
TEST_F(ReadyTest, OneRecordThatNamesAnotherRegisterStopsNoPermissionAndIsNamed) {
    launch();
    halt();
    take_epoch(kWitness, 1, kEast, "another");
    // The witness always answers before eu-west-1, and takes no writes.
    for (const auto& [region, mode] :
         {std::pair{kWitness, lab::DynamoMode::read_only},
          std::pair{kWest, lab::DynamoMode::latency}}) {
        inside([&] {
            ASSERT_TRUE(board->add({.region = region, .mode = mode, .latency = 100ms}).has_value());
        });
    }
    two_hosts();
    ASSERT_TRUE(world.run_until([this] { return finds("record_apart"); })) << first_line();
    EXPECT_TRUE(
        has(first_line(),
            "the epoch record in us-east-2 does not count for epoch 1 (it names the "
            "register of another store)")
    ) << first_line();
    EXPECT_FALSE(finds("records_unread")) << first_line();
    for (auto& each : agents) {
        each->lease.reset();
        EXPECT_TRUE(world.run_until([&] { return each->lease && each->lease->lease; }));
    }
    const std::vector<std::string> rows = audit();
    EXPECT_EQ(
        std::ranges::count_if(
            rows, [](const std::string& row) { return has(row, "another store's register"); }
        ),
        1
    ) << "it is told once, in whichever order the records answer";
}

// What a raise left behind that reached one record only and ended without effect.
TEST_F(ReadyTest, ARecordThatIsAheadIsNamedAndTheNextChangePassesIt) {
    ready();
    take_epoch(kWitness, 2, kWest);
    ASSERT_TRUE(world.run_until([this] { return finds("record_apart"); })) << first_line();
    EXPECT_EQ(readiness().at("verdict"), "degraded") << first_line();
    EXPECT_TRUE(has(first_line(), "carries epoch 2, from a raise that reached no majority"))
        << first_line();
    const std::string id = begin("switchover", R"({"to":"eu-west-1"})");
    EXPECT_EQ(wait_for_end(id).at("outcome"), "done");
    EXPECT_EQ(document("/v1/status").at("epoch"), 3);
    EXPECT_TRUE(world.run_until([this] { return !finds("record_apart"); })) << first_line();
}

}  // namespace
}  // namespace farshore::controller
