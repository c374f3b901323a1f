#include "cli/region_checks.h"

#include <algorithm>

#include <gtest/gtest.h>

#include "wire/config_loader.h"

namespace farshore::cli {
namespace {

using State = LiveCheck::State;

const RegionId kEast{"us-east-1"};
const RegionId kWest{"eu-west-1"};
const RegionId kThird{"us-east-2"};

config::Config shop(const std::string& more = {}) {
    const std::string text = R"(
version: 1
app: shop
objectives: { rto: 60s, rpo: 5s }
regions:
  us-east-1: { preferred: true, health: https://use1.shop.example/healthz }
  eu-west-1: {}
witness: { region: us-east-2 }
tables:
  - { name: carts }
detect: { quorum: 2 of 3 }
decide: { mode: observe }
levers: { data_impaired: [repoint], stack_impaired: [repoint], region_lost: [repoint] }
controller: { id: us-east-2, region: us-east-2 }
)" + more;
    auto loaded = config::parse_config(text);
    EXPECT_TRUE(loaded.ok()) << (loaded.diagnostics.empty() ? "" : loaded.diagnostics[0].message);
    return loaded.value;
}

const LiveCheck& named(const std::vector<LiveCheck>& checks, std::string_view what) {
    const auto found = std::ranges::find(checks, what, &LiveCheck::what);
    EXPECT_NE(found, checks.end()) << what;
    return *found;
}

TEST(RegionChecks, AnAppWithAWitnessOutlivesEachRegionButItsControllers) {
    const config::Config config = shop();
    for (const RegionId& without : {kEast, kWest}) {
        const auto checks = checks_without(config, without);
        EXPECT_EQ(verdict_of(checks), LiveVerdict::ready) << checks_text(checks);
        EXPECT_EQ(
            named(checks, "epoch records").text,
            "2 of 3 are left: a majority, so an epoch can be raised"
        );
    }
    const auto checks = checks_without(config, kThird);
    EXPECT_EQ(named(checks, "controller").state, State::wrong);
    EXPECT_EQ(named(checks, "epoch records").state, State::good);
    EXPECT_EQ(named(checks, "observers").state, State::good);
}

TEST(RegionChecks, TwoEpochRecordsHaveNoMajorityWithoutOne) {
    config::Config config = shop();
    config.witness = {};
    const auto checks = checks_without(config, kEast);
    EXPECT_EQ(named(checks, "epoch records").state, State::wrong);
    EXPECT_FALSE(named(checks, "epoch records").remedy.empty());
}

TEST(RegionChecks, AQuorumThatNeedsEverybodyDecidesNothingWithoutOne) {
    config::Config config = shop();
    config.detect.quorum = {.needed = 3, .of = 3};
    EXPECT_EQ(named(checks_without(config, kWest), "observers").state, State::wrong);
}

TEST(RegionChecks, AStepThatNeedsTheRegionThatIsLeftIsNamedInBothViews) {
    const config::Config config = shop(R"(
steps:
  - command: { at: behind_shift, name: purge, run: [/bin/true], calls: ["data us-east-1"] }
)");
    for (const auto& checks : {checks_to(config, kWest), checks_without(config, kEast)}) {
        const LiveCheck& plan = named(checks, "plan to eu-west-1");
        EXPECT_EQ(plan.state, State::wrong);
        EXPECT_NE(plan.text.find("step purge: it calls us-east-1"), std::string::npos) << plan.text;
    }
    EXPECT_EQ(named(checks_to(config, kEast), "plan to us-east-1").state, State::good);
}

TEST(RegionChecks, AStackThatNobodyAsksIsAdvice) {
    EXPECT_EQ(named(checks_to(shop(), kWest), "stack in eu-west-1").state, State::advice);
    EXPECT_EQ(named(checks_to(shop(), kEast), "stack in us-east-1").state, State::good);
}

TEST(RegionChecks, NewHostsNeedTheStsOfARegionThatAnswers) {
    config::Config config = shop();
    config.join.roles = {{.arn = "arn:aws:iam::123456789012:role/shop-host"}};
    EXPECT_EQ(named(checks_without(config, kEast), "joining").state, State::good);
    config.join.sts_regions = {kEast};
    EXPECT_EQ(named(checks_without(config, kEast), "joining").state, State::wrong);
    EXPECT_EQ(named(checks_without(config, kWest), "joining").state, State::good);
}

TEST(RegionChecks, EachGuardThatWouldRefuseIsToldWithItsRemedy) {
    wire::PlanDocument plan{.allowed = true};
    EXPECT_EQ(verdict_of(plan_checks(plan, kWest)), LiveVerdict::ready);
    plan.allowed = false;
    plan.guards = {
        {.guard = "target_healthy", .passed = false, .text = "it does not answer"},
        {.guard = "no_operation", .passed = true}
    };
    const auto checks = plan_checks(plan, kWest);
    ASSERT_EQ(checks.size(), 1U);
    EXPECT_EQ(checks[0].text, "guard target_healthy would refuse it: it does not answer");
    EXPECT_FALSE(checks[0].remedy.empty());
    EXPECT_EQ(verdict_of(checks), LiveVerdict::not_ready);
}

}  // namespace
}  // namespace farshore::cli
