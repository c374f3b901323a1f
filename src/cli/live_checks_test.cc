#include "cli/live_checks.h"

#include <algorithm>

#include <boost/json.hpp>
#include <gtest/gtest.h>

namespace farshore::cli {
namespace {

namespace json = boost::json;
using State = LiveCheck::State;

json::value status_of(std::string_view verdict, json::array findings = {}) {
    return json::object{
        {"first_line", "READY or not"},
        {"readiness", {{"verdict", verdict}, {"findings", std::move(findings)}}},
        {"agents", json::array{}}
    };
}

TEST(LiveChecks, TheControllersVerdictIsPartOfTheWhole) {
    EXPECT_EQ(verdict_of(controller_checks(status_of("ready"))), LiveVerdict::ready);
    for (const char* verdict : {"degraded", "not_ready"}) {
        const auto checks = controller_checks(status_of(
            verdict,
            {json::object{{"code", "host_silent"}, {"text", "web-1 is silent"}, {"remedy", ""}}}
        ));
        EXPECT_EQ(verdict_of(checks), LiveVerdict::not_ready) << verdict;
        ASSERT_EQ(checks.size(), 2U);
        EXPECT_EQ(checks.front().text, "READY or not");
        EXPECT_EQ(checks.back().what, "readiness host_silent");
        EXPECT_EQ(checks.back().text, "web-1 is silent");
        EXPECT_FALSE(checks.back().remedy.empty());
    }
    EXPECT_EQ(verdict_of(controller_checks(json::object{})), LiveVerdict::unchecked)
        << "a document without a verdict promises nothing";
}

TEST(LiveChecks, ATableThatAHostCannotProveIsToldOnceWithItsRemedy) {
    json::value status = status_of(
        "not_ready",
        {json::object{{"code", "writes_not_arriving"}, {"text", "x"}, {"remedy", "farshore doctor"}}
        }
    );
    status.as_object()["agents"] = json::array{json::object{
        {"host", "web-1"},
        {"tables",
         json::array{json::object{
             {"table", "carts"}, {"region", "eu-west-1"}, {"unproven", 3}, {"why", "no replica"}
         }}}
    }};
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
