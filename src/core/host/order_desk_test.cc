#include "core/host/order_desk.h"

#include <gtest/gtest.h>

// What a host does with a controller's orders, and when it says that it has done it.
namespace farshore::core {
namespace {

using namespace std::chrono_literals;

const RegionId kA{"us-east-1"};
const RegionId kB{"eu-west-1"};
const TableName kTable{"carts"};

constexpr Instant at(Duration since) {
    return Instant{since};
}

HostRoute route(std::uint64_t epoch, const RegionId& active) {
    return {.epoch = Epoch{epoch}, .active = active, .users = active};
}

// A host whose writes are open under epoch 7, since the first second.
class OrderDeskTest : public ::testing::Test {
  protected:
    OrderDeskTest() {
        (void)machine.step(at(0s), HostLoaded{.route = route(7, kA), .fenced = {}});
        (void
        )machine.step(at(1s), Confirmation{.epoch = Epoch{7}, .started = at(1s), .length = 3s});
    }

    static OrderAgents order(OrderType type, std::uint64_t epoch) {
        return {
            .type = type,
            .epoch = Epoch{epoch},
            .active = kB,
            .users = kB,
            .hold_for = 1s,
            .timeout = 800ms,
            .fence_grace = 150ms
        };
    }

    // Takes the order as far as the machine's decision.
    std::optional<OrderDesk::Action> begin(const OrderAgents& wanted, std::uint64_t ticket = 1) {
        const OrderDesk::Action action = desk.take(ticket, wanted);
        const auto* step = std::get_if<OrderDesk::StepMachine>(&action);
        if (step == nullptr) {
            return action;
        }
        const HostStep taken = machine.step(now, step->input);
        return desk.decided(now, ticket, taken.answer, machine);
    }

    std::vector<OrderDesk::Action> look(Duration when, OrderDesk::View view = {}) {
        now = at(when);
        return desk.look(now, view);
    }

    static const OrderAnswer& answer(const OrderDesk::Action& action) {
        return std::get<OrderAnswer>(action);
    }

    void write(const std::string& key, std::uint64_t epoch, bool acknowledged = true) {
        (void)ledger.add(
            {.table = kTable,
             .key = key,
             .ended_at = now,
             .epoch = Epoch{epoch},
             .digest = key,
             .acknowledged = acknowledged},
            KeyKnown::told
        );
    }

    WritesFenced fenced(const OrderDesk::Known& known, std::uint64_t ticket = 1) {
        const auto action = desk.keys_learnt(now, ticket, machine, known);
        EXPECT_TRUE(answer(*action).done);
        return std::get<WritesFenced>(answer(*action).body);
    }

    Instant now = at(2s);
    HostMachine machine{{}};
    Ledger ledger{{}};
    OrderDesk desk{{kA, kB}, 1000};
};

TEST_F(OrderDeskTest, ARouteIsDoneWhenItIsOnDiskAndEveryLoopFollowsIt) {
    EXPECT_FALSE(begin(order(OrderType::route, 8)));
    EXPECT_EQ(machine.epoch(), Epoch{8});
    EXPECT_TRUE(look(2s, {.on_disk = route(7, kA)}).empty());
    EXPECT_TRUE(look(3s, {.on_disk = route(8, kB)}).empty()) << "the loops do not follow it yet";
    desk.routed(1);
    const auto done = look(3s, {.on_disk = route(8, kB)});
    ASSERT_EQ(done.size(), 1U);
    EXPECT_TRUE(answer(done[0]).done);
    EXPECT_FALSE(desk.waits());
}

TEST_F(OrderDeskTest, ANewerRouteOnDiskIsAsGood) {
    EXPECT_FALSE(begin(order(OrderType::route, 8)));
    desk.routed(1);
    EXPECT_TRUE(answer(look(3s, {.on_disk = route(9, kA)}).at(0)).done);
}

TEST_F(OrderDeskTest, UsersThatMoveAloneWaitForNoLoop) {
    OrderAgents users = order(OrderType::route, 7);
    users.active = kA;
    EXPECT_FALSE(begin(users));
    HostRoute moved = route(7, kA);
    EXPECT_TRUE(look(2s, {.on_disk = moved}).empty()) << "the old users are on disk";
    moved.users = kB;
    EXPECT_TRUE(answer(look(2s, {.on_disk = moved}).at(0)).done);
}

TEST_F(OrderDeskTest, ARouteThatCannotBeStoredFails) {
    EXPECT_FALSE(begin(order(OrderType::route, 8)));
    const auto refused = look(3s, {.on_disk = route(7, kA), .store_failed = "no space"});
    EXPECT_FALSE(answer(refused.at(0)).done);
    EXPECT_EQ(answer(refused.at(0)).detail, "no space");
    EXPECT_FALSE(begin(order(OrderType::route, 9), 2));
    EXPECT_EQ(desk.next_deadline(), at(13s));
    EXPECT_TRUE(look(13s - 1ns).empty());
    EXPECT_FALSE(answer(look(13s).at(0)).done);
}

TEST_F(OrderDeskTest, ARouteThatTheLoopsDoNotFollowFails) {
    EXPECT_FALSE(begin(order(OrderType::route, 8)));
    EXPECT_TRUE(look(3s, {.on_disk = route(8, kB)}).empty());
    EXPECT_TRUE(look(5s - 1ns, {.on_disk = route(8, kB)}).empty());
    EXPECT_FALSE(answer(look(5s, {.on_disk = route(8, kB)}).at(0)).done);
}

TEST_F(OrderDeskTest, ARouteToARegionThatTheConfigurationDoesNotNameChangesNothing) {
    OrderAgents elsewhere = order(OrderType::route, 8);
    elsewhere.active = RegionId{"ap-south-1"};
    EXPECT_FALSE(answer(*begin(elsewhere)).done);
    EXPECT_EQ(machine.epoch(), Epoch{7});
}

TEST_F(OrderDeskTest, WhatTheMachineRefusesIsAnsweredWithItsReason) {
    const auto refused = begin(order(OrderType::hold, 6));
    EXPECT_FALSE(answer(*refused).done);
    EXPECT_FALSE(answer(*refused).detail.empty());
    EXPECT_FALSE(desk.waits());
}

TEST_F(OrderDeskTest, AHoldIsDoneWhenNoWriteIsInFlight) {
    EXPECT_FALSE(begin(order(OrderType::hold, 7))) << "the machine's action tells of its end";
    EXPECT_TRUE(answer(*desk.quiet(1, {.in_flight = 0})).done);
    EXPECT_FALSE(begin(order(OrderType::hold, 7), 2));
    const auto busy = desk.quiet(2, {.in_flight = 3});
    EXPECT_FALSE(answer(*busy).done);
    EXPECT_EQ(std::get<WritesHeld>(answer(*busy).body).in_flight, 3U);
    EXPECT_FALSE(begin(order(OrderType::hold, 7), 3));
    const auto silent = look(3500ms, {.writes_in_flight = 2});
    EXPECT_FALSE(answer(silent.at(0)).done) << "the endpoint says nothing";
    EXPECT_EQ(std::get<WritesHeld>(answer(silent.at(0)).body).in_flight, 2U);
}

TEST_F(OrderDeskTest, AHoldOfAFencedHostStillWaitsForWhatHasBegun) {
    (void)machine.step(now, FenceOrder{Epoch{8}});
    const auto asked = begin(order(OrderType::hold, 8));
    EXPECT_EQ(std::get<OrderDesk::AwaitQuiet>(*asked).below, kEveryEpoch);
    EXPECT_TRUE(answer(*desk.quiet(1, {})).done);
}

TEST_F(OrderDeskTest, AFenceIsDoneWhenNoOlderWriteIsOnItsWay) {
    write("a", 7);
    write("b", 7, false);
    EXPECT_FALSE(begin(order(OrderType::fence, 8)));
    EXPECT_EQ(machine.state(), HostState::fenced);
    EXPECT_TRUE(look(3s).empty());
    EXPECT_TRUE(std::holds_alternative<OrderDesk::LearnKeys>(*desk.quiet(1, {.cut = 1})));
    const WritesFenced said = fenced({.ledger = ledger});
    EXPECT_EQ(said.cut, 1U);
    EXPECT_FALSE(said.adopted_alone);
    ASSERT_EQ(said.list.entries.size(), 2U);
    EXPECT_EQ(said.list.entries[1].order, 1002U);
    EXPECT_EQ(said.list.up_to, 2U);
    EXPECT_EQ(said.list.unknown_writes, 1U);
    EXPECT_TRUE(said.list.whole);
}

TEST_F(OrderDeskTest, AFenceThatTheEndpointDoesNotConfirmFails) {
    EXPECT_FALSE(begin(order(OrderType::fence, 8)));
    EXPECT_EQ(desk.next_deadline(), at(4150ms));
    EXPECT_FALSE(answer(look(4150ms).at(0)).done);
    EXPECT_FALSE(desk.quiet(1, {})) << "too late";
}

// The fence of a controller that finds a host under its own epoch.
TEST_F(OrderDeskTest, AFenceOfAnEpochThatTheHostFollowsWaitsForOlderWritesAllTheSame) {
    const auto asked = begin(order(OrderType::fence, 7));
    EXPECT_EQ(std::get<OrderDesk::AwaitQuiet>(*asked).below, Epoch{7});
    (void)desk.quiet(1, {});
    write("a", 7);
    const WritesFenced said = fenced({.ledger = ledger});
    EXPECT_TRUE(said.list.entries.empty()) << "the new epoch's are not what it is about";
}

TEST_F(OrderDeskTest, AHostThatAdoptedAloneTellsSoAndWhatItLeftBehind) {
    write("a", 7);
    RecordsAgree newer{
        .epoch = Epoch{8},
        .active = kB,
        .started = at(2s),
        .controllers_silent = true,
        .terms = {.lease = 3s}
    };
    (void)machine.step(at(2s), newer);
    newer.started = at(10s);
    (void)machine.step(at(10s), newer);
    ASSERT_TRUE(machine.adopted_alone());
    ledger.leave_behind(Epoch{8});
    (void)begin(order(OrderType::fence, 8));
    (void)desk.quiet(1, {});
    const WritesFenced said = fenced({.ledger = ledger});
    EXPECT_TRUE(said.adopted_alone);
    EXPECT_EQ(said.list.entries.size(), 1U);
    EXPECT_TRUE(said.list.whole);
    (void)begin(order(OrderType::fence, 8), 2);
    (void)desk.quiet(2, {});
    EXPECT_FALSE(fenced({.ledger = ledger, .inherited_alone = true}, 2).list.whole)
        << "no process remembers what an earlier one left behind";
    (void)begin(order(OrderType::drain, 8), 3);
    const OrderAnswer drained = answer(*desk.drained(3, machine, {.proven = true}));
    EXPECT_TRUE(std::get<DrainOutcome>(drained.body).adopted_alone);
}

TEST_F(OrderDeskTest, DrainsAndProofsAreTheAnswersOfWhoMakesThem) {
    const auto drain = begin(order(OrderType::drain, 7));
    EXPECT_EQ(std::get<OrderDesk::Drain>(*drain).timeout, 800ms);
    EXPECT_TRUE(answer(*desk.drained(1, machine, {.proven = true, .keys = 4})).done);
    EXPECT_TRUE(std::holds_alternative<OrderDesk::ProveWrite>(*begin(order(OrderType::verify, 7), 2)
    ));
    EXPECT_FALSE(answer(*desk.write_proven(2, 5ms, "denied")).done);
    (void)begin(order(OrderType::verify, 7), 3);
    EXPECT_TRUE(answer(*desk.write_proven(3, 5ms, std::nullopt)).done);
    EXPECT_FALSE(desk.waits());
}

TEST_F(OrderDeskTest, OrdersUnderWayAreBounded) {
    for (std::uint64_t ticket = 1; ticket <= 64; ++ticket) {
        (void)begin(order(OrderType::verify, 7), ticket);
    }
    EXPECT_FALSE(answer(*begin(order(OrderType::verify, 7), 65)).done);
    (void)desk.write_proven(1, 1ms, std::nullopt);
    EXPECT_TRUE(
        std::holds_alternative<OrderDesk::ProveWrite>(*begin(order(OrderType::verify, 7), 66))
    );
}

}  // namespace
}  // namespace farshore::core
