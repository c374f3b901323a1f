#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <fcntl.h>

#include <gtest/gtest.h>

#include "base/text.h"

#include "dataplane/answer.h"
#include "dataplane/world.h"

// An application's requests through the endpoint to a Region and back.
namespace farshore::dataplane::test {

namespace {

class Forwarding : public World {};

constexpr std::string_view kPut = R"({"TableName":"t","Item":{"id":{"S":"k"},"v":{"N":"1"}}})";

Result<sigv4::ParsedAuthorization> signature_of(const Received& got, UtcTime now) {
    std::vector<sigv4::Header> headers;
    for (const auto& [name, value] : got.headers) {
        headers.push_back({.name = name, .value = value});
    }
    const std::string hash = sigv4::sha256_hex(got.body);
    const std::vector<sigv4::Credentials> known{test_credentials()};
    return sigv4::verify(
        {.method = "POST", .path = got.path, .query = {}, .headers = headers, .payload_hash = hash},
        known,
        now
    );
}

}  // namespace

TEST_F(Forwarding, AnswerArrivesUntouched) {
    east.answer_with([](const Received&) {
        return Reply{
            .body = R"({"Item":{"id":{"S":"k"}}})",
            .headers =
                {{"x-amzn-RequestId", "R1"},
                 {"x-amz-crc32", "42"},
                 {"Content-Type", "application/x-amz-json-1.0"}},
        };
    });
    start();
    Application app = application();
    const auto answer = app.call("GetItem", R"({"TableName":"t","Key":{"id":{"S":"k"}}})");
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->status, 200);
    EXPECT_EQ(answer->body, R"({"Item":{"id":{"S":"k"}}})");
    EXPECT_EQ(answer->header("x-amz-crc32"), "42");
    EXPECT_EQ(answer->header("x-amzn-requestid"), "R1");
}

TEST_F(Forwarding, SignsAnewForTheActiveRegion) {
    start();
    Application app = application();
    const auto answer = app.call(
        "PutItem",
        kPut,
        "Authorization: AWS4-HMAC-SHA256 Credential=THEIRS/x, SignedHeaders=host, Signature=00\r\n"
        "X-Amz-Date: 20200101T000000Z\r\nX-Amz-Security-Token: theirs\r\nX-Amz-Content-Sha256: "
        "00\r\n"
        "Connection: keep-alive, X-Private\r\nX-Private: 1\r\nUser-Agent: "
        "an-sdk\r\namz-sdk-request: attempt=1\r\n"
    );
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->status, 200);
    ASSERT_EQ(east.count(), 1U);
    const Received got = east.received().front();
    EXPECT_EQ(got.body, kPut);
    EXPECT_EQ(got.headers.at("host"), "dynamodb.us-east-1.test:" + std::to_string(east.port()));
    EXPECT_EQ(got.headers.at("user-agent"), "an-sdk");
    EXPECT_EQ(got.headers.at("amz-sdk-request"), "attempt=1");
    EXPECT_EQ(got.headers.at("x-amz-security-token"), "a-session-token");
    EXPECT_FALSE(got.headers.contains("x-private"));
    EXPECT_FALSE(got.headers.contains("x-amz-content-sha256"));
    EXPECT_EQ(got.path, "/");
    const auto verified = signature_of(got, clock->wall());
    ASSERT_TRUE(verified) << verified.error().text;
    EXPECT_EQ(verified->region, "us-east-1");
    EXPECT_EQ(verified->service, "dynamodb");
    EXPECT_NE(
        std::ranges::find(verified->signed_headers, "x-amz-target"), verified->signed_headers.end()
    );
}

// A Region behind a proxy that tells services apart by their path, at an IPv6 address.
TEST_F(Forwarding, ThePathOfAnEndpointIsSentAndSigned) {
    start([](Endpoint::Options& options) {
        options.regions[0].host = "::1";
        options.regions[0].path = "/a%20b/dynamodb";
    });
    Application app = application();
    ASSERT_EQ(app.call("PutItem", kPut)->status, 200);
    ASSERT_EQ(east.count(), 1U);
    const Received got = east.received().front();
    EXPECT_EQ(got.path, "/a%20b/dynamodb/");
    EXPECT_EQ(got.headers.at("host"), "[::1]:" + std::to_string(east.port()));
    const auto verified = signature_of(got, clock->wall());
    EXPECT_TRUE(verified) << verified.error().text;
}

TEST_F(Forwarding, NewCredentialsAreUsed) {
    start();
    Application app = application();
    ASSERT_TRUE(app.call("PutItem", kPut));
    endpoint->set_credentials({.access_key_id = "OTHER", .secret_access_key = "secret"});
    ASSERT_TRUE(eventually([&] {
        return app.call("PutItem", kPut) &&
               east.received().back().headers.at("authorization").contains("Credential=OTHER/");
    }));
    EXPECT_FALSE(east.received().back().headers.contains("x-amz-security-token"));
}

TEST_F(Forwarding, ConnectionsAreReusedAndBothPoolsAreWarm) {
    start([](Endpoint::Options& options) { options.limits.probe_interval = std::chrono::hours{1}; }
    );
    ASSERT_TRUE(eventually([&] {
        const Statistics seen = endpoint->statistics();
        return seen.regions[0].connections_idle >= 2 && seen.regions[1].connections_idle >= 2;
    }));
    Application app = application();
    // One is busy at times, and two are kept idle beside it: three in all, whatever the number of
    // requests.
    for (int i = 0; i < 200; ++i) {
        ASSERT_TRUE(app.call("PutItem", kPut));
    }
    EXPECT_LE(east.connections(), 4U);  // the first probe's own included
    EXPECT_EQ(endpoint->statistics().regions[0].acknowledged_writes, 200U);
    ASSERT_EQ(endpoint->statistics().epochs.size(), 1U);
    EXPECT_EQ(endpoint->statistics().epochs[0].acknowledged_writes, 200U);
}

TEST_F(Forwarding, PipelinedRequestsAreAnsweredInOrder) {
    east.answer_with([](const Received& request) {
        // The first takes longest: order must come from us, not from luck.
        return Reply{
            .body = request.body,
            .delay = std::chrono::milliseconds{request.body == "{\"n\":0}" ? 50 : 0}
        };
    });
    start();
    Application app = application();
    std::string all;
    for (int i = 0; i < 20; ++i) {
        all += request_text("Query", "{\"n\":" + std::to_string(i) + "}");
    }
    ASSERT_TRUE(app.send(all));
    for (int i = 0; i < 20; ++i) {
        const auto answer = app.read();
        ASSERT_TRUE(answer) << i;
        EXPECT_EQ(answer->body, "{\"n\":" + std::to_string(i) + "}");
    }
}

TEST_F(Forwarding, ChunkedAndLargeAnswersPass) {
    // Shared: the Region's threads end after this function does.
    const auto shared = std::make_shared<const std::string>(3'000'000, 'x');
    const std::string& large = *shared;
    east.answer_with([shared](const Received& request) {
        return Reply{
            .body = *shared, .chunk_size = request.target.ends_with("Scan") ? std::size_t{7000} : 0
        };
    });
    start();
    Application app = application();
    for (const std::string_view operation : {"Scan", "Query", "PutItem"}) {
        const auto answer = app.call(operation, kPut);
        ASSERT_TRUE(answer) << operation;
        EXPECT_EQ(answer->body.size(), large.size()) << operation;
        EXPECT_EQ(answer->body, large) << operation;
    }
}

TEST_F(Forwarding, ChunkedAndLargeRequestsPass) {
    start();
    Application app = application();
    ASSERT_TRUE(
        app.send("POST / HTTP/1.1\r\nHost: localhost\r\nX-Amz-Target: "
                 "DynamoDB_20120810.PutItem\r\nTransfer-Encoding: chunked\r\n\r\n"
                 "6\r\n{\"a\":1\r\n1\r\n}\r\n0\r\n\r\n")
    );
    ASSERT_TRUE(app.read());
    EXPECT_EQ(east.received().back().body, "{\"a\":1}");
    EXPECT_FALSE(east.received().back().headers.contains("transfer-encoding"));
    const std::string body = "{\"a\":\"" + std::string(16'000'000, 'y') + "\"}";
    const auto answer = app.call("BatchWriteItem", body);
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->status, 200);
    EXPECT_TRUE(east.received().back().body == body);
}

TEST_F(Forwarding, ExpectContinueIsAnswered) {
    start();
    Application app = application();
    const std::string text = request_text("PutItem", kPut, "Expect: 100-continue\r\n");
    const std::size_t head = text.find("\r\n\r\n") + 4;
    ASSERT_TRUE(app.send(text.substr(0, head)));
    const auto first = app.read();
    ASSERT_TRUE(first);
    EXPECT_EQ(first->status, 100);
    ASSERT_TRUE(app.send(text.substr(head)));
    const auto answer = app.read();
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->status, 200);
    EXPECT_FALSE(east.received().back().headers.contains("expect"));
}

TEST_F(Forwarding, PooledConnectionFoundClosedCostsNothing) {
    start([](Endpoint::Options& options) { options.limits.probe_interval = std::chrono::hours{1}; }
    );
    Application app = application();
    for (int i = 0; i < 20; ++i) {
        east.drop_connections();
        const auto answer = app.call("PutItem", kPut);
        ASSERT_TRUE(answer);
        ASSERT_EQ(answer->status, 200) << answer->body;
    }
    EXPECT_EQ(east.count(), 20U);  // none was sent twice
}

TEST_F(Forwarding, ReadIsTriedOnceMoreAndAWriteIsNot) {
    const auto calls = std::make_shared<std::atomic<int>>(0);
    east.answer_with([calls](const Received& request) {
        if (request.target.ends_with("DescribeEndpoints")) {
            return Reply{};
        }
        return Reply{.cut = (*calls)++ % 2 == 0};
    });
    start();
    Application app = application();
    const auto read = app.call("GetItem", "{}");
    ASSERT_TRUE(read);
    EXPECT_EQ(read->status, 200);
    EXPECT_EQ(*calls, 2);
    const auto write = app.call("PutItem", kPut);
    ASSERT_TRUE(write);
    EXPECT_EQ(write->status, 503);
    EXPECT_EQ(*calls, 3);
    EXPECT_TRUE(write->body.contains("outcome is unknown"));
    EXPECT_EQ(write->header("x-amz-crc32"), crc32_text(write->body));
    EXPECT_EQ(write->header("x-amzn-requestid").size(), 52U);
    EXPECT_TRUE(app.ended());
    EXPECT_EQ(endpoint->statistics().regions[0].unknown_outcomes, 1U);
    ASSERT_EQ(endpoint->ledger()->unproven_entries(10).size(), 1U);
    EXPECT_FALSE(endpoint->ledger()->unproven_entries(10)[0].acknowledged);
}

TEST_F(Forwarding, AnswerCutInTheMiddleIsNoticedByTheApplication) {
    east.answer_with([](const Received& request) {
        return request.target.ends_with("Query")
                   ? Reply{.body = std::string(100'000, 'x'), .cut_after = 5000}
                   : Reply{};
    });
    start();
    Application app = application();
    EXPECT_FALSE(app.call("Query", "{}"));
    Application again = application();
    EXPECT_TRUE(again.call("GetItem", "{}"));
}

TEST_F(Forwarding, SilentRegionEndsInAnErrorAndShowsAsStalled) {
    east.answer_with([](const Received& request) {
        return Reply{.hang = request.target.ends_with("PutItem")};
    });
    start([](Endpoint::Options& options) {
        options.limits.upstream_timeout = std::chrono::minutes{2};
        options.limits.probe_interval = std::chrono::hours{24};
    });
    wait_for_first_probes();
    Application app = application();
    ASSERT_TRUE(app.send(request_text("PutItem", kPut)));
    ASSERT_TRUE(eventually([&] { return east.count() == 1; }));
    clock->advance(std::chrono::minutes{1});
    EXPECT_TRUE(eventually([&] {
        return endpoint->statistics().regions[0].stalled >= std::chrono::minutes{1};
    }));
    EXPECT_EQ(endpoint->statistics().in_flight_writes, 1U);
    clock->advance(std::chrono::minutes{1});
    const auto answer = app.read();
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->status, 503);
    EXPECT_TRUE(answer->body.contains("ServiceUnavailable"));
    ASSERT_TRUE(eventually([&] { return endpoint->statistics().in_flight_writes == 0; }));
    const RegionStatistics seen = endpoint->statistics().regions[0];
    EXPECT_EQ(seen.last_error, "no answer in time");
    ASSERT_TRUE(seen.last_error_at);
    EXPECT_FALSE(endpoint->statistics().regions[1].last_error_at);
}

TEST_F(Forwarding, RefusedRegionIsAnsweredAtOnce) {
    east.stop_listening();
    // An answer that waits for one of them does not come in this test.
    start([](Endpoint::Options& options) {
        options.limits.connect_timeout = std::chrono::hours{1};
        options.limits.upstream_timeout = std::chrono::hours{1};
    });
    Application app = application();
    const auto answer = app.call("PutItem", kPut);
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->status, 503);
    EXPECT_TRUE(answer->body.contains("cannot be reached"));
    EXPECT_GT(endpoint->statistics().regions[0].by(Path::fresh).failed, 0U);
}

TEST_F(Forwarding, NameThatDoesNotResolveLeavesOpenConnectionsAlone) {
    start([](Endpoint::Options& options) {
        options.limits.probe_interval = std::chrono::milliseconds{50};
    });
    Application app = application();
    ASSERT_TRUE(app.call("PutItem", kPut));
    endpoint->set_addresses(kEast, {});
    const auto failed_before = endpoint->statistics().regions[0].by(Path::fresh).failed;
    ASSERT_TRUE(eventually([&] {
        return endpoint->statistics().regions[0].by(Path::fresh).failed > failed_before;
    }));
    const auto answer = app.call("PutItem", kPut);
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->status, 200);
    ASSERT_TRUE(eventually([&] { return endpoint->statistics().regions[0].by(Path::reused).ok > 2; }
    ));
    east.drop_connections();
    ASSERT_TRUE(eventually([&] {
        const auto now_fails = app.call("GetItem", "{}");
        return now_fails && now_fails->status == 503;
    }));
    endpoint->set_addresses(kEast, {"127.0.0.1"});
    ASSERT_TRUE(eventually([&] {
        const auto works = app.call("GetItem", "{}");
        return works && works->status == 200;
    }));
}

TEST_F(Forwarding, ProbesSeeTheStandby) {
    west.answer_with([](const Received&) { return Reply{.status = 500, .body = "{}"}; });
    start([](Endpoint::Options& options) {
        options.limits.probe_interval = std::chrono::milliseconds{30};
    });
    ASSERT_TRUE(eventually([&] {
        const Statistics seen = endpoint->statistics();
        return seen.regions[0].by(Path::fresh).ok > 2 && seen.regions[0].by(Path::reused).ok > 2 &&
               seen.regions[1].by(Path::fresh).failed > 2 &&
               seen.regions[1].by(Path::reused).failed > 2;
    }));
    EXPECT_EQ(endpoint->statistics().regions[1].by(Path::fresh).ok, 0U);
    EXPECT_EQ(west.count(), 0U);
}

TEST_F(Forwarding, UnixSocketServesToo) {
    std::string directory = ::testing::TempDir() + "farshore-dp-XXXXXX";
    ASSERT_NE(::mkdtemp(directory.data()), nullptr);
    const std::string path = directory + "/dynamodb.sock";
    start([&path](Endpoint::Options& options) { options.unix_socket = path; });
    Application app(path);
    const auto answer = app.call("GetItem", "{}");
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->status, 200);
}

TEST_F(Forwarding, StopLeavesNoDescriptorBehind) {
    const auto descriptors = [] {
        std::size_t count = 0;
        for (int fd = 0; fd < 4096; ++fd) {
            count += ::fcntl(fd, F_GETFD) >= 0 ? 1 : 0;
        }
        return count;
    };
    start();
    endpoint.reset();
    ASSERT_TRUE(eventually([&] {
        return east.open_connections() == 0 && west.open_connections() == 0;
    }));
    const std::size_t before = descriptors();
    for (int i = 0; i < 3; ++i) {
        start();
        {
            Application app = application();
            ASSERT_TRUE(app.call("PutItem", kPut));
            ASSERT_TRUE(app.send(request_text("GetItem", "{}") + "POST"));
            ASSERT_TRUE(app.read());
        }
        route_to(2, kWest);
        endpoint.reset();
        ASSERT_TRUE(eventually([&] {
            return east.open_connections() == 0 && west.open_connections() == 0;
        }));
    }
    // The Regions' threads close theirs a moment after they count a connection as gone.
    EXPECT_TRUE(eventually([&] { return descriptors() <= before; }))
        << descriptors() << ", " << before;
}

}  // namespace farshore::dataplane::test
