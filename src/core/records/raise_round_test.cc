#include "core/records/raise_round.h"

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

CopyAnswer written(std::optional<EpochItem> before = item(7, kA)) {
    return {.word = CopyWord::done, .item = std::move(before)};
}

CopyAnswer read(EpochItem copy) {
    return {.word = CopyWord::done, .item = std::move(copy)};
}

CopyAnswer not_done(CopyWord word, std::string why = "the Region says no") {
    return {.word = word, .why = std::move(why)};
}

// A raise from epoch 7 in the one Region to epoch 8 in the other.
class RaiseRoundTest : public testing::Test {
  protected:
    static RaiseRound::Order order() {
        return {
            .step = StepId{OperationId{"op-1"}, 4},
            .item = item(8, kB),
            .regions = {kA, kB, kC},
            .started = kBegan,
            .started_wall = utc_from_ms(5)
        };
    }

    std::optional<CopyQuestion> take(const RegionId& region, const CopyAnswer& answer) {
        return round_.take(kBegan + 1s, region, answer);
    }

    std::optional<EpochRaised> news() { return round_.news(kBegan + 1s); }

    NamedLately named_;
    RaiseRound round_{order(), named_};
};

TEST_F(RaiseRoundTest, AMajorityIsToldAtOnceAndOnce) {
    EXPECT_EQ(round_.first(), CopyQuestion::write);
    EXPECT_EQ(take(kA, written()), std::nullopt);
    EXPECT_EQ(news(), std::nullopt);
    EXPECT_EQ(take(kC, written()), std::nullopt);
    const auto raised = news();
    ASSERT_TRUE(raised) << "a copy that hangs is not waited for";
    EXPECT_TRUE(raised->majority);
    EXPECT_EQ(raised->confirmed, (std::vector{kA, kC}));
    EXPECT_EQ(raised->step, (StepId{OperationId{"op-1"}, 4}));
    EXPECT_EQ(raised->started, kBegan);
    EXPECT_EQ(raised->started_wall, utc_from_ms(5));
    EXPECT_EQ(raised->highest_seen, Epoch{8});
    EXPECT_FALSE(raised->taken);
    EXPECT_EQ(take(kB, written()), std::nullopt);
    EXPECT_EQ(news(), std::nullopt) << "it has been told";
    EXPECT_EQ(round_.in_full(), 3U);
    EXPECT_EQ(named_.last_said(kA), item(8, kB));
}

// With four copies neither epoch may have a majority: two say one, two the other.
TEST_F(RaiseRoundTest, OfFourCopiesTwoLeaveTheOldEpochNoMajority) {
    const RegionId fourth{"sa-east-1"};
    for (const bool second_landed : {true, false}) {
        NamedLately named;
        RaiseRound::Order of_four = order();
        of_four.regions.push_back(fourth);
        of_four.only_look = true;
        RaiseRound round{of_four, named};
        (void)round.take(kBegan, kA, read(item(7, kA)));
        (void)round.take(kBegan, kB, read(item(8, kB)));
        (void)round.take(kBegan, kC, read(second_landed ? item(8, kB) : item(7, kA)));
        (void)round.take(kBegan, fourth, not_done(CopyWord::lost));
        const auto raised = round.news(kBegan);
        ASSERT_TRUE(raised);
        EXPECT_FALSE(raised->majority);
        EXPECT_EQ(raised->no_way_back, second_landed);
    }
}

TEST_F(RaiseRoundTest, AWriteWhoseAnswerWasLostIsReadBack) {
    EXPECT_EQ(take(kA, not_done(CopyWord::lost)), CopyQuestion::read);
    EXPECT_EQ(take(kB, not_done(CopyWord::lost)), CopyQuestion::read);
    EXPECT_EQ(take(kA, read(item(8, kB))), std::nullopt);
    EXPECT_EQ(take(kB, read(item(8, kB))), std::nullopt);
    const auto raised = news();
    ASSERT_TRUE(raised);
    EXPECT_TRUE(raised->majority);
    EXPECT_EQ(raised->detail, "us-east-1: raised, as read back; eu-west-1: raised, as read back");
    EXPECT_EQ(round_.in_full(), 2U);
}

TEST_F(RaiseRoundTest, ARefusalIsAnAnswerSoTheCopyIsReadBackToo) {
    for (const RegionId& region : {kA, kB}) {
        EXPECT_EQ(take(region, not_done(CopyWord::refused)), CopyQuestion::read);
        EXPECT_EQ(take(region, read(item(7, kA))), std::nullopt);
    }
    EXPECT_EQ(news(), std::nullopt) << "the third copy has not ended";
    (void)take(kC, written());
    const auto raised = news();
    ASSERT_TRUE(raised);
    EXPECT_FALSE(raised->majority);
    EXPECT_TRUE(raised->unchanged_confirmed);
    EXPECT_EQ(raised->confirmed, std::vector{kC});
}

// There is no use in a second question to a Region that did not answer the first.
TEST_F(RaiseRoundTest, WithoutAnEffectAndAnAnswerNothingIsReadBack) {
    EXPECT_EQ(take(kA, not_done(CopyWord::not_done, "no way there")), std::nullopt);
    EXPECT_EQ(take(kB, not_done(CopyWord::not_done, "no way there")), std::nullopt);
    EXPECT_EQ(take(kC, not_done(CopyWord::not_done, "no way there")), std::nullopt);
    const auto raised = news();
    ASSERT_TRUE(raised);
    EXPECT_FALSE(raised->majority);
    EXPECT_FALSE(raised->unchanged_confirmed) << "that they are unchanged is not known";
    EXPECT_FALSE(raised->taken);
    EXPECT_TRUE(raised->detail.starts_with("us-east-1: no way there; "));
}

TEST_F(RaiseRoundTest, AReadThatFailsLeavesTheOutcomeUnknown) {
    EXPECT_EQ(take(kA, not_done(CopyWord::lost, "timed out")), CopyQuestion::read);
    EXPECT_EQ(take(kA, not_done(CopyWord::not_done, "and again")), std::nullopt);
    EXPECT_EQ(take(kB, not_done(CopyWord::lost)), CopyQuestion::read);
    EXPECT_EQ(take(kB, not_done(CopyWord::damaged)), std::nullopt);
    (void)take(kC, written());
    const auto raised = news();
    ASSERT_TRUE(raised);
    EXPECT_FALSE(raised->majority);
    EXPECT_FALSE(raised->unchanged_confirmed);
    EXPECT_TRUE(raised->detail.starts_with("us-east-1: timed out; "));
}

TEST_F(RaiseRoundTest, ItIsTakenWhenNoMajorityIsLeft) {
    (void)take(kA, not_done(CopyWord::refused));
    (void)take(kA, read(item(9, kA)));
    (void)take(kB, not_done(CopyWord::refused));
    (void)take(kB, read(item(8, kA)));
    (void)take(kC, written());
    const auto raised = news();
    ASSERT_TRUE(raised);
    EXPECT_TRUE(raised->taken) << "one is newer, one gives the epoch to another Region";
    EXPECT_EQ(raised->highest_seen, Epoch{9});
    EXPECT_TRUE(round_.met_newer());
}

TEST_F(RaiseRoundTest, OneNewerCopyTakesNothing) {
    (void)take(kA, not_done(CopyWord::refused));
    (void)take(kA, read(item(9, kA)));
    (void)take(kB, not_done(CopyWord::lost));
    (void)take(kB, not_done(CopyWord::not_done));
    (void)take(kC, written());
    EXPECT_FALSE(news()->taken) << "the second copy may carry the epoch";
}

TEST_F(RaiseRoundTest, AStrayCountsOnlyWhenMostCopiesAreThere) {
    (void)take(kA, not_done(CopyWord::refused));
    (void)take(kA, read(item(kEpochMax.value(), kA)));
    (void)take(kB, not_done(CopyWord::lost));
    (void)take(kB, read(item(9, kA)));
    (void)take(kC, not_done(CopyWord::not_done));
    const auto one = news();
    ASSERT_TRUE(one);
    EXPECT_FALSE(one->taken) << "one stray and one newer copy are no two newer ones";
    EXPECT_EQ(one->highest_seen, Epoch{9});

    RaiseRound other{order(), named_};
    for (const RegionId& region : {kA, kB}) {
        (void)other.take(kBegan, region, not_done(CopyWord::refused));
        (void)other.take(kBegan, region, read(item(kEpochMax.value(), kA)));
    }
    (void)other.take(kBegan, kC, written());
    const auto most = other.news(kBegan);
    ASSERT_TRUE(most);
    EXPECT_TRUE(most->taken);
    EXPECT_EQ(most->highest_seen, kEpochMax);
}

TEST_F(RaiseRoundTest, ACopyThatNamedAnotherRegisterIsTold) {
    EpochItem theirs = item(7, kA);
    theirs.register_id = "theirs";
    (void)take(kA, written());
    (void)take(kB, written(theirs));
    EXPECT_TRUE(news()->other_register);
}

TEST_F(RaiseRoundTest, WithoutAnAnswerTheRegisterIsTheOneThatWasReadLast) {
    EpochItem theirs = item(7, kA);
    theirs.register_id = "theirs";
    named_.was_read(kBegan, kA, theirs);
    (void)take(kA, not_done(CopyWord::lost));
    (void)take(kA, read(item(8, kB)));
    (void)take(kB, written());
    EXPECT_TRUE(news()->other_register);
    RaiseRound again{order(), named_};
    (void)again.take(kBegan, kA, written());
    (void)again.take(kBegan, kB, written());
    EXPECT_FALSE(again.news(kBegan)->other_register) << "by now it names ours";
}

TEST_F(RaiseRoundTest, WhatIsReadBackWithOtherTermsConfirmsAndIsNotWhole) {
    EpochItem other = item(8, kB);
    other.register_id = "theirs";
    (void)take(kA, not_done(CopyWord::lost, "timed out"));
    (void)take(kA, read(other));
    (void)take(kB, written());
    const auto raised = news();
    ASSERT_TRUE(raised);
    EXPECT_TRUE(raised->majority);
    EXPECT_TRUE(raised->other_register);
    EXPECT_EQ(round_.in_full(), 1U);
    EXPECT_TRUE(raised->detail.contains("but it names the register of another store: timed out"));
}

TEST_F(RaiseRoundTest, TheLongestLeaseNamedBeforeIsTold) {
    EpochItem longer = item(7, kA);
    longer.terms.lease = 10s;
    (void)take(kA, written(longer));
    (void)take(kB, written());
    EXPECT_EQ(news()->longest_lease, 10s) << "an agent may have read that copy just before";
}

TEST_F(RaiseRoundTest, ALookWritesNothing) {
    RaiseRound::Order only_look = order();
    only_look.only_look = true;
    RaiseRound look{std::move(only_look), named_};
    EXPECT_EQ(look.first(), CopyQuestion::read);
    EXPECT_EQ(look.take(kBegan, kA, read(item(8, kB))), std::nullopt);
    EXPECT_EQ(look.take(kBegan, kB, not_done(CopyWord::not_done)), std::nullopt);
    EXPECT_EQ(look.take(kBegan, kC, read(item(7, kA))), std::nullopt);
    const auto raised = look.news(kBegan);
    ASSERT_TRUE(raised);
    EXPECT_FALSE(raised->majority);
    EXPECT_FALSE(raised->unchanged_confirmed) << "one that did not answer may carry it";
    EXPECT_EQ(
        raised->detail, "us-east-1: raised, as read back; eu-west-1: no answer; us-west-2: still 7"
    );
}

TEST_F(RaiseRoundTest, AnAnswerThatComesTwiceCountsOnce) {
    (void)take(kA, written());
    EXPECT_EQ(take(kA, written()), std::nullopt);
    EXPECT_EQ(news(), std::nullopt);
}

TEST_F(RaiseRoundTest, WithoutAStepNothingIsTold) {
    RaiseRound::Order quiet = order();
    quiet.step.reset();
    quiet.regions = {kA};
    RaiseRound heal{std::move(quiet), named_};
    (void)heal.take(kBegan, kA, written());
    EXPECT_EQ(heal.news(kBegan), std::nullopt);
    EXPECT_EQ(heal.in_full(), 1U);
}

TEST(FailedWrite, SaysWhetherTheRegionAnsweredAndWhetherItMayHaveLanded) {
    const auto word = [](ErrorKind kind, Effect effect) {
        return failed_write({.kind = kind, .effect = effect, .text = "why"}).word;
    };
    for (const ErrorKind kind :
         {ErrorKind::conflict, ErrorKind::denied, ErrorKind::malformed, ErrorKind::throttled}) {
        EXPECT_EQ(word(kind, Effect::none), CopyWord::refused) << to_string(kind);
    }
    EXPECT_EQ(word(ErrorKind::unavailable, Effect::none), CopyWord::not_done);
    EXPECT_EQ(word(ErrorKind::not_found, Effect::none), CopyWord::not_done);
    EXPECT_EQ(word(ErrorKind::unavailable, Effect::possible), CopyWord::lost);
    EXPECT_EQ(word(ErrorKind::timed_out, Effect::possible), CopyWord::lost);
    EXPECT_EQ(word(ErrorKind::throttled, Effect::possible), CopyWord::lost)
        << "an earlier attempt of the same request may have landed";
    EXPECT_EQ(failed_write({.text = "why"}).why, "why");
}

TEST(FailedRead, SaysWhetherThereIsADamagedItem) {
    EXPECT_EQ(failed_read({.kind = ErrorKind::malformed}).word, CopyWord::damaged);
    EXPECT_EQ(failed_read({.kind = ErrorKind::timed_out}).word, CopyWord::not_done);
}

TEST(NamedLately, ALeaseIsRememberedForAsLongAsAnAgentMayHoldIt) {
    NamedLately named;
    EpochItem longer = item(7, kA);
    longer.terms.lease = 10s;
    named.was_read(kBegan, kA, longer);
    named.was_read(kBegan + 1s, kA, item(7, kA));
    named.was_read(kBegan + 10s, kA, item(7, kA));
    EXPECT_EQ(named.longest_lease(kBegan + 10s), 10s);
    EXPECT_EQ(named.longest_lease(kBegan + 10s + 1ns), 3s);
    EXPECT_EQ(named.longest_lease(kBegan + 13s), 3s);
    EXPECT_EQ(named.longest_lease(kBegan + 13s + 1ns), Duration::zero());
}

TEST(NamedLately, AWriteNamesAnewWhatTheCopyNamedUntilThen) {
    NamedLately named;
    EpochItem longer = item(7, kA);
    longer.terms.lease = 10s;
    named.was_read(kBegan, kA, longer);
    EXPECT_EQ(named.was_asked_to_change(kBegan + 5s, kA, std::nullopt), "ours");
    EXPECT_EQ(named.longest_lease(kBegan + 15s), 10s) << "an agent may have read it at 5 s";
    named.was_written(kA, item(8, kB));
    EXPECT_EQ(named.was_asked_to_change(kBegan + 16s, kA, std::nullopt), "ours");
    EXPECT_EQ(named.longest_lease(kBegan + 16s), 3s);
    EXPECT_EQ(named.was_asked_to_change(kBegan + 16s, kB, std::nullopt), "")
        << "that copy was never read";
}

TEST(MayReplace, NoNewerEpochAndNoOtherMeaning) {
    EXPECT_TRUE(may_replace(EpochItem{}, item(8, kB)));
    EXPECT_TRUE(may_replace(item(7, kA), item(8, kB)));
    EXPECT_TRUE(may_replace(item(8, kB), item(8, kB))) << "it is what is written";
    EXPECT_FALSE(may_replace(item(8, kA), item(8, kB)));
    EXPECT_FALSE(may_replace(item(9, kB), item(8, kB)));
    EXPECT_TRUE(may_replace(item(8 + kAheadMax + 1, kB), item(8, kB)));
    EXPECT_FALSE(may_replace(item(8 + kAheadMax, kB), item(8, kB)));
}

}  // namespace
}  // namespace farshore::core
