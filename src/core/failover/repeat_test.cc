#include "core/failover/app_core_test_world.h"

// What makes an operator's requests safe to repeat, to send late, and to lower a gate with.
namespace farshore::core {
namespace {

using namespace testing;

ChangeRequest switchover() {
    return {.id = OperationId{"op-1"}, .verb = Verb::switchover, .to = kWest, .by = "operator:x"};
}

const AbortRequest kAbort{.operation = OperationId{"op-1"}, .by = "operator:x", .reason = {}};

TEST_F(AppCoreTest, ARequestThatExpectsAnotherWorldStartsNothing) {
    AppCore core = make(policy());
    settle(core);
    for (const auto& [active, epoch] :
         {std::pair{kWest, Epoch{7}}, std::pair{kEast, Epoch{6}}, std::pair{kEast, Epoch{8}}}) {
        ChangeRequest request = switchover();
        request.expect_active = active;
        request.expect_epoch = epoch;
        EXPECT_FALSE(passes(core.preview(now(), request), Guard::as_expected));
        EXPECT_FALSE(why_refused(core, request).empty());
        EXPECT_EQ(reply->error().error.code, kMovedCode);
        EXPECT_FALSE(core.operation_running()) << active.value() << " " << epoch.value();
    }
    ChangeRequest request = switchover();
    request.expect_active = kEast;
    request.expect_epoch = Epoch{7};
    (void)tell(core, request);
    EXPECT_TRUE(core.operation_running());
}

TEST_F(AppCoreTest, AnEpochThatTheRecordsCarryIsNotTheOneOfTheStore) {
    AppCore::Start start = start_of(policy());
    start.epochs = reading(Epoch{9}, kWest);
    AppCore core{std::move(start), now()};
    settle(core);
    ChangeRequest request = switchover();
    request.verb = Verb::failover;
    request.accept_loss = 1h;
    request.expect_epoch = Epoch{7};
    EXPECT_EQ(
        why_not_as_expected(core.record(), core.superseded(), request), "the epoch is 9, not 7"
    );
}

TEST_F(AppCoreTest, AnAbortIsTooLateFromTheRaiseOn) {
    AppCore core = make(policy());
    settle(core);
    EXPECT_EQ(why_refused(core, kAbort), "op-1 has ended already") << "nothing runs";
    (void)switch_over(core);
    EXPECT_EQ(why_refused(core, kAbort), "") << "nothing is changed yet";
    AppCore failing = make(policy());
    settle(failing);
    begin_fencing(failing);
    const std::size_t written = journal.size();
    EXPECT_EQ(
        why_refused(failing, kAbort),
        "op-1: too late to turn back: the epoch has been raised; it is fencing, and goes on to its "
        "end in eu-west-1"
    );
    EXPECT_EQ(reply->error().error.code, "too_late");
    EXPECT_EQ(journal.size(), written) << "what is refused changes nothing";
}

TEST_F(AppCoreTest, ARaiseThatNobodyAnswersCanBeStoppedAfterAWhile) {
    AppCore core = make(policy());
    settle(core);
    ChangeRequest request = switchover();
    request.verb = Verb::failover;
    request.accept_loss = 1h;
    (void)tell(core, request);
    ASSERT_EQ(core.record().operation->doing(), "raising");
    const std::string early = why_refused(core, kAbort);
    EXPECT_TRUE(early.contains("it can be stopped in 5s")) << early;
    at += 5s;
    EXPECT_EQ(why_refused(core, kAbort), "");
    EXPECT_FALSE(core.operation_running());
}

// A flag that the verb does not have would be a usage error in the middle of an outage.
TEST_F(AppCoreTest, OnlyFlagsThatTheVerbHasAreNamed) {
    Policy keeping = policy();
    keeping.on_controller_loss = OnControllerLoss::keep;
    AppCore::Start start = start_of(keeping);
    start.record.register_lost_at = now().wall;
    start.register_is_closed = false;
    const AppCore core{std::move(start), now()};
    const auto remedies = [&](Verb verb) {
        ChangeRequest request = switchover();
        request.verb = verb;
        std::string text;
        for (const GuardAnswer& answer : core.preview(now(), request).guards) {
            EXPECT_TRUE(answer.passed || !answer.remedy.empty()) << to_string(answer.guard);
            EXPECT_FALSE(answer.text.contains("--accept")) << answer.text;
            text += answer.remedy + "\n";
        }
        return text;
    };
    EXPECT_TRUE(remedies(Verb::failover).contains("`--accept-unfenced`"));
    EXPECT_TRUE(remedies(Verb::failover).contains("`--accept-loss 1m`"));
    EXPECT_FALSE(remedies(Verb::switchover).contains("--accept")) << remedies(Verb::switchover);
}

// An automatic operation is in the audit with what it rested on, like an operator's.
TEST_F(AppCoreTest, WhatStartsByItselfIsAnnouncedWithItsEvidence) {
    AppCore core = make(policy());
    settle(core);
    std::string announced;
    for (int i = 0; i < 10 && !core.operation_running(); ++i) {
        for (const Action& action : round(core, false, 3)) {
            if (const auto* announce = std::get_if<Announce>(&action)) {
                announced += announce->text + "\n";
            }
        }
    }
    EXPECT_TRUE(announced.contains("failover of shop us-east-1 -> eu-west-1 started by itself"))
        << announced;
    EXPECT_TRUE(announced.contains("observers say unhealthy")) << announced;
}

}  // namespace
}  // namespace farshore::core
