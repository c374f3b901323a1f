#include "core/lint/quotas.h"

#include <gtest/gtest.h>

namespace farshore::core {
namespace {

const RegionId kEast{"us-east-1"};
const RegionId kWest{"eu-west-1"};

TEST(Quotas, ALowerOneIsToldWithBothValues) {
    const auto findings = quotas_apart({
        {.region = kEast, .quotas = {{"L-1", "Tables", 2500}, {"L-2", "Writes", 80000}}},
        {.region = kWest, .quotas = {{"L-1", "Tables", 2500}, {"L-2", "Writes", 40000}}},
    });
    ASSERT_EQ(findings.size(), 1U);
    EXPECT_EQ(findings[0].region, kWest);
    EXPECT_EQ(findings[0].text, "Writes (L-2) is 40000 in eu-west-1 and 80000 in us-east-1");
}

TEST(Quotas, OneThatARegionDoesNotNameSaysNothing) {
    EXPECT_TRUE(quotas_apart({
                                 {.region = kEast, .quotas = {{"L-1", "Tables", 2500}}},
                                 {.region = kWest, .quotas = {}},
                             })
                    .empty());
}

TEST(Quotas, EachRegionMayBeTheOneThatMayDoLess) {
    const auto findings = quotas_apart({
        {.region = kEast, .quotas = {{"L-1", "Tables", 1}, {"L-2", "Writes", 2}}},
        {.region = kWest, .quotas = {{"L-1", "Tables", 2}, {"L-2", "Writes", 1}}},
    });
    ASSERT_EQ(findings.size(), 2U);
    EXPECT_EQ(findings[0].region, kEast);
    EXPECT_EQ(findings[1].region, kWest);
}

}  // namespace
}  // namespace farshore::core
