#include "core/failover/readiness.h"

#include <algorithm>

#include "core/failover/app_core_test_world.h"

namespace farshore::core {
namespace {

using namespace testing;

class ReadinessTest : public AppCoreTest {
  protected:
    void reports(AppCore& core, const char* host) {
        AgentReported report = report_of(host);
        report.unproven = 6;
        (void)tell(core, report);
    }

    AppCore settled(Policy policy) {
        AppCore core = make(std::move(policy));
        settle(core);
        reports(core, "e1");
        reports(core, "w1");
        return core;
    }

    [[nodiscard]] Readiness ask(const AppCore& core) const { return core.readiness(now(), {}); }

    [[nodiscard]] std::string line(const AppCore& core) const {
        return in_words(ask(core), AppId{"shop"});
    }

    static const Finding* find(const Readiness& readiness, Shortfall code) {
        const auto found = std::ranges::find(readiness.findings, code, &Finding::code);
        return found == readiness.findings.end() ? nullptr : &*found;
    }

    // Half a second in which everything is as ever but that nothing arrives in the standby.
    void round_without_arrival(AppCore& core) {
        at += 500ms;
        for (const Event& event : what_is_seen(true, 0)) {
            if (!std::holds_alternative<HeartbeatArrived>(event)) {
                (void)tell(core, event);
            }
        }
        (void)tell(core, EpochsRead{reading(core.record().epoch, core.record().active)});
    }
};

TEST_F(ReadinessTest, WhenAllIsWellTheLineSaysWhatWouldBeLost) {
    const AppCore core = settled(policy());
    EXPECT_EQ(ask(core).verdict(), ReadinessVerdict::ready) << line(core);
    EXPECT_EQ(
        line(core),
        "READY  shop: us-east-1 -> eu-west-1 now would lose about the last 0ms of writes (12 not "
        "proven in eu-west-1, lag 90ms)"
    );
}

TEST_F(ReadinessTest, ReplicationThatStandsStillIsSaidWithItsAge) {
    AppCore core = settled(policy());
    for (int i = 0; i < 34; ++i) {
        round_without_arrival(core);
    }
    const Readiness readiness = ask(core);
    EXPECT_EQ(readiness.verdict(), ReadinessVerdict::not_ready);
    ASSERT_NE(find(readiness, Shortfall::replication_stalled), nullptr);
    EXPECT_TRUE(line(core).starts_with("NOT READY  shop: ")) << line(core);
    EXPECT_TRUE(line(core).contains("replication us-east-1 -> eu-west-1 has not moved for 17s"))
        << line(core);
    const Finding* gate = find(readiness, Shortfall::loss_beyond_gate);
    ASSERT_NE(gate, nullptr);
    EXPECT_EQ(gate->remedy, "`--accept-loss 18s` accepts so much");
}

TEST_F(ReadinessTest, AHostThatIsSilentIsNamed) {
    AppCore core = settled(policy());
    (void)tell(core, AgentDisconnected{.host = HostId{"w1"}});
    at += 2s;
    const Readiness readiness = ask(core);
    const Finding* silent = find(readiness, Shortfall::host_silent);
    ASSERT_NE(silent, nullptr);
    EXPECT_EQ(silent->text, "w1 of eu-west-1 has been silent for 2s");
    EXPECT_EQ(silent->severity, Severity::not_ready);
    EXPECT_TRUE(silent->remedy.contains("farshore agents forget w1"));
    EXPECT_EQ(readiness.hosts_unheard, 1U);
    ASSERT_NE(find(readiness, Shortfall::standby_has_no_hosts), nullptr) << "it was the only one";
}

TEST_F(ReadinessTest, AStandbyThatIsDownIsNoPlaceToGo) {
    AppCore core = settled(policy());
    for (int i = 0; i < 10; ++i) {
        at += 500ms;
        for (Event event : what_is_seen(true, 0)) {
            if (auto* seen = std::get_if<Observation>(&event);
                seen != nullptr && seen->region == kWest) {
                seen->ok = 0;
                seen->failed = 1;
            }
            (void)tell(core, event);
        }
    }
    ASSERT_NE(find(ask(core), Shortfall::standby_unhealthy), nullptr) << line(core);
    EXPECT_EQ(ask(core).verdict(), ReadinessVerdict::not_ready);
}

// What the outage explains is no reason against leaving the Region: an operator looks just then.
TEST_F(ReadinessTest, InAnOutageOfTheActiveRegionAFailoverIsStillPossibleAndTheLineSaysSo) {
    Policy observing = policy();
    observing.mode = Mode::observe;
    AppCore core = settled(observing);
    (void)tell(core, AgentDisconnected{.host = HostId{"e1"}});
    for (int i = 0; i < 20; ++i) {
        (void)round(core, false, 3);
    }
    EXPECT_EQ(ask(core).verdict(), ReadinessVerdict::degraded) << line(core);
    EXPECT_TRUE(line(core).starts_with("READY  shop: us-east-1 -> eu-west-1")) << line(core);
    EXPECT_TRUE(line(core).contains("BUT ")) << line(core);
    EXPECT_EQ(find(ask(core), Shortfall::replication_stalled), nullptr);
    ASSERT_NE(find(ask(core), Shortfall::host_silent), nullptr);
    EXPECT_EQ(find(ask(core), Shortfall::host_silent)->severity, Severity::degraded);
}

TEST_F(ReadinessTest, AControllerThatHearsNobodyElseIsAlone) {
    AppCore core = settled(policy());
    for (int i = 0; i < 20; ++i) {
        at += 500ms;
        for (const Event& event : what_is_seen(true, 0)) {
            const auto* seen = std::get_if<Observation>(&event);
            if (seen == nullptr || seen->observer == ObserverId{"controller"}) {
                (void)tell(core, event);
            }
        }
        (void)tell(core, EpochsRead{reading(Epoch{7}, kEast)});
    }
    ASSERT_NE(find(ask(core), Shortfall::controller_alone), nullptr) << line(core);
    EXPECT_EQ(ask(core).verdict(), ReadinessVerdict::not_ready);
}

TEST_F(ReadinessTest, RecordsWithoutAMajorityAreSaid) {
    AppCore core = settled(policy());
    for (int i = 0; i < 10; ++i) {
        at += 500ms;
        for (const Event& event : what_is_seen(true, 0)) {
            (void)tell(core, event);
        }
    }
    const Readiness readiness = ask(core);
    ASSERT_NE(find(readiness, Shortfall::records_unread), nullptr);
    EXPECT_EQ(
        find(readiness, Shortfall::records_unread)->text,
        "no majority of the epoch records has carried epoch 7 for 5s"
    );
    AppCore::Start start = start_of(policy());
    start.epochs = {};
    const AppCore begun{std::move(start), now()};
    ASSERT_NE(find(ask(begun), Shortfall::records_unread), nullptr);
}

TEST_F(ReadinessTest, BooksAndLedgersThatAreNotWholeAreSaid) {
    AppCore core = settled(policy());
    AgentReported fenced = report_of("e1");
    fenced.write_state = "fenced";
    fenced.ledger_whole = false;
    (void)tell(core, fenced);
    (void)tell(core, LossesOpen{.operation = OperationId{"op-0"}, .writes = 3});
    const Readiness readiness = ask(core);
    ASSERT_NE(find(readiness, Shortfall::ledger_not_whole), nullptr);
    ASSERT_NE(find(readiness, Shortfall::losses_open), nullptr);
    ASSERT_NE(find(readiness, Shortfall::host_not_writing), nullptr);
    EXPECT_EQ(readiness.findings.front().severity, Severity::not_ready) << "the gravest first";
}

// The heartbeats arrive, and a table of the application does not replicate.
TEST_F(ReadinessTest, AWriteOfTheApplicationThatDoesNotArriveIsSaid) {
    AppCore core = settled(policy());
    const auto report = [&](Duration oldest) {
        AgentReported waiting = report_of("e1");
        waiting.unproven = 21;
        waiting.oldest_unproven = oldest;
        (void)tell(core, waiting);
    };
    report(15s);
    EXPECT_EQ(ask(core).verdict(), ReadinessVerdict::ready) << line(core);
    report(42s);
    ASSERT_NE(find(ask(core), Shortfall::writes_not_arriving), nullptr);
    EXPECT_TRUE(line(core).starts_with(
        "NOT READY  shop: 21 writes of e1 of us-east-1 were not seen in eu-west-1, the oldest for "
        "42s"
    )) << line(core);
}

TEST_F(ReadinessTest, ARunningOperationIsInTheWayOfAnother) {
    AppCore core = settled(policy());
    (void)switch_over(core);
    const Readiness readiness = ask(core);
    ASSERT_NE(find(readiness, Shortfall::operation_running), nullptr);
    EXPECT_TRUE(line(core).contains("switchover us-east-1 -> eu-west-1 is holding (op-1)"))
        << line(core);
}

TEST_F(ReadinessTest, WhatOnlyTheEdgeKnowsCountsAsMuch) {
    const AppCore core = settled(policy());
    const Readiness readiness = core.readiness(
        now(),
        {{.code = Shortfall::table_missing,
          .severity = Severity::not_ready,
          .text = "the table carts is not in eu-west-1",
          .remedy = "add the replica"}}
    );
    EXPECT_EQ(readiness.verdict(), ReadinessVerdict::not_ready);
    EXPECT_TRUE(in_words(readiness, AppId{"shop"}).contains("the table carts is not in eu-west-1"));
}

TEST_F(ReadinessTest, ALongListIsCountedInTheLine) {
    AppCore core = settled(policy());
    std::vector<Finding> tables;
    for (int i = 0; i < 5; ++i) {
        tables.push_back(
            {.code = Shortfall::table_missing,
             .severity = Severity::not_ready,
             .text = "table " + std::to_string(i),
             .remedy = {}}
        );
    }
    EXPECT_EQ(
        in_words(core.readiness(now(), tables), AppId{"shop"}),
        "NOT READY  shop: table 0; table 1; table 2; and 2 more"
    );
}

// Not a default of `off`: the text must not send an operator to a drill that does not exist.
TEST_F(ReadinessTest, WhatDisarmsNamesTheOneThingThatArms) {
    Policy unproven = policy();
    unproven.require_drill_within = std::chrono::days{30};
    const AppCore core = settled(unproven);
    EXPECT_EQ(ask(core).verdict(), ReadinessVerdict::ready)
        << "a person may fail over all the same";
    EXPECT_EQ(
        core.why_not_armed(now()),
        "decide.require_drill_within asks for a proof by a drill, and this version has no drills: "
        "set `require_drill_within: off` and restart the controller"
    );
}

TEST(LagAtLeast, GrowsWhileNothingArrivesAndNeverFreezes) {
    EXPECT_EQ(lag_at_least(90ms, 0ms, 500ms), 90ms);
    EXPECT_EQ(lag_at_least(90ms, 500ms, 500ms), 90ms);
    EXPECT_EQ(lag_at_least(90ms, 17s, 500ms), 16590ms);
}

}  // namespace
}  // namespace farshore::core
