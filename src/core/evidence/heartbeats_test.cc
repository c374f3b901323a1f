#include "core/evidence/heartbeats.h"

#include <gtest/gtest.h>

namespace farshore::core {
namespace {

using namespace std::chrono_literals;

const RegionId kEast{"us-east-1"};
const RegionId kWest{"eu-west-1"};

class HeartbeatsTest : public ::testing::Test {
  protected:
    // Written and acknowledged `took` later.
    HeartbeatItem beat(Duration took = 5ms) {
        const Heartbeats::Beat begun = beats.begin(now, kEast);
        pass(took);
        (void)beats.acknowledged(now.at, kEast, begun);
        return beats.item(begun);
    }

    template <class E>
    std::optional<E> seen(const std::optional<HeartbeatItem>& found) {
        const std::optional<Event> event = beats.seen(now, kEast, kWest, found);
        return event ? std::optional{std::get<E>(*event)} : std::nullopt;
    }

    void pass(Duration time) {
        now.at += time;
        now.wall += std::chrono::duration_cast<WallClock::duration>(time);
    }

    [[nodiscard]] HeartbeatItem of_earlier_life(Duration ago) const {
        return {
            .life = "before",
            .sequence = 900,
            .at = now.wall - std::chrono::duration_cast<WallClock::duration>(ago)
        };
    }

    [[nodiscard]] Duration pause() const { return beats.pause(now.at, kEast, kWest); }

    Now now{.at = Instant{1h}, .wall = utc_from_ms(1'700'000'000'000)};
    Heartbeats beats{"now", now.at};
};

TEST_F(HeartbeatsTest, TheLagIsFromTheBeginOfTheWriteToTheFirstReadThatSawIt) {
    const HeartbeatItem written = beat(20ms);
    pass(80ms);
    const auto arrived = seen<HeartbeatArrived>(written);
    ASSERT_TRUE(arrived);
    EXPECT_EQ(arrived->lag, 100ms);
    EXPECT_EQ(arrived->written, now.at - 100ms);
    pass(1s);
    EXPECT_FALSE(seen<HeartbeatArrived>(written)) << "it is told once";
}

TEST_F(HeartbeatsTest, AnAcknowledgedWriteIsToldWithTheBeginOfItsWrite) {
    const Instant begun = now.at;
    const Heartbeats::Beat first = beats.begin(now, kEast);
    pass(30ms);
    EXPECT_EQ(beats.acknowledged(now.at, kEast, first).at, begun)
        << "it may have been carried out at any moment since";
}

TEST_F(HeartbeatsTest, AHeartbeatWithoutAnAnswerProvesByItsArrivalWhatAnyOtherDoes) {
    const Heartbeats::Beat lost = beats.begin(now, kEast);
    pass(70ms);
    const auto arrived = seen<HeartbeatArrived>(beats.item(lost));
    ASSERT_TRUE(arrived);
    EXPECT_EQ(arrived->lag, 70ms);
}

TEST_F(HeartbeatsTest, AnOlderOneThatIsReadLaterSaysNothing) {
    const HeartbeatItem first = beat();
    const HeartbeatItem second = beat();
    EXPECT_TRUE(seen<HeartbeatArrived>(second));
    EXPECT_FALSE(seen<HeartbeatArrived>(first));
}

TEST_F(HeartbeatsTest, TheLastOneOfAnEarlierLifeIsToldAtTheFirstLook) {
    const auto found = seen<HeartbeatFound>(of_earlier_life(7min));
    ASSERT_TRUE(found);
    EXPECT_EQ(found->written_ago, 7min);
    EXPECT_FALSE(seen<HeartbeatFound>(of_earlier_life(7min)));
}

TEST_F(HeartbeatsTest, OneFromTheFutureProvesNothing) {
    EXPECT_FALSE(seen<HeartbeatFound>(of_earlier_life(-1ms)))
        << "the wall clock was set back since";
    EXPECT_FALSE(seen<HeartbeatFound>(of_earlier_life(1min))) << "the first look was it";
}

TEST_F(HeartbeatsTest, OneWithoutATimeProvesNothing) {
    HeartbeatItem item = of_earlier_life(1min);
    item.at.reset();
    EXPECT_FALSE(seen<HeartbeatFound>(item));
}

TEST_F(HeartbeatsTest, AnEarlierLifeIsNotOfInterestOnceThisOneWasSeen) {
    EXPECT_TRUE(seen<HeartbeatArrived>(beat()));
    EXPECT_FALSE(seen<HeartbeatFound>(of_earlier_life(1min)));
}

TEST_F(HeartbeatsTest, NumbersOfAnEarlierLifeAreNotThisOnes) {
    const HeartbeatItem written = beat();
    EXPECT_TRUE(beats.shows(written, 1));
    EXPECT_FALSE(beats.shows(written, 2)) << "a consistent read does not see what was just written";
    EXPECT_FALSE(beats.shows(of_earlier_life(0s), 1));
    EXPECT_FALSE(beats.shows(std::nullopt, 1));
}

TEST_F(HeartbeatsTest, AWriteThatWasLongUnderWayStaysBehindANewerOne) {
    const HeartbeatItem first = beat();
    const HeartbeatItem second = beat();
    EXPECT_TRUE(may_replace(std::nullopt, first));
    EXPECT_TRUE(may_replace(first, second));
    EXPECT_FALSE(may_replace(second, first));
    EXPECT_FALSE(may_replace(second, second));
    EXPECT_TRUE(may_replace(of_earlier_life(0s), first));
}

// The Region `to` is asked often while something may arrive, seldom when nothing does for long, and
// not at all when there is nothing to look for.
TEST_F(HeartbeatsTest, WhatDoesNotArriveIsLookedForMoreAndMoreSeldom) {
    EXPECT_TRUE(beats.is_awaited(kEast, kWest)) << "an earlier life may have left one";
    EXPECT_FALSE(seen<HeartbeatFound>(std::nullopt));
    EXPECT_FALSE(beats.is_awaited(kEast, kWest));
    pass(10s);
    const HeartbeatItem first = beat();
    EXPECT_TRUE(beats.is_awaited(kEast, kWest));
    EXPECT_EQ(pause(), 30ms);
    pass(2s - 1ns);
    (void)beat(0ns);
    EXPECT_EQ(pause(), 30ms);
    pass(1ns);
    EXPECT_EQ(pause(), 500ms) << "a newer heartbeat begins no new patience";
    EXPECT_TRUE(seen<HeartbeatArrived>(first));
    EXPECT_EQ(pause(), 30ms) << "the second one is still to come";
}

TEST_F(HeartbeatsTest, ALongOutageKeepsNoMoreThanTheNewestFew) {
    const HeartbeatItem oldest = beat();
    for (int i = 0; i < 64; ++i) {
        (void)beat();
    }
    EXPECT_FALSE(seen<HeartbeatArrived>(oldest)) << "when it was written is forgotten";
    EXPECT_TRUE(seen<HeartbeatArrived>(beat()));
}

}  // namespace
}  // namespace farshore::core
