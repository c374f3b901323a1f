#include "core/failover/fence_proof.h"

#include <gtest/gtest.h>

namespace farshore::core {
namespace {

using namespace std::chrono_literals;

FenceSituation situation(OnControllerLoss rule) {
    return {
        .new_epoch = Epoch{8},
        .on_controller_loss = rule,
        .raised_at = Instant{100s},
        .lease = 3s,
        .clock_error = 200ms,
        .accept_unfenced = false,
        .strangers_until = {},
        .agents =
            {{.host = HostId{"a"}, .fence_acknowledged = true, .granted_until = {}},
             {.host = HostId{"b"}, .fence_acknowledged = false, .granted_until = Instant{101s}}}
    };
}

TEST(FenceProof, NothingIsProvenBeforeTheRecordsAreRaised) {
    FenceSituation early = situation(OnControllerLoss::verify);
    early.raised_at.reset();
    for (AgentStanding& agent : early.agents) {
        agent.fence_acknowledged = true;
    }
    EXPECT_FALSE(prove_fenced(early, Instant{1000s}).has_value());
}

TEST(FenceProof, SilenceProvesOnlyWhenAReadBegunBeforeTheRaiseHasRunOut) {
    const auto open = prove_fenced(situation(OnControllerLoss::verify), Instant{103s + 200ms});
    ASSERT_FALSE(open.has_value());
    EXPECT_EQ(open.error().missing, std::vector{HostId{"b"}});
    EXPECT_EQ(open.error().certain_at, Instant{103s + 200ms});
    const auto proof = prove_fenced(situation(OnControllerLoss::verify), Instant{103s + 201ms});
    ASSERT_TRUE(proof.has_value());
    EXPECT_EQ(proof->epoch(), Epoch{8});
}

TEST(FenceProof, ALaterGrantCountsLonger) {
    FenceSituation late = situation(OnControllerLoss::verify);
    late.agents[1].granted_until = Instant{104s};
    EXPECT_EQ(prove_fenced(late, Instant{103s + 500ms}).error().certain_at, Instant{104s + 200ms});
}

TEST(FenceProof, WithKeepOnlyAnAcknowledgementOrAPersonCounts) {
    FenceSituation keep = situation(OnControllerLoss::keep);
    const auto open = prove_fenced(keep, Instant{10'000s});
    ASSERT_FALSE(open.has_value());
    EXPECT_FALSE(open.error().certain_at.has_value());
    keep.accept_unfenced = true;
    const auto accepted = prove_fenced(keep, Instant{10'000s});
    ASSERT_TRUE(accepted.has_value());
    EXPECT_EQ(accepted->unfenced(), std::vector{HostId{"b"}});
}

// Another controller, blind to the raise, may have granted longer than this one.
TEST(FenceProof, WithFenceTheLeasesOfEveryControllerCount) {
    const auto open = prove_fenced(situation(OnControllerLoss::fence), Instant{103s});
    ASSERT_FALSE(open.has_value());
    EXPECT_EQ(open.error().certain_at, Instant{103s + 200ms});
    EXPECT_TRUE(prove_fenced(situation(OnControllerLoss::fence), Instant{103s + 201ms}).has_value()
    );
    FenceSituation late = situation(OnControllerLoss::fence);
    late.agents[1].granted_until = Instant{104s};
    EXPECT_EQ(prove_fenced(late, Instant{103s + 500ms}).error().certain_at, Instant{104s + 200ms});
}

TEST(FenceProof, HostsThatALostRegisterDoesNotNameAreWaitedFor) {
    FenceSituation lost = situation(OnControllerLoss::verify);
    lost.agents[1].fence_acknowledged = true;
    EXPECT_TRUE(prove_fenced(lost, Instant{100s + 1ms}).has_value());
    lost.strangers_until = Instant{102s};
    const auto open = prove_fenced(lost, Instant{102s + 200ms});
    ASSERT_FALSE(open.has_value());
    EXPECT_TRUE(open.error().strangers);
    EXPECT_EQ(open.error().certain_at, Instant{102s + 200ms});
    EXPECT_TRUE(prove_fenced(lost, Instant{102s + 201ms}).has_value());
}

TEST(FenceProof, WithKeepHostsThatNobodyKnowsWriteForEver) {
    FenceSituation lost = situation(OnControllerLoss::keep);
    lost.agents[1].fence_acknowledged = true;
    lost.strangers_until = Instant{102s};
    const auto open = prove_fenced(lost, Instant{10'000s});
    ASSERT_FALSE(open.has_value());
    EXPECT_FALSE(open.error().certain_at.has_value());
    lost.accept_unfenced = true;
    const auto accepted = prove_fenced(lost, Instant{10'000s});
    ASSERT_TRUE(accepted.has_value());
    EXPECT_TRUE(accepted->strangers_accepted());
    EXPECT_TRUE(accepted->unfenced().empty());
}

}  // namespace
}  // namespace farshore::core
