#include <fcntl.h>
#include <fstream>
#include <string>
#include <unistd.h>

#include "agent/agent_world.h"

namespace farshore::agent::testing {
namespace {

TEST(Agent, ARouteIsOnDiskBeforeItIsAcknowledged) {
    AgentWorld world;
    world.start_agent();
    world.open_under(1, kA);
    const auto stored = host::load_state(world.config.state_directory, kApp);
    ASSERT_TRUE(stored && *stored);
    EXPECT_EQ((*stored)->route, (core::HostRoute{.epoch = Epoch{1}, .active = kA, .users = kA}));
    EXPECT_EQ(world.put("cart-1").status, 200);
    EXPECT_TRUE(world.a.holds("sessions", "cart-1"));
    EXPECT_TRUE(world.run_until([&] {
        return std::filesystem::exists(world.config.run_directory + "/region.json");
    }));
}

TEST(Agent, ASwitchoverMovesWritesWithoutLosingOne) {
    AgentWorld world;
    world.start_agent();
    world.open_under(1, kA);
    const auto hold = world.controller.send(Epoch{1}, wire::HoldOrder{.hold = 2s});
    ASSERT_TRUE(world.run_until([&] { return world.controller.ack_of(hold) != nullptr; }));
    EXPECT_EQ(world.controller.ack_of(hold)->result, wire::AckResult::done);
    EXPECT_EQ(world.gate().write_state(), core::WriteState::held);
    world.controller.grants = Epoch{2};
    const auto route = world.controller.send(Epoch{2}, wire::RouteOrder{.active = kB, .users = kB});
    EXPECT_EQ(world.put("cart-2").status, 200);
    ASSERT_TRUE(world.run_until([&] { return world.controller.ack_of(route) != nullptr; }));
    EXPECT_EQ(world.controller.ack_of(route)->result, wire::AckResult::done);
    EXPECT_TRUE(world.b.holds("sessions", "cart-2"));
    EXPECT_FALSE(world.a.holds("sessions", "cart-2"));
}

TEST(Agent, AFenceIsIrrevocableUntilItsRoute) {
    AgentWorld world;
    world.start_agent();
    world.open_under(1, kA);
    EXPECT_EQ(world.put("cart-1").status, 200);
    const auto fence = world.controller.send(Epoch{2}, wire::FenceOrder{});
    ASSERT_TRUE(world.run_until([&] { return world.controller.ack_of(fence) != nullptr; }))
        << world.gate_words();
    EXPECT_EQ(world.controller.ack_of(fence)->result, wire::AckResult::done);
    const auto* body = std::get_if<wire::FenceAck>(&world.controller.ack_of(fence)->body);
    ASSERT_NE(body, nullptr);
    EXPECT_EQ(world.put("cart-2").status, 503)
        << "a write after the fence waits within its bound, and no longer";
    const auto release = world.controller.send(Epoch{2}, wire::ReleaseOrder{});
    ASSERT_TRUE(world.run_until([&] { return world.controller.ack_of(release) != nullptr; }));
    EXPECT_EQ(world.controller.ack_of(release)->result, wire::AckResult::failed);
    world.controller.grants = Epoch{2};
    const auto route = world.controller.send(Epoch{2}, wire::RouteOrder{.active = kB, .users = kB});
    ASSERT_TRUE(world.run_until([&] { return world.controller.ack_of(route) != nullptr; }));
    ASSERT_TRUE(world.run_until([&] { return world.gate().write_state() == core::WriteState::open; }
    )) << world.gate_words();
    EXPECT_EQ(world.put("cart-3").status, 200);
    EXPECT_TRUE(world.b.holds("sessions", "cart-3"));
    EXPECT_FALSE(world.a.holds("sessions", "cart-2"));
}

TEST(Agent, OlderEpochsAndUnknownOrdersAreRefused) {
    AgentWorld world;
    world.start_agent();
    world.open_under(5, kA);
    const auto older = world.controller.send(Epoch{4}, wire::RouteOrder{.active = kB, .users = kB});
    const auto unknown = world.controller.send(Epoch{5}, wire::UnknownOrder{.type = "teleport"});
    const auto nowhere = world.controller.send(
        Epoch{6}, wire::RouteOrder{.active = RegionId{"mars-1"}, .users = kA}
    );
    ASSERT_TRUE(world.run_until([&] { return world.controller.ack_of(nowhere) != nullptr; }));
    ASSERT_TRUE(world.run_until([&] { return world.controller.ack_of(older) != nullptr; }));
    EXPECT_EQ(world.controller.ack_of(older)->result, wire::AckResult::failed);
    EXPECT_FALSE(world.controller.ack_of(older)->detail.empty());
    EXPECT_EQ(world.controller.ack_of(nowhere)->result, wire::AckResult::failed);
    ASSERT_TRUE(world.run_until([&] { return world.controller.ack_of(unknown) != nullptr; }));
    EXPECT_EQ(world.controller.ack_of(unknown)->result, wire::AckResult::unsupported);
    EXPECT_EQ(world.gate().machine().epoch(), Epoch{5});
}

TEST(Agent, AnotherAppsTokenGivesNoPermissionAndSaysWhy) {
    AgentWorld world;
    world.controller.refuses = 403;
    world.start_agent();
    ASSERT_TRUE(world.run_until([&] {
        return world.agent->app(0).links()[0].why.find("token") != std::string::npos;
    }));
    EXPECT_EQ(world.gate().write_state(), core::WriteState::unconfirmed);
}

TEST(Agent, AStalledControllerConfirmsNothing) {
    AgentWorld world;
    world.config.apps[0].on_controller_loss = config::OnControllerLoss::fence;
    world.start_agent();
    world.open_under(1, kA);
    world.controller.stalls = true;
    EXPECT_TRUE(world.run_until([&] {
        return world.gate().write_state() == core::WriteState::unconfirmed;
    }));
    world.controller.stalls = false;
    EXPECT_TRUE(world.run_until([&] { return world.gate().write_state() == core::WriteState::open; }
    )) << world.gate_words();
}

TEST(Agent, GarbageOnTheStreamEndsItAndHarmsNothing) {
    AgentWorld world;
    world.start_agent();
    world.open_under(1, kA);
    const std::size_t hellos = world.controller.hellos.size();
    world.controller.send_line("{\"type\":\"fence\",\"order\":");
    ASSERT_TRUE(world.run_until([&] { return world.controller.hellos.size() > hellos; }))
        << "it connects anew";
    EXPECT_GE(world.agent->app(0).links()[0].garbage, 1U);
    const std::size_t again = world.controller.hellos.size();
    world.controller.send_line(std::string(200'000, 'x'));
    ASSERT_TRUE(world.run_until([&] { return world.controller.hellos.size() > again; }));
    EXPECT_EQ(world.gate().machine().epoch(), Epoch{1});
    EXPECT_EQ(world.put("cart-1").status, 200);
}

TEST(Agent, AnotherAppsOrderIsRefused) {
    AgentWorld world;
    world.start_agent();
    world.open_under(1, kA);
    const wire::Order other{
        .number = 900, .app = AppId{"other"}, .epoch = Epoch{9}, .body = wire::FenceOrder{}
    };
    world.controller.send_line(wire::serialize(wire::StreamLine{other}));
    ASSERT_TRUE(world.run_until([&] { return world.controller.ack_of(900) != nullptr; }));
    EXPECT_EQ(world.controller.ack_of(900)->result, wire::AckResult::failed);
    EXPECT_EQ(world.gate().write_state(), core::WriteState::open);
}

TEST(AgentVerify, WithoutControllersWritesGoOn) {
    AgentWorld world;
    world.set_epoch(1, kA);
    world.start_agent();
    world.open_under(1, kA);
    world.controller.die();
    ASSERT_TRUE(world.run_until([&] { return world.gate().controllers_silent(); }));
    world.outlive_leases();
    ASSERT_TRUE(world.run_until([&] { return world.gate().write_state() == core::WriteState::open; }
    )) << world.gate_words();
    EXPECT_EQ(world.put("cart-9").status, 200) << "losing every controller stops no host";
}

TEST(AgentVerify, CutOffFromTheMajorityItStopsWithinTheLease) {
    AgentWorld world;
    world.set_hold_max(100ms);
    world.set_epoch(1, kA);
    world.start_agent();
    world.open_under(1, kA);
    world.controller.die();
    world.b.mode = RegionDouble::Mode::silent;
    world.witness.mode = RegionDouble::Mode::silent;
    ASSERT_TRUE(world.run_until([&] { return !world.agent->app(0).links()[0].connected; }));
    world.clock->pass(world.config.apps[0].lease);
    // Its own Region still takes writes: only the lease stops them.
    for (int i = 0; i < 3; ++i) {
        EXPECT_EQ(world.put("late-" + std::to_string(i)).status, 503) << "it went on writing";
    }
    ASSERT_TRUE(world.read_records(1));
    EXPECT_EQ(world.put("late-3").status, 503) << "one record of three confirms nobody";
    EXPECT_TRUE(world.a.application_writes.empty());
}

TEST(AgentVerify, ANewerEpochInTheRecordsFencesAndIsAdopted) {
    AgentWorld world;
    world.set_epoch(1, kA);
    world.start_agent();
    world.open_under(1, kA);
    world.controller.die();
    world.set_epoch(2, kB);
    ASSERT_TRUE(world.run_until([&] {
        return world.gate().write_state() == core::WriteState::fenced;
    })) << world.gate_words();
    ASSERT_TRUE(world.run_until([&] { return world.gate().write_state() == core::WriteState::open; }
    )) << world.gate_words();
    EXPECT_EQ(world.put("cart-1").status, 200);
    EXPECT_TRUE(world.b.holds("sessions", "cart-1"));
}

TEST(AgentVerify, AfterARestartTheRecordsConfirmTheStoredEpoch) {
    AgentWorld world;
    world.set_epoch(3, kB);
    const host::StoredState state{
        .route = {.epoch = Epoch{3}, .active = kB, .users = kB}, .fenced = {}
    };
    std::filesystem::create_directories(world.config.state_directory);
    ASSERT_TRUE(host::store_state(world.config.state_directory, kApp, state, utc_from_ms(0)));
    world.controller.die();
    world.start_agent();
    EXPECT_EQ(world.gate().write_state(), core::WriteState::unconfirmed);
    ASSERT_TRUE(world.run_until([&] { return world.gate().write_state() == core::WriteState::open; }
    )) << world.gate_words();
    EXPECT_EQ(world.put("cart-1").status, 200);
    EXPECT_TRUE(world.b.holds("sessions", "cart-1"));
}

TEST(AgentLedger, ProvesAndDrains) {
    AgentWorld world;
    world.start_agent();
    world.open_under(1, kA);
    ASSERT_EQ(world.put("cart-1").status, 200);
    auto& ledger = world.agent->app(0).endpoint().ledger();
    ASSERT_TRUE(world.run_until([&] { return ledger->counters().unproven_keys == 1; }));
    const auto too_early = world.controller.send(Epoch{1}, wire::DrainOrder{.timeout = 200ms});
    ASSERT_TRUE(world.run_until([&] { return world.controller.ack_of(too_early) != nullptr; }));
    EXPECT_EQ(world.controller.ack_of(too_early)->result, wire::AckResult::failed)
        << "the standby does not have it";
    boost::json::object item;
    item["id"] = {{"S", "cart-1"}};
    world.b.put("sessions", item);
    EXPECT_TRUE(world.run_until([&] { return ledger->counters().unproven == 0; }))
        << "the standby's copy is the proof";
    const auto drain = world.controller.send(Epoch{1}, wire::DrainOrder{.timeout = 1s});
    ASSERT_TRUE(world.run_until([&] { return world.controller.ack_of(drain) != nullptr; }));
    EXPECT_EQ(world.controller.ack_of(drain)->result, wire::AckResult::done)
        << world.controller.ack_of(drain)->detail;
}

// INV-S15: what the agent's earlier process wrote is in no ledger.
TEST(AgentLedger, AfterARestartADrainProvesNothingYet) {
    AgentWorld world;
    world.start_agent();
    world.open_under(1, kA);
    ASSERT_EQ(world.put("cart-1").status, 200);
    world.stop_agent();
    const auto fresh_hello = world.controller.hellos.size();
    world.start_agent();
    ASSERT_TRUE(world.run_until([&] { return world.controller.hellos.size() > fresh_hello; }));
    const auto drain = world.controller.send(Epoch{1}, wire::DrainOrder{.timeout = 200ms});
    ASSERT_TRUE(world.run_until([&] { return world.controller.ack_of(drain) != nullptr; }));
    EXPECT_EQ(world.controller.ack_of(drain)->result, wire::AckResult::failed);
    EXPECT_NE(world.controller.ack_of(drain)->detail.find("process before it"), std::string::npos)
        << world.controller.ack_of(drain)->detail;
    const auto fence = world.controller.send(Epoch{2}, wire::FenceOrder{});
    ASSERT_TRUE(world.run_until([&] { return world.controller.ack_of(fence) != nullptr; }));
    const auto* body = std::get_if<wire::FenceAck>(&world.controller.ack_of(fence)->body);
    ASSERT_NE(body, nullptr);
    EXPECT_TRUE(body->truncated) << "the list of what is at risk is not whole";
}

TEST(AgentLedger, VerifyProvesAWriteThroughTheActiveRegion) {
    AgentWorld world;
    world.start_agent();
    world.open_under(1, kB);
    const auto verify = world.controller.send(Epoch{1}, wire::VerifyOrder{});
    ASSERT_TRUE(world.run_until([&] { return world.controller.ack_of(verify) != nullptr; }));
    EXPECT_EQ(world.controller.ack_of(verify)->result, wire::AckResult::done)
        << world.controller.ack_of(verify)->detail;
    EXPECT_TRUE(world.b.holds("farshore_heartbeat", "verify#use1-web-1"));
}

// The control target is looked up by this very component and path.
TEST(AgentEvidence, TheControlTargetIsReportedAsAFreshLook) {
    AgentWorld world;
    world.start_agent();
    world.open_under(1, kA);
    const auto control = [&]() -> const wire::EvidenceCounts* {
        for (const wire::Report& report : world.controller.reports) {
            for (const wire::EvidenceCounts& evidence : report.evidence) {
                if (evidence.component == wire::EvidenceComponent::control) {
                    return &evidence;
                }
            }
        }
        return nullptr;
    };
    ASSERT_TRUE(world.run_until([&] { return control() != nullptr; }));
    EXPECT_EQ(control()->path, wire::EvidencePath::fresh);
    EXPECT_EQ(control()->region, kA);
}

TEST(AgentEvidence, AnUnhealthyRegionIsReported) {
    AgentWorld world;
    world.start_agent();
    world.open_under(1, kA);
    world.a.mode = RegionDouble::Mode::cutting;
    const auto told = [&] {
        for (const wire::Report& report : world.controller.reports) {
            for (const wire::EvidenceCounts& evidence : report.evidence) {
                const bool here = evidence.region == kA &&
                                  evidence.component == wire::EvidenceComponent::dynamodb;
                if (here && evidence.failed > 0) {
                    return true;
                }
            }
        }
        return false;
    };
    EXPECT_TRUE(world.run_until(told));
}

TEST(AgentStart, ErrorsNameTheRemedy) {
    AgentWorld world;
    world.config.token_file = world.directory + "/missing";
    auto started = Agent::start(world.io, {.config = world.config, .clock = world.clock});
    ASSERT_FALSE(started);
    EXPECT_FALSE(started.error().remedy.empty());
    world.config.token_file = world.directory + "/token";
    world.config.health.port =
        static_cast<std::uint16_t>(std::stoi(world.a.url().substr(world.a.url().rfind(':') + 1)));
    started = Agent::start(world.io, {.config = world.config, .clock = world.clock});
    ASSERT_FALSE(started);
    EXPECT_EQ(started.error().kind, ErrorKind::conflict) << started.error().text;
    EXPECT_FALSE(started.error().remedy.empty());
}

TEST(AgentStart, NoTwoAgentsShareAPortOrAStateDirectory) {
    AgentWorld world;
    world.start_agent();
    config::AgentConfig second = world.config;
    auto started = Agent::start(world.io, {.config = second, .clock = world.clock});
    ASSERT_FALSE(started);
    EXPECT_EQ(started.error().kind, ErrorKind::conflict) << started.error().text;
    second.state_directory += "-2";
    second.apps[0].listen.port = world.agent->app(0).endpoint().port();
    started = Agent::start(world.io, {.config = second, .clock = world.clock});
    ASSERT_FALSE(started);
    EXPECT_EQ(started.error().kind, ErrorKind::conflict) << started.error().text;
}

// While it lives, this process logs into a file.
class LogInFile {
  public:
    explicit LogInFile(std::string path) : path_(std::move(path)), before_(::dup(STDERR_FILENO)) {
        point_at(::open(path_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
    }

    ~LogInFile() { point_at(before_); }

    LogInFile(const LogInFile&) = delete;
    LogInFile& operator=(const LogInFile&) = delete;

    [[nodiscard]] int lines_with(std::string_view words) const {
        std::ifstream file{path_};
        int lines = 0;
        for (std::string line; std::getline(file, line);) {
            lines += line.contains(words) ? 1 : 0;
        }
        return lines;
    }

  private:
    static void point_at(int descriptor) {
        EXPECT_GE(::dup2(descriptor, STDERR_FILENO), 0);
        ::close(descriptor);
    }

    std::string path_;
    int before_;
};

TEST(AgentFiles, WhatCouldNotBeWrittenIsWrittenWhenItCan) {
    AgentWorld world;
    const LogInFile log(world.directory + "/log");
    world.start_agent();
    std::filesystem::remove_all(world.config.run_directory);
    std::ofstream(world.config.run_directory) << "in the way";
    world.open_under(1, kA);
    // What is to be written stays the same from now on; one attempt may have begun before.
    const auto failures = [&] {
        return log.lines_with("cannot write " + world.config.run_directory);
    };
    const int before = failures();
    ASSERT_TRUE(world.run_until([&] { return failures() > before + 1; }));
    std::filesystem::remove(world.config.run_directory);
    std::filesystem::create_directory(world.config.run_directory);
    EXPECT_TRUE(world.run_until([&] {
        return std::filesystem::exists(world.config.run_directory + "/region.json");
    }));
}

TEST(AgentStart, AStoredRegionThatIsConfiguredNoMoreIsNotFollowed) {
    AgentWorld world;
    const host::StoredState state{
        .route = {.epoch = Epoch{5}, .active = RegionId{"ap-south-1"}, .users = kA}, .fenced = {}
    };
    std::filesystem::create_directories(world.config.state_directory);
    ASSERT_TRUE(host::store_state(world.config.state_directory, kApp, state, utc_from_ms(0)));
    world.start_agent();
    ASSERT_TRUE(world.run_until([&] { return !world.controller.hellos.empty(); }));
    const auto older = world.controller.send(Epoch{4}, wire::RouteOrder{.active = kB, .users = kB});
    ASSERT_TRUE(world.run_until([&] { return world.controller.ack_of(older) != nullptr; }));
    EXPECT_EQ(world.controller.ack_of(older)->result, wire::AckResult::failed)
        << "its epoch stays the least that this host follows";
    world.open_under(6, kB);
    EXPECT_EQ(world.put("cart-1").status, 200);
    EXPECT_TRUE(world.b.holds("sessions", "cart-1"));
}

TEST(AgentVerify, RecordsThatLeadToAnUnknownRegionAreNotFollowed) {
    AgentWorld world;
    world.start_agent();
    world.open_under(1, kA);
    world.set_epoch(2, RegionId{"ap-south-1"});
    world.controller.die();
    ASSERT_TRUE(world.run_until([&] {
        return world.gate().write_state() == core::WriteState::fenced;
    })) << world.gate_words();
    world.clock->pass(1min);  // it would follow now, as every lease of others is over
    ASSERT_TRUE(world.read_records(3));
    EXPECT_EQ(world.gate().write_state(), core::WriteState::fenced);
}

TEST(AgentStart, AnUnreadableStateFileIsSetAside) {
    AgentWorld world;
    std::filesystem::create_directories(world.config.state_directory);
    std::ofstream(world.config.state_directory + "/magento.json") << "{garbage";
    world.start_agent();
    EXPECT_EQ(world.gate().machine().state(), core::HostState::unrouted);
    EXPECT_TRUE(std::filesystem::exists(world.config.state_directory + "/magento.json.unreadable"));
    world.open_under(1, kA);
}

}  // namespace
}  // namespace farshore::agent::testing
