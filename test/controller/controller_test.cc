#include "controller/controller.h"

#include <fstream>
#include <memory>
#include <sstream>
#include <string>
#include <unistd.h>
#include <vector>

#include <boost/asio/post.hpp>
#include <gtest/gtest.h>

#include "controller/fake_agent.h"
#include "controller/schema_check.h"
#include "lab/dynamo/world.h"
#include "lab/faults/fault_board.h"

namespace farshore::controller {
namespace {

using testing::FakeAgent;
using namespace std::chrono_literals;
namespace json = boost::json;

const RegionId kEast{"us-east-1"};
const RegionId kWest{"eu-west-1"};
const RegionId kWitness{"us-east-2"};
const TableName kTable{"MyMagentoSessionsTable"};

boost::json::object schema_of(const std::string& name) {
    std::ifstream file(std::string{FARSHORE_SOURCE_DIR} + "/schema/" + name);
    std::ostringstream text;
    text << file.rdbuf();
    return json::parse(text.str()).as_object();
}

// A controller over the lab's DynamoDB, with agents that are fakes of their protocol.
class ControllerTest : public ::testing::Test {
  protected:
    ControllerTest() {
        lab::World addresses;
        addresses.second_octet = 110 + static_cast<int>(getpid() % 90);
        addresses.regions = {kEast, kWest, kWitness};
        addresses.witness = kWitness;
        board = std::make_unique<lab::FaultBoard>(addresses, clock);
        lab::DynamoWorld::Options options;
        auto made = lab::DynamoWorld::create(world.io, options, *board, clock);
        EXPECT_TRUE(made.has_value()) << made.error().text;
        dynamo = std::move(*made);
        EXPECT_TRUE(dynamo->make_table(kTable, "id", {kEast, kWest}).has_value());
        EXPECT_TRUE(
            dynamo->make_table(TableName{"farshore_heartbeat"}, "id", {kEast, kWest}).has_value()
        );
        for (const RegionId& region : {kEast, kWest, kWitness}) {
            EXPECT_TRUE(
                dynamo->make_table(TableName{"farshore_epochs"}, "app", {region}).has_value()
            );
        }
        std::ofstream(directory.path() + "/credentials")
            << "[default]\naws_access_key_id = AKIDEXAMPLE\naws_secret_access_key = secret\n";
        // The tokens' words are their names.
        std::ofstream(directory.path() + "/tokens.json") << R"([
          {"name":"agent","role":"agent","app":"magento","token_sha256":"d4f0bc5a29de06b510f9aa428f1eedba926012b591fef7a518e776a7c9bd1824"},
          {"name":"viewer","role":"viewer","token_sha256":"d35ca5051b82ffc326a3b0b6574a9a3161dee16b9478a199ee39cd803ce5b799"},
          {"name":"operator","role":"operator","token_sha256":"06e55b633481f7bb072957eabcf110c972e86691c3cfedabe088024bffe42f23"}
        ])";
        http = net::HttpClient::create(world.io, {});
    }

    ~ControllerTest() override {
        retire_agents();
        halt();
        bool ended = false;
        world.tasks.spawn("stop dynamo", [this, &ended] { return stop_dynamo(&ended); });
        world.run_until([&] { return ended; });
        inside([this] { world.tasks.stop(); });
        world.run_until([this] { return world.tasks.idle(); });
    }

    net::Task<> stop_dynamo(bool* ended) {
        co_await dynamo->stop(50ms);
        *ended = true;
    }

    config::Config config() const {
        config::Config made;
        made.app = AppId{"magento"};
        made.regions = {
            {.id = kEast, .preferred = true, .health = ""},
            {.id = kWest, .preferred = false, .health = ""}
        };
        made.witness = kWitness;
        made.store_path = directory.path() + "/farshore.db";
        made.tables = {{.name = kTable}};
        made.detect.probe_every = 100ms;
        made.detect.probe_timeout = 300ms;
        made.detect.unhealthy_for = 400ms;
        made.detect.healthy_for = 300ms;
        made.detect.fresh_for = 1s;
        made.decide.mode = config::Mode::automatic;
        made.decide.require_drill_within = std::nullopt;
        made.decide.cooldown = 1s;
        made.fence.lease = lease;
        for (const RegionId& region : {kEast, kWest, kWitness}) {
            made.aws.dynamodb[region] = dynamo->url(region);
        }
        made.aws.credentials_file = directory.path() + "/credentials";
        made.aws.source_address = board->world().controller_address(1);
        made.controller.id = ObserverId{"us-east-2"};
        made.controller.region = kWitness;
        made.controller.listen = {.address = "127.0.0.1", .port = 0};
        made.controller.tokens_file = directory.path() + "/tokens.json";
        made.hash = "c0ffee";
        return made;
    }

    void launch() {
        auto created = Controller::create(world.io, config());
        ASSERT_TRUE(created.has_value()) << created.error().text;
        controller = std::move(*created);
        controller->start();
        ASSERT_TRUE(world.run_until([this] { return get("/livez").body == "ok\n"; }));
    }

    void halt() {
        if (controller) {
            inside([this] { controller->stop(); });
            EXPECT_TRUE(world.run_until([this] { return controller->stopped(); }));
            controller.reset();
        }
    }

    net::Task<net::HttpReply> call(
        std::string method, std::string path, std::string token, std::string body
    ) {
        net::HttpCall request;
        request.method = std::move(method);
        request.url = url() + path;
        request.headers = {{.name = "Authorization", .value = "Bearer " + token}};
        request.body = std::move(body);
        const Result<net::HttpReply> reply = co_await http->fetch(request);
        EXPECT_TRUE(reply.has_value()) << reply.error().text;
        co_return reply.value_or(net::HttpReply{});
    }

    net::HttpReply ask(
        std::string method, std::string path, std::string token, std::string body = {}
    ) {
        const std::function<net::Task<net::HttpReply>()> start = [=, this] {
            return call(method, path, token, body);
        };
        return world.wait_for<net::HttpReply>(start);
    }

    net::HttpReply get(const std::string& path, const std::string& token = "viewer") {
        return ask("GET", path, token);
    }

    net::HttpReply post(
        const std::string& path, const std::string& body, const std::string& token = "operator"
    ) {
        return ask("POST", path, token, body);
    }

    json::object document(const std::string& path) {
        const net::HttpReply reply = get(path);
        EXPECT_EQ(reply.status, 200) << path << ": " << reply.body;
        return json::parse(reply.body).as_object();
    }

    std::string url() const { return "http://127.0.0.1:" + std::to_string(controller->port()); }

    FakeAgent& agent(const std::string& host, const RegionId& region) {
        FakeAgent::Options options;
        options.url = url();
        options.token = "agent";
        options.host = HostId{host};
        options.region = region;
        agents.push_back(std::make_unique<FakeAgent>(world, *http, options));
        FakeAgent& made = *agents.back();
        see(made, kEast, true);
        see(made, kWest, true);
        made.start();
        return made;
    }

    // Their tasks may still be at work, so they are kept until the end.
    void retire_agents() {
        for (auto& each : agents) {
            each->die();
            retired.push_back(std::move(each));
        }
        agents.clear();
    }

    // What the agent's evidence says from now on.
    static void see(FakeAgent& agent, const RegionId& region, bool well) {
        std::erase_if(agent.evidence, [&](const wire::EvidenceCounts& counts) {
            return counts.region == region;
        });
        for (const wire::EvidencePath path :
             {wire::EvidencePath::fresh, wire::EvidencePath::passive}) {
            agent.evidence.push_back(
                {.region = region,
                 .component = wire::EvidenceComponent::dynamodb,
                 .path = path,
                 .ok = well ? 1U : 0U,
                 .failed = well ? 0U : 3U,
                 .stalled = {},
                 .latency = {},
                 .last_error = well ? "" : "refused"}
            );
        }
        agent.evidence.push_back(
            {.region = region,
             .component = wire::EvidenceComponent::stack,
             .path = wire::EvidencePath::fresh,
             .ok = 1,
             .failed = 0,
             .stalled = {},
             .latency = {},
             .last_error = ""}
        );
    }

    // What cancels tasks belongs on the io_context's own thread of control.
    template <class Act>
    void inside(Act act) {
        bool acted = false;
        boost::asio::post(world.io, [&] {
            act();
            acted = true;
        });
        world.run_until([&] { return acted; });
    }

    bool wait_for_plan(const std::string& verb) {
        return world.run_until([&] {
            const net::HttpReply reply =
                post("/v1/apps/magento/plan", R"({"verb":")" + verb + R"("})");
            return reply.status == 200 &&
                   json::parse(reply.body).as_object().at("allowed").as_bool();
        });
    }

    json::object wait_for_end(const std::string& id) {
        json::object operation;
        EXPECT_TRUE(world.run_until(
            [&] {
                operation = document("/v1/operations/" + id);
                return operation.at("outcome") != "running";
            },
            20s
        )) << json::serialize(operation);
        return operation;
    }

    // As an agent reads it: the lease that the Region's epoch record names; 0 while there is none.
    std::int64_t lease_in_record(const RegionId& region) {
        const std::function<net::Task<net::HttpReply>()> start = [=, this] {
            return read_record(region);
        };
        const json::value item = json::parse(world.wait_for<net::HttpReply>(start).body);
        const json::value* value = item.as_object().if_contains("Item");
        return value == nullptr
                   ? 0
                   : std::stoll(std::string{value->at("lease_ms").at("N").as_string()});
    }

    net::Task<net::HttpReply> read_record(RegionId region) {
        net::HttpCall request;
        request.method = "POST";
        request.url = dynamo->url(region);
        request.headers = {
            {.name = "X-Amz-Target", .value = "DynamoDB_20120810.GetItem"},
            {.name = "Content-Type", .value = "application/x-amz-json-1.0"},
            {.name = "Authorization",
             .value = "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20300101/" + region.value() +
                      "/dynamodb/aws4_request, SignedHeaders=host, Signature=00"}
        };
        request.body =
            R"({"TableName":"farshore_epochs","Key":{"app":{"S":"magento"}},"ConsistentRead":true})";
        const Result<net::HttpReply> reply = co_await http->fetch(request);
        EXPECT_TRUE(reply && reply->status == 200) << (reply ? reply->body : reply.error().text);
        co_return reply.value_or(net::HttpReply{});
    }

    Duration lease = 1s;
    net::testing::World world;
    net::testing::TempDirectory directory;
    system::SystemClock clock;
    std::unique_ptr<lab::FaultBoard> board;
    std::unique_ptr<lab::DynamoWorld> dynamo;
    std::unique_ptr<net::HttpClient> http;
    std::unique_ptr<Controller> controller;
    std::vector<std::unique_ptr<FakeAgent>> agents;
    std::vector<std::unique_ptr<FakeAgent>> retired;
};

TEST_F(ControllerTest, AFirstStartTakesEpochOneInThePreferredRegionAndRemembersIt) {
    launch();
    json::object status = document("/v1/status");
    EXPECT_EQ(status.at("epoch"), 1);
    EXPECT_EQ(status.at("active"), "us-east-1");
    EXPECT_EQ(testing::misfit(status, schema_of("status.schema.json")), "");
    halt();
    launch();
    EXPECT_EQ(document("/v1/status").at("epoch"), 1);
    EXPECT_EQ(get("/v1/status?app=carts").status, 404);
    EXPECT_EQ(
        get("/metrics").body.find("farshore_epoch{app=\"magento\"} 1") == std::string::npos, false
    );
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
    EXPECT_EQ(get("/v1/status", "agent").status, 403);
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
    const net::HttpReply refused =
        post("/v1/apps/magento/failover", R"({"to":"eu-west-1","confirm":"magento"})");
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

TEST_F(ControllerTest, APlanForNothingHasNoSteps) {
    launch();
    const auto plan = [this](const std::string& body) {
        const net::HttpReply reply = post("/v1/apps/magento/plan", body);
        EXPECT_EQ(reply.status, 200) << reply.body;
        return json::parse(reply.body).as_object();
    };
    const json::object here = plan(R"({"verb":"switchover","to":"us-east-1"})");
    EXPECT_EQ(here.at("text"), "nothing to do: us-east-1 is active already");
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

TEST_F(ControllerTest, AnOldOperationTellsWhereItLeftUsers) {
    launch();
    agent("use1-web-1", kEast);
    agent("euw1-web-1", kWest);
    ASSERT_TRUE(wait_for_plan("switchover"));
    const auto moved = [this](const std::string& verb) {
        const net::HttpReply started = post("/v1/apps/magento/" + verb, "");
        EXPECT_EQ(started.status, 202) << started.body;
        const std::string id{json::parse(started.body).as_object().at("id").as_string()};
        EXPECT_EQ(wait_for_end(id).at("outcome"), "done");
        return id;
    };
    const std::string there = moved("switchover");
    ASSERT_TRUE(wait_for_plan("failback"));
    const std::string back = moved("failback");
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
    EXPECT_EQ(testing::misfit(operation, schema_of("operation.schema.json")), "");
    EXPECT_EQ(east.active(), kWest);
    EXPECT_EQ(west.active(), kWest);
    EXPECT_EQ(west.epoch(), Epoch{2});
    EXPECT_EQ(document("/v1/status").at("active"), "eu-west-1");
    EXPECT_EQ(testing::misfit(document("/v1/status"), schema_of("status.schema.json")), "");
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
        R"({"to":"eu-west-1","confirm":"magento","accept_loss_ms":60000})"
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
        R"({"to":"eu-west-1","confirm":"magento","accept_loss_ms":60000})"
    );
    ASSERT_EQ(started.status, 202) << started.body;
    const std::string id{json::parse(started.body).as_object().at("id").as_string()};
    const json::object operation = wait_for_end(id);
    EXPECT_EQ(operation.at("outcome"), "done") << json::serialize(operation);
    EXPECT_GE(clock.now() - read_at_the_earliest, 4s);
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

}  // namespace
}  // namespace farshore::controller
