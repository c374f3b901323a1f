#pragma once

#include <fstream>
#include <memory>
#include <set>
#include <sstream>
#include <string>
#include <unistd.h>
#include <vector>

#include <boost/asio/post.hpp>
#include <gtest/gtest.h>

#include "controller/controller.h"
#include "controller/fake_agent.h"
#include "controller/schema_check.h"
#include "lab/dynamo/world.h"
#include "lab/faults/fault_board.h"
#include "wire/host_record.h"

namespace farshore::controller::testing {

using namespace std::chrono_literals;
namespace json = boost::json;

inline const RegionId kEast{"us-east-1"};
inline const RegionId kWest{"eu-west-1"};
inline const RegionId kWitness{"us-east-2"};
inline const TableName kTable{"MyMagentoSessionsTable"};

inline boost::json::object schema_of(const std::string& name) {
    std::ifstream file(std::string{FARSHORE_SOURCE_DIR} + "/schema/" + name);
    std::ostringstream text;
    text << file.rdbuf();
    return json::parse(text.str()).as_object();
}

// A controller over the lab's DynamoDB, with agents that are fakes of their protocol, and one small
// server that stands for both Regions' stacks. The record is that server's address itself, so it
// leads wherever it is asked to at once.
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
        std::ofstream(directory.path() + "/tokens.json") << tokens_text("magento");
        http = net::HttpClient::create(world.io, {});
        stack = world.serve([this](net::HttpRequest request) { return serve(std::move(request)); });
    }

    // The tokens of people are their roles, those of hosts as host_token() says.
    std::string tokens_text(const std::string& app) const {
        json::array tokens;
        for (const char* role : {"viewer", "operator"}) {
            tokens.push_back(
                json::object{{"name", role}, {"role", role}, {"token_sha256", digest_of(role)}}
            );
        }
        for (const std::string& host : credentials) {
            tokens.push_back(json::object{
                {"name", host},
                {"role", "agent"},
                {"app", app},
                {"host", host},
                {"token_sha256", digest_of(host_token(host))}
            });
        }
        return json::serialize(tokens);
    }

    static std::string host_token(const std::string& host) { return "token-of-" + host; }

    net::Task<net::HttpResponse> serve(net::HttpRequest request) {
        const bool east = request.path().starts_with("/" + kEast.value());
        const bool down = stacks_down.contains(east ? kEast : kWest);
        co_return net::HttpResponse::text(down ? 503 : 200, "");
    }

    ~ControllerTest() override {
        retire_agents();
        halt();
        world.stop(*stack);
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

    std::string health_url(const RegionId& region) const {
        return "http://127.0.0.1:" + std::to_string(stack->port()) + "/" + region.value();
    }

    config::Config config() const {
        config::Config made;
        made.app = AppId{"magento"};
        made.regions = {
            {.id = kEast, .preferred = true, .health = health_url(kEast)},
            {.id = kWest, .preferred = false, .health = health_url(kWest)}
        };
        made.traffic = config::Route53{.zone = "Z1", .record = "127.0.0.1", .ttl = 5s};
        made.agents = listed;
        made.join = join;
        made.aws.sts = sts;
        made.witness = kWitness;
        made.store_path = directory.path() + "/farshore.db";
        for (const TableName& table : tables) {
            made.tables.push_back({.name = table});
        }
        made.detect.probe_every = 100ms;
        made.detect.probe_timeout = 300ms;
        made.detect.unhealthy_for = 400ms;
        made.detect.healthy_for = 300ms;
        made.detect.fresh_for = 1s;
        made.decide.mode = config::Mode::automatic;
        made.decide.require_drill_within = std::nullopt;
        made.decide.cooldown = 1s;
        made.fence.lease = lease;
        made.switchover.hold_max = hold_max;
        made.losses = losses;
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
        options.token = host_token(host);
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
        return number_in_record(region, "magento", "lease_ms");
    }

    std::int64_t number_in_record(
        const RegionId& region, const std::string& app, const std::string& name
    ) {
        const std::function<net::Task<net::HttpReply>()> start = [=, this] {
            return read_record(region, app);
        };
        const json::value item = json::parse(world.wait_for<net::HttpReply>(start).body);
        const json::value* value = item.as_object().if_contains("Item");
        return value == nullptr ? 0 : std::stoll(std::string{value->at(name).at("N").as_string()});
    }

    // The register whose hosts the Region's epoch record confirms.
    std::string register_in(const RegionId& region) {
        const std::function<net::Task<net::HttpReply>()> start = [=, this] {
            return read_record(region, "magento");
        };
        const json::value item = json::parse(world.wait_for<net::HttpReply>(start).body);
        return std::string{item.at("Item").at("register").at("S").as_string()};
    }

    net::Task<net::HttpReply> read_record(RegionId region, std::string app) {
        const std::string body = R"({"TableName":"farshore_epochs","Key":{"app":{"S":")" + app +
                                 R"("}},"ConsistentRead":true})";
        net::HttpReply reply = co_await dynamodb(region, "GetItem", body);
        co_return reply;
    }

    // A call to the lab's DynamoDB, past every adapter.
    net::Task<net::HttpReply> dynamodb(RegionId region, std::string name, std::string body) {
        net::HttpCall request;
        request.method = "POST";
        request.url = dynamo->url(region);
        request.headers = {
            {.name = "X-Amz-Target", .value = "DynamoDB_20120810." + name},
            {.name = "Content-Type", .value = "application/x-amz-json-1.0"},
            {.name = "Authorization",
             .value = "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20300101/" + region.value() +
                      "/dynamodb/aws4_request, SignedHeaders=host, Signature=00"}
        };
        request.body = std::move(body);
        const Result<net::HttpReply> reply = co_await http->fetch(request);
        EXPECT_TRUE(reply && reply->status == 200) << (reply ? reply->body : reply.error().text);
        co_return reply.value_or(net::HttpReply{});
    }

    // As an agent does that has no controller to say hello to.
    void register_host(
        const RegionId& in,
        const std::string& host,
        const RegionId& home,
        const std::string& register_id = {}
    ) {
        const std::string body = R"({"TableName":"farshore_epochs","Item":{"app":{"S":")" +
                                 wire::host_record_key(AppId{"magento"}, HostId{host}) +
                                 R"("},"host":{"S":")" + host + R"("},"region":{"S":")" +
                                 home.value() + R"("},"register":{"S":")" + register_id + R"("}}})";
        const std::function<net::Task<net::HttpReply>()> start = [=, this] {
            return dynamodb(in, "PutItem", body);
        };
        static_cast<void>(world.wait_for<net::HttpReply>(start));
    }

    // As a controller with another store would.
    void take_epoch(
        const RegionId& in,
        std::uint64_t epoch,
        const RegionId& active,
        const std::string& register_id = {}
    ) {
        const std::string body =
            R"({"TableName":"farshore_epochs","Item":{"app":{"S":"magento"},"epoch":{"N":")" +
            std::to_string(epoch) + R"("},"active":{"S":")" + active.value() +
            R"("},"register":{"S":")" + register_id + R"("}}})";
        const std::function<net::Task<net::HttpReply>()> start = [=, this] {
            return dynamodb(in, "PutItem", body);
        };
        static_cast<void>(world.wait_for<net::HttpReply>(start));
    }

    Duration lease = 1s;
    Duration hold_max = 1s;
    config::Losses losses;
    std::vector<TableName> tables{kTable};  // that the configuration names
    // Hosts that the tokens file names.
    std::vector<std::string> credentials{"use1-web-1", "euw1-web-1", "use1-web-2", "euw1-web-2"};
    config::Join join;
    std::map<RegionId, std::string> sts;
    std::vector<HostId> listed;      // the configured register
    std::set<RegionId> stacks_down;  // their health checks fail
    net::testing::World world;
    net::testing::TempDirectory directory;
    system::SystemClock clock;
    std::unique_ptr<lab::FaultBoard> board;
    std::unique_ptr<lab::DynamoWorld> dynamo;
    std::unique_ptr<net::HttpClient> http;
    std::unique_ptr<net::HttpServer> stack;
    std::unique_ptr<Controller> controller;
    std::vector<std::unique_ptr<FakeAgent>> agents;
    std::vector<std::unique_ptr<FakeAgent>> retired;
};

}  // namespace farshore::controller::testing
