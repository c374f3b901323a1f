#include <algorithm>
#include <vector>

#include <gtest/gtest.h>

#include "sim/test_scripts.h"

// The planted bugs. Each is found by the checker of the rule that it breaks, or that checker proves
// nothing; and the same worlds without it are clean, or it proves nothing about the bug.
namespace farshore::sim {
namespace {

constexpr std::uint64_t kSeeds = 10;

// A table that is lost, and nothing else.
Script lost_table(std::uint64_t seed) {
    return test::with(seed, test::fault(FaultKind::data_refuses, 0, test::at(40s), 40s));
}

// A Region that no process outside reaches; its own hosts go on with the leases that they have.
Script cut_region(std::uint64_t seed) {
    return test::with(seed, test::fault(FaultKind::region_cut, 0, test::at(40s), 40s));
}

// The Region is cut off when its hosts have just been confirmed: they do not hear of the fence.
Script cut_before_the_fence(std::uint64_t seed) {
    Script script = test::calm(seed);
    script.commands = {test::command(CommandKind::failover, test::at(40s))};
    script.commands.front().accept_loss = 1h;
    script.faults = {test::fault(FaultKind::region_cut, 0, test::on("fencing"), 20s)};
    return script;
}

// Answers to its hosts are under way for most of a second; then the Region is cut off.
Script late_answers(std::uint64_t seed) {
    Script script = test::calm(seed);
    const Duration begin = 40s + std::chrono::milliseconds{seed * 137 % 1000};
    script.commands = {test::command(CommandKind::failover, test::at(begin))};
    script.commands.front().accept_loss = 1h;
    script.faults = {
        test::fault(FaultKind::clogged, kWitness, test::at(begin - 500ms), 1100ms),
        test::fault(FaultKind::pair_cut, 0, test::at(begin), 20s),
        test::fault(FaultKind::region_cut, 0, test::at(begin + 660ms), 20s)
    };
    return script;
}

// Only its own Region's hosts still reach the tables: they acknowledge writes that no heartbeat
// follows.
Script unseen_table(std::uint64_t seed) {
    Script script = test::with(seed, test::fault(FaultKind::data_unseen, 0, test::at(40s), 30s));
    script.configuration.early = true;
    script.configuration.max_loss = 1s;
    return script;
}

Script tight_gate(std::uint64_t seed) {
    Script script = lost_table(seed);
    script.configuration.max_loss = 1800ms;
    return script;
}

// The first Region's copy of the epoch item is read over old connections for a while, so hosts go
// on writing, and see that the writes fail.
Script both_tables_lost(std::uint64_t seed) {
    Script script = test::with(seed, test::fault(FaultKind::names_empty, 0, test::at(40s), 40s));
    script.configuration.max_loss = 1h;
    script.faults.push_back(test::fault(FaultKind::data_refuses, 1, test::at(38s), 60s));
    return script;
}

// The controller alone is cut off.
Script controller_cut_off(std::uint64_t seed) {
    Script script = test::with(seed, test::fault(FaultKind::pair_cut, 0, test::at(40s), 20s));
    script.faults.front().to = kWitness;
    script.configuration.early = true;
    return script;
}

// Requests fail here and there; nothing is lost.
Script noise(std::uint64_t seed) {
    return test::with(seed, test::fault(FaultKind::data_errors, 0, test::at(40s), 60s, 100));
}

Script one_switchover(std::uint64_t seed) {
    return test::switchover(seed);
}

// The Region carries writes out seconds after it was asked, when an operator has just asked for a
// change.
Script late_execution(std::uint64_t seed) {
    Script script = test::switchover(seed);
    Moment before = script.commands.front().from;
    before.at -= 600ms;
    script.faults = {test::fault(FaultKind::data_slow, 0, before, 700ms, 4'500)};
    return script;
}

Script slow_replication(std::uint64_t seed) {
    Script script = test::switchover(seed);
    for (const Place place : {Place{0}, Place{1}}) {
        script.faults.push_back(
            test::fault(FaultKind::heartbeats_early, place, test::at(20s), 60s, 3'000)
        );
    }
    return script;
}

Script target_refuses_late(std::uint64_t seed) {
    Script script = test::switchover(seed);
    script.faults = {test::fault(FaultKind::data_refuses, 1, test::on("repointing"), 20s)};
    return script;
}

// Streams end between one attempt and the next.
Script streams_end(std::uint64_t seed) {
    Script script = slow_replication(seed);
    script.faults.push_back(
        test::fault(FaultKind::one_way, kWitness, test::on("releasing", 300ms), 6s)
    );
    script.faults.back().to = 1;
    return script;
}

Script dies_in_the_plan(std::uint64_t seed) {
    Script script = test::switchover(seed);
    script.faults = {
        test::fault(FaultKind::dies_after_effects, kWitness, test::on("fencing"), {}, 1)
    };
    script.commands.push_back(test::command(CommandKind::failover, test::at(100s)));
    return script;
}

// The store is an older one: most of its copies are from before the change.
Script old_store(std::uint64_t seed) {
    Script script = test::switchover(seed, 5min);
    for (int i = 0; i < 20; ++i) {
        script.commands.push_back(test::command(CommandKind::pause, test::at(20s + i * 500ms)));
    }
    script.faults = {test::fault(FaultKind::store_stale, kWitness, test::at(70s), {})};
    return script;
}

Script overtaken(std::uint64_t seed) {
    Script script = test::switchover(seed, 5min);
    script.faults = {test::fault(FaultKind::record_written, 0, test::on("raising"), {}, 3)};
    script.commands.push_back(test::command(CommandKind::failover, test::at(100s)));
    script.commands.back().accept_loss = 1h;
    return script;
}

Script paused_then_restarted(std::uint64_t seed) {
    Script script = lost_table(seed);
    script.commands = {test::command(CommandKind::pause, test::at(20s))};
    script.faults.push_back(test::fault(FaultKind::controller_dead, kWitness, test::at(30s), 2s));
    return script;
}

Script controllers_gone(std::uint64_t seed) {
    Script script = test::switchover(seed, 4min);
    script.faults = {test::fault(FaultKind::controller_dead, kWitness, test::at(90s), 40s)};
    return script;
}

// Another controller raises the epoch in both tables' Regions. The first controller and the first
// Region's hosts read one of these copies and the witness's, which says the old epoch; the second
// Region's hosts read the two that were raised, and hear no controller.
Script blind_controller(std::uint64_t seed) {
    Script script = test::with(seed, test::fault(FaultKind::pair_cut, 1, test::at(40s), 60s));
    script.faults.front().to = kWitness;
    script.faults.push_back(test::fault(FaultKind::data_unseen, 1, test::at(40s), 60s));
    script.faults.push_back(test::fault(FaultKind::record_written, kWitness, test::at(45s), {}, 1));
    script.faults.back().to = 1;
    return script;
}

// The holds of a switchover end before its raise can land, so hosts write once more in the old
// Region. Then the controller dies, and the hosts follow the items by themselves.
Script adopted_without_a_controller(std::uint64_t seed) {
    Script script = test::switchover(seed, 4min);
    script.faults = {
        test::fault(FaultKind::pair_cut, kWitness, test::on("raising"), 2500ms),
        test::fault(FaultKind::pair_cut, kWitness, test::on("raising"), 2500ms),
        test::fault(FaultKind::replication_stopped, 0, test::on("raising"), 60s),
        test::fault(FaultKind::controller_dead, kWitness, test::on("fencing"), 30s)
    };
    script.faults[0].to = 0;
    script.faults[1].to = 1;
    return script;
}

// A Region is cut off, and an attacker speaks in the name of its hosts while their leases last.
Script forged_acknowledgements(std::uint64_t seed) {
    Script script = cut_region(seed);
    script.configuration.lease = 6s;
    script.agents_lease = 6s;
    for (const std::size_t host : {0U, 1U}) {
        script.faults.push_back(test::fault(FaultKind::impostor, 0, test::at(40s), 20s));
        script.faults.back().host = host;
    }
    return script;
}

// Nothing is wrong, but hosts that there are not say that it is.
Script ghosts(std::uint64_t seed) {
    return test::with(seed, test::fault(FaultKind::ghosts, 0, test::at(40s), 30s, 3));
}

struct Case {
    Plant plant;
    std::string_view breaks;
    Script (*script)(std::uint64_t seed);
};

constexpr std::array kCases{
    Case{Plant::promotion_before_fence, "INV-S1", cut_before_the_fence},
    Case{Plant::lease_from_arrival, "INV-S1", late_answers},
    Case{Plant::blind_controller_grants, "INV-S1", blind_controller},
    Case{Plant::clock_beyond_promise, "INV-S1", cut_before_the_fence},
    Case{Plant::epoch_from_store_only, "INV-L1", old_store},
    Case{Plant::effect_before_intent, "INV-S3", one_switchover},
    Case{Plant::orders_played_again, "INV-S4", streams_end},
    Case{Plant::users_sent_unproven, "INV-S5", target_refuses_late},
    Case{Plant::one_vantage_votes_for_all, "INV-S6", controller_cut_off},
    Case{Plant::no_hysteresis, "INV-S6", noise},
    Case{Plant::subject_from_body, "INV-S1", forged_acknowledgements},
    Case{Plant::ghost_votes, "INV-S6", ghosts},
    Case{Plant::pause_forgotten, "INV-S7", paused_then_restarted},
    Case{Plant::running_plan_forgotten, "INV-S8", dies_in_the_plan},
    Case{Plant::stale_plan_overwrites, "INV-S9", overtaken},
    Case{Plant::gate_forgets_agents, "INV-S10", unseen_table},
    Case{Plant::silence_is_health, "INV-S11", both_tables_lost},
    Case{Plant::automatic_failback, "INV-S12", lost_table},
    Case{Plant::hosts_go_home, "INV-S13", controllers_gone},
    Case{Plant::evidence_off_the_record, "INV-S14", lost_table},
    Case{Plant::drain_not_read, "INV-S15", slow_replication},
    Case{Plant::drain_outlives_its_hold, "INV-S15", adopted_without_a_controller},
    Case{Plant::timeout_taken_for_no, "INV-S15", late_execution},
    Case{Plant::raise_outcome_lost, "INV-L2", lost_table},
    Case{Plant::host_without_a_row, "INV-L1", lost_table},
    Case{Plant::gate_on_heartbeat_age, "INV-L2", tight_gate},
    Case{Plant::acknowledgement_only, "INV-L2", cut_region},
};

// All of plants.h but `none`, each once.
static_assert(kCases.size() + 1 == kPlantNames.size());

void PrintTo(const Case& planted, std::ostream* out) {
    *out << to_string(planted.plant);
}

class PlantedBug : public testing::TestWithParam<Case> {};

TEST_P(PlantedBug, IsFoundByItsCheckerAndTheSameWorldsWithoutItAreClean) {
    const Case& planted = GetParam();
    int found = 0;
    for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
        Script script = planted.script(seed);
        const Outcome clean = run(script);
        EXPECT_TRUE(clean.violations.empty()) << "without it, seed " << seed << "\n"
                                              << test::told(script);
        script.plant = planted.plant;
        const Outcome outcome = run(script);
        found += std::ranges::any_of(outcome.violations, [&](const std::string& violation) {
            return violation.starts_with(std::string{planted.breaks} + " ");
        });
    }
    Script last = planted.script(kSeeds);
    last.plant = planted.plant;
    EXPECT_GT(found, 0) << planted.breaks << " was not broken in any of " << kSeeds << " worlds\n"
                        << test::told(last, 80);
}

INSTANTIATE_TEST_SUITE_P(, PlantedBug, testing::ValuesIn(kCases), [](const auto& tested) {
    return std::string{to_string(tested.param.plant)};
});

}  // namespace
}  // namespace farshore::sim
