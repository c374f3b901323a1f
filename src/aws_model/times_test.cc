#include "aws_model/times.h"

#include <gtest/gtest.h>

namespace farshore::aws_model {
namespace {

TEST(AwsModelTimes, AreReadInEachForm) {
    constexpr double kTime = 1'795'439'109;
    for (const std::string_view text :
         {"1795439109",
          "2026-11-23T13:05:09Z",
          "2026-11-23T14:05:09+01:00",
          "2026-11-23T13:05:09.000Z",
          "Mon, 23 Nov 2026 13:05:09 GMT"}) {
        EXPECT_EQ(time_from(text), kTime) << text;
    }
    EXPECT_EQ(time_from("2026-11-23T13:05:09.125Z"), kTime + 0.125);
    for (const std::string_view text :
         {"",
          "now",
          "2026-11-23",
          "2026-13-23T13:05:09Z",
          "2026-11-23T13:05:09",
          "Mon, 23 Nov 2026",
          "2026-11-23T13:05:09.Z",
          "2026-11-23T13:05:09+"}) {
        EXPECT_EQ(time_from(text), std::nullopt) << text;
    }
}

TEST(AwsModelTimes, AreWrittenInEachForm) {
    constexpr double kTime = 1'795'439'109;
    EXPECT_EQ(time_text(kTime, TimeForm::unix_seconds), "1795439109");
    EXPECT_EQ(time_text(kTime, TimeForm::iso8601), "2026-11-23T13:05:09Z");
    EXPECT_EQ(time_text(kTime + 0.25, TimeForm::iso8601), "2026-11-23T13:05:09.250Z");
    EXPECT_EQ(time_text(kTime, TimeForm::http_date), "Mon, 23 Nov 2026 13:05:09 GMT");
}

}  // namespace
}  // namespace farshore::aws_model
