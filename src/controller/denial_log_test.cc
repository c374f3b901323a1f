#include "controller/denial_log.h"

#include <gtest/gtest.h>

namespace farshore::controller {
namespace {

using namespace std::chrono_literals;

constexpr Instant kStart{1000s};

TEST(DenialLog, TheFirstOfACallerIsWrittenDownAndThenOneAMinuteWithTheirNumber) {
    DenialLog log;
    EXPECT_EQ(log.note("127.0.0.1 nobody", kStart), 1U);
    for (int i = 1; i < 60; ++i) {
        EXPECT_EQ(log.note("127.0.0.1 nobody", kStart + i * 1s), std::nullopt) << i;
    }
    EXPECT_EQ(log.note("127.0.0.2 nobody", kStart + 30s), 1U) << "another caller";
    EXPECT_EQ(log.note("127.0.0.1 nobody", kStart + 60s), 60U);
    EXPECT_EQ(log.note("127.0.0.1 nobody", kStart + 61s), std::nullopt);
}

TEST(DenialLog, ManyCallersCannotFillTheAudit) {
    DenialLog log;
    std::size_t rows = 0;
    for (int i = 0; i < 10'000; ++i) {
        rows += log.note("caller " + std::to_string(i), kStart).has_value() ? 1U : 0U;
    }
    EXPECT_EQ(rows, 256U);
    EXPECT_EQ(log.note("one more", kStart + 60s), 1U) << "those of a minute ago are forgotten";
}

}  // namespace
}  // namespace farshore::controller
