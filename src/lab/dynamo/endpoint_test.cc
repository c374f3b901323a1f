#include "lab/dynamo/endpoint.h"

#include <zlib.h>

#include <boost/asio/ip/tcp.hpp>
#include <gtest/gtest.h>

#include "lab/dynamo/dynamo_test_world.h"
#include "lab/dynamo/world.h"

namespace farshore::lab::dynamo {
namespace {

using testing::kEast;
using testing::kWest;
using testing::TestWorld;

class EastEndpoint : public ::testing::Test {
  protected:
    EastEndpoint() {
        world.make_table("t");
        make({});
    }

    ~EastEndpoint() override {
        tasks.stop();
        world.run_until([this] { return tasks.idle(); });
    }

    void make(std::vector<sigv4::Credentials> credentials) {
        endpoint = made(kEast, credentials);
        western = made(kWest, credentials);
    }

    std::unique_ptr<Endpoint> made(
        const RegionId& region, std::vector<sigv4::Credentials> credentials
    ) {
        Endpoint::Options options{
            .address = world.board.world().dynamodb_address(region),
            .credentials = std::move(credentials),
            .of_region =
                [this](const RegionId& wanted) {
                    return wanted == kEast   ? endpoint.get()
                           : wanted == kWest ? western.get()
                                             : nullptr;
                }
        };
        auto opened = std::make_unique<Endpoint>(
            world.io,
            std::move(options),
            world.cluster,
            *world.cluster.find(region),
            world.board,
            world.clock
        );
        EXPECT_TRUE(opened->listen().has_value());
        return opened;
    }

    struct Call {
        std::optional<net::HttpResponse> response;
    };

    // Begins a request; its answer comes into the returned place.
    std::shared_ptr<Call> begin(
        std::string operation,
        std::string body,
        std::string peer = "127.0.0.1",
        std::uint16_t port = 40000
    ) {
        std::ranges::replace(body, '\'', '"');
        net::HttpRequest request{
            .method = "POST",
            .target = "/",
            .headers =
                {{.name = "X-Amz-Target", .value = "DynamoDB_20120810." + operation},
                 {.name = "Authorization",
                  .value = "AWS4-HMAC-SHA256 Credential=AKID/20261123/" + scope +
                           "/dynamodb/aws4_request, SignedHeaders=host;x-amz-date, Signature=00"}},
            .body = std::move(body),
            .peer_address = std::move(peer),
            .peer_port = port,
        };
        auto call = std::make_shared<Call>();
        tasks.spawn("call", [this, request, call] { return run(endpoint.get(), request, call); });
        return call;
    }

    net::HttpResponse answer(
        std::string operation,
        std::string body,
        std::string peer = "127.0.0.1",
        std::uint16_t port = 40000
    ) {
        const auto call = begin(std::move(operation), std::move(body), std::move(peer), port);
        EXPECT_TRUE(world.run_until([&] { return call->response.has_value(); }));
        return call->response.value_or(net::HttpResponse{});
    }

    std::string put(const std::string& id) {
        return "{'TableName':'t-t','Item':{'id':{'S':'" + id + "'}}}";
    }

    bool exists(const std::string& id) {
        return world.call(
                   kEast, "GetItem", "{'TableName':'t-t','Key':{'id':{'S':'" + id + "'}}}"
               ) != "{}";
    }

    static net::Task<> run(
        Endpoint* endpoint, net::HttpRequest request, std::shared_ptr<Call> call
    ) {
        net::HttpResponse response = co_await endpoint->respond(std::move(request));
        call->response = std::move(response);
    }

    TestWorld world;
    net::TaskGroup tasks{world.io};
    std::unique_ptr<Endpoint> endpoint;
    std::unique_ptr<Endpoint> western;
    std::string scope = "us-east-1";  // the Region that a request is signed for
};

TEST_F(EastEndpoint, AnswersWithChecksumAndRequestId) {
    const auto response = answer("PutItem", put("a"));
    EXPECT_EQ(response.status, 200);
    EXPECT_EQ(response.body, "{}");
    const auto crc = crc32(
        0,
        reinterpret_cast<const Bytef*>(response.body.data()),
        static_cast<uInt>(response.body.size())
    );
    EXPECT_EQ(net::find_header(response.headers, "x-amz-crc32"), std::to_string(crc));
    EXPECT_EQ(net::find_header(response.headers, "x-amzn-requestid")->size(), 52U);
    EXPECT_EQ(endpoint->requests().at("PutItem"), 1U);
}

TEST_F(EastEndpoint, WithoutCredentialsTheRegionOfTheSignatureServes) {
    const auto tables = [this](const std::string& region) {
        scope = region;
        return answer("ListTables", "{}").body;
    };
    EXPECT_EQ(tables("us-east-1"), R"({"TableNames":["t-t"]})");
    EXPECT_EQ(tables("eu-west-1"), R"({"TableNames":[]})");
    EXPECT_EQ(tables("localhost"), R"({"TableNames":["t-t"]})") << "no Region of this world";
    EXPECT_EQ(western->requests().at("ListTables"), 1U);
    EXPECT_EQ(endpoint->requests().at("ListTables"), 2U);
    world.fault("dynamodb eu-west-1 --mode errors=100%");
    scope = "eu-west-1";
    EXPECT_EQ(answer("ListTables", "{}").status, 500) << "with that Region's faults";
    scope = "us-east-1";
    EXPECT_EQ(answer("ListTables", "{}").status, 200);
}

TEST_F(EastEndpoint, WithCredentialsTheSignatureMustBeForThisRegion) {
    make({{.access_key_id = "AKID", .secret_access_key = "s"}});
    scope = "eu-west-1";
    EXPECT_EQ(answer("ListTables", "{}").status, 400);
    EXPECT_FALSE(western->requests().contains("ListTables"));
}

TEST_F(EastEndpoint, NamesWhatItDoesNotKnow) {
    const auto unknown = answer("MakeCoffee", "{}");
    EXPECT_EQ(unknown.status, 400);
    EXPECT_EQ(unknown.body, R"({"__type":"com.amazon.coral.service#UnknownOperationException"})");
    EXPECT_EQ(
        answer("PutItem", "{").body,
        R"({"__type":"com.amazon.coral.service#SerializationException"})"
    );
    EXPECT_EQ(
        answer("GetItem", "{'TableName':'nope','Key':{}}").body,
        R"({"__type":"com.amazonaws.dynamodb.v20120810#ResourceNotFoundException","message":"Requested resource not found"})"
    );
}

TEST_F(EastEndpoint, RefusesUnknownKeysWhenItKnowsSome) {
    make({{.access_key_id = "AKIDLAB", .secret_access_key = "secret"}});
    const auto response = answer("ListTables", "{}");
    EXPECT_EQ(response.status, 400);
    EXPECT_NE(response.body.find("com.amazon.coral.service#"), std::string::npos);
    EXPECT_FALSE(endpoint->requests().contains("ListTables"));
}

TEST_F(EastEndpoint, NeverExecutesWhatHung) {
    const FaultId fault = world.fault("dynamodb us-east-1 --mode timeout");
    const auto call = begin("PutItem", put("a"));
    world.exhaust();
    EXPECT_FALSE(call->response.has_value());
    ASSERT_TRUE(world.board.end(fault).has_value());
    ASSERT_TRUE(world.run_until([&] { return call->response.has_value(); }));
    EXPECT_TRUE(call->response->cut);
    EXPECT_FALSE(exists("a"));
    EXPECT_EQ(answer("PutItem", put("a")).status, 200);
    EXPECT_TRUE(exists("a"));
    EXPECT_EQ(world.board.past().back().touched, 1U);
}

TEST_F(EastEndpoint, ServesOldConnectionsForThreeSecondsWhenItsNameIsEmpty) {
    EXPECT_EQ(answer("PutItem", put("before"), "127.150.1.11", 1000).status, 200);
    world.clock.ahead += std::chrono::milliseconds{10};
    const FaultId fault = world.fault("dynamodb us-east-1 --mode empty-dns");
    world.clock.ahead += std::chrono::milliseconds{10};
    EXPECT_EQ(answer("PutItem", put("old"), "127.150.1.11", 1000).status, 200);
    const auto fresh = begin("PutItem", put("fresh"), "127.150.1.11", 1001);
    world.exhaust();
    EXPECT_FALSE(fresh->response.has_value()) << "a new connection hangs at once";
    world.clock.ahead += std::chrono::seconds{3};
    const auto late = begin("PutItem", put("late"), "127.150.1.11", 1000);
    world.exhaust();
    EXPECT_FALSE(late->response.has_value()) << "after three seconds all hang";
    ASSERT_TRUE(world.board.end(fault).has_value());
    ASSERT_TRUE(world.run_until([&] { return fresh->response && late->response; }));
    EXPECT_TRUE(fresh->response->cut);
    EXPECT_TRUE(late->response->cut);
    EXPECT_TRUE(exists("old"));
    EXPECT_FALSE(exists("fresh"));
    EXPECT_FALSE(exists("late"));
}

TEST_F(EastEndpoint, CutsRequestsInModeReset) {
    world.fault("dynamodb us-east-1 --mode reset");
    EXPECT_TRUE(answer("PutItem", put("a")).cut);
    EXPECT_FALSE(exists("a"));
}

TEST_F(EastEndpoint, FailsTheAskedShareBeforeExecuting) {
    world.fault("dynamodb us-east-1 --mode errors=50%");
    int failed = 0;
    for (int i = 0; i < 100; ++i) {
        const std::string id = "k" + std::to_string(i);
        const auto response = answer("PutItem", put(id));
        failed += response.status == 500 ? 1 : 0;
        EXPECT_EQ(response.status == 200, exists(id));
    }
    EXPECT_GT(failed, 25);
    EXPECT_LT(failed, 75);
}

TEST_F(EastEndpoint, Throttles) {
    world.fault("dynamodb us-east-1 --mode throttle");
    const auto response = answer("PutItem", put("a"));
    EXPECT_EQ(response.status, 400);
    EXPECT_NE(response.body.find("#ProvisionedThroughputExceededException"), std::string::npos);
    EXPECT_FALSE(exists("a"));
}

TEST_F(EastEndpoint, ReadsButDoesNotWriteInModeReadOnly) {
    world.put(kEast, "a", "1");
    world.fault("dynamodb us-east-1 --mode read-only");
    EXPECT_EQ(answer("PutItem", put("b")).status, 500);
    EXPECT_FALSE(exists("b"));
    EXPECT_EQ(answer("GetItem", "{'TableName':'t-t','Key':{'id':{'S':'a'}}}").status, 200);
}

TEST_F(EastEndpoint, AnswersLate) {
    const FaultId long_wait = world.fault("dynamodb us-east-1 --mode latency=1m");
    const auto late = begin("PutItem", put("late"));
    world.exhaust();
    EXPECT_EQ(world.touched(long_wait), 1U);
    EXPECT_FALSE(late->response.has_value());
    EXPECT_FALSE(exists("late"));
    ASSERT_TRUE(world.board.end(long_wait).has_value());
    world.fault("dynamodb us-east-1 --mode latency=1ms");
    EXPECT_EQ(answer("PutItem", put("a")).status, 200);
}

TEST_F(EastEndpoint, DoesNotExecuteWhatAFaultMetWhileItWasLate) {
    world.fault("dynamodb us-east-1 --mode latency=50ms");
    const auto call = begin("PutItem", put("a"));
    world.exhaust();
    const FaultId met = world.fault("dynamodb us-east-1 --mode timeout");
    ASSERT_TRUE(world.run_until([&] { return world.touched(met) == 1; })) << "it was late enough";
    world.exhaust();
    EXPECT_FALSE(call->response.has_value());
    world.board.end_all();
    ASSERT_TRUE(world.run_until([&] { return call->response.has_value(); }));
    EXPECT_TRUE(call->response->cut);
    EXPECT_FALSE(exists("a"));
}

TEST_F(EastEndpoint, CannotBeReachedAcrossAPartition) {
    world.fault("partition us-east-1 eu-west-1");
    EXPECT_EQ(answer("PutItem", put("near"), "127.150.1.11", 1).status, 200);
    const auto far = begin("PutItem", put("far"), "127.150.2.11", 2);
    world.exhaust();
    EXPECT_FALSE(far->response.has_value());
    world.board.end_all();
    ASSERT_TRUE(world.run_until([&] { return far->response.has_value(); }));
    EXPECT_TRUE(far->response->cut);
    EXPECT_FALSE(exists("far"));
}

// A whole world with sockets.
class WholeWorld : public ::testing::Test {
  protected:
    WholeWorld() {
        DynamoWorld::Options options;
        options.creation_takes = Duration::zero();
        auto made = DynamoWorld::create(io, std::move(options), board, clock);
        EXPECT_TRUE(made.has_value()) << made.error().text;
        world = std::move(*made);
    }

    ~WholeWorld() override {
        bool stopped = false;
        tasks.spawn("stop", [this, &stopped] { return stop(world.get(), &stopped); });
        run_until([&] { return stopped; });
    }

    bool run_until(const std::function<bool()>& holds) {
        const auto end = std::chrono::steady_clock::now() + stretched(std::chrono::seconds{10});
        while (!holds() && std::chrono::steady_clock::now() < end) {
            io.restart();
            io.run_one_for(std::chrono::milliseconds{5});
        }
        return holds();
    }

    static net::Task<> stop(DynamoWorld* world, bool* stopped) {
        co_await world->stop(std::chrono::milliseconds{20});
        *stopped = true;
    }

    bool connects(const RegionId& region) {
        boost::asio::ip::tcp::socket socket(io);
        boost::system::error_code error;
        const auto address = boost::asio::ip::make_address(board.world().dynamodb_address(region));
        socket.connect({address, world->port(region)}, error);
        return !error;
    }

    net::Io io{1};
    testing::TestClock clock;
    FaultBoard board{World{.second_octet = 151, .regions = {kEast, kWest}}, clock};
    net::TaskGroup tasks{io};
    std::unique_ptr<DynamoWorld> world;
};

TEST_F(WholeWorld, ListensOnOnePortInEveryRegion) {
    EXPECT_EQ(world->port(kEast), world->port(kWest));
    EXPECT_EQ(world->url(kEast), "http://127.151.1.1:" + std::to_string(world->port(kEast)));
    EXPECT_TRUE(connects(kEast));
    EXPECT_TRUE(connects(kWest));
}

TEST_F(WholeWorld, RefusesConnectionsInModeRefusedAndListensAgain) {
    const auto id = board.add({.region = kEast, .mode = DynamoMode::refused});
    ASSERT_TRUE(id.has_value());
    EXPECT_TRUE(run_until([this] { return !connects(kEast); }));
    EXPECT_TRUE(connects(kWest));
    ASSERT_TRUE(board.end(*id).has_value());
    EXPECT_TRUE(run_until([this] { return connects(kEast); }));
}

TEST_F(WholeWorld, MakesTablesThatAreReadyAndLeavesThoseThatExist) {
    const TableName name{"MyMagentoSessionsTable"};
    EXPECT_TRUE(world->make_table(name, "id", {kEast, kWest}).has_value());
    EXPECT_TRUE(world->make_table(name, "id", {kEast, kWest}).has_value());
    EXPECT_EQ(world->links().size(), 2U);
    EXPECT_FALSE(world->make_table(TableName{"other"}, "id", {RegionId{"ap-south-1"}}).has_value());
}

}  // namespace
}  // namespace farshore::lab::dynamo
