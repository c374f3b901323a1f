#include "adapters/net/tcp_relay.h"

#include <set>

#include "adapters/net/free_port.h"
#include "adapters/net/http_client.h"
#include "adapters/net/net_test_world.h"

namespace farshore::net {
namespace {

using testing::RawAnswer;
using testing::World;
using namespace std::chrono_literals;

Task<HttpResponse> who(std::string name, std::string peer, std::string body) {
    co_return HttpResponse::text(200, name + " for " + peer + " " + std::to_string(body.size()));
}

Task<> fetch_into(HttpClient* client, HttpCall call, std::optional<Result<HttpReply>>* into) {
    Result<HttpReply> reply = co_await client->fetch(std::move(call));
    into->emplace(std::move(reply));
}

class TcpRelayTest : public ::testing::Test {
  protected:
    std::unique_ptr<HttpServer> backend(const std::string& name) {
        return world.serve([name](HttpRequest request) {
            return who(name, request.peer_address, request.body);
        });
    }

    std::unique_ptr<TcpRelay> relay(TcpRelay::Options options = {}) {
        auto made = TcpRelay::listen(world.io, std::move(options), [this](const std::string& peer) {
            peers.insert(peer);
            return route;
        });
        EXPECT_TRUE(made.has_value());
        return std::move(*made);
    }

    Result<HttpReply> fetch(const TcpRelay& through, bool fresh = false, std::string body = {}) {
        const HttpCall call{
            .method = "POST",
            .url = "http://127.0.0.1:" + std::to_string(through.port()) + "/",
            .body = std::move(body),
            .fresh_connection = fresh
        };
        std::function<Task<Result<HttpReply>>()> start = [this, call] {
            return client->fetch(call);
        };
        return world.wait_for(start);
    }

    void stop(TcpRelay& one) {
        bool stopped = false;
        world.tasks.spawn("stop", [&] { return stop_one(&one, &stopped); });
        EXPECT_TRUE(world.run_until([&] { return stopped; }));
        EXPECT_EQ(one.counters().open, 0U);
    }

    static Task<> stop_one(TcpRelay* one, bool* stopped) {
        co_await one->stop();
        *stopped = true;
    }

    static std::uint16_t closed_port(World& world) {
        auto server = world.serve([](HttpRequest) { return who("", "", ""); });
        const std::uint16_t port = server->port();
        world.stop(*server);
        return port;
    }

    World world;
    std::unique_ptr<HttpClient> client =
        HttpClient::create(world.io, {.source_address = "127.3.0.1"});
    TcpRelay::Route route;
    std::set<std::string> peers;
};

TEST_F(TcpRelayTest, TakesTheFirstBackendThatAnswers) {
    auto one = backend("one");
    auto two = backend("two");
    route.backends = {
        {.address = "127.0.0.1", .port = closed_port(world)},
        {.address = "127.0.0.1", .port = one->port()},
        {.address = "127.0.0.1", .port = two->port()}
    };
    auto lb = relay({.source_address = "127.3.0.9"});
    const Result<HttpReply> reply = fetch(*lb, false, std::string(1'000'000, 'x'));
    ASSERT_TRUE(reply) << reply.error().text;
    EXPECT_EQ(reply->body, "one for 127.3.0.9 1000000");
    EXPECT_EQ(peers, std::set<std::string>{"127.3.0.1"});
    EXPECT_GT(lb->counters().bytes_to_backends, 1'000'000U);
    EXPECT_GT(lb->counters().bytes_to_clients, 0U);
    EXPECT_EQ(lb->counters().connected, 1U);
    EXPECT_EQ(lb->counters().open, 1U);
    stop(*lb);
    world.stop(*one);
    world.stop(*two);
}

TEST_F(TcpRelayTest, CutsWhenNoBackendAnswers) {
    route.backends = {{.address = "127.0.0.1", .port = closed_port(world)}};
    auto lb = relay();
    const Result<HttpReply> reply = fetch(*lb);
    ASSERT_FALSE(reply);
    EXPECT_TRUE(world.run_until([&] {
        return lb->counters().unreachable == 1 && lb->counters().open == 0;
    }));
    stop(*lb);
}

TEST_F(TcpRelayTest, HandsOnHalfCloses) {
    auto one = backend("one");
    route.backends = {{.address = "127.0.0.1", .port = one->port()}};
    auto lb = relay();
    const RawAnswer answer =
        world.raw(lb->port(), "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    EXPECT_TRUE(answer.bytes.starts_with("HTTP/1.1 200"));
    EXPECT_TRUE(answer.ended);
    EXPECT_TRUE(world.run_until([&] { return lb->counters().open == 0; }));
    stop(*lb);
    world.stop(*one);
}

TEST_F(TcpRelayTest, ResetsWhenToldTo) {
    auto one = backend("one");
    route.backends = {{.address = "127.0.0.1", .port = one->port()}};
    auto lb = relay();
    ASSERT_TRUE(fetch(*lb));
    route.treatment = RelayTreatment::reset;
    lb->reconsider();
    EXPECT_TRUE(world.run_until([&] { return lb->counters().open == 0; }));
    EXPECT_FALSE(fetch(*lb));
    EXPECT_TRUE(world.raw(lb->port(), "GET / HTTP/1.1\r\n").reset);
    EXPECT_GE(lb->counters().cut, 3U);
    stop(*lb);
    world.stop(*one);
}

TEST_F(TcpRelayTest, WhatHungIsNeverDeliveredWhenCutAfterwards) {
    int requests = 0;
    auto one = world.serve([&](HttpRequest request) {
        ++requests;
        return who("one", request.peer_address, request.body);
    });
    route.backends = {{.address = "127.0.0.1", .port = one->port()}};
    auto lb = relay();
    ASSERT_TRUE(fetch(*lb));
    route.treatment = RelayTreatment::hang;
    lb->reconsider();
    std::vector<std::optional<Result<HttpReply>>> replies(2);
    HttpCall call{
        .method = "POST", .url = "http://127.0.0.1:" + std::to_string(lb->port()) + "/", .body = "x"
    };
    world.tasks.spawn("established", [&] { return fetch_into(client.get(), call, &replies[0]); });
    HttpCall fresh = call;
    fresh.fresh_connection = true;
    world.tasks.spawn("fresh", [&] { return fetch_into(client.get(), fresh, &replies[1]); });
    ASSERT_TRUE(world.run_until([&] { return lb->counters().hung == 2; }));
    world.exhaust();
    EXPECT_FALSE(replies[0].has_value() || replies[1].has_value());
    route.treatment = RelayTreatment::serve;
    lb->reconsider();
    ASSERT_TRUE(world.run_until([&] { return replies[0].has_value() && replies[1].has_value(); }));
    EXPECT_FALSE(*replies[0]);
    EXPECT_FALSE(*replies[1]);
    EXPECT_EQ(replies[0]->error().effect, Effect::possible);
    EXPECT_EQ(requests, 1);
    EXPECT_TRUE(fetch(*lb));
    stop(*lb);
    world.stop(*one);
}

TEST_F(TcpRelayTest, WhatHungGoesOnWhenSoConfigured) {
    auto one = backend("one");
    route.backends = {{.address = "127.0.0.1", .port = one->port()}};
    auto lb = relay({.reset_after_hang = false});
    ASSERT_TRUE(fetch(*lb));
    route.treatment = RelayTreatment::hang;
    lb->reconsider();
    std::optional<Result<HttpReply>> reply;
    const HttpCall call{
        .method = "POST", .url = "http://127.0.0.1:" + std::to_string(lb->port()) + "/", .body = "x"
    };
    world.tasks.spawn("established", [&] { return fetch_into(client.get(), call, &reply); });
    ASSERT_TRUE(world.run_until([&] { return lb->counters().hung == 1; }));
    world.exhaust();
    EXPECT_FALSE(reply.has_value());
    route.treatment = RelayTreatment::serve;
    lb->reconsider();
    ASSERT_TRUE(world.run_until([&] { return reply.has_value(); }));
    ASSERT_TRUE(*reply) << reply->error().text;
    EXPECT_TRUE((*reply)->reused_connection);
    stop(*lb);
    world.stop(*one);
}

TEST(FreePorts, AreFreeOnEveryAddress) {
    World world;
    const std::vector<std::string> addresses{"127.0.0.1", "127.5.0.1", "127.5.200.1"};
    const Result<std::vector<std::uint16_t>> ports = free_ports(addresses, 5);
    ASSERT_TRUE(ports) << ports.error().text;
    EXPECT_EQ(std::set<std::uint16_t>(ports->begin(), ports->end()).size(), 5U);
    for (const std::string& address : addresses) {
        HttpServer::Options options{.address = address};
        options.port = ports->at(0);
        auto server =
            HttpServer::listen(world.io, options, [](HttpRequest) { return who("", "", ""); });
        ASSERT_TRUE(server) << server.error().text;
        world.stop(**server);
    }
    EXPECT_EQ(free_ports({"192.0.2.1"}, 1).error().kind, ErrorKind::malformed);
    EXPECT_EQ(free_ports({"localhost"}, 1).error().kind, ErrorKind::malformed);
}

}  // namespace
}  // namespace farshore::net
