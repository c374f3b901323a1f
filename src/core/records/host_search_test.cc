#include "core/records/host_search.h"

#include <gtest/gtest.h>

namespace farshore::core {
namespace {

const RegionId kA{"us-east-1"};
const RegionId kB{"eu-west-1"};
const RegionId kC{"us-west-2"};

HostEntry entry(const std::string& host, const RegionId& region = kA) {
    return {.owner = HostId{host}, .host = HostId{host}, .region = region, .register_id = "ours"};
}

class HostSearchTest : public testing::Test {
  protected:
    HostSearch search_{StepId{OperationId{"op-1"}, 5}, 3, [](const std::string& register_id) {
                           return register_id == "ours";
                       }};
};

TEST_F(HostSearchTest, IsCompleteWhenMostTablesWereReadToTheirEnd) {
    EXPECT_FALSE(search_.page_read(kA, false));
    EXPECT_EQ(search_.news(), std::nullopt);
    EXPECT_EQ(search_.take(entry("h1")), HostSearch::Verdict::counts);
    EXPECT_FALSE(search_.page_read(kB, false));
    const auto found = search_.news();
    ASSERT_TRUE(found) << "a table that hangs is not waited for";
    EXPECT_TRUE(found->complete);
    EXPECT_EQ(found->step, (StepId{OperationId{"op-1"}, 5}));
    EXPECT_EQ(found->hosts, (std::vector{std::pair{HostId{"h1"}, kA}}));
    search_.page_failed();
    EXPECT_EQ(search_.news(), std::nullopt) << "it has been told";
}

TEST_F(HostSearchTest, ATableWithMorePagesIsNotReadToItsEnd) {
    EXPECT_TRUE(search_.page_read(kA, true));
    EXPECT_FALSE(search_.page_read(kB, false));
    EXPECT_EQ(search_.news(), std::nullopt);
    EXPECT_FALSE(search_.page_read(kA, false));
    EXPECT_TRUE(search_.news()->complete);
}

TEST_F(HostSearchTest, WithoutAMajorityItIsToldAtTheEndAsIncomplete) {
    (void)search_.take(entry("h1"));
    search_.page_failed();
    search_.page_failed();
    EXPECT_EQ(search_.news(), std::nullopt);
    EXPECT_FALSE(search_.page_read(kC, false));
    const auto found = search_.news();
    ASSERT_TRUE(found);
    EXPECT_FALSE(found->complete);
    EXPECT_EQ(found->hosts.size(), 1U) << "a host that was found counts all the same";
}

TEST_F(HostSearchTest, ATableThatNeverEndsIsGivenUp) {
    int pages = 0;
    while (search_.page_read(kA, true)) {
        ASSERT_LT(++pages, 1000);
    }
    search_.page_failed();
    EXPECT_FALSE(search_.page_read(kC, false));
    EXPECT_FALSE(search_.news()->complete) << "neither of the two was read to its end";
}

TEST_F(HostSearchTest, AHostIsWhoseKeyItIs) {
    HostEntry stolen = entry("h1");
    stolen.owner = HostId{"h2"};
    EXPECT_EQ(search_.take(stolen), HostSearch::Verdict::of_another_host);
    stolen.owner.reset();
    EXPECT_EQ(search_.take(stolen), HostSearch::Verdict::of_another_host);
    HostEntry theirs = entry("h3");
    theirs.register_id = "theirs";
    EXPECT_EQ(search_.take(theirs), HostSearch::Verdict::of_another_register);
    (void)search_.page_read(kA, false);
    (void)search_.page_read(kB, false);
    EXPECT_TRUE(search_.news()->hosts.empty());
}

TEST_F(HostSearchTest, AHostWithoutARegionCountsWithoutOne) {
    EXPECT_EQ(
        search_.take(entry("h1", RegionId{"no region"})), HostSearch::Verdict::counts_without_region
    );
    EXPECT_EQ(search_.take(entry("h2", RegionId{})), HostSearch::Verdict::counts_without_region);
    (void)search_.page_read(kA, false);
    (void)search_.page_read(kB, false);
    EXPECT_EQ(
        search_.news()->hosts,
        (std::vector{std::pair{HostId{"h1"}, RegionId{}}, std::pair{HostId{"h2"}, RegionId{}}})
    );
}

TEST(ToEnroll, HostsThatTheRegisterDoesNotHaveAsTheyWereFound) {
    const HostsFound found{
        .step = {},
        .complete = true,
        .hosts =
            {{HostId{"known"}, kA},
             {HostId{"moved"}, kB},
             {HostId{"new"}, kA},
             {HostId{"nowhere"}, RegionId{}},
             {HostId{"unlisted"}, kA}}
    };
    AgentRegister known;
    known[HostId{"known"}].region = kA;
    known[HostId{"moved"}].region = kA;
    known[HostId{"nowhere"}].region = kA;
    const auto listed = [](const HostId& host) {
        return host != HostId{"unlisted"};
    };
    EXPECT_EQ(
        to_enroll(found, known, {}, listed),
        (std::vector{std::pair{HostId{"moved"}, kB}, std::pair{HostId{"new"}, kA}})
    ) << "they would be forgotten by a controller that starts anew";
    const HostId refused = known.begin()->first;
    const HostsFound again{.step = {}, .hosts = {{refused, known.begin()->second.region}}};
    EXPECT_TRUE(to_enroll(again, known, {}, listed).empty());
    EXPECT_EQ(to_enroll(again, known, {refused}, listed).size(), 1U)
        << "so would one that the core counts and the store has refused";
}

TEST(HostsRegisterThemselves, OnlyWhereAgentsTakePermissionFromTheItems) {
    EXPECT_TRUE(hosts_register_themselves(OnControllerLoss::verify));
    EXPECT_FALSE(hosts_register_themselves(OnControllerLoss::keep));
    EXPECT_FALSE(hosts_register_themselves(OnControllerLoss::fence));
}

}  // namespace
}  // namespace farshore::core
