#include <algorithm>
#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include "sim/test_scripts.h"

// Stories of generated worlds that a campaign has found, told by hand: in each of them an invariant
// once seemed to be broken.
namespace farshore::sim {
namespace {

constexpr std::uint64_t kSeeds = 5;

bool tells(const Outcome& outcome, std::string_view what) {
    return std::ranges::any_of(outcome.story, [what](const std::string& line) {
        return line.ends_with(what);
    });
}

// Seed 2504. INV-S2 speaks of the epochs that a majority carries: hosts follow one meaning only,
// and the next change takes an epoch beyond both.
TEST(FoundWorlds, AnEpochThatAForeignWriterTakesMeanwhileHasTheMajoritysMeaning) {
    for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
        Script script = test::calm(seed);
        script.commands = {
            test::command(CommandKind::failover, test::at(40s)),
            test::command(CommandKind::failover, test::at(100s))
        };
        for (Command& command : script.commands) {
            command.to = 1;
            command.accept_loss = 1h;
        }
        script.faults = {
            test::fault(FaultKind::record_written, kWitness, test::on("raising"), {}, 1)
        };
        script.faults.front().to = 0;
        const Outcome outcome = run(script, Telling::story);
        EXPECT_TRUE(outcome.violations.empty()) << test::told(script);
        const std::string witness = region_id(kWitness).value();
        const std::string first = region_id(0).value();
        const std::string second = region_id(1).value();
        EXPECT_TRUE(tells(outcome, "the copy in " + witness + " says epoch 2 active " + second));
        EXPECT_TRUE(tells(
            outcome,
            "the copy in " + second + " says epoch 2 active " + first + ", by a foreign writer"
        ));
        EXPECT_EQ(outcome.epoch, Epoch{3}) << test::told(script);
        EXPECT_EQ(outcome.active, region_id(1));
    }
}

// Seed 2652. Users who are told to stay where they are have not been sent there (INV-S5), though no
// host of that Region can prove a write.
TEST(FoundWorlds, AShiftThatIsStoppedLeavesUsersInARegionThatIsCutOff) {
    for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
        Script script = test::calm(seed);
        script.configuration.mode = core::Mode::observe;
        script.faults = {test::fault(FaultKind::region_cut, 0, test::at(39s), 60s)};
        script.commands = {
            test::command(CommandKind::failover, test::at(40s)),
            test::command(CommandKind::abort, test::on("shifting"))
        };
        script.commands.front().accept_loss = 1h;
        const Outcome outcome = run(script, Telling::story);
        EXPECT_TRUE(outcome.violations.empty()) << test::told(script);
        EXPECT_EQ(outcome.active, region_id(1)) << test::told(script);
        EXPECT_EQ(outcome.users, region_id(0)) << test::told(script);
    }
}

// Its machine becomes again what it was before a failover, and its agent does not hear of that.
Script restored_and_cut_off(std::uint64_t seed) {
    Script script = test::calm(seed);
    script.hosts = {1, 2, 0};
    script.faults = {
        test::fault(FaultKind::host_restored, 0, test::at(37s), 22s),
        test::fault(FaultKind::region_cut, 0, test::at(45s), 25s)
    };
    script.commands = {test::command(CommandKind::failover, test::at(40s))};
    script.commands.front().to = 1;
    script.commands.front().accept_loss = 1h;
    return script;
}

// Seed 448. Such an agent gives the writes that it makes the numbers of writes that it had handed
// over: they lie on top of those, and none of them is told as present because a later number was.
TEST(FoundWorlds, AMachineThatIsRestoredNamesItsLostWritesUnderNumbersOfOthers) {
    for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
        const Script script = restored_and_cut_off(seed);
        EXPECT_TRUE(run(script).violations.empty()) << test::told(script);
    }
}

// The same behind a planned change, whose drain is over: what the host names while users are sent
// to the new Region has not been read there.
TEST(FoundWorlds, AMachineThatIsRestoredBehindADrainNamesWritesThatItHasNotSeen) {
    for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
        Script script = test::switchover(seed);
        script.hosts = {1, 2, 0};
        script.faults = {
            test::fault(FaultKind::host_restored, 0, test::at(38s), 6s),
            test::fault(FaultKind::replication_stopped, 0, test::at(43s), 20s)
        };
        EXPECT_TRUE(run(script).violations.empty()) << test::told(script);
    }
}

// Seed 1390. With `keep` no lease ends by itself: it writes until it hears of the newer epoch, here
// for eleven seconds.
TEST(FoundWorlds, AMachineThatIsRestoredInARegionThatIsCutOffKeepsItsRoute) {
    for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
        Script script = restored_and_cut_off(seed);
        script.agents_rule = core::OnControllerLoss::keep;
        script.configuration.on_controller_loss = core::OnControllerLoss::keep;
        EXPECT_TRUE(run(script).violations.empty()) << test::told(script);
    }
}

// Seed 2021. Two controllers tell one epoch apart by its users, and each tells a machine that wakes
// up: INV-S4 speaks of what a step does twice, not of what it does again after the other one.
TEST(FoundWorlds, WhatAnotherControllerHasUndoneTakesEffectAgain) {
    for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
        Script script = test::calm(seed);
        script.commands = {test::command(CommandKind::switchover, test::at(40s))};
        script.faults = {
            test::fault(FaultKind::host_stopped, 1, test::on("shifting"), 7s),
            test::fault(FaultKind::rival_stale, kWitness, test::on("shifting", 2s), 25s)
        };
        EXPECT_TRUE(run(script).violations.empty()) << test::told(script);
    }
}

// Seed 1294. A failover loses writes that are acknowledged behind its raise, until its fence; so
// does the failover of a controller with a store of its own (INV-S15).
TEST(FoundWorlds, AFailoverOfAControllerBesideTheFirstLosesWritesUntilItsFence) {
    std::uint64_t lost = 0;
    for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
        Script script = test::calm(seed);
        script.configuration.mode = core::Mode::observe;
        script.faults = {
            test::fault(FaultKind::rival_empty, kWitness, test::at(30s), 60s),
            test::fault(FaultKind::controller_dead, kWitness, test::at(35s), 50s),
            test::fault(FaultKind::replication_stopped, 0, test::at(38s), 20s)
        };
        script.commands = {test::command(CommandKind::failover, test::at(40s))};
        script.commands.front().to = 1;
        script.commands.front().accept_loss = 1h;
        const Outcome outcome = run(script, Telling::story);
        EXPECT_TRUE(outcome.violations.empty()) << test::told(script);
        lost += outcome.lost;
    }
    EXPECT_GT(lost, 0U);
}

// Seeds 889 and 1918. A copy that a script had set astray is healed behind a majority, long after
// an automatic failover to that epoch: nothing is raised, so nothing has to call for it (INV-A1).
TEST(FoundWorlds, ACopyThatIsHealedBehindAMajorityIsNoRaise) {
    int by_the_first = 0;
    for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
        Script script = test::calm(seed, 5min);
        script.faults = {
            test::fault(FaultKind::rival_empty, kWitness, test::at(30s), 90s),
            test::fault(FaultKind::controller_blind, kWitness, test::at(38s), 60s),
            test::fault(FaultKind::stack_down, 0, test::at(40s), 30s),
            test::fault(FaultKind::record_astray, kWitness, test::at(200s), 1s)
        };
        const Outcome outcome = run(script, Telling::story);
        EXPECT_TRUE(outcome.violations.empty()) << test::told(script);
        EXPECT_EQ(outcome.failovers, 1) << test::told(script);
        // The controller beside it may be the one that fails over.
        by_the_first += outcome.epoch == Epoch{2} ? 1 : 0;
    }
    EXPECT_GT(by_the_first, 0);
}

// The holds of a switchover end before its raise can land, the controller dies, and the hosts
// follow the items by themselves. None of them is there for the next controller's fence, which
// their leases prove: what they say when they drain again shows that writes may be lost.
TEST(FoundWorlds, ADrainOfHostsThatFollowedTheItemsByThemselvesProvesNothing) {
    for (const std::uint64_t seed : {7U, 51U}) {
        Script script = test::switchover(seed, 4min);
        script.faults = {
            test::fault(FaultKind::pair_cut, kWitness, test::on("raising"), 2500ms),
            test::fault(FaultKind::pair_cut, kWitness, test::on("raising"), 2500ms),
            test::fault(FaultKind::replication_stopped, 0, test::on("raising"), 60s),
            test::fault(FaultKind::controller_dead, kWitness, test::on("fencing"), 30s)
        };
        script.faults[0].to = 0;
        script.faults[1].to = 1;
        const Outcome outcome = run(script, Telling::story);
        EXPECT_TRUE(outcome.violations.empty()) << test::told(script);
        EXPECT_TRUE(tells(
            outcome, "by itself before the drain could be repeated: this counts as a failover"
        ));
    }
}

// Seed 1366. Of four copies two carry the new epoch, and then all is well again: no host may write
// under either of them until the other two carry it too (INV-L1).
TEST(FoundWorlds, ARaiseThatHalfOfTheCopiesCarryEndsWhenNothingCallsForItAnyMore) {
    for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
        Script script = test::calm(seed, 5min);
        script.tables = 3;
        script.hosts = {2, 2, 2};
        script.faults = {
            test::fault(FaultKind::region_cut, 0, test::at(40s), 30s),
            test::fault(FaultKind::records_refuse, 0, test::at(40s), 70s),
            test::fault(FaultKind::records_refuse, 1, test::at(40s), 70s)
        };
        const Outcome outcome = run(script, Telling::story);
        EXPECT_TRUE(outcome.violations.empty()) << test::told(script);
        EXPECT_EQ(outcome.operations_done, 1) << test::told(script);
        EXPECT_EQ(outcome.epoch, Epoch{2}) << test::told(script);
    }
}

// Seed 2007. An automatic failover that could not raise was given up; a foreign writer takes its
// epoch minutes later, when all is well: that is not the failover's raise (INV-A1).
TEST(FoundWorlds, AnEpochThatAForeignWriterTakesIsNotRaisedByThePlanThatWasGivenUp) {
    for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
        Script script = test::calm(seed, 5min);
        script.faults = {
            test::fault(FaultKind::data_refuses, 0, test::at(40s), 15s),
            test::fault(FaultKind::records_refuse, 0, test::at(40s), 60s),
            test::fault(FaultKind::records_refuse, 1, test::at(40s), 60s),
            test::fault(FaultKind::records_refuse, kWitness, test::at(40s), 60s),
            test::fault(FaultKind::record_written, kWitness, test::at(200s), {}, 1)
        };
        script.faults.back().to = 1;
        const Outcome outcome = run(script, Telling::story);
        EXPECT_TRUE(outcome.violations.empty()) << test::told(script);
        EXPECT_EQ(outcome.failovers, 1) << test::told(script);
        EXPECT_TRUE(tells(
            outcome,
            "the copy in " + region_id(1).value() + " says epoch 2 active " + region_id(1).value() +
                ", by a foreign writer"
        )) << test::told(script);
    }
}

// Seed 2297. A raise reaches one copy, and a foreign writer gives its epoch to the other Region in
// the others. Behind the loss of the store the controller writes what the majority carries: that is
// the epoch's one meaning (INV-S2).
TEST(FoundWorlds, AStoreThatIsLostTakesTheMajoritysMeaningOfAnEpochThatItHadRaisedInVain) {
    for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
        Script script = test::calm(seed, 5min);
        script.commands = {test::command(CommandKind::failover, test::at(40s))};
        script.commands.front().to = 1;
        script.commands.front().accept_loss = 1h;
        script.faults = {
            test::fault(FaultKind::record_written, kWitness, test::on("raising"), {}, 1),
            test::fault(FaultKind::store_lost, kWitness, test::at(100s), 2s)
        };
        script.faults.front().to = 0;
        const Outcome outcome = run(script, Telling::story);
        EXPECT_TRUE(outcome.violations.empty()) << test::told(script);
        EXPECT_TRUE(tells(outcome, "the store is lost")) << test::told(script);
        EXPECT_EQ(outcome.active, region_id(0)) << test::told(script);
    }
}

// Seed 2075. The standby's stack was broken before the tables failed, and is seen through them from
// then on: nobody can know that it has been mended, so automation stays (INV-L2, decision 6).
TEST(FoundWorlds, AStandbyWhoseStackWasBrokenBeforeTheTablesIsNotMovedTo) {
    for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
        Script script = test::calm(seed, 5min);
        script.faults = {
            test::fault(FaultKind::stack_down, 1, test::at(50s), 20s),
            test::fault(FaultKind::data_refuses, 0, test::at(62s), 60s)
        };
        const Outcome outcome = run(script, Telling::story);
        EXPECT_TRUE(outcome.violations.empty()) << test::told(script);
        EXPECT_EQ(outcome.failovers, 0) << test::told(script);
    }
}

}  // namespace
}  // namespace farshore::sim
