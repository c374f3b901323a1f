#include "core/link/host_link.h"

#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace farshore::core::link {
namespace {

using namespace std::chrono_literals;

TEST(HostLink, AnAgentReportsThreeTimesWithinALease) {
    EXPECT_EQ(report_every(3s), 500ms);
    EXPECT_EQ(report_every(900ms), 300ms);
}

TEST(HostLink, AmongManyHostsReportsAreRarerAndALeaseOutlivesTwoThatAreLost) {
    EXPECT_LE(rest_among(2'500, 3s), report_every(3s)) << "few change nothing";
    EXPECT_EQ(rest_among(4'000, 3s), 800ms);
    EXPECT_EQ(rest_among(100'000, 3s), 1s);
    EXPECT_EQ(rest_among(100'000, 900ms), 300ms);
}

TEST(HostLink, ManyHostsThatReportAtOnceSoonReportOneAfterTheOther) {
    constexpr Duration kRest = 1s;
    constexpr std::size_t kHosts = 1'000;
    constexpr Instant kEnd{10s};  // after all began at zero
    std::array<std::size_t, 20> in_each{};
    for (std::size_t host = 0; host < kHosts; ++host) {
        const Duration rest = own_rest(HostId{"web-" + std::to_string(host)}, kRest);
        ASSERT_LE(rest, kRest) << "a lease has to outlive two lost reports";
        ASSERT_GE(rest, kRest * 7 / 8) << "most of a core is to stay free";
        Instant at{};
        while (at < kEnd) {
            at += rest;
        }
        ++in_each[static_cast<std::size_t>((at - kEnd) / (kRest / 20))];
    }
    EXPECT_LT(*std::ranges::max_element(in_each), 3 * kHosts / in_each.size());
}

TEST(HostLink, PausesBetweenHellosGrowToABound) {
    int failures = 0;
    const auto longest = [](Duration ceiling) {
        return ceiling;
    };
    EXPECT_EQ(hello_again_after(failures, longest), 250ms);
    EXPECT_EQ(hello_again_after(failures, longest), 450ms);
    for (int i = 0; i < 100; ++i) {
        (void)hello_again_after(failures, longest);
    }
    EXPECT_EQ(hello_again_after(failures, longest), 3050ms);
    failures = 0;
    EXPECT_EQ(hello_again_after(failures, [](Duration) { return Duration{}; }), 50ms)
        << "never at once";
}

TEST(ReportTurns, AReportFollowsTheOneBeforeByItsTimeFromBeginningToBeginning) {
    constexpr Instant kStart{1h};
    ReportTurns turns(500ms);
    EXPECT_LE(*turns.next(), kStart) << "the first one at once";
    const std::uint64_t first = turns.begin(kStart);
    EXPECT_FALSE(turns.next()) << "one at a time";
    EXPECT_TRUE(turns.end(kStart + 80ms, first));
    EXPECT_EQ(turns.next(), kStart + 500ms);
    const std::uint64_t second = turns.begin(kStart + 500ms);
    EXPECT_GT(second, first);
    EXPECT_TRUE(turns.end(kStart + 500ms + kReportPatience, second));
    EXPECT_EQ(turns.next(), kStart + 500ms + kReportPatience + kReportPauseMin);
}

TEST(ReportTurns, NewsGoOutAtOnceAndAfterTheReportThatIsUnderWay) {
    constexpr Instant kStart{1h};
    ReportTurns turns(500ms);
    const std::uint64_t first = turns.begin(kStart);
    turns.want();
    EXPECT_TRUE(turns.end(kStart + 80ms, first));
    EXPECT_EQ(turns.next(), kStart + 80ms + kReportPauseMin);
    const std::uint64_t second = turns.begin(kStart + 100ms);
    EXPECT_TRUE(turns.end(kStart + 110ms, second));
    EXPECT_EQ(turns.next(), kStart + 600ms) << "those news were told";
    turns.want();
    EXPECT_EQ(turns.next(), kStart + 110ms + kReportPauseMin);
}

TEST(ReportTurns, OfManyHostsEachRestsAsLongAsTheControllerSaysAndNewsDoNot) {
    constexpr Instant kStart{1h};
    ReportTurns turns(500ms);
    const std::uint64_t first = turns.begin(kStart);
    turns.may_rest(800ms);
    EXPECT_TRUE(turns.end(kStart + 80ms, first));
    EXPECT_EQ(turns.next(), kStart + 800ms);
    turns.want();
    EXPECT_EQ(turns.next(), kStart + 80ms + kReportPauseMin);
    const std::uint64_t second = turns.begin(kStart + 100ms);
    turns.may_rest(0ms);  // it did not answer
    EXPECT_TRUE(turns.end(kStart + 110ms, second));
    EXPECT_EQ(turns.next(), kStart + 600ms);
}

TEST(ReportTurns, AnAnswerThatIsWaitedForNoLongerIsNotBelieved) {
    constexpr Instant kStart{1h};
    ReportTurns turns(500ms);
    const std::uint64_t first = turns.begin(kStart);
    EXPECT_TRUE(turns.end(kStart + kReportPatience, first));
    EXPECT_FALSE(turns.end(kStart + kReportPatience + 1ms, first));
    const std::uint64_t second = turns.begin(kStart + 1100ms);
    EXPECT_FALSE(turns.end(kStart + 1200ms, first));
    EXPECT_FALSE(turns.next()) << "the second one is still under way";
    EXPECT_TRUE(turns.end(kStart + 1300ms, second));
}

TEST(HostLink, ARouteThatIsAnsweredWithoutALeaseIsFollowedByAReport) {
    EXPECT_EQ(after_ack(OrderType::route, true), AfterAck::renew);
    EXPECT_EQ(after_ack(OrderType::route, false), AfterAck::report);
    EXPECT_EQ(after_ack(OrderType::fence, false), AfterAck::forget_list);
    EXPECT_EQ(after_ack(OrderType::hold, true), AfterAck::nothing);
}

}  // namespace
}  // namespace farshore::core::link
