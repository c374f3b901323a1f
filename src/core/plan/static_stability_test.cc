#include "core/plan/static_stability.h"

#include <gtest/gtest.h>

#include "core/plan/build_plan.h"

namespace farshore::core {
namespace {

const RegionId kEast{"us-east-1"};
const RegionId kWest{"eu-west-1"};

DeclaredStep command(const std::string& call) {
    DeclaredStep step;
    step.name = "hook";
    step.kind = StepKind::command;
    step.timeout = std::chrono::seconds{1};
    step.run = {"/bin/true"};
    step.calls = {*step_call_from(call)};
    return step;
}

std::vector<std::string> unstable(const DeclaredStep& step, const RegionId& from = kEast) {
    return unstable_in(std::span{&step, 1}, from, from == kEast ? kWest : kEast);
}

struct Case {
    const char* call;
    bool leaving_east;  // an automatic failover from us-east-1 may depend on it
    bool leaving_west;  // from eu-west-1
};

class EachCall : public ::testing::TestWithParam<Case> {};

INSTANTIATE_TEST_SUITE_P(
    Calls,
    EachCall,
    ::testing::Values(
        Case{"data ${to}", true, true},
        Case{"data ${from}", false, false},
        Case{"data us-east-1", false, true},
        Case{"data us-west-2", true, true},
        Case{"control ${to}", true, false},  // to us-east-1
        Case{"control us-east-1", false, false},
        Case{"control us-west-2", true, true},
        Case{"launch ${to}", false, false},
        Case{"sts us-west-2", false, false}
    )
);

TEST_P(EachCall, IsRefusedWhereAFailoverMustNotDependOnIt) {
    EXPECT_EQ(unstable(command(GetParam().call), kEast).empty(), GetParam().leaving_east);
    EXPECT_EQ(unstable(command(GetParam().call), kWest).empty(), GetParam().leaving_west);
}

TEST(StaticStability, TheStepAndTheReasonAreNamed) {
    const auto found = unstable(command("data ${from}"));
    ASSERT_EQ(found.size(), 1U);
    EXPECT_EQ(found.front(), "step hook: it calls us-east-1, which a failover to eu-west-1 leaves");
}

TEST(StaticStability, OnlyThePathOfAnAutomaticFailoverCounts) {
    DeclaredStep step = command("launch ${to}");
    step.verbs = {Verb::switchover, Verb::failback};
    EXPECT_TRUE(unstable(step).empty());
    step.verbs = {Verb::failover};
    EXPECT_FALSE(unstable(step).empty());
    for (const auto& [when, may] :
         {std::pair{"automatic == false", false},
          std::pair{"automatic == true", true},
          std::pair{"verb == switchover", false},
          std::pair{"to == us-east-1", false},
          std::pair{"loss > 2s", true},
          std::pair{"loss > 2s and verb != failover", false},
          std::pair{"verdict == region_lost", true}}) {
        step.when = *StepCondition::parse(when);
        EXPECT_EQ(!unstable(step).empty(), may) << when;
    }
}

TEST(StaticStability, AStepInsideOfAnotherCountsAndBestEffortIsAllowed) {
    DeclaredStep both;
    both.kind = StepKind::parallel;
    both.steps = {command("sts ${to}")};
    EXPECT_EQ(unstable(both).size(), 1U);
    both.steps.front().best_effort = true;
    EXPECT_TRUE(unstable(both).empty());
}

TEST(StaticStability, ABestEffortGoesOnWhenItFails) {
    DeclaredStep step = command("sts ${to}");
    step.best_effort = true;
    EXPECT_EQ(wrong_with(std::span{&step, 1}).size(), 1U);
    step.on_failure = OnFailure::go_on;
    EXPECT_TRUE(wrong_with(std::span{&step, 1}).empty());
}

TEST(StaticStability, WhatIsNoCallIsRefused) {
    for (const char* text : {"", "data", "data ", "read eu-west-1", "data eu west", "control  x"}) {
        EXPECT_FALSE(step_call_from(text).has_value()) << text;
    }
}

// The plan itself is refused, should the configuration have let it through.
TEST(StaticStability, APlanThatBeginsByItselfIsCheckedWhenItIsMade) {
    const DeclaredStep step = command("launch ${to}");
    const Timing timing;
    for (const bool automatic : {true, false}) {
        Plan plan;
        plan.verb = Verb::failover;
        plan.from = kEast;
        plan.to = kWest;
        plan.epoch_before = Epoch{1};
        plan.epoch_after = Epoch{2};
        plan.automatic = automatic;
        const Status built = build_steps(
            plan,
            {.timing = timing,
             .on_controller_loss = OnControllerLoss::verify,
             .declared = std::span{&step, 1},
             .hosts = {},
             .values = {}}
        );
        EXPECT_EQ(built.has_value(), !automatic);
    }
}

TEST(StaticStability, AFleetSaysByItsKindWhatItCalls) {
    const auto unstable = [](StepKind kind, std::string region) {
        const DeclaredStep step{
            .kind = kind, .at = Slot::before, .fleet = {.region = std::move(region)}, .timeout = 1s
        };
        return unstable_in(std::span{&step, 1}, RegionId{"eu-west-1"}, RegionId{"eu-central-1"});
    };
    EXPECT_EQ(unstable(StepKind::ssm, "${to}").size(), 0U);
    EXPECT_EQ(unstable(StepKind::lambda, "${to}").size(), 0U);
    EXPECT_EQ(unstable(StepKind::ssm, "${from}").size(), 1U) << "the Region that is left";
    EXPECT_EQ(unstable(StepKind::lambda, "us-east-1").size(), 1U);
    EXPECT_EQ(unstable(StepKind::asg, "${to}").size(), 1U) << "it launches";
    EXPECT_EQ(unstable(StepKind::ecs, "${to}").size(), 1U);
}

}  // namespace
}  // namespace farshore::core
