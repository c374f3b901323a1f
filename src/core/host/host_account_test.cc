#include "core/host/host_account.h"

#include <chrono>

#include <gtest/gtest.h>

namespace farshore::core {
namespace {

using namespace std::chrono_literals;

constexpr Instant kStart{1h};

HostMachine open_machine() {
    HostMachine machine({});
    const HostRoute route{.epoch = Epoch{3}, .active = RegionId{"a"}, .users = RegionId{"b"}};
    (void)machine.step(kStart, HostLoaded{.route = route});
    (void)machine.step(kStart, Confirmation{.epoch = Epoch{3}, .started = kStart, .length = 3s});
    return machine;
}

TEST(HostAccount, ALeaseThatHasEndedIsNoPermissionThoughTheMachineHasNotLooked) {
    const HostMachine machine = open_machine();
    ASSERT_EQ(machine.state(), HostState::open);
    EXPECT_EQ(write_state_of(machine, kStart + 2s), WriteState::open);
    EXPECT_EQ(write_state_of(machine, kStart + 3s), WriteState::unconfirmed);
}

TEST(HostAccount, TellsTheLedgerByTheHostsOwnClock) {
    const HostMachine machine = open_machine();
    Ledger ledger({.entries_per_table_max = 10});
    const auto write = [&](const char* key, Duration after) {
        (void)ledger.add(
            {.table = TableName{"carts"},
             .key = key,
             .operation = "PutItem",
             .ended_at = kStart + after,
             .epoch = Epoch{3},
             .digest = key,
             .acknowledged = true},
            KeyKnown::told
        );
    };
    write("1", 100ms);
    write("2", 600ms);
    const HostAccount account =
        account_of(kStart + 1s, machine, ledger, Arrivals(std::nullopt), NewestUnknown({}));
    EXPECT_EQ(account.acknowledged, 2U);
    EXPECT_EQ(account.unproven, 2U);
    EXPECT_EQ(account.last_acknowledged_ago, 400ms);
    EXPECT_EQ(account.oldest_unproven, 900ms);
    EXPECT_TRUE(account.ledger_whole);
    const AgentReported said = reported(account);
    EXPECT_EQ(said.epoch, Epoch{3});
    EXPECT_EQ(said.active, RegionId{"a"});
    EXPECT_EQ(said.users, RegionId{"b"});
    EXPECT_EQ(said.write_state, "open");
    EXPECT_EQ(said.unproven, 2U);
    EXPECT_EQ(said.oldest_unproven, 900ms);
    EXPECT_FALSE(said.newest_unknown_ago);
    EXPECT_FALSE(account_of(kStart + 1s, machine, ledger, Arrivals(kStart), NewestUnknown(kStart))
                     .ledger_whole
    ) << "an earlier process took its ledger with it";
}

TEST(NewestUnknown, IsTheYoungestOfWhatWasGivenUpAndWhatWasInherited) {
    NewestUnknown unknown(std::nullopt);
    EXPECT_FALSE(unknown.ago(kStart));
    unknown.given_up(kStart + 2s);
    unknown.given_up(kStart + 1s);
    unknown.given_up(std::nullopt);
    EXPECT_EQ(unknown.ago(kStart + 5s), 3s);
    EXPECT_EQ(unknown.ago(kStart), Duration::zero());
    EXPECT_EQ(NewestUnknown(kStart).ago(kStart + 4s), 4s);
}

}  // namespace
}  // namespace farshore::core
