#include "core/records/self_registration.h"

#include <gtest/gtest.h>

namespace farshore::core {
namespace {

using namespace std::chrono_literals;
using News = SelfRegistration::News;

constexpr Instant kBegan{1000s};

// A host that has just started, beside three tables.
class SelfRegistrationTest : public testing::Test {
  protected:
    // The errand that is due when the next thing is.
    std::optional<SelfRegistration::Errand> next() {
        now_ = std::max(now_, host_.next_deadline());
        return host_.due(now_);
    }

    void register_itself() {
        host_.want(now_, "ours");
        const auto errand = next();
        ASSERT_TRUE(errand);
        (void)host_.take(now_, errand->number, true);
        ASSERT_EQ(host_.take(now_, errand->number, true), News::registered);
    }

    SelfRegistration host_{kBegan, 3};
    Instant now_ = kBegan;
};

TEST_F(SelfRegistrationTest, ControllersComeFirst) {
    host_.want(now_, "ours");
    EXPECT_EQ(host_.due(kBegan + 499ms), std::nullopt);
    const auto errand = host_.due(kBegan + 500ms);
    ASSERT_TRUE(errand);
    EXPECT_TRUE(errand->add);
    EXPECT_EQ(errand->register_id, "ours");
    EXPECT_EQ(host_.due(kBegan + 600ms), std::nullopt) << "it is under way";
}

TEST_F(SelfRegistrationTest, AMajorityOfTheTablesMakesItKnown) {
    host_.want(now_, "ours");
    const auto errand = next();
    EXPECT_EQ(host_.take(now_, errand->number, true), News::none);
    EXPECT_FALSE(host_.covers("ours", now_));
    now_ += 20ms;
    EXPECT_EQ(host_.take(now_, errand->number, true), News::registered);
    EXPECT_EQ(host_.state(), "by itself");
    EXPECT_TRUE(host_.covers("ours", now_));
    EXPECT_FALSE(host_.covers("ours", now_ - 1ns))
        << "items that were read before say nothing of a fence that did not know the host";
    EXPECT_FALSE(host_.covers("theirs", now_));
    EXPECT_FALSE(host_.covers("", now_));
}

TEST_F(SelfRegistrationTest, WithoutAMajorityItIsToldAndTriedAgainASecondLater) {
    host_.want(now_, "ours");
    const auto errand = next();
    EXPECT_EQ(host_.take(now_, errand->number, true), News::none);
    EXPECT_EQ(host_.take(now_, errand->number, false), News::none);
    EXPECT_EQ(host_.take(now_, errand->number, false), News::not_registered);
    EXPECT_EQ(host_.next_deadline(), now_ + 1s);
    host_.want(now_, "ours");
    EXPECT_EQ(host_.next_deadline(), now_ + 1s) << "that is known already";
    EXPECT_EQ(host_.state(), "");
    const auto again = next();
    ASSERT_TRUE(again);
    EXPECT_EQ(host_.take(now_, errand->number, true), News::none) << "that errand is over";
    EXPECT_EQ(host_.take(now_, again->number, true), News::none);
    EXPECT_EQ(host_.take(now_, again->number, true), News::registered);
}

TEST_F(SelfRegistrationTest, TheRegistrationIsRenewed) {
    register_itself();
    const Instant registered = now_;
    EXPECT_EQ(host_.next_deadline(), now_ + 60s);
    const auto renewal = next();
    ASSERT_TRUE(renewal) << "an operator may have taken the host out of the register by mistake";
    EXPECT_TRUE(renewal->add);
    (void)host_.take(now_, renewal->number, true);
    EXPECT_EQ(host_.take(now_, renewal->number, true), News::none);
    EXPECT_TRUE(host_.covers("ours", registered)) << "it was known all the time";
}

TEST_F(SelfRegistrationTest, AHelloMakesItKnownAndNothingIsWritten) {
    host_.enrolled(now_, "ours");
    EXPECT_TRUE(host_.covers("ours", now_));
    EXPECT_FALSE(host_.covers("ours", now_ - 1ns));
    EXPECT_EQ(host_.state(), "by hello");
    EXPECT_EQ(next(), std::nullopt);
    const Instant asleep_until = host_.next_deadline();
    host_.want(now_, "ours");
    EXPECT_EQ(host_.next_deadline(), asleep_until) << "that is nothing to wake up for";
    EXPECT_EQ(next(), std::nullopt);
    host_.enrolled(now_ + 5s, "ours");
    EXPECT_TRUE(host_.covers("ours", kBegan)) << "a second hello says nothing new";
}

TEST_F(SelfRegistrationTest, WhatItWroteIsTakenBackOnceAControllerKnowsIt) {
    register_itself();
    host_.enrolled(now_, "ours");
    const auto errand = next();
    ASSERT_TRUE(errand);
    EXPECT_FALSE(errand->add);
    EXPECT_EQ(host_.take(now_, errand->number, true), News::none);
    EXPECT_EQ(host_.take(now_, errand->number, true), News::none);
    EXPECT_EQ(host_.state(), "by hello");
    EXPECT_EQ(next(), std::nullopt);
    host_.enrolled(now_, "theirs");
    EXPECT_EQ(next(), std::nullopt) << "no copy names the first register any more";
}

TEST_F(SelfRegistrationTest, WhatCouldNotBeTakenBackStopsNoWrite) {
    register_itself();
    host_.enrolled(now_, "ours");
    const auto errand = next();
    ASSERT_TRUE(errand);
    for (int table = 0; table < 3; ++table) {
        EXPECT_EQ(host_.take(now_, errand->number, false), News::none);
    }
    EXPECT_EQ(host_.next_deadline(), now_ + 60s);
    EXPECT_TRUE(host_.covers("ours", now_));
}

TEST_F(SelfRegistrationTest, ItemsThatNameNoRegisterAreNotOnesThatKnowTheHost) {
    host_.enrolled(now_, "");
    EXPECT_FALSE(host_.covers("", now_));
}

TEST_F(SelfRegistrationTest, ItemsOfAnotherRegisterAreRegisteredFor) {
    host_.enrolled(now_, "ours");
    host_.want(now_, "theirs");
    const auto errand = next();
    ASSERT_TRUE(errand) << "a controller of theirs has not heard of this host";
    EXPECT_EQ(errand->register_id, "theirs");
}

TEST_F(SelfRegistrationTest, WhatChangesWhileAnErrandRunsIsDoneRightAfterIt) {
    host_.want(now_, "ours");
    const auto errand = next();
    host_.enrolled(now_, "ours");
    EXPECT_EQ(host_.due(now_), std::nullopt);
    (void)host_.take(now_, errand->number, true);
    (void)host_.take(now_, errand->number, true);
    const auto back = host_.due(now_);
    ASSERT_TRUE(back);
    EXPECT_FALSE(back->add);
}

TEST_F(SelfRegistrationTest, AnErrandWithoutAnswersIsGivenUp) {
    host_.want(now_, "ours");
    const auto first = next();
    const auto second = next();
    ASSERT_TRUE(second);
    EXPECT_NE(second->number, first->number);
    EXPECT_EQ(second->register_id, "ours");
}

}  // namespace
}  // namespace farshore::core
