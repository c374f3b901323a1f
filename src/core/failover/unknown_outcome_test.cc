#include <algorithm>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "core/failover/app_core_test_world.h"

// A write that was given up without an answer may still happen: a hold and a drain prove nothing
// about it, so a switchover waits for it, or takes its attempt back.
namespace farshore::core::testing {
namespace {

class UnknownOutcome : public AppCoreTest {
  protected:
    void SetUp() override { settle(core); }

    // What a host says in its report.
    void given_up(const char* host, std::optional<Duration> ago) {
        AgentReported report = report_of(host);
        report.newest_unknown_ago = ago;
        (void)tell(core, report);
    }

    // What a host of an older version leaves out of its report.
    void not_said(const char* host) {
        AgentReported report = report_of(host);
        report.says_unknown = false;
        (void)tell(core, report);
    }

    void acknowledge(
        OrderType type, const char* host, std::optional<Duration> unknown_ago, bool says = true
    ) {
        (void)tell(
            core,
            AgentAcked{
                .step = current(core),
                .host = HostId{host},
                .type = type,
                .epoch = Epoch{7},
                .done = true,
                .newest_unknown_ago = unknown_ago,
                .says_unknown = says
            }
        );
    }

    [[nodiscard]] std::string_view state() const { return core.record().operation->doing(); }

    // Turns time until the state is that, or gives up.
    [[nodiscard]] bool until(std::string_view wanted, Duration patience) {
        for (const Instant end = at + patience; at < end && state() != wanted;) {
            at += 50ms;
            (void)tell(core, HeartbeatArrived{kEast, kWest, at, 90ms});
        }
        return state() == wanted;
    }

    [[nodiscard]] bool journal_says(std::string_view text) const {
        return std::ranges::any_of(journal, [text](const JournalEntry& entry) {
            return entry.text.contains(text);
        });
    }

    AppCore core = make(policy());
};

TEST_F(UnknownOutcome, ASwitchoverHoldsOnlyOnceItIsOldEnough) {
    given_up("w1", 2s);
    (void)switch_over(core);
    ASSERT_EQ(state(), "waiting");
    EXPECT_TRUE(journal_says("a write of w1 was given up 2000 ms ago without an answer"));
    EXPECT_FALSE(until("holding", 2900ms));
    EXPECT_EQ(core.record().operation->attempts, 0U) << "no host's writes are held meanwhile";
    EXPECT_TRUE(until("holding", 200ms));
    EXPECT_EQ(
        std::ranges::count_if(
            journal, [](const JournalEntry& entry) { return entry.text.contains("was given up"); }
        ),
        1
    ) << "said once";
}

TEST_F(UnknownOutcome, AnOldOneIsNoObstacle) {
    given_up("w1", 5s);
    (void)switch_over(core);
    EXPECT_EQ(state(), "holding");
}

TEST_F(UnknownOutcome, WhatReportsSayLaterDoesNotMakeItOlder) {
    given_up("w1", 1s);
    given_up("w1", std::nullopt);
    given_up("w1", 50s);
    (void)switch_over(core);
    EXPECT_EQ(state(), "waiting");
}

TEST_F(UnknownOutcome, TheWaitIsBounded) {
    (void)switch_over(core);
    ASSERT_EQ(state(), "holding");
    (void)tell(core, AbortRequest{.operation = OperationId{"op-1"}, .by = "x"});
    ASSERT_TRUE(until("failed", 5s));
    given_up("w1", 0s);
    (void)tell(
        core,
        ChangeRequest{.id = OperationId{"op-2"}, .verb = Verb::switchover, .to = kWest, .by = "x"}
    );
    for (int i = 0; i < 70 && core.operation_running(); ++i) {
        given_up("w1", 0s);
        (void)until("failed", 1s);
    }
    EXPECT_EQ(state(), "failed");
    EXPECT_EQ(core.record().operation->attempts, 0U);
    EXPECT_TRUE(
        journal_says("the moment to hold writes did not come: nothing was changed (a write of w1")
    );
}

TEST_F(UnknownOutcome, OneThatArisesInAHoldTakesTheAttemptBack) {
    (void)switch_over(core);
    ASSERT_EQ(state(), "holding");
    acknowledge(OrderType::hold, "e1", 0s);
    EXPECT_EQ(state(), "releasing");
    EXPECT_TRUE(journal_says("a write of e1 was given up 0 ms ago"));
    EXPECT_FALSE(until("holding", 4900ms)) << "the next attempt waits for it too";
    EXPECT_TRUE(until("holding", 2s));
}

TEST_F(UnknownOutcome, OneThatArisesInADrainTakesTheAttemptBack) {
    (void)switch_over(core);
    acknowledge(OrderType::hold, "e1", std::nullopt);
    acknowledge(OrderType::hold, "w1", 8s);
    ASSERT_EQ(state(), "draining");
    acknowledge(OrderType::drain, "e1", std::nullopt);
    acknowledge(OrderType::drain, "w1", 300ms);
    EXPECT_EQ(state(), "releasing");
    EXPECT_EQ(core.record().epoch, Epoch{7});
}

TEST_F(UnknownOutcome, AHostThatDoesNotSayIsWaitedForUntilItDoes) {
    not_said("w1");
    (void)switch_over(core);
    ASSERT_EQ(state(), "waiting");
    EXPECT_FALSE(until("holding", 20s)) << "its age does not settle it";
    EXPECT_TRUE(journal_says("the agent of w1 is of an older version and does not say whether"));
    given_up("w1", std::nullopt);
    EXPECT_TRUE(until("holding", 200ms)) << "it was upgraded";
}

TEST_F(UnknownOutcome, AnAcknowledgementThatDoesNotSayCountsForNothing) {
    (void)switch_over(core);
    ASSERT_EQ(state(), "holding");
    acknowledge(OrderType::hold, "e1", std::nullopt, false);
    EXPECT_EQ(state(), "releasing");
    EXPECT_TRUE(journal_says("the agent of e1 is of an older version"));
}

TEST_F(UnknownOutcome, AnOperatorMayAcceptThatAHostDoesNotSay) {
    not_said("w1");
    ChangeRequest accepting = planned_switchover();
    accepting.accept_unknown = true;
    (void)tell(core, accepting);
    ASSERT_EQ(state(), "holding");
    acknowledge(OrderType::hold, "e1", std::nullopt, false);
    acknowledge(OrderType::hold, "w1", std::nullopt, false);
    EXPECT_EQ(state(), "draining");
}

TEST_F(UnknownOutcome, AnOperatorMayAcceptIt) {
    given_up("w1", 0s);
    ChangeRequest accepting = planned_switchover();
    accepting.accept_unknown = true;
    (void)tell(core, accepting);
    ASSERT_EQ(state(), "holding");
    EXPECT_TRUE(journal_says("operator:x accepts writes of unknown outcome"));
    acknowledge(OrderType::hold, "e1", 0s);
    acknowledge(OrderType::hold, "w1", 0s);
    EXPECT_EQ(state(), "draining");
}

// Behind the raise there is no way back: its keys are read again, and that is all.
TEST_F(UnknownOutcome, BehindTheRaiseItStopsNothing) {
    (void)switch_over(core);
    for (const OrderType type : {OrderType::hold, OrderType::drain}) {
        for (const char* host : {"e1", "w1"}) {
            acknowledge(type, host, std::nullopt);
        }
    }
    ASSERT_EQ(state(), "raising");
    (void
    )tell(core, EpochRaised{.step = current(core), .majority = true, .highest_seen = Epoch{8}});
    acknowledge(OrderType::fence, "e1", 100ms);
    acknowledge(OrderType::fence, "w1", 100ms);
    (void)tell(core, Tick{});
    EXPECT_EQ(state(), "repointing");
}

}  // namespace
}  // namespace farshore::core::testing
