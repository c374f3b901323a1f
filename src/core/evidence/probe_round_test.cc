#include "core/evidence/probe_round.h"

#include <gtest/gtest.h>

namespace farshore::core {
namespace {

using namespace std::chrono_literals;

constexpr Instant kStart{1h};

TEST(ProbeRound, ProbesGoOutEachTurnAndTheFirstAtOnce) {
    ProbeRound probes({.every = 500ms});
    EXPECT_TRUE(probes.begin(kStart));
    probes.end();
    EXPECT_EQ(probes.next_deadline(), kStart + 500ms);
    EXPECT_FALSE(probes.begin(kStart + 499ms));
    EXPECT_TRUE(probes.begin(kStart + 500ms));
}

TEST(ProbeRound, OneThatHangsDelaysNoOtherUpToTheBound) {
    ProbeRound probes({.every = 500ms, .under_way_max = 2});
    EXPECT_TRUE(probes.begin(kStart));
    EXPECT_TRUE(probes.begin(kStart + 500ms));
    EXPECT_FALSE(probes.begin(kStart + 1s)) << "two hang";
    EXPECT_EQ(probes.next_deadline(), kStart + 1500ms) << "that turn is left out, not made up for";
    probes.end();
    EXPECT_FALSE(probes.begin(kStart + 1100ms));
    EXPECT_TRUE(probes.begin(kStart + 1500ms));
}

}  // namespace
}  // namespace farshore::core
