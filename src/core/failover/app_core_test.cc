#include "core/failover/app_core_test_world.h"

namespace farshore::core {
namespace {

using namespace testing;

TEST_F(AppCoreTest, FreshFailuresAloneDoNotActButWithHostErrorsTheEpochIsRaisedFirst) {
    AppCore core = make(policy());
    settle(core);
    for (int i = 0; i < 10; ++i) {
        EXPECT_EQ(find<RaiseEpoch>(round(core, false, 0)), nullptr)
            << "the application's own requests still succeed";
    }
    const std::vector<Action> actions = round(core, false, 3);
    const RaiseEpoch* raise = find<RaiseEpoch>(actions);
    ASSERT_NE(raise, nullptr);
    EXPECT_EQ(raise->epoch, Epoch{8});
    EXPECT_EQ(raise->active, kWest);
    EXPECT_EQ(find<OrderAgents>(actions), nullptr)
        << "nothing changes before the records are raised";
    EXPECT_EQ(core.record().active, kEast)
        << "and the old Region is active until the fence is proven";
}

TEST_F(AppCoreTest, LeasesOfTheOldEpochEndWithTheRaise) {
    AppCore core = make(policy());
    connect(core);
    EXPECT_TRUE(core.grant_lease(now(), HostId{"e1"}, Epoch{7}).length.has_value());
    EXPECT_FALSE(core.grant_lease(now(), HostId{"e1"}, Epoch{6}).length.has_value());
    EXPECT_FALSE(core.grant_lease(now(), HostId{"e1"}, Epoch{9}).length.has_value());
    EXPECT_FALSE(core.grant_lease(now(), HostId{"stranger"}, Epoch{7}).length.has_value());
    for (int i = 0; i < 10; ++i) {
        (void)round(core, true, 0);
    }
    for (int i = 0; i < 5; ++i) {
        (void)round(core, false, 3);
    }
    ASSERT_TRUE(core.operation_running());
    EXPECT_FALSE(core.grant_lease(now(), HostId{"e1"}, Epoch{7}).length.has_value());
}

// Another controller may have raised the epoch: a controller that cannot read the epoch items would
// keep hosts alive under an epoch that is none any more (INV-S1).
TEST_F(AppCoreTest, AControllerGrantsNothingBeyondItsOwnLastMajorityReading) {
    AppCore core = make(policy());
    connect(core);
    const auto granted = [&] {
        return core.grant_lease(now(), HostId{"e1"}, Epoch{7}).length.value_or(Duration::zero());
    };
    EXPECT_EQ(granted(), 3s);
    at += 2s;
    EXPECT_EQ(granted(), 1s) << "its own permission ends 3 s after the start of the reading";
    at += 1s;
    EXPECT_EQ(granted(), 0s);
    EXPECT_NE(
        core.grant_lease(now(), HostId{"e1"}, Epoch{7}).why.find("majority"), std::string::npos
    );
    EpochReading half = reading(Epoch{7}, kEast);
    half.copies.resize(1);
    (void)tell(core, EpochsRead{half});
    EXPECT_EQ(granted(), 0s) << "one copy of three says nothing";
    (void)tell(core, EpochsRead{reading(Epoch{7}, kWest)});
    EXPECT_EQ(granted(), 0s) << "the epoch has another meaning there";
    EpochReading shorter = reading(Epoch{7}, kEast);
    shorter.copies[0].terms.lease = 2s;
    (void)tell(core, EpochsRead{shorter});
    EXPECT_EQ(granted(), 2s) << "another controller waits for no longer than the items name";
    (void)tell(core, EpochsRead{reading(Epoch{7}, kEast)});
    EXPECT_EQ(granted(), 3s);
    (void)tell(core, EpochsRead{reading(Epoch{8}, kWest)});
    EXPECT_EQ(granted(), 0s) << "another controller has raised it";
}

TEST_F(AppCoreTest, AReadingThatCameLateIsCountedFromItsStart) {
    AppCore core = make(policy());
    connect(core);
    const EpochReading early = reading(Epoch{7}, kEast);
    at += 2500ms;
    (void)tell(core, EpochsRead{early});
    EXPECT_EQ(core.grant_lease(now(), HostId{"e1"}, Epoch{7}).length, 500ms);
}

// A hypervisor stopped it: its last reading is older than its boot clock says.
TEST_F(AppCoreTest, AControllerWhoseClocksDisagreeGrantsNothingBeforeItReadsAgain) {
    AppCore core = make(policy());
    connect(core);
    EXPECT_TRUE(core.grant_lease(now(), HostId{"e1"}, Epoch{7}).length);
    clock_set += 1s;
    EXPECT_FALSE(core.grant_lease(now(), HostId{"e1"}, Epoch{7}).length);
    (void)tell(core, EpochsRead{reading(Epoch{7}, kEast)});
    EXPECT_TRUE(core.grant_lease(now(), HostId{"e1"}, Epoch{7}).length);
}

// With `keep` hosts go on without a controller's confirmation, so there is nothing to withhold.
TEST_F(AppCoreTest, WithKeepAControllerNeedsNoReading) {
    Policy keep = policy();
    keep.on_controller_loss = OnControllerLoss::keep;
    AppCore core = make(keep);
    connect(core);
    at += 1h;
    EXPECT_EQ(core.grant_lease(now(), HostId{"e1"}, Epoch{7}).length, 3s);
}

// Two sites, one of them lost: no majority can be read for as long as it is away.
TEST_F(AppCoreTest, AnEpochThatAnOperatorPutInForceByWordIsGrantedWithoutAMajority) {
    AppCore core = make(policy());
    settle(core);
    ChangeRequest unfenced = failover_by_hand();
    unfenced.accept_unfenced = true;
    (void)tell(core, unfenced);
    EpochRaised alone = raised(core);
    alone.majority = false;
    alone.confirmed = {kWest};
    at += 4s;
    (void)tell(core, alone);
    ASSERT_EQ(core.record().operation->doing(), "fencing");
    promote(core);
    EXPECT_TRUE(core.record().in_force_by_word);
    at += 1h;
    EXPECT_EQ(core.grant_lease(now(), HostId{"w1"}, Epoch{8}).length, 3s);
    clock_set += 1s;
    EXPECT_EQ(core.grant_lease(now(), HostId{"w1"}, Epoch{8}).length, 3s) << "NTP set the clock";
    AppCore::Start start = start_of(policy());
    start.record = core.record();
    start.epochs = {};
    AppCore again{std::move(start), now()};
    (void)again.resume(now());
    const AppCore::LeaseAnswer answer = again.grant_lease(now(), HostId{"w1"}, Epoch{8});
    EXPECT_EQ(answer.length, 3s) << "after a restart too: " << answer.why;
    (void)tell(again, EpochsRead{reading(Epoch{8}, kWest)});
    EXPECT_FALSE(again.record().in_force_by_word) << "a majority carries it now";
    EXPECT_TRUE(again.grant_lease(now(), HostId{"w1"}, Epoch{8}).length);
    at += 3s;
    EXPECT_FALSE(again.grant_lease(now(), HostId{"w1"}, Epoch{8}).length)
        << "and has to go on confirming it";
}

// Records that named a longer lease before this controller started: an agent may hold it, one of
// the register or one that enrols only now.
TEST_F(AppCoreTest, ALeaseFromBeforeTheStartIsWaitedForWhoeverHoldsIt) {
    for (const HostId& silent : {HostId{"e1"}, HostId{"stranger"}}) {
        const Instant started = at;
        AppCore core = make(policy(), 10s);
        connect(core);
        (void)tell(core, AgentConnected{silent, kEast, Epoch{7}});
        for (int i = 0; i < 3; ++i) {
            (void)round(core, true, 0);
        }
        fail_east(core);
        ASSERT_TRUE(core.operation_running());
        (void)tell(core, raised(core));
        for (const char* host : {"e1", "w1", "stranger"}) {
            if (HostId{host} != silent) {
                (void)ack(core, host, OrderType::fence);
            }
        }
        wait_for_the_fence(core, started + 20s);
        EXPECT_GT(at, started + 10s) << silent.value() << " may write until then";
        at += 1h;
    }
}

TEST_F(AppCoreTest, TheLossGateHoldsAnAutomaticFailover) {
    Policy strict = policy();
    strict.max_loss = 100ms;
    AppCore core = make(strict);
    settle(core);
    // The old Region goes on acknowledging for three seconds without its heartbeats arriving.
    (void)tell(core, WriteAcknowledged{kEast, at + 3s});
    for (int i = 0; i < 10; ++i) {
        EXPECT_EQ(find<RaiseEpoch>(round(core, false, 3)), nullptr);
    }
    EXPECT_EQ(core.loss_window(), 3s);
    ChangeRequest by_hand = failover_by_hand();
    by_hand.accept_loss = 5s;
    EXPECT_NE(find<RaiseEpoch>(tell(core, by_hand)), nullptr)
        << "one explicit, logged flag lowers the gate";
}

// The controller comes back when the Region is down already: it has no measurement of its own.
TEST_F(AppCoreTest, ARestartInsideAnOutageStillKnowsTheLossWindow) {
    const Duration before = 1s;
    AppCore core = make(policy());
    connect(core);
    (void)tell(core, HeartbeatFound{kEast, kWest, before});
    AgentReported east{
        .host = HostId{"e1"},
        .epoch = Epoch{7},
        .active = kEast,
        .write_state = "open",
        .last_acknowledged_ago = before - 80ms
    };
    (void)tell(core, east);
    EXPECT_EQ(core.loss_window(), 1s) << "the other host may have written until we came back";
    (void)tell(
        core,
        AgentReported{
            .host = HostId{"w1"},
            .epoch = Epoch{7},
            .active = kEast,
            .write_state = "open",
            .last_acknowledged_ago = {}
        }
    );
    EXPECT_EQ(core.loss_window(), 80ms);
    bool raised = false;
    for (int i = 0; i < 10; ++i) {
        raised = find<RaiseEpoch>(round(core, false, 3)) != nullptr || raised;
    }
    EXPECT_TRUE(raised);
}

TEST_F(AppCoreTest, SilentHostsAfterARestartCountAgainstTheLossGate) {
    AppCore core = make(policy());
    (void)tell(core, HeartbeatFound{kEast, kWest, 20s});
    for (int i = 0; i < 10; ++i) {
        EXPECT_EQ(find<RaiseEpoch>(round(core, false, 3)), nullptr);
    }
    EXPECT_EQ(core.loss_window(), 20s);
}

TEST_F(AppCoreTest, APauseStopsAutomationAndResumingNeverFiresAtOnce) {
    AppCore core = make(policy());
    settle(core);
    (void)tell(core, PauseRequest{{.until = {}, .reason = "deploy", .by = "operator:x"}});
    for (int i = 0; i < 10; ++i) {
        EXPECT_EQ(find<RaiseEpoch>(round(core, false, 3)), nullptr);
    }
    EXPECT_EQ(find<RaiseEpoch>(tell(core, ResumeRequest{"operator:x"})), nullptr);
    EXPECT_EQ(find<RaiseEpoch>(round(core, false, 3)), nullptr);
}

TEST_F(AppCoreTest, AnAutomaticFailoverThatFailedIsNotTriedAgainAtOnce) {
    AppCore core = make(policy());
    settle(core);
    fail_east(core);
    ASSERT_TRUE(core.operation_running());
    const OperationId first = core.record().operation->plan.id;
    // The records say that nothing was raised: the operation ends without a change.
    for (int i = 0; i < 20 && core.operation_running(); ++i) {
        const OperationRecord& running = *core.record().operation;
        (void)tell(
            core,
            EpochRaised{
                .step = {running.plan.id, running.steps},
                .majority = false,
                .unchanged_confirmed = true,
                .highest_seen = Epoch{7},
                .longest_lease = {},
                .detail = "still 7"
            }
        );
        at += 300ms;
        (void)tell(core, Tick{});
    }
    ASSERT_FALSE(core.operation_running()) << core.record().operation->doing();
    for (int i = 0; i < 20; ++i) {
        (void)round(core, false, 3);
    }
    EXPECT_EQ(core.record().operation->plan.id, first);
    EXPECT_TRUE(core.record().cooldown_until);
    // The outage goes on, and hosts come and go: none of that moves the end of the pause.
    for (int i = 0; i < 60 && core.record().operation->plan.id == first; ++i) {
        (void)tell(core, AgentConnected{HostId{"w1"}, kWest, Epoch{7}});
        (void)round(core, false, 3);
    }
    EXPECT_NE(core.record().operation->plan.id, first) << "it is tried again";
}

TEST_F(AppCoreTest, ManualModeOnlyTellsWhatItWouldDo) {
    Policy observe = policy();
    observe.mode = Mode::observe;
    AppCore core = make(observe);
    settle(core);
    for (int i = 0; i < 10; ++i) {
        EXPECT_EQ(find<RaiseEpoch>(round(core, false, 3)), nullptr);
    }
    const AppCore::Preview preview = core.preview_automatic(now());
    EXPECT_EQ(preview.to, kWest);
    for (const GuardAnswer& answer : preview.guards) {
        EXPECT_EQ(answer.passed, answer.guard != Guard::mode)
            << to_string(answer.guard) << ": " << answer.text;
    }
}

TEST_F(AppCoreTest, ASwitchoverNeedsEveryAgentAndAMeasuredLag) {
    AppCore core = make(policy());
    (void)tell(core, AgentConnected{HostId{"w1"}, kWest, Epoch{7}});
    for (int i = 0; i < 10; ++i) {
        (void)round(core, true, 0);
    }
    const ChangeRequest request = planned_switchover();
    EXPECT_FALSE(all_passed(core.preview(now(), request).guards)) << "e1 is not connected";
    (void)tell(core, request);
    EXPECT_FALSE(core.operation_running());
    (void)tell(core, AgentConnected{HostId{"e1"}, kEast, Epoch{7}});
    const std::vector<Action> actions = tell(core, request);
    ASSERT_TRUE(core.operation_running());
    const OrderAgents* hold = find<OrderAgents>(actions);
    ASSERT_NE(hold, nullptr);
    EXPECT_EQ(hold->type, OrderType::hold);
    EXPECT_EQ(hold->epoch, Epoch{7});
    EXPECT_EQ(hold->hosts.size(), 2U);
}

TEST_F(AppCoreTest, ADrainThatIsNotProvenIsTriedAgainAndThenChangesNothing) {
    Policy patient = policy();
    patient.timing.drain_attempts = 2;
    AppCore core = make(patient);
    settle(core);
    (void)switch_over(core);
    int holds = 0;
    for (int turn = 0; turn < 60 && core.operation_running(); ++turn) {
        at += 100ms;
        (void)tell(core, HeartbeatArrived{kEast, kWest, at, 90ms});
        const StepId step{OperationId{"op-1"}, core.record().operation->steps};
        const std::string_view state = core.record().operation->doing();
        const OrderType type = state == "holding"    ? OrderType::hold
                               : state == "draining" ? OrderType::drain
                                                     : OrderType::release;
        holds += state == "holding" ? 1 : 0;
        for (const char* host : {"e1", "w1"}) {
            (void)tell(
                core,
                AgentAcked{
                    .step = step,
                    .host = HostId{host},
                    .type = type,
                    .epoch = Epoch{7},
                    .done = type != OrderType::drain,
                    .unproven = 4,
                    .detail = "4 left"
                }
            );
        }
    }
    EXPECT_FALSE(core.operation_running());
    EXPECT_EQ(core.record().operation->doing(), "failed");
    EXPECT_EQ(core.record().epoch, Epoch{7});
    EXPECT_EQ(core.record().active, kEast);
    EXPECT_EQ(holds, 2);
}

// It acknowledges holds without a route, and would refuse its users for as long as the attempts
// last.
TEST_F(AppCoreTest, AHostThatLostItsRouteDuringAHoldGetsItWithTheRelease) {
    AppCore core = make(policy());
    settle(core);
    (void)switch_over(core);
    const auto routed = [](const std::vector<Action>& actions) {
        std::vector<HostId> hosts;
        for (const Action& action : actions) {
            const auto* order = std::get_if<OrderAgents>(&action);
            if (order != nullptr && order->type == OrderType::route) {
                EXPECT_EQ(order->epoch, Epoch{7});
                EXPECT_EQ(order->active, kEast);
                EXPECT_EQ(order->users, kEast);
                hosts.insert(hosts.end(), order->hosts.begin(), order->hosts.end());
            }
        }
        return hosts;
    };
    const auto until = [&](std::string_view state) {
        std::vector<Action> last;
        for (int i = 0; i < 200 && core.record().operation->doing() != state; ++i) {
            last = round(core, true, 0);
        }
        EXPECT_EQ(core.record().operation->doing(), state);
        return last;
    };
    (void)until("holding");
    (void)tell(core, AgentDisconnected{HostId{"w1"}});
    EXPECT_TRUE(routed(tell(core, AgentConnected{HostId{"w1"}, kWest, Epoch{}})).empty())
        << "it could write while the others hold";
    EXPECT_EQ(routed(until("releasing")), std::vector<HostId>{HostId{"w1"}});
    EXPECT_EQ(
        routed(tell(core, AgentConnected{HostId{"e1"}, kEast, Epoch{}})),
        std::vector<HostId>{HostId{"e1"}}
    );
}

// A switchover whose controller died behind the raise: the hold had ended, and a host went on by
// the epoch items alone.
TEST_F(AppCoreTest, ASwitchoverWhoseEpochAHostFollowedByItselfCountsAsAFailover) {
    for (const bool alone : {false, true}) {
        AppCore core = make(policy());
        settle(core);
        (void)switch_over(core);
        for (int i = 0; i < 10 && core.record().operation->doing() != "holding"; ++i) {
            (void)round(core, true, 0);
        }
        for (const OrderType type : {OrderType::hold, OrderType::drain}) {
            all_ack(core, type);
        }
        ASSERT_EQ(core.record().operation->doing(), "raising");
        EXPECT_TRUE(core.record().operation->held_until);
        AppCore::Start start = start_of(policy());
        start.record = core.record();
        AppCore again{std::move(start), now()};
        (void)again.resume(now());
        (void)tell(again, raised(again));
        std::vector<Action> actions;
        for (const char* host : {"e1", "w1"}) {
            actions = tell(
                again,
                AgentAcked{
                    .step = current(again),
                    .host = HostId{host},
                    .type = OrderType::fence,
                    .epoch = Epoch{8},
                    .done = true,
                    .unproven = 1,
                    .adopted_alone = alone
                }
            );
        }
        ASSERT_EQ(again.record().operation->doing(), "examining");
        EXPECT_EQ(again.record().operation->counts_as_failover, alone);
        EXPECT_EQ(find<ExamineLosses>(actions) != nullptr, alone) << "losses are looked for";
        EXPECT_EQ(find<OrderAgents>(actions) != nullptr, !alone) << "the drain is repeated";
        at += 1h;
    }
}

// The same, and the fence is proven by the hosts' leases: they say it when they drain again.
TEST_F(AppCoreTest, ADrainOfAHostThatFollowedTheEpochByItselfProvesNothing) {
    for (const bool alone : {false, true}) {
        AppCore core = make(policy());
        settle(core);
        (void)switch_over(core);
        for (int i = 0; i < 10 && core.record().operation->doing() != "holding"; ++i) {
            (void)round(core, true, 0);
        }
        for (const OrderType type : {OrderType::hold, OrderType::drain}) {
            all_ack(core, type);
        }
        AppCore::Start start = start_of(policy());
        start.record = core.record();
        AppCore again{std::move(start), now()};
        (void)again.resume(now());
        (void)tell(again, raised(again));
        for (int i = 0; i < 100 && again.record().operation->doing() == "fencing"; ++i) {
            at += 1s;
            (void)tell(again, Tick{});
        }
        ASSERT_EQ(again.record().operation->doing(), "examining") << "by lease";
        EXPECT_FALSE(again.record().operation->counts_as_failover);
        const std::vector<Action> actions = tell(
            again,
            AgentAcked{
                .step = current(again),
                .host = HostId{"e1"},
                .type = OrderType::drain,
                .epoch = Epoch{8},
                .done = true,
                .adopted_alone = alone
            }
        );
        EXPECT_EQ(again.record().operation->counts_as_failover, alone);
        EXPECT_EQ(find<ExamineLosses>(actions) != nullptr, alone);
        at += 1h;
    }
}

TEST_F(AppCoreTest, ATypedWrongRegionIsToldTheRightOnesAndNothingElse) {
    AppCore core = make(policy());
    settle(core);
    const auto refusing = [&](const char* to) {
        std::vector<std::string> texts;
        for (const GuardAnswer& answer :
             core.preview(now(), {.verb = Verb::switchover, .to = RegionId{to}}).guards) {
            if (!answer.passed) {
                texts.push_back(answer.text);
            }
        }
        return texts;
    };
    EXPECT_EQ(
        refusing("mars"),
        std::vector<std::string>{"mars is not a Region of shop, which has us-east-1, eu-west-1"}
    );
    EXPECT_EQ(refusing("us-east-1"), std::vector<std::string>{"us-east-1 is active already"});
    EXPECT_TRUE(refusing("eu-west-1").empty());
}

}  // namespace
}  // namespace farshore::core
