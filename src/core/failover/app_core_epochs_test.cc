#include "core/failover/app_core_test_world.h"

// There are 2^48 epochs, and agents can carry no more: what one damaged copy says uses up none, and
// the last one is never exceeded.
namespace farshore::core {
namespace {

using namespace testing;

class AppCoreEpochs : public AppCoreTest {
  protected:
    // So many of the three copies carry that epoch, which no controller has written.
    [[nodiscard]] EpochReading damaged(std::size_t copies, Epoch epoch) const {
        EpochReading all = reading(Epoch{7}, kEast);
        for (std::size_t i = 0; i < copies; ++i) {
            all.copies[i].epoch = epoch;
        }
        return all;
    }
};

TEST_F(AppCoreEpochs, OneCopyFarAheadUsesUpNothing) {
    for (const bool at_the_start : {false, true}) {
        AppCore::Start start = start_of(policy());
        start.epochs = at_the_start ? damaged(1, kEpochMax) : start.epochs;
        AppCore core{std::move(start), now()};
        settle(core);
        (void)tell(core, EpochsRead{damaged(1, kEpochMax)});
        EXPECT_TRUE(core.grant_lease(now(), HostId{"e1"}, Epoch{7}).length);
        (void)tell(core, failover_by_hand());
        ASSERT_TRUE(core.operation_running());
        EXPECT_EQ(core.record().operation->plan.epoch_after, Epoch{8});
    }
}

TEST_F(AppCoreEpochs, ACopyThatIsLittleAheadMayBeOfALostRaiseAndIsPassed) {
    AppCore core = make(policy());
    settle(core);
    (void)tell(core, EpochsRead{damaged(1, Epoch{12})});
    (void)tell(core, failover_by_hand());
    ASSERT_TRUE(core.operation_running());
    EXPECT_EQ(core.record().operation->plan.epoch_after, Epoch{13});
}

TEST_F(AppCoreEpochs, WhatARaiseFoundUsesUpNoMoreThanAHostsWord) {
    AppCore core = make(policy());
    settle(core);
    (void)tell(
        core, EpochRaised{.step = {OperationId{"op-0"}, 1}, .highest_seen = kEpochMax, .detail = ""}
    );
    (void)tell(core, failover_by_hand());
    ASSERT_TRUE(core.operation_running());
    EXPECT_EQ(core.record().operation->plan.epoch_after, Epoch{7 + kAheadMax + 1});
}

TEST_F(AppCoreEpochs, TheLastEpochIsExceededByNoPlan) {
    AppCore core = make(policy());
    settle(core);
    (void)tell(core, EpochsRead{damaged(2, kEpochMax)});
    EXPECT_FALSE(passes(core.preview(now(), failover_by_hand()), Guard::epochs_left));
    EXPECT_FALSE(passes(core.preview_automatic(now()), Guard::epochs_left));
    (void)tell(core, failover_by_hand());
    EXPECT_FALSE(core.operation_running());
    fail_east(core);
    EXPECT_FALSE(core.operation_running());
}

}  // namespace
}  // namespace farshore::core
