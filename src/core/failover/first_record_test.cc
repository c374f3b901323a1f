#include "core/failover/first_record.h"

#include <gtest/gtest.h>

namespace farshore::core {
namespace {

const RegionId kEast{"us-east-1"};
const RegionId kWest{"eu-west-1"};

// So many of three copies were read; those that carry an item, and then those that do not.
EpochReading survey(std::size_t answered, std::vector<EpochItem> items) {
    items.resize(answered);
    return {.started = {}, .asked = 3, .copies = std::move(items), .detail = {}};
}

std::optional<FirstRecord> first(const EpochReading& found) {
    return first_record(
        found,
        {.app = AppId{"shop"},
         .preferred = kEast,
         .users_can_be_shifted = true,
         .by = "controller:c1",
         .at = utc_from_ms(5000)}
    );
}

const EpochItem kOld{.epoch = Epoch{4}, .active = kEast};
const EpochItem kNew{.epoch = Epoch{5}, .active = kWest};

TEST(FirstRecord, WhereNobodyWasItIsEpochOneInThePreferredRegion) {
    const auto found = first(survey(2, {}));
    ASSERT_TRUE(found);
    EXPECT_TRUE(found->establish);
    EXPECT_EQ(found->record.epoch, Epoch{1});
    EXPECT_EQ(found->record.active, kEast);
    EXPECT_FALSE(found->record.register_lost_at) << "there was none";
}

TEST(FirstRecord, AMajorityDecidesAndTheRegisterIsKnownToBeLost) {
    const auto found = first(survey(3, {kNew, kOld, kNew}));
    ASSERT_TRUE(found);
    EXPECT_TRUE(found->establish);
    EXPECT_EQ(found->record.epoch, Epoch{5});
    EXPECT_EQ(found->record.active, kWest);
    EXPECT_FALSE(found->record.operation);
    EXPECT_EQ(found->record.register_lost_at, utc_from_ms(5000));
}

TEST(FirstRecord, WithoutAMajorityOfAnswersItIsAskedAgain) {
    EXPECT_FALSE(first(survey(1, {})));
    EXPECT_FALSE(first(survey(1, {kNew})));
    EXPECT_FALSE(first(survey(2, {kNew}))) << "the copy that did not answer may say otherwise";
    EXPECT_FALSE(first(survey(2, {kNew, kOld})));
}

TEST(FirstRecord, WhereAllAnswerAMissingCopyContradictsNobody) {
    const auto found = first(survey(3, {kNew}));
    ASSERT_TRUE(found);
    EXPECT_EQ(found->record.epoch, Epoch{5});
}

TEST(FirstRecord, AnInterruptedRaiseIsTakenUpBeyondEveryEpoch) {
    const auto found = first(survey(3, {kNew, kOld}));
    ASSERT_TRUE(found);
    EXPECT_FALSE(found->establish);
    ASSERT_TRUE(found->record.operation);
    const Plan& plan = found->record.operation->plan;
    EXPECT_EQ(found->record.operation->doing(), "raising");
    EXPECT_EQ(plan.from, kEast);
    EXPECT_EQ(plan.to, kWest);
    EXPECT_EQ(plan.epoch_before, Epoch{4});
    EXPECT_EQ(plan.epoch_after, Epoch{6}) << "a host may have followed 5 (INV-S2)";
    EXPECT_TRUE(plan.has(Lever::shift));
    EXPECT_EQ(found->record.epoch, Epoch{4});
    EXPECT_EQ(found->record.users, kEast);
}

TEST(FirstRecord, OneEpochWithTwoMeaningsIsLeftBehind) {
    const auto found = first(survey(3, {kNew, {.epoch = Epoch{5}, .active = kEast}}));
    ASSERT_TRUE(found);
    ASSERT_TRUE(found->record.operation);
    EXPECT_EQ(found->record.operation->plan.epoch_after, Epoch{6});
}

// A broken script wrote one copy: what the others say counts, and the next epoch is near theirs.
TEST(FirstRecord, OneCopyFarAheadSaysNothing) {
    const EpochItem far{.epoch = kEpochMax, .active = kWest};
    const auto agreed = first(survey(3, {far, kOld, kOld}));
    ASSERT_TRUE(agreed);
    EXPECT_EQ(agreed->record.epoch, kOld.epoch);
    const auto interrupted = first(survey(3, {kOld, far, kNew}));
    ASSERT_TRUE(interrupted && interrupted->record.operation);
    EXPECT_EQ(interrupted->record.operation->plan.epoch_after, Epoch{6});
    const auto alone = first(survey(3, {kOld, far}));
    ASSERT_TRUE(alone);
    EXPECT_EQ(alone->record.epoch, kOld.epoch);
}

TEST(FirstRecord, NoRaiseBeyondTheLastEpochIsTakenUp) {
    const EpochItem last{.epoch = kEpochMax, .active = kWest};
    EXPECT_FALSE(first(survey(3, {last, {.epoch = kEpochMax, .active = kEast}, kOld})));
}

}  // namespace
}  // namespace farshore::core
