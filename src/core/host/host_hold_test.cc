#include <gtest/gtest.h>

#include "core/host/host_machine.h"

// How long a hold lasts: the shorter of what its order says and what the epoch items name.
namespace farshore::core {
namespace {

using namespace std::chrono_literals;

const RegionId kA{"us-east-1"};
const RegionId kB{"eu-west-1"};

constexpr Instant at(Duration since) {
    return Instant{since};
}

HostRoute route(std::uint64_t epoch, const RegionId& active) {
    return {.epoch = Epoch{epoch}, .active = active, .users = active};
}

Confirmation confirmed(std::uint64_t epoch, Duration started) {
    return {.epoch = Epoch{epoch}, .started = at(started), .length = 3s};
}

// Open under epoch 7 since the first second.
HostMachine open_host() {
    HostMachine machine({});
    (void)machine.step(at(0s), HostLoaded{.route = route(7, kA), .fenced = {}});
    (void)machine.step(at(1s), confirmed(7, 1s));
    return machine;
}

RecordsAgree items_that_name(Duration hold_max, std::uint64_t epoch, const RegionId& active) {
    return {
        .epoch = Epoch{epoch},
        .active = active,
        .started = at(2s),
        .terms = {.lease = 3s, .hold_max = hold_max}
    };
}

HoldOrder hold(std::uint64_t epoch, Duration length) {
    return {.epoch = Epoch{epoch}, .length = length};
}

TEST(HostHold, EndsAtTheBoundThatTheEpochItemsName) {
    HostMachine machine = open_host();
    (void)machine.step(at(2s), items_that_name(700ms, 7, kA));
    EXPECT_EQ(machine.hold_max(), 700ms);
    (void)machine.step(at(2s), hold(7, 5s));
    EXPECT_EQ(machine.hold_until(), at(2700ms));
    (void)machine.step(at(2100ms), ReleaseOrder{.epoch = Epoch{7}});
    (void)machine.step(at(2200ms), hold(7, 500ms));
    EXPECT_EQ(machine.hold_until(), at(2700ms)) << "a shorter order is taken as it is";
}

TEST(HostHold, ARaiseWithAnotherBoundChangesTheNextOne) {
    HostMachine machine = open_host();
    (void)machine.step(at(2s), items_that_name(700ms, 7, kA));
    (void)machine.step(at(3s), items_that_name(4s, 8, kB));
    EXPECT_EQ(machine.hold_max(), 4s) << "it counts before the route comes";
    (void)machine.step(at(3s), RouteOrder{route(8, kB)});
    (void)machine.step(at(3s), confirmed(8, 3s));
    (void)machine.step(at(3s), hold(8, 5s));
    EXPECT_EQ(machine.hold_until(), at(7s));
    (void)machine.step(at(3s), items_that_name(700ms, 7, kA));
    EXPECT_EQ(machine.hold_max(), 4s) << "items of an older epoch say nothing any more";
    (void)machine.step(at(3s), items_that_name(700ms, 8, kA));
    EXPECT_EQ(machine.hold_max(), 4s) << "nor do items that contradict the route";
}

TEST(HostHold, WhereTheItemsNameNoBoundTheOrderIsTheBound) {
    HostMachine machine = open_host();
    (void)machine.step(at(2s), items_that_name(4s, 7, kA));
    (void)machine.step(at(2s), items_that_name(0s, 7, kA));
    EXPECT_EQ(machine.hold_max(), kDefaultTerms.hold_max);
    (void)machine.step(at(2s), hold(7, 5s));
    EXPECT_EQ(machine.hold_until(), at(7s));
    (void)machine.step(at(2s), ReleaseOrder{.epoch = Epoch{7}});
    (void)machine.step(at(2s), confirmed(7, 2s));
    (void)machine.step(at(2s), hold(7, 1h));
    EXPECT_EQ(machine.hold_until(), at(62s)) << "no controller may name a longer one";
}

}  // namespace
}  // namespace farshore::core
