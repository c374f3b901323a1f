#include <algorithm>
#include <map>
#include <set>
#include <sys/socket.h>

#include <gtest/gtest.h>

#include "dataplane/load.h"
#include "dataplane/world.h"

// Hold, fence, lease and switch: which writes reach which Region, and when none may.
namespace farshore::dataplane::test {

namespace {

class Permission : public World {};

constexpr std::string_view kPut = R"({"TableName":"t","Item":{"id":{"S":"k"}}})";

// Per client, writes must reach the Regions in the order in which the client made them, each once.
void expect_in_order_and_once(const std::vector<Received>& writes) {
    std::map<std::string, int> last;
    for (const Received& write : writes) {
        const std::string id = id_of(write);
        const std::string client = id.substr(0, id.find('-'));
        const int sequence = std::stoi(id.substr(id.find('-') + 1));
        const auto before = last.find(client);
        EXPECT_EQ(sequence, before == last.end() ? 0 : before->second + 1) << id;
        last[client] = sequence;
    }
}

std::vector<Received> merged(const FakeRegion& one, const FakeRegion& other) {
    std::vector<Received> all = one.received();
    const std::vector<Received> more = other.received();
    all.insert(all.end(), more.begin(), more.end());
    std::ranges::sort(all, {}, &Received::number);
    return all;
}

}  // namespace

TEST_F(Permission, SwitchUnderLoadFailsNothingAndKeepsTheOrder) {
    start();
    Load load(endpoint->port(), 8);
    ASSERT_TRUE(load.proceed(200));
    RegionId active = kEast;
    for (std::uint64_t epoch = 2; epoch < 12; ++epoch) {
        const HoldResult held = hold(std::chrono::seconds{5});
        EXPECT_EQ(held.in_flight, 0U);
        FakeRegion& left = active == kEast ? east : west;
        const std::size_t before = left.count();
        active = active == kEast ? kWest : kEast;
        route_to(epoch, active);
        ASSERT_TRUE(load.proceed(100));
        EXPECT_EQ(left.count(), before) << "a write reached the Region that was left";
    }
    const auto outcomes = load.finish();
    for (const Load::Outcome& outcome : outcomes) {
        ASSERT_EQ(outcome.status, 200) << outcome.id << " " << outcome.body;
    }
    const auto writes = merged(east, west);
    EXPECT_EQ(writes.size(), outcomes.size());
    expect_in_order_and_once(writes);
    EXPECT_EQ(endpoint->statistics().epochs.size(), 11U);
}

TEST_F(Permission, HoldIsAcknowledgedOnlyWhenNoWriteIsOnItsWay) {
    std::promise<void> slow_region;
    east.answer_with([answers = slow_region.get_future().share()](const Received& request) {
        if (request.target.ends_with("PutItem")) {
            answers.wait();
        }
        return Reply{};
    });
    start();
    Application app = application();
    ASSERT_TRUE(app.send(request_text("PutItem", kPut)));
    ASSERT_TRUE(eventually([&] { return endpoint->statistics().in_flight_writes == 1; }));
    const auto held = std::make_shared<std::promise<HoldResult>>();
    std::future<HoldResult> result = held->get_future();
    ASSERT_TRUE(endpoint->hold(Epoch{1}, std::chrono::minutes{1}, [held](HoldResult outcome) {
        held->set_value(outcome);
    }));
    ASSERT_TRUE(eventually([&] { return endpoint->route().state == WriteState::held; }));
    wait_for_a_round();
    EXPECT_EQ(result.wait_for(std::chrono::seconds{0}), std::future_status::timeout);
    slow_region.set_value();
    EXPECT_EQ(result.get().in_flight, 0U);
    EXPECT_EQ(endpoint->route().state, WriteState::held);
    EXPECT_EQ(app.read()->status, 200);
}

TEST_F(Permission, HoldThatCannotFinishSaysSoAtItsEnd) {
    east.answer_with([](const Received& request) {
        return Reply{.hang = request.target.ends_with("PutItem")};
    });
    start();
    Application app = application();
    ASSERT_TRUE(app.send(request_text("PutItem", kPut)));
    ASSERT_TRUE(eventually([&] { return endpoint->statistics().in_flight_writes == 1; }));
    EXPECT_EQ(hold(std::chrono::milliseconds{100}).in_flight, 1U);
    EXPECT_EQ(endpoint->route().state, WriteState::unconfirmed);
}

TEST_F(Permission, HeldWritesAreReleasedToTheOldRegionWithAFreshPermission) {
    start();
    hold(std::chrono::seconds{5});
    Application app = application();
    ASSERT_TRUE(app.send(request_text("PutItem", kPut)));
    ASSERT_TRUE(eventually([&] { return endpoint->statistics().held == 1; }));
    EXPECT_EQ(east.count(), 0U);
    ASSERT_TRUE(endpoint->release(Epoch{1}, in(std::chrono::seconds{5})));
    EXPECT_EQ(app.read()->status, 200);
    EXPECT_EQ(east.count(), 1U);
    EXPECT_EQ(endpoint->route().state, WriteState::open);
}

TEST_F(Permission, ReadsGoOnWhileWritesAreHeldFencedOrUnconfirmed) {
    start([](Endpoint::Options& options) { options.route.writes_until.reset(); });
    Application app = application();
    EXPECT_EQ(endpoint->route().state, WriteState::unconfirmed);
    EXPECT_EQ(app.call("GetItem", "{}")->status, 200);
    route_to(1, kEast);
    hold(std::chrono::seconds{5});
    EXPECT_EQ(app.call("Query", "{}")->status, 200);
    fence(2, Duration::zero());
    EXPECT_EQ(app.call("ExecuteStatement", R"({"Statement":"SELECT * FROM t"})")->status, 200);
    EXPECT_EQ(east.count(), 3U);
}

TEST_F(Permission, WriteThatWaitsTooLongIsToldToTryAgain) {
    start([](Endpoint::Options& options) {
        options.limits.parked_for_max = std::chrono::milliseconds{100};
    });
    hold(std::chrono::seconds{5});
    Application app = application();
    const auto answer = app.call("PutItem", kPut);
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->status, 503);
    EXPECT_TRUE(answer->body.contains("ServiceUnavailable"));
    EXPECT_FALSE(answer->header("x-amz-retry-after").empty());
    EXPECT_EQ(east.count(), 0U);
    EXPECT_EQ(endpoint->statistics().held, 0U);
}

TEST_F(Permission, AWriteThatWaitsAlreadyWaitsAsLongAsWasSaidLast) {
    start([](Endpoint::Options& options) { options.limits.parked_for_max = std::chrono::hours{1}; }
    );
    hold(std::chrono::hours{3});
    Application app = application();
    ASSERT_TRUE(app.send(request_text("PutItem", kPut)));
    ASSERT_TRUE(eventually([&] { return endpoint->statistics().held == 1; }));
    endpoint->set_parked_for_max(std::chrono::hours{2});
    clock->advance(std::chrono::minutes{90});
    wait_for_a_round();
    EXPECT_EQ(endpoint->statistics().held, 1U) << "longer than at the start";
    endpoint->set_parked_for_max(std::chrono::minutes{80});
    const auto answer = app.read();
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->status, 503);
    EXPECT_EQ(endpoint->statistics().held, 0U);
}

TEST_F(Permission, ParkedWritesAreBoundedInNumberAndBytes) {
    start([](Endpoint::Options& options) {
        options.limits.parking.most.writes = 3;
        options.limits.parking.most.bytes = 3000;
        options.limits.parked_for_max = std::chrono::seconds{30};
    });
    hold(std::chrono::seconds{30});
    Application large = application();
    EXPECT_EQ(large.call("PutItem", "{\"a\":\"" + std::string(3000, 'x') + "\"}")->status, 503);
    std::vector<Application> parked;
    for (int i = 0; i < 3; ++i) {
        parked.push_back(application());
        ASSERT_TRUE(parked.back().send(request_text("PutItem", kPut)));
    }
    ASSERT_TRUE(eventually([&] { return endpoint->statistics().held == 3; }));
    Application one_more = application();
    EXPECT_EQ(one_more.call("PutItem", kPut)->status, 503);
    route_to(2, kWest);
    for (Application& app : parked) {
        EXPECT_EQ(app.read()->status, 200);
    }
    EXPECT_EQ(west.count(), 3U);
    EXPECT_EQ(endpoint->statistics().held_bytes, 0U);
}

TEST_F(Permission, ApplicationThatLeavesTakesItsParkedWriteWithIt) {
    start();
    hold(std::chrono::seconds{30});
    {
        Application app = application();
        ASSERT_TRUE(app.send(request_text("PutItem", kPut)));
        ASSERT_TRUE(eventually([&] { return endpoint->statistics().held == 1; }));
        const linger now{.l_onoff = 1, .l_linger = 0};
        ::setsockopt(app.fd(), SOL_SOCKET, SO_LINGER, &now, sizeof now);
    }
    ASSERT_TRUE(eventually([&] { return endpoint->statistics().held == 0; }));
    route_to(2, kWest);
    Application app = application();
    EXPECT_EQ(app.call("GetItem", "{}")->status, 200);
    EXPECT_EQ(west.count(), 1U);
}

TEST_F(Permission, ExpiredLeaseStopsWritesWithoutATimer) {
    start([](Endpoint::Options& options) {
        options.limits.parked_for_max = std::chrono::milliseconds{50};
    });
    Application app = application();
    EXPECT_EQ(app.call("PutItem", kPut)->status, 200);
    clock->advance(std::chrono::minutes{11});
    Application late = application();
    EXPECT_EQ(late.call("PutItem", kPut)->status, 503);
    EXPECT_EQ(endpoint->route().state, WriteState::unconfirmed);
    EXPECT_EQ(east.count(), 1U);
    ASSERT_TRUE(endpoint->grant(
        {.epoch = Epoch{1}, .asked_at = now(), .until = in(std::chrono::minutes{10})}
    ));
    EXPECT_EQ(late.call("PutItem", kPut)->status, 200);
    ASSERT_TRUE(endpoint->grant({.epoch = Epoch{1}, .asked_at = now(), .until = now()}));
    EXPECT_EQ(late.call("PutItem", kPut)->status, 503);
}

TEST_F(Permission, PermissionThatComesJustAsTheLastOneEndsReleasesWhatWasParked) {
    start([](Endpoint::Options& options) {
        options.limits.parked_for_max = std::chrono::hours{1};
        options.limits.parking.refuse_after = std::chrono::hours{1};
    });
    clock->advance(std::chrono::minutes{11});
    Application app = application();
    ASSERT_TRUE(app.send(request_text("PutItem", kPut)));
    ASSERT_TRUE(eventually([&] { return endpoint->statistics().held == 1; }));
    // As the control thread saw it, the permission had not ended yet.
    clock->advance(-std::chrono::minutes{11});
    ASSERT_TRUE(endpoint->grant(
        {.epoch = Epoch{1}, .asked_at = now(), .until = in(std::chrono::minutes{30})}
    ));
    const auto answer = app.read();
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->status, 200);
}

TEST_F(Permission, ReleaseWithoutAPermissionEndsTheHoldAndALaterGrantOpens) {
    start();
    hold(std::chrono::minutes{1});
    const Instant before = now();
    ASSERT_TRUE(endpoint->release(Epoch{1}, std::nullopt));
    EXPECT_EQ(endpoint->route().state, WriteState::unconfirmed);
    const Instant until = in(std::chrono::minutes{1});
    EXPECT_FALSE(endpoint->grant({.epoch = Epoch{1}, .asked_at = before, .until = until}));
    EXPECT_TRUE(endpoint->grant({.epoch = Epoch{1}, .asked_at = now(), .until = until}));
    EXPECT_EQ(endpoint->route().state, WriteState::open);
}

TEST_F(Permission, HoldForfeitsThePermissionAndOnlyALaterConfirmationCounts) {
    start();
    const Instant asked_before = now();
    const Duration length = std::chrono::milliseconds{150};
    EXPECT_EQ(hold(length).in_flight, 0U);
    const Instant end = in(length);
    const WritePermission old{
        .epoch = Epoch{1}, .asked_at = asked_before, .until = in(std::chrono::minutes{1})
    };
    EXPECT_FALSE(endpoint->grant(old));  // held
    Application app = application();
    ASSERT_TRUE(app.send(request_text("PutItem", kPut)));
    ASSERT_TRUE(eventually([&] { return endpoint->route().state == WriteState::unconfirmed; }));
    EXPECT_FALSE(endpoint->grant(old));
    EXPECT_EQ(east.count(), 0U);
    ASSERT_TRUE(eventually([&] { return now() > end; }));
    EXPECT_TRUE(endpoint->grant(
        {.epoch = Epoch{1}, .asked_at = now(), .until = in(std::chrono::minutes{1})}
    ));
    EXPECT_EQ(app.read()->status, 200);
}

TEST_F(Permission, NoWriteReachesTheOldRegionAfterAFence) {
    // Every fifth write hangs, every fifth is slow: the fence must cut the ones and wait for the
    // others.
    const auto mixed = [calls = std::make_shared<std::atomic<int>>(0)](const Received& request) {
        if (!request.target.ends_with("PutItem")) {
            return Reply{};
        }
        const int call = (*calls)++;
        return Reply{
            .delay = std::chrono::milliseconds{call % 5 == 1 ? 5 : 0}, .hang = call % 5 == 0
        };
    };
    east.answer_with(mixed);
    west.answer_with(mixed);
    start([](Endpoint::Options& options) { options.limits.connections_max = 32; });
    Load load(endpoint->port(), 8);
    RegionId active = kEast;
    std::uint64_t cut = 0;
    std::set<std::string> late;
    for (std::uint64_t epoch = 2; epoch < 22; ++epoch) {
        ASSERT_TRUE(eventually([&] { return endpoint->statistics().in_flight_writes >= 6; }));
        cut += fence(epoch, std::chrono::milliseconds{20}).cut;
        FakeRegion& left = active == kEast ? east : west;
        EXPECT_EQ(endpoint->statistics().in_flight_writes, 0U);
        const std::size_t at_fence = left.count();
        active = active == kEast ? kWest : kEast;
        route_to(epoch, active);
        ASSERT_TRUE(eventually([&] { return endpoint->statistics().in_flight_writes >= 4; }));
        const auto all = left.received();
        for (std::size_t i = at_fence; i < all.size(); ++i) {
            late.insert(id_of(all[i]));
        }
    }
    EXPECT_GT(cut, 20U);
    fence(100, Duration::zero());
    east.answer_with([](const Received&) { return Reply{}; });
    route_to(100, kEast);
    ASSERT_TRUE(load.proceed(50));
    const auto outcomes = load.finish();
    std::set<std::string> acknowledged;
    std::size_t unknown = 0;
    for (const Load::Outcome& outcome : outcomes) {
        if (outcome.status == 200) {
            acknowledged.insert(outcome.id);
        } else {
            ASSERT_EQ(outcome.status, 503) << outcome.id << outcome.body;
            EXPECT_TRUE(outcome.body.contains("outcome is unknown")) << outcome.body;
            ++unknown;
            // The fake Region's thread may have had it in its hands when the connection was cut.
            late.erase(outcome.id);
        }
    }
    EXPECT_GE(unknown, cut);
    EXPECT_TRUE(late.empty()) << *late.begin() << " reached the Region that was left";
    const auto writes = merged(east, west);
    std::set<std::string> reached;
    for (const Received& write : writes) {
        EXPECT_TRUE(reached.insert(id_of(write)).second) << id_of(write) << " was sent twice";
    }
    for (const std::string& id : acknowledged) {
        EXPECT_TRUE(reached.contains(id)) << id;
    }
    core::LedgerCounters counters = endpoint->ledger()->counters();
    EXPECT_EQ(counters.acknowledged, acknowledged.size());
    EXPECT_EQ(counters.unknown, unknown);
}

TEST_F(Permission, FencedForLongIsDeniedForGood) {
    start([](Endpoint::Options& options) {
        options.limits.parking.refuse_after = std::chrono::milliseconds{100};
        options.limits.parked_for_max = std::chrono::milliseconds{50};
    });
    fence(2, Duration::zero());
    Application app = application();
    ASSERT_TRUE(eventually([&] { return app.call("PutItem", kPut)->status == 400; }));
    const auto answer = app.call("DeleteItem", "{}");
    EXPECT_TRUE(answer->body.contains("AccessDeniedException"));
    EXPECT_EQ(app.call("GetItem", "{}")->status, 200);
    route_to(2, kEast);
    EXPECT_EQ(app.call("PutItem", kPut)->status, 200);
}

TEST_F(Permission, UnfinishedLargeWriteIsCutWhenThePermissionHasEnded) {
    start([](Endpoint::Options& options) {
        options.limits.probe_interval = std::chrono::hours{1};
        options.limits.upstream_timeout = std::chrono::minutes{1};
    });
    east.read_bodies(false);
    Application app = application();
    ASSERT_TRUE(app.send(request_text("PutItem", "{\"a\":\"" + std::string(16'000'000, 'x') + "\"}")
    ));
    ASSERT_TRUE(eventually([&] { return endpoint->statistics().in_flight_writes == 1; }));
    ASSERT_TRUE(endpoint->grant({.epoch = Epoch{1}, .asked_at = now(), .until = now()}));
    EXPECT_EQ(endpoint->route().state, WriteState::unconfirmed);
    east.read_bodies(true);
    const auto answer = app.read();
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->status, 503);
    EXPECT_TRUE(eventually([&] { return endpoint->statistics().in_flight_writes == 0; }));
    EXPECT_EQ(east.count(), 0U);
}

TEST_F(Permission, ManyParkedWritesAreReleasedInTheOrderOfArrival) {
    start([](Endpoint::Options& options) {
        options.limits.parked_for_max = std::chrono::seconds{30};
        // One connection: then the Region sees the order in which they were released.
        options.limits.connections_max = 1;
        options.limits.idle_connections_min = 1;
    });
    hold(std::chrono::seconds{60});
    std::vector<Application> apps;
    constexpr int kApps = 1000;
    for (int i = 0; i < kApps; ++i) {
        apps.push_back(application());
        ASSERT_TRUE(apps.back().send(
            request_text("PutItem", R"({"Item":{"id":{"S":"0-)" + std::to_string(i) + "\"}}}")
        ));
        ASSERT_TRUE(eventually([&] {
            return endpoint->statistics().held == static_cast<std::uint64_t>(i) + 1;
        }));
    }
    route_to(2, kWest);
    for (Application& app : apps) {
        const auto answer = app.read();
        ASSERT_TRUE(answer);
        EXPECT_EQ(answer->status, 200);
    }
    EXPECT_EQ(east.count(), 0U);
    EXPECT_EQ(west.count(), static_cast<std::size_t>(kApps));
    expect_in_order_and_once(west.received());
}

}  // namespace farshore::dataplane::test
