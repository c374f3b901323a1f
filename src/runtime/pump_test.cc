#include "runtime/pump.h"

#include <functional>
#include <utility>
#include <variant>

#include <gtest/gtest.h>

#include "base/test_date.h"
#include "core/failover/app_core_test_world.h"

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
                    public ports::Notifier,
                    public ports::Timer {
  public:
    explicit World(const Instant& at) : at_(at) {}

    [[nodiscard]] Instant now() const override { return at_; }

    [[nodiscard]] UtcTime wall() const override { return date_in_tests(at_); }

    void commit(ports::Commit commit, ports::Ticket ticket) override {
        ASSERT_FALSE(pending) << "one at a time";
        pending = [this, commit = std::move(commit), ticket = std::move(ticket)] {
            if (answer.end == ports::CommitEnd::committed) {
                saved = *commit.state;
                journal.insert(journal.end(), commit.journal.begin(), commit.journal.end());
                audit.insert(audit.end(), commit.audit.begin(), commit.audit.end());
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
    PumpTest() : world(at) {
        core::AppCore core = make(policy());
        pump.emplace(
            std::move(core),
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
                .notifier = world,
                .timer = world
            }
        );
        pump->start();
        pump->deliver(core::AgentConnected{HostId{"e1"}, kEast, Epoch{7}});
        pump->deliver(core::AgentConnected{HostId{"w1"}, kWest, Epoch{7}});
        rounds(10, true);
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

// What an operator asked for is answered when it is durable, or when it is known not to be.
TEST_F(PumpTest, ARequestIsSettledWhenTheStoreHasAnswered) {
    const core::PauseRequest pause{{.until = {}, .reason = "x", .by = "operator:x"}};
    std::vector<std::string> settled;
    const auto note = [&settled](const char* which) {
        return [&settled, which] {
            settled.emplace_back(which);
        };
    };
    pump->deliver(pause, note("prompt"));
    EXPECT_EQ(settled, std::vector<std::string>{"prompt"});
    world.late = true;
    pump->deliver(pause, note("late"));
    pump->deliver(pause, note("behind it"));
    EXPECT_EQ(settled.size(), 1U);
    world.let_answer();
    EXPECT_EQ(settled.back(), "late");
    world.answer = {ports::CommitEnd::superseded, {.kind = ErrorKind::conflict, .text = "x"}};
    pump->deliver(pause, note("waits"));
    world.let_answer();
    pump->deliver(pause, note("too late"));
    EXPECT_EQ(settled.size(), 5U) << "nothing waits for ever";
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
