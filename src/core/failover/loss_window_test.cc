#include "core/failover/loss_window.h"

#include <gtest/gtest.h>

namespace farshore::core {
namespace {

using namespace std::chrono_literals;

const RegionId kEast{"us-east-1"};
const RegionId kWest{"eu-west-1"};
const RegionId kSouth{"ap-south-1"};
constexpr Instant kStart{1000s};

TEST(LossWindow, IsUnknownUntilAHeartbeatHasArrivedInThatTarget) {
    LossWindow window(kStart);
    EXPECT_FALSE(window.forecast(kEast, kWest, true));
    window.arrived(kStart + 1s, kEast, kSouth, kStart, 90ms);
    EXPECT_FALSE(window.forecast(kEast, kWest, true)) << "what has arrived elsewhere is not here";
    EXPECT_EQ(window.forecast(kEast, kSouth, true), 0s);
}

TEST(LossWindow, StopsGrowingWhenTheRegionStopsAcknowledging) {
    LossWindow window(kStart);
    window.arrived(kStart + 1s, kEast, kWest, kStart + 900ms, 90ms);
    window.acknowledged(kEast, kStart + 4s);
    EXPECT_EQ(window.forecast(kEast, kWest, true), 3100ms);
    EXPECT_EQ(window.forecast(kEast, kWest, true), 3100ms) << "whatever time it is by now";
    window.acknowledged(kEast, kStart + 2s);
    EXPECT_EQ(window.forecast(kEast, kWest, true), 3100ms)
        << "news that comes late changes nothing";
}

TEST(LossWindow, ClosesWhenTheTargetHasCaughtUp) {
    LossWindow window(kStart);
    window.acknowledged(kEast, kStart + 4s);
    window.arrived(kStart + 6s, kEast, kWest, kStart + 5s, 1s);
    EXPECT_EQ(window.forecast(kEast, kWest, true), 0s);
}

TEST(LossWindow, SilentHostsMayHaveWrittenUntilTheStart) {
    LossWindow window(kStart);
    window.found(kEast, kWest, kStart - 20s);
    EXPECT_EQ(window.forecast(kEast, kWest, false), 20s);
    EXPECT_EQ(window.forecast(kEast, kWest, true), 0s);
}

TEST(LossWindow, ALagThatWasMeasuredLongAgoIsNone) {
    LossWindow window(kStart);
    window.found(kEast, kWest, kStart - 1s);
    EXPECT_FALSE(window.lag(kStart, kEast, kWest, 5s)) << "an earlier life measured no lag";
    window.arrived(kStart + 1s, kEast, kWest, kStart, 90ms);
    EXPECT_EQ(window.lag(kStart + 6s, kEast, kWest, 5s), 90ms);
    EXPECT_FALSE(window.lag(kStart + 7s, kEast, kWest, 5s));
}

TEST(LossWindow, TellsWhatThisLifeHasMeasuredHoweverLongAgo) {
    LossWindow window(kStart);
    window.found(kEast, kSouth, kStart - 1s);
    window.arrived(kStart + 1s, kEast, kWest, kStart, 70ms);
    window.arrived(kStart + 2s, kEast, kWest, kStart + 1s, 90ms);
    const std::vector<LossWindow::Measured> measured = window.measured();
    ASSERT_EQ(measured.size(), 1U) << "an earlier life's heartbeat measures nothing";
    EXPECT_EQ(measured[0].from, kEast);
    EXPECT_EQ(measured[0].to, kWest);
    EXPECT_EQ(measured[0].lag, 90ms);
    EXPECT_EQ(measured[0].at, kStart + 2s);
}

}  // namespace
}  // namespace farshore::core
