#include "core/records/epoch_watch.h"

#include <gtest/gtest.h>

namespace farshore::core {
namespace {

using namespace std::chrono_literals;

const RegionId kA{"us-east-1"};
const RegionId kB{"eu-west-1"};
const RegionId kC{"us-west-2"};
constexpr Instant kBegan{1000s};

EpochItem item(std::uint64_t epoch, const RegionId& active) {
    return {.epoch = Epoch{epoch}, .active = active, .terms = {.lease = 3s}, .register_id = "ours"};
}

CopyAnswer read(EpochItem copy) {
    return {.word = CopyWord::done, .item = std::move(copy)};
}

const CopyAnswer kSilent{.word = CopyWord::not_done, .why = "no answer"};
const CopyAnswer kDamaged{.word = CopyWord::damaged, .why = "damaged"};

// Readings of three copies; epoch 7 is in force in the first Region.
class EpochWatchTest : public testing::Test {
  protected:
    void begin(std::size_t copies = 3) {
        survey_.emplace(
            Survey::Begun{.at = kBegan, .wall = utc_from_ms(5), .copies = copies}, named_
        );
    }

    // What is told of an answer, and to_heal_ for what is to be written anew.
    std::optional<EpochsRead> take(const RegionId& region, const CopyAnswer& answer) {
        std::optional<EpochsRead> told = survey_->take(now_, region, answer);
        to_heal_ = watch_.to_heal(now_, *survey_, region, answer, in_force_);
        return told;
    }

    std::string why_apart(const RegionId& region) const {
        for (const EpochWatch::Apart& copy : watch_.apart(now_)) {
            if (copy.region == region) {
                return copy.why;
            }
        }
        return {};
    }

    NamedLately named_;
    EpochWatch watch_{3s};
    std::optional<Survey> survey_;
    EpochItem in_force_ = item(7, kA);
    Instant now_ = kBegan;
    std::vector<RegionId> to_heal_;
};

TEST_F(EpochWatchTest, TheCoreIsToldWhenAMajorityAgreesAndAgainOfWhatComesLater) {
    begin();
    EXPECT_FALSE(take(kA, read(item(7, kA))));
    const auto told = take(kB, read(item(7, kA)));
    ASSERT_TRUE(told) << "a copy that hangs is not waited for";
    EXPECT_EQ(told->reading.started, kBegan);
    EXPECT_EQ(told->reading.started_wall, utc_from_ms(5));
    EXPECT_EQ(told->reading.asked, 3U);
    EXPECT_EQ(told->reading.copies.size(), 2U);
    const auto whole = take(kC, read(item(6, kB)));
    ASSERT_TRUE(whole);
    EXPECT_EQ(whole->reading.copies.size(), 3U);
    EXPECT_TRUE(survey_->is_whole());
}

TEST_F(EpochWatchTest, OfManyCopiesTheLaterOnesAreToldTogether) {
    begin(5);
    (void)take(kA, read(item(kEpochMax.value(), kB)));
    (void)take(kB, read(item(7, kA)));
    (void)take(kC, read(item(7, kA)));
    EXPECT_TRUE(take(RegionId{"sa-east-1"}, read(item(7, kA))));
    EXPECT_TRUE(to_heal_.empty()) << "a stray waits for the end of the reading";
    begin(5);
    (void)take(kA, read(item(7, kA)));
    (void)take(kB, read(item(7, kA)));
    EXPECT_TRUE(take(kC, read(item(7, kA))));
    EXPECT_FALSE(take(RegionId{"sa-east-1"}, read(item(7, kA))));
    const auto whole = take(RegionId{"eu-west-2"}, read(item(7, kA)));
    ASSERT_TRUE(whole);
    EXPECT_EQ(whole->reading.copies.size(), 5U);
}

TEST_F(EpochWatchTest, ACopyThatDoesNotAnswerAtLastIsNoNews) {
    begin();
    (void)take(kA, read(item(7, kA)));
    ASSERT_TRUE(take(kB, read(item(7, kA))));
    EXPECT_FALSE(take(kC, kSilent)) << "the core has been told of both copies";
    EXPECT_EQ(survey_->reading().detail, "us-west-2: no answer");
}

TEST_F(EpochWatchTest, WithoutAgreementTheWholeReadingIsTold) {
    begin();
    EXPECT_FALSE(take(kA, read(item(7, kA))));
    EXPECT_FALSE(take(kB, read(item(8, kB))));
    EXPECT_TRUE(take(kC, kSilent));
    begin();
    EXPECT_FALSE(take(kA, kSilent));
    EXPECT_FALSE(take(kB, kSilent));
    const auto nothing = take(kC, kSilent);
    ASSERT_TRUE(nothing) << "that no copy answers is news, too";
    EXPECT_TRUE(nothing->reading.copies.empty());
}

TEST_F(EpochWatchTest, CopiesThatNameNoLeaseOrTwoRegistersAreNotEnough) {
    EpochItem theirs = item(7, kA);
    theirs.register_id = "theirs";
    begin();
    EXPECT_FALSE(take(kA, read(theirs)));
    EXPECT_FALSE(take(kB, read(item(7, kA)))) << "the third copy may make a majority of ours";
    EXPECT_TRUE(take(kC, read(item(7, kA))));
}

TEST_F(EpochWatchTest, ACopyThatMissedARaiseIsWrittenAnewAtOnce) {
    begin();
    (void)take(kA, read(item(6, kB)));
    EXPECT_EQ(to_heal_, std::vector{kA});
    (void)take(kB, read(EpochItem{}));
    EXPECT_EQ(to_heal_, std::vector{kB}) << "there is none yet";
    (void)take(kC, kDamaged);
    EXPECT_EQ(to_heal_, std::vector{kC});
}

TEST_F(EpochWatchTest, ACopyThatIsAheadOrSilentOrOfAnotherMeaningIsLeftAlone) {
    begin();
    (void)take(kA, read(item(8, kB)));
    EXPECT_TRUE(to_heal_.empty());
    (void)take(kB, read(item(7, kB)));
    EXPECT_TRUE(to_heal_.empty());
    (void)take(kC, kSilent);
    EXPECT_TRUE(to_heal_.empty());
}

TEST_F(EpochWatchTest, AStrayIsWrittenAnewOnlyBehindAMajority) {
    begin();
    (void)take(kA, read(item(kEpochMax.value(), kB)));
    EXPECT_TRUE(to_heal_.empty());
    (void)take(kB, read(item(7, kA)));
    EXPECT_TRUE(to_heal_.empty()) << "one more copy has to say what is in force";
    (void)take(kC, read(item(7, kA)));
    EXPECT_EQ(to_heal_, std::vector{kA});
    (void)watch_.healed(kA, false);
    begin();
    (void)take(kA, read(item(kEpochMax.value(), kB)));
    (void)take(kB, read(item(7, kA)));
    (void)take(kC, kSilent);
    EXPECT_TRUE(to_heal_.empty()) << "no majority says what is in force";
}

TEST_F(EpochWatchTest, AStrayIsNotWrittenOverByAControllerThatIsBehind) {
    begin();
    in_force_ = item(6, kB);
    (void)take(kA, read(item(kEpochMax.value(), kB)));
    (void)take(kB, read(item(7, kA)));
    (void)take(kC, read(item(7, kA)));
    EXPECT_TRUE(to_heal_.empty()) << "the majority says something else than this controller";
}

TEST_F(EpochWatchTest, ACopyIsNotWrittenTwiceAtATime) {
    begin();
    (void)take(kA, read(item(6, kB)));
    ASSERT_EQ(to_heal_, std::vector{kA});
    begin();
    (void)take(kA, read(item(6, kB)));
    EXPECT_TRUE(to_heal_.empty());
    EXPECT_EQ(watch_.healed(kA, true), EpochWatch::Healed::up_to_date);
    begin();
    (void)take(kA, read(item(6, kB)));
    EXPECT_EQ(to_heal_, std::vector{kA});
}

TEST_F(EpochWatchTest, WithoutAnEpochInForceNothingIsWritten) {
    begin();
    in_force_ = {};
    (void)take(kA, kDamaged);
    EXPECT_TRUE(to_heal_.empty());
}

TEST_F(EpochWatchTest, ACopyThatCannotBeHealedIsToldOfOnce) {
    begin();
    (void)take(kA, kDamaged);
    EXPECT_EQ(watch_.healed(kA, false), EpochWatch::Healed::failed);
    EXPECT_EQ(watch_.healed(kA, false), EpochWatch::Healed::failed_again);
    EXPECT_EQ(watch_.healed(kA, true), EpochWatch::Healed::up_to_date);
    EXPECT_EQ(watch_.healed(kA, false), EpochWatch::Healed::failed);
}

TEST_F(EpochWatchTest, ACopyIsApartWhenItHasNotCountedForALease) {
    begin();
    (void)take(kA, read(item(8, kB)));
    (void)take(kB, read(item(7, kA)));
    (void)take(kC, kDamaged);
    now_ = kBegan + 3s;
    EXPECT_TRUE(watch_.apart(now_).empty());
    now_ += 1ns;
    EXPECT_EQ(why_apart(kA), "carries epoch 8, from a raise that reached no majority");
    EXPECT_EQ(why_apart(kC), "is damaged");
    EXPECT_EQ(watch_.apart(now_).size(), 2U);
    begin();
    (void)take(kA, read(item(7, kA)));
    (void)take(kC, kSilent);
    EXPECT_EQ(why_apart(kA), "");
    EXPECT_EQ(why_apart(kC), "cannot be read: no answer");
}

TEST_F(EpochWatchTest, WithANewEpochEachCopyHasALeaseOfTime) {
    begin();
    (void)take(kA, read(item(8, kB)));
    now_ = kBegan + 4s;
    ASSERT_NE(why_apart(kA), "");
    in_force_ = item(9, kB);
    (void)take(kA, read(item(8, kB)));
    EXPECT_EQ(why_apart(kA), "");
}

TEST_F(EpochWatchTest, CopiesAreReadThreeTimesInALease) {
    EXPECT_EQ(EpochWatch{3s}.every(), 1s);
    EXPECT_EQ(EpochWatch{1500ms}.every(), 500ms);
    EXPECT_EQ(EpochWatch{1min}.every(), 1s);
}

TEST_F(EpochWatchTest, WhatIsReadIsRememberedAsNamed) {
    begin();
    (void)take(kA, read(item(7, kA)));
    EXPECT_EQ(named_.longest_lease(now_), 3s);
    EXPECT_EQ(named_.last_said(kA), item(7, kA));
}

}  // namespace
}  // namespace farshore::core
