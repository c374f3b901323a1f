#include "core/failover/app_core_test_world.h"

namespace farshore::core {
namespace {

using namespace testing;

// One host's clock is a day ahead: what it says of the past is an age, and opens or closes no gate.
TEST_F(AppCoreTest, NoHostsClockMovesTheLossWindow) {
    AppCore core = make(policy());
    settle(core);
    (void)tell(
        core,
        AgentReported{
            .host = HostId{"e1"},
            .epoch = Epoch{7},
            .active = kEast,
            .write_state = "open",
            .last_acknowledged_ago = -24h
        }
    );
    (void)tell(
        core,
        AgentReported{
            .host = HostId{"w1"}, .epoch = Epoch{7}, .active = kEast, .write_state = "open"
        }
    );
    EXPECT_EQ(core.loss_window(), 0ms) << "at the most it was just now";
    bool raised = false;
    for (int i = 0; i < 10; ++i) {
        raised = find<RaiseEpoch>(round(core, false, 3)) != nullptr || raised;
    }
    EXPECT_TRUE(raised);
}

TEST_F(AppCoreTest, AFailoversOpenWritesHoldASwitchoverBackAndNotAFailover) {
    AppCore::Start start = start_of(policy());
    start.losses_open = {{OperationId{"op-0"}, 3}};
    AppCore core{std::move(start), now()};
    settle(core);
    ChangeRequest request{.id = OperationId{"op-1"}, .verb = Verb::switchover, .to = kWest};
    EXPECT_FALSE(passes(core.preview(now(), request), Guard::losses_settled));
    request.verb = Verb::failover;
    request.accept_loss = 1h;
    EXPECT_TRUE(all_passed(core.preview(now(), request).guards));
    request.verb = Verb::switchover;
    (void)tell(core, LossesOpen{.operation = OperationId{"op-0"}, .writes = 0});
    EXPECT_TRUE(passes(core.preview(now(), request), Guard::losses_settled));
}

// A name that stands in the configuration and nowhere else, or a table that is another one in the
// other Region: its writes arrive nowhere.
TEST_F(AppCoreTest, TablesThatAreUnlikeHoldASwitchoverBackAndNotAFailover) {
    AppCore core = make(policy());
    settle(core);
    ChangeRequest request{.id = OperationId{"op-1"}, .verb = Verb::switchover, .to = kWest};
    EXPECT_TRUE(passes(core.preview(now(), request), Guard::tables_alike)) << "not known yet";
    (void)tell(core, TablesLookedUp{.unlike = "table NoSuchTable does not exist in us-east-1"});
    EXPECT_FALSE(passes(core.preview(now(), request), Guard::tables_alike));
    request.verb = Verb::failover;
    request.accept_loss = 1h;
    EXPECT_TRUE(all_passed(core.preview(now(), request).guards)) << "the other tables' users wait";
    request.verb = Verb::switchover;
    (void)tell(core, TablesLookedUp{});
    EXPECT_TRUE(passes(core.preview(now(), request), Guard::tables_alike));
}

TEST_F(AppCoreTest, WithoutARecordThereIsNothingToShiftUsersWith) {
    Policy nowhere = policy();
    nowhere.users_can_be_shifted = false;
    AppCore core = make(nowhere);
    settle(core);
    ChangeRequest request{.verb = Verb::failover, .to = kWest, .accept_loss = 1h};
    EXPECT_EQ(core.preview(now(), request).levers, std::vector{Lever::repoint});
    EXPECT_TRUE(all_passed(core.preview(now(), request).guards));
    request.levers = {Lever::shift};
    EXPECT_FALSE(passes(core.preview(now(), request), Guard::target_serves));
}

// A majority of the records is newer than the store: nothing happens by itself, and it is said so.
TEST_F(AppCoreTest, AStoreThatIsBehindTheRecordsDisarmsAndAFailoverHealsIt) {
    AppCore::Start start = start_of(policy());
    start.epochs = reading(Epoch{9}, kWest);
    AppCore core{std::move(start), now()};
    settle(core);
    EXPECT_TRUE(core.why_not_armed(now()).has_value());
    EXPECT_FALSE(passes(core.preview_automatic(now()), Guard::store_is_current));
    EXPECT_FALSE(core.grant_lease(now(), HostId{"e1"}, Epoch{7}).length);
    for (int i = 0; i < 10; ++i) {
        EXPECT_EQ(find<RaiseEpoch>(round(core, false, 3)), nullptr);
    }
    // The Region that is active by the store may be the one that is meant.
    const std::vector<Action> actions = tell(core, failover_by_hand());
    ASSERT_NE(find<RaiseEpoch>(actions), nullptr);
    EXPECT_EQ(find<RaiseEpoch>(actions)->epoch, Epoch{10});
}

// A release that arrives as the hold ends by itself finds a lease that ends with it: what it lets
// out is cut.
TEST_F(AppCoreTest, AHoldThatAnAgentDoesNotAnswerIsReleasedLongBeforeItEnds) {
    AppCore core = make(policy());
    settle(core);
    (void)switch_over(core);
    ASSERT_EQ(core.record().operation->doing(), "holding");
    const Instant begun = at;
    (void)ack(core, "e1", OrderType::hold);
    while (core.record().operation->doing() == "holding" && at < begun + Timing{}.hold_max) {
        at += 50ms;
        (void)tell(core, Tick{});
    }
    EXPECT_EQ(core.record().operation->doing(), "releasing");
    EXPECT_LE(at - begun, Timing{}.hold_max * 3 / 4);
}

// What follows a drain, or gives it up, takes its time too, and the hold goes on ending.
TEST_F(AppCoreTest, ADrainGetsHalfOfWhatIsLeftOfItsHold) {
    AppCore core = make(policy());
    settle(core);
    (void)switch_over(core);
    const Instant begun = at;
    (void)ack(core, "e1", OrderType::hold);
    at += 400ms;
    const std::vector<Action> actions = ack(core, "w1", OrderType::hold);
    ASSERT_EQ(core.record().operation->doing(), "draining");
    const auto* drain = find<OrderAgents>(actions);
    ASSERT_NE(drain, nullptr);
    EXPECT_EQ(drain->type, OrderType::drain);
    EXPECT_EQ(drain->timeout, 300ms);
    (void)ack(core, "e1", OrderType::drain);
    while (core.record().operation->doing() == "draining" && at < begun + Timing{}.hold_max) {
        at += 50ms;
        (void)tell(core, Tick{});
    }
    EXPECT_EQ(core.record().operation->doing(), "releasing");
    EXPECT_EQ(at - begun, 800ms);
}

// Writes went to the other Region meanwhile: what may be lost is what has not arrived from there,
// and the items of both Regions are compared, not those of one with themselves.
TEST_F(AppCoreTest, AFailoverToTheRegionOfAnOldStoreLeavesTheOneThatTheRecordsName) {
    for (const bool at_the_start : {true, false}) {
        AppCore::Start start = start_of(policy());
        start.epochs = at_the_start ? reading(Epoch{9}, kWest) : start.epochs;
        AppCore core{std::move(start), now()};
        settle(core);
        (void)tell(core, EpochsRead{reading(Epoch{9}, kWest)});
        ChangeRequest request = failover_by_hand();
        request.to = kEast;
        request.accept_loss.reset();
        EXPECT_FALSE(passes(core.preview(now(), request), Guard::loss_within_gate))
            << "nothing tells how far it lags behind";
        request.accept_loss = 1h;
        (void)tell(core, request);
        ASSERT_TRUE(core.operation_running());
        EXPECT_EQ(core.record().operation->plan.from, kWest);
        EXPECT_EQ(core.record().operation->plan.to, kEast);
    }
}

// A lease under the new epoch permits nothing under the old one, and does not put its fence off.
TEST_F(AppCoreTest, LeasesOfTheEpochInForceGoOnWhileAResumedOperationProvesItsFence) {
    AppCore core = make(policy());
    settle(core);
    begin_fencing(core);
    all_ack(core, OrderType::fence);
    (void)tell(core, LossesExamined{.step = current(core), .complete = true});
    ASSERT_EQ(core.record().operation->doing(), "repointing");
    AppCore::Start start = start_of(policy());
    start.record = core.record();
    start.epochs = reading(Epoch{8}, kWest);
    AppCore again{std::move(start), now()};
    (void)again.resume(now());
    ASSERT_EQ(again.record().operation->doing(), "fencing");
    EXPECT_TRUE(again.grant_lease(now(), HostId{"w1"}, Epoch{8}).length) << "it is in force";
    EXPECT_FALSE(again.grant_lease(now(), HostId{"e1"}, Epoch{7}).length);
    const Instant resumed = at;
    while (again.record().operation->doing() == "fencing" && at < resumed + 20s) {
        at += 500ms;
        (void)tell(again, EpochsRead{reading(Epoch{8}, kWest)});
        EXPECT_TRUE(again.grant_lease(now(), HostId{"w1"}, Epoch{8}).length);
        (void)tell(again, Tick{});
    }
    EXPECT_EQ(again.record().operation->doing(), "examining")
        << "no host acknowledged; the leases of epoch 7 have run out";
}

// Also when the configuration names every host by now: hosts that only the lost register named may
// have been confirmed until then.
TEST_F(AppCoreTest, AfterTheRegisterWasLostAFenceWaitsForUnregisteredHosts) {
    for (const bool closed : {false, true}) {
        AppCore::Start start = start_of(policy());
        start.record.register_lost_at = now().wall;
        start.register_is_closed = closed;
        const Instant started = at;
        AppCore core{std::move(start), now()};
        connect(core);
        for (int i = 0; i < 3; ++i) {
            (void)round(core, true, 0);
        }
        begin_fencing(core);
        all_ack(core, OrderType::fence);
        wait_for_the_fence(core, started + 20s);
        EXPECT_EQ(core.record().operation->doing(), "examining");
        EXPECT_GT(at, started + 3s + 200ms);
    }
}

// The epoch tables are asked who has registered itself, after the raise: a host that a closed
// register does not name is refused by the controller, and writes all the same.
TEST_F(AppCoreTest, AFenceWaitsForTheTablesOrForALease) {
    tables_answer = false;
    for (const auto& [closed, answered] :
         {std::pair{false, true}, {false, false}, {true, true}, {true, false}}) {
        AppCore::Start start = start_of(policy());
        start.register_is_closed = closed;
        AppCore core{std::move(start), now()};
        settle(core);
        begin_fencing(core);
        const Instant raised = at;
        all_ack(core, OrderType::fence);
        EXPECT_EQ(core.record().operation->doing(), "fencing");
        (void)tell(core, HostsFound{.step = current(core), .complete = answered, .hosts = {}});
        if (answered) {
            EXPECT_EQ(core.record().operation->doing(), "examining");
            continue;
        }
        wait_for_the_fence(core, raised + 20s);
        EXPECT_GT(at, raised + 3s + 200ms)
            << "a host that read the old epoch just before may write";
        EXPECT_EQ(core.record().operation->doing(), "examining");
    }
}

TEST_F(AppCoreTest, AHostThatRegisteredItselfIsWaitedFor) {
    tables_answer = false;
    for (const bool closed : {false, true}) {
        AppCore::Start start = start_of(policy());
        start.register_is_closed = closed;
        AppCore core{std::move(start), now()};
        settle(core);
        begin_fencing(core);
        const Instant raised = at;
        all_ack(core, OrderType::fence);
        (void)tell(
            core,
            HostsFound{.step = current(core), .complete = true, .hosts = {{HostId{"e9"}, kEast}}}
        );
        EXPECT_EQ(core.record().operation->doing(), "fencing");
        EXPECT_EQ(core.agents().at(HostId{"e9"}).region, kEast);
        wait_for_the_fence(core, raised + 20s);
        EXPECT_GT(at, raised + 3s + 200ms);
    }
}

// It has no lease of ours that could run out: an operator's word is all there is.
TEST_F(AppCoreTest, AHostThatRegisteredItselfCanBeForgotten) {
    AppCore core = make(policy());
    settle(core);
    (void)tell(core, HostsFound{.step = {}, .complete = true, .hosts = {{HostId{"e9"}, kEast}}});
    EXPECT_EQ(core.why_not_forget(now(), HostId{"e9"}), std::nullopt);
    (void)tell(core, AgentForgotten{.host = HostId{"e9"}, .by = "operator:eve"});
    EXPECT_FALSE(core.agents().contains(HostId{"e9"}));
}

// A principal that can write into the epoch tables can invent hosts.
TEST_F(AppCoreTest, OnlyHostsThatSaidHelloVote) {
    AppCore core = make(policy());
    settle(core);
    HostsFound found{.step = {}, .complete = true, .hosts = {}};
    for (const char* ghost : {"g1", "g2", "g3", "g4"}) {
        found.hosts.emplace_back(HostId{ghost}, kEast);
        found.hosts.emplace_back(HostId{std::string{"w"} + ghost}, kWest);
    }
    (void)tell(core, found);
    ASSERT_EQ(core.agents().size(), 10U) << "fences wait for them";
    const auto ghosts_say = [&](bool east_ok) {
        for (const auto& [host, region] : found.hosts) {
            for (const Path path : {Path::fresh, Path::passive}) {
                (void)tell(
                    core,
                    Observation{
                        .observer = ObserverId{"agents:" + region.value()},
                        .source = host,
                        .region = kEast,
                        .component = Component::dynamodb,
                        .path = path,
                        .ok = east_ok ? 1U : 0U,
                        .failed = east_ok ? 0U : 3U,
                        .stalled = {},
                        .why = "refused"
                    }
                );
            }
        }
    };
    for (int i = 0; i < 20; ++i) {
        (void)round(core, true, 0);
        ghosts_say(false);
    }
    EXPECT_FALSE(core.operation_running());
    EXPECT_EQ(core.evidence().verdict(at, kEast, Component::dynamodb), Health::healthy);
    // With credentials of their own they would be heard.
    for (const auto& [host, region] : found.hosts) {
        (void)tell(core, AgentConnected{.host = host, .region = region, .epoch = Epoch{7}});
    }
    for (int i = 0; i < 20 && !core.operation_running(); ++i) {
        (void)round(core, true, 0);
        ghosts_say(false);
    }
    EXPECT_TRUE(core.operation_running());
}

TEST_F(AppCoreTest, AHostWhoseCredentialIsEndedHasNoVoteAndIsStillWaitedFor) {
    AppCore core = make(policy());
    settle(core);
    (void)tell(core, AgentConnected{HostId{"e2"}, kEast, Epoch{7}});
    (void)tell(core, CredentialRevoked{.host = HostId{"e2"}, .by = "operator:eve"});
    EXPECT_FALSE(core.agents().at(HostId{"e2"}).connected);
    for (int i = 0; i < 20; ++i) {
        (void)round(core, true, 0);
        (void)tell(
            core,
            Observation{
                .observer = ObserverId{"agents:us-east-1"},
                .source = HostId{"e2"},
                .region = kEast,
                .component = Component::dynamodb,
                .path = Path::fresh,
                .ok = 0,
                .failed = 3,
                .stalled = {},
                .why = "refused"
            }
        );
    }
    const Tally tally = core.evidence().tally(at, kEast, Component::dynamodb);
    EXPECT_EQ(tally.healthy, 3) << "its word does not split its Region's vote";
    begin_fencing(core);
    all_ack(core, OrderType::fence);
    EXPECT_EQ(core.record().operation->doing(), "fencing");
}

TEST_F(AppCoreTest, AHostOfTheConfiguredRegisterThatNobodyHasSeenIsWaitedFor) {
    AppCore::Start start = start_of(policy());
    start.agents.emplace(HostId{"e2"}, RegionId{});
    start.register_is_closed = true;
    AppCore core{std::move(start), now()};
    settle(core);
    const ChangeRequest request{.verb = Verb::switchover, .to = kWest};
    EXPECT_FALSE(passes(core.preview(now(), request), Guard::agents_reachable));
    begin_fencing(core);
    all_ack(core, OrderType::fence);
    EXPECT_EQ(core.record().operation->doing(), "fencing");
}

TEST_F(AppCoreTest, AHoldIsBegunOnlyWhereTheRegistersSizeLetsItEnd) {
    const auto of_hosts = [this](int hosts, Duration hold_max) {
        Policy changed = policy();
        changed.timing.hold_max = hold_max;
        AppCore::Start start = start_of(changed);
        for (int i = 0; i < hosts; ++i) {
            start.agents.emplace(HostId{"e-" + std::to_string(i)}, kEast);
        }
        AppCore core{std::move(start), now()};
        settle(core);
        for (int i = 0; i < hosts; ++i) {
            const HostId host{"e-" + std::to_string(i)};
            (void)tell(core, AgentConnected{.host = host, .region = kEast, .epoch = Epoch{7}});
        }
        return core.preview(now(), planned_switchover());
    };
    EXPECT_TRUE(passes(of_hosts(100, 1s), Guard::agents_reachable));
    EXPECT_TRUE(passes(of_hosts(10'000, 10s), Guard::agents_reachable));
    // Four rounds of 80 us for each host, two of which the register has already: 32 ms for 100, and
    // the lag of 90 ms.
    EXPECT_TRUE(passes(of_hosts(98, 122ms), Guard::agents_reachable));
    EXPECT_FALSE(passes(of_hosts(99, 122ms), Guard::agents_reachable));
    const AppCore::Preview refused = of_hosts(10'000, 1s);
    EXPECT_FALSE(passes(refused, Guard::agents_reachable));
    const auto why =
        std::ranges::find(refused.guards, Guard::agents_reachable, &GuardAnswer::guard);
    EXPECT_TRUE(why->text.starts_with("the register has 10002 hosts: writes would be held"))
        << why->text;
    EXPECT_TRUE(why->text.ends_with("switchover.hold_max is 1000 ms")) << why->text;
    EXPECT_NE(why->remedy.find("switchover.hold_max"), std::string::npos) << why->remedy;
}

// A controller that died before its raise had left, and comes back when the Region is well.
TEST_F(AppCoreTest, AResumedRaiseLooksFirstAndIsAskedForAgain) {
    for (const bool still_down : {true, false}) {
        AppCore core = make(policy());
        settle(core);
        fail_east(core);
        ASSERT_EQ(core.record().operation->doing(), "raising");
        AppCore::Start start = start_of(policy());
        start.record = core.record();
        AppCore again{std::move(start), now()};
        const Effects resumed = again.resume(now());
        ASSERT_NE(find<RaiseEpoch>(resumed.actions), nullptr);
        EXPECT_TRUE(find<RaiseEpoch>(resumed.actions)->only_look);
        connect(again);
        bool raised = false;
        for (int i = 0; i < 30 && again.operation_running(); ++i) {
            const RaiseEpoch* raise = nullptr;
            const std::vector<Action> actions = round(again, !still_down, still_down ? 3 : 0);
            raise = find<RaiseEpoch>(actions);
            raised = raised || (raise != nullptr && !raise->only_look);
            (void)tell(
                again,
                EpochRaised{
                    .step = current(again),
                    .majority = false,
                    .unchanged_confirmed = true,
                    .confirmed = {},
                    .highest_seen = Epoch{7},
                    .longest_lease = {},
                    .detail = "still 7"
                }
            );
        }
        EXPECT_EQ(raised, still_down);
        EXPECT_EQ(again.record().active, kEast);
        at += 1h;
    }
}

// The Region is well again, and half of the copies carry the new epoch: no host may write under
// either of them before the others carry it too.
TEST_F(AppCoreTest, ARaiseThatLeftNoWayBackIsRepeatedThoughNothingCallsForItAnyMore) {
    for (const bool no_way_back : {true, false}) {
        AppCore core = make(policy());
        settle(core);
        fail_east(core);
        ASSERT_EQ(core.record().operation->doing(), "raising");
        bool looked = false;
        bool repeated = false;
        for (int i = 0; i < 60; ++i) {
            (void)tell(
                core,
                EpochRaised{
                    .step = current(core),
                    .confirmed = {kWest, RegionId{"us-east-2"}},
                    .no_way_back = no_way_back,
                    .highest_seen = Epoch{8},
                    .detail = "half of them"
                }
            );
            const std::vector<Action> actions = round(core, true, 0);
            const auto* raise = find<RaiseEpoch>(actions);
            looked = looked || (raise != nullptr && raise->only_look);
            repeated = repeated || (i > 40 && raise != nullptr && !raise->only_look);
        }
        EXPECT_EQ(repeated, no_way_back);
        EXPECT_EQ(looked, !no_way_back);
        at += 1h;
    }
}

TEST_F(AppCoreTest, WithKeepALostRegisterIsAskedForBeforeAnybodyStops) {
    Policy keep = policy();
    keep.on_controller_loss = OnControllerLoss::keep;
    AppCore::Start start = start_of(keep);
    start.register_is_closed = false;
    start.record.register_lost_at = now().wall - std::chrono::hours{1};
    AppCore core{std::move(start), now()};
    settle(core);
    ChangeRequest request{.verb = Verb::switchover, .to = kWest};
    EXPECT_FALSE(passes(core.preview(now(), request), Guard::register_is_known));
    EXPECT_FALSE(passes(core.preview_automatic(now()), Guard::register_is_known));
    request.accept_unfenced = true;
    EXPECT_TRUE(passes(core.preview(now(), request), Guard::register_is_known));
}

// Restored from a backup: where users are, hosts of the newer epoch know better.
TEST_F(AppCoreTest, AStoreThatIsOlderThanTheWorldLearnsWhereUsersAre) {
    AppCore::Start start = start_of(policy());
    start.epochs = reading(Epoch{9}, kWest);
    AppCore core{std::move(start), now()};
    settle(core);
    report(core, "w1", Epoch{9}, kWest);
    (void)tell(core, failover_by_hand());
    ASSERT_TRUE(core.operation_running());
    EXPECT_EQ(core.record().users, kWest);
    EXPECT_EQ(core.record().operation->plan.users_before, kWest);
}

// Users stay there while the tables move, so a host has to serve them there.
TEST_F(AppCoreTest, AnOlderStoreAsksForHostsWhereUsersAreAndNotWhereTheyWere) {
    AppCore::Start start = start_of(policy());
    start.epochs = reading(Epoch{9}, kWest);
    AppCore core{std::move(start), now()};
    settle(core);
    report(core, "w1", Epoch{9}, kWest);
    report(core, "e1", Epoch{9}, kWest);
    ChangeRequest request = failover_by_hand();
    request.levers = {Lever::repoint};
    EXPECT_TRUE(passes(core.preview(now(), request), Guard::target_has_hosts));
    (void)tell(core, AgentDisconnected{HostId{"w1"}});
    EXPECT_FALSE(passes(core.preview(now(), request), Guard::target_has_hosts));
}

// A host that was made anew and follows the epoch records alone does not know where users are.
TEST_F(AppCoreTest, OneHostsGuessDoesNotMoveUsers) {
    AppCore::Start start = start_of(policy());
    start.epochs = reading(Epoch{9}, kWest);
    AppCore core{std::move(start), now()};
    settle(core);
    for (const auto& [host, epoch, users] :
         {std::tuple{"e1", Epoch{7}, kEast}, std::tuple{"w1", Epoch{9}, kWest}}) {
        report(core, host, epoch, users);
    }
    (void)tell(core, failover_by_hand());
    ASSERT_TRUE(core.operation_running());
    EXPECT_EQ(core.record().operation->plan.users_before, kEast);
}

// Learned at another time: it says nothing about an epoch that came after.
TEST_F(AppCoreTest, WhereUsersWereUnderAnOldEpochIsNotWhereTheyAre) {
    Policy staying = policy();
    staying.users_can_be_shifted = false;
    AppCore core = make(staying);
    settle(core);
    report(core, "w1", Epoch{8}, kWest);
    begin_fencing(core);
    promote(core);
    (void)tell(core, FunctionVerified{.step = current(core), .passed = true});
    ASSERT_EQ(core.record().operation->doing(), "done");
    ASSERT_EQ(core.record().epoch, Epoch{9});
    (void)tell(core, EpochsRead{reading(Epoch{11}, kEast)});
    (void)tell(
        core,
        ChangeRequest{
            .id = OperationId{"op-2"},
            .verb = Verb::failover,
            .to = kEast,
            .accept_loss = 24h,
            .accept_unfenced = true
        }
    );
    ASSERT_EQ(core.record().operation->plan.id, OperationId{"op-2"});
    EXPECT_EQ(core.record().operation->plan.users_before, kEast);
}

TEST_F(AppCoreTest, AnEpochThatSomebodyElseTookIsNotRaisedForEver) {
    AppCore core = make(policy());
    settle(core);
    fail_east(core);
    ASSERT_EQ(core.record().operation->doing(), "raising");
    (void)tell(
        core,
        EpochRaised{
            .step = current(core),
            .majority = false,
            .confirmed = {kWest},
            .taken = true,
            .highest_seen = Epoch{8},
            .longest_lease = {},
            .detail = "epoch 8 with active us-east-1 is there"
        }
    );
    EXPECT_NE(core.record().operation->doing(), "raising");
    all_ack(core, OrderType::release);
    EXPECT_EQ(core.record().operation->doing(), "failed");
    EXPECT_EQ(core.record().epoch, Epoch{7});
}

// What ended must be in the store as ended before another one takes its place in the record.
TEST_F(AppCoreTest, TheNextOperationDoesNotBeginInTheStepInWhichOneEnds) {
    Policy patient = policy();
    patient.timing.order_timeout = 1min;
    AppCore core = make(patient);
    settle(core);
    (void)switch_over(core);
    for (int i = 0; i < 20 && core.record().operation->doing() != "holding"; ++i) {
        (void)round(core, true, 0);
    }
    // The Region fails: at the last answer everything calls for a failover.
    for (int i = 0; i < 2; ++i) {
        (void)round(core, false, 3);
    }
    (void)tell(core, AbortRequest{.operation = OperationId{"op-1"}, .by = "operator:x"});
    for (int i = 0; i < 3; ++i) {
        (void)round(core, false, 3);
    }
    ASSERT_EQ(core.record().operation->plan.id, OperationId{"op-1"});
    ASSERT_EQ(core.record().operation->doing(), "giving_up");
    for (const char* host : {"e1", "w1"}) {
        (void)tell(
            core,
            AgentAcked{
                .step = current(core),
                .host = HostId{host},
                .type = OrderType::release,
                .epoch = Epoch{7},
                .done = true
            }
        );
    }
    EXPECT_EQ(core.record().operation->plan.id, OperationId{"op-1"});
    EXPECT_FALSE(core.operation_running());
    ASSERT_TRUE(core.next_deadline());
    EXPECT_LE(*core.next_deadline(), at) << "at once, though nothing else happens";
    (void)tell(core, Tick{});
    EXPECT_TRUE(core.operation_running());
    EXPECT_NE(core.record().operation->plan.id, OperationId{"op-1"});
}

// The record also answers with the target while no other Region is well.
TEST_F(AppCoreTest, UsersAreSentOnlyWhenAHostOfTheTargetKnowsThem) {
    Policy moving = policy();
    moving.users_can_be_shifted = true;
    AppCore core = make(moving);
    settle(core);
    begin_fencing(core);
    promote(core);
    ASSERT_EQ(core.record().operation->doing(), "shifting");
    (void)tell(core, TrafficServed{.step = current(core), .done = true});
    (void)ack(core, "e1", OrderType::route);
    EXPECT_EQ(core.record().operation->doing(), "shifting");
    EXPECT_EQ(core.record().users, kEast);
    (void)ack(core, "w1", OrderType::route);
    EXPECT_EQ(core.record().operation->doing(), "verifying");
    EXPECT_EQ(core.record().users, kWest);
}

TEST_F(AppCoreTest, AShiftThatIsStoppedBeforeAnybodyAnsweredIsTakenBack) {
    AppCore core = make(policy());
    settle(core);
    begin_fencing(core);
    promote(core);
    ASSERT_EQ(core.record().operation->doing(), "shifting");
    const auto actions =
        tell(core, AbortRequest{.operation = OperationId{"op-1"}, .by = "operator:x"});
    ASSERT_EQ(core.record().operation->doing(), "partly_done");
    const auto* order = find<OrderAgents>(actions);
    ASSERT_NE(order, nullptr) << "hosts may have heard that users move";
    EXPECT_EQ(order->type, OrderType::route);
    EXPECT_EQ(order->epoch, core.record().epoch);
    EXPECT_EQ(order->active, kWest);
    EXPECT_EQ(order->users, kEast);
    EXPECT_EQ(order->hosts.size(), 2U);
    EXPECT_EQ(core.record().users, kEast);
}

TEST_F(AppCoreTest, ADrillProvesForAsLongAsItIsConfigured) {
    Policy careful = policy();
    careful.require_drill_within = 24h;
    AppCore::Start start = start_of(careful);
    start.drill_proven_at = now().wall - std::chrono::hours{23};
    AppCore core{std::move(start), now()};
    settle(core);
    EXPECT_FALSE(core.why_not_armed(now()).has_value());
    at += 2h;
    EXPECT_TRUE(core.why_not_armed(now()).has_value()) << "it has aged while we ran";
}

}  // namespace
}  // namespace farshore::core
