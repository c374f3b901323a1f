#include "cli/lab_world.h"

#include <gtest/gtest.h>

#include "adapters/net/http_server.h"
#include "adapters/net/net_test_world.h"
#include "adapters/system/system_clock.h"
#include "cli/lab_lock.h"

namespace farshore::cli {
namespace {

using net::testing::World;

net::Task<net::HttpResponse> answer_nothing(net::HttpRequest) {
    co_return net::HttpResponse{};
}

net::Task<> stop(LabWorld* world, bool* stopped) {
    co_await world->stop();
    *stopped = true;
}

TEST(LabWorld, WhatWasOpenedBeforeAnAddressInUseIsClosedInOrder) {
    World net;
    const system::SystemClock clock;
    const auto number = take_world_number();
    ASSERT_TRUE(number.has_value());
    const auto layout = lay_out(LabOptions{}, number->second_octet);
    ASSERT_TRUE(layout.has_value());
    // The last of its servers does not open.
    const auto taken = net.serve(
        answer_nothing,
        {.address = layout->world.admin_address(), .port = layout->ports.admin, .tls = {}}
    );
    const auto world = LabWorld::create(net.io, *layout, clock);
    const Status opened = world->open(
        {{.profile = "default", .credentials = {.access_key_id = "a", .secret_access_key = "s"}}},
        {.status = [] { return boost::json::object{}; },
         .shutdown =
             [] {
             }}
    );
    ASSERT_FALSE(opened.has_value());
    EXPECT_EQ(opened.error().kind, ErrorKind::conflict);
    EXPECT_TRUE(opened.error().text.starts_with("the lab's own API")) << opened.error().text;
    bool stopped = false;
    net.tasks.spawn("stop", [&] { return stop(world.get(), &stopped); });
    EXPECT_TRUE(net.run_until([&] { return stopped; }));
    net.stop(*taken);
}

}  // namespace
}  // namespace farshore::cli
