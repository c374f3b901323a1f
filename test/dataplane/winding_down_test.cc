#include <future>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "dataplane/world.h"

// How the endpoint ends, or does not.
namespace farshore::dataplane::test {

namespace {

using namespace std::chrono_literals;

constexpr std::string_view kPut = R"({"TableName":"t","Item":{"id":{"S":"k"}}})";

class WindingDown : public World {
  protected:
    void wind_down(Duration within) {
        endpoint->wind_down(within, [this](std::uint64_t unknown) { wound.set_value(unknown); });
    }

    std::uint64_t unknown() { return wound.get_future().get(); }

    std::promise<std::uint64_t> wound;
};

}  // namespace

TEST_F(WindingDown, WhatIsOnItsWayIsAnsweredAndWhatWaitsIsRefused) {
    std::promise<void> answer_now;
    east.answer_with([now = answer_now.get_future().share()](const Received& request) {
        if (request.target.ends_with("Item")) {
            now.wait();
        }
        return Reply{};
    });
    start([](Endpoint::Options& options) { options.limits.parked_for_max = 1h; });
    Application read = application();
    ASSERT_TRUE(read.send(request_text("GetItem", "{}")));
    Application write = application();
    ASSERT_TRUE(write.send(request_text("PutItem", kPut)));
    ASSERT_TRUE(eventually([&] { return east.count() == 2; }));
    hold(Duration::zero());
    Application parked = application();
    ASSERT_TRUE(parked.send(request_text("PutItem", kPut)));
    ASSERT_TRUE(eventually([&] { return endpoint->statistics().held == 1; }));
    Application idle = application();
    wind_down(1h);
    const auto refused = parked.read();
    ASSERT_TRUE(refused);
    EXPECT_EQ(refused->status, 503);
    EXPECT_EQ(refused->header("connection"), "close");
    const auto late = idle.call("GetItem", "{}");
    ASSERT_TRUE(late);
    EXPECT_EQ(late->status, 503);
    answer_now.set_value();
    EXPECT_EQ(unknown(), 0U);
    for (Application* app : {&read, &write}) {
        const auto answer = app->read();
        ASSERT_TRUE(answer);
        EXPECT_EQ(answer->status, 200);
        EXPECT_EQ(answer->header("connection"), "close");
    }
    EXPECT_EQ(endpoint->ledger()->counters().acknowledged, 1U);
}

TEST_F(WindingDown, WhatIsNotAnsweredInTimeIsCutAndReported) {
    east.answer_with([](const Received& request) {
        return Reply{.hang = request.target.ends_with("Item")};
    });
    start();
    Application read = application();
    ASSERT_TRUE(read.send(request_text("GetItem", "{}")));
    Application write = application();
    ASSERT_TRUE(write.send(request_text("PutItem", kPut)));
    ASSERT_TRUE(eventually([&] { return east.count() == 2; }));
    wind_down(1ms);
    EXPECT_EQ(unknown(), 1U);
    EXPECT_TRUE(write.read()->body.contains("outcome is unknown"));
    EXPECT_EQ(read.read()->status, 503);
    EXPECT_EQ(endpoint->ledger()->counters().unknown, 1U);
}

TEST_F(WindingDown, NobodyConnectsAnyMore) {
    start();
    const std::uint16_t port = endpoint->port();
    wind_down(1h);
    EXPECT_EQ(unknown(), 0U);
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_NE(::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    ::close(fd);
}

// The control thread may still give orders when the loops are gone: no loop is asked, and no order
// is answered.
TEST_F(WindingDown, OrdersAfterTheEndReachNobody) {
    start([](Endpoint::Options& options) { options.loops = 3; });
    Application app = application();
    ASSERT_EQ(app.call("PutItem", kPut)->status, 200);
    endpoint->stop();
    EXPECT_TRUE(app.ended());
    int heard = 0;
    EXPECT_TRUE(endpoint->grant({.epoch = Epoch{1}, .asked_at = now(), .until = in(1ms)}));
    EXPECT_TRUE(endpoint->hold(Epoch{1}, 1ms, [&](HoldResult) { ++heard; }));
    EXPECT_TRUE(endpoint->release(Epoch{1}, in(1h), [&] { ++heard; }));
    EXPECT_TRUE(endpoint->fence(Epoch{2}, 1ms, [&](FenceResult) { ++heard; }));
    endpoint->settle(Epoch{3}, 1ms, [&](FenceResult) { ++heard; });
    EXPECT_TRUE(endpoint->set_route(
        {.epoch = Epoch{4}, .active = kWest, .writes_until = in(1h)}, [&](RouteWord) { ++heard; }
    ));
    EXPECT_EQ(heard, 0);
    EXPECT_EQ(endpoint->statistics().epochs.at(0).acknowledged_writes, 1U);
}

TEST_F(WindingDown, ALoopThatHangsIsSeenAmongOthers) {
    start([](Endpoint::Options& options) { options.loops = 3; });
    const Instant before = now();
    EXPECT_TRUE(eventually([&] { return endpoint->slowest_turn() > before; }));
    // The last loop to arrive runs this, and does not come back.
    std::promise<void> hangs;
    std::promise<void> go_on;
    endpoint->settle(Epoch{9}, Duration::zero(), [&](FenceResult) {
        hangs.set_value();
        go_on.get_future().wait();
    });
    hangs.get_future().wait();
    clock->advance(1h);
    const bool seen = now() - endpoint->slowest_turn() > 59min;
    go_on.set_value();
    EXPECT_TRUE(seen);
    EXPECT_TRUE(eventually([&] { return now() - endpoint->slowest_turn() < 59min; }));
}

}  // namespace farshore::dataplane::test
