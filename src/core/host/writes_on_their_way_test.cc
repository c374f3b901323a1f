#include "core/host/writes_on_their_way.h"

#include <chrono>
#include <string>

#include <gtest/gtest.h>

namespace farshore::core {
namespace {

constexpr Instant kStart{std::chrono::hours{1}};

Instant in(std::int64_t ticks) {
    return kStart + Duration{ticks};
}

TEST(WritesOnTheirWay, ArePermittedAsLongAsTheirOwnEpochIsRenewed) {
    WritesOnTheirWay writes;
    WritesPermitted permitted{.epoch = Epoch{1}, .until = in(100)};
    EXPECT_EQ(writes.next_end(permitted), Instant::max());
    writes.sent(Epoch{1}, permitted.until);
    permitted.until = in(200);
    EXPECT_EQ(writes.next_end(permitted), in(200));
    permitted = {.epoch = Epoch{2}, .until = in(900)};
    writes.sent(Epoch{2}, permitted.until);
    EXPECT_EQ(writes.next_end(permitted), in(200));
    EXPECT_EQ(writes.permitted_until(Epoch{2}, permitted), in(900));
    EXPECT_EQ(writes.below(Epoch{2}), 1U);
    EXPECT_EQ(writes.below(kEveryEpoch), 2U);
    writes.left(Epoch{1});
    EXPECT_EQ(writes.next_end(permitted), in(900));
    EXPECT_EQ(writes.below(Epoch{2}), 0U);
}

TEST(WritesOnTheirWay, EndEarlierWhenTheirPermissionIsTakenAway) {
    WritesOnTheirWay writes;
    writes.sent(Epoch{1}, in(100));
    EXPECT_EQ(writes.next_end({.epoch = Epoch{1}, .until = in(30)}), in(30));
}

using Waits = QuietWaits<std::string>;

TEST(QuietWaits, AreSettledWhenNoOlderWriteIsLeft) {
    WritesOnTheirWay writes;
    writes.sent(Epoch{1}, in(100));
    writes.sent(Epoch{2}, in(100));
    Waits waits;
    waits.add({.below = Epoch{2}, .deadline = in(50), .cut = true}, "fence");
    waits.add({.deadline = in(60)}, "hold");
    EXPECT_TRUE(waits.settle(writes, {}).empty());
    EXPECT_EQ(waits.next_deadline(), in(50));
    writes.left(Epoch{1});
    const auto settled = waits.settle(writes, {});
    ASSERT_EQ(settled.size(), 1U);
    EXPECT_EQ(settled[0].first, "fence");
    EXPECT_EQ(settled[0].second.left, 0U);
    EXPECT_EQ(waits.next_deadline(), in(60));
}

// INV-S1.
TEST(QuietWaits, OneThatHasWritesCutIsNotSettledByItsDeadline) {
    WritesOnTheirWay writes;
    writes.sent(Epoch{1}, in(100));
    Waits waits;
    waits.add({.below = Epoch{2}, .deadline = in(50), .cut = true}, "fence");
    EXPECT_EQ(waits.cut_below(in(49)), Epoch{});
    EXPECT_EQ(waits.cut_below(in(50)), Epoch{2});
    EXPECT_TRUE(waits.settle(writes, in(50)).empty());
    waits.cuts(Epoch{1});
    writes.left(Epoch{1});
    const auto settled = waits.settle(writes, {});
    ASSERT_EQ(settled.size(), 1U);
    EXPECT_EQ(settled[0].second.cut, 1U);
    EXPECT_TRUE(waits.empty());
}

TEST(QuietWaits, OneThatLetsWritesGoOnTellsHowManyAreLeft) {
    WritesOnTheirWay writes;
    writes.sent(Epoch{3}, in(100));
    Waits waits;
    waits.add({.deadline = in(50)}, "hold");
    EXPECT_TRUE(waits.settle(writes, in(49)).empty());
    EXPECT_EQ(waits.cut_below(in(50)), Epoch{}) << "a hold cuts nothing";
    const auto settled = waits.settle(writes, in(50));
    ASSERT_EQ(settled.size(), 1U);
    EXPECT_EQ(settled[0].second.left, 1U);
}

TEST(QuietWaits, CountWhatIsCutOfTheirOwnEpochsAlone) {
    WritesOnTheirWay writes;
    Waits waits;
    writes.sent(Epoch{2}, in(100));
    waits.add({.below = Epoch{2}, .deadline = in(50), .cut = true}, "older");
    waits.add({.below = Epoch{3}, .deadline = in(50), .cut = true}, "newer");
    waits.cuts(Epoch{2});
    writes.left(Epoch{2});
    const auto settled = waits.settle(writes, {});
    ASSERT_EQ(settled.size(), 2U);
    EXPECT_EQ(settled[0].second.cut, 0U);
    EXPECT_EQ(settled[1].second.cut, 1U);
}

}  // namespace
}  // namespace farshore::core
