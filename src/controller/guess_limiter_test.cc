#include "controller/guess_limiter.h"

#include <gtest/gtest.h>

namespace farshore::controller {
namespace {

using namespace std::chrono_literals;

TEST(GuessLimiter, WaitsGrowAfterAFewSlips) {
    GuessLimiter limiter({.free = 3, .pause_first = 100ms, .pause_max = 1s});
    Instant now{100s};
    for (int i = 0; i < 3; ++i) {
        EXPECT_EQ(limiter.wrong("10.0.0.1", now), 0ms);
    }
    for (const Duration wait : {100ms, 200ms, 400ms, 800ms, 1000ms, 1000ms}) {
        EXPECT_EQ(limiter.wrong("10.0.0.1", now), wait);
    }
    EXPECT_EQ(limiter.wrong("10.0.0.2", now), 0ms) << "another address";
    now += 1min + 1ms;
    EXPECT_EQ(limiter.wrong("10.0.0.1", now), 0ms) << "forgiven";
    EXPECT_EQ(limiter.guesses(), 11U);
    for (int i = 0; i < 200; ++i) {
        EXPECT_LE(limiter.wrong("10.0.0.1", now), 1s);
    }
}

TEST(GuessLimiter, SaysHowMuchOfAWaitIsLeft) {
    GuessLimiter limiter({.free = 1, .pause_first = 100ms, .pause_max = 1s});
    const Instant now{100s};
    EXPECT_EQ(limiter.left("10.0.0.1", now), 0ms);
    (void)limiter.wrong("2001:db8::1", now);
    EXPECT_EQ(limiter.left("2001:db8::1", now), 0ms) << "a slip";
    (void)limiter.wrong("2001:db8::1", now);
    EXPECT_EQ(limiter.left("2001:db8::2", now + 30ms), 70ms) << "of the same /64";
    EXPECT_EQ(limiter.left("2001:db8::1", now + 2s), 0ms);
    EXPECT_EQ(limiter.left("2001:db8:1::1", now), 0ms);
}

TEST(GuessLimiter, ItsMemoryIsBoundedAndWhoeverGoesOnIsRemembered) {
    GuessLimiter limiter({.free = 1, .addresses_max = 100});
    const Instant now{100s};
    for (int i = 0; i < 10'000; ++i) {
        (void)limiter.wrong("10.1." + std::to_string(i / 250) + "." + std::to_string(i % 250), now);
        if (i > 0) {
            EXPECT_GT(limiter.wrong("10.0.0.1", now) + (i == 1 ? 1ms : 0ms), 0ms) << i;
        }
    }
    EXPECT_EQ(limiter.addresses(), 100U);
}

TEST(GuessLimiter, AnIpv6NetworkIsOneAddress) {
    EXPECT_EQ(guessing_address("2001:db8::1"), guessing_address("2001:db8::ffff:0:0:2"));
    EXPECT_NE(guessing_address("2001:db8::1"), guessing_address("2001:db8:0:1::1"));
    EXPECT_EQ(guessing_address("::ffff:10.0.0.1"), "10.0.0.1");
    EXPECT_EQ(guessing_address("10.0.0.1"), "10.0.0.1");
    EXPECT_EQ(guessing_address(""), "");
}

}  // namespace
}  // namespace farshore::controller
