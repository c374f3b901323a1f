#include <gtest/gtest.h>

#include "core/failover/app_core_test_world.h"

// Steps that an operator declares, in the core as it ships.
namespace farshore::core {
namespace {

using namespace testing;

class DeclaredSteps : public AppCoreTest {
  protected:
    [[nodiscard]] static DeclaredStep command(Slot at, std::string name) {
        return {
            .name = std::move(name),
            .kind = StepKind::command,
            .at = at,
            .run = {"/etc/hook", "${to}"},
            .timeout = 10s
        };
    }

    [[nodiscard]] static DeclaredStep approve(Slot at) {
        return {.name = "ask", .kind = StepKind::approve, .at = at, .timeout = 15min};
    }

    [[nodiscard]] AppCore made(std::vector<DeclaredStep> steps) {
        Policy with = policy();
        with.steps = std::move(steps);
        AppCore core = make(std::move(with));
        settle(core);
        return core;
    }

    std::vector<Action> fail_over(AppCore& core) {
        return tell(
            core,
            ChangeRequest{
                .id = OperationId{"op-1"},
                .verb = Verb::failover,
                .to = kWest,
                .by = "operator:x",
                .reason = "INC-1",
                .accept_loss = 1h
            }
        );
    }

    std::vector<Action> answer(AppCore& core, Answer said, std::string step = {}) {
        return tell(
            core,
            StepAnswered{
                .operation = OperationId{"op-1"},
                .step = std::move(step),
                .answer = said,
                .by = "operator:eve",
                .reason = "seen"
            }
        );
    }

    // The newest command that was started ends.
    std::vector<Action> end_command(AppCore& core, const RunCommand& run, int status) {
        return tell(
            core,
            CommandEnded{
                .step = run.step, .end = CommandEnd::exited, .status = status, .output = "said so"
            }
        );
    }

    [[nodiscard]] static std::string doing(const AppCore& core) {
        return std::string{core.record().operation->doing()};
    }

    [[nodiscard]] AppCore restarted(const AppCore& core, const Policy& with) {
        AppCore::Start start = start_of(with);
        start.record = core.record();
        return AppCore{std::move(start), now()};
    }
};

TEST_F(DeclaredSteps, NothingIsRaisedBeforeAPersonApproves) {
    AppCore core = made({approve(Slot::before)});
    EXPECT_EQ(find<RaiseEpoch>(fail_over(core)), nullptr);
    EXPECT_EQ(doing(core), "waiting_for_approval");
    at += 10min;
    (void)round(core, true, 0);
    EXPECT_EQ(find<RaiseEpoch>(tell(core, Tick{})), nullptr);
    EXPECT_EQ(
        why_refused(
            core,
            StepAnswered{
                .operation = core.record().operation->plan.id, .step = {}, .answer = Answer::go_on
            }
        ),
        core.record().operation->plan.id.value() + ": it asks nothing"
    );
    EXPECT_EQ(reply->error().error.code, "not_asked");
    for (int i = 0; i < 10; ++i) {
        (void)round(core, true, 0);
    }
    EXPECT_NE(find<RaiseEpoch>(answer(core, Answer::approve)), nullptr);
    EXPECT_EQ(doing(core), "raising");
}

TEST_F(DeclaredSteps, WhatIsDeniedOrNotAnsweredChangesNothing) {
    for (const bool denied : {true, false}) {
        AppCore core = made({approve(Slot::before)});
        (void)fail_over(core);
        if (denied) {
            (void)answer(core, Answer::deny);
        } else {
            at += 15min;
            (void)tell(core, Tick{});
        }
        EXPECT_EQ(doing(core), "failed");
        EXPECT_EQ(core.record().epoch, Epoch{7});
        EXPECT_EQ(core.record().active, kEast);
    }
}

TEST_F(DeclaredSteps, TheGuardsAreAskedAgainRightBeforeTheRaise) {
    AppCore core = made({approve(Slot::before)});
    for (int i = 0; i < 12; ++i) {
        (void)round(core, true, 0);  // it has known the Regions for long
    }
    (void)fail_over(core);
    (void)tell(core, AgentDisconnected{HostId{"w1"}});
    EXPECT_EQ(find<RaiseEpoch>(answer(core, Answer::approve)), nullptr)
        << "no host is left in the target";
    at += 1s;
    (void)tell(core, Tick{});
    EXPECT_EQ(doing(core), "failed");
    EXPECT_TRUE(std::ranges::any_of(journal, [](const JournalEntry& entry) {
        return entry.text.find("refuses it by now") != std::string::npos;
    }));
}

// What it does not know yet is no refusal: a step in front of the raise may end while it starts.
TEST_F(DeclaredSteps, AControllerThatHasJustStartedHearsItsHostsBeforeAGuardRefuses) {
    AppCore core = made({approve(Slot::before)});
    (void)fail_over(core);
    (void)tell(core, AgentDisconnected{HostId{"w1"}});
    EXPECT_EQ(find<RaiseEpoch>(answer(core, Answer::approve)), nullptr);
    EXPECT_EQ(doing(core), "raising");
    connect(core);
    std::vector<Action> actions;
    for (int i = 0; i < 12 && find<RaiseEpoch>(actions) == nullptr; ++i) {
        actions = round(core, true, 0);
    }
    EXPECT_NE(find<RaiseEpoch>(actions), nullptr);
}

// AWS says whether it took effect: it is neither asked of a person nor left out.
TEST_F(DeclaredSteps, AFleetThatWasBeingChangedIsTakenUpAgain) {
    const DeclaredStep scale{
        .name = "scale",
        .kind = StepKind::asg,
        .at = Slot::before,
        .fleet = {.region = "${to}", .group = "web", .desired = 4},
        .timeout = 3min,
        .attempts = 2
    };
    AppCore core = made({scale});
    const std::vector<Action> first = fail_over(core);
    const auto* move = find<MoveFleet>(first);
    ASSERT_NE(move, nullptr);
    EXPECT_EQ(move->change.region, kWest.value());
    EXPECT_EQ(move->change.desired, 4);
    const CommandEnded failed{.step = move->step, .status = 1, .output = "a maximum of 2"};
    const std::vector<Action> again = tell(core, failed);
    ASSERT_NE(find<MoveFleet>(again), nullptr) << "another attempt is allowed";

    AppCore::Start start = start_of(policy());
    start.record = core.record();
    AppCore other(std::move(start), now());
    const Effects resumed = other.resume(now());
    const auto* moved_again = find<MoveFleet>(resumed.actions);
    ASSERT_NE(moved_again, nullptr);
    EXPECT_EQ(moved_again->values, find<MoveFleet>(again)->values) << "by which it is found in AWS";
    (void)tell(other, CommandEnded{.step = moved_again->step, .output = "4 instances"});
    EXPECT_EQ(doing(other), "raising");
}

TEST_F(DeclaredSteps, InModeApproveAnOutageThatIsOverIsNotActedOn) {
    for (const bool over : {true, false}) {
        Policy with = policy();
        with.mode = Mode::approve;
        AppCore core = make(with);
        settle(core);
        for (int i = 0; i < 10 && !core.operation_running(); ++i) {
            (void)round(core, false, 3);
        }
        ASSERT_TRUE(core.operation_running());
        EXPECT_EQ(doing(core), "waiting_for_approval");
        for (int i = 0; i < 100; ++i) {
            (void)round(core, over, over ? 0 : 3);
        }
        const std::vector<Action> actions = tell(
            core,
            StepAnswered{
                .operation = core.record().operation->plan.id,
                .answer = Answer::approve,
                .by = "operator:eve"
            }
        );
        EXPECT_EQ(find<RaiseEpoch>(actions) == nullptr, over);
        at += 1s;
        (void)tell(core, Tick{});
        EXPECT_EQ(doing(core), over ? "failed" : "raising");
    }
}

TEST_F(DeclaredSteps, ACommandGetsThePlanAndItsStatusDecides) {
    for (const int status : {0, 3}) {
        AppCore core = made({command(Slot::before, "scale")});
        const std::vector<Action> actions = fail_over(core);
        const auto* run = find<RunCommand>(actions);
        ASSERT_NE(run, nullptr);
        EXPECT_EQ(run->run, (std::vector<std::string>{"/etc/hook", "eu-west-1"}));
        EXPECT_EQ(run->timeout, 10s);
        const auto value = std::ranges::find(run->values, "epoch_after", [](const auto& pair) {
            return pair.first;
        });
        ASSERT_NE(value, run->values.end());
        EXPECT_EQ(value->second, "8");
        EXPECT_EQ(find<RaiseEpoch>(end_command(core, *run, status)) != nullptr, status == 0);
        EXPECT_EQ(doing(core), status == 0 ? "raising" : "failed");
    }
}

TEST_F(DeclaredSteps, WhatFollowsAFailureIsAsDeclared) {
    DeclaredStep goes_on = command(Slot::before, "a");
    goes_on.on_failure = OnFailure::go_on;
    DeclaredStep twice = command(Slot::before, "b");
    twice.attempts = 2;
    twice.on_failure = OnFailure::ask;
    for (const Answer said : {Answer::skip, Answer::go_on}) {
        AppCore core = made({goes_on, twice});
        std::vector<Action> actions = fail_over(core);
        for (const char* name : {"a", "b", "b"}) {
            const auto* run = find<RunCommand>(actions);
            ASSERT_NE(run, nullptr) << name;
            EXPECT_EQ(run->name, name);
            actions = end_command(core, RunCommand{*run}, 1);
        }
        EXPECT_EQ(find<RunCommand>(actions), nullptr);
        EXPECT_EQ(doing(core), "waiting_for_person");
        actions = answer(core, said);
        if (said == Answer::go_on) {
            const auto* again = find<RunCommand>(actions);
            ASSERT_NE(again, nullptr);
            actions = end_command(core, RunCommand{*again}, 0);
        }
        EXPECT_NE(find<RaiseEpoch>(actions), nullptr);
    }
}

TEST_F(DeclaredSteps, AnAbortEndsTheCommandThatRuns) {
    AppCore core = made({command(Slot::before, "a")});
    const std::vector<Action> actions = fail_over(core);
    const auto* run = find<RunCommand>(actions);
    const std::vector<Action> after =
        tell(core, AbortRequest{.operation = OperationId{"op-1"}, .by = "operator:x"});
    const auto* stop = find<StopCommand>(after);
    ASSERT_NE(stop, nullptr);
    EXPECT_EQ(stop->step, run->step);
    EXPECT_EQ(doing(core), "aborted");
    EXPECT_TRUE(end_command(core, *run, 0).empty()) << "what it says now changes nothing";
}

TEST_F(DeclaredSteps, ACommandThatMayHaveTakenEffectIsNotRunAgain) {
    Policy with = policy();
    with.steps = {command(Slot::before, "a")};
    AppCore core = make(with);
    settle(core);
    (void)fail_over(core);
    AppCore next = restarted(core, with);
    const Effects resumed = next.resume(now());
    EXPECT_EQ(find<RunCommand>(resumed.actions), nullptr);
    EXPECT_EQ(doing(next), "waiting_for_person");
    AppCore third = restarted(next, with);
    (void)third.resume(now());
    EXPECT_EQ(doing(third), "waiting_for_person") << "the question stands after another restart";
    connect(third);
    for (int i = 0; i < 10; ++i) {
        (void)round(third, true, 0);
    }
    EXPECT_NE(find<RunCommand>(answer(third, Answer::go_on)), nullptr);
}

// Behind the fence the proof of the fence is gone with the controller; what was done is not.
TEST_F(DeclaredSteps, BehindTheFenceARestartFencesAgainAndRunsNothingTwice) {
    Policy with = policy();
    with.steps = {command(Slot::behind_fence, "a"), command(Slot::behind_fence, "b")};
    AppCore core = make(with);
    settle(core);
    (void)fail_over(core);
    (void)tell(core, raised(core));
    (void)ack(core, "e1", OrderType::fence);
    std::vector<Action> actions = ack(core, "w1", OrderType::fence);
    actions = end_command(core, *find<RunCommand>(actions), 0);
    ASSERT_NE(find<RunCommand>(actions), nullptr);
    EXPECT_EQ(doing(core), "running_command");
    EXPECT_FALSE(core.grant_lease(now(), HostId{"w1"}, Epoch{8}).length)
        << "the new Region takes no writes yet";
    AppCore next = restarted(core, with);
    const Effects resumed = next.resume(now());
    EXPECT_EQ(doing(next), "fencing");
    (void)tell(next, HostsFound{.step = current(next), .complete = true, .hosts = {}});
    (void)ack(next, "e1", OrderType::fence);
    actions = ack(next, "w1", OrderType::fence);
    EXPECT_EQ(find<RunCommand>(actions), nullptr);
    EXPECT_EQ(doing(next), "waiting_for_person") << "b may have taken effect, and a has";
    (void)answer(next, Answer::skip);
    EXPECT_EQ(doing(next), "examining");
}

TEST_F(DeclaredSteps, AnOperatorsFailoverTakesThePlaceOfOneThatWaits) {
    AppCore core = made({approve(Slot::before)});
    (void)fail_over(core);
    ChangeRequest urgent{
        .id = OperationId{"op-2"},
        .verb = Verb::failover,
        .to = kWest,
        .by = "operator:y",
        .reason = "INC-2",
        .accept_loss = 1h
    };
    urgent.verb = Verb::switchover;
    EXPECT_FALSE(passes(core.preview(now(), urgent), Guard::no_operation));
    urgent.verb = Verb::failover;
    EXPECT_TRUE(passes(core.preview(now(), urgent), Guard::no_operation));
    (void)tell(core, urgent);
    EXPECT_EQ(core.record().operation->plan.id, OperationId{"op-2"});
}

TEST_F(DeclaredSteps, AnOperatorsFailoverTakesThePlaceOfAnApprovalSideBySideToo) {
    DeclaredStep both{.name = "both", .kind = StepKind::parallel, .at = Slot::before};
    both.timeout = 10s;
    both.steps = {approve(Slot::before), command(Slot::before, "beside")};
    AppCore core = made({both});
    (void)fail_over(core);
    EXPECT_TRUE(core.record().operation->waits_for_person());
    (void)tell(
        core,
        ChangeRequest{
            .id = OperationId{"op-2"}, .verb = Verb::failover, .to = kWest, .accept_loss = 1h
        }
    );
    EXPECT_EQ(core.record().operation->plan.id, OperationId{"op-2"});
}

class SideBySide : public DeclaredSteps {
  protected:
    // Both commands of a parallel step in front of the raise.
    void begin(OnFailure on_failure) {
        DeclaredStep both{.name = "both", .kind = StepKind::parallel, .at = Slot::before};
        both.timeout = 10s;
        both.steps = {command(Slot::before, "left"), command(Slot::before, "right")};
        both.steps[1].on_failure = on_failure;
        core.emplace(made({both}));
        for (const Action& action : fail_over(*core)) {
            if (const auto* run = std::get_if<RunCommand>(&action)) {
                runs.push_back(*run);
            }
        }
        ASSERT_EQ(runs.size(), 2U);
    }

    std::optional<AppCore> core;
    std::vector<RunCommand> runs;
};

TEST_F(SideBySide, EndsWhenEachHasEndedInAnyOrder) {
    begin(OnFailure::stop);
    EXPECT_EQ(find<RaiseEpoch>(end_command(*core, runs[1], 0)), nullptr);
    EXPECT_EQ(doing(*core), "running_side_by_side");
    EXPECT_NE(find<RaiseEpoch>(end_command(*core, runs[0], 0)), nullptr);
}

TEST_F(SideBySide, OneThatFailsEndsThePlanOnceTheOtherHasEnded) {
    begin(OnFailure::stop);
    (void)end_command(*core, runs[1], 1);
    EXPECT_TRUE(core->operation_running());
    EXPECT_EQ(find<RaiseEpoch>(end_command(*core, runs[0], 0)), nullptr);
    EXPECT_EQ(doing(*core), "failed");
}

TEST_F(SideBySide, OneThatAsksIsAnsweredByName) {
    begin(OnFailure::ask);
    (void)end_command(*core, runs[1], 1);
    EXPECT_EQ(doing(*core), "waiting_for_person");
    (void)end_command(*core, runs[0], 0);
    EXPECT_TRUE(core->operation_running());
    EXPECT_NE(find<RaiseEpoch>(answer(*core, Answer::skip, "right")), nullptr);
}

TEST_F(DeclaredSteps, BesideTheShiftUsersAreNotKeptWaitingAndTheEndIs) {
    AppCore core = made({command(Slot::beside_shift, "fleet"), command(Slot::at_end, "last")});
    begin_fencing(core);
    promote(core);
    EXPECT_EQ(doing(core), "shifting");
    const auto& operation = core.record().operation;
    const std::optional<std::size_t> shift = operation->plan.find(StepKind::shift);
    ASSERT_TRUE(shift.has_value());
    EXPECT_EQ(operation->runs[*shift - 1].life, StepLife::running) << "fleet";
    (void)tell(core, TrafficServed{.step = current(core), .done = true, .detail = {}});
    (void)ack(core, "w1", OrderType::route);
    EXPECT_EQ(doing(core), "verifying");
    (void)tell(core, FunctionVerified{.step = current(core), .passed = true, .detail = {}});
    EXPECT_EQ(doing(core), "waiting_for_steps_beside");
    EXPECT_EQ(core.record().users, kWest);
    RunCommand fleet;
    fleet.step = {operation->plan.id, 0};
    for (std::uint64_t number = 1; number <= operation->steps; ++number) {
        fleet.step.number = number;
        const std::vector<Action> actions = end_command(core, fleet, 0);
        if (const auto* last = find<RunCommand>(actions)) {
            EXPECT_EQ(last->name, "last");
            (void)end_command(core, *last, 0);
            EXPECT_EQ(doing(core), "done");
            return;
        }
    }
    FAIL() << "the step beside the shift took no answer";
}

}  // namespace
}  // namespace farshore::core
