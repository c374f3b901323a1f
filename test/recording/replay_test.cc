#include "core/recording/replay.h"

#include <algorithm>

#include <gtest/gtest.h>

#include "core/recording/other_policy.h"

#include "recording/taped_story.h"

namespace farshore::core {
namespace {

using namespace testing;

bool says(const Decided& decided, std::string_view words) {
    return std::ranges::find(decided.said, words) != decided.said.end();
}

class ReplayTest : public TapedStory {
  protected:
    // What the other policy makes of the tape.
    [[nodiscard]] std::vector<Incident> under(Policy policy, Hysteresis hysteresis = {}) const {
        OtherPolicy other({.policy = std::move(policy), .hysteresis = hysteresis});
        Comparison comparison(opening);
        other.open(opening);
        for (const Recorded& recorded : tape) {
            (void)comparison.tell(recorded);
            other.tell(recorded, comparison.core());
        }
        other.end();
        return other.incidents();
    }

    // The outage goes on after the failover.
    void go_on_failing(AppCore& core, int rounds) {
        for (int i = 0; i < rounds; ++i) {
            (void)round(core, false, 3);
        }
    }
};

TEST_F(ReplayTest, TheSameInputsLeadToTheSameDecisions) {
    AppCore core = start(start_of(policy()));
    fail_over(core);
    const Comparison replayed = compare();
    EXPECT_FALSE(replayed.difference());
    EXPECT_EQ(replayed.judged(), tape.size());
    EXPECT_EQ(replayed.core().record().active, kWest);
    EXPECT_EQ(replayed.core().record().operation->plan.id, core.record().operation->plan.id);
}

TEST_F(ReplayTest, EvidenceThatWasNotRecordedIsFoundOut) {
    AppCore core = start(start_of(policy()));
    fail_over(core);
    std::erase_if(tape, [](const Recorded& recorded) {
        const auto* event = std::get_if<Event>(&recorded.input);
        const auto* seen = event != nullptr ? std::get_if<Observation>(event) : nullptr;
        return seen != nullptr && seen->path == Path::passive && seen->failed > 0;
    });
    const Comparison replayed = compare();
    ASSERT_TRUE(replayed.difference());
    EXPECT_EQ(replayed.difference()->now.at, failed_over_at);
    EXPECT_TRUE(replayed.difference()->replayed.said.empty());
}

TEST_F(ReplayTest, ADecisionThatIsNotTheRecordedOneIsToldWithBoth) {
    AppCore core = start(start_of(policy()));
    fail_over(core);
    const auto raise = std::ranges::find_if(tape, [](const Recorded& recorded) {
        return says(recorded.decided, "raise epoch 8 in eu-west-1");
    });
    ASSERT_NE(raise, tape.end());
    std::ranges::replace(
        raise->decided.said,
        std::string{"raise epoch 8 in eu-west-1"},
        std::string{"raise epoch 9 in eu-west-1"}
    );
    const Comparison replayed = compare();
    ASSERT_TRUE(replayed.difference());
    EXPECT_TRUE(says(replayed.difference()->recorded, "raise epoch 9 in eu-west-1"));
    EXPECT_TRUE(says(replayed.difference()->replayed, "raise epoch 8 in eu-west-1"));
}

TEST_F(ReplayTest, ALeaseOfAnotherLengthIsADifference) {
    AppCore core = start(start_of(policy()));
    settle(core);
    const AppCore::LeaseAnswer lease = core.grant_lease(now(), HostId{"e1"}, Epoch{7});
    ASSERT_TRUE(lease.length);
    tape.push_back(
        {.now = now(), .input = LeaseGranted{HostId{"e1"}, Epoch{7}, *lease.length}, .decided = {}}
    );
    EXPECT_FALSE(compare().difference());
    tape.back().input = LeaseGranted{HostId{"e1"}, Epoch{7}, *lease.length + 1ns};
    EXPECT_TRUE(compare().difference());
}

TEST_F(ReplayTest, ARequestThatTheStoreRefusedHasNotHappenedInTheReplayEither) {
    AppCore core = start(start_of(policy()));
    settle(core);
    AppCore::Before before = core.before();
    (void)switch_over(core);
    ASSERT_TRUE(core.operation_running());
    core.withdraw(std::move(before));
    tape.push_back({.now = now(), .input = Withdrawn{}, .decided = {}});
    at += 500ms;
    Effects effects = core.resume(now(), "the store took no records for a while");
    tape.push_back(
        {.now = now(),
         .input = Resumed{"the store took no records for a while"},
         .decided = deciding.after(now(), core, effects)}
    );
    (void)round(core, true, 0);
    const Comparison replayed = compare();
    EXPECT_FALSE(replayed.difference());
    EXPECT_FALSE(replayed.core().operation_running());
}

TEST_F(ReplayTest, ARecordingThatGoesOnInAnotherFileNeedsNoOtherOne) {
    AppCore core = start(start_of(policy()));
    settle(core);
    (void)tell(core, report_of("e1"));
    (void)tell(core, report_of("w1"));
    go_on_in_another_file(core);
    for (int i = 0; i < 40; ++i) {
        (void)round(core, true, 0);
        (void)tell(core, report_of("e1"));
        (void)tell(core, report_of("w1"));
    }
    fail_east(core);
    ASSERT_TRUE(core.operation_running());
    (void)tell(core, raised(core));
    promote(core);
    const Comparison replayed = compare();
    EXPECT_FALSE(replayed.difference());
    EXPECT_GT(replayed.judged(), 0U);
    EXPECT_LT(replayed.judged(), tape.size()) << "evidence had to form first";
    EXPECT_EQ(replayed.core().record().active, kWest);
}

TEST_F(ReplayTest, ThePolicyThatWasInForceWouldHaveDoneTheSameAtTheSameMoment) {
    AppCore core = start(start_of(policy()));
    fail_over(core);
    const std::vector<Incident> incidents = under(policy());
    ASSERT_EQ(incidents.size(), 1U);
    EXPECT_EQ(incidents[0].from, kEast);
    EXPECT_EQ(incidents[0].later(), Duration::zero());
    EXPECT_TRUE(incidents[0].refused.empty());
}

TEST_F(ReplayTest, AMorePatientPolicyBeginsLaterByWhatItWaits) {
    AppCore core = start(start_of(policy()));
    fail_over(core);
    go_on_failing(core, 20);
    Hysteresis patient;
    patient.unhealthy_for += 4s;
    const std::vector<Incident> incidents = under(policy(), patient);
    ASSERT_EQ(incidents.size(), 1U);
    ASSERT_TRUE(incidents[0].later());
    EXPECT_GE(*incidents[0].later(), 3500ms);
    EXPECT_LE(*incidents[0].later(), 4500ms);
    ASSERT_FALSE(incidents[0].refused.empty());
    EXPECT_EQ(incidents[0].refused[0].guard, Guard::quorum);
}

TEST_F(ReplayTest, APolicyThatWaitsLongerThanTheOutageBeginsNothing) {
    AppCore core = start(start_of(policy()));
    fail_over(core);
    go_on_failing(core, 4);
    Hysteresis lazy;
    lazy.unhealthy_for = 1min;
    const std::vector<Incident> incidents = under(policy(), lazy);
    ASSERT_EQ(incidents.size(), 1U);
    EXPECT_TRUE(incidents[0].recorded);
    EXPECT_FALSE(incidents[0].other);
    EXPECT_FALSE(incidents[0].refused.empty());
}

TEST_F(ReplayTest, AnObserverThatWasNotAllowedToActIsToldWhatItWouldHaveDone) {
    Policy watching = policy();
    watching.mode = Mode::observe;
    AppCore core = start(start_of(watching));
    settle(core);
    for (int i = 0; i < 10; ++i) {
        (void)round(core, false, 3);
    }
    ASSERT_FALSE(core.operation_running());
    EXPECT_FALSE(compare().difference());
    const std::vector<Incident> incidents = under(policy());
    ASSERT_EQ(incidents.size(), 1U);
    EXPECT_FALSE(incidents[0].recorded);
    ASSERT_TRUE(incidents[0].other);
    EXPECT_EQ(incidents[0].other->to, kWest);
    ASSERT_EQ(incidents[0].refused.size(), 1U);
    EXPECT_EQ(incidents[0].refused[0].guard, Guard::mode);
}

TEST_F(ReplayTest, WithoutAnOutageNoPolicyBeginsAnything) {
    AppCore core = start(start_of(policy()));
    settle(core);
    Hysteresis eager;
    eager.unhealthy_for = 100ms;
    eager.failures_min = 1;
    EXPECT_TRUE(under(policy(), eager).empty());
}

}  // namespace
}  // namespace farshore::core
