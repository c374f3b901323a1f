#include "controller/challenges.h"

#include <gtest/gtest.h>

namespace farshore::controller {
namespace {

using namespace std::chrono_literals;
using Answer = Challenges::Answer;

constexpr Instant kNow{100s};
const std::string kHere{"198.51.100.7"};

TEST(Challenges, OneIsGoodOnceAndForAShortTime) {
    Challenges challenges(std::string(32, 'k'));
    const std::string one = challenges.issue(std::string(16, '1'), kNow);
    const std::string two = challenges.issue(std::string(16, '2'), kNow);
    EXPECT_NE(one, two);
    EXPECT_EQ(challenges.take(one, kHere, kNow + 1s), Answer::good);
    EXPECT_EQ(challenges.take(one, kHere, kNow + 2s), Answer::used);
    EXPECT_EQ(challenges.take(two, kHere, kNow + 60s), Answer::expired);
    EXPECT_EQ(challenges.take(one, kHere, kNow + 60s), Answer::expired);
}

TEST(Challenges, OneOfAnotherProcessOrNoneIsUnknown) {
    Challenges ours(std::string(32, 'k'));
    const Challenges theirs(std::string(32, 'l'));
    EXPECT_EQ(ours.take(theirs.issue(std::string(16, '1'), kNow), kHere, kNow), Answer::unknown);
    std::string later = ours.issue(std::string(16, '1'), kNow);
    later[later.find('.') + 1] = '9';
    EXPECT_EQ(ours.take(later, kHere, kNow), Answer::unknown) << "its end is signed too";
    for (const char* text : {"", ".", "a.b", "a.1.00", "..................................."}) {
        EXPECT_EQ(ours.take(text, kHere, kNow), Answer::unknown) << text;
    }
}

TEST(Challenges, WhatIsRememberedIsBoundedAndForgotten) {
    Challenges challenges(std::string(32, 'k'), {.used_max = 3, .used_from_one_max = 2});
    const auto show = [&](char random, const std::string& from, Instant now) {
        return challenges.take(challenges.issue(std::string(16, random), now), from, now);
    };
    EXPECT_EQ(show('a', kHere, kNow), Answer::good);
    EXPECT_EQ(show('b', kHere, kNow), Answer::good);
    EXPECT_EQ(show('c', kHere, kNow), Answer::too_many) << "one address leaves room";
    EXPECT_EQ(show('d', "198.51.100.8", kNow), Answer::good);
    EXPECT_EQ(show('e', "198.51.100.9", kNow), Answer::too_many);
    for (const char random : {'f', 'g'}) {
        EXPECT_EQ(show(random, kHere, kNow + 61s), Answer::good);
    }
    EXPECT_EQ(show('h', kHere, kNow + 61s), Answer::too_many);
}

}  // namespace
}  // namespace farshore::controller
