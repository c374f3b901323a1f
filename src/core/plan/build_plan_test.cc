#include "core/plan/build_plan.h"

#include <algorithm>

#include <gtest/gtest.h>

#include "base/text.h"

namespace farshore::core {
namespace {

using namespace std::chrono_literals;

class BuildPlan : public ::testing::Test {
  protected:
    [[nodiscard]] Plan made(Verb verb) {
        Plan plan;
        plan.id = OperationId{"op-1"};
        plan.verb = verb;
        plan.app = AppId{"shop"};
        plan.from = RegionId{"us-east-1"};
        plan.to = RegionId{"eu-west-1"};
        plan.users_before = plan.from;
        plan.epoch_before = Epoch{7};
        plan.epoch_after = Epoch{users_only ? 7U : 8U};
        plan.levers = levers;
        status = build_steps(
            plan,
            {.timing = timing,
             .on_controller_loss = OnControllerLoss::verify,
             .declared = declared,
             .hosts = hosts,
             .values = values}
        );
        return plan;
    }

    [[nodiscard]] static std::string ids(const Plan& plan) {
        std::vector<std::string> ids;
        for (const PlannedStep& step : plan.steps) {
            ids.push_back(step.id);
        }
        return joined(ids);
    }

    Timing timing;
    std::vector<Lever> levers{Lever::repoint, Lever::shift};
    std::vector<DeclaredStep> declared;
    std::vector<HostId> hosts{HostId{"w1"}};
    StepConditionValues values;
    bool users_only = false;
    Status status;
};

TEST_F(BuildPlan, TheOrderOfEachVerb) {
    EXPECT_EQ(
        ids(made(Verb::switchover)),
        "wait_lag, hold, drain, raise, fence, examine, repoint, shift, verify"
    );
    EXPECT_EQ(ids(made(Verb::failover)), "raise, fence, examine, repoint, shift, verify");
    users_only = true;
    EXPECT_EQ(ids(made(Verb::failover)), "prove, shift, verify");
}

TEST_F(BuildPlan, UsersWhoStayAreNotInThePlan) {
    levers = {Lever::repoint};
    declared = {
        {.kind = StepKind::command, .at = Slot::behind_shift, .run = {"/bin/true"}, .timeout = 1s}
    };
    EXPECT_EQ(ids(made(Verb::failover)), "raise, fence, examine, repoint, verify");
}

TEST_F(BuildPlan, DeclaredStepsStandInTheirSlotsAndVerbs) {
    declared = {
        {.kind = StepKind::wait, .at = Slot::at_end, .timeout = 1min},
        {.kind = StepKind::approve, .at = Slot::before, .verbs = {Verb::failover}, .timeout = 1min},
        {.name = "scale",
         .kind = StepKind::parallel,
         .at = Slot::before,
         .timeout = 1min,
         .steps =
             {{.kind = StepKind::command, .run = {"/bin/scale", "${to}"}, .timeout = 1s},
              {.kind = StepKind::wait, .timeout = 1s}}}
    };
    const Plan plan = made(Verb::failover);
    ASSERT_TRUE(status) << status.error().text;
    EXPECT_EQ(
        ids(plan),
        "before.1, scale, before.2, before.3, raise, fence, examine, repoint, shift, verify, "
        "at_end.1"
    );
    EXPECT_EQ(plan.steps[2].run[1], "eu-west-1");
    EXPECT_EQ(plan.steps[2].part_of, "scale");
    EXPECT_EQ(
        ids(made(Verb::switchover)),
        "scale, before.1, before.2, wait_lag, hold, drain, raise, fence, examine, repoint, shift, "
        "verify, at_end.1"
    );
}

TEST_F(BuildPlan, AConditionDecidesWhetherAStepStandsInThePlan) {
    declared = {
        {.kind = StepKind::approve,
         .at = Slot::before,
         .when = *StepCondition::parse("loss > 2s and automatic == true"),
         .timeout = 1min}
    };
    values = {.loss = 3s, .lag = {}, .automatic = true};
    EXPECT_EQ(made(Verb::failover).steps.front().id, "before.1");
    values.loss = 2s;
    EXPECT_EQ(made(Verb::failover).steps.front().id, "raise");
    values.loss.reset();
    EXPECT_EQ(made(Verb::failover).steps.front().id, "before.1")
        << "a loss that is not known may be any";
    values.automatic = false;
    EXPECT_EQ(made(Verb::failover).steps.front().id, "raise");
}

TEST(StepCondition, WhatIsNoConditionIsNamed) {
    for (const auto& [text, named] : std::vector<std::pair<std::string, std::string>>{
             {"loss", "no comparison"},
             {"loss > soon", "no time"},
             {"moon == full", "`moon` is none of"},
             {"verb > failover", "compared by == or !="},
             {"verb == retreat", "no value of verb"},
             {"automatic == yes", "no value of automatic"},
             {"loss > 2s and ", "no time"}
         }) {
        const Result<StepCondition> parsed = StepCondition::parse(text);
        ASSERT_FALSE(parsed.has_value()) << text;
        EXPECT_NE(parsed.error().text.find(named), std::string::npos) << parsed.error().text;
    }
}

TEST_F(BuildPlan, EveryStepHasABoundAndWords) {
    for (const Verb verb : {Verb::switchover, Verb::failover, Verb::failback}) {
        for (const PlannedStep& step : made(verb).steps) {
            EXPECT_GT(step.bound, 0s) << step.id;
            EXPECT_FALSE(step.text.empty()) << step.id;
        }
        EXPECT_TRUE(status);
    }
    declared = {{.kind = StepKind::wait, .at = Slot::before}};
    (void)made(Verb::failover);
    ASSERT_FALSE(status);
    EXPECT_NE(status.error().text.find("before.1"), std::string::npos) << status.error().text;
}

TEST_F(BuildPlan, AFingerprintChangesWithTheGroundAndWithNothingElse) {
    const std::string print = made(Verb::failover).fingerprint;
    EXPECT_EQ(print.size(), 16U);
    EXPECT_EQ(made(Verb::failover).fingerprint, print);
    EXPECT_NE(made(Verb::switchover).fingerprint, print);
    hosts.push_back(HostId{"w2"});
    EXPECT_NE(made(Verb::failover).fingerprint, print) << "another host";
    hosts.pop_back();
    timing.shift_patience += 1s;
    EXPECT_NE(made(Verb::failover).fingerprint, print) << "another bound";
    timing = {};
    levers = {Lever::shift};
    EXPECT_NE(made(Verb::failover).fingerprint, print) << "another lever";
    levers = {Lever::repoint, Lever::shift};
    declared = {{.kind = StepKind::command, .at = Slot::before, .run = {"/bin/true"}, .timeout = 1s}
    };
    EXPECT_NE(made(Verb::failover).fingerprint, print) << "another step";
    declared.clear();
    EXPECT_EQ(made(Verb::failover).fingerprint, print);
}

TEST_F(BuildPlan, WhatCannotStandIsNamed) {
    declared = {
        {.kind = StepKind::fence, .at = Slot::before, .timeout = 1s},
        {.name = "ask", .kind = StepKind::approve, .at = Slot::with_hold, .timeout = 1s},
        {.name = "hook", .kind = StepKind::command, .at = Slot::before, .timeout = 1s},
        {.name = "both", .kind = StepKind::parallel, .at = Slot::before, .timeout = 1s},
        {.name = "long", .kind = StepKind::wait, .at = Slot::before, .timeout = 25h},
        {.name = "back",
         .kind = StepKind::wait,
         .at = Slot::at_end,
         .timeout = 1s,
         .on_failure = OnFailure::undo}
    };
    const std::string wrong = joined(wrong_with(declared));
    for (const std::string_view part :
         {"step fence: a step of kind fence cannot stand at `before`",
          "step ask: a step of kind approve cannot stand at `with_hold`",
          "step hook: `run` names no program",
          "step both: `steps` is empty",
          "step long: `timeout` must lie between",
          "step back: `on_failure: undo` stands behind the raise"}) {
        EXPECT_NE(wrong.find(part), std::string::npos) << part << " in " << wrong;
    }
}

}  // namespace
}  // namespace farshore::core
