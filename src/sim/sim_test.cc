#include <cstdlib>

#include <gtest/gtest.h>

#include "sim/world.h"

namespace farshore::sim {
namespace {

using namespace std::chrono_literals;

std::uint64_t seeds_wanted(std::uint64_t usual) {
    const char* text = std::getenv("FARSHORE_SIM_SEEDS");
    return text == nullptr ? usual : std::strtoull(text, nullptr, 10);
}

std::string told(const Outcome& outcome) {
    std::string text;
    for (const std::string& violation : outcome.violations) {
        text += violation + "\n";
    }
    const std::size_t from = outcome.trace.size() > 40 ? outcome.trace.size() - 40 : 0;
    for (std::size_t i = from; i < outcome.trace.size(); ++i) {
        text += "  " + outcome.trace[i] + "\n";
    }
    return text;
}

Script one_fault(FaultKind kind, int region, std::uint64_t seed, Duration length = 20s) {
    Script script;
    script.seed = seed;
    script.faults = {
        {.kind = kind, .region = region, .from = Instant{8s}, .until = Instant{8s + length}}
    };
    return script;
}

Script two_switchovers(std::uint64_t seed) {
    Script script;
    script.seed = seed;
    script.length = 50s;
    script.switchovers = {Instant{8s + std::chrono::milliseconds{seed % 1000}}, Instant{25s}};
    return script;
}

TEST(Simulation, RandomWorldsKeepTheInvariants) {
    int failovers = 0;
    int done = 0;
    for (std::uint64_t seed = 1; seed <= seeds_wanted(300); ++seed) {
        const Outcome outcome = run(random_script(seed));
        ASSERT_TRUE(outcome.violations.empty()) << "seed " << seed << "\n" << told(outcome);
        failovers += outcome.failovers_started;
        done += outcome.operations_done;
    }
    EXPECT_GT(failovers, 0) << "no run failed over: they tested nothing";
    EXPECT_GT(done, 0);
}

TEST(Simulation, ALostTableIsFailedOverAndTheShopGoesOn) {
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
        const Outcome outcome = run(one_fault(FaultKind::data_down, 0, seed));
        ASSERT_TRUE(outcome.violations.empty()) << "seed " << seed << "\n" << told(outcome);
        EXPECT_EQ(outcome.failovers_started, 1) << "seed " << seed;
        EXPECT_EQ(outcome.active, RegionId{"eu-west-1"}) << "seed " << seed << "\n"
                                                         << told(outcome);
    }
}

TEST(Simulation, AControllerThatComesBackInsideTheOutageStillActs) {
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
        // Nothing comes back before the end: what is decided is decided inside the outage.
        Script script = one_fault(FaultKind::data_down, 0, seed, 1h);
        const Fault outage = script.faults.front();
        script.faults.push_back(
            {.kind = FaultKind::controller_crash,
             .region = 0,
             .from = outage.from - 100ms,
             .until = outage.from + 3s}
        );
        const Outcome outcome = run(script);
        ASSERT_TRUE(outcome.violations.empty()) << "seed " << seed << "\n" << told(outcome);
        EXPECT_EQ(outcome.failovers_started, 1) << "seed " << seed << "\n" << told(outcome);
    }
}

TEST(Simulation, ARegionCutOffIsLeftAndComesBackUnderTheNewEpoch) {
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
        const Outcome outcome = run(one_fault(FaultKind::region_cut, 0, seed));
        ASSERT_TRUE(outcome.violations.empty()) << "seed " << seed << "\n" << told(outcome);
        EXPECT_EQ(outcome.active, RegionId{"eu-west-1"}) << "seed " << seed << "\n"
                                                         << told(outcome);
    }
}

TEST(Simulation, ADeadStandbyMovesNothing) {
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
        const Outcome outcome = run(one_fault(FaultKind::region_cut, 1, seed));
        ASSERT_TRUE(outcome.violations.empty()) << told(outcome);
        EXPECT_EQ(outcome.epoch, Epoch{1});
    }
}

TEST(Simulation, WithoutAFaultNothingMoves) {
    Script quiet;
    quiet.length = 600s;
    const Outcome outcome = run(quiet);
    EXPECT_TRUE(outcome.violations.empty()) << told(outcome);
    EXPECT_EQ(outcome.epoch, Epoch{1});
    EXPECT_EQ(outcome.failovers_started, 0);
    EXPECT_EQ(outcome.refused, 0U);
}

TEST(Simulation, SwitchoversLoseNothingAndRefuseNothing) {
    for (std::uint64_t seed = 1; seed <= 50; ++seed) {
        const Outcome outcome = run(two_switchovers(seed));
        ASSERT_TRUE(outcome.violations.empty()) << "seed " << seed << "\n" << told(outcome);
        EXPECT_EQ(outcome.operations_done, 2) << "seed " << seed << "\n" << told(outcome);
        EXPECT_EQ(outcome.lost, 0U);
        EXPECT_EQ(outcome.refused, 0U) << "seed " << seed << "\n" << told(outcome);
    }
}

TEST(Simulation, AControllerThatDiesAtAnyIntentIsReplacedAndTheOperationEnds) {
    int ended = 0;
    for (std::uint64_t seed = 1; seed <= 100; ++seed) {
        Script script = two_switchovers(seed);
        script.length = 120s;
        script.crash_at_saves = true;
        const Outcome outcome = run(script);
        ASSERT_TRUE(outcome.violations.empty()) << "seed " << seed << "\n" << told(outcome);
        ended += outcome.operations_ended;
    }
    EXPECT_GT(ended, 100);
}

// The journal's appends one by one, the hold among them: whoever resumes brings the operation to an
// end, and never two Regions take writes.
void die_at_every_save(Script script, const char* what) {
    for (const bool before_effects : {true, false}) {
        script.before_effects = before_effects;
        int dead = 0;
        for (int save = 1;; ++save) {
            script.crash_at_save = save;
            const Outcome outcome = run(script);
            ASSERT_TRUE(outcome.violations.empty()) << what << ", save " << save << "\n"
                                                    << told(outcome);
            EXPECT_GE(outcome.operations_ended, 1) << what << ", save " << save << "\n"
                                                   << told(outcome);
            if (outcome.saves < save) {
                break;
            }
            ++dead;
        }
        EXPECT_GT(dead, 10) << what << ": an operation has more steps than that";
    }
}

TEST(Simulation, ASwitchoverSurvivesADeathAtEveryJournalAppend) {
    Script script;
    script.seed = 11;
    script.length = 60s;
    script.switchovers = {Instant{8s}};
    die_at_every_save(script, "switchover");
}

TEST(Simulation, AFailoverSurvivesADeathAtEveryJournalAppend) {
    Script script = one_fault(FaultKind::data_down, 0, 11);
    script.length = 60s;
    die_at_every_save(script, "failover");
}

TEST(Simulation, TheSameSeedTellsTheSameStory) {
    for (std::uint64_t seed = 1; seed <= 40; ++seed) {
        EXPECT_EQ(run(random_script(seed)).trace_hash, run(random_script(seed)).trace_hash)
            << "seed " << seed;
    }
}

// The planted bugs. Each is found by the checker of the rule that it breaks, or that checker proves
// nothing.
bool found(const Outcome& outcome, std::string_view invariant) {
    return std::ranges::any_of(outcome.violations, [&](const std::string& text) {
        return text.starts_with(invariant);
    });
}

TEST(PlantedBug, PromotionBeforeTheFenceBreaksS1) {
    int caught = 0;
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
        // The Region's own hosts still reach its tables, and their leases run.
        Script script = one_fault(FaultKind::data_unseen, 0, seed);
        script.early = true;
        script.slow_orders = true;
        script.plant = Plant::promotion_before_fence;
        caught += found(run(script), "INV-S1") ? 1 : 0;
    }
    EXPECT_GT(caught, 0);
}

TEST(PlantedBug, ALeaseCountedFromItsArrivalBreaksS1) {
    int caught = 0;
    for (std::uint64_t seed = 1; seed <= 30; ++seed) {
        Script script = one_fault(FaultKind::region_cut, 0, seed);
        script.plant = Plant::lease_from_arrival;
        caught += found(run(script), "INV-S1") ? 1 : 0;
    }
    EXPECT_GT(caught, 0);
}

TEST(PlantedBug, AGateOnTheHeartbeatsAgeBreaksL2) {
    Script script = one_fault(FaultKind::data_down, 0, 3);
    script.plant = Plant::gate_on_heartbeat_age;
    EXPECT_TRUE(found(run(script), "INV-L2"));
}

TEST(PlantedBug, ADrainThatReadsNothingBreaksS15) {
    int caught = 0;
    for (std::uint64_t seed = 1; seed <= 30; ++seed) {
        Script script = two_switchovers(seed);
        script.lag_min = 400ms;
        script.plant = Plant::hold_not_drained;
        caught += found(run(script), "INV-S15") ? 1 : 0;
    }
    EXPECT_GT(caught, 0);
}

}  // namespace
}  // namespace farshore::sim
