#include <sys/socket.h>

#include <gtest/gtest.h>

#include "dataplane/world.h"

// A slow application costs itself: others are served, and the Region is not blamed.
namespace farshore::dataplane::test {

namespace {

using namespace std::chrono_literals;

constexpr std::string_view kPut = R"({"TableName":"t","Item":{"id":{"S":"k"}}})";

class SlowClient : public World {
  protected:
    void start_slow(const std::function<void(Endpoint::Options&)>& adjust = {}) {
        // More than sockets and the endpoint take in for an application that does not read.
        east.answer_with([large = std::string(6'000'000, 'x')](const Received& request) {
            return request.target.ends_with("Scan") ? Reply{.body = large} : Reply{};
        });
        start([&adjust](Endpoint::Options& options) {
            options.limits.client_stalled_max = 1h;
            if (adjust) {
                adjust(options);
            }
        });
    }

    // An application that asks for a large answer and reads nothing of it.
    Application& add_reader() {
        readers.push_back(application());
        Application& app = readers.back();
        const int small = 65536;
        ::setsockopt(app.fd(), SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
        EXPECT_TRUE(app.send(request_text("Scan", "{}")));
        return app;
    }

    // All their answers are under way, and go no further. A few at a time: the Region must not be
    // slow itself.
    void add_readers(std::size_t count) {
        while (readers.size() < count) {
            (void)add_reader();
            if (readers.size() % 8 == 0 || readers.size() == count) {
                ASSERT_TRUE(eventually([&] { return region().slow == readers.size(); }))
                    << region().slow << " " << region().last_error;
            }
        }
    }

    // An application that reads nothing, has more to read than sockets take in, and has sent one
    // request more behind that. The Region's answer to this one stops within its head.
    Application pipeline_behind_an_unread_answer(
        std::string_view operation, std::string_view body
    ) {
        const std::string large(16'000'000, 'x');
        east.answer_with([large, last = std::string{operation}](const Received& request) {
            // A refusal is buffered as a whole before the application gets it.
            Reply reply;
            if (request.target.ends_with("Scan")) {
                reply = {.status = 400, .body = large};
            } else if (request.target.ends_with(last)) {
                reply.stall_after = 20;
            }
            return reply;
        });
        start([](Endpoint::Options& options) {
            options.limits.client_stalled_max = 24h;
            options.limits.upstream_timeout = 1h;
            options.limits.probe_interval = 24h;
        });
        Application app = application();
        EXPECT_TRUE(app.send(request_text("Scan", "{}") + request_text(operation, body)));
        EXPECT_TRUE(eventually([this] { return east.stalls() == 1; }));
        wait_for_a_round();
        return app;
    }

    static void expect_unknown_behind_the_refusal(Application& app) {
        const auto refusal = app.read();
        ASSERT_TRUE(refusal);
        EXPECT_EQ(refusal->status, 400);
        const auto answer = app.read();
        ASSERT_TRUE(answer);
        EXPECT_EQ(answer->status, 503);
        EXPECT_TRUE(answer->body.contains("outcome is unknown")) << answer->body;
    }

    [[nodiscard]] RegionStatistics region() const { return endpoint->statistics().regions[0]; }

    [[nodiscard]] std::uint64_t failures() const { return region().by(Path::passive).failed; }

    std::vector<Application> readers;
};

}  // namespace

TEST_F(SlowClient, HundredThatDoNotReadDelayNoWriteAndAreNoEvidence) {
    start_slow([](Endpoint::Options& options) { options.limits.connections_max = 100; });
    add_readers(100);
    // Far beyond the time in which a Region has to answer.
    clock->advance(1min);
    wait_for_a_round();
    Application writer = application();
    for (int i = 0; i < 200; ++i) {
        const auto answer = writer.call("PutItem", kPut);
        ASSERT_TRUE(answer);
        ASSERT_EQ(answer->status, 200) << answer->body;
    }
    EXPECT_EQ(region().slow, 100U) << "each is as slow as before, and still has its answer";
    EXPECT_EQ(failures(), 0U) << region().last_error;
    EXPECT_LT(region().stalled, 1min);
    EXPECT_EQ(region().acknowledged_writes, 200U);
}

TEST_F(SlowClient, TheSlowestGivesWayToAReadThatWaits) {
    start_slow([](Endpoint::Options& options) { options.limits.connections_max = 4; });
    add_readers(4);
    Application quick = application();
    ASSERT_TRUE(quick.send(request_text("GetItem", "{}")));
    wait_for_a_round();
    clock->advance(600ms);
    const auto answer = quick.read();
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->status, 200);
    EXPECT_TRUE(eventually([&] { return region().slow == 3; }));
    EXPECT_EQ(failures(), 0U) << region().last_error;
    std::size_t whole = 0;
    for (Application& reader : readers) {
        whole += reader.read() ? 1 : 0;
    }
    EXPECT_EQ(whole, 3U) << "one answer is broken off";
}

TEST_F(SlowClient, OneAnswerWaitsForItsApplicationForABoundedTimeInAll) {
    start_slow([](Endpoint::Options& options) {
        options.limits.client_stalled_max = 20s;
        options.limits.client_idle_max = 1h;
    });
    add_readers(1);
    clock->advance(21s);
    EXPECT_TRUE(eventually([&] { return region().slow == 0; }));
    EXPECT_EQ(failures(), 0U) << region().last_error;
    EXPECT_FALSE(readers[0].read()) << "its answer is broken off";
    EXPECT_TRUE(readers[0].ended());
}

TEST_F(SlowClient, WhatWasSlowAndReadsAgainGetsItsWholeAnswer) {
    start_slow();
    add_readers(3);
    clock->advance(1min);
    wait_for_a_round();
    for (Application& reader : readers) {
        const auto answer = reader.read();
        ASSERT_TRUE(answer);
        EXPECT_EQ(answer->body.size(), 6'000'000U);
    }
    EXPECT_EQ(failures(), 0U) << region().last_error;
    EXPECT_EQ(region().by(Path::passive).ok, 3U);
    EXPECT_LT(region().by(Path::passive).latency, 1min) << "the Region's part of the time";
    EXPECT_EQ(region().slow, 0U);
}

TEST_F(SlowClient, ARegionThatHangsInTheMiddleOfAnAnswerIsBlamed) {
    east.answer_with([](const Received& request) {
        return Reply{.hang = request.target.ends_with("Scan")};
    });
    start([](Endpoint::Options& options) { options.limits.upstream_timeout = 1s; });
    Application app = application();
    ASSERT_TRUE(app.send(request_text("Scan", "{}")));
    ASSERT_TRUE(eventually([&] { return east.count() == 1; }));
    clock->advance(2s);
    EXPECT_TRUE(eventually([&] { return failures() == 1; }));
}

TEST_F(SlowClient, AWriteBehindAnUnreadAnswerIsCutByAFence) {
    Application app = pipeline_behind_an_unread_answer("PutItem", kPut);
    EXPECT_EQ(region().slow, 0U) << "a write never waits for its application";
    EXPECT_EQ(fence(2, 1ms).cut, 1U);
    EXPECT_EQ(endpoint->statistics().in_flight_writes, 0U);
    EXPECT_TRUE(eventually([this] { return east.resets() == 1; }));
    expect_unknown_behind_the_refusal(app);
    EXPECT_EQ(endpoint->ledger()->counters().unknown, 1U);
}

TEST_F(SlowClient, AWriteBehindAnUnreadAnswerIsCutBeforeTheNextRegionOpens) {
    Application app = pipeline_behind_an_unread_answer("PutItem", kPut);
    route_to(2, kWest);
    EXPECT_EQ(endpoint->statistics().in_flight_writes, 0U);
    expect_unknown_behind_the_refusal(app);
}

TEST_F(SlowClient, AWriteBehindAnUnreadAnswerEndsWithItsLease) {
    Application app = pipeline_behind_an_unread_answer("PutItem", kPut);
    clock->advance(11min);
    EXPECT_TRUE(eventually([this] { return endpoint->statistics().in_flight_writes == 0; }));
    EXPECT_TRUE(eventually([this] { return east.resets() == 1; }));
    expect_unknown_behind_the_refusal(app);
}

TEST_F(SlowClient, ARegionThatHangsBehindAnUnreadAnswerIsBlamed) {
    Application app = pipeline_behind_an_unread_answer("GetItem", "{}");
    EXPECT_EQ(region().slow, 0U);
    const std::uint64_t before = failures();
    clock->advance(1h);
    EXPECT_TRUE(eventually([&] { return failures() == before + 1; }));
}

TEST_F(SlowClient, BodiesThatComeSlowlyLeaveRoomForWholeOnes) {
    start([](Endpoint::Options& options) { options.limits.memory_bytes_max = 4'000'000; });
    const std::string large =
        request_text("PutItem", "{\"a\":\"" + std::string(900'000, 'x') + "\"}");
    std::vector<Application> senders;
    for (int i = 0; i < 8; ++i) {
        senders.push_back(application());
        ASSERT_TRUE(senders.back().send(large.substr(0, 850'000)));
    }
    ASSERT_TRUE(eventually([&] { return endpoint->statistics().refused_requests >= 5; }));
    Application writer = application();
    for (int i = 0; i < 20; ++i) {
        ASSERT_EQ(writer.call("PutItem", kPut)->status, 200);
    }
}

TEST_F(SlowClient, UnreadAnswersAreBoundedTogether) {
    start_slow([](Endpoint::Options& options) { options.limits.unread_bytes_max = 1'000'000; });
    for (int i = 0; i < 8; ++i) {
        (void)add_reader();
    }
    // Each holds a quarter of a megabyte when it is asked to wait.
    ASSERT_TRUE(eventually([&] { return endpoint->statistics().clients <= 4; }));
    Application writer = application();
    EXPECT_EQ(writer.call("PutItem", kPut)->status, 200);
    EXPECT_EQ(failures(), 0U) << region().last_error;
}

}  // namespace farshore::dataplane::test
