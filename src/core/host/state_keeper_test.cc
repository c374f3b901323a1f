#include "core/host/state_keeper.h"

#include <gtest/gtest.h>

namespace farshore::core {
namespace {

using namespace std::chrono_literals;

constexpr Instant kStart{1h};
const RegionId kEast{"us-east-1"};
const RegionId kWest{"eu-west-1"};

class StateKeeperTest : public ::testing::Test {
  protected:
    StateKeeperTest() {
        (void)machine.step(kStart, HostLoaded{.route = std::nullopt, .fenced = Epoch{}});
        route(3, kEast);
    }

    void route(std::uint64_t epoch, const RegionId& active) {
        (void)machine.step(
            kStart, RouteOrder{{.epoch = Epoch{epoch}, .active = active, .users = active}}
        );
    }

    HostMachine machine{{}};
    StateKeeper keeper{std::nullopt};
};

TEST_F(StateKeeperTest, WhatIsNewestIsWrittenAfterTheWriteThatIsUnderWay) {
    const std::optional<StoredState> first = keeper.changed(machine);
    ASSERT_TRUE(first);
    EXPECT_EQ(first->route.epoch, Epoch{3});
    EXPECT_FALSE(keeper.on_disk()) << "it may still fail";
    route(4, kWest);
    EXPECT_FALSE(keeper.changed(machine)) << "one at a time";
    route(5, kEast);
    EXPECT_FALSE(keeper.changed(machine));
    const std::optional<StoredState> next = keeper.ended(kStart, {}, machine);
    EXPECT_EQ(keeper.on_disk(), first);
    ASSERT_TRUE(next);
    EXPECT_EQ(next->route.epoch, Epoch{5});
    EXPECT_FALSE(keeper.ended(kStart, {}, machine)) << "nothing has changed meanwhile";
    EXPECT_EQ(keeper.on_disk(), next);
}

TEST_F(StateKeeperTest, AWriteThatFailedIsTriedAgainAfterAWhile) {
    (void)keeper.changed(machine);
    EXPECT_FALSE(keeper.ended(kStart, fail(ErrorKind::exhausted, "the disk is full"), machine));
    EXPECT_EQ(keeper.why_not_stored(), "the disk is full");
    EXPECT_EQ(keeper.next_deadline(), kStart + StateKeeper::kAgain);
    EXPECT_FALSE(keeper.due(kStart + StateKeeper::kAgain - 1ns, machine));
    EXPECT_TRUE(keeper.due(kStart + StateKeeper::kAgain, machine));
    EXPECT_EQ(keeper.why_not_stored(), "") << "it is being written";
    EXPECT_FALSE(keeper.due(kStart + 1min, machine)) << "once";
    EXPECT_FALSE(keeper.ended(kStart + 2s, {}, machine));
    EXPECT_EQ(keeper.on_disk()->route.epoch, Epoch{3});
    EXPECT_EQ(keeper.why_not_stored(), "");
    EXPECT_FALSE(keeper.next_deadline());
}

TEST_F(StateKeeperTest, ANewerStateDoesNotWaitForTheRetryOfAnOlderOne) {
    (void)keeper.changed(machine);
    route(4, kWest);
    const std::optional<StoredState> newer =
        keeper.ended(kStart, fail(ErrorKind::exhausted, "the disk is full"), machine);
    ASSERT_TRUE(newer);
    EXPECT_EQ(newer->route.epoch, Epoch{4});
    EXPECT_FALSE(keeper.ended(kStart, {}, machine));
    EXPECT_FALSE(keeper.next_deadline());
}

TEST_F(StateKeeperTest, AMachineBeginsWithWhatIsStored) {
    const StoredState fence{.route = {}, .fenced = Epoch{4}, .adopted_alone = false};
    EXPECT_FALSE(loaded_from(std::nullopt).route);
    EXPECT_FALSE(loaded_from(fence).route) << "it has a fence, and no route";
    EXPECT_EQ(loaded_from(fence).fenced, Epoch{4});
    const HostRoute route{.epoch = Epoch{3}, .active = kEast, .users = kEast};
    const StoredState whole{.route = route, .fenced = Epoch{}, .adopted_alone = true};
    EXPECT_EQ(loaded_from(whole).route, route);
    EXPECT_TRUE(loaded_from(whole).adopted_alone);
}

}  // namespace
}  // namespace farshore::core
