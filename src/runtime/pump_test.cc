#include "runtime/pump.h"

#include <functional>
#include <map>
#include <utility>
#include <variant>

#include <gtest/gtest.h>

#include "base/test_date.h"
#include "core/failover/app_core_test_world.h"
#include "core/recording/replay.h"

namespace farshore::runtime {
namespace {

using namespace core::testing;

// Every port, as a list of what was asked of it. The store can refuse.
class World final : public ports::Clock,
                    public ports::Store,
                    public ports::EpochRecords,
                    public ports::HostRecords,
                    public ports::AgentLink,
                    public ports::Tables,
                    public ports::Traffic,
                    public ports::Checks,
                    public ports::Commands,
                    public ports::Fleets,
                    public ports::Notifier,
                    public ports::Timer {
  public:
    explicit World(const Instant& at) : at_(at) {}

    [[nodiscard]] Instant now() const override { return at_; }

    [[nodiscard]] UtcTime wall() const override { return date_in_tests(at_); }

    void commit(ports::Commit commit, ports::Ticket ticket) override {
        ASSERT_FALSE(pending) << "one at a time";
        ++commits;
        pending = [this, commit = std::move(commit), ticket = std::move(ticket)] {
            if (answer.end == ports::CommitEnd::committed) {
                saved = *commit.state;
                journal.insert(journal.end(), commit.journal.begin(), commit.journal.end());
                audit.insert(audit.end(), commit.audit.begin(), commit.audit.end());
                changes += commit.changes.size();
            }
            ticket(answer);
        };
        if (!late) {
            let_answer();
        }
    }

    // The store answers the commit that it has been given.
    void let_answer() {
        ASSERT_TRUE(pending);
        std::exchange(pending, {})();
    }

    void refuse(bool refuses) {
        answer =
            refuses
                ? ports::
                      CommitAnswer{ports::CommitEnd::refused, {.kind = ErrorKind::exhausted, .text = "the disk is full"}}
                : ports::CommitAnswer{};
    }

    void raise(const core::RaiseEpoch& action) override { did(action); }

    void find(const core::FindHosts& action) override { did(action); }

    void order(const core::OrderAgents& action) override { did(action); }

    void examine(const core::ExamineLosses& action) override { did(action); }

    void serve(const core::ServeUsers& action) override { did(action); }

    void verify(const core::VerifyFunction& action) override { did(action); }

    void run(const core::RunCommand& action) override { did(action); }

    void stop(const core::StopCommand& action) override { did(action); }

    void move(const core::MoveFleet& action) override { did(action); }

    void leave(const core::LeaveFleet& action) override { did(action); }

    void announce(const core::Announce& action) override { announced.push_back(action.text); }

    void arm(Instant at) override { armed = at; }

    void disarm() override { armed.reset(); }

    template <class T>
    [[nodiscard]] const T* last() const {
        const auto found = std::find_if(actions.rbegin(), actions.rend(), [](const auto& action) {
            return std::holds_alternative<T>(action);
        });
        return found == actions.rend() ? nullptr : &std::get<T>(*found);
    }

    [[nodiscard]] bool noted(std::string_view words) const {
        return std::ranges::any_of(journal, [&](const core::JournalEntry& entry) {
            return entry.text.find(words) != std::string::npos;
        });
    }

    bool late = false;  // the store answers only when it is told to
    ports::CommitAnswer answer;
    std::function<void()> pending;
    core::AppRecord saved;
    std::vector<core::JournalEntry> journal;
    std::vector<ports::AuditRow> audit;
    std::size_t changes = 0;
    std::size_t commits = 0;
    std::vector<core::Action> actions;
    std::vector<std::string> announced;
    std::optional<Instant> armed;

  private:
    void did(const core::Action& action) {
        actions.push_back(action);
        // Intent before effect: what is being done is in the store.
        const auto* raise = std::get_if<core::RaiseEpoch>(&action);
        if (raise != nullptr) {
            EXPECT_TRUE(saved.operation && saved.operation->plan.id == raise->step.operation);
        }
    }

    const Instant& at_;
};

class PumpTest : public core::testing::AppCoreTest {
  protected:
    PumpTest() : world(at), opening{.now = now(), .start = start_of(policy())} {
        pump.emplace(
            core::AppCore{opening.start, opening.now},
            Ports{
                .clock = world,
                .store = world,
                .epoch_records = world,
                .host_records = world,
                .agents = world,
                .tables = world,
                .traffic = world,
                .checks = world,
                .commands = world,
                .fleets = world,
                .notifier = world,
                .timer = world
            }
        );
        pump->on_input(
            [this](core::Now moment, const core::Input& input, const core::Effects& effects) {
                tape.push_back(
                    {.now = moment,
                     .input = input,
                     .decided = deciding.after(moment, pump->core(), effects)}
                );
            }
        );
        pump->start();
        pump->deliver(core::AgentConnected{HostId{"e1"}, kEast, Epoch{7}});
        pump->deliver(core::AgentConnected{HostId{"w1"}, kWest, Epoch{7}});
        rounds(10, true);
    }

    // INV-S14, of every test here: what the core was told leads to the same decisions once more.
    void TearDown() override {
        core::Comparison comparison(opening);
        for (const core::Recorded& recorded : tape) {
            (void)comparison.tell(recorded);
        }
        EXPECT_EQ(comparison.judged(), tape.size());
        EXPECT_FALSE(comparison.difference())
            << testing::PrintToString(comparison.difference()->recorded.said) << " is now "
            << testing::PrintToString(comparison.difference()->replayed.said);
    }

    void rounds(int count, bool east_ok) {
        for (int i = 0; i < count; ++i) {
            at += 500ms;
            for (const core::Event& event : what_is_seen(east_ok, east_ok ? 0 : 3)) {
                pump->deliver(event);
            }
            while (world.armed && *world.armed <= at) {
                const Instant before = *world.armed;
                pump->turn();
                ASSERT_TRUE(!world.armed || *world.armed > before || *world.armed > at)
                    << "a deadline that stays in the past turns for ever";
            }
        }
    }

    World world;
    core::Opening opening;
    core::Deciding deciding;
    std::vector<core::Recorded> tape;
    std::optional<Pump> pump;
};

TEST_F(PumpTest, AnIntentIsInTheStoreBeforeItsEffect) {
    rounds(10, false);
    ASSERT_NE(world.last<core::RaiseEpoch>(), nullptr);
    EXPECT_TRUE(world.noted("raise the epoch records to 8"));
}

core::EpochRaised unchanged(const core::RaiseEpoch& raise) {
    return {
        .step = raise.step,
        .majority = false,
        .unchanged_confirmed = true,
        .confirmed = {},
        .highest_seen = Epoch{7},
        .longest_lease = {},
        .detail = "still 7"
    };
}

TEST_F(PumpTest, NothingIsDoneWhileTheStoreRefusesAndItGoesOnAfterwards) {
    world.refuse(true);
    rounds(20, false);
    EXPECT_EQ(world.last<core::RaiseEpoch>(), nullptr);
    EXPECT_EQ(pump->trouble(), "the disk is full");
    EXPECT_FALSE(world.saved.operation.has_value());
    world.refuse(false);
    const core::RaiseEpoch* raise = nullptr;
    for (int i = 0; i < 30 && (raise == nullptr || raise->only_look); ++i) {
        rounds(1, false);
        raise = world.last<core::RaiseEpoch>();
        if (raise != nullptr && raise->only_look) {
            pump->deliver(unchanged(*raise));
        }
    }
    EXPECT_TRUE(pump->trouble().empty());
    ASSERT_NE(raise, nullptr) << "the Region is still down";
    EXPECT_FALSE(raise->only_look);
    EXPECT_TRUE(world.noted("the store took no records for a while"));
}

// A decision that waited behind a full disk is not carried out on a Region that is well again.
TEST_F(PumpTest, WhatWasDecidedWhileTheStoreRefusedIsAskedForAgain) {
    world.refuse(true);
    rounds(20, false);
    rounds(40, true);
    world.refuse(false);
    for (int i = 0; i < 30; ++i) {
        rounds(1, true);
        const core::RaiseEpoch* raise = world.last<core::RaiseEpoch>();
        ASSERT_TRUE(raise == nullptr || raise->only_look) << "nothing calls for it";
        if (raise != nullptr) {
            pump->deliver(unchanged(*raise));
        }
    }
    EXPECT_EQ(pump->core().record().operation->doing(), "failed");
    EXPECT_EQ(pump->core().record().active, kEast);
}

TEST_F(PumpTest, WhoConnectedWhileTheStoreRefusedIsToldItsRouteAfterwards) {
    world.refuse(true);
    pump->deliver(core::PauseRequest{{.until = {}, .reason = "x", .by = "operator:x"}});
    ASSERT_FALSE(pump->trouble().empty());
    world.actions.clear();
    pump->deliver(core::AgentConnected{HostId{"e1"}, kEast, Epoch{7}});
    EXPECT_EQ(world.last<core::OrderAgents>(), nullptr);
    world.refuse(false);
    rounds(2, true);
    ASSERT_NE(world.last<core::OrderAgents>(), nullptr);
    EXPECT_EQ(world.last<core::OrderAgents>()->type, core::OrderType::route);
    EXPECT_TRUE(world.saved.pause.has_value()) << "what was asked for meanwhile is kept";
}

// A store far away answers later: nothing is done before, and what happens meanwhile waits.
TEST_F(PumpTest, AnEffectWaitsForAStoreThatAnswersLate) {
    world.late = true;
    rounds(10, false);
    ASSERT_TRUE(world.pending) << "the intent is on its way";
    EXPECT_EQ(world.last<core::RaiseEpoch>(), nullptr);
    EXPECT_FALSE(world.saved.operation.has_value());
    EXPECT_FALSE(world.armed) << "nothing is due before the answer";
    for (int i = 0; i < 10 && world.pending; ++i) {
        world.let_answer();
    }
    EXPECT_FALSE(world.pending);
    ASSERT_NE(world.last<core::RaiseEpoch>(), nullptr);
    EXPECT_TRUE(world.armed);
}

TEST_F(PumpTest, WhatHappensWhileTheStoreIsAskedIsHeardInItsOrder) {
    world.late = true;
    pump->deliver(core::PauseRequest{{.until = {}, .reason = "x", .by = "operator:x"}});
    pump->deliver(core::ResumeRequest{.by = "operator:x", .reason = "y"});
    EXPECT_TRUE(pump->core().record().pause.has_value()) << "the second one waits";
    world.let_answer();
    EXPECT_TRUE(world.saved.pause.has_value());
    world.let_answer();
    EXPECT_FALSE(world.saved.pause.has_value());
}

// Agents are asked to fence.
class PumpAcks : public PumpTest {
  protected:
    void begin_fencing() {
        pump->deliver(failover_by_hand());
        const auto* raise = world.last<core::RaiseEpoch>();
        ASSERT_NE(raise, nullptr);
        pump->deliver(core::EpochRaised{
            .step = raise->step,
            .started = at,
            .started_wall = date_in_tests(at),
            .majority = true,
            .highest_seen = Epoch{8}
        });
        const auto* fence = world.last<core::OrderAgents>();
        ASSERT_NE(fence, nullptr);
        ASSERT_EQ(fence->type, core::OrderType::fence);
        step = fence->step;
    }

    [[nodiscard]] core::AgentAcked acked(const std::string& host) const {
        return {
            .step = step,
            .host = HostId{host},
            .type = core::OrderType::fence,
            .epoch = Epoch{8},
            .done = true
        };
    }

    core::StepId step;
};

// Acknowledgements that come at once cost one commit, however many they are.
TEST_F(PumpAcks, WhatAgentsAnswerAtOnceIsOneCommit) {
    begin_fencing();
    const std::size_t before = world.commits;
    pump->deliver(acked("e1"));
    pump->deliver(core::AgentReported{.host = HostId{"e1"}, .epoch = Epoch{7}});
    pump->deliver(acked("w1"));
    EXPECT_EQ(world.commits, before) << "a report overtakes them";
    EXPECT_EQ(world.armed, at) << "and the loop turns at once";
    pump->turn();
    EXPECT_EQ(world.commits, before + 1);
    EXPECT_TRUE(world.noted("e1 is fenced") && world.noted("w1 is fenced"));
    pump->deliver(acked("e1"));
    pump->deliver(core::AgentDisconnected{HostId{"e1"}});
    EXPECT_FALSE(world.armed == at) << "what else is said of a host comes behind its answer";
}

// The store takes time for each commit, and answers of many hosts come meanwhile: half of the time
// is left to reports.
TEST_F(PumpAcks, ManyHostsAnswersWaitAsLongAsTheLastCommitTook) {
    for (int i = 0; i < 100; ++i) {
        pump->deliver(core::AgentConnected{HostId{"h" + std::to_string(i)}, kWest, Epoch{7}});
    }
    begin_fencing();
    pump->deliver(acked("h0"));
    EXPECT_EQ(world.armed, at) << "the first one waits for nothing";
    world.late = true;
    pump->turn();
    at += 7ms;
    pump->deliver(acked("h1"));
    world.let_answer();
    EXPECT_EQ(world.armed, at + 7ms);
    at += 3ms;
    pump->deliver(acked("h2"));
    EXPECT_EQ(world.armed, at + 4ms);
    const std::size_t before = world.commits;
    at += 4ms;
    pump->turn();
    EXPECT_EQ(world.commits, before + 1);
    world.let_answer();
    EXPECT_TRUE(world.noted("h1 is fenced") && world.noted("h2 is fenced"));
}

TEST_F(PumpAcks, AFewHostsAnswersWaitForNoOther) {
    begin_fencing();
    world.late = true;
    pump->deliver(acked("w1"));
    pump->turn();
    at += 7ms;
    pump->deliver(acked("e1"));
    world.let_answer();
    EXPECT_EQ(world.armed, at);
}

// What an operator asked for is answered when it is durable, with its audit, or when it is known
// not to be.
class PumpRequests : public PumpTest {
  protected:
    void ask(const std::string& name, core::Event request) {
        ports::Commit with;
        with.changes.emplace_back(ports::RegisterNamed{name});
        with.audit.push_back({.at = {}, .who = "operator:x", .what = name, .detail = {}});
        pump->ask(std::move(request), std::move(with), [this, name](core::Reply reply) {
            EXPECT_FALSE(replies.contains(name)) << "answered twice";
            replies.emplace(name, std::move(reply));
        });
    }

    // Empty: it was taken.
    [[nodiscard]] std::string code(const std::string& name) const {
        const core::Reply& reply = replies.at(name);
        return reply ? std::string{} : reply.error().error.code;
    }

    [[nodiscard]] bool is_in_the_audit(const std::string& name) const {
        return std::ranges::find(world.audit, name, &ports::AuditRow::what) != world.audit.end();
    }

    const core::PauseRequest pause{{.until = {}, .reason = "x", .by = "operator:x"}};
    const core::ResumeRequest resume{.by = "operator:x", .reason = "y"};
    std::map<std::string, core::Reply> replies;
};

TEST_F(PumpRequests, AreAnsweredWhenTheStoreHasAnswered) {
    ask("prompt", pause);
    EXPECT_EQ(code("prompt"), "");
    EXPECT_TRUE(is_in_the_audit("prompt"));
    EXPECT_EQ(world.changes, 1U) << "in the same commit";
    world.late = true;
    ask("late", resume);
    ask("behind it", pause);
    EXPECT_FALSE(replies.contains("late"));
    world.let_answer();
    EXPECT_EQ(code("late"), "");
    EXPECT_FALSE(replies.contains("behind it"));
    world.let_answer();
    EXPECT_EQ(code("behind it"), "");
    EXPECT_TRUE(is_in_the_audit("behind it"));
}

TEST_F(PumpRequests, OneThatTheCoreRefusesOrThatChangesNothingLeavesNoTrace) {
    ask("nothing", resume);
    EXPECT_EQ(code("nothing"), "");
    EXPECT_FALSE(replies.at("nothing")->nothing.empty());
    ask("refused", core::AbortRequest{.operation = OperationId{"op-1"}, .by = "x", .reason = {}});
    EXPECT_EQ(code("refused"), "ended");
    EXPECT_FALSE(is_in_the_audit("nothing"));
    EXPECT_FALSE(is_in_the_audit("refused"));
    EXPECT_EQ(world.changes, 0U);
}

// An operator who was told that it failed does not find it done when the disk has room again.
TEST_F(PumpRequests, WhatTheStoreRefusesHasNotHappenedAndDoesNotHappenLater) {
    world.refuse(true);
    ask("full", core::testing::AppCoreTest::planned_switchover());
    EXPECT_EQ(code("full"), "store");
    EXPECT_EQ(replies.at("full").error().error.kind, ErrorKind::exhausted);
    EXPECT_FALSE(pump->core().operation_running());
    ask("still full", pause);
    EXPECT_EQ(code("still full"), "store");
    at += 1s;
    pump->turn();
    EXPECT_EQ(pump->trouble(), "the disk is full");
    world.refuse(false);
    at += 1s;
    pump->turn();
    EXPECT_TRUE(pump->trouble().empty()) << "the store is tried without another request";
    rounds(10, true);
    EXPECT_FALSE(pump->core().operation_running());
    EXPECT_FALSE(world.saved.pause.has_value());
    EXPECT_FALSE(is_in_the_audit("full"));
    EXPECT_EQ(world.changes, 0U);
    EXPECT_TRUE(world.journal.empty());
    ask("with room", core::testing::AppCoreTest::planned_switchover());
    EXPECT_EQ(code("with room"), "");
    EXPECT_TRUE(pump->core().operation_running());
    EXPECT_TRUE(world.saved.operation.has_value());
}

TEST_F(PumpRequests, AHostThatTheStoreDidNotLetGoStaysInTheRegister) {
    const core::AgentForgotten forget{.host = HostId{"e1"}, .by = "operator:x"};
    pump->deliver(core::AgentDisconnected{HostId{"e1"}});
    at += 1h;
    world.refuse(true);
    ask("forget", forget);
    EXPECT_EQ(code("forget"), "store");
    EXPECT_TRUE(pump->core().agents().contains(HostId{"e1"}));
    world.refuse(false);
    at += 1s;
    pump->turn();
    EXPECT_TRUE(pump->trouble().empty()) << "the store is tried without another request";
    ask("again", forget);
    EXPECT_EQ(code("again"), "");
    EXPECT_FALSE(pump->core().agents().contains(HostId{"e1"}));
    EXPECT_EQ(world.changes, 1U);
}

// The operation that runs while a request is refused by the store goes on with its next step.
TEST_F(PumpRequests, AnOperationThatRunsOutlivesARequestThatTheStoreRefuses) {
    ask("begin", core::testing::AppCoreTest::planned_switchover());
    ASSERT_TRUE(pump->core().operation_running());
    world.refuse(true);
    ask("abort",
        core::AbortRequest{.operation = OperationId{"op-1"}, .by = "operator:x", .reason = {}});
    EXPECT_EQ(code("abort"), "store");
    world.refuse(false);
    rounds(2, true);
    EXPECT_TRUE(pump->core().operation_running());
    EXPECT_TRUE(world.noted("the store took no records for a while"));
}

TEST_F(PumpRequests, NothingWaitsForEverWhenAnotherControllerLeads) {
    world.late = true;
    ask("under way", pause);
    ask("waits", resume);
    world.answer = {
        ports::CommitEnd::superseded, {.kind = ErrorKind::conflict, .text = "x", .code = "led"}
    };
    world.let_answer();
    EXPECT_EQ(code("under way"), "led");
    EXPECT_EQ(code("waits"), "store");
    ask("too late", pause);
    EXPECT_EQ(code("too late"), "store");
}

TEST_F(PumpRequests, WhatMayBeDurableIsSaidToBePossible) {
    world.late = true;
    ask("under way", pause);
    world.answer = {ports::CommitEnd::unknown, {.kind = ErrorKind::unavailable, .text = "x"}};
    world.let_answer();
    EXPECT_EQ(replies.at("under way").error().error.effect, Effect::possible);
}

class PumpEnds : public PumpTest, public ::testing::WithParamInterface<ports::CommitEnd> {};

INSTANTIATE_TEST_SUITE_P(
    Answers, PumpEnds, ::testing::Values(ports::CommitEnd::superseded, ports::CommitEnd::unknown)
);

// Another controller leads, or it is not known what is durable: this one is no controller any more.
TEST_P(PumpEnds, NothingIsDoneDecidedOrGrantedAfterwards) {
    world.answer = {GetParam(), {.kind = ErrorKind::conflict, .text = "another controller leads"}};
    rounds(10, false);
    EXPECT_TRUE(pump->has_ended());
    EXPECT_EQ(pump->trouble(), "another controller leads");
    EXPECT_FALSE(world.armed);
    EXPECT_EQ(pump->grant_lease(HostId{"e1"}, Epoch{7}).length, std::nullopt);
    world.answer = {};
    world.actions.clear();
    rounds(40, false);
    EXPECT_TRUE(world.actions.empty());
    EXPECT_FALSE(world.saved.operation.has_value());
}

TEST_F(PumpTest, AnAnswerAfterThePumpHasGoneIsForNoOne) {
    world.late = true;
    pump->deliver(core::PauseRequest{{.until = {}, .reason = "x", .by = "operator:x"}});
    pump.reset();
    world.let_answer();
    EXPECT_TRUE(world.saved.pause.has_value());
}

// What people are told is durable with what it is told of.
TEST_F(PumpTest, AnAnnouncementIsInTheAudit) {
    rounds(30, false);
    ASSERT_FALSE(world.announced.empty());
    ASSERT_FALSE(world.audit.empty());
    EXPECT_EQ(world.audit.front().who, "controller");
    EXPECT_EQ(world.audit.front().what, "announce");
    EXPECT_EQ(world.audit.front().detail, world.announced.front());
}

TEST_F(PumpTest, ARaiseThatHangsDoesNotTurnWithoutEnd) {
    rounds(10, false);
    ASSERT_NE(world.last<core::RaiseEpoch>(), nullptr);
    rounds(200, false);  // no answer ever comes
    EXPECT_EQ(pump->core().record().operation->doing(), "raising");
}

}  // namespace
}  // namespace farshore::runtime
