#include "lab/faults/target_health.h"

#include <gtest/gtest.h>

namespace farshore::lab {
namespace {

using Targets = std::vector<std::size_t>;

TEST(TargetHealth, StartsAtTheDrawnTarget) {
    const TargetHealth health{3, 2};
    EXPECT_EQ(health.order(0), (Targets{0, 1, 2}));
    EXPECT_EQ(health.order(1), (Targets{1, 2, 0}));
    EXPECT_EQ(health.order(5), (Targets{2, 0, 1}));
}

TEST(TargetHealth, TwoFailuresOutOneSuccessIn) {
    TargetHealth health{2, 2};
    health.heard(0, false);
    EXPECT_TRUE(health.healthy(0));
    health.heard(0, true);
    health.heard(0, false);
    EXPECT_TRUE(health.healthy(0)) << "not in a row";
    health.heard(0, false);
    EXPECT_FALSE(health.healthy(0));
    EXPECT_EQ(health.order(0), Targets{1});
    health.heard(0, true);
    EXPECT_TRUE(health.healthy(0));
}

TEST(TargetHealth, WhenNobodyIsHealthyEverybodyIsTried) {
    TargetHealth health{2, 1};
    health.heard(0, false);
    health.heard(1, false);
    EXPECT_EQ(health.order(0).size(), 2U);
    const TargetHealth nobody{0, 1};
    EXPECT_TRUE(nobody.order(0).empty());
}

}  // namespace
}  // namespace farshore::lab
