#include "agent/agent_world.h"

// A host that no fence would wait for does not write: it is in the register by its hello, or by its
// own registration in a majority of the epoch tables.
namespace farshore::agent::testing {
namespace {

const HostId kHost{"use1-web-1"};

int registrations(const AgentWorld& world) {
    int count = 0;
    for (const RegionDouble* region : {&world.a, &world.b, &world.witness}) {
        count += region->has_registration(kHost) ? 1 : 0;
    }
    return count;
}

bool writes(AgentWorld& world) {
    return world.run_until([&] { return world.gate().write_state() == core::WriteState::open; });
}

// As left by an earlier life.
void remember(AgentWorld& world, std::uint64_t epoch, const RegionId& active) {
    const host::StoredState state{
        .route = {.epoch = Epoch{epoch}, .active = active, .users = active}, .fenced = {}
    };
    std::filesystem::create_directories(world.config.state_directory);
    ASSERT_TRUE(host::store_state(world.config.state_directory, kApp, state, utc_from_ms(0)));
}

TEST(AgentRegister, WithoutControllersAHostRegistersItselfAndThenWrites) {
    AgentWorld world;
    world.set_epoch(3, kA);
    remember(world, 3, kA);
    world.controller.die();
    world.start_agent();
    ASSERT_TRUE(writes(world)) << world.gate_words();
    EXPECT_GE(registrations(world), 2) << "a majority of the tables has it";
    EXPECT_EQ(world.put("cart-1").status, 200);
}

TEST(AgentRegister, AHostThatCannotRegisterItselfDoesNotWriteByTheRecords) {
    AgentWorld world;
    world.set_epoch(3, kA);
    remember(world, 3, kA);
    world.controller.die();
    world.a.refuses_registrations = true;
    world.b.refuses_registrations = true;
    world.start_agent();
    ASSERT_TRUE(world.run_until([&] {
        return world.a.refused_registrations > 1 && world.b.refused_registrations > 1;
    }));
    ASSERT_TRUE(world.read_records(1));
    EXPECT_NE(world.gate().write_state(), core::WriteState::open);
    world.b.refuses_registrations = false;
    EXPECT_TRUE(writes(world)) << world.gate_words();
}

TEST(AgentRegister, AHostThatAControllerKnowsNeedsNoRegistrationOfItsOwn) {
    AgentWorld world;
    world.set_epoch(1, kA);
    world.start_agent();
    world.open_under(1, kA);
    world.controller.die();
    ASSERT_TRUE(world.run_until([&] { return world.gate().controllers_silent(); }));
    world.outlive_leases();
    ASSERT_TRUE(writes(world)) << world.gate_words();
    EXPECT_EQ(registrations(world), 0);
}

// The store was lost, and the new one does not know us yet.
TEST(AgentRegister, RecordsOfAnotherRegisterConfirmOnlyWhoIsKnownInIt) {
    AgentWorld world;
    world.set_epoch(1, kA);
    world.start_agent();
    world.open_under(1, kA);
    world.controller.die();
    for (RegionDouble* region : {&world.a, &world.b, &world.witness}) {
        region->register_id = "r-2";
        region->refuses_registrations = true;
    }
    world.set_epoch(1, kA);
    ASSERT_TRUE(world.run_until([&] { return world.gate().write_state() != core::WriteState::open; }
    )) << "its lease ends";
    for (RegionDouble* region : {&world.a, &world.b, &world.witness}) {
        region->refuses_registrations = false;
    }
    ASSERT_TRUE(writes(world)) << world.gate_words();
    EXPECT_GE(registrations(world), 2);
}

TEST(AgentRegister, WhatItRegisteredIsTakenBackWhenAControllerKnowsIt) {
    AgentWorld world;
    world.set_epoch(3, kA);
    remember(world, 3, kA);
    world.controller.refuses = 503;
    world.start_agent();
    ASSERT_TRUE(writes(world)) << world.gate_words();
    ASSERT_GE(registrations(world), 2);
    world.controller.refuses = 0;
    EXPECT_TRUE(world.run_until([&] { return registrations(world) == 0; })) << world.gate_words();
    EXPECT_TRUE(writes(world)) << world.gate_words();
}

// It could not be brought up to date, and answers before one of the others.
TEST(AgentRegister, OneRecordThatNamesAnotherRegisterStopsNobody) {
    AgentWorld world;
    world.set_epoch(1, kA);
    world.start_agent();
    world.open_under(1, kA);
    world.witness.register_id = "r-2";
    world.witness.set_epoch(1, kA);
    world.b.slow_table = "farshore_epochs";
    world.b.read_takes = 150ms;
    world.controller.die();
    ASSERT_TRUE(world.run_until([&] { return world.gate().controllers_silent(); }));
    world.outlive_leases();
    ASSERT_TRUE(world.read_records(3));
    ASSERT_TRUE(writes(world)) << world.gate_words();
    EXPECT_EQ(registrations(world), 0) << "not in the register that one of three names";
}

}  // namespace
}  // namespace farshore::agent::testing
