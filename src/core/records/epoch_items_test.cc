#include "core/records/epoch_items.h"

#include <gtest/gtest.h>

namespace farshore::core {
namespace {

using namespace std::chrono_literals;

const RegionId kA{"us-east-1"};
const RegionId kB{"eu-west-1"};

EpochItem item(std::uint64_t epoch, const RegionId& active) {
    return {.epoch = Epoch{epoch}, .active = active, .terms = {.lease = 3s}};
}

TEST(EpochItems, TwoOfThreeThatSayTheSameAgree) {
    const std::vector<EpochItem> answered{item(7, kA), item(7, kA)};
    const EpochVerdict verdict = judge(answered, 3);
    EXPECT_EQ(verdict.agreed, item(7, kA));
    EXPECT_EQ(verdict.at_least, Epoch{7});
}

TEST(EpochItems, OneAnswerIsNoMajority) {
    const std::vector<EpochItem> answered{item(7, kA)};
    const EpochVerdict verdict = judge(answered, 3);
    EXPECT_EQ(verdict.agreed, std::nullopt);
    EXPECT_EQ(verdict.at_least, Epoch{});
}

TEST(EpochItems, AHalfRaisedEpochIsNotAgreedUpon) {
    const std::vector<EpochItem> one_raised{item(8, kB), item(7, kA)};
    EXPECT_EQ(judge(one_raised, 3).agreed, std::nullopt);
    EXPECT_EQ(judge(one_raised, 3).at_least, Epoch{7});
    const std::vector<EpochItem> all{item(8, kB), item(7, kA), item(7, kA)};
    EXPECT_EQ(judge(all, 3).agreed, item(7, kA));
}

TEST(EpochItems, OneEpochWithTwoRegionsIsNoAgreement) {
    const std::vector<EpochItem> answered{item(7, kA), item(7, kB)};
    EXPECT_EQ(judge(answered, 3).agreed, std::nullopt);
    EXPECT_EQ(judge(answered, 3).at_least, Epoch{7});
}

TEST(EpochItems, MostBeyondUsIsKnownEvenWhenTheyDiffer) {
    const std::vector<EpochItem> answered{item(9, kB), item(8, kA), item(7, kA)};
    EXPECT_EQ(judge(answered, 3).agreed, std::nullopt);
    EXPECT_EQ(judge(answered, 3).at_least, Epoch{8});
}

TEST(EpochItems, TheShortestLeaseOfThoseThatAgreeCounts) {
    EpochItem longer = item(7, kA);
    longer.terms.lease = 10s;
    EXPECT_EQ(judge(std::vector{longer, item(7, kA)}, 3).agreed, item(7, kA));
    EXPECT_EQ(judge(std::vector{item(7, kA), longer}, 3).agreed, item(7, kA));
    EpochItem none = item(7, kA);
    none.terms.lease = {};
    EXPECT_EQ(judge(std::vector{item(7, kA), none}, 3).agreed->terms.lease, Duration::zero());
    EXPECT_EQ(judge(std::vector{item(7, kA), none, item(7, kA)}, 3).agreed->terms.lease, 3s)
        << "the two that name one are a majority";
}

TEST(EpochItems, NoItemsYetAgreeOnNothing) {
    const std::vector<EpochItem> answered{EpochItem{}, EpochItem{}, EpochItem{}};
    EXPECT_EQ(judge(answered, 3).agreed, std::nullopt);
}

TEST(EpochItems, TheLongestClockErrorCounts) {
    EpochItem careful = item(7, kA);
    careful.terms.clock_error = 1s;
    EXPECT_EQ(judge(std::vector{item(7, kA), careful}, 3).agreed->terms.clock_error, 1s);
}

TEST(EpochItems, TheShortestHoldOfThoseThatNameOneCounts) {
    EpochItem none = item(7, kA);
    none.terms.hold_max = {};
    EpochItem shorter = none;
    shorter.terms.hold_max = 1s;
    EpochItem longer = none;
    longer.terms.hold_max = 5s;
    const auto agreed = [](std::vector<EpochItem> copies) {
        return judge(copies, 3).agreed->terms.hold_max;
    };
    EXPECT_EQ(agreed({longer, shorter}), 1s);
    EXPECT_EQ(agreed({shorter, longer}), 1s);
    EXPECT_EQ(agreed({none, longer}), 5s) << "a copy of an older controller says nothing";
    EXPECT_EQ(agreed({longer, none}), 5s);
    EXPECT_EQ(agreed({none, none}), Duration::zero());
}

TEST(EpochItems, ARegisterCountsThatAMajorityNames) {
    EpochItem first = item(7, kA);
    first.register_id = "r1";
    EpochItem second = first;
    second.register_id = "r2";
    EXPECT_EQ(judge(std::vector{first, second}, 3).agreed->register_id, "");
    EXPECT_EQ(judge(std::vector{second, first, first}, 3).agreed->register_id, "r1");
}

TEST(EpochItems, ACopyIsWrittenAnewThatMissedARaiseOrNamesOtherTerms) {
    const EpochItem in_force = item(7, kA);
    EXPECT_FALSE(is_behind(in_force, in_force));
    EXPECT_TRUE(is_behind(item(6, kB), in_force));
    EXPECT_TRUE(is_behind(EpochItem{}, in_force)) << "there is none yet";
    EXPECT_FALSE(is_behind(item(8, kB), in_force)) << "it is ahead, and not ours to write";
    EXPECT_FALSE(is_behind(item(7, kB), in_force)) << "the number has another meaning there";
    EpochItem other = in_force;
    other.terms.clock_error = 1s;
    EXPECT_TRUE(is_behind(other, in_force));
    other = in_force;
    other.terms.hold_max = 5s;
    EXPECT_TRUE(is_behind(other, in_force));
    other = in_force;
    other.register_id = "another";
    EXPECT_TRUE(is_behind(other, in_force));
}

// The first two of three are not waited past only when the third could add nothing.
TEST(EpochItems, AgreementIsEnoughWhenItHasALeaseAndARegister) {
    EpochItem ours = item(7, kA);
    ours.register_id = "ours";
    EpochItem theirs = ours;
    theirs.register_id = "theirs";
    EpochItem no_lease = ours;
    no_lease.terms.lease = {};
    EXPECT_TRUE(judge(std::vector{ours, ours}, 3).is_enough());
    EXPECT_FALSE(judge(std::vector{theirs, ours}, 3).is_enough());
    EXPECT_FALSE(judge(std::vector{no_lease, ours}, 3).is_enough());
    EXPECT_FALSE(judge(std::vector{ours}, 3).is_enough());
    EXPECT_TRUE(judge(std::vector{theirs, ours, ours}, 3).is_enough());
}

TEST(EpochItems, OneCopyFarAheadUsesUpNoEpochs) {
    const auto highest = [](std::vector<Epoch> seen) {
        return highest_believable(std::move(seen), 3, Epoch{7});
    };
    EXPECT_EQ(highest({kEpochMax, Epoch{7}, Epoch{8}}), Epoch{8});
    EXPECT_EQ(highest({kEpochMax}), Epoch{}) << "it is all that answered";
    EXPECT_EQ(highest({Epoch{7 + kAheadMax}, Epoch{7}}), Epoch{7 + kAheadMax});
    EXPECT_EQ(highest({Epoch{8 + kAheadMax}, Epoch{7}}), Epoch{7});
    EXPECT_EQ(highest({kEpochMax, kEpochMax, Epoch{7}}), kEpochMax) << "most of them say so";
    EXPECT_EQ(highest({}), Epoch{});
    EXPECT_EQ(furthest_beside(Epoch{kEpochMax.value() - 1}), kEpochMax);
}

TEST(EpochItems, AStrayCountsAsNoItem) {
    const EpochReading reading{
        .asked = 3, .copies = {{.epoch = kEpochMax, .active = kB}, item(8, kB), item(7, kA)}
    };
    EXPECT_EQ(
        reading.without_strays().copies, (std::vector{EpochItem{}, item(8, kB), item(7, kA)})
    );
    EXPECT_TRUE(is_stray(reading.copies[0], item(8, kB)));
    EXPECT_FALSE(is_stray(item(8, kB), item(7, kA)));
}

TEST(EpochItems, ACopyThatDoesNotConfirmSaysWhy) {
    EpochItem in_force = item(7, kA);
    in_force.register_id = "ours";
    EXPECT_EQ(why_not_confirming(in_force, in_force), std::nullopt);
    const auto says = [&](const EpochItem& copy, const std::string& words) {
        return why_not_confirming(copy, in_force).value_or("").contains(words);
    };
    EXPECT_TRUE(says(EpochItem{}, "is not there"));
    EXPECT_TRUE(says(item(8, kB), "carries epoch 8, from a raise that reached no majority"));
    EXPECT_TRUE(says(item(kEpochMax.value(), kB), "which no controller has raised"));
    EXPECT_TRUE(says(item(6, kB), "still carries epoch 6"));
    EXPECT_TRUE(says(item(7, kB), "gives that epoch to eu-west-1"));
    EXPECT_TRUE(says(item(7, kA), "names the register of another store"));
    EpochItem other = in_force;
    other.terms.clock_error = 1s;
    EXPECT_TRUE(says(other, "names another lease, clock error or hold"));
}

}  // namespace
}  // namespace farshore::core
