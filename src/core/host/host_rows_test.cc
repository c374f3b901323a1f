#include <algorithm>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "core/host/host_machine.h"

// Which rows of the host's table events can lead to, and that the machine then does what they say.
namespace farshore::core {
namespace {

using namespace std::chrono_literals;

const RegionId kA{"us-east-1"};
const RegionId kB{"eu-west-1"};

constexpr Instant at(Duration since) {
    return Instant{since};
}

// As events have led there, two seconds after the start, under epoch 7. A fence is of epoch 8.
HostMachine host_that_is(HostState state) {
    HostMachine machine({.lease = 3s});
    const auto take = [&machine](Duration when, const HostInput& input) {
        (void)machine.step(at(when), input);
    };
    if (state == HostState::starting) {
        return machine;
    }
    if (state == HostState::unrouted) {
        take(0s, HostLoaded{});
        return machine;
    }
    take(0s, HostLoaded{.route = HostRoute{.epoch = Epoch{7}, .active = kA, .users = kA}});
    if (state == HostState::fenced) {
        take(1s, FenceOrder{Epoch{8}});
    } else if (state != HostState::unconfirmed) {
        take(1s, Confirmation{.epoch = Epoch{7}, .started = at(1s), .length = 3s});
    }
    if (state == HostState::held || state == HostState::lapsed) {
        const Duration length = state == HostState::held ? 10s : 500ms;
        take(1s, HoldOrder{.epoch = Epoch{7}, .length = length});
    }
    take(2s, Wake{});
    return machine;
}

std::vector<std::pair<Duration, HostInput>> inputs() {
    const HostRoute ours{.epoch = Epoch{7}, .active = kA, .users = kB};
    const HostRoute newer{.epoch = Epoch{9}, .active = kB, .users = kB};
    return {
        {2s, HostLoaded{.route = ours}},
        {2s, HostLoaded{}},
        {2s, Confirmation{.epoch = Epoch{7}, .started = at(2s), .length = 3s}},
        {2s, HoldOrder{.epoch = Epoch{7}, .length = 1s}},
        {2s, ReleaseOrder{Epoch{7}}},
        {2s, FenceOrder{Epoch{9}}},
        {2s, NewerSeen{Epoch{9}}},
        {2s, RouteOrder{newer}},
        {2s, RouteOrder{ours}},
        {2s, RouteOrder{}},
        {1h, Wake{}},
    };
}

std::string in_words(HostState from, HostEvent on) {
    return std::string{to_string(from)} + " on " + std::string{to_string(on)};
}

// No event leads to these.
const std::set<std::string> kNever{
    // The epoch of a host without a route is zero: any other is newer.
    "starting on confirmed",
    "starting on users_moved",
    "unrouted on confirmed",
    "unrouted on users_moved",
    // A lease is watched while writes pass.
    "starting on lease_expired",
    "unrouted on lease_expired",
    "unconfirmed on lease_expired",
    "held on lease_expired",
    "lapsed on lease_expired",
    "fenced on lease_expired",
    // A hold's end is watched while it runs.
    "starting on hold_ended",
    "unrouted on hold_ended",
    "unconfirmed on hold_ended",
    "open on hold_ended",
    "lapsed on hold_ended",
    "fenced on hold_ended",
    // A fence is of a newer epoch than the host's, and a route below it is stale.
    "fenced on users_moved",
};

TEST(HostTable, EachRowIsTakenThatAnEventLeadsTo) {
    std::set<std::string> untaken;
    for (const HostRow& row : host_table::kRows) {
        untaken.insert(in_words(row.from, row.on));
    }
    for (std::size_t i = 0; i < kHostStateNames.size(); ++i) {
        const auto state = static_cast<HostState>(i);
        ASSERT_EQ(host_that_is(state).state(), state) << to_string(state);
        for (const auto& [when, input] : inputs()) {
            HostMachine machine = host_that_is(state);
            const HostStep step = machine.step(at(when), input);
            HostState from = state;
            for (const HostDecision& decision : step.all) {
                EXPECT_EQ(decision.before, from);
                from = decision.after;
                const HostRow* row = host_table::find(decision.before, decision.on);
                ASSERT_NE(row, nullptr);
                // What the machine judges before it asks the table has a reason of its own.
                if (decision.why != row->why) {
                    continue;
                }
                EXPECT_EQ(decision.after, row->to) << in_words(row->from, row->on);
                EXPECT_EQ(decision.action, row->action) << in_words(row->from, row->on);
                untaken.erase(in_words(row->from, row->on));
            }
            EXPECT_EQ(machine.state(), from);
        }
    }
    EXPECT_EQ(untaken, kNever);
}

}  // namespace
}  // namespace farshore::core
