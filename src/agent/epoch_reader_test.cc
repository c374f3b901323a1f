#include "agent/epoch_reader.h"

#include <gtest/gtest.h>

namespace farshore::agent {
namespace {

const RegionId kA{"us-east-1"};
const RegionId kB{"eu-west-1"};

EpochRecord record(std::uint64_t epoch, const RegionId& active) {
    return {.epoch = Epoch{epoch}, .active = active};
}

TEST(EpochRecords, TwoOfThreeThatSayTheSameAgree) {
    const std::vector<EpochRecord> answered{record(7, kA), record(7, kA)};
    const EpochVerdict verdict = judge_records(answered, 3);
    EXPECT_EQ(verdict.agreed, record(7, kA));
    EXPECT_EQ(verdict.at_least, Epoch{7});
}

TEST(EpochRecords, OneAnswerIsNoMajority) {
    const std::vector<EpochRecord> answered{record(7, kA)};
    const EpochVerdict verdict = judge_records(answered, 3);
    EXPECT_EQ(verdict.agreed, std::nullopt);
    EXPECT_EQ(verdict.at_least, Epoch{});
}

TEST(EpochRecords, AHalfRaisedEpochIsNotAgreedUpon) {
    const std::vector<EpochRecord> one_raised{record(8, kB), record(7, kA)};
    EXPECT_EQ(judge_records(one_raised, 3).agreed, std::nullopt);
    EXPECT_EQ(judge_records(one_raised, 3).at_least, Epoch{7});
    const std::vector<EpochRecord> all{record(8, kB), record(7, kA), record(7, kA)};
    EXPECT_EQ(judge_records(all, 3).agreed, record(7, kA));
}

TEST(EpochRecords, MostBeyondUsIsKnownEvenWhenTheyDiffer) {
    const std::vector<EpochRecord> answered{record(9, kB), record(8, kA), record(7, kA)};
    EXPECT_EQ(judge_records(answered, 3).agreed, std::nullopt);
    EXPECT_EQ(judge_records(answered, 3).at_least, Epoch{8});
}

TEST(EpochRecords, NoRecordsYetAgreeOnNothing) {
    const std::vector<EpochRecord> answered{EpochRecord{}, EpochRecord{}, EpochRecord{}};
    EXPECT_EQ(judge_records(answered, 3).agreed, std::nullopt);
}

}  // namespace
}  // namespace farshore::agent
