#include "core/lease/clock_watch.h"

#include <gtest/gtest.h>

namespace farshore::core {
namespace {

using namespace std::chrono_literals;

// The other clock, and messages from it that take their time.
class ClockWatchTest : public ::testing::Test {
  protected:
    bool message(Duration under_way) {
        theirs_ += 1s;
        ours_ += 1s;
        return watch_.has_lost_time(theirs_ - under_way, ours_);
    }

    ClockWatch watch_{200ms};
    Duration theirs_ = 5000s;
    Instant ours_{100s};
};

TEST_F(ClockWatchTest, ClocksThatGoOnTogetherLoseNothingHoweverLongMessagesTake) {
    for (const Duration under_way : {5ms, 900ms, 3ms, 4000ms, 10ms}) {
        EXPECT_FALSE(message(under_way));
    }
}

TEST_F(ClockWatchTest, AStopThatIsLongerThanAllowedIsFoundOnce) {
    for (int i = 0; i < 5; ++i) {
        (void)message(10ms);
    }
    theirs_ += 150ms;
    EXPECT_FALSE(message(10ms)) << "clocks may differ by so much";
    theirs_ += 400ms;
    EXPECT_TRUE(message(10ms));
    EXPECT_FALSE(message(10ms));
}

TEST_F(ClockWatchTest, TheFirstMessageAfterALongStopTells) {
    (void)message(10ms);
    theirs_ += 1h;
    EXPECT_TRUE(message(900ms));
}

TEST_F(ClockWatchTest, ASlowDriftIsNoStopAndHidesNone) {
    for (int i = 0; i < 3000; ++i) {
        theirs_ -= 1ms;  // ours is the faster one
        EXPECT_FALSE(message(10ms));
    }
    theirs_ += 500ms;
    EXPECT_TRUE(message(10ms)) << "three seconds of drift do not hide half a second";
    for (int i = 0; i < 3000; ++i) {
        theirs_ += 1ms;
        EXPECT_FALSE(message(10ms));
    }
}

TEST_F(ClockWatchTest, AnotherProcessOfTheOtherSideIsANewBeginning) {
    (void)message(10ms);
    watch_.forget();
    theirs_ += 1h;
    EXPECT_FALSE(message(10ms));
}

}  // namespace
}  // namespace farshore::core
