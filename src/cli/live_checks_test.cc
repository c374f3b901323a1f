#include "cli/live_checks.h"

#include <algorithm>

#include <gtest/gtest.h>

namespace farshore::cli {
namespace {

using State = LiveCheck::State;

wire::StatusDocument status_of(
    core::ReadinessVerdict verdict, std::vector<wire::FindingDocument> findings = {}
) {
    return {
        .first_line = "READY or not",
        .readiness = {.verdict = verdict, .findings = std::move(findings)}
    };
}

TEST(LiveChecks, TheControllersVerdictIsPartOfTheWhole) {
    using Verdict = core::ReadinessVerdict;
    EXPECT_EQ(verdict_of(controller_checks(status_of(Verdict::ready))), LiveVerdict::ready);
    for (const Verdict verdict : {Verdict::degraded, Verdict::not_ready}) {
        const auto checks = controller_checks(
            status_of(verdict, {{.code = "host_silent", .text = "web-1 is silent"}})
        );
        EXPECT_EQ(verdict_of(checks), LiveVerdict::not_ready) << to_string(verdict);
        ASSERT_EQ(checks.size(), 2U);
        EXPECT_EQ(checks.front().text, "READY or not");
        EXPECT_EQ(checks.back().what, "readiness host_silent");
        EXPECT_EQ(checks.back().text, "web-1 is silent");
        EXPECT_FALSE(checks.back().remedy.empty());
    }
}

TEST(LiveChecks, ATableThatAHostCannotProveIsToldOnceWithItsRemedy) {
    wire::StatusDocument status = status_of(
        core::ReadinessVerdict::not_ready,
        {{.code = "writes_not_arriving", .text = "x", .remedy = "farshore doctor"}}
    );
    status.agents = {
        {.host = HostId{"web-1"},
         .tables =
             {{.table = TableName{"carts"},
               .region = RegionId{"eu-west-1"},
               .unproven = 3,
               .why = "no replica"}}}
    };
    const auto checks = controller_checks(status);
    ASSERT_EQ(checks.size(), 2U);
    EXPECT_EQ(checks.back().what, "table carts");
    EXPECT_NE(checks.back().text.find("web-1 cannot prove 3 writes"), std::string::npos);
}

TEST(LiveChecks, WhatCouldNotBeLookedAtIsNotReady) {
    const LiveCheck good{.what = "table carts"};
    const LiveCheck unchecked{.what = "table orders", .state = State::unchecked};
    const LiveCheck wrong{.what = "record", .state = State::wrong};
    EXPECT_EQ(verdict_of({}), LiveVerdict::ready);
    EXPECT_EQ(verdict_of({good}), LiveVerdict::ready);
    EXPECT_EQ(verdict_of({good, unchecked}), LiveVerdict::unchecked);
    EXPECT_EQ(verdict_of({wrong, unchecked}), LiveVerdict::not_ready);
    EXPECT_EQ(exit_code_of(LiveVerdict::ready), kDone);
    EXPECT_EQ(exit_code_of(LiveVerdict::not_ready), kNotReady);
    EXPECT_EQ(exit_code_of(LiveVerdict::unchecked), kInconclusive);
}

}  // namespace
}  // namespace farshore::cli
