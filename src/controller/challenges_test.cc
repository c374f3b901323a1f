#include "controller/challenges.h"

#include <gtest/gtest.h>

namespace farshore::controller {
namespace {

using namespace std::chrono_literals;
using Answer = Challenges::Answer;

constexpr Instant kNow{100s};

TEST(Challenges, OneIsGoodOnceAndForAShortTime) {
    Challenges challenges(std::string(32, 'k'));
    const std::string one = challenges.issue(std::string(16, '1'), kNow);
    const std::string two = challenges.issue(std::string(16, '2'), kNow);
    EXPECT_NE(one, two);
    EXPECT_EQ(challenges.take(one, kNow + 1s), Answer::good);
    EXPECT_EQ(challenges.take(one, kNow + 2s), Answer::used);
    EXPECT_EQ(challenges.take(two, kNow + 60s), Answer::expired);
    EXPECT_EQ(challenges.take(one, kNow + 60s), Answer::expired);
}

TEST(Challenges, OneOfAnotherProcessOrNoneIsUnknown) {
    Challenges ours(std::string(32, 'k'));
    const Challenges theirs(std::string(32, 'l'));
    EXPECT_EQ(ours.take(theirs.issue(std::string(16, '1'), kNow), kNow), Answer::unknown);
    std::string later = ours.issue(std::string(16, '1'), kNow);
    later[later.find('.') + 1] = '9';
    EXPECT_EQ(ours.take(later, kNow), Answer::unknown) << "its end is signed too";
    for (const char* text : {"", ".", "a.b", "a.1.00", "..................................."}) {
        EXPECT_EQ(ours.take(text, kNow), Answer::unknown) << text;
    }
}

TEST(Challenges, WhatIsRememberedIsBoundedAndForgotten) {
    Challenges challenges(std::string(32, 'k'), 3);
    const auto show = [&](char random, Instant now) {
        return challenges.take(challenges.issue(std::string(16, random), now), now);
    };
    for (const char random : {'a', 'b', 'c'}) {
        EXPECT_EQ(show(random, kNow), Answer::good);
    }
    EXPECT_EQ(show('d', kNow), Answer::too_many);
    EXPECT_EQ(show('e', kNow + 61s), Answer::good);
}

}  // namespace
}  // namespace farshore::controller
