#include "core/failover/app_core_test_world.h"

// Two controllers, each with a store of its own: the one grants leases to hosts that the other has
// never heard of. Whose grants count, and for how long a fence waits for the other one's, follows
// from whose register the epoch items name.
namespace farshore::core {
namespace {

using namespace testing;

class AppCoreRegister : public AppCoreTest {
  protected:
    AppCore make_named(const std::string& in_the_items) {
        AppCore::Start start = start_of(policy());
        start.register_id = "ours";
        start.epochs = named(in_the_items, 3);
        return AppCore{std::move(start), now()};
    }

    // So many of the three copies name that register, the others name ours.
    [[nodiscard]] EpochReading named(const std::string& name, std::size_t copies) const {
        EpochReading all = reading(Epoch{7}, kEast);
        for (std::size_t i = 0; i < all.copies.size(); ++i) {
            all.copies[i].register_id = i < copies ? name : "ours";
        }
        return all;
    }

    // A quiet second, in which the items are read.
    void second_with(AppCore& core, const std::string& name, std::size_t copies) {
        (void)round(core, true, 0);
        (void)tell(core, EpochsRead{named(name, copies)});
    }

    // As soon as a failover is allowed.
    void settle_quickly(AppCore& core) {
        connect(core);
        for (int i = 0; i < 3; ++i) {
            (void)round(core, true, 0);
        }
    }

    // How long the fence of a failover lasts when each known host acknowledges it at once.
    Duration fence_lasts(AppCore& core, bool replaces_another = false) {
        (void)tell(core, failover_by_hand());
        EXPECT_TRUE(core.operation_running());
        EpochRaised done = raised(core);
        done.other_register = replaces_another;
        (void)tell(core, done);
        const Instant began = at;
        all_ack(core, OrderType::fence);
        wait_for_the_fence(core, began + 20s);
        return at - began;
    }

    [[nodiscard]] bool grants(AppCore& core) {
        return core.grant_lease(now(), HostId{"e1"}, Epoch{7}).length.has_value();
    }
};

TEST_F(AppCoreRegister, WhileItIsTheOneOfTheItemsAFenceWaitsForNobodyElse) {
    AppCore core = make_named("ours");
    settle(core);
    second_with(core, "ours", 3);
    EXPECT_TRUE(grants(core));
    EXPECT_FALSE(core.record().register_lost_at);
    EXPECT_LT(fence_lasts(core), 200ms);
}

TEST_F(AppCoreRegister, AControllerWhoseRegisterTheItemsDoNotNameGrantsNothing) {
    AppCore core = make_named("theirs");
    settle(core);
    EXPECT_FALSE(grants(core));
    second_with(core, "theirs", 2);
    EXPECT_FALSE(grants(core));
    second_with(core, "theirs", 1);
    EXPECT_TRUE(grants(core)) << "a majority names ours";
}

TEST_F(AppCoreRegister, AFenceWaitsForTheLeasesOfAControllerWhoseRegisterTheItemsNamed) {
    AppCore core = make_named("theirs");
    settle(core);
    second_with(core, "theirs", 3);
    EXPECT_GE(fence_lasts(core), 3s) << "one lease from the raise";
}

TEST_F(AppCoreRegister, OneLeaseAfterTheItemsNameOursAloneTheOthersLeasesAreOver) {
    AppCore core = make_named("theirs");
    settle(core);
    second_with(core, "theirs", 1);
    second_with(core, "ours", 3);
    ASSERT_TRUE(core.record().register_lost_at);
    EXPECT_EQ(*core.record().register_lost_at, now().wall);
    AppCore::Start start = start_of(policy());
    start.register_id = "ours";
    start.record = core.record();
    start.epochs = named("ours", 3);
    AppCore restarted{std::move(start), now()};
    settle_quickly(restarted);
    const Instant lost = at;
    EXPECT_GT(fence_lasts(restarted), Duration::zero()) << "also after a restart";
    EXPECT_LE(at, lost + 4s);
    for (int i = 0; i < 10; ++i) {
        second_with(core, "ours", 3);
    }
    EXPECT_LT(fence_lasts(core), 200ms);
}

// Its fence would wait for those hosts, and refuse what is held.
TEST_F(AppCoreRegister, APlannedChangeHoldsNoWritesWhileAnothersLeasesLast) {
    AppCore core = make_named("theirs");
    settle(core);
    second_with(core, "theirs", 1);
    second_with(core, "ours", 3);
    const Instant lost = at;
    std::vector<Action> actions = tell(
        core,
        ChangeRequest{
            .id = OperationId{"op-1"},
            .verb = Verb::switchover,
            .to = kWest,
            .by = "operator:x",
            .reason = "test"
        }
    );
    ASSERT_TRUE(core.operation_running());
    for (int i = 0; i < 20 && find<OrderAgents>(actions) == nullptr; ++i) {
        EXPECT_EQ(core.record().operation->doing(), "waiting");
        actions = round(core, true, 0);
    }
    const auto* hold = find<OrderAgents>(actions);
    ASSERT_NE(hold, nullptr);
    EXPECT_EQ(hold->type, OrderType::hold);
    EXPECT_GT(at, lost + 3s) << "a lease and the clocks' error";
}

TEST_F(AppCoreRegister, ARaiseThatReplacesAnotherRegisterIsFollowedByAFullLease) {
    AppCore core = make_named("ours");
    settle(core);
    second_with(core, "ours", 3);
    EXPECT_GE(fence_lasts(core, true), 3s);
    EXPECT_TRUE(core.record().register_lost_at) << "the next fence knows it too";
}

TEST_F(AppCoreRegister, AnotherStoresNameIsToldOnce) {
    AppCore core = make_named("ours");
    settle(core);
    std::size_t told = 0;
    for (int i = 0; i < 3; ++i) {
        const std::vector<Action> actions = tell(core, EpochsRead{named("theirs", 1)});
        told += find<Announce>(actions) != nullptr ? 1 : 0;
    }
    EXPECT_EQ(told, 1U);
}

// Which copies answer first changes with every reading, and a write to one of them is refused.
TEST_F(AppCoreRegister, OneCopyThatNamesAnotherRegisterIsFoundOnceAndStopsNoGrant) {
    AppCore core = make_named("ours");
    settle(core);
    second_with(core, "ours", 3);
    EpochReading early = named("ours", 3);
    early.copies.resize(2);
    std::size_t told = 0;
    std::optional<UtcTime> lost_at;
    for (int i = 0; i < 6; ++i) {
        at += 1s;
        for (const EpochReading& seen : {i % 2 == 0 ? early : named("theirs", 1), early}) {
            EpochReading now_read = seen;
            now_read.started = at;
            now_read.started_wall = now().wall;
            const std::vector<Action> actions = tell(core, EpochsRead{now_read});
            told += find<Announce>(actions) != nullptr ? 1 : 0;
        }
        lost_at = i == 1 ? core.record().register_lost_at : lost_at;
        EXPECT_TRUE(grants(core));
    }
    EXPECT_EQ(told, 1U);
    EXPECT_EQ(core.record().register_lost_at, lost_at) << "nothing new to write down";
    settle_quickly(core);
    EXPECT_GE(fence_lasts(core), 3s) << "for as long as a copy names the other one";
}

// Set forward by more than a lease between the loss and the fence.
TEST_F(AppCoreRegister, AStepOfTheClockForPeopleEndsNoPermission) {
    for (const bool restarted : {false, true}) {
        AppCore core = make_named("theirs");
        settle(core);
        second_with(core, "theirs", 1);
        second_with(core, "ours", 3);
        if (restarted) {
            AppCore::Start start = start_of(policy());
            start.register_id = "ours";
            start.record = core.record();
            start.epochs = named("ours", 3);
            core = AppCore{std::move(start), now()};
            settle_quickly(core);
        }
        clock_set += 1h;
        second_with(core, "ours", 3);
        EXPECT_GT(fence_lasts(core), Duration::zero()) << restarted;
    }
}

// The items do not say whether a fence was proven below the epoch that they carry: the store may
// have been lost in the middle of a failover.
TEST_F(AppCoreTest, AHostOfAnOlderEpochIsRoutedWhenNoneCanWriteUnderItAnyMore) {
    AppCore::Start start = start_of(policy());
    start.record.register_lost_at = now().wall;
    start.agents.clear();
    AppCore core{std::move(start), now()};
    (void)core.resume(now());
    const auto same = tell(core, AgentConnected{HostId{"e1"}, kEast, Epoch{7}});
    EXPECT_NE(find<OrderAgents>(same), nullptr) << "its permission was of this epoch already";
    for (const Epoch older : {Epoch{6}, Epoch{}}) {
        const auto behind = tell(core, AgentConnected{HostId{"w1"}, kWest, older});
        EXPECT_EQ(find<OrderAgents>(behind), nullptr);
    }
    const Instant over = at + policy().timing.lease + policy().timing.clock_error;
    at = over;
    EXPECT_EQ(find<OrderAgents>(tell(core, Tick{})), nullptr);
    ASSERT_TRUE(core.next_deadline());
    EXPECT_EQ(*core.next_deadline(), over + Duration{1});
    at = *core.next_deadline();
    const auto told = tell(core, Tick{});
    const auto* route = find<OrderAgents>(told);
    ASSERT_NE(route, nullptr);
    EXPECT_EQ(route->type, OrderType::route);
    EXPECT_EQ(route->hosts, (std::vector{HostId{"e1"}, HostId{"w1"}}));
    const auto again = tell(core, AgentConnected{HostId{"w1"}, kWest, Epoch{6}});
    EXPECT_NE(find<OrderAgents>(again), nullptr) << "from now on at once";
}

}  // namespace
}  // namespace farshore::core
