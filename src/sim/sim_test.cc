#include <algorithm>
#include <set>

#include <gtest/gtest.h>

#include "sim/test_scripts.h"

namespace farshore::sim {
namespace {

// `farshore-sim` plays more of them.
constexpr std::uint64_t kWorlds = 170;
constexpr Duration kWorldLength = 2h;

void expect_clean(const Script& script, const Outcome& outcome) {
    EXPECT_TRUE(outcome.violations.empty()) << "seed " << script.seed << "\n" << test::told(script);
}

TEST(Simulation, RandomWorldsKeepTheInvariants) {
    Coverage coverage;
    int failovers = 0;
    int done = 0;
    for (std::uint64_t seed = 1; seed <= kWorlds; ++seed) {
        const Outcome outcome = run(random_script(seed, kWorldLength));
        ASSERT_TRUE(outcome.violations.empty())
            << outcome.violations.front() << "\nfarshore-sim --seed " << seed << " --hours 2";
        coverage.add(outcome.coverage);
        failovers += outcome.failovers;
        done += outcome.operations_done;
    }
    EXPECT_GT(failovers, 50) << "too few runs failed over: they tested little";
    EXPECT_GT(done, 300);
    // Chance leads nearly everywhere; a campaign says what is left.
    EXPECT_LE(coverage.missing(Coverage::Table::operation).size(), 10U);
    EXPECT_LE(coverage.missing(Coverage::Table::host).size(), 15U);
    EXPECT_EQ(coverage.missing(Coverage::Table::world), std::vector<std::string>{});
}

// What they found no short script tells.
TEST(Simulation, WorldsThatOnceBrokeAnInvariantKeepThem) {
    for (const std::uint64_t seed : {516U, 1309U}) {  // a release as the hold ends
        const Script script = random_script(seed, kWorldLength);
        expect_clean(script, run(script));
    }
}

TEST(Simulation, TheSameSeedTellsTheSameStory) {
    std::set<std::uint64_t> traces;
    for (std::uint64_t seed = 1; seed <= 10; ++seed) {
        const Script script = random_script(seed, 30min);
        const std::uint64_t trace = run(script).trace_hash;
        EXPECT_EQ(trace, run(script).trace_hash) << "seed " << seed;
        traces.insert(trace);
    }
    EXPECT_EQ(traces.size(), 10U);
}

// Played to the last second, nothing is skipped.
TEST(Simulation, InAQuietWorldNothingMoves) {
    for (std::uint64_t seed = 1; seed <= 12; ++seed) {
        Script quiet = random_script(seed, 10min);
        quiet.faults.clear();
        quiet.commands.clear();
        quiet.skips_quiet_time = false;
        const Outcome outcome = run(quiet);
        expect_clean(quiet, outcome);
        EXPECT_EQ(outcome.operations_begun, 0);
        EXPECT_EQ(outcome.epoch, Epoch{1});
        EXPECT_EQ(outcome.active, region_id(0));
        EXPECT_EQ(outcome.users, region_id(0));
        EXPECT_EQ(outcome.refused, 0U);
        EXPECT_EQ(outcome.lost, 0U);
        EXPECT_GT(outcome.acknowledged, 0U);
    }
}

// INV-A1: what hurts without taking the active Region away.
TEST(Simulation, NoiseMovesNothing) {
    constexpr std::array kNoise{
        test::Noise{FaultKind::data_errors, 0, 10},
        test::Noise{FaultKind::data_slow, 0, 300},
        test::Noise{FaultKind::data_refuses, 1, 0},
        test::Noise{FaultKind::region_cut, 1, 0},
        test::Noise{FaultKind::hosts_dead, 1, 0},
        test::Noise{FaultKind::half_dead, 0, 0},
        test::Noise{FaultKind::replication_stopped, 0, 0},
        test::Noise{FaultKind::replication_slow, 0, 10'000},
        test::Noise{FaultKind::heartbeats_frozen, 0, 0},
        test::Noise{FaultKind::records_refuse, 0, 0},
        test::Noise{FaultKind::host_wall_step, 0, 20'000},
        test::Noise{FaultKind::controller_wall_step, kWitness, -20'000},
        test::Noise{FaultKind::hosts_restart_one_by_one, 0, 0},
        test::Noise{FaultKind::metrics_missing, 0, 0},
        test::Noise{FaultKind::impostor, 0, 0},
        test::Noise{FaultKind::ghosts, 0, 3},
        test::Noise{FaultKind::latency, 0, 150},
        test::Noise{FaultKind::reordering, 0, 200},
        test::Noise{FaultKind::duplicates, 0, 500},
        test::Noise{FaultKind::loss, 0, 20},
        test::Noise{FaultKind::controller_dead, kWitness, 0},
        test::Noise{FaultKind::controller_pause, kWitness, 0},
        test::Noise{FaultKind::store_full, kWitness, 0},
        test::Noise{FaultKind::checks_fail, 0, 0},
    };
    for (const test::Noise& noise : kNoise) {
        for (std::uint64_t seed = 1; seed <= 3; ++seed) {
            const Script script = test::with(
                seed, test::fault(noise.kind, noise.at, test::at(40s), 60s, noise.amount)
            );
            const Outcome outcome = run(script);
            expect_clean(script, outcome);
            EXPECT_EQ(outcome.operations_begun, 0) << to_string(noise.kind) << "\n"
                                                   << test::told(script);
            EXPECT_EQ(outcome.epoch, Epoch{1});
        }
    }
}

TEST(Simulation, ALostTableIsFailedOverAndTheShopGoesOn) {
    for (std::uint64_t seed = 1; seed <= 10; ++seed) {
        const Script script =
            test::with(seed, test::fault(FaultKind::data_refuses, 0, test::at(40s), 40s));
        const Outcome outcome = run(script);
        expect_clean(script, outcome);
        EXPECT_EQ(outcome.failovers, 1) << test::told(script);
        EXPECT_EQ(outcome.active, region_id(1)) << test::told(script);
    }
}

TEST(Simulation, ARegionCutOffIsLeftAndComesBackUnderTheNewEpoch) {
    for (std::uint64_t seed = 1; seed <= 10; ++seed) {
        const Script script =
            test::with(seed, test::fault(FaultKind::region_cut, 0, test::at(40s), 40s));
        const Outcome outcome = run(script);
        expect_clean(script, outcome);
        EXPECT_EQ(outcome.failovers, 1) << test::told(script);
        EXPECT_EQ(outcome.active, region_id(1));
        EXPECT_EQ(outcome.users, region_id(1));
    }
}

// A controller that comes back inside the outage has not seen it begin, and acts all the same.
TEST(Simulation, AControllerThatComesBackInsideTheOutageStillActs) {
    for (std::uint64_t seed = 1; seed <= 10; ++seed) {
        Script script =
            test::with(seed, test::fault(FaultKind::data_refuses, 0, test::at(40s), 100s));
        script.faults.push_back(test::fault(FaultKind::controller_dead, kWitness, test::at(39s), 4s)
        );
        const Outcome outcome = run(script);
        expect_clean(script, outcome);
        EXPECT_EQ(outcome.failovers, 1) << test::told(script);
    }
}

TEST(Simulation, SwitchoversLoseNothingAndRefuseNothing) {
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
        Script script = test::switchover(seed, 4min);
        script.commands.push_back(test::command(CommandKind::failback, test::at(110s)));
        const Outcome outcome = run(script);
        expect_clean(script, outcome);
        EXPECT_EQ(outcome.operations_done, 2) << test::told(script);
        EXPECT_EQ(outcome.lost, 0U);
        EXPECT_EQ(outcome.refused, 0U) << test::told(script);
    }
}

// A copy that a foreign writer damaged is healed from the two others. While one of these is lost no
// controller can raise: the loss waits until the Region, or an operator, comes back.
TEST(Simulation, NoLossIsActedOnWhileTwoOfThreeCopiesAreDamagedOrLost) {
    for (std::uint64_t seed = 1; seed <= 3; ++seed) {
        Script script = test::with(seed, test::fault(FaultKind::data_hangs, 0, test::at(55s), 50s));
        Fault unhealed = test::fault(FaultKind::one_way, kWitness, test::at(38s), 20s);
        unhealed.to = 1;
        script.faults.push_back(unhealed);
        script.faults.push_back(test::fault(FaultKind::record_astray, kWitness, test::at(40s), {}));
        const Outcome outcome = run(script);
        expect_clean(script, outcome);
        EXPECT_EQ(outcome.failovers, 0) << test::told(script);
    }
}

// A foreign writer raises what the failover is about to raise, and the loss is over before the
// controller writes a copy itself: the change is judged by the first copy that carries its epoch.
TEST(Simulation, AFailoverThatAForeignWriterRaisesIsJudgedByTheLossItBeganWith) {
    for (std::uint64_t seed = 1; seed <= 3; ++seed) {
        Script script =
            test::with(seed, test::fault(FaultKind::data_refuses, 0, test::at(40s), 5s));
        script.faults.push_back(
            test::fault(FaultKind::record_written, 0, test::on("raising"), {}, 1)
        );
        script.faults.push_back(
            test::fault(FaultKind::controller_dead, kWitness, test::on("fencing"), 8s)
        );
        const Outcome outcome = run(script);
        expect_clean(script, outcome);
        EXPECT_EQ(outcome.failovers, 1) << test::told(script);
    }
}

// Hosts that a foreign epoch has fenced, one of them restarted while a switchover waits for its
// moment: the switchover is not why their clients are refused.
TEST(Simulation, WhatStoodStillBeforeASwitchoverIsNotRefusedByIt) {
    for (std::uint64_t seed = 1; seed <= 3; ++seed) {
        Script script =
            test::with(seed, test::fault(FaultKind::record_written, 1, test::at(40s), {}, 1), 4min);
        script.lag = 150ms;
        script.faults.push_back(test::fault(FaultKind::host_restart, 1, test::at(62s), {}));
        script.commands.push_back(test::command(CommandKind::switchover, test::at(60s)));
        const Outcome outcome = run(script);
        expect_clean(script, outcome);
        EXPECT_GT(outcome.refused, 0U) << test::told(script);
        EXPECT_EQ(outcome.operations_begun, 1) << test::told(script);
    }
}

// Tables and users have moved and come back. A store from in between names the Region as active to
// which an operator then fails over, while the writes at risk are those of the other Region.
TEST(Simulation, AFailoverFromAnOldStoreComparesTheRegionsThatWereWrittenTo) {
    int moved = 0;
    for (std::uint64_t seed = 1; seed <= 12; ++seed) {
        Script script = test::switchover(seed, 4min);
        script.commands.push_back(test::command(CommandKind::failback, test::at(70s)));
        script.faults.push_back(test::fault(FaultKind::store_stale, kWitness, test::at(110s), {}));
        script.faults.push_back(
            test::fault(FaultKind::replication_slow, 0, test::at(125s), 20s, 4000)
        );
        Command failover = test::command(CommandKind::failover, test::at(142s));
        failover.to = Place{1};
        failover.accept_loss = 1h;
        script.commands.push_back(failover);
        const Outcome outcome = run(script);
        expect_clean(script, outcome);
        moved += outcome.active == region_id(1) ? 1 : 0;
    }
    EXPECT_GT(moved, 0);
}

// The controller dies at each append of the journal, the hold's among them: the next controller
// brings the operation to an end, and never two Regions take writes.
void die_at_every_save(const Script& story, int saves_min) {
    for (const FaultKind death :
         {FaultKind::dies_before_effects, FaultKind::dies_after_effects, FaultKind::dies_in_save}) {
        int deaths = 0;
        for (int save = 1;; ++save) {
            Script script = story;
            script.faults.push_back(test::fault(death, kWitness, test::at(30s), {}, save));
            const Outcome outcome = run(script);
            ASSERT_TRUE(outcome.violations.empty())
                << to_string(death) << " at save " << save << "\n"
                << test::told(script, 60);
            // What was torn in its first save never began.
            const bool began = death != FaultKind::dies_in_save || save > 1;
            ASSERT_TRUE(
                outcome.operations_ended == outcome.operations_begun &&
                (outcome.operations_begun > 0 || !began)
            ) << to_string(death)
              << " at save " << save << "\n"
              << test::told(script, 60);
            if (outcome.saves < static_cast<std::uint64_t>(save)) {
                break;
            }
            ++deaths;
        }
        EXPECT_GT(deaths, saves_min) << "an operation has more steps than that";
    }
}

TEST(Simulation, ASwitchoverSurvivesADeathAtEveryJournalAppend) {
    die_at_every_save(test::switchover(3), 10);
}

TEST(Simulation, AFailoverSurvivesADeathAtEveryJournalAppend) {
    die_at_every_save(
        test::with(3, test::fault(FaultKind::data_refuses, 0, test::at(40s), 60s), 4min), 10
    );
}

}  // namespace
}  // namespace farshore::sim
