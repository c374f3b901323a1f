#include "core/host/parking.h"

#include <gtest/gtest.h>

namespace farshore::core {
namespace {

using namespace std::chrono_literals;

constexpr ParkingBounds kBounds{.most = {.writes = 2, .bytes = 100}, .refuse_after = 10s};

TEST(Parking, WritesWaitUpToTheBoundsOfTheirNumberAndTheirBytes) {
    EXPECT_EQ(judge_parking(kBounds, {.writes = 2, .bytes = 100}, 1s), Parking::waits);
    EXPECT_EQ(judge_parking(kBounds, {.writes = 3, .bytes = 100}, 1s), Parking::overloaded);
    EXPECT_EQ(judge_parking(kBounds, {.writes = 1, .bytes = 101}, 1s), Parking::overloaded);
}

TEST(Parking, WhereNothingIsPermittedForLongAWriteIsRefusedAtOnce) {
    EXPECT_EQ(judge_parking(kBounds, {.writes = 1, .bytes = 1}, 10s - 1ns), Parking::waits);
    EXPECT_EQ(judge_parking(kBounds, {.writes = 1, .bytes = 1}, 10s), Parking::refused);
    EXPECT_EQ(judge_parking(kBounds, {.writes = 3, .bytes = 1}, 10s), Parking::refused)
        << "it is told the reason that it can do nothing about";
}

}  // namespace
}  // namespace farshore::core
