#include "agent/agent_world.h"

// What load balancers and health checkers are told.
namespace farshore::agent::testing {
namespace {

TEST(AgentHealth, AnswersForLoadBalancersAndForRoute53) {
    AgentWorld world;
    world.start_agent();
    EXPECT_EQ(world.get_health("/livez").status, 200);
    EXPECT_EQ(world.get_health("/healthz").status, 503) << "no route yet";
    world.open_under(1, kA);
    ASSERT_TRUE(world.run_until([&] { return world.get_health("/healthz").status == 200; }))
        << world.get_health("/healthz").body;
    const boost::json::value body = boost::json::parse(world.get_health("/healthz").body);
    EXPECT_EQ(body.at("epoch").as_int64(), 1);
    EXPECT_EQ(body.at("fresh").at("ok").as_bool(), true);
    EXPECT_EQ(world.get_health("/healthz/home").status, 200);
    EXPECT_EQ(world.get_health("/healthz/deep").status, 200)
        << world.get_health("/healthz/deep").body;
    EXPECT_EQ(world.get_health("/route53/magento/us-east-1").status, 503);
    EXPECT_EQ(world.get_health("/route53/magento/eu-west-1").status, 200) << "users are elsewhere";
    EXPECT_EQ(world.get_health("/route53/other/us-east-1").status, 404);
    const std::string metrics = world.get_health("/metrics").body;
    EXPECT_NE(metrics.find("farshore_epoch{app=\"magento\"} 1"), std::string::npos)
        << metrics.substr(0, 500);
    EXPECT_NE(metrics.find("\nfarshore_client_keys_required 0\n"), std::string::npos);
    const boost::json::value state = boost::json::parse(world.get_health("/v1/state").body);
    EXPECT_EQ(state.at("client_keys").as_string(), "off");
    EXPECT_EQ(world.controller.reports.back().client_keys_required, false);
    EXPECT_EQ(state.at("apps").at("magento").at("write_state").as_string(), "open");
    for (const auto& [name, region] : state.at("apps").at("magento").at("regions").as_object()) {
        const bool failed = !region.at("last_error").as_string().empty();
        EXPECT_EQ(region.at("last_error_age_ms").is_int64(), failed) << name;
    }
}

TEST(AgentHealth, NoAnswerFromBeforeTheRouteIsGivenBehindIt) {
    AgentWorld world;
    world.start_agent();
    EXPECT_EQ(world.get_health("/healthz").status, 503);
    EXPECT_EQ(world.get_health("/healthz/deep").status, 503);
    world.open_under(1, kA);
    EXPECT_EQ(world.get_health("/healthz").status, 200);
    const auto deep = world.get_health("/healthz/deep");
    EXPECT_EQ(deep.status, 200) << deep.body;
    EXPECT_EQ(boost::json::parse(deep.body).at("write_state").as_string(), "open");
}

TEST(AgentHealth, IsOpenToAnyCheckerAndTheRestToThisHostsNames) {
    AgentWorld world;
    world.config.listen_names = {"web-1.internal"};
    world.start_agent();
    world.open_under(1, kA);
    ASSERT_TRUE(world.run_until([&] { return world.get_health("/healthz").status == 200; }));
    const auto ask = [&](const std::string& method, const std::string& path, const std::string& host
                     ) {
        const std::string port = std::to_string(world.agent->health_port());
        net::HttpCall call{.method = method, .url = "http://127.0.0.1:" + port + path};
        if (!host.empty()) {
            call.headers.push_back({"Host", host});
        }
        return world.fetch(std::move(call)).status;
    };
    for (const std::string path : {"/livez", "/healthz", "/healthz/home", "/healthz/deep"}) {
        for (const std::string method : {"GET", "HEAD", "OPTIONS"}) {
            EXPECT_EQ(ask(method, path, "balancer.example"), 200) << method << " " << path;
        }
        EXPECT_EQ(ask("POST", path, ""), 405) << path;
    }
    EXPECT_EQ(ask("OPTIONS", "/route53/magento/us-east-1", "x"), 503);
    EXPECT_EQ(ask("OPTIONS", "/route53/magento/eu-west-1", "x"), 200);
    for (const std::string path : {"/metrics", "/v1/state"}) {
        EXPECT_EQ(ask("GET", path, "evil.example"), 403) << path;
        EXPECT_EQ(ask("OPTIONS", path, ""), 405) << path;
        for (const std::string& own :
             {std::string{}, std::string{"web-1.internal"}, world.config.host.value()}) {
            EXPECT_EQ(ask("GET", path, own), 200) << path << " by " << own;
        }
    }
}

TEST(AgentHealth, AFloodOfChecksCostsOneRead) {
    AgentWorld world;
    world.start_agent();
    world.open_under(1, kA);
    const auto checks = [&] {
        return world.agent->app(0).health().checks(HealthDepth::serving);
    };
    world.clock->stop();
    world.clock->pass(1s);  // what was read before is too old
    const std::uint64_t before = checks();
    for (int i = 0; i < 40; ++i) {
        (void)world.get_health("/healthz");
    }
    EXPECT_EQ(checks() - before, 1U);
    world.clock->pass(1s);
    (void)world.get_health("/healthz");
    EXPECT_EQ(checks() - before, 2U);
}

TEST(AgentHealth, ASilentRegionIsAnsweredAllTheSame) {
    AgentWorld world;
    world.config.apps[0].upstream_timeout = 1h;  // applications' requests wait for it
    world.start_agent();
    world.open_under(1, kA);
    world.a.mode = RegionDouble::Mode::silent;
    EXPECT_TRUE(world.run_until([&] { return world.get_health("/healthz").status == 503; }));
    world.a.mode = RegionDouble::Mode::serving;
}

// A repointed host looks healthy through the other Region; the Region it stands in is another fact.
TEST(AgentHealth, HomeAndServingAreToldApartAfterARepoint) {
    AgentWorld world;
    world.start_agent();
    world.open_under(1, kA);
    world.controller.grants = Epoch{2};
    const auto route = world.controller.send(Epoch{2}, wire::RouteOrder{.active = kB, .users = kA});
    ASSERT_TRUE(world.run_until([&] { return world.controller.ack_of(route) != nullptr; }));
    world.a.mode = RegionDouble::Mode::cutting;
    ASSERT_TRUE(world.run_until([&] { return world.get_health("/healthz/home").status == 503; }));
    ASSERT_TRUE(world.run_until([&] { return world.get_health("/healthz").status == 200; }))
        << world.get_health("/healthz").body;
    const boost::json::value serving = boost::json::parse(world.get_health("/healthz").body);
    EXPECT_EQ(serving.at("active").as_string(), "eu-west-1");
    EXPECT_EQ(serving.at("home").as_string(), "us-east-1");
    world.a.mode = RegionDouble::Mode::serving;
    world.b.mode = RegionDouble::Mode::cutting;
    ASSERT_TRUE(world.run_until([&] { return world.get_health("/healthz").status == 503; }));
    EXPECT_TRUE(world.run_until([&] { return world.get_health("/healthz/home").status == 200; }));
}

TEST(AgentHealth, AllAppsAreAskedAtOnce) {
    AgentWorld world;
    world.config.apps[0].health_table = "health";
    for (const char* name : {"second", "third"}) {
        config::AgentApp app = world.config.apps[0];
        app.app = AppId{name};
        world.config.apps.push_back(app);
    }
    world.a.slow_table = "health";
    world.start_agent();
    // Two for each app, on a new connection and on a warm one. On a slow machine one may be over
    // before the last begins: then the next check shows it.
    EXPECT_TRUE(world.run_until([&] {
        (void)world.get_health("/healthz/home");
        return world.a.reads_at_once >= 6;
    }));
    EXPECT_EQ(world.a.reads_at_once, 6U);
}

TEST(AgentHealth, Route53HearsOnlyWhatIsOnDisk) {
    AgentWorld world;
    world.start_agent();
    world.open_under(1, kA);
    // Nothing can be stored from now on.
    std::filesystem::remove_all(world.config.state_directory);
    (void)world.controller.send(Epoch{1}, wire::RouteOrder{.active = kA, .users = kB});
    ASSERT_TRUE(world.run_until([&] { return world.gate().machine().route()->users == kB; }));
    EXPECT_EQ(world.get_health("/route53/magento/us-east-1").status, 503)
        << "a restart would say something else";
    std::filesystem::create_directories(world.config.state_directory);
    EXPECT_TRUE(world.run_until([&] {
        return world.get_health("/route53/magento/us-east-1").status == 200;
    }));
}

}  // namespace
}  // namespace farshore::agent::testing
