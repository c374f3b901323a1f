#include "agent/stack_prober.h"

#include "adapters/net/net_test_world.h"
#include "adapters/net/tcp_relay.h"
#include "adapters/system/system_clock.h"

namespace farshore::agent {
namespace {

using net::testing::World;
using namespace std::chrono_literals;

// A load balancer of layer 4 leaves a connection with its host, however sick that is. One dead host
// of two once made this a lasting vote against the whole Region.
TEST(StackProber, AKeptConnectionToADeadHostIsNotAVoteForEver) {
    World world;
    const auto answering = [&world](int status) {
        return world.serve([status](net::HttpRequest) -> net::Task<net::HttpResponse> {
            co_return net::HttpResponse::text(status, "x");
        });
    };
    auto dead = answering(503);
    auto well = answering(200);
    bool dead_is_out = false;
    auto balancer = net::TcpRelay::listen(world.io, {}, [&](const std::string&) {
        const std::uint16_t port = dead_is_out ? well->port() : dead->port();
        return net::TcpRelay::Route{
            .treatment = net::RelayTreatment::serve,
            .backends = {{.address = "127.0.0.1", .port = port}}
        };
    });
    ASSERT_TRUE(balancer);
    const auto client = net::HttpClient::create(world.io, {});
    const system::SystemClock clock;
    core::EvidenceBook book;
    StackProber prober(
        {.io = world.io,
         .clock = clock,
         .http = *client,
         .book = book,
         .region = RegionId{"us-east-1"},
         .url = "http://127.0.0.1:" + std::to_string((*balancer)->port()) + "/healthz",
         .every = 1ms}
    );
    net::TaskGroup tasks(world.io);
    tasks.spawn("stack", [&] { return prober.run(&tasks); });
    const auto counted = [&](core::Path path) {
        const auto now = book.now();
        const auto found = now.find({RegionId{"us-east-1"}, core::Component::stack, path});
        return found == now.end() ? core::EvidenceBook::Counters{} : found->second;
    };
    ASSERT_TRUE(world.run_until([&] {
        return counted(core::Path::reused).failed >= 2 && counted(core::Path::fresh).failed >= 2;
    }));
    dead_is_out = true;
    EXPECT_TRUE(world.run_until([&] {
        return counted(core::Path::reused).ok >= 2 && counted(core::Path::fresh).ok >= 2;
    }));
    tasks.stop();
    EXPECT_TRUE(world.run_until([&] { return tasks.idle(); }));
    world.stop(*dead);
    world.stop(*well);
}

// A probe that hangs for its whole timeout keeps none of the next ones back, up to the bound.
TEST(StackProber, GoesOnWhileProbesHang) {
    World world;
    int asked = 0;
    auto hanging = world.serve([&](net::HttpRequest) -> net::Task<net::HttpResponse> {
        ++asked;
        (void)co_await net::sleep_for(world.io, 1h);
        co_return net::HttpResponse::text(200, "x");
    });
    const auto client = net::HttpClient::create(world.io, {});
    const system::SystemClock clock;
    core::EvidenceBook book;
    StackProber prober(
        {.io = world.io,
         .clock = clock,
         .http = *client,
         .book = book,
         .region = RegionId{"us-east-1"},
         .url = "http://127.0.0.1:" + std::to_string(hanging->port()) + "/healthz",
         .every = 1ms}
    );
    net::TaskGroup tasks(world.io);
    tasks.spawn("stack", [&] { return prober.run(&tasks); });
    EXPECT_TRUE(world.run_until([&] { return asked == core::kHangingProbesMax + 1; }))
        << "those over fresh connections, and one over a kept one";
    EXPECT_TRUE(book.now().empty()) << "none of them has ended";
    tasks.stop();
    EXPECT_TRUE(world.run_until([&] { return tasks.idle(); }));
    world.stop(*hanging);
}

}  // namespace
}  // namespace farshore::agent
