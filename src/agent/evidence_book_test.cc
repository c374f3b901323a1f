#include "agent/evidence_book.h"

#include <gtest/gtest.h>

namespace farshore::agent {
namespace {

using namespace std::chrono_literals;

const EvidenceBook::Key kStack{
    RegionId{"eu-west-1"}, wire::EvidenceComponent::stack, wire::EvidencePath::fresh
};

TEST(EvidenceBook, ALostReportLosesNoEvidence) {
    EvidenceBook book;
    book.count(kStack, true, 3ms, "");
    EvidenceBook::Cursor delivered = book.now();
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
    dataplane::Statistics statistics;
    statistics.regions.push_back({.region = RegionId{"us-east-1"}});
    statistics.regions[0].paths[2].ok = 10;
    book.take_in(statistics);
    const std::uint64_t before = book.turns();
    const EvidenceBook::Cursor cursor = book.now();
    statistics.regions[0].stalled = 600ms;
    book.take_in(statistics);
    EXPECT_EQ(book.turns(), before + 1);
    const auto news = book.since(cursor);
    ASSERT_EQ(news.size(), 1U);
    EXPECT_EQ(news[0].path, wire::EvidencePath::passive);
    EXPECT_EQ(news[0].stalled, 600ms);
}

}  // namespace
}  // namespace farshore::agent
