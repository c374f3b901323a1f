#include <future>

#include <gtest/gtest.h>

#include "dataplane/world.h"

// What becomes of a write that is on its way when the permission that let it out ends.
namespace farshore::dataplane::test {

namespace {

using namespace std::chrono_literals;

constexpr std::string_view kPut = R"({"TableName":"t","Item":{"id":{"S":"k"}}})";

class Lease : public World {
  protected:
    // An endpoint whose permission ends in ten minutes, and nothing else before.
    void start_with_a_lease() {
        start([this](Endpoint::Options& options) {
            options.route.writes_until = in(10min);
            options.limits.upstream_timeout = 24h;
            options.limits.probe_interval = 24h;
        });
    }

    void hang_on_writes() {
        east.answer_with([](const Received& request) {
            return Reply{.hang = request.target.ends_with("PutItem")};
        });
    }

    // A write that has reached the Region whole, and waits for its answer.
    Application write_on_its_way() {
        Application app = application();
        EXPECT_TRUE(app.send(request_text("PutItem", kPut)));
        EXPECT_TRUE(eventually([this] { return east.count() == 1; }));
        return app;
    }

    template <class T>
    static T soon(std::promise<T>& promised) {
        auto future = promised.get_future();
        EXPECT_EQ(future.wait_for(60s), std::future_status::ready);
        return future.wait_for(0s) == std::future_status::ready ? future.get() : T{};
    }

    static void expect_unknown(Application& app) {
        const auto answer = app.read();
        ASSERT_TRUE(answer);
        EXPECT_EQ(answer->status, 503);
        EXPECT_TRUE(answer->body.contains("outcome is unknown")) << answer->body;
    }
};

}  // namespace

TEST_F(Lease, EndsWritesOnTheirWayWithAReset) {
    hang_on_writes();
    start_with_a_lease();
    Application app = write_on_its_way();
    clock->advance(11min);
    expect_unknown(app);
    EXPECT_TRUE(eventually([this] { return east.resets() == 1; }))
        << "what the network has not delivered must not be delivered later";
    EXPECT_TRUE(eventually([this] { return endpoint->statistics().in_flight_writes == 0; }));
    EXPECT_EQ(endpoint->statistics().regions[0].unknown_outcomes, 1U);
    EXPECT_EQ(endpoint->ledger()->counters().unknown, 1U);
    EXPECT_EQ(endpoint->ledger()->counters().acknowledged, 0U);
}

TEST_F(Lease, AnswerAfterItsEndIsNotPassedOnAsAcknowledged) {
    east.answer_with([this](const Received& request) {
        if (request.target.ends_with("PutItem")) {
            clock->advance(11min);
        }
        return Reply{};
    });
    start_with_a_lease();
    Application app = write_on_its_way();
    expect_unknown(app);
    EXPECT_EQ(endpoint->ledger()->counters().unknown, 1U);
    EXPECT_EQ(endpoint->ledger()->counters().acknowledged, 0U);
    EXPECT_EQ(endpoint->statistics().regions[0].acknowledged_writes, 0U);
}

TEST_F(Lease, RefusalAfterItsEndIsPassedOn) {
    east.answer_with([this](const Received& request) {
        clock->advance(request.target.ends_with("PutItem") ? 11min : 0min);
        return Reply{.status = 400, .body = R"({"__type":"x#ConditionalCheckFailedException"})"};
    });
    start_with_a_lease();
    Application app = application();
    const auto answer = app.call("PutItem", kPut);
    ASSERT_TRUE(answer);
    // The loop may have cut the write before it saw the answer.
    EXPECT_TRUE(answer->status == 400 || answer->body.contains("outcome is unknown"));
}

TEST_F(Lease, RenewedInTimeLetsWritesOnTheirWayGoOn) {
    std::promise<void> answer_now;
    east.answer_with([now = answer_now.get_future().share()](const Received& request) {
        if (request.target.ends_with("PutItem")) {
            now.wait();
        }
        return Reply{};
    });
    start_with_a_lease();
    Application app = write_on_its_way();
    ASSERT_TRUE(endpoint->grant({.epoch = Epoch{1}, .asked_at = now(), .until = in(20min)}));
    clock->advance(15min);
    wait_for_a_round();
    answer_now.set_value();
    EXPECT_EQ(app.read()->status, 200);
}

TEST_F(Lease, IsTakenAwayBeforeItsEndByTheClock) {
    hang_on_writes();
    start_with_a_lease();
    Application app = write_on_its_way();
    endpoint->end_permission();
    expect_unknown(app);
    EXPECT_EQ(endpoint->route().state, WriteState::unconfirmed);
    ASSERT_TRUE(endpoint->grant({.epoch = Epoch{1}, .asked_at = now(), .until = in(20min)}));
    EXPECT_EQ(endpoint->route().state, WriteState::open);
}

TEST_F(Lease, IsTakenAwayUnderAHoldToo) {
    hang_on_writes();
    start_with_a_lease();
    Application app = write_on_its_way();
    std::promise<HoldResult> held;
    ASSERT_TRUE(endpoint->hold(Epoch{1}, 1h, [&held](HoldResult result) { held.set_value(result); })
    );
    endpoint->end_permission();
    expect_unknown(app);
    EXPECT_EQ(soon(held).in_flight, 0U);
}

TEST_F(Lease, EndsUnderAHoldToo) {
    hang_on_writes();
    start_with_a_lease();
    Application app = write_on_its_way();
    std::promise<HoldResult> held;
    ASSERT_TRUE(endpoint->hold(Epoch{1}, 1h, [&held](HoldResult result) { held.set_value(result); })
    );
    clock->advance(11min);
    expect_unknown(app);
    EXPECT_EQ(soon(held).in_flight, 0U);
    EXPECT_EQ(endpoint->route().state, WriteState::held);
}

TEST_F(Lease, EndsTheGraceOfAFence) {
    hang_on_writes();
    start_with_a_lease();
    Application app = write_on_its_way();
    std::promise<FenceResult> fenced;
    ASSERT_TRUE(endpoint->fence(Epoch{2}, 1h, [&fenced](FenceResult result) {
        fenced.set_value(result);
    }));
    wait_for_a_round();
    clock->advance(11min);
    expect_unknown(app);
    EXPECT_EQ(soon(fenced).cut, 1U);
}

TEST_F(Lease, OfANewerEpochDoesNotCoverOlderWrites) {
    hang_on_writes();
    start_with_a_lease();
    Application app = write_on_its_way();
    route_to(2, kEast);
    ASSERT_TRUE(endpoint->grant({.epoch = Epoch{2}, .asked_at = now(), .until = in(1h)}));
    clock->advance(11min);
    expect_unknown(app);
    EXPECT_EQ(endpoint->route().state, WriteState::open);
}

TEST_F(Lease, BrokenAnswerResetsTheConnectionOfAWrite) {
    east.answer_with([](const Received& request) {
        Reply reply;
        if (request.target.ends_with("PutItem")) {
            reply.headers = {{"Content-Length", "77"}};  // and another one
        }
        return reply;
    });
    start_with_a_lease();
    Application app = write_on_its_way();
    expect_unknown(app);
    EXPECT_TRUE(eventually([this] { return east.resets() == 1; }))
        << "a write of unknown outcome must not be delivered later";
}

}  // namespace farshore::dataplane::test
