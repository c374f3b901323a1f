#include "core/records/epoch_reader.h"

#include <gtest/gtest.h>

namespace farshore::core {
namespace {

using namespace std::chrono_literals;

const RegionId kA{"us-east-1"};
const RegionId kB{"eu-west-1"};
constexpr Instant kBegan{1000s};

EpochItem item(std::uint64_t epoch, const RegionId& active) {
    return {.epoch = Epoch{epoch}, .active = active, .terms = {.lease = 3s}, .register_id = "ours"};
}

CopyAnswer read(EpochItem copy) {
    return {.word = CopyWord::done, .item = std::move(copy)};
}

const CopyAnswer kSilent{.word = CopyWord::not_done};

// A host under epoch 7 that reads three copies.
class EpochReaderTest : public testing::Test {
  protected:
    EpochReaderTest() { registration_.enrolled(kBegan - 1s, "ours"); }

    void begin() {
        now_ = std::max(now_, reader_.next_deadline());
        const auto number = reader_.begin(now_);
        ASSERT_TRUE(number);
        number_ = *number;
        begun_ = now_;
    }

    std::optional<HostInput> take(const CopyAnswer& answer) {
        now_ += 10ms;
        return reader_.take(now_, number_, answer, self_);
    }

    std::optional<RecordsAgree> agree(const CopyAnswer& answer) {
        const auto input = take(answer);
        const auto* agreed = input ? std::get_if<RecordsAgree>(&*input) : nullptr;
        return agreed != nullptr ? std::optional{*agreed} : std::nullopt;
    }

    SelfRegistration registration_{kBegan - 10s, 3};
    EpochReader reader_{{.copies = 3, .regions = {kA, kB}, .lease = 3s}, registration_};
    EpochReader::Self self_{.epoch = Epoch{7}};
    Instant now_ = kBegan;
    Instant begun_{};
    std::uint64_t number_ = 0;
};

TEST_F(EpochReaderTest, AMajorityConfirmsFromTheBeginOfTheReading) {
    begin();
    EXPECT_FALSE(take(read(item(7, kA))));
    self_.controllers_silent = true;
    const auto agreed = agree(read(item(7, kA)));
    ASSERT_TRUE(agreed) << "a Region that hangs is not waited for";
    EXPECT_EQ(agreed->epoch, Epoch{7});
    EXPECT_EQ(agreed->active, kA);
    EXPECT_EQ(agreed->started, begun_) << "a lease never counts from an answer (INV-S1)";
    EXPECT_EQ(agreed->terms.lease, 3s);
    EXPECT_TRUE(agreed->know_us);
    EXPECT_TRUE(agreed->controllers_silent);
    EXPECT_FALSE(take(read(item(7, kA)))) << "the host has been told";
    EXPECT_EQ(reader_.agreed(), item(7, kA));
}

TEST_F(EpochReaderTest, ACopyThatNamesNoLeaseIsWaitedPast) {
    EpochItem old = item(7, kA);
    old.terms.lease = {};
    begin();
    EXPECT_FALSE(take(read(old)));
    EXPECT_FALSE(take(read(item(7, kA))));
    EXPECT_EQ(agree(read(item(7, kA)))->terms.lease, 3s);
    begin();
    EXPECT_FALSE(take(read(old)));
    EXPECT_FALSE(take(read(item(7, kA))));
    const auto whole = agree(kSilent);
    ASSERT_TRUE(whole) << "there is no other copy to wait for";
    EXPECT_EQ(whole->terms.lease, Duration::zero());
}

TEST_F(EpochReaderTest, AnEpochBeyondOursIsToldAtOnce) {
    EpochItem newer = item(8, kB);
    newer.register_id = "theirs";
    begin();
    EXPECT_FALSE(take(read(newer)));
    const auto agreed = agree(read(item(8, kB)));
    ASSERT_TRUE(agreed) << "that they name two registers does not delay a fence";
    EXPECT_FALSE(agreed->know_us);
}

TEST_F(EpochReaderTest, MostBeyondUsThatDifferAreANewerEpochWithoutARoute) {
    begin();
    EXPECT_FALSE(take(read(item(8, kB))));
    EXPECT_FALSE(take(read(item(9, kA))));
    const auto input = take(kSilent);
    ASSERT_TRUE(input);
    ASSERT_NE(std::get_if<NewerSeen>(&*input), nullptr);
    EXPECT_EQ(std::get<NewerSeen>(*input).epoch, Epoch{8});
}

TEST_F(EpochReaderTest, ARegionThatThisHostCannotFollowToOnlyFences) {
    begin();
    EXPECT_FALSE(take(read(item(8, RegionId{"ap-east-1"}))));
    const auto input = take(read(item(8, RegionId{"ap-east-1"})));
    ASSERT_TRUE(input);
    EXPECT_NE(std::get_if<NewerSeen>(&*input), nullptr);
    EXPECT_EQ(reader_.agreed(), std::nullopt);
}

TEST_F(EpochReaderTest, ADamagedCopyIsNoAnswerAndYetAWord) {
    begin();
    EXPECT_FALSE(take({.word = CopyWord::damaged}));
    EXPECT_FALSE(take({.word = CopyWord::refused}));
    EXPECT_FALSE(take(kSilent));
    EXPECT_EQ(reader_.last().answered, 0U);
    EXPECT_TRUE(reader_.last().connected) << "two Regions said something";
    EXPECT_EQ(reader_.last().took, 30ms);
    begin();
    EXPECT_FALSE(take(read(item(7, kA))));
    EXPECT_FALSE(take(kSilent));
    EXPECT_FALSE(take(kSilent));
    EXPECT_EQ(reader_.last().answered, 1U);
    EXPECT_FALSE(reader_.last().connected);
}

TEST_F(EpochReaderTest, ItemsOfARegisterWithoutThisHostConfirmNothingAndAreRegisteredFor) {
    EpochItem theirs = item(7, kA);
    theirs.register_id = "theirs";
    begin();
    (void)take(read(theirs));
    EXPECT_FALSE(agree(read(theirs))->know_us);
    const auto errand = registration_.due(now_);
    ASSERT_TRUE(errand);
    EXPECT_EQ(errand->register_id, "theirs");
}

TEST_F(EpochReaderTest, AReadingThatBeganBeforeTheHostWasKnownConfirmsNothing) {
    begin();
    (void)take(read(item(7, kA)));
    registration_.enrolled(now_, "theirs");
    registration_.enrolled(now_, "ours");
    EXPECT_FALSE(agree(read(item(7, kA)))->know_us);
}

TEST_F(EpochReaderTest, OnlyWithVerifyTheRegisterMatters) {
    SelfRegistration nowhere{kBegan - 10s, 3};
    for (const OnControllerLoss rule : {OnControllerLoss::keep, OnControllerLoss::fence}) {
        EpochReader reader{{.copies = 3, .regions = {kA, kB}, .lease = 3s, .rule = rule}, nowhere};
        const auto number = reader.begin(kBegan);
        (void)reader.take(kBegan, *number, read(item(7, kA)), self_);
        const auto input = reader.take(kBegan, *number, read(item(7, kA)), self_);
        ASSERT_TRUE(input);
        EXPECT_TRUE(std::get<RecordsAgree>(*input).know_us) << to_string(rule);
        EXPECT_EQ(nowhere.due(kBegan), std::nullopt) << to_string(rule);
    }
}

TEST_F(EpochReaderTest, CopiesAreReadEverySecondOrThreeTimesInALease) {
    begin();
    for (int i = 0; i < 3; ++i) {
        ASSERT_TRUE(reader_.is_reading());
        (void)take(read(item(7, kA)));
    }
    EXPECT_FALSE(reader_.is_reading());
    EXPECT_EQ(reader_.next_deadline(), begun_ + 1s);
    EXPECT_EQ(reader_.begin(begun_ + 999ms), std::nullopt);
    EXPECT_TRUE(reader_.begin(begun_ + 1s));
    EXPECT_GE(EpochReader::useful_lease(), 1s);
    EpochReader hasty{{.copies = 1, .regions = {kA}, .lease = 900ms}, registration_};
    const auto number = hasty.begin(kBegan);
    (void)hasty.take(kBegan, *number, read(item(7, kA)), self_);
    EXPECT_EQ(hasty.next_deadline(), kBegan + 300ms);
}

TEST_F(EpochReaderTest, WhatIsWantedAtOnceIsReadAfterAPause) {
    begin();
    for (int i = 0; i < 3; ++i) {
        (void)take(read(item(7, kA)));
    }
    reader_.want(now_);
    EXPECT_EQ(reader_.next_deadline(), now_ + 100ms) << "the tables are not flooded";
    reader_.want(now_ + 500ms);
    EXPECT_EQ(reader_.next_deadline(), now_ + 100ms);
}

TEST_F(EpochReaderTest, ASilentRegionDoesNotDelayWhatIsUrgent) {
    begin();
    reader_.want(now_);
    (void)take(read(item(7, kA)));
    EXPECT_TRUE(reader_.is_reading()) << "nothing is decided yet";
    EXPECT_TRUE(agree(read(item(7, kA))));
    EXPECT_FALSE(reader_.is_reading());
    EXPECT_EQ(reader_.next_deadline(), now_ + 100ms);
    EXPECT_FALSE(take(read(item(8, kB)))) << "an answer to a reading that is over";
    const std::uint64_t over = number_;
    begin();
    (void)reader_.take(now_, over, read(item(7, kA)), self_);
    EXPECT_FALSE(take(read(item(7, kA)))) << "that answer was older than this reading";
    (void)take(read(item(7, kA)));
    ASSERT_TRUE(reader_.is_reading());
    reader_.want(now_);
    EXPECT_FALSE(reader_.is_reading());
}

TEST_F(EpochReaderTest, AReadingThatDoesNotEndHoldsUpNoOther) {
    begin();
    (void)take(read(item(7, kA)));
    EXPECT_EQ(reader_.begin(begun_ + 5s), std::nullopt) << "one reading at a time";
    reader_.give_up(begun_ + 899ms);
    EXPECT_TRUE(reader_.is_reading());
    EXPECT_EQ(reader_.next_deadline(), begun_ + 900ms);
    reader_.give_up(begun_ + 900ms);
    EXPECT_FALSE(reader_.is_reading());
    EXPECT_FALSE(reader_.last().connected);
    EXPECT_EQ(reader_.begin(begun_ + 999ms), std::nullopt) << "a pause is left";
    EXPECT_TRUE(reader_.begin(begun_ + 1s));
}

}  // namespace
}  // namespace farshore::core
