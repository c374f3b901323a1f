#include "core/evidence/evidence_book.h"

#include <gtest/gtest.h>

namespace farshore::core {
namespace {

using namespace std::chrono_literals;

const EvidenceBook::Key kStack{RegionId{"eu-west-1"}, Component::stack, Path::fresh};
const EvidenceBook::Key kTraffic{RegionId{"us-east-1"}, Component::dynamodb, Path::passive};

TEST(EvidenceBook, ALostReportLosesNoEvidence) {
    EvidenceBook book;
    book.count(kStack, true, 3ms, "");
    const EvidenceBook::Cursor delivered = book.now();
    book.count(kStack, false, 0ms, "refused");
    ASSERT_EQ(book.since(delivered).size(), 1U);
    book.count(kStack, true, 4ms, "");  // the report before was lost: the cursor stands
    const auto news = book.since(delivered);
    ASSERT_EQ(news.size(), 1U);
    EXPECT_EQ(news[0].ok, 1U);
    EXPECT_EQ(news[0].failed, 1U);
    EXPECT_EQ(news[0].last_error, "refused");
    EXPECT_TRUE(book.since(book.now()).empty());
}

TEST(EvidenceBook, ATurnIsNews) {
    EvidenceBook book;
    book.count(kStack, true, 3ms, "");
    const std::uint64_t before = book.turns();
    book.count(kStack, true, 3ms, "");
    EXPECT_EQ(book.turns(), before);
    book.count(kStack, false, 0ms, "refused");
    EXPECT_EQ(book.turns(), before + 1);
    book.count(kStack, false, 0ms, "refused");
    EXPECT_EQ(book.turns(), before + 1);
    book.count(kStack, true, 3ms, "");
    EXPECT_EQ(book.turns(), before + 2);
}

TEST(EvidenceBook, TrafficThatStallsIsNewsBeforeItFails) {
    EvidenceBook book;
    book.take_in(kTraffic, {.counters = {.ok = 10}});
    const std::uint64_t before = book.turns();
    const EvidenceBook::Cursor cursor = book.now();
    book.stall(kTraffic, 499ms);
    EXPECT_EQ(book.turns(), before);
    book.stall(kTraffic, 500ms);
    EXPECT_EQ(book.turns(), before + 1);
    const auto news = book.since(cursor);
    ASSERT_EQ(news.size(), 1U);
    EXPECT_EQ(news[0].stalled, 500ms);
    book.take_in(kTraffic, {.counters = {.ok = 11}});
    EXPECT_EQ(book.turns(), before + 1) << "another request is answered, the oldest is not";
    book.stall(kTraffic, 0ms);
    book.take_in(kTraffic, {.counters = {.ok = 12}});
    EXPECT_EQ(book.turns(), before + 2) << "it is fine again";
}

TEST(EvidenceBook, CountersOfTheEndpointTellTheirLastErrorWhenTheyFailed) {
    EvidenceBook book;
    book.take_in(kTraffic, {.counters = {.ok = 1}, .last_error = "of long ago"});
    EXPECT_EQ(book.since({})[0].last_error, "");
    book.take_in(kTraffic, {.counters = {.ok = 1, .failed = 2}, .last_error = "reset"});
    EXPECT_EQ(book.since({})[0].last_error, "reset");
}

TEST(EvidenceBook, AnObservationNamesItsHostAndIsBounded) {
    const Observation seen = observation_of(
        {.region = RegionId{"us-east-1"}, .ok = std::uint64_t{1} << 40U, .last_error = "late"},
        HostId{"web-01"}
    );
    EXPECT_EQ(seen.source, HostId{"web-01"});
    EXPECT_EQ(seen.ok, UINT32_MAX);
    EXPECT_EQ(seen.why, "late");
}

}  // namespace
}  // namespace farshore::core
