#include "cli/draft_text.h"

#include <algorithm>
#include <string>

#include <gtest/gtest.h>

#include "wire/config_loader.h"

namespace farshore::cli {
namespace {

using namespace std::chrono_literals;

core::Draft draft() {
    return {
        .app = AppId{"shop"},
        .regions =
            {{.id = RegionId{"us-east-1"},
              .health = "https://use1.example/a?b=%22c%22&d",
              .from = "health check 1"},
             {.id = RegionId{"eu-west-1"}, .health = {}, .from = {}}},
        .witness = RegionId{"us-east-2"},
        .tables = {TableName{"sessions"}, TableName{"carts"}},
        .zone = "Z1",
        .record = "www.shop.example",
        .ttl = 20s,
        .questions = {{.about = "regions", .text = std::string(300, 'x') + " two\nlines: {[ "}},
        .notes = {"a note: with # signs and\nanother line"}
    };
}

std::string said(const std::vector<config::Diagnostic>& diagnostics) {
    std::string out;
    for (const config::Diagnostic& one : diagnostics) {
        out += one.code + " " + one.message + "\n";
    }
    return out;
}

TEST(DraftText, WhatWasFoundIsReadBackAsItWasWritten) {
    const auto read = config::parse_config(controller_file(draft()));
    EXPECT_TRUE(read.ok()) << said(read.diagnostics) << controller_file(draft());
    EXPECT_EQ(read.value.app, AppId{"shop"});
    EXPECT_EQ(read.value.preferred(), RegionId{"us-east-1"});
    EXPECT_EQ(read.value.regions.at(0).health, "https://use1.example/a?b=%22c%22&d");
    EXPECT_EQ(read.value.tables.size(), 2U);
    EXPECT_EQ(read.value.witness, RegionId{"us-east-2"});
    ASSERT_TRUE(read.value.traffic.has_value());
    EXPECT_EQ(read.value.traffic->ttl, 20s);
    EXPECT_EQ(read.value.decide.mode, config::Mode::observe) << "a draft never acts";
}

TEST(DraftText, WithoutARecordNothingShifts) {
    core::Draft none = draft();
    none.zone.clear();
    none.record.clear();
    const auto read = config::parse_config(controller_file(none));
    EXPECT_TRUE(read.ok()) << said(read.diagnostics);
    EXPECT_FALSE(read.value.traffic.has_value());
    EXPECT_EQ(read.value.levers.region_lost, std::vector{config::Lever::repoint});
}

TEST(DraftText, EachRegionsAgentsWatchTheOtherOne) {
    const auto east = config::parse_agent_config(agent_file(draft(), RegionId{"us-east-1"}));
    EXPECT_TRUE(east.ok()) << said(east.diagnostics);
    EXPECT_TRUE(east.value.apps.at(0).health_urls.empty()) << "nothing is known of eu-west-1";
    const auto west = config::parse_agent_config(agent_file(draft(), RegionId{"eu-west-1"}));
    EXPECT_TRUE(west.ok()) << said(west.diagnostics);
    EXPECT_EQ(west.value.region, RegionId{"eu-west-1"});
    EXPECT_EQ(
        west.value.apps.at(0).health_urls.at(RegionId{"us-east-1"}),
        "https://use1.example/a?b=%22c%22&d"
    );
    EXPECT_EQ(west.value.apps.at(0).health_table, "sessions");
}

}  // namespace
}  // namespace farshore::cli
