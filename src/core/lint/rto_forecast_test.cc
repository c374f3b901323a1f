#include "core/lint/rto_forecast.h"

#include <gtest/gtest.h>

namespace farshore::core {
namespace {

using namespace std::chrono_literals;

RtoInput usual() {
    return {
        .probe_every = 500ms,
        .probe_timeout = 1s,
        .unhealthy_for = 1500ms,
        .lease = 3s,
        .clock_error = 200ms,
        .check = 30s,
        .ttl = 60s
    };
}

TEST(RtoForecast, AddsUpWhatStandsOnTheWay) {
    const RtoForecast forecast = forecast_rto(usual());
    EXPECT_EQ(
        in_words(forecast.repoint),
        "3s detection + 3.2s fence + 300ms look at keys at risk + 1s repoint"
    );
    EXPECT_EQ(forecast.repointed(), 7500ms);
    EXPECT_EQ(in_words(forecast.shift), "30s health check + 1m TTL");
    EXPECT_EQ(forecast.shifted(), 97500ms);
}

TEST(RtoForecast, DeclaredStepsCountAndUsersWhoAreNotMovedDoNot) {
    RtoInput input = usual();
    input.steps_before = 20s;
    input.check.reset();
    const RtoForecast forecast = forecast_rto(input);
    EXPECT_EQ(forecast.repointed(), 27500ms);
    EXPECT_TRUE(forecast.shift.empty());
    EXPECT_EQ(forecast.shifted(), forecast.repointed());
}

}  // namespace
}  // namespace farshore::core
