#include "agent/agent_world.h"
#include "agent/unknown_outcomes.h"

// What an agent tells of writes that it has given up without an answer.
namespace farshore::agent::testing {
namespace {

// An agent that has given one write up.
void give_one_up(AgentWorld& world) {
    world.config.apps[0].upstream_timeout = 100ms;
    world.start_agent();
    world.open_under(1, kA);
    world.a.hangs_on_writes = true;
    const net::HttpReply reply = world.put("cart-1");
    EXPECT_EQ(reply.status, 503);
    EXPECT_NE(reply.body.find("outcome is unknown"), std::string::npos) << reply.body;
    // The Region carries it out all the same, as soon as it can.
    world.a.hangs_on_writes = false;
    ASSERT_TRUE(world.run_until([&] { return world.a.holds("sessions", "cart-1"); }));
    ASSERT_TRUE(world.run_until([&] {
        const auto entries = world.agent->app(0).endpoint().ledger()->entries(TableName{}, 10);
        return !entries.empty() && !entries.back().key.empty();
    }));
}

boost::json::object cart(const char* version) {
    return {{"id", {{"S", "cart-1"}}}, {"version", {{"S", version}}}};
}

const wire::Ack& acknowledged(AgentWorld& world, Epoch epoch, wire::OrderBody body) {
    const std::uint64_t order = world.controller.send(epoch, std::move(body));
    EXPECT_TRUE(world.run_until([&] { return world.controller.ack_of(order) != nullptr; }));
    return *world.controller.ack_of(order);
}

TEST(AgentUnknown, ReportsAndAcknowledgementsSayHowManyAndHowLongAgo) {
    AgentWorld world;
    give_one_up(world);
    const auto tells = [&world] {
        return world.controller.reports.back().unknown->count == 1;
    };
    ASSERT_TRUE(world.run_until(tells));
    const wire::Ack& hold = acknowledged(world, Epoch{1}, wire::HoldOrder{.hold = 1s});
    EXPECT_EQ(hold.result, wire::AckResult::done);
    EXPECT_EQ(hold.unknown->count, 1U);
    ASSERT_TRUE(hold.unknown && hold.unknown->newest_age);
    EXPECT_LT(*hold.unknown->newest_age, 1min);
    const wire::Ack& drain = acknowledged(world, Epoch{1}, wire::DrainOrder{.timeout = 700ms});
    EXPECT_EQ(drain.unknown->count, 1U);
    EXPECT_GE(*drain.unknown->newest_age, *hold.unknown->newest_age);
}

// The service may have carried it out since: whatever was seen of its key, a drain looks again.
TEST(AgentUnknown, EachDrainReadsItsKeyOnceMoreInBothRegions) {
    AgentWorld world;
    give_one_up(world);
    world.a.put("sessions", cart("newer"));
    world.b.put("sessions", cart("newer"));
    const wire::Ack& first = acknowledged(world, Epoch{1}, wire::DrainOrder{.timeout = 5s});
    const auto* seen = std::get_if<wire::DrainAck>(&first.body);
    ASSERT_NE(seen, nullptr);
    EXPECT_TRUE(seen->proven) << first.detail;
    const wire::Ack& fence = acknowledged(world, Epoch{2}, wire::FenceOrder{.grace = 10ms});
    const auto* fenced = std::get_if<wire::FenceAck>(&fence.body);
    ASSERT_NE(fenced, nullptr);
    EXPECT_EQ(fenced->unknown_writes, 1U);
    EXPECT_TRUE(fenced->entries.empty()) << "it was seen in both Regions";
    // The old Region carries it out now, and nothing of it has arrived in the other one.
    world.a.put("sessions", cart("late"));
    const wire::Ack& again = acknowledged(world, Epoch{2}, wire::DrainOrder{.timeout = 300ms});
    const auto* looked = std::get_if<wire::DrainAck>(&again.body);
    ASSERT_NE(looked, nullptr);
    EXPECT_FALSE(looked->proven);
    EXPECT_EQ(looked->left, 1U);
}

TEST(AgentUnknown, AProcessThatFollowsAnotherCountsFromItsStart) {
    AgentWorld world;
    world.start_agent();
    world.open_under(1, kA);
    EXPECT_EQ(world.controller.reports.back().unknown, wire::UnknownOutcomes{}) << "the first one";
    world.stop_agent();
    world.controller.reports.clear();
    world.start_agent();
    ASSERT_TRUE(world.run_until([&] { return !world.controller.reports.empty(); }));
    const wire::UnknownOutcomes unknown =
        world.controller.reports.back().unknown.value_or(wire::UnknownOutcomes{});
    EXPECT_EQ(unknown.count, 0U);
    ASSERT_TRUE(unknown.newest_age);
    EXPECT_LT(*unknown.newest_age, 1min);
}

TEST(AgentUnknown, WhatIsLeftAtTheEndIsToldByTheNextProcessOnce) {
    AgentWorld world;
    give_one_up(world);
    world.stop_agent();
    const std::string path = unknown_path(world.config.state_directory, kApp);
    ASSERT_TRUE(std::filesystem::exists(path));
    world.controller.reports.clear();
    world.start_agent();
    EXPECT_FALSE(std::filesystem::exists(path));
    EXPECT_EQ(world.agent->app(0).unknown().inherited(), 1U);
    ASSERT_TRUE(world.run_until([&] { return !world.controller.reports.empty(); }));
    EXPECT_EQ(world.controller.reports.back().unknown->count, 1U);
    EXPECT_EQ(
        world.agent->app(0).endpoint().ledger()->unproven_entries(10).at(0).key,
        R"({"id":{"S":"cart-1"}})"
    );
}

TEST(AgentUnknown, AFileThatIsNotUnderstoodStopsNobody) {
    AgentWorld world;
    world.start_agent();
    world.stop_agent();
    std::ofstream(unknown_path(world.config.state_directory, kApp)) << "{\"writes\":-1,";
    world.start_agent();
    EXPECT_EQ(world.agent->app(0).unknown().inherited(), 0U);
}

}  // namespace
}  // namespace farshore::agent::testing
