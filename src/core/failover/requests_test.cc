#include "core/failover/app_core_test_world.h"

// What a person's request is answered, and that one which is refused changes nothing.
namespace farshore::core {
namespace {

using namespace testing;

class Requests : public AppCoreTest {
  protected:
    Requests() : core(make(policy())) { settle(core); }

    // What a request may change.
    [[nodiscard]] std::string changeable() const {
        const AppRecord& record = core.record();
        std::string text = record.active.value() + std::to_string(record.epoch.value());
        text += record.pause ? " paused" : "";
        text += record.cooldown_until ? std::to_string(to_ms(*record.cooldown_until)) : "";
        if (const auto& operation = record.operation) {
            text += operation->plan.id.value() + std::string{operation->doing()} +
                    std::to_string(operation->steps);
        }
        return text + std::to_string(core.agents().size());
    }

    // The code of its refusal, which changes nothing.
    std::string refused(const Event& request) {
        const std::string before = changeable();
        const Reply said = ask(core, request);
        EXPECT_EQ(changeable(), before);
        EXPECT_FALSE(said.has_value());
        return said ? std::string{} : said.error().error.code;
    }

    AppCore core;
};

TEST_F(Requests, AChangeThatBeginsAnOperationNamesIt) {
    const Reply said = ask(core, planned_switchover());
    ASSERT_TRUE(said.has_value()) << said.error().error.text;
    EXPECT_EQ(said->operation, OperationId{"op-1"});
    EXPECT_TRUE(said->has_changed_something());
    EXPECT_TRUE(core.operation_running());
}

TEST_F(Requests, OneThatIsRepeatedFindsItsOperationAndBeginsNone) {
    (void)ask(core, planned_switchover());
    const std::string before = changeable();
    const Reply again = ask(core, planned_switchover());
    ASSERT_TRUE(again.has_value()) << again.error().error.text;
    EXPECT_EQ(again->operation, OperationId{"op-1"});
    EXPECT_TRUE(again->repeated);
    EXPECT_FALSE(again->has_changed_something());
    EXPECT_EQ(changeable(), before);
    ChangeRequest other = planned_switchover();
    other.verb = Verb::failover;
    EXPECT_EQ(refused(other), "request_id");
}

TEST_F(Requests, TheGuardsThatRefuseAreInTheReplyWithTheirRemedies) {
    const std::string before = changeable();
    ChangeRequest second = planned_switchover();
    second.to = RegionId{"mars-north-1"};
    const Reply said = ask(core, second);
    ASSERT_FALSE(said.has_value());
    EXPECT_EQ(changeable(), before);
    EXPECT_EQ(said.error().error.code, "guard");
    EXPECT_EQ(
        said.error().error.text,
        "switchover to mars-north-1 refused; mars-north-1 is not a Region of shop, which has "
        "us-east-1, eu-west-1"
    );
    EXPECT_FALSE(said.error().error.remedy.empty());
    ASSERT_FALSE(said.error().guards.empty());
    EXPECT_EQ(said.error().guards.front().guard, Guard::target_known);
}

TEST_F(Requests, WhatIsThereAlreadyIsNotDoneAgain) {
    ChangeRequest stay = planned_switchover();
    stay.to = kEast;
    const std::string before = changeable();
    const Reply said = ask(core, stay);
    ASSERT_TRUE(said.has_value()) << said.error().error.text;
    EXPECT_EQ(
        said->nothing, "already done: us-east-1 is active and serves users; nothing was started"
    );
    EXPECT_EQ(changeable(), before);
}

TEST_F(Requests, AnotherOperationsStepsAreNotAnswered) {
    (void)ask(core, planned_switchover());
    EXPECT_EQ(refused(StepAnswered{.operation = OperationId{"op-0"}}), "not_asked");
    EXPECT_EQ(refused(AbortRequest{.operation = OperationId{"op-0"}}), "ended");
}

TEST_F(Requests, OnlyWhatIsPausedIsResumed) {
    const ResumeRequest resume{.by = "operator:x", .reason = {}};
    const std::string before = changeable();
    const Reply idle = ask(core, resume);
    ASSERT_TRUE(idle.has_value());
    EXPECT_EQ(idle->nothing, "nothing was paused: shop goes on as before");
    EXPECT_EQ(changeable(), before) << "automation is not held back by it";
    ASSERT_TRUE(ask(core, PauseRequest{{.until = {}, .reason = "x", .by = "operator:x"}}));
    const Reply said = ask(core, resume);
    ASSERT_TRUE(said.has_value());
    EXPECT_TRUE(said->has_changed_something());
    EXPECT_FALSE(core.record().pause.has_value());
}

TEST_F(Requests, AHostThatMayWriteStaysInTheRegister) {
    EXPECT_EQ(refused(AgentForgotten{.host = HostId{"e1"}, .by = "operator:x"}), "register");
    EXPECT_EQ(reply->error().error.text, "e1 is connected: end its agent first");
    EXPECT_TRUE(core.agents().contains(HostId{"e1"}));
    EXPECT_EQ(refused(AgentForgotten{.host = HostId{"e9"}, .by = "operator:x"}), "register");
    EXPECT_EQ(reply->error().error.kind, ErrorKind::not_found);
}

TEST_F(Requests, NothingIsBegunBeforeTheStoreTakesWhatItRefused) {
    core.stall();
    EXPECT_EQ(refused(planned_switchover()), "store");
    EXPECT_EQ(refused(StepAnswered{.operation = OperationId{"op-1"}}), "store");
    EXPECT_EQ(refused(AbortRequest{.operation = OperationId{"op-1"}}), "store");
}

// The store has refused it: the operation that ran before goes on, and the host is in the register.
TEST_F(Requests, WhatIsWithdrawnHasNotHappened) {
    (void)tell(core, AgentDisconnected{HostId{"e1"}});
    at += 1h;
    AppCore::Before before = core.before();
    ASSERT_TRUE(ask(core, AgentForgotten{.host = HostId{"e1"}, .by = "operator:x"}));
    ASSERT_FALSE(core.agents().contains(HostId{"e1"}));
    core.withdraw(std::move(before));
    EXPECT_TRUE(core.agents().contains(HostId{"e1"}));
    (void)core.resume(now());
    connect(core);
    for (int i = 0; i < 10; ++i) {
        (void)round(core, true, 0);
    }
    before = core.before();
    ASSERT_TRUE(ask(core, planned_switchover()));
    ASSERT_TRUE(core.operation_running());
    core.withdraw(std::move(before));
    EXPECT_FALSE(core.operation_running());
    (void)core.resume(now());
    EXPECT_FALSE(core.operation_running());
    ASSERT_TRUE(ask(core, planned_switchover())) << "it may be asked for again";
    before = core.before();
    ASSERT_TRUE(ask(core, AbortRequest{.operation = OperationId{"op-1"}, .by = "operator:x"}));
    core.withdraw(std::move(before));
    (void)core.resume(now());
    EXPECT_TRUE(core.operation_running());
}

}  // namespace
}  // namespace farshore::core
