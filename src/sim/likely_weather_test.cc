#include "sim/likely_weather.h"

#include <algorithm>

#include <gtest/gtest.h>

#include "sim/scene.h"
#include "sim/sums.h"
#include "sim/world.h"

// Likely worlds: what their author writes, and what a policy shows in them.
namespace farshore::sim {
namespace {

constexpr Duration kRto = 60s;

Ground ground(Duration unhealthy_for = core::Hysteresis{}.unhealthy_for) {
    Ground ground;
    ground.configuration.hysteresis.unhealthy_for = unhealthy_for;
    return ground;
}

// Other tests of this program plant bugs.
Facts played(const Script& script, LikelyWeather weather) {
    core::planted_bug = core::PlantedBug::none;
    Witness witness(weather, script, kRto);
    (void)play(script, Telling::nothing, &witness);
    return witness.facts();
}

Facts played(const Ground& ground, LikelyWeather weather, std::uint64_t seed = 1) {
    return played(likely_script(ground, weather, seed), weather);
}

// As the author writes it, but for so long.
Facts played_for(Duration length, const Ground& ground, LikelyWeather weather) {
    Script script = likely_script(ground, weather, 1);
    script.faults.at(0).length = length;
    return played(script, weather);
}

TEST(LikelyWeather, IsWrittenAsItsRowSays) {
    for (const WeatherRow& row : weather_rows()) {
        for (std::uint64_t seed = 1; seed <= 50; ++seed) {
            const Script script = likely_script(ground(), row.weather, seed);
            SCOPED_TRACE(std::string{to_string(row.weather)} + " " + std::to_string(seed));
            const Spell spell = spell_of(script);
            EXPECT_EQ(script.faults.empty(), row.weather == LikelyWeather::switchover);
            EXPECT_GE(spell.from, 40s);
            EXPECT_GE(script.length, spell.until + 90s);
            for (const Fault& fault : script.faults) {
                EXPECT_EQ(fault.at, row.at);
            }
            if (row.weather == LikelyWeather::switchover ||
                row.weather == LikelyWeather::flapping) {
                continue;
            }
            const Fault& last = script.faults.back();
            const auto drawn = std::span{row.kinds}.first(row.choices);
            EXPECT_NE(std::ranges::find(drawn, last.kind), drawn.end());
            EXPECT_GE(last.length, row.shortest);
            EXPECT_LE(last.length, row.longest);
            EXPECT_GE(script.faults.front().amount, row.least);
            EXPECT_LE(script.faults.front().amount, row.most);
        }
    }
}

TEST(LikelyWeather, DrawsEachOfItsKindsAndEachLength) {
    const WeatherRow& row = row_of(LikelyWeather::data_blip);
    std::vector<FaultKind> kinds;
    int short_ones = 0;
    for (std::uint64_t seed = 1; seed <= 200; ++seed) {
        const Fault fault = likely_script(ground(), row.weather, seed).faults.at(0);
        kinds.push_back(fault.kind);
        short_ones += fault.length < 8s ? 1 : 0;
    }
    for (std::size_t i = 0; i < row.choices; ++i) {
        EXPECT_GT(std::ranges::count(kinds, row.kinds.at(i)), 60);
    }
    EXPECT_GT(short_ones, 70) << "half of them end within the middle of 1 and 60 s in doublings";
    EXPECT_LT(short_ones, 130);
}

TEST(LikelyWeather, IsTheSameOnEveryGround) {
    Ground other = ground(20s);
    other.configuration.mode = core::Mode::observe;
    for (const WeatherRow& row : weather_rows()) {
        const Script a = likely_script(ground(), row.weather, 3);
        const Script b = likely_script(other, row.weather, 3);
        ASSERT_EQ(a.faults.size(), b.faults.size());
        for (std::size_t i = 0; i < a.faults.size(); ++i) {
            EXPECT_EQ(a.faults[i].kind, b.faults[i].kind);
            EXPECT_EQ(a.faults[i].from.at, b.faults[i].from.at);
            EXPECT_EQ(a.faults[i].length, b.faults[i].length);
            EXPECT_EQ(a.faults[i].amount, b.faults[i].amount);
        }
    }
}

TEST(LikelyWeather, AShorterUnhealthyForFiresAtABlipWhereALongerOneDoesNot) {
    const Facts hasty = played_for(15s, ground(1500ms), LikelyWeather::data_blip);
    ASSERT_EQ(hasty.fired(), 1);
    EXPECT_EQ(hasty.changes.at(0).judgement, Judgement::blip);
    EXPECT_FALSE(hasty.wanted);
    const Facts patient = played_for(15s, ground(25s), LikelyWeather::data_blip);
    EXPECT_EQ(patient.fired(), 0);
    EXPECT_FALSE(patient.wanted);
}

TEST(LikelyWeather, AnOutageIsLeftAndTimed) {
    const Facts facts = played(ground(), LikelyWeather::data_outage);
    ASSERT_EQ(facts.fired(), 1);
    const Change& change = facts.changes.at(0);
    EXPECT_EQ(change.judgement, Judgement::right);
    EXPECT_EQ(change.outcome, core::Outcome::done);
    ASSERT_TRUE(change.fenced && change.first_write && change.ended);
    EXPECT_GE(change.decided, core::Hysteresis{}.unhealthy_for);
    EXPECT_LT(change.decided, *change.fenced);
    EXPECT_LT(*change.fenced, *change.first_write);
    EXPECT_LT(*change.first_write, 30s);
}

TEST(LikelyWeather, ALongerUnhealthyForDecidesThatMuchLater) {
    const Facts hasty = played(ground(1500ms), LikelyWeather::data_outage);
    const Facts patient = played(ground(20s), LikelyWeather::data_outage);
    ASSERT_EQ(patient.fired(), 1);
    EXPECT_GT(patient.changes.at(0).decided, hasty.changes.at(0).decided + 15s);
}

TEST(LikelyWeather, AnOutageThatIsMissedNamesTheGuard) {
    Ground watching = ground();
    watching.configuration.mode = core::Mode::observe;
    const Facts observed = played(watching, LikelyWeather::data_outage);
    EXPECT_TRUE(observed.wanted);
    EXPECT_EQ(observed.fired(), 0);
    EXPECT_EQ(observed.held_by, core::Guard::mode);

    Ground unanimous = ground();
    unanimous.configuration.quorum_needed = 3;
    const Facts cut = played(unanimous, LikelyWeather::region_outage);
    EXPECT_EQ(cut.fired(), 0);
    EXPECT_EQ(cut.held_by, core::Guard::quorum) << "agents that are cut off have no vote";
}

TEST(LikelyWeather, TheLossGateHoldsBackWhatAWiderOneLetsGoAndLoses) {
    Ground strict = ground();
    strict.configuration.max_loss = 1s;
    const Facts held = played(strict, LikelyWeather::outage_behind_lag);
    EXPECT_EQ(held.fired(), 0);
    EXPECT_EQ(held.held_by, core::Guard::loss_within_gate);
    EXPECT_EQ(held.lost, 0U);

    Ground lax = ground();
    lax.configuration.max_loss = 1h;
    const Facts gone = played(lax, LikelyWeather::outage_behind_lag);
    ASSERT_EQ(gone.fired(), 1);
    const Change& change = gone.changes.at(0);
    EXPECT_GT(change.at_risk, 0U);
    EXPECT_GE(change.at_risk_span, 1s);
    EXPECT_GT(gone.lost, 0U);
    EXPECT_LE(gone.lost + gone.late, change.at_risk) << "nothing else was in danger";
}

TEST(LikelyWeather, ASwitchoverIsAPersonsAndLosesNothing) {
    const Facts facts = played(ground(), LikelyWeather::switchover);
    ASSERT_EQ(facts.changes.size(), 1U);
    const Change& change = facts.changes.at(0);
    EXPECT_FALSE(change.automatic);
    EXPECT_EQ(facts.fired(), 0);
    EXPECT_FALSE(facts.wanted);
    EXPECT_EQ(change.outcome, core::Outcome::done);
    ASSERT_TRUE(change.fenced && change.first_write);
    EXPECT_GE(*change.first_write, *change.fenced) << "writes of the old epoch do not count";
    EXPECT_GT(change.longest_pause, 50ms) << "writes are held";
    EXPECT_LT(change.longest_pause, 2s);
    EXPECT_EQ(change.spoiled, 0U);
    EXPECT_EQ(facts.lost, 0U);
}

TEST(LikelyWeather, AnApprovalIsAPersonsWork) {
    Ground asking = ground();
    asking.configuration.mode = core::Mode::approve;
    const Facts facts = played(asking, LikelyWeather::data_outage);
    ASSERT_EQ(facts.fired(), 1);
    EXPECT_TRUE(facts.changes.at(0).needed_person);
    EXPECT_EQ(facts.changes.at(0).outcome, core::Outcome::done) << "people agree here";
    EXPECT_FALSE(played(ground(), LikelyWeather::data_outage).changes.at(0).needed_person);
}

// A change that automation begins at that moment of the story, out of that Region.
Judgement judged(LikelyWeather weather, Duration rto, Duration at, Place from) {
    const Script script = likely_script(ground(), weather, 1);
    Scene scene(script);
    Witness witness(weather, script, rto);
    witness.opened(scene);
    scene.calendar.skip(at);
    core::AppRecord record;
    record.operation.emplace();
    record.operation->plan.id = OperationId{"auto-1"};
    record.operation->plan.automatic = true;
    record.operation->plan.from = region_id(from);
    record.operation->plan.users_before = region_id(from);
    witness.saved(record);
    return witness.facts().changes.at(0).judgement;
}

TEST(Witness, JudgesAChangeByTheWorldAtThatMoment) {
    using enum LikelyWeather;
    const auto within = [](LikelyWeather weather) {
        return spell_of(likely_script(ground(), weather, 1)).from + 1ms;
    };
    EXPECT_EQ(judged(data_outage, 60s, within(data_outage), 0), Judgement::right);
    EXPECT_EQ(judged(data_outage, 1h, within(data_outage), 0), Judgement::blip);
    EXPECT_EQ(judged(data_slow, 60s, within(data_slow), 0), Judgement::arguable);
    EXPECT_EQ(judged(deploy, 60s, within(deploy), 0), Judgement::unwanted);
    EXPECT_EQ(judged(data_outage, 60s, within(data_outage), 1), Judgement::unwanted)
        << "the other Region was well";
    EXPECT_EQ(judged(data_outage, 60s, 1s, 0), Judgement::unwanted) << "too early";
    EXPECT_EQ(judged(data_outage, 60s, 30min, 0), Judgement::unwanted) << "it was over";
}

Change change(Judgement judgement, Duration decided) {
    return {
        .automatic = true,
        .judgement = judgement,
        .outcome = core::Outcome::done,
        .decided = decided,
        .fenced = decided + 1s,
        .first_write = decided + 2s,
        .ended = decided + 3s,
        .at_risk = 4,
        .at_risk_span = 300ms
    };
}

TEST(Sums, AFigureOfASpreadIsOneOfItsValues) {
    Spread<Duration> spread;
    EXPECT_EQ(spread.at(50), Duration{});
    for (int i = 20; i >= 1; --i) {
        spread.add(Duration{std::chrono::seconds{i}});
    }
    EXPECT_EQ(spread.at(50), 10s);
    EXPECT_EQ(spread.at(95), 19s);
    EXPECT_EQ(spread.at(100), 20s);
    EXPECT_EQ(spread.sum(), 210s);
    Spread<std::uint64_t> three;
    for (std::uint64_t value = 1; value <= 3; ++value) {
        three.add(value);
    }
    EXPECT_EQ(three.at(50), 2U) << "half of them do not exceed it";
}

TEST(Sums, AddUpWhatWorldsShow) {
    Sums sums;
    sums.add(
        {.weather = LikelyWeather::data_outage,
         .wanted = true,
         .changes = {change(Judgement::right, 5s)},
         .held_by = {},
         .lost = 3,
         .late = 1}
    );
    sums.add(
        {.weather = LikelyWeather::data_outage,
         .wanted = true,
         .changes = {},
         .held_by = core::Guard::armed}
    );
    Change late = change(Judgement::unwanted, 400s);
    late.needed_person = true;
    late.outcome = core::Outcome::partly_done;
    sums.add({.weather = LikelyWeather::data_outage, .changes = {late}, .held_by = {}});
    Change planned = change(Judgement::unwanted, 0s);
    planned.automatic = false;
    planned.longest_pause = 200ms;
    planned.spoiled = 2;
    sums.add({.weather = LikelyWeather::switchover, .changes = {planned}, .held_by = {}});

    EXPECT_EQ(sums.worlds, 4);
    EXPECT_EQ(sums.wanted, 2);
    EXPECT_EQ(sums.fired, 2);
    EXPECT_EQ(sums.of(Judgement::right), 1);
    EXPECT_EQ(sums.of(Judgement::unwanted), 1);
    EXPECT_EQ(sums.missed, 1);
    EXPECT_EQ(sums.held_by.at("armed"), 1);
    EXPECT_EQ(sums.not_done, 1);
    EXPECT_EQ(sums.needed_person, 1);
    EXPECT_EQ(sums.decided.count(), 1U) << "of the right ones alone";
    EXPECT_EQ(sums.first_write.at(100), 7s);
    EXPECT_EQ(sums.at_risk.sum(), 8U);
    EXPECT_EQ(sums.lost.sum(), 3U);
    EXPECT_EQ(sums.late.sum(), 1U);
    EXPECT_EQ(sums.planned, 1);
    EXPECT_EQ(sums.took.at(50), 3s);
    EXPECT_EQ(sums.pause.at(50), 200ms);
    EXPECT_EQ(sums.spoiled, 2U);

    Sums twice = sums;
    twice.add(sums);
    EXPECT_EQ(twice.worlds, 8);
    EXPECT_EQ(twice.fired, 4);
    EXPECT_EQ(twice.held_by.at("armed"), 2);
    EXPECT_EQ(twice.decided.count(), 2U);
    EXPECT_EQ(twice.spoiled, 4U);
}

TEST(Sums, AYearIsTheRateTimesTheShareOfWorlds) {
    SumsByWeather sums;
    Sums& outages = sums[LikelyWeather::data_outage];  // 0.3 a year
    outages.worlds = 10;
    outages.wanted = 10;
    outages.missed = 5;
    Sums& blips = sums[LikelyWeather::stack_blip];  // 24 a year
    blips.worlds = 8;
    blips.judged.at(static_cast<std::size_t>(Judgement::blip)) = 2;
    blips.lost.add(4);
    const Yearly a_year = yearly(sums);
    EXPECT_DOUBLE_EQ(a_year.wanted, 0.3);
    EXPECT_DOUBLE_EQ(a_year.missed, 0.15);
    EXPECT_DOUBLE_EQ(a_year.judged.at(static_cast<std::size_t>(Judgement::blip)), 6);
    EXPECT_DOUBLE_EQ(a_year.lost, 12);
    EXPECT_EQ(sum_of(sums).worlds, 18);
}

}  // namespace
}  // namespace farshore::sim
