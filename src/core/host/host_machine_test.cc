#include "core/host/host_machine.h"

#include <gtest/gtest.h>

#include "base/rng.h"

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

HostMachine loaded(HostMachine::Options options = {}) {
    HostMachine machine(options);
    (void)machine.step(at(0s), HostLoaded{.route = route(7, kA), .fenced = {}});
    return machine;
}

Confirmation confirmed(
    std::uint64_t epoch, Duration started, Confirmer by = Confirmer::controller
) {
    return {.epoch = Epoch{epoch}, .started = at(started), .length = 3s, .by = by};
}

HostMachine open_host(HostMachine::Options options = {}) {
    HostMachine machine = loaded(options);
    (void)machine.step(at(1s), confirmed(7, 1s));
    return machine;
}

// The records name a newer epoch, and no controller is heard. They were asked for at `started`.
RecordsAgree newer_records(Duration started) {
    return {
        .epoch = Epoch{8},
        .active = kB,
        .started = at(started),
        .controllers_silent = true,
        .terms = {.lease = 3s}
    };
}

TEST(HostMachine, AfterAStartWritesWaitForAConfirmation) {
    HostMachine machine = loaded();
    EXPECT_EQ(machine.state(), HostState::unconfirmed);
    EXPECT_EQ(machine.route()->active, kA) << "reads go there at once";
    EXPECT_FALSE(machine.may_write(at(0s)));
    (void)machine.step(at(1s), confirmed(7, 900ms, Confirmer::epoch_records));
    EXPECT_TRUE(machine.may_write(at(1s)));
}

TEST(HostMachine, WithoutAStateFileItHasNoRoute) {
    HostMachine machine({});
    (void)machine.step(at(0s), HostLoaded{});
    EXPECT_EQ(machine.state(), HostState::unrouted);
    (void)machine.step(at(1s), RouteOrder{route(1, kA)});
    EXPECT_EQ(machine.state(), HostState::unconfirmed);
    (void)machine.step(at(1s), confirmed(1, 1s));
    EXPECT_TRUE(machine.may_write(at(1s)));
}

TEST(HostMachine, AStoredFenceOutlivesARestart) {
    HostMachine machine({});
    (void)machine.step(at(0s), HostLoaded{.route = route(7, kA), .fenced = Epoch{8}});
    EXPECT_EQ(machine.state(), HostState::fenced);
    (void)machine.step(at(1s), confirmed(7, 1s));
    EXPECT_FALSE(machine.may_write(at(1s)));
}

TEST(HostMachine, TheLeaseCountsFromTheStartOfTheRequest) {
    HostMachine machine = loaded();
    (void)machine.step(at(3s), confirmed(7, 1s));
    EXPECT_TRUE(machine.may_write(at(4s) - 1ns));
    EXPECT_FALSE(machine.may_write(at(4s)));
    EXPECT_EQ(machine.next_deadline(), at(4s));
    const HostStep step = machine.step(at(4s), Wake{});
    ASSERT_EQ(step.all.size(), 1U);
    EXPECT_EQ(step.all[0].action, HostAction::stop_writes);
    EXPECT_EQ(machine.state(), HostState::unconfirmed);
}

TEST(HostMachine, AnAnswerThatTookAWholeLeaseOpensNothing) {
    HostMachine machine = loaded();
    const HostStep step = machine.step(at(4s), confirmed(7, 1s));
    EXPECT_EQ(step.answer.action, HostAction::none);
    EXPECT_EQ(machine.state(), HostState::unconfirmed);
}

TEST(HostMachine, AHostThatSleptWakesUpWithoutPermission) {
    HostMachine machine = open_host();
    EXPECT_FALSE(machine.may_write(at(10min))) << "the lease is checked, no timer is trusted";
    (void)machine.step(at(10min), confirmed(7, 10min));
    EXPECT_TRUE(machine.may_write(at(10min)));
}

TEST(HostMachine, AHoldGivesUpTheLeaseBeyondIt) {
    HostMachine machine = open_host();
    (void)machine.step(at(2s), HoldOrder{.epoch = Epoch{7}, .length = 1s});
    EXPECT_EQ(machine.state(), HostState::held);
    (void)machine.step(at(2500ms), confirmed(7, 2500ms));
    EXPECT_EQ(machine.next_deadline(), at(3s));
    const HostStep ended = machine.step(at(3s), Wake{});
    EXPECT_EQ(machine.state(), HostState::lapsed);
    EXPECT_TRUE(ended.all[0].wants_confirmation());
    (void)machine.step(at(3100ms), confirmed(7, 2900ms));
    EXPECT_FALSE(machine.may_write(at(3100ms))) << "it was asked for before the hold ended";
    (void)machine.step(at(3200ms), confirmed(7, 3s));
    EXPECT_TRUE(machine.may_write(at(3200ms)));
}

TEST(HostMachine, AReleaseResumesUntilTheHoldWouldHaveEnded) {
    HostMachine machine = open_host();
    (void)machine.step(at(2s), HoldOrder{.epoch = Epoch{7}, .length = 1s});
    const HostStep step = machine.step(at(2300ms), ReleaseOrder{.epoch = Epoch{7}});
    EXPECT_TRUE(step.answer.wants_confirmation());
    EXPECT_TRUE(machine.may_write(at(2300ms)));
    EXPECT_FALSE(machine.may_write(at(3s))) << "the lease beyond the hold was given up";
    (void)machine.step(at(2400ms), confirmed(7, 2200ms));
    EXPECT_FALSE(machine.may_write(at(3s))) << "that answer may be older than the release";
    (void)machine.step(at(2500ms), confirmed(7, 2350ms));
    EXPECT_TRUE(machine.may_write(at(5s)));
}

TEST(HostMachine, ALateReleaseIsNoPermission) {
    HostMachine machine = open_host();
    (void)machine.step(at(2s), HoldOrder{.epoch = Epoch{7}, .length = 1s});
    const HostStep step = machine.step(at(10s), ReleaseOrder{.epoch = Epoch{7}});
    EXPECT_TRUE(step.answer.wants_confirmation());
    EXPECT_FALSE(machine.may_write(at(10s)));
}

TEST(HostMachine, ARouteDuringAHoldOpensTheNewRegionAtOnce) {
    HostMachine machine = open_host();
    (void)machine.step(at(2s), HoldOrder{.epoch = Epoch{7}, .length = 1s});
    const HostStep step = machine.step(at(2200ms), RouteOrder{route(8, kB)});
    EXPECT_EQ(step.answer.action, HostAction::adopt);
    EXPECT_TRUE(step.answer.wants_confirmation());
    EXPECT_EQ(machine.route()->active, kB);
    EXPECT_TRUE(machine.may_write(at(2200ms)));
    EXPECT_FALSE(machine.may_write(at(3s))) << "only under the lease that ran before";
}

TEST(HostMachine, ADelayedRouteIsNoPermission) {
    HostMachine machine = open_host();
    (void)machine.step(at(60s), RouteOrder{route(8, kB)});
    EXPECT_EQ(machine.epoch(), Epoch{8});
    EXPECT_FALSE(machine.may_write(at(60s))) << "it is not known how long the order was under way";
}

TEST(HostMachine, OlderEpochsAreRefused) {
    HostMachine machine = open_host();
    EXPECT_TRUE(machine.step(at(2s), RouteOrder{route(6, kB)}).answer.refused());
    EXPECT_TRUE(machine.step(at(2s), HoldOrder{.epoch = Epoch{6}, .length = 1s}).answer.refused());
    EXPECT_TRUE(machine.step(at(2s), ReleaseOrder{.epoch = Epoch{6}}).answer.refused());
    EXPECT_TRUE(machine.step(at(2s), RouteOrder{route(7, kB)}).answer.refused())
        << "one epoch, one Region";
    EXPECT_TRUE(machine.step(at(2s), RouteOrder{route(0, kB)}).answer.refused());
    EXPECT_EQ(*machine.route(), route(7, kA));
    EXPECT_TRUE(machine.may_write(at(2s)));
}

TEST(HostMachine, UsersMoveUnderTheSameEpoch) {
    HostMachine machine = open_host();
    HostRoute moved = route(7, kA);
    moved.users = kB;
    EXPECT_EQ(machine.step(at(2s), RouteOrder{moved}).answer.action, HostAction::adopt_users);
    EXPECT_EQ(*machine.route(), moved);
    EXPECT_TRUE(machine.may_write(at(2s)));
}

TEST(HostMachine, AFenceEndsOnlyWithARouteOfItsEpoch) {
    HostMachine machine = open_host();
    EXPECT_EQ(machine.step(at(2s), FenceOrder{Epoch{9}}).answer.action, HostAction::fence_writes);
    EXPECT_FALSE(machine.may_write(at(2s)));
    (void)machine.step(at(2s), confirmed(7, 2s));
    EXPECT_FALSE(machine.may_write(at(2s)));
    EXPECT_TRUE(machine.step(at(2s), ReleaseOrder{.epoch = Epoch{9}}).answer.refused());
    EXPECT_TRUE(machine.step(at(2s), RouteOrder{route(8, kB)}).answer.refused());
    EXPECT_EQ(machine.state(), HostState::fenced);
    (void)machine.step(at(3s), RouteOrder{route(9, kB)});
    (void)machine.step(at(3s), confirmed(9, 3s));
    EXPECT_TRUE(machine.may_write(at(3s)));
    EXPECT_EQ(machine.fenced(), Epoch{});
}

TEST(HostMachine, AFenceForItsOwnEpochChangesNothing) {
    HostMachine machine = open_host();
    EXPECT_EQ(machine.step(at(2s), FenceOrder{Epoch{7}}).answer.action, HostAction::acknowledge);
    EXPECT_TRUE(machine.may_write(at(2s)));
}

TEST(HostMachine, ALeaseForANewerEpochFences) {
    HostMachine machine = open_host();
    (void)machine.step(at(2s), confirmed(8, 2s));
    EXPECT_EQ(machine.state(), HostState::fenced);
}

TEST(HostMachine, EpochRecordsFenceAndAreAdoptedOnceOtherLeasesEnded) {
    HostMachine machine = open_host();
    (void)machine.step(at(2s), newer_records(2s));
    EXPECT_EQ(machine.state(), HostState::fenced);
    (void)machine.step(at(5s), newer_records(5s));
    EXPECT_EQ(machine.state(), HostState::fenced)
        << "other hosts may still write under the old epoch";
    RecordsAgree heard = newer_records(5200ms);
    heard.controllers_silent = false;
    (void)machine.step(at(5200ms), heard);
    EXPECT_EQ(machine.state(), HostState::fenced)
        << "a controller that answers sends the route itself";
    const HostStep step = machine.step(at(5200ms), newer_records(5200ms));
    EXPECT_EQ(step.answer.action, HostAction::adopt);
    EXPECT_EQ(machine.epoch(), Epoch{8});
    EXPECT_EQ(machine.route()->active, kB);
    EXPECT_TRUE(machine.may_write(at(5300ms)));
}

// INV-S13: the epoch records say where writes go. Where users go is a decision of its own, and no
// controller has made it.
TEST(HostMachine, EpochRecordsMoveNoUsers) {
    HostMachine machine = loaded({.lease = 1s});
    (void)machine.step(at(2s), newer_records(2s));
    (void)machine.step(at(6s), newer_records(6s));
    EXPECT_EQ(machine.route(), (HostRoute{.epoch = Epoch{8}, .active = kB, .users = kA}));
}

TEST(HostMachine, WhoNeverKnewTheUsersRegionTakesTheActiveOne) {
    HostMachine machine({.lease = 1s});
    (void)machine.step(at(0s), HostLoaded{.route = std::nullopt, .fenced = {}});
    (void)machine.step(at(2s), newer_records(2s));
    (void)machine.step(at(6s), newer_records(6s));
    EXPECT_EQ(machine.route(), (HostRoute{.epoch = Epoch{8}, .active = kB, .users = kB}));
}

TEST(HostMachine, ContradictingRecordsConfirmNothing) {
    HostMachine machine = loaded();
    (void)machine.step(at(1s), RecordsAgree{.epoch = Epoch{7}, .active = kB, .started = at(1s)});
    (void)machine.step(at(1s), RecordsAgree{.epoch = Epoch{6}, .active = kA, .started = at(1s)});
    EXPECT_EQ(machine.state(), HostState::unconfirmed);
}

TEST(HostMachine, KeepGoesOnForEverOnceConfirmed) {
    HostMachine machine = open_host({.on_controller_loss = OnControllerLoss::keep});
    EXPECT_TRUE(machine.may_write(at(24h)));
    EXPECT_EQ(machine.next_deadline(), std::nullopt);
    (void)machine.step(at(24h), FenceOrder{Epoch{8}});
    EXPECT_FALSE(machine.may_write(at(24h)));
}

TEST(HostMachine, FenceModeTakesOnlyControllers) {
    HostMachine machine = loaded({.on_controller_loss = OnControllerLoss::fence});
    (void)machine.step(at(1s), confirmed(7, 1s, Confirmer::epoch_records));
    EXPECT_FALSE(machine.may_write(at(1s)));
    (void)machine.step(at(1s), confirmed(7, 1s));
    EXPECT_TRUE(machine.may_write(at(1s)));
    EXPECT_FALSE(machine.may_write(at(4s)));
}

TEST(HostMachine, RecordsGrantNoMoreThanTheyName) {
    // Configured with a longer lease than the controllers, and no controller has told it otherwise.
    HostMachine machine = loaded({.lease = 10s});
    RecordsAgree records{
        .epoch = Epoch{7}, .active = kA, .started = at(0s), .terms = {.lease = 3s}
    };
    (void)machine.step(at(0s), records);
    EXPECT_TRUE(machine.may_write(at(3s) - 1ns));
    EXPECT_FALSE(machine.may_write(at(3s)))
        << "controllers wait for no longer than the records say";
    records.started = at(4s);
    records.terms.lease = Duration::zero();
    (void)machine.step(at(4s), records);
    EXPECT_FALSE(machine.may_write(at(4s))) << "records that name no lease confirm no host";
}

// A fence by those records would not wait for us.
TEST(HostMachine, RecordsThatDoNotKnowUsLeadAndConfirmNothing) {
    HostMachine machine = loaded();
    RecordsAgree records{
        .epoch = Epoch{7}, .active = kA, .started = at(1s), .terms = {.lease = 3s}, .know_us = false
    };
    (void)machine.step(at(1s), records);
    EXPECT_FALSE(machine.may_write(at(1s)));
    records.know_us = true;
    (void)machine.step(at(1s), records);
    EXPECT_TRUE(machine.may_write(at(1s)));
    for (const Duration read : {2s, 6s}) {
        RecordsAgree of_others = newer_records(read);
        of_others.know_us = false;
        (void)machine.step(at(read), of_others);
    }
    EXPECT_EQ(machine.epoch(), Epoch{8}) << "reads follow";
    EXPECT_FALSE(machine.may_write(at(6s)));
}

TEST(HostMachine, AnEpochIsAdoptedWhenTheLongestLeaseOfOthersEnded) {
    HostMachine machine = loaded({.lease = 1s});
    (void)machine.step(at(2s), newer_records(2s));
    (void)machine.step(at(4s), newer_records(4s));
    EXPECT_EQ(machine.state(), HostState::fenced) << "its own lease is shorter than theirs";
    (void)machine.step(at(5200ms), newer_records(5200ms));
    EXPECT_TRUE(machine.may_write(at(5200ms)));
}

TEST(HostMachine, AnEpochIsAdoptedWhenLeasesOfTheOldRecordsEndedToo) {
    HostMachine machine = loaded();
    RecordsAgree old{.epoch = Epoch{7}, .active = kA, .started = at(1s), .terms = {.lease = 10s}};
    (void)machine.step(at(1s), old);
    (void)machine.step(at(2s), newer_records(2s));
    (void)machine.step(at(11s), newer_records(11s));
    EXPECT_EQ(machine.state(), HostState::fenced) << "another host may hold ten seconds";
    (void)machine.step(at(12200ms), newer_records(12200ms));
    EXPECT_TRUE(machine.may_write(at(12200ms)));
}

// The controllers may be configured with a larger clock error than this host was built with.
TEST(HostMachine, AnEpochIsAdoptedWhenTheClockErrorThatTheItemsNameIsOverToo) {
    HostMachine machine = loaded();
    const auto read_records = [&machine](Duration when) {
        RecordsAgree records = newer_records(when);
        records.terms.clock_error = 1s;
        (void)machine.step(at(when), records);
    };
    read_records(2s);
    read_records(5900ms);
    EXPECT_EQ(machine.state(), HostState::fenced) << "another host's clock may be a second slow";
    read_records(6s);
    EXPECT_TRUE(machine.may_write(at(6s)));
}

TEST(HostMachine, AHostWhoseClockStoodStillAsksAgainBeforeItWrites) {
    HostMachine machine = open_host();
    const HostStep step = machine.step(at(1s), ClockDoubted{});
    EXPECT_TRUE(step.answer.wants_confirmation());
    EXPECT_FALSE(machine.may_write(at(1s)));
    EXPECT_EQ(machine.state(), HostState::unconfirmed);
    (void)machine.step(at(1100ms), confirmed(7, 900ms));
    EXPECT_FALSE(machine.may_write(at(1100ms))) << "that was asked for before";
    (void)machine.step(at(1200ms), confirmed(7, 1100ms));
    EXPECT_TRUE(machine.may_write(at(1200ms)));
}

TEST(HostMachine, AHoldGoesOnOverADoubtAboutTheClock) {
    HostMachine machine = open_host();
    (void)machine.step(at(1s), HoldOrder{.epoch = Epoch{7}, .length = 1s});
    (void)machine.step(at(1100ms), ClockDoubted{});
    EXPECT_EQ(machine.state(), HostState::held);
    (void)machine.step(at(1200ms), ReleaseOrder{.epoch = Epoch{7}});
    EXPECT_FALSE(machine.may_write(at(1200ms)));
}

TEST(HostMachine, ItIsKnownThatAnEpochWasAdoptedWithoutAController) {
    HostMachine machine = loaded();
    (void)machine.step(at(2s), newer_records(2s));
    EXPECT_FALSE(machine.adopted_alone());
    (void)machine.step(at(6s), newer_records(6s));
    ASSERT_EQ(machine.epoch(), Epoch{8});
    EXPECT_TRUE(machine.adopted_alone());
    HostMachine restarted({});
    (void
    )restarted.step(at(7s), HostLoaded{.route = route(8, kB), .fenced = {}, .adopted_alone = true});
    EXPECT_TRUE(restarted.adopted_alone()) << "also after a restart";
    (void)restarted.step(at(8s), RouteOrder{route(9, kA)});
    EXPECT_FALSE(restarted.adopted_alone()) << "a controller has proven a fence for this one";
}

TEST(HostMachine, AnEpochThatCannotBeIsFollowedByNobody) {
    const Epoch impossible = next(kEpochMax);
    for (const HostInput& input : {
             HostInput{RouteOrder{{.epoch = impossible, .active = kB, .users = kB}}},
             HostInput{FenceOrder{impossible}},
             HostInput{NewerSeen{impossible}},
             HostInput{RecordsAgree{.epoch = impossible, .active = kB, .started = at(1s)}},
             HostInput{Confirmation{.epoch = impossible, .started = at(1s), .length = 3s}},
         }) {
        HostMachine machine = open_host();
        (void)machine.step(at(1s), input);
        EXPECT_EQ(machine.state(), HostState::open);
        EXPECT_EQ(machine.epoch(), Epoch{7});
    }
}

TEST(HostTable, EveryDecisionComesFromItsRow) {
    HostMachine machine = open_host();
    const HostDecision hold =
        machine.step(at(2s), HoldOrder{.epoch = Epoch{7}, .length = 1s}).answer;
    EXPECT_EQ(hold.why, host_table::find(HostState::open, HostEvent::hold)->why);
    EXPECT_TRUE(accepts(HostState::open, HostGoal::hold));
    EXPECT_FALSE(accepts(HostState::fenced, HostGoal::release));
}

// Planted bugs: each check must fail on a table that breaks it.
template <std::size_t N>
consteval std::array<HostRow, N> with_row(
    std::array<HostRow, N> rows, HostState from, HostEvent on, HostState to, HostAction action
) {
    for (HostRow& row : rows) {
        if (row.from == from && row.on == on) {
            row.to = to;
            row.action = action;
        }
    }
    return rows;
}

TEST(HostTable, PlantedBugsAreFound) {
    using namespace host_table;
    constexpr auto kUnfenced = with_row(
        kRows, HostState::fenced, HostEvent::release, HostState::unconfirmed, HostAction::ask
    );
    static_assert(!only_a_route_ends_a_fence(kUnfenced));
    constexpr auto kTrusting =
        with_row(kRows, HostState::lapsed, HostEvent::release, HostState::open, HostAction::admit);
    static_assert(!opens_only_with_permission(kTrusting));
    constexpr auto kDeaf =
        with_row(kRows, HostState::held, HostEvent::fence, HostState::held, HostAction::none);
    static_assert(!a_fence_always_fences(kDeaf));
    constexpr auto kForgetful =
        with_row(kRows, HostState::held, HostEvent::confirmed, HostState::open, HostAction::adopt);
    static_assert(!adopts_only_routes(kForgetful));
    auto missing = kRows;
    missing[5] = missing[6];
    EXPECT_EQ(missing[5].on, missing[6].on);
}

}  // namespace
}  // namespace farshore::core
