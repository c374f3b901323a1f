#include <future>

#include <gtest/gtest.h>

#include "dataplane/world.h"

// Routes, and the orders that come while one is being followed.
namespace farshore::dataplane::test {

namespace {

class Switch : public World {};

constexpr std::string_view kPut = R"({"TableName":"t","Item":{"id":{"S":"k"}}})";

}  // namespace

TEST_F(Switch, HoldOfARouteThatIsStillBeingFollowedHoldsIt) {
    start([](Endpoint::Options& options) { options.limits.parked_for_max = std::chrono::hours{1}; }
    );
    Application app = application();
    EXPECT_EQ(app.call("PutItem", kPut)->status, 200);
    for (std::uint64_t epoch = 2; epoch < 50; ++epoch) {
        const RegionId& there = epoch % 2 == 0 ? kWest : kEast;
        auto held = std::make_shared<std::promise<HoldResult>>();
        auto followed = std::make_shared<std::promise<RouteWord>>();
        ASSERT_TRUE(endpoint->set_route(
            {.epoch = Epoch{epoch}, .active = there, .writes_until = in(std::chrono::minutes{10})},
            [followed](RouteWord word) { followed->set_value(word); }
        ));
        ASSERT_TRUE(endpoint->hold(
            Epoch{epoch},
            std::chrono::minutes{1},
            [held](HoldResult result) { held->set_value(result); }
        ));
        EXPECT_EQ(held->get_future().get().in_flight, 0U);
        EXPECT_EQ(followed->get_future().get().epoch, Epoch{epoch});
        EXPECT_EQ(endpoint->route().state, WriteState::held);
    }
    ASSERT_TRUE(app.send(request_text("PutItem", kPut)));
    ASSERT_TRUE(eventually([&] { return endpoint->statistics().held == 1; }));
    EXPECT_EQ(east.count() + west.count(), 1U);
}

TEST_F(Switch, FenceDuringASwitchFencesTheNewEpochAndReadsFollowIt) {
    start();
    for (std::uint64_t epoch = 2; epoch < 100; epoch += 2) {
        const RegionId& there = epoch % 4 == 2 ? kWest : kEast;
        auto followed = std::make_shared<std::promise<RouteWord>>();
        ASSERT_TRUE(endpoint->set_route(
            {.epoch = Epoch{epoch}, .active = there, .writes_until = in(std::chrono::minutes{10})},
            [followed](RouteWord word) { followed->set_value(word); }
        ));
        fence(epoch + 1, Duration::zero());
        EXPECT_EQ(followed->get_future().get().epoch, Epoch{epoch});
        EXPECT_EQ(endpoint->route().state, WriteState::fenced);
        EXPECT_EQ(endpoint->route().epoch, Epoch{epoch});
        Application app = application();
        const std::size_t before = (there == kWest ? west : east).count();
        EXPECT_EQ(app.call("GetItem", "{}")->status, 200);
        EXPECT_EQ((there == kWest ? west : east).count(), before + 1);
    }
}

TEST_F(Switch, SettlingCutsOlderWritesAndLeavesThoseOfTheEpoch) {
    east.answer_with([](const Received& request) {
        return Reply{.hang = request.target.ends_with("PutItem")};
    });
    start();
    Application older = application();
    ASSERT_TRUE(older.send(request_text("PutItem", kPut)));
    ASSERT_TRUE(eventually([&] { return east.count() == 1; }));
    route_to(2, kEast);
    Application newer = application();
    ASSERT_TRUE(newer.send(request_text("PutItem", kPut)));
    ASSERT_TRUE(eventually([&] { return east.count() == 2; }));
    std::promise<FenceResult> settled;
    endpoint->settle(Epoch{2}, Duration::zero(), [&settled](FenceResult result) {
        settled.set_value(result);
    });
    EXPECT_EQ(settled.get_future().get().cut, 1U);
    EXPECT_EQ(endpoint->statistics().in_flight_writes, 1U);
    EXPECT_TRUE(older.read()->body.contains("outcome is unknown"));
    EXPECT_EQ(endpoint->route().state, WriteState::open);
}

TEST_F(Switch, OlderEpochsAndForeignRegionsAreRefused) {
    start();
    route_to(5, kWest);
    const auto until = in(std::chrono::minutes{1});
    EXPECT_FALSE(endpoint->set_route({.epoch = Epoch{4}, .active = kEast, .writes_until = until}));
    EXPECT_FALSE(endpoint->set_route({.epoch = Epoch{5}, .active = kEast, .writes_until = until}));
    EXPECT_FALSE(endpoint->set_route(
        {.epoch = Epoch{9}, .active = RegionId{"mars-1"}, .writes_until = until}
    ));
    EXPECT_FALSE(endpoint->grant({.epoch = Epoch{4}, .asked_at = now(), .until = until}));
    EXPECT_FALSE(endpoint->hold(Epoch{4}, std::chrono::seconds{1}, {}));
    EXPECT_FALSE(endpoint->release(Epoch{5}, until));
    EXPECT_FALSE(endpoint->fence(Epoch{5}, Duration::zero(), {}));
    fence(8, Duration::zero());
    EXPECT_FALSE(endpoint->set_route({.epoch = Epoch{7}, .active = kEast, .writes_until = until}));
    EXPECT_FALSE(endpoint->set_route({.epoch = Epoch{5}, .active = kWest, .writes_until = until}));
    EXPECT_FALSE(endpoint->grant({.epoch = Epoch{5}, .asked_at = now(), .until = until}));
    EXPECT_EQ(endpoint->route().state, WriteState::fenced);
    EXPECT_TRUE(endpoint->set_route({.epoch = Epoch{8}, .active = kEast, .writes_until = until}));
    ASSERT_TRUE(eventually([&] { return endpoint->route().state == WriteState::open; }));
    EXPECT_EQ(endpoint->route().epoch, Epoch{8});
}

TEST_F(Switch, RepeatedRouteDoesNotEndAHold) {
    start();
    hold(std::chrono::seconds{5});
    ASSERT_TRUE(endpoint->set_route({.epoch = Epoch{1}, .active = kEast, .writes_until = {}}));
    EXPECT_EQ(endpoint->route().state, WriteState::held);
}

TEST_F(Switch, RouteOfANewerEpochCutsWhatIsStillOnItsWay) {
    east.answer_with([](const Received& request) {
        return Reply{.hang = request.target.ends_with("PutItem")};
    });
    start();
    Application app = application();
    ASSERT_TRUE(app.send(request_text("PutItem", kPut)));
    ASSERT_TRUE(eventually([&] { return east.count() == 1; }));
    route_to(2, kWest);
    EXPECT_EQ(endpoint->statistics().in_flight_writes, 0U);
    const auto answer = app.read();
    ASSERT_TRUE(answer);
    EXPECT_TRUE(answer->body.contains("outcome is unknown"));
    Application again = application();
    EXPECT_EQ(again.call("PutItem", kPut)->status, 200);
    EXPECT_EQ(west.count(), 1U);
}

TEST_F(Switch, ReadThatWaitsInASilentRegionFollowsTheSwitch) {
    east.answer_with([](const Received& request) {
        return Reply{.hang = request.target.ends_with("GetItem")};
    });
    start();
    Application app = application();
    ASSERT_TRUE(app.send(request_text("GetItem", "{}")));
    ASSERT_TRUE(eventually([&] { return east.count() == 1; }));
    route_to(2, kWest);
    const auto answer = app.read();
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->status, 200);
    EXPECT_EQ(west.count(), 1U);
}

}  // namespace farshore::dataplane::test
