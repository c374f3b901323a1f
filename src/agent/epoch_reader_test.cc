#include "agent/epoch_reader.h"

#include <gtest/gtest.h>

namespace farshore::agent {
namespace {

using namespace std::chrono_literals;

const RegionId kA{"us-east-1"};
const RegionId kB{"eu-west-1"};

EpochRecord record(std::uint64_t epoch, const RegionId& active) {
    return {.epoch = Epoch{epoch}, .active = active, .lease = 3s};
}

aws::Item item(std::int64_t epoch, std::int64_t lease_ms) {
    aws::Item out;
    out["epoch"] = aws::number_attribute(epoch);
    out["active"] = aws::string_attribute(kA.value());
    out["lease_ms"] = aws::number_attribute(lease_ms);
    return out;
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

TEST(EpochRecords, OneEpochWithTwoRegionsIsNoAgreement) {
    const std::vector<EpochRecord> answered{record(7, kA), record(7, kB)};
    EXPECT_EQ(judge_records(answered, 3).agreed, std::nullopt);
    EXPECT_EQ(judge_records(answered, 3).at_least, Epoch{7});
}

TEST(EpochRecords, MostBeyondUsIsKnownEvenWhenTheyDiffer) {
    const std::vector<EpochRecord> answered{record(9, kB), record(8, kA), record(7, kA)};
    EXPECT_EQ(judge_records(answered, 3).agreed, std::nullopt);
    EXPECT_EQ(judge_records(answered, 3).at_least, Epoch{8});
}

TEST(EpochRecords, TheShortestLeaseOfThoseThatAgreeCounts) {
    EpochRecord longer = record(7, kA);
    longer.lease = 10s;
    EXPECT_EQ(judge_records(std::vector{longer, record(7, kA)}, 3).agreed, record(7, kA));
    EXPECT_EQ(judge_records(std::vector{record(7, kA), longer}, 3).agreed, record(7, kA));
    EpochRecord none = record(7, kA);
    none.lease = {};
    EXPECT_EQ(judge_records(std::vector{record(7, kA), none}, 3).agreed->lease, Duration::zero());
    EXPECT_EQ(judge_records(std::vector{record(7, kA), none, record(7, kA)}, 3).agreed->lease, 3s)
        << "the two that name one are a majority";
}

TEST(EpochRecords, NumbersThatNoControllerWritesAreNoRecord) {
    EXPECT_EQ(to_epoch_record(item(7, 3000)), record(7, kA));
    EXPECT_EQ(to_epoch_record(item(7, -1)), std::nullopt);
    EXPECT_EQ(to_epoch_record(item(7, 3'600'001)), std::nullopt);
    EXPECT_EQ(to_epoch_record(item(-1, 3000)), std::nullopt);
    EXPECT_EQ(to_epoch_record(item(std::int64_t{1} << 48, 3000)), std::nullopt)
        << "the endpoint's route word could not carry it";
}

TEST(EpochRecords, NoRecordsYetAgreeOnNothing) {
    const std::vector<EpochRecord> answered{EpochRecord{}, EpochRecord{}, EpochRecord{}};
    EXPECT_EQ(judge_records(answered, 3).agreed, std::nullopt);
}

}  // namespace
}  // namespace farshore::agent
