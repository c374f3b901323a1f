#include "core/evidence/evidence.h"

#include <gtest/gtest.h>

#include "base/rng.h"

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

// Tables that hang fail their probes a timeout later than hosts that refuse because of them: the
// stack must not be taken for the cause, as its levers may leave the tables where they are.
TEST_F(EvidenceTest, AStackThatFailsWithItsTablesIsNotTheCause) {
    std::vector<Condition> seen;
    const auto round = [&](bool tables_ok, bool stack_ok) {
        now += 500ms;
        for (const auto& [observer, host] :
             {std::pair{kController, ""}, {kEastAgents, "e1"}, {kWestAgents, "w1"}}) {
            probe(observer, host, kEast, Component::dynamodb, tables_ok);
            probe(observer, host, kEast, Component::stack, stack_ok);
        }
        if (seen.empty() || seen.back() != evidence.condition(now, kEast)) {
            seen.push_back(evidence.condition(now, kEast));
        }
    };
    for (int i = 0; i < 30; ++i) {
        round(true, true);
    }
    seen.clear();
    for (int i = 0; i < 8; ++i) {
        round(i < 2, false);
    }
    EXPECT_EQ(
        seen, (std::vector{Condition::healthy, Condition::unknown, Condition::data_impaired})
    );
}

TEST_F(EvidenceTest, AStackThatFailsAloneIsImpairedThoughATableProbeWasLost) {
    for (int i = 0; i < 30; ++i) {
        rounds(true, true, true);
        probe(kController, "", kEast, Component::stack, true);
        probe(kEastAgents, "e1", kEast, Component::stack, true);
    }
    probe(kController, "", kEast, Component::dynamodb, false);
    for (int i = 0; i < 5; ++i) {
        now += 500ms;
        for (const auto& [observer, host] : {std::pair{kEastAgents, "e1"}, {kWestAgents, "w1"}}) {
            probe(observer, host, kEast, Component::dynamodb, true);
        }
        probe(kController, "", kEast, Component::stack, false);
        probe(kEastAgents, "e1", kEast, Component::stack, false);
    }
    EXPECT_EQ(evidence.condition(now, kEast), Condition::stack_impaired)
        << "one observer's doubt is none of the quorum's";
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
    EXPECT_EQ(evidence.tally(now, kEast, Component::dynamodb).verdict, Health::unknown)
        << "2.5 s of health are not 10 s, and no observer fails any more";
    for (int i = 0; i < 5; ++i) {
        rounds(true, true, true);
    }
    EXPECT_EQ(evidence.tally(now, kEast, Component::dynamodb).verdict, Health::healthy);
}

// Two observers that fail one after the other have never failed together.
TEST_F(EvidenceTest, BlipsThatDoNotOverlapMakeNoMajority) {
    rounds(true, true, true);
    rounds(false, true, true);
    ASSERT_EQ(evidence.tally(now, kEast, Component::dynamodb).votes[0].health, Health::unhealthy);
    rounds(true, true, true);
    rounds(true, true, false);
    const Tally tally = evidence.tally(now, kEast, Component::dynamodb);
    EXPECT_EQ(tally.votes[2].health, Health::unhealthy);
    EXPECT_EQ(tally.votes[0].health, Health::unknown);
    EXPECT_EQ(tally.verdict, Health::unknown);
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
    // Whichever connection its control target was asked over.
    for (const Path path : {Path::fresh, Path::reused}) {
        rounds(false, true, false);
        ASSERT_EQ(evidence.verdict(now, kEast, Component::dynamodb), Health::unhealthy);
        probe(kController, "", RegionId{}, Component::control, false, path);
        const Tally tally = evidence.tally(now, kEast, Component::dynamodb);
        EXPECT_EQ(tally.votes[0].health, Health::unknown);
        EXPECT_EQ(tally.verdict, Health::unknown);
        probe(kController, "", RegionId{}, Component::control, true, path);
        EXPECT_EQ(evidence.verdict(now, kEast, Component::dynamodb), Health::unhealthy);
    }
}

TEST_F(EvidenceTest, AHostThatSeesNothingAtAllHasNoSay) {
    rounds(true, false, true);
    ASSERT_EQ(evidence.tally(now, kEast, Component::dynamodb).votes[1].health, Health::unhealthy);
    for (const char* host : {"e1", "e2"}) {
        probe(kEastAgents, host, RegionId{}, Component::control, false, Path::reused);
    }
    EXPECT_EQ(evidence.tally(now, kEast, Component::dynamodb).votes[1].health, Health::unknown);
    now += 3001ms;
    rounds(true, false, true);
    EXPECT_EQ(evidence.tally(now, kEast, Component::dynamodb).votes[1].health, Health::unhealthy)
        << "an old answer of the control target says nothing";
}

// However many hosts a Region has, and however often each of them fails.
TEST_F(EvidenceTest, TheHostsOfARegionHaveOneVoteTogether) {
    for (int host = 3; host < 500; ++host) {
        evidence.add_host(kEastAgents, HostId{"e" + std::to_string(host)});
    }
    for (int round = 0; round < 5; ++round) {
        now += 500ms;
        for (int host = 1; host < 500; ++host) {
            probe(
                kEastAgents, ("e" + std::to_string(host)).c_str(), kEast, Component::dynamodb, false
            );
        }
        probe(kController, "", kEast, Component::dynamodb, true);
    }
    const Tally tally = evidence.tally(now, kEast, Component::dynamodb);
    EXPECT_EQ(tally.unhealthy, 1);
    EXPECT_EQ(tally.verdict, Health::unknown);
}

TEST_F(EvidenceTest, AHostThatLeftTheRegisterHasNoSay) {
    rounds(true, false, true);
    evidence.remove_host(kEastAgents, HostId{"e1"});
    now += 100ms;
    probe(kEastAgents, "e1", kEast, Component::dynamodb, false);
    EXPECT_EQ(
        evidence.tally(now, kEast, Component::dynamodb).votes[1].why,
        "1 host of 1: fresh connections: connection refused"
    );
    evidence.remove_host(kEastAgents, HostId{"e2"});
    EXPECT_EQ(evidence.tally(now, kEast, Component::dynamodb).votes[1].health, Health::unknown);
    EXPECT_EQ(evidence.verdict(now, kEast, Component::dynamodb), Health::healthy)
        << "two of three are left";
}

TEST_F(EvidenceTest, WhoSeesEveryRegionDownIsNotBelieved) {
    for (int round = 0; round < 5; ++round) {
        now += 500ms;
        for (const RegionId& region : {kEast, kWest}) {
            probe(kController, "", region, Component::dynamodb, false);
            probe(kWestAgents, "w1", region, Component::dynamodb, region == kWest);
        }
    }
    EXPECT_EQ(evidence.verdict(now, kEast, Component::dynamodb), Health::unhealthy);
    const std::vector<RegionId> both{kEast, kWest};
    const Evidence::Credible credible = evidence.credible(now, kEast, Component::dynamodb, both);
    EXPECT_EQ(credible.unhealthy, 1);
    EXPECT_EQ(credible.see_everything_down, std::vector<ObserverId>{kController});
}

// The counts that make a verdict cheap say at every moment what a look at all samples says.
TEST_F(EvidenceTest, CountsAreTheSumOfTheVotes) {
    Rng rng{7};
    for (int step = 0; step < 20'000; ++step) {
        now += std::chrono::milliseconds{rng.below(rng.chance(1, 50) ? 4000 : 60)};
        const bool east = rng.chance(1, 2);
        const ObserverId& observer = rng.chance(1, 5) ? kController
                                     : east           ? kEastAgents
                                                      : kWestAgents;
        const char* hosts[] = {east ? "e1" : "w1", east ? "e2" : "w2"};
        const char* host = observer == kController ? "" : hosts[rng.below(2)];
        const bool control = rng.chance(1, 8);
        probe(
            observer,
            host,
            control ? RegionId{} : (rng.chance(1, 2) ? kEast : kWest),
            control ? Component::control
                    : (rng.chance(1, 2) ? Component::dynamodb : Component::stack),
            rng.chance(1, 2),
            static_cast<Path>(rng.below(3))
        );
        if (rng.chance(1, 3)) {
            now += std::chrono::milliseconds{rng.below(5000)};
            evidence.settle(now);
        } else if (const auto next = evidence.next_deadline(); next && rng.chance(1, 4)) {
            now = std::max(now, *next);
            evidence.settle(now);
        }
        if (rng.chance(1, 40)) {
            evidence.remove_host(kEastAgents, HostId{"e2"});
        } else if (rng.chance(1, 10)) {
            evidence.add_host(kEastAgents, HostId{"e2"});
        }
        for (const Component component : {Component::dynamodb, Component::stack}) {
            const Tally tally = evidence.tally(now, kEast, component);
            int unhealthy = 0;
            int healthy = 0;
            for (const Vantage& vantage : evidence.observers()) {
                const Health health = vantage.health(now, kEast, component);
                unhealthy += health == Health::unhealthy ? 1 : 0;
                healthy += health == Health::healthy ? 1 : 0;
            }
            ASSERT_EQ(unhealthy, tally.unhealthy) << "step " << step;
            ASSERT_EQ(healthy, tally.healthy) << "step " << step;
        }
    }
}

// A controller is woken for each: thousands of hosts that are heard all the time must cost none.
TEST_F(EvidenceTest, NothingIsDueWhileEveryoneIsHeard) {
    for (int round = 0; round < 100; ++round) {
        now += 500ms;
        probe(kController, "", kEast, Component::dynamodb, true);
        probe(kEastAgents, "e1", kEast, Component::dynamodb, true);
        now += 10ms;
        probe(kEastAgents, "e2", kEast, Component::dynamodb, round % 3 == 0);
        evidence.settle(now);
        ASSERT_GT(evidence.next_deadline(), now + 500ms) << "round " << round;
    }
    const Instant silent_from = now;
    while (evidence.next_deadline()) {
        now = *evidence.next_deadline();
        evidence.settle(now);
    }
    EXPECT_EQ(now, silent_from + 3s + 1ns) << "then each grows old at its moment, once";
    EXPECT_EQ(evidence.verdict(now, kEast, Component::dynamodb), Health::unknown);
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
    EXPECT_FALSE(evidence.hosts_see_errors(now, kEast));
    passive("e1", 0, 3, {});
    EXPECT_TRUE(evidence.hosts_see_errors(now, kEast)) << "the idle host has no say";
    passive("e1", 5, 0, 600ms);
    EXPECT_TRUE(evidence.hosts_see_errors(now, kEast))
        << "a request without an answer is an error in the making";
    passive("e1", 5, 0, 100ms);
    EXPECT_FALSE(evidence.hosts_see_errors(now, kEast));
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
