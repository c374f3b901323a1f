#include <gtest/gtest.h>

#include "wire/agent_protocol.h"

namespace farshore::wire {
namespace {

using namespace std::chrono_literals;

EvidenceCounts seen(const char* region, EvidencePath path, std::uint64_t ok) {
    return {.region = RegionId{region}, .path = path, .ok = ok};
}

Report whole() {
    return {
        .app = AppId{"shop"},
        .host = HostId{"web-1"},
        .region = RegionId{"us-east-1"},
        .boot = BootId{"b"},
        .sequence = 4,
        .epoch = Epoch{7},
        .write_state = WriteState::open,
        .evidence =
            {seen("us-east-1", EvidencePath::fresh, 1),
             seen("us-east-1", EvidencePath::passive, 25),
             seen("eu-west-1", EvidencePath::fresh, 1)},
        .unknown = UnknownOutcomes{}
    };
}

TEST(ReportAgain, SaysWhatWasSeenAgainAndLeavesOutWhatWasNot) {
    Report now = whole();
    now.sequence = 9;
    now.lease_remaining = 2s;
    now.in_flight_writes = 3;
    now.evidence = {
        seen("eu-west-1", EvidencePath::fresh, 2), seen("us-east-1", EvidencePath::fresh, 1)
    };
    now.ledger.acknowledged = 70;
    now.ledger.unproven = 2;
    now.ledger.oldest_unproven = 40ms;
    now.ledger.last_acknowledged_age = 20ms;
    const std::optional<ReportAgain> said = again(whole(), now);
    ASSERT_TRUE(said);
    EXPECT_EQ(said->sequence, 9U);
    EXPECT_EQ(said->like, 4U);
    EXPECT_EQ(said->well, 0b101U);
    EXPECT_EQ(said->unproven, 2U);
    EXPECT_EQ(said->oldest_unproven, 40ms);
    EXPECT_EQ(said->last_acknowledged_age, 20ms);
    const Result<ReportAgain> read = parse_report_again(serialize(*said));
    ASSERT_TRUE(read) << read.error().text;
    EXPECT_EQ(*read, *said);
}

TEST(ReportAgain, WhateverElseHasChangedIsSaidWhole) {
    struct Case {
        const char* what;
        void (*change)(Report&);
    };

    constexpr Case kCases[] = {
        {"the epoch",
         [](Report& now) {
             now.epoch = Epoch{8};
         }},
        {"where writes go",
         [](Report& now) {
             now.active = RegionId{"eu-west-1"};
         }},
        {"users",
         [](Report& now) {
             now.users = RegionId{"eu-west-1"};
         }},
        {"its state",
         [](Report& now) {
             now.write_state = WriteState::held;
         }},
        {"another process",
         [](Report& now) {
             now.boot = BootId{"c"};
         }},
        {"a ledger with gaps",
         [](Report& now) {
             now.ledger.whole = false;
         }},
        {"writes to be asked for",
         [](Report& now) {
             now.ledger.left_behind = 1;
         }},
        {"a table's trouble",
         [](Report& now) {
             now.ledger.tables.emplace_back();
         }},
        {"a write given up",
         [](Report& now) {
             now.unknown->newest_age = 5ms;
         }},
        {"client keys",
         [](Report& now) {
             now.client_keys_required = false;
         }},
        {"another version",
         [](Report& now) {
             now.program = "9.9.9";
         }},
        {"a failure",
         [](Report& now) {
             now.evidence[0].failed = 1;
         }},
        {"a stalled request",
         [](Report& now) {
             now.evidence[1].stalled = 1ms;
         }},
        {"no success",
         [](Report& now) {
             now.evidence[0].ok = 0;
         }},
        {"evidence that is new",
         [](Report& now) {
             now.evidence.push_back(seen("eu-west-1", EvidencePath::reused, 1));
         }},
    };
    EXPECT_TRUE(again(whole(), whole()));
    for (const Case& one : kCases) {
        Report now = whole();
        one.change(now);
        EXPECT_FALSE(again(whole(), now)) << one.what;
    }
}

TEST(ReportAgain, EvidenceBeyondItsBitsIsSaidWhole) {
    Report base = whole();
    base.evidence.clear();
    for (std::size_t i = 0; i <= kWellBits; ++i) {
        base.evidence.push_back(seen(("us-east-" + std::to_string(i)).c_str(), {}, 1));
    }
    EXPECT_FALSE(again(base, base));
    Report now = base;
    now.evidence.pop_back();
    const std::optional<ReportAgain> said = again(base, now);
    ASSERT_TRUE(said);
    EXPECT_EQ(said->well, 0xFFFF'FFFFU);
}

}  // namespace
}  // namespace farshore::wire
