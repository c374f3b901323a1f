#include "cli/demo_stage.h"

#include <gtest/gtest.h>

#include "adapters/system/system_clock.h"

namespace farshore::cli {
namespace {

TEST(Stage, PrintsWhatItHeldInTheOrderInWhichItHappened) {
    const system::SystemClock clock;
    Stage stage{clock};
    testing::internal::CaptureStdout();
    stage.hold();
    stage.say_at(utc_from_ms(3000), "vote", "second");
    stage.say_at(utc_from_ms(2000), "step", "first");
    stage.say_at(utc_from_ms(3000), "step", "third");
    EXPECT_EQ(testing::internal::GetCapturedStdout(), "");
    testing::internal::CaptureStdout();
    stage.release();
    stage.say_at(utc_from_ms(1000), "late", "told at once");
    const std::string printed = testing::internal::GetCapturedStdout();
    EXPECT_LT(printed.find("first"), printed.find("second")) << printed;
    EXPECT_LT(printed.find("second"), printed.find("third")) << printed;
    EXPECT_LT(printed.find("third"), printed.find("told at once")) << printed;
    EXPECT_EQ(stage.marks().size(), 4U);
}

}  // namespace
}  // namespace farshore::cli
