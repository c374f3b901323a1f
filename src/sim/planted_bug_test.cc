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

// The standby's table is lost, and nothing happens by itself.
Script lost_standby(std::uint64_t seed) {
    return test::with(seed, test::fault(FaultKind::data_refuses, 1, test::at(40s), 40s));
}

// The Region is cut off when its hosts have just been confirmed: they do not hear of the fence.
Script cut_before_the_fence(std::uint64_t seed) {
    Script script = test::calm(seed);
    script.commands = {test::command(CommandKind::failover, test::at(40s))};
    script.commands.front().accept_loss = 1h;
    script.faults = {test::fault(FaultKind::region_cut, 0, test::on("fencing"), 20s)};
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

// Of the other Region, too, no host lives that could serve.
Script no_host_to_go_to(std::uint64_t seed) {
    Script script = lost_table(seed);
    script.faults.push_back(test::fault(FaultKind::hosts_dead, 1, test::at(37s), 60s));
    return script;
}

// It is over when the controller, which had decided to fail over and died, has come back.
Script short_outage(std::uint64_t seed) {
    Script script = test::calm(seed);
    script.faults = {
        test::fault(FaultKind::data_refuses, 0, test::at(40s), 5s),
        test::fault(FaultKind::dies_before_effects, kWitness, test::at(40s), {}, 1),
        test::fault(FaultKind::controller_dead, kWitness, test::on("raising"), 15s)
    };
    return script;
}

// The table that was failed over to is lost as soon as automation may act again, or before that.
Script lost_again(std::uint64_t seed) {
    Script script = lost_table(seed);
    script.faults.push_back(test::fault(FaultKind::data_refuses, 1, test::at(95s), 50s));
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

Script resumed_in_an_outage(std::uint64_t seed) {
    Script script = lost_table(seed);
    script.commands = {
        test::command(CommandKind::pause, test::at(20s)),
        test::command(CommandKind::resume, test::at(60s))
    };
    return script;
}

// Writes were moved, and users were left where they are.
Script controllers_gone(std::uint64_t seed) {
    Script script = test::switchover(seed, 4min);
    script.commands.front().levers = {core::Lever::repoint};
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

// The hosts that are fenced have not heard of the controller for longer than a lease: the epoch
// items confirm them.
Script confirmed_by_the_items(std::uint64_t seed) {
    Script script = test::with(seed, test::fault(FaultKind::pair_cut, 0, test::at(33s), 20s));
    script.faults.front().to = kWitness;
    script.commands = {test::command(CommandKind::failover, test::at(40s))};
    script.commands.front().accept_loss = 1h;
    return script;
}

// The same, and what the other Region answers is under way for half a second. Hosts read the items
// once a second: each world begins at another moment between two readings.
Script late_answers(std::uint64_t seed) {
    Script script = confirmed_by_the_items(seed);
    const Duration begin = 40s + std::chrono::milliseconds{seed * 100};
    script.commands.front().from = test::at(begin);
    script.faults.push_back(test::fault(FaultKind::clogged, 1, test::at(begin - 400ms), 900ms));
    script.faults.back().to = 0;
    return script;
}

// The controller grants for half as long as the hosts would take.
Script short_grants(std::uint64_t seed) {
    Script script = cut_before_the_fence(seed);
    script.agents_lease = 6s;
    return script;
}

// The raise of a change reaches two of four copies, and the change is stopped; the next one is to
// another Region.
Script two_of_four_copies(std::uint64_t seed) {
    Script script = test::calm(seed);
    script.tables = 3;
    script.hosts = {2, 2, 2};
    for (const Place place : {Place{1}, Place{2}}) {
        script.faults.push_back(test::fault(FaultKind::pair_cut, place, test::at(39900ms), 20s));
        script.faults.back().to = kWitness;
    }
    script.commands = {
        test::command(CommandKind::failover, test::at(40s)),
        test::command(CommandKind::abort, test::at(48s)),
        test::command(CommandKind::failover, test::at(80s))
    };
    script.commands.front().to = 2;
    script.commands.front().accept_loss = 1h;
    script.commands.back().to = 1;
    script.commands.back().accept_loss = 1h;
    return script;
}

// Its hosts' leases last for longer than the controller waits for a sign of life.
Script cut_region_with_long_leases(std::uint64_t seed) {
    Script script = cut_region(seed);
    script.configuration.lease = 6s;
    script.agents_lease = 6s;
    return script;
}

// A Region is cut off, and an attacker speaks in the name of its hosts while their leases last.
Script forged_acknowledgements(std::uint64_t seed) {
    Script script = cut_region_with_long_leases(seed);
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

// What is at risk is still on its way when users are moved, and arrives later.
Script late_arrivals(std::uint64_t seed) {
    Script script =
        test::with(seed, test::fault(FaultKind::replication_stopped, 0, test::at(40s), 20s));
    script.commands = {test::command(CommandKind::failover, test::at(42s))};
    script.commands.front().accept_loss = 1h;
    return script;
}

// The same, and for a while no user writes the keys anew.
Script late_arrivals_among_silence(std::uint64_t seed) {
    Script script = late_arrivals(seed);
    script.faults.front().length = 5s;
    script.faults.push_back(test::fault(FaultKind::stack_down, 0, test::at(41500ms), 25s));
    return script;
}

struct Case {
    core::PlantedBug bug{};
    std::string_view breaks;
    Script (*script)(std::uint64_t seed);
};

using enum core::PlantedBug;

constexpr std::array kCases{
    Case{promotion_before_fence, "INV-S1", cut_before_the_fence},
    Case{lease_from_arrival, "INV-S1", late_answers},
    Case{lease_of_its_own, "INV-S1", short_grants},
    Case{own_grants_only, "INV-S1", confirmed_by_the_items},
    Case{silent_host_forgotten, "INV-S1", cut_region_with_long_leases},
    Case{blind_controller_grants, "INV-S1", blind_controller},
    Case{subject_from_body, "INV-S1", forged_acknowledgements},
    Case{epoch_used_again, "INV-S2", two_of_four_copies},
    Case{effect_before_intent, "INV-S3", one_switchover},
    Case{orders_played_again, "INV-S4", streams_end},
    Case{users_sent_unproven, "INV-S5", target_refuses_late},
    Case{one_vantage_votes_for_all, "INV-S6", controller_cut_off},
    Case{no_hysteresis, "INV-S6", noise},
    Case{ghost_votes, "INV-S6", ghosts},
    Case{pause_forgotten, "INV-S7", paused_then_restarted},
    Case{resume_fires_at_once, "INV-S7", resumed_in_an_outage},
    Case{cooldown_from_beginning, "INV-S7", lost_again},
    Case{running_plan_forgotten, "INV-S8", dies_in_the_plan},
    Case{stale_plan_overwrites, "INV-S9", overtaken},
    Case{gate_forgets_agents, "INV-S10", unseen_table},
    Case{silence_is_health, "INV-S11", no_host_to_go_to},
    Case{automatic_failback, "INV-S12", lost_table},
    Case{hosts_go_home, "INV-S13", controllers_gone},
    Case{evidence_off_the_record, "INV-S14", lost_standby},
    Case{drain_not_read, "INV-S15", slow_replication},
    Case{drain_outlives_its_hold, "INV-S15", adopted_without_a_controller},
    Case{timeout_taken_for_no, "INV-S15", late_execution},
    Case{examined_where_written, "INV-S16", late_arrivals},
    Case{one_region_compared, "INV-S16", late_arrivals_among_silence},
    Case{epoch_from_store_only, "INV-L1", old_store},
    Case{host_without_a_row, "INV-L1", lost_table},
    Case{raise_outcome_lost, "INV-L2", lost_table},
    Case{gate_on_heartbeat_age, "INV-L2", tight_gate},
    Case{acknowledgement_only, "INV-L2", cut_region},
    Case{evidence_not_asked_again, "INV-A1", short_outage},
};

// All of core/planted.h but `none`, each once.
static_assert(kCases.size() + 1 == core::kPlantedBugNames.size());

void PrintTo(const Case& planted, std::ostream* out) {
    *out << to_string(planted.bug);
}

bool breaks(const Script& script, std::string_view invariant) {
    return std::ranges::any_of(run(script).violations, [&](const std::string& violation) {
        return violation.starts_with(std::string{invariant} + " ");
    });
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
        script.bug = planted.bug;
        found += breaks(script, planted.breaks) ? 1 : 0;
    }
    Script last = planted.script(kSeeds);
    last.bug = planted.bug;
    EXPECT_GT(found, 0) << planted.breaks << " was not broken in any of " << kSeeds << " worlds\n"
                        << test::told(last, 80);
}

INSTANTIATE_TEST_SUITE_P(, PlantedBug, testing::ValuesIn(kCases), [](const auto& tested) {
    return std::string{to_string(tested.param.bug)};
});

// What no line of the product could do right: a lease of three seconds lasts for five.
TEST(BrokenPromise, AClockSlowerThanClockErrorAllowsIsFound) {
    int found = 0;
    for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
        Script script = cut_before_the_fence(seed);
        for (const std::size_t host : {0U, 1U}) {
            script.faults.push_back(
                test::fault(FaultKind::host_clock_drift, 0, test::at(10s), 60s, -400'000)
            );
            script.faults.back().host = host;
        }
        found += breaks(script, "INV-S1") ? 1 : 0;
    }
    EXPECT_GT(found, 0);
}

}  // namespace
}  // namespace farshore::sim
