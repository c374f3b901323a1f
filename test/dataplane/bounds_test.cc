#include <filesystem>
#include <map>
#include <sys/resource.h>
#include <sys/socket.h>

#include <gtest/gtest.h>

#include "dataplane/answer.h"
#include "dataplane/world.h"
#include "http1/refused_messages.h"

// What an application, or another program, cannot do to the endpoint.
namespace farshore::dataplane::test {

namespace {

class Bounds : public World {};

}  // namespace

TEST_F(Bounds, MalformedHttpIsRefusedAndTheConnectionEnds) {
    start();
    std::vector<std::pair<int, std::string>> cases{
        {405, "DELETE / HTTP/1.1\r\nHost: localhost\r\n\r\n"},
        {400, "POST / HTTP/1.0\r\nContent-Length: 0\r\n\r\n"},
        {413, "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999999\r\n\r\n"},
        {431, "POST / HTTP/1.1\r\nHost: localhost\r\nX: " + std::string(40'000, 'x') + "\r\n\r\n"},
    };
    for (const http1::testing::Refused& message : http1::testing::kRefused) {
        cases.emplace_back(http1::row_of(message.rule).status, message.bytes);
        cases.back().second += http1::testing::kSmuggled;
    }
    for (const auto& [status, text] : cases) {
        Application app = application();
        ASSERT_TRUE(app.send(text));
        const auto answer = app.read();
        ASSERT_TRUE(answer) << text.substr(0, 200);
        EXPECT_EQ(answer->status, status) << text.substr(0, 200);
        EXPECT_EQ(answer->header("x-amz-crc32"), crc32_text(answer->body));
        EXPECT_FALSE(app.read()) << text.substr(0, 200);
        EXPECT_TRUE(app.ended()) << text.substr(0, 200);
    }
    EXPECT_EQ(endpoint->statistics().refused_requests, cases.size());
    EXPECT_EQ(east.count(), 0U);
}

TEST_F(Bounds, WhatIsNotDynamoDbIsRefusedAndTheConnectionStays) {
    start();
    Application app = application();
    for (const std::string& text : std::vector<std::string>{
             "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
             "POST /x HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\n{}",
             "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\n{}",
             "POST / HTTP/1.1\r\nHost: localhost\r\nX-Amz-Target: "
             "DynamoDBStreams_20120810.GetRecords\r\nContent-Length: 2\r\n\r\n{}",
             "POST / HTTP/1.1\r\nHost: localhost\r\nX-Amz-Target: DynamoDB_20120810.GetItem\r\n"
             "X-Amz-Target: DynamoDB_20120810.PutItem\r\nContent-Length: 2\r\n\r\n{}",
         }) {
        ASSERT_TRUE(app.send(text));
        const auto answer = app.read();
        ASSERT_TRUE(answer) << text;
        EXPECT_EQ(answer->status, 400) << text;
        EXPECT_TRUE(answer->body.contains("__type"));
    }
    EXPECT_EQ(app.call("GetItem", "{}")->status, 200);
    EXPECT_EQ(east.count(), 1U);
}

TEST_F(Bounds, StalledAndIdleClientsAreClosed) {
    start([](Endpoint::Options& options) {
        options.limits.client_stalled_max = std::chrono::milliseconds{200};
        options.limits.client_idle_max = std::chrono::milliseconds{700};
    });
    Application half_head = application();
    ASSERT_TRUE(half_head.send("POST / HTTP/1.1\r\nHost"));
    Application half_body = application();
    ASSERT_TRUE(half_body.send("POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\n{")
    );
    Application idle = application();
    ASSERT_TRUE(idle.call("GetItem", "{}"));
    EXPECT_EQ(half_head.read()->status, 408);
    EXPECT_TRUE(half_head.ended());
    EXPECT_EQ(half_body.read()->status, 408);
    EXPECT_TRUE(half_body.ended());
    EXPECT_TRUE(idle.ended());
    EXPECT_TRUE(eventually([&] { return endpoint->statistics().clients == 0; }));
}

TEST_F(Bounds, ApplicationThatDoesNotReadItsAnswerIsClosed) {
    east.answer_with([](const Received& request) {
        return request.target.ends_with("Query") ? Reply{.body = std::string(40'000'000, 'x')}
                                                 : Reply{};
    });
    start([](Endpoint::Options& options) {
        options.limits.client_stalled_max = std::chrono::milliseconds{200};
    });
    Application app = application();
    ASSERT_TRUE(app.send(request_text("Query", "{}")));
    ASSERT_TRUE(eventually([&] { return endpoint->statistics().clients == 1; }));
    EXPECT_TRUE(eventually([&] { return endpoint->statistics().clients == 0; }));
    Application again = application();
    EXPECT_EQ(again.call("GetItem", "{}")->status, 200);
}

TEST_F(Bounds, SlowReaderGetsEverythingAllTheSame) {
    const auto large = std::make_shared<const std::string>(20'000'000, 'y');
    east.answer_with([large](const Received& request) {
        return request.target.ends_with("Query") ? Reply{.body = *large} : Reply{};
    });
    start();
    Application app = application();
    const int small = 65536;
    ::setsockopt(app.fd(), SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
    const auto answer = app.call("Query", "{}");
    ASSERT_TRUE(answer);
    EXPECT_TRUE(answer->body == *large);
}

TEST_F(Bounds, ConnectionLimitHolds) {
    start([](Endpoint::Options& options) { options.limits.clients_max = 3; });
    std::vector<Application> apps;
    for (int i = 0; i < 3; ++i) {
        apps.push_back(application());
        ASSERT_TRUE(apps.back().call("GetItem", "{}"));
    }
    Application one_more = application();
    EXPECT_TRUE(one_more.ended());
    EXPECT_EQ(endpoint->statistics().refused_clients, 1U);
    apps.pop_back();
    EXPECT_TRUE(eventually([&] {
        Application next = application();
        const auto answer = next.call("GetItem", "{}");
        return answer && answer->status == 200;
    }));
}

TEST_F(Bounds, BodiesOfAllClientsTogetherAreBounded) {
    // A quarter of it is kept for what is there as a whole.
    start([](Endpoint::Options& options) { options.limits.memory_bytes_max = 3'000'000; });
    const std::string text =
        request_text("PutItem", "{\"a\":\"" + std::string(900'000, 'x') + "\"}");
    Application app = application();
    ASSERT_TRUE(app.send(text));
    EXPECT_EQ(app.read()->status, 200);
    // Together they are too large. The endpoint refuses the client that crosses the bound, which
    // makes room for the others.
    std::vector<Application> apps;
    for (int i = 0; i < 3; ++i) {
        apps.push_back(application());
        ASSERT_TRUE(apps.back().send(text.substr(0, 800'000)));
    }
    ASSERT_TRUE(eventually([&] { return endpoint->statistics().refused_requests == 1; }));
    std::map<int, int> answers;
    for (Application& each : apps) {
        each.send(text.substr(800'000));
        const auto answer = each.read();
        ASSERT_TRUE(answer);
        ++answers[answer->status];
    }
    EXPECT_GE(answers[200], 1);
    EXPECT_GE(answers[503], 1);
    EXPECT_EQ(answers[200] + answers[503], 3);
}

TEST_F(Bounds, WhatIsSentBehindARequestThatWaitsTakesMemoryToo) {
    start([](Endpoint::Options& options) {
        options.limits.memory_bytes_max = 1'000'000;
        options.limits.parked_for_max = std::chrono::hours{1};
        options.limits.parking.refuse_after = std::chrono::hours{1};
        options.limits.client_stalled_max = std::chrono::hours{1};
    });
    hold(std::chrono::minutes{10});
    std::vector<Application> apps;
    for (int i = 0; i < 100; ++i) {
        apps.push_back(application());
        // The second one may stay in the sockets in part: the application does not wait for that.
        ASSERT_TRUE(apps.back().send(
            request_text("PutItem", "{}") +
            request_text("GetItem", "{\"a\":\"" + std::string(60'000, 'x') + "\"}")
        ));
    }
    ASSERT_TRUE(eventually([&] { return endpoint->statistics().held == 100; }));
    Application app = application();
    EXPECT_EQ(app.call("GetItem", "{\"a\":\"" + std::string(10'000, 'x') + "\"}")->status, 200)
        << "what has arrived as a whole finds room";
    route_to(2, kWest);
    int ended = 0;
    for (Application& each : apps) {
        const auto answer = each.read();
        ASSERT_TRUE(answer);
        EXPECT_EQ(answer->status, 200);
        ended += answer->header("connection") == "close" ? 1 : 0;
    }
    EXPECT_GE(ended, 40) << "three quarters of the memory are room for fewer than 60 of them";
}

TEST_F(Bounds, HeadsThatComeSlowlyTakeMemoryToo) {
    start([](Endpoint::Options& options) { options.limits.memory_bytes_max = 600'000; });
    const std::string most_of_a_head = "POST / HTTP/1.1\r\nX: " + std::string(30'000, 'x');
    Application first = application();
    ASSERT_TRUE(first.send(most_of_a_head));
    wait_for_a_round();
    const std::uint64_t before = endpoint->statistics().refused_requests;
    std::vector<Application> apps;
    for (int i = 0; i < 60; ++i) {
        apps.push_back(application());
        ASSERT_TRUE(apps.back().send(most_of_a_head));
    }
    EXPECT_TRUE(eventually([&] { return endpoint->statistics().refused_requests >= before + 45; }));
    Application whole = application();
    EXPECT_EQ(whole.call("GetItem", "{}")->status, 200);
    ASSERT_TRUE(first.send("\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n"));
    const auto answer = first.read();
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->status, 400) << "it found room, and is no request of DynamoDB's";
}

TEST_F(Bounds, OfAnAnswerThatIsReadSlowlyOnlyTheUnreadPartIsHeld) {
    const auto large = std::make_shared<const std::string>(30'000'000, 'y');
    east.answer_with([large](const Received& request) {
        return request.target.ends_with("Query") ? Reply{.body = *large} : Reply{};
    });
    std::string directory = ::testing::TempDir() + "farshore-dp-XXXXXX";
    ASSERT_NE(::mkdtemp(directory.data()), nullptr);
    // A Unix socket takes in less at a time than the endpoint holds: that never runs empty.
    const std::string path = directory + "/endpoint";
    start([&path](Endpoint::Options& options) {
        options.unix_socket = path;
        options.limits.unread_bytes_max = 1'000'000;
    });
    Application app(path);
    const auto answer = app.call("Query", "{}");
    endpoint.reset();
    std::filesystem::remove_all(directory);
    ASSERT_TRUE(answer);
    EXPECT_TRUE(answer->body == *large);
}

TEST_F(Bounds, HalfClosedApplicationStillGetsItsAnswer) {
    std::promise<void> slow_region;
    east.answer_with([answers = slow_region.get_future().share()](const Received&) {
        answers.wait();
        return Reply{.body = "{\"late\":1}"};
    });
    start();
    Application app = application();
    ASSERT_TRUE(app.send(request_text("GetItem", "{}")));
    ASSERT_TRUE(eventually([&] { return east.count() == 1; }));
    ::shutdown(app.fd(), SHUT_WR);
    wait_for_a_round();
    slow_region.set_value();
    const auto answer = app.read();
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->body, "{\"late\":1}");
    EXPECT_TRUE(app.ended());
}

TEST_F(Bounds, OldHttpIsAnsweredAndClosed) {
    east.answer_with([](const Received&) { return Reply{.body = "{\"a\":\"b\"}", .chunk_size = 3}; }
    );
    start();
    for (const std::string wish : {"", "Connection: keep-alive\r\n"}) {
        Application app = application();
        ASSERT_TRUE(app.send(
            "POST / HTTP/1.0\r\nHost: localhost\r\n" + wish +
            "X-Amz-Target: DynamoDB_20120810.GetItem\r\nContent-Length: 2\r\n\r\n{}"
        ));
        const auto answer = app.read();
        ASSERT_TRUE(answer);
        EXPECT_EQ(answer->body, "{\"a\":\"b\"}");
        EXPECT_EQ(answer->header("transfer-encoding"), "");
        EXPECT_TRUE(app.ended()) << wish;
    }
}

TEST_F(Bounds, SeveralLoopsShareOnePortAndOneRoute) {
    start([](Endpoint::Options& options) { options.loops = 3; });
    std::vector<Application> apps;
    for (int i = 0; i < 24; ++i) {
        apps.push_back(application());
        ASSERT_EQ(apps.back().call("PutItem", "{}")->status, 200);
    }
    EXPECT_EQ(hold(std::chrono::seconds{5}).in_flight, 0U);
    for (Application& app : apps) {
        ASSERT_TRUE(app.send(request_text("PutItem", "{}")));
    }
    ASSERT_TRUE(eventually([&] { return endpoint->statistics().held == 24; }));
    route_to(2, kWest);
    for (Application& app : apps) {
        EXPECT_EQ(app.read()->status, 200);
    }
    EXPECT_EQ(east.count(), 24U);
    EXPECT_EQ(west.count(), 24U);
}

TEST_F(Bounds, WrongOptionsAreRefusedWithAReason) {
    Endpoint::Options options;
    EXPECT_FALSE(Endpoint::start(options));
    options.clock = clock;
    options.regions = {{.region = kEast, .tls = false, .host = "h", .port = 1}};
    options.route.active = kWest;
    EXPECT_FALSE(Endpoint::start(options));
    options.route.active = kEast;
    options.listen_port = 0;
    options.listen_address = "localhost";
    EXPECT_EQ(Endpoint::start(options).error().kind, ErrorKind::malformed);
    options.listen_address = "127.0.0.1";
    options.regions[0].tls = true;
    options.tls_ca_file = "/nonexistent/ca.pem";
    EXPECT_EQ(Endpoint::start(options).error().kind, ErrorKind::malformed);
}

TEST_F(Bounds, TheSignedCopyOfARequestTakesMemoryToo) {
    start([](Endpoint::Options& options) { options.limits.memory_bytes_max = 1'500'000; });
    Application app = application();
    const std::string large = "{\"a\":\"" + std::string(1'000'000, 'x') + "\"}";
    EXPECT_EQ(app.call("PutItem", large)->status, 503) << "it is held twice while it is sent";
    EXPECT_EQ(east.count(), 0U);
    const std::string half = "{\"a\":\"" + std::string(500'000, 'x') + "\"}";
    EXPECT_EQ(app.call("PutItem", half)->status, 200);
    EXPECT_EQ(app.call("PutItem", half)->status, 200) << "it was given back";
}

TEST_F(Bounds, AWriteOnItsWayKeepsItsMemoryWhenItsApplicationHasLeft) {
    east.answer_with([](const Received& request) {
        return Reply{.hang = request.target.ends_with("PutItem")};
    });
    start([](Endpoint::Options& options) { options.limits.memory_bytes_max = 1'000'000; });
    const std::string large = "{\"a\":\"" + std::string(400'000, 'x') + "\"}";
    {
        Application app = application();
        ASSERT_TRUE(app.send(request_text("PutItem", large)));
        ASSERT_TRUE(eventually([&] { return east.count() == 1; }));
        const linger now{.l_onoff = 1, .l_linger = 0};
        ::setsockopt(app.fd(), SOL_SOCKET, SO_LINGER, &now, sizeof now);
    }
    ASSERT_TRUE(eventually([&] { return endpoint->statistics().clients == 0; }));
    Application refused = application();
    EXPECT_EQ(refused.call("GetItem", large)->status, 503);
    fence(2, Duration::zero());
    Application app = application();
    EXPECT_EQ(app.call("GetItem", large)->status, 200);
}

TEST_F(Bounds, ABufferedAnswerTakesMemory) {
    const std::string answer = "{\"Attributes\":\"" + std::string(2'000'000, 'x') + "\"}";
    east.answer_with([answer](const Received& request) {
        Reply reply{.body = answer};
        reply.hang = request.target.ends_with("DeleteItem");
        reply.body = reply.hang ? "{}" : reply.body;
        return reply;
    });
    start([](Endpoint::Options& options) { options.limits.memory_bytes_max = 1'000'000; });
    Application app = application();
    const auto got = app.call("PutItem", "{}");
    ASSERT_TRUE(got);
    EXPECT_EQ(got->status, 200) << "what is there already is passed on";
    EXPECT_EQ(got->body.size(), answer.size());
    EXPECT_EQ(app.call("PutItem", "{}")->status, 200) << "and given back";
}

TEST_F(Bounds, AnApplicationThatLeavesInOrderTakesItsParkedWriteWithIt) {
    start([](Endpoint::Options& options) { options.limits.parked_for_max = std::chrono::hours{1}; }
    );
    hold(std::chrono::seconds{30});
    {
        Application app = application();
        ASSERT_TRUE(app.send(request_text("PutItem", "{}")));
        ASSERT_TRUE(eventually([&] { return endpoint->statistics().held == 1; }));
    }
    EXPECT_TRUE(eventually([&] { return endpoint->statistics().held == 0; }));
    route_to(2, kWest);
    Application app = application();
    EXPECT_EQ(app.call("GetItem", "{}")->status, 200);
    EXPECT_EQ(west.count(), 1U) << "no client would read the write's answer";
}

// No descriptor left: a matter of this host, and no evidence about a Region.
TEST_F(Bounds, WantOfDescriptorsIsNoFailureOfTheRegion) {
    start([](Endpoint::Options& options) {
        options.limits.probe_interval = std::chrono::milliseconds{10};
        options.limits.idle_connections_min = 0;
    });
    Application app = application();
    rlimit before{};
    ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
    rlimit none = before;
    none.rlim_cur = 3;  // all of them are in use
    ASSERT_TRUE(eventually([&] { return endpoint->statistics().regions[0].by(Path::fresh).ok > 0; })
    );
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &none), 0);
    const bool tried =
        eventually([&] { return endpoint->statistics().regions[0].failed_here > 2; });
    const auto answer = app.call("GetItem", "{}");
    const Statistics statistics = endpoint->statistics();
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
    EXPECT_TRUE(tried);
    ASSERT_TRUE(answer);
    EXPECT_EQ(statistics.regions[0].by(Path::fresh).failed, 0U);
    EXPECT_EQ(statistics.regions[0].by(Path::passive).failed, 0U);
    if (answer->status != 200) {  // a probe's connection may have served it
        EXPECT_TRUE(answer->body.contains("Too many requests")) << answer->body;
    }
}

}  // namespace farshore::dataplane::test
