#include "core/evidence/tally.h"

#include <gtest/gtest.h>

namespace farshore::core {
namespace {

using namespace std::chrono_literals;

const RegionId kEast{"us-east-1"};
const RegionId kWest{"eu-west-1"};
const ObserverId kController{"controller"};
const ObserverId kEastAgents{"agents:us-east-1"};
const ObserverId kWestAgents{"agents:eu-west-1"};

class EvidenceTest : public testing::Test {
  protected:
    void probe(
        const ObserverId& observer,
        const char* host,
        const RegionId& region,
        Component component,
        bool ok,
        Path path = Path::fresh
    ) {
        evidence.observe(
            now,
            {.observer = observer,
             .source = HostId{host},
             .region = region,
             .component = component,
             .path = path,
             .ok = ok ? 1U : 0U,
             .failed = ok ? 0U : 1U,
             .stalled = {},
             .why = "connection refused"}
        );
    }

    // Five rounds, half a second apart: longer than unhealthy_for.
    void rounds(bool controller_ok, bool east_ok, bool west_ok) {
        for (int round = 0; round < 5; ++round) {
            now += 500ms;
            probe(kController, "", kEast, Component::dynamodb, controller_ok);
            for (const char* host : {"e1", "e2"}) {
                probe(kEastAgents, host, kEast, Component::dynamodb, east_ok);
            }
            for (const char* host : {"w1", "w2"}) {
                probe(kWestAgents, host, kEast, Component::dynamodb, west_ok);
            }
        }
    }

    Instant now{1000s};
    Evidence evidence{
        {{.id = kController, .stands_in = RegionId{"us-east-2"}, .hosts = {}},
         {.id = kEastAgents, .stands_in = kEast, .hosts = {HostId{"e1"}, HostId{"e2"}}},
         {.id = kWestAgents, .stands_in = kWest, .hosts = {HostId{"w1"}, HostId{"w2"}}}},
        2,
        Hysteresis{}
    };
};

TEST_F(EvidenceTest, OneVantageIsNeverEnough) {
    rounds(false, true, true);
    EXPECT_EQ(evidence.tally(now, kEast, Component::dynamodb).verdict, Health::healthy);
}

// Even when a configuration asks for fewer votes than that.
TEST(EvidenceTally, HalfOfTheConfiguredIsNoMajority) {
    std::vector<Observer> four;
    for (const char* id : {"a", "b", "c", "d"}) {
        four.push_back({.id = ObserverId{id}, .stands_in = RegionId{"us-east-2"}, .hosts = {}});
    }
    Evidence evidence{four, 2, Hysteresis{}};
    Instant now{1000s};
    const auto round = [&](int failing) {
        now += 500ms;
        for (int i = 0; i < 4; ++i) {
            evidence.observe(
                now,
                {.observer = four[static_cast<std::size_t>(i)].id,
                 .source = {},
                 .region = kEast,
                 .ok = i < failing ? 0U : 1U,
                 .failed = i < failing ? 1U : 0U,
                 .stalled = {},
                 .why = "connection refused"}
            );
        }
    };
    for (int i = 0; i < 5; ++i) {
        round(2);
    }
    EXPECT_EQ(evidence.tally(now, kEast, Component::dynamodb).verdict, Health::unknown);
    for (int i = 0; i < 5; ++i) {
        round(3);
    }
    EXPECT_EQ(evidence.tally(now, kEast, Component::dynamodb).verdict, Health::unhealthy);
}

TEST_F(EvidenceTest, AMajorityOfTheConfiguredMakesAVerdict) {
    rounds(false, true, false);
    const Tally tally = evidence.tally(now, kEast, Component::dynamodb);
    EXPECT_EQ(tally.verdict, Health::unhealthy);
    EXPECT_EQ(tally.unhealthy, 2);
    EXPECT_EQ(tally.votes.size(), 3U);
}

TEST_F(EvidenceTest, SilenceIsNoVoteForAnything) {
    rounds(false, false, false);
    now += 3001ms;
    EXPECT_EQ(evidence.tally(now, kEast, Component::dynamodb).verdict, Health::unknown);
    probe(kController, "", kEast, Component::dynamodb, false);
    EXPECT_EQ(evidence.tally(now, kEast, Component::dynamodb).unhealthy, 0)
        << "failing before the silence proves nothing now";
}

TEST_F(EvidenceTest, ABlipIsIgnoredAndHealthReturnsSlowly) {
    rounds(true, true, true);
    now += 500ms;
    probe(kController, "", kEast, Component::dynamodb, false);
    now += 500ms;
    probe(kController, "", kEast, Component::dynamodb, true);
    EXPECT_EQ(evidence.tally(now, kEast, Component::dynamodb).healthy, 3);
    rounds(false, false, false);
    ASSERT_EQ(evidence.tally(now, kEast, Component::dynamodb).verdict, Health::unhealthy);
    rounds(true, true, true);
    EXPECT_EQ(evidence.tally(now, kEast, Component::dynamodb).verdict, Health::unhealthy)
        << "2.5 s of health are not 10 s";
    for (int i = 0; i < 5; ++i) {
        rounds(true, true, true);
    }
    EXPECT_EQ(evidence.tally(now, kEast, Component::dynamodb).verdict, Health::healthy);
}

TEST_F(EvidenceTest, OneHostOfARegionIsNotTheRegion) {
    for (int round = 0; round < 5; ++round) {
        now += 500ms;
        probe(kEastAgents, "e1", kEast, Component::dynamodb, false);
        probe(kEastAgents, "e2", kEast, Component::dynamodb, true);
    }
    const Tally tally = evidence.tally(now, kEast, Component::dynamodb);
    EXPECT_EQ(tally.votes[1].health, Health::unknown) << tally.votes[1].why;
}

TEST_F(EvidenceTest, AnObserverThatSeesNothingAtAllSuspectsItself) {
    rounds(false, true, false);
    evidence.observe(
        now,
        {.observer = kController,
         .source = {},
         .region = {},
         .component = Component::control,
         .path = Path::fresh,
         .ok = 0,
         .failed = 1,
         .stalled = {},
         .why = "timed out"}
    );
    const Tally tally = evidence.tally(now, kEast, Component::dynamodb);
    EXPECT_EQ(tally.votes[0].health, Health::unknown);
    EXPECT_EQ(tally.verdict, Health::unknown);
}

TEST_F(EvidenceTest, StrangersHaveNoVote) {
    for (int round = 0; round < 5; ++round) {
        now += 500ms;
        probe(ObserverId{"stranger"}, "", kEast, Component::dynamodb, false);
        probe(kEastAgents, "not-registered", kEast, Component::dynamodb, false);
    }
    EXPECT_EQ(evidence.tally(now, kEast, Component::dynamodb).unhealthy, 0);
}

TEST_F(EvidenceTest, HostsThatSendNothingSeeNoErrors) {
    const auto passive =
        [&](const char* host, std::uint32_t ok, std::uint32_t failed, Duration stalled) {
            evidence.observe(
                now,
                {.observer = kEastAgents,
                 .source = HostId{host},
                 .region = kEast,
                 .component = Component::dynamodb,
                 .path = Path::passive,
                 .ok = ok,
                 .failed = failed,
                 .stalled = stalled,
                 .why = "timeout"}
            );
        };
    passive("e1", 0, 0, {});
    passive("e2", 0, 0, {});
    EXPECT_FALSE(evidence.hosts_see_errors(now, kEast, 400ms));
    passive("e1", 0, 3, {});
    EXPECT_TRUE(evidence.hosts_see_errors(now, kEast, 400ms)) << "the idle host has no say";
    passive("e1", 5, 0, 600ms);
    EXPECT_TRUE(evidence.hosts_see_errors(now, kEast, 400ms))
        << "a request without an answer is an error in the making";
    passive("e1", 5, 0, 100ms);
    EXPECT_FALSE(evidence.hosts_see_errors(now, kEast, 400ms));
}

TEST_F(EvidenceTest, TheConditionTellsDataFromStackFromAll) {
    const auto both = [&](bool data_ok, bool stack_ok, bool east_heard) {
        for (int round = 0; round < 8; ++round) {
            now += 500ms;
            probe(kController, "", kEast, Component::dynamodb, data_ok);
            probe(kController, "", kEast, Component::stack, stack_ok);
            for (const char* host : {"w1", "w2"}) {
                probe(kWestAgents, host, kEast, Component::dynamodb, data_ok);
                probe(kWestAgents, host, kEast, Component::stack, stack_ok);
            }
            if (east_heard) {
                probe(kEastAgents, "e1", kEast, Component::dynamodb, data_ok);
            }
        }
    };
    both(true, true, true);
    EXPECT_EQ(evidence.condition(now, kEast), Condition::healthy);
    both(false, true, true);
    EXPECT_EQ(evidence.condition(now, kEast), Condition::data_impaired);
    both(false, false, false);
    EXPECT_EQ(evidence.condition(now, kEast), Condition::region_lost);
    for (int i = 0; i < 4; ++i) {
        both(true, false, false);
    }
    EXPECT_EQ(evidence.condition(now, kEast), Condition::stack_impaired);
}

}  // namespace
}  // namespace farshore::core
