#include "controller/controller_world.h"
#include "wire/joining.h"

// Who is let in, what is ended, and what a closed register leaves behind.
namespace farshore::controller {
namespace {

using namespace testing;

class CredentialsTest : public ControllerTest {
  protected:
    // Of one host in the status; null: it is not in the register.
    json::value host_in_status(const std::string& host) {
        const json::object status = document("/v1/status");
        for (const json::value& agent : status.at("agents").as_array()) {
            if (std::string{agent.at("host").as_string()} == host) {
                return agent;
            }
        }
        return nullptr;
    }

    std::size_t hosts() { return document("/v1/status").at("agents").as_array().size(); }

    double metric(const std::string& name) {
        const std::string text = get("/metrics").body;
        const std::size_t at = text.find("\n" + name + " ");
        return at == std::string::npos ? -1 : std::stod(text.substr(at + name.size() + 2));
    }

    double refused(const std::string& reason) {
        return metric(R"(farshore_joins_refused_total{app="magento",reason=")" + reason + R"("})");
    }

    std::string make_join_token(const std::string& fields) {
        const net::HttpReply made = post("/v1/apps/magento/join-tokens", fields);
        EXPECT_EQ(made.status, 200) << made.body;
        return std::string{json::parse(made.body).at("token").as_string()};
    }

    static std::string join_body(
        const std::string& host, const std::string& secret, const RegionId& region = kEast
    ) {
        return wire::serialize(wire::JoinRequest{
            .app = AppId{"magento"},
            .host = HostId{host},
            .region = region,
            .digest = digest_of(secret),
            .identity = std::nullopt
        });
    }

    net::HttpReply join_with(
        const std::string& token, const std::string& host, const std::string& secret
    ) {
        return post("/v1/agents/join", join_body(host, secret), token);
    }

    // It stands in the tables of both Regions when the controller starts, which looks at once.
    void launch_with_a_host_that_registered_itself(const std::string& host) {
        launch();
        for (const RegionId& region : {kEast, kWest}) {
            register_host(region, host, kEast, register_in(kEast));
        }
        halt();
        launch();
        agent("use1-web-1", kEast);
        agent("euw1-web-1", kWest);
    }

    FakeAgent& joined_agent(const std::string& host, const std::string& secret) {
        FakeAgent::Options options;
        options.url = url();
        options.token = secret;
        options.host = HostId{host};
        options.region = kEast;
        agents.push_back(std::make_unique<FakeAgent>(world, *http, options));
        agents.back()->start();
        return *agents.back();
    }
};

TEST_F(CredentialsTest, AHostJoinsWithATokenAndIsHeard) {
    launch();
    const std::string token = make_join_token(R"({"name":"asg","hosts":"i-*"})");
    EXPECT_EQ(get("/v1/join-tokens").body.find(token), std::string::npos)
        << "the operator saw it once";
    EXPECT_EQ(join_with("unknown", "i-1", "s1").status, 403);
    EXPECT_EQ(join_with(token, "web-1", "s1").status, 403) << "the pattern does not fit";
    ASSERT_EQ(join_with(token, "i-1", "s1").status, 200);
    EXPECT_EQ(join_with(token, "i-1", "s1").status, 200) << "its answer was lost";
    EXPECT_EQ(join_with(token, "i-1", "other").status, 403) << "it was good for one host";
    EXPECT_EQ(host_in_status("i-1").at("vouched_by"), "join token asg");
    EXPECT_FALSE(host_in_status("i-1").at("connected").as_bool());
    FakeAgent& agent = joined_agent("i-1", "s1");
    ASSERT_TRUE(world.run_until([&] { return agent.lease && agent.lease->lease; }));
    EXPECT_EQ(metric(R"(farshore_joins_total{app="magento"})"), 1);
    EXPECT_EQ(refused("used_up"), 1);
    EXPECT_NE(get("/v1/audit").body.find("join i-1"), std::string::npos);
    // The store has it; a restarted controller knows the host.
    retire_agents();
    halt();
    launch();
    FakeAgent& again = joined_agent("i-1", "s1");
    EXPECT_TRUE(world.run_until([&] { return again.greeted(); }));
}

// What a client that was not let in says of itself reaches no operator's terminal.
TEST_F(CredentialsTest, NoNameOfAJoinMovesACursor) {
    launch();
    const std::string body = join_body("i-1", "s1");
    for (const std::string name : {"magento", "i-1", "us-east-1"}) {
        std::string with = body;
        with.replace(with.find(name) + name.size(), 0, R"(\u001b]0;owned\u0007)");
        EXPECT_EQ(post("/v1/agents/join", with, "unknown").status, 400) << with;
    }
    const net::HttpReply refused =
        post("/v1/apps/magento/switchover", R"({"to":"mars\u001b[2J","reason":"a\u009bb"})");
    EXPECT_EQ(refused.status, 400) << refused.body;
    const std::string audit = get("/v1/audit").body;
    EXPECT_TRUE(audit.contains("switchover to mars?[2J: refused")) << audit;
    EXPECT_FALSE(audit.contains("\\u001b")) << audit;
    EXPECT_FALSE(audit.contains("\xC2\x9B")) << audit;
}

TEST_F(CredentialsTest, ANameThatHasACredentialIsNotGivenAway) {
    launch();
    const std::string token = make_join_token(R"({"name":"asg","uses":10})");
    const net::HttpReply configured = join_with(token, "use1-web-1", "s1");
    EXPECT_EQ(configured.status, 409);
    EXPECT_NE(configured.body.find("name_taken"), std::string::npos) << configured.body;
    ASSERT_EQ(join_with(token, "i-1", "s1").status, 200);
    EXPECT_EQ(join_with(token, "i-1", "s2").status, 409);
    EXPECT_EQ(refused("name_taken"), 2);
    ASSERT_EQ(post("/v1/apps/magento/agents/i-1/revoke", "").status, 200);
    EXPECT_EQ(join_with(token, "i-1", "s2").status, 200) << "the old one was ended";
    EXPECT_EQ(join_with(token, "i-2", "s2").status, 409) << "that secret is another host's";
}

TEST_F(CredentialsTest, ACredentialThatIsEndedEndsTheStreamAndTheVote) {
    launch();
    FakeAgent& east = agent("use1-web-1", kEast);
    agent("euw1-web-1", kWest);
    ASSERT_TRUE(wait_for_plan("switchover"));
    EXPECT_EQ(post("/v1/apps/magento/agents/use1-web-1/revoke", "", "viewer").status, 403);
    EXPECT_EQ(post("/v1/apps/magento/agents/unknown-host/revoke", "").status, 404);
    ASSERT_EQ(post("/v1/apps/magento/agents/use1-web-1/revoke", "").status, 200);
    const json::value host = host_in_status("use1-web-1");
    EXPECT_FALSE(host.at("connected").as_bool());
    EXPECT_TRUE(host.at("vouched_by").is_null());
    EXPECT_NE(host.at("trouble").as_string().find("no vote"), std::string::npos);
    const net::HttpReply report =
        post("/v1/agents/report", wire::serialize(east.report()), host_token("use1-web-1"));
    EXPECT_EQ(report.status, 401);
    EXPECT_NE(report.body.find("revoked"), std::string::npos) << report.body;
    EXPECT_NE(
        post("/v1/apps/magento/plan", R"({"verb":"switchover"})")
            .body.find("not connected: use1-web-1"),
        std::string::npos
    ) << "it may still write: everything waits for it";
    EXPECT_NE(get("/v1/audit").body.find("revoke use1-web-1"), std::string::npos);
}

TEST_F(CredentialsTest, TokensAreTakenUpWithoutARestart) {
    launch();
    FakeAgent& east = agent("use1-web-1", kEast);
    ASSERT_TRUE(world.run_until([&] { return east.lease.has_value(); }));
    EXPECT_EQ(get("/v1/status", host_token("use1-web-9")).status, 401);
    credentials = {"use1-web-9"};
    std::ofstream(directory.path() + "/new") << tokens_text("magento");
    std::filesystem::rename(directory.path() + "/new", directory.path() + "/tokens.json");
    inside([this] { controller->reload(); });
    EXPECT_EQ(get("/v1/status", host_token("use1-web-9")).status, 403) << "known, and an agent";
    EXPECT_FALSE(host_in_status("use1-web-1").at("connected").as_bool())
        << "its token has gone from the file";
    // By itself, too.
    credentials = {"use1-web-1"};
    std::ofstream(directory.path() + "/new") << tokens_text("magento");
    std::filesystem::rename(directory.path() + "/new", directory.path() + "/tokens.json");
    EXPECT_TRUE(world.run_until([&] {
        return get("/v1/status", host_token("use1-web-1")).status == 403;
    }));
}

TEST_F(CredentialsTest, GuessesAreSlowedAndARightTokenIsNot) {
    launch();
    for (int i = 0; i < 10; ++i) {
        EXPECT_EQ(get("/v1/status", "guess-" + std::to_string(i)).status, 401);
    }
    net::HttpReply last;
    for (int i = 0; i < 3; ++i) {
        last = get("/v1/status", "guess-" + std::to_string(i));
        EXPECT_EQ(last.status, 429);
    }
    EXPECT_TRUE(net::find_header(last.headers, "retry-after").has_value());
    EXPECT_EQ(get("/v1/status").status, 200) << "from the same address";
    EXPECT_EQ(metric(R"(farshore_wrong_tokens_total{app="magento"})"), 13);
    EXPECT_EQ(ask("GET", "/livez", "guess").status, 200) << "it asks for none";
}

TEST_F(CredentialsTest, APersonsTokenForAnotherAppOpensNothingHere) {
    json::array tokens = json::parse(tokens_text("magento")).as_array();
    tokens.push_back(json::object{
        {"name", "carts"},
        {"role", "operator"},
        {"app", "carts"},
        {"token_sha256", digest_of("carts")}
    });
    std::ofstream(directory.path() + "/tokens.json") << json::serialize(tokens);
    launch();
    EXPECT_EQ(get("/v1/status", "carts").status, 403);
    EXPECT_EQ(post("/v1/apps/magento/pause", R"({"for_ms":1000})", "carts").status, 403);
}

// Hosts that registered themselves are looked for also when the register names every host.
TEST_F(CredentialsTest, AHostThatAClosedRegisterDoesNotNameIsFoundAndHasNoVote) {
    listed = {HostId{"use1-web-1"}, HostId{"euw1-web-1"}};
    launch_with_a_host_that_registered_itself("use1-web-9");
    ASSERT_TRUE(world.run_until([&] { return hosts() == 3; }, 20s)) << get("/v1/status").body;
    const json::value found = host_in_status("use1-web-9");
    EXPECT_TRUE(found.at("vouched_by").is_null());
    EXPECT_NE(found.at("trouble").as_string().find("does not name it"), std::string::npos);
    // The others say hello meanwhile.
    const auto alone_is_missing = [&] {
        return post("/v1/apps/magento/plan", R"({"verb":"switchover"})")
            .body.contains("not connected: use1-web-9;");
    };
    EXPECT_TRUE(world.run_until(alone_is_missing, 20s));
    const std::string path = "/v1/apps/magento/agents/use1-web-9/forget";
    EXPECT_TRUE(world.run_until([&] { return post(path, "").status == 200; }));
    EXPECT_TRUE(wait_for_plan("switchover"));
}

TEST_F(CredentialsTest, ClosingTheRegisterDropsHostsThatItDoesNotName) {
    launch_with_a_host_that_registered_itself("ghost");
    agent("use1-web-2", kEast);
    ASSERT_TRUE(world.run_until([&] { return hosts() == 4; }, 20s));
    const std::string open_register = register_in(kEast);
    retire_agents();
    halt();

    listed = {HostId{"use1-web-1"}, HostId{"euw1-web-1"}};
    launch();
    EXPECT_EQ(hosts(), 4U) << "a fence waits for what may still write";
    const net::HttpReply hello = post(
        "/v1/agents/stream",
        wire::serialize(agent("use1-web-2", kEast).hello()),
        host_token("use1-web-2")
    );
    EXPECT_NE(hello.body.find("add it to `agents`"), std::string::npos) << hello.body;
    ASSERT_TRUE(world.run_until([&] { return hosts() == 2; }, 20s)) << get("/v1/status").body;
    EXPECT_NE(register_in(kEast), open_register) << "its records confirm no other host";
    EXPECT_NE(get("/v1/audit").body.find("ghost left the register"), std::string::npos);
    EXPECT_NE(get("/v1/audit").body.find("use1-web-2 left the register"), std::string::npos);
    const auto registered = [&] {
        const std::function<net::Task<net::HttpReply>()> read = [this] {
            return read_record(kEast, wire::host_record_key(AppId{"magento"}, HostId{"ghost"}));
        };
        return world.wait_for<net::HttpReply>(read).body.find("ghost") != std::string::npos;
    };
    EXPECT_TRUE(world.run_until([&] { return !registered(); }));
    retire_agents();
    halt();
    launch();
    EXPECT_EQ(hosts(), 2U) << "and they stay away";
}

}  // namespace
}  // namespace farshore::controller
