// Load balancer, controller relay, hanging and the board's timer over real sockets.

#include "lab/faults/balancer.h"

#include <set>

#include <boost/json.hpp>
#include <gtest/gtest.h>

#include "adapters/net/http_client.h"
#include "adapters/net/net_test_world.h"
#include "adapters/system/system_clock.h"
#include "lab/faults/fault_timer.h"
#include "lab/faults/hang.h"

namespace farshore::lab {
namespace {

const RegionId kEast{"us-east-1"};
constexpr std::chrono::seconds kPatient{5};
constexpr std::chrono::milliseconds kImpatient{400};

World world() {
    return {
        .second_octet = 192,
        .regions = {kEast, RegionId{"eu-west-1"}},
        .witness = RegionId{"us-east-2"}
    };
}

class BalancerTest : public testing::Test {
  protected:
    // A host: its storefront says its name, its health port what the test wants.
    struct Host {
        std::unique_ptr<net::HttpServer> shop;
        std::unique_ptr<net::HttpServer> health;
        int status = 200;
    };

    std::unique_ptr<Host> host(int number) {
        auto made = std::make_unique<Host>();
        net::HttpServer::Options where;
        where.address = world().host_address(kEast, number);
        made->shop = net.serve(
            [number](net::HttpRequest) -> net::Task<net::HttpResponse> {
                co_return net::HttpResponse::text(200, std::to_string(number));
            },
            where
        );
        made->health = net.serve(
            [host = made.get()](net::HttpRequest) -> net::Task<net::HttpResponse> {
                co_return net::HttpResponse::text(host->status, "");
            },
            where
        );
        return made;
    }

    void balance(std::vector<Balancer::Target> targets) {
        auto made = Balancer::listen(
            net.io,
            {.region = kEast,
             .address = world().load_balancer_address(kEast),
             .targets = std::move(targets),
             .interval = std::chrono::milliseconds{20},
             .timeout = kPatient},
            board
        );
        ASSERT_TRUE(made) << made.error().text;
        balancer = std::move(*made);
    }

    // `timeout`: long for what must come, however slow the machine is; short for what must not.
    Result<net::HttpReply> get(
        const std::string& address,
        std::uint16_t port,
        const std::string& from,
        Duration timeout = kPatient
    ) {
        const auto client = net::HttpClient::create(net.io, {.source_address = from});
        net::HttpCall call;
        call.url = "http://" + address + ":" + std::to_string(port) + "/";
        call.total_timeout = timeout;
        call.fresh_connection = true;
        const std::function<net::Task<Result<net::HttpReply>>()> start = [&] {
            return client->fetch(call);
        };
        return net.wait_for<Result<net::HttpReply>>(start);
    }

    Result<net::HttpReply> shop(
        const std::string& from = world().shopper_address(1), Duration timeout = kPatient
    ) {
        return get(world().load_balancer_address(kEast), balancer->shop_port(), from, timeout);
    }

    static std::string body_of(const Result<net::HttpReply>& reply) {
        EXPECT_TRUE(reply) << reply.error().text;
        return reply ? reply->body : std::string{};
    }

    // A machine that stands still fails a check now and then: not one answer counts, but a row.
    bool becomes_served_by(const std::set<std::string>& hosts) {
        constexpr int kRow = 12;
        const auto end = std::chrono::steady_clock::now() + std::chrono::seconds{60};
        while (std::chrono::steady_clock::now() < end) {
            std::set<std::string> seen;
            for (int i = 0; i < kRow; ++i) {
                seen.insert(body_of(shop()));
            }
            if (seen == hosts) {
                return true;
            }
        }
        return false;
    }

    [[nodiscard]] bool target_is(std::size_t index, bool healthy) const {
        return balancer->status().at("targets").at(index).at("healthy").as_bool() == healthy;
    }

    template <class Server>
    void stop(Server& server) {
        bool stopped = false;
        net.tasks.spawn("stop", [&] { return stop_one(&server, &stopped); });
        ASSERT_TRUE(net.run_until([&] { return stopped; }));
    }

    template <class Server>
    static net::Task<> stop_one(Server* server, bool* stopped) {
        co_await server->stop();
        *stopped = true;
    }

    void TearDown() override {
        if (balancer) {
            stop(*balancer);
        }
    }

    Balancer::Target target(const Host& host, int number) {
        return {
            .address = world().host_address(kEast, number),
            .shop_port = host.shop->port(),
            .health_port = host.health->port()
        };
    }

    const system::SystemClock clock;
    FaultBoard board{world(), clock};
    net::testing::World net;
    std::unique_ptr<Balancer> balancer;
};

TEST_F(BalancerTest, LeavesOutWhoFailsAndTakesAllWhenAllFail) {
    const auto one = host(1);
    const auto two = host(2);
    balance({target(*one, 1), target(*two, 2)});
    EXPECT_TRUE(becomes_served_by({"1", "2"}));
    one->status = 503;
    ASSERT_TRUE(net.run_until([&] { return target_is(0, false); }));
    EXPECT_TRUE(becomes_served_by({"2"}));
    two->status = 503;
    ASSERT_TRUE(net.run_until([&] { return target_is(1, false); }));
    EXPECT_TRUE(becomes_served_by({"1", "2"})) << "when all fail, all are taken";
    one->status = 200;
    ASSERT_TRUE(net.run_until([&] { return target_is(0, true); }));
    EXPECT_TRUE(becomes_served_by({"1"}));
    const auto healthy = [&] {
        const auto reply =
            get(world().load_balancer_address(kEast),
                balancer->health_port(),
                world().checker_address(1));
        return reply && reply->status == 200;
    };
    EXPECT_TRUE(net.run_until(healthy));
    for (const auto* host : {one.get(), two.get()}) {
        net.stop(*host->shop);
        net.stop(*host->health);
    }
}

TEST_F(BalancerTest, ARegionThatIsCutOffIsNotReachedFromOutside) {
    const auto one = host(1);
    balance({target(*one, 1)});
    EXPECT_TRUE(shop());
    const auto fault = board.add({.kind = FaultKind::region, .region = kEast});
    ASSERT_TRUE(fault);
    const auto cut = shop(world().shopper_address(1), kImpatient);
    ASSERT_FALSE(cut);
    EXPECT_EQ(cut.error().kind, ErrorKind::timed_out);
    EXPECT_TRUE(shop(world().host_address(kEast, 5))) << "its own hosts still reach it";
    EXPECT_TRUE(net.run_until([&] { return target_is(0, true); }))
        << "the check goes on inside the Region";
    EXPECT_GT(board.find(*fault)->touched, 0U);
    ASSERT_TRUE(board.end(*fault));
    EXPECT_TRUE(shop());
    net.stop(*one->shop);
    net.stop(*one->health);
}

TEST_F(BalancerTest, TheRelayGoesByTheLinkToTheController) {
    net::HttpServer::Options where;
    where.address = world().controller_address(1);
    std::string caller;
    const auto controller = net.serve(
        [&](net::HttpRequest request) -> net::Task<net::HttpResponse> {
            caller = request.peer_address;
            co_return net::HttpResponse::text(200, "controller");
        },
        where
    );
    auto relay = ControllerRelay::listen(
        net.io,
        {.region = kEast,
         .address = world().relay_address(kEast),
         .controllers = {{.address = where.address, .port = controller->port()}}},
        board
    );
    ASSERT_TRUE(relay) << relay.error().text;
    const auto ask = [&](Duration timeout) {
        return get(
            world().relay_address(kEast), (*relay)->port(), world().host_address(kEast, 1), timeout
        );
    };
    EXPECT_EQ(body_of(ask(kPatient)), "controller");
    EXPECT_EQ(caller, world().relay_address(kEast));
    ASSERT_TRUE(board.add({.kind = FaultKind::region, .region = kEast}));
    EXPECT_FALSE(ask(kImpatient));
    board.end_all();
    EXPECT_TRUE(ask(kPatient));
    // The controller stands in a Region that is none of the world's own.
    ASSERT_TRUE(
        board.add({.kind = FaultKind::partition, .region = kEast, .other = RegionId{"us-east-2"}})
    );
    EXPECT_FALSE(ask(kImpatient));
    stop(**relay);
    net.stop(*controller);
}

TEST_F(BalancerTest, AHangingCallIsCutWhenTheFaultEndsAndNeverExecuted) {
    const FaultTimer timer{net.io, board, clock};
    int executed = 0;
    const PartyId from{.role = PartyRole::shopper, .place = kInternet, .number = 1};
    const PartyId to{.role = PartyRole::load_balancer, .place = kEast};
    const std::function<bool()> blocked = [&] {
        return board.look(from, to) != Treatment::serve;
    };
    const auto server = net.serve([&](net::HttpRequest) -> net::Task<net::HttpResponse> {
        if (blocked()) {
            net::HttpResponse cut = co_await hang(net.io, board, blocked);
            co_return cut;
        }
        ++executed;
        co_return net::HttpResponse::text(200, "done");
    });
    const auto port = server->port();
    ASSERT_TRUE(
        board.add({.kind = FaultKind::region, .region = kEast, .lasts = std::chrono::seconds{2}})
    );
    const auto hung = net.raw(port, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    EXPECT_TRUE(hung.reset) << hung.bytes;
    EXPECT_EQ(hung.bytes, "");
    EXPECT_EQ(executed, 0);
    EXPECT_TRUE(board.faults().empty()) << "the timer ended it";
    const auto after = net.raw(port, "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    EXPECT_NE(after.bytes.find("200"), std::string::npos);
    EXPECT_EQ(executed, 1);
    net.stop(*server);
}

}  // namespace
}  // namespace farshore::lab
