#include <filesystem>

#include <boost/json.hpp>
#include <gtest/gtest.h>

#include "dataplane/world.h"

// Who may use the endpoint, what the endpoint answers by itself, and what it does not know.
namespace farshore::dataplane::test {

namespace {

constexpr std::string_view kPut = R"({"TableName":"t","Item":{"id":{"S":"a"}}})";

class Doors : public World {
  protected:
    std::optional<Answer> ask(
        std::string_view operation, const std::string& host, const std::string& more = {}
    ) {
        std::string text = request_text(operation, kPut, more);
        const std::string_view local = "Host: localhost";
        text.replace(text.find(local), local.size(), "Host: " + host);
        EXPECT_TRUE(app_->send(text));
        return app_->read();
    }

    void begin(const std::function<void(Endpoint::Options&)>& adjust = {}) {
        start(adjust);
        app_.emplace(application());
        port_ = std::to_string(endpoint->port());
    }

    std::optional<Application> app_;
    std::string port_;
};

std::string message_of(const std::optional<Answer>& answer) {
    return answer ? std::string{boost::json::parse(answer->body).at("message").as_string()}
                  : "no answer";
}

}  // namespace

TEST_F(Doors, AHostOfAnotherNameIsRefusedWhateverItAsksFor) {
    begin();
    for (const std::string& host :
         {"evil.example:" + port_,
          std::string{"evil.example"},
          "127.0.0.1.evil.example:" + port_,
          "127.0.0.2:" + port_,
          "[::1]:" + port_,
          std::string{"localhost:1"},
          std::string{}}) {
        for (const std::string_view operation : {"Scan", "DeleteTable", "PutItem"}) {
            const auto answer = ask(operation, host);
            ASSERT_TRUE(answer) << host;
            EXPECT_EQ(answer->status, 403) << host;
            EXPECT_TRUE(answer->body.contains("com.amazonaws.dynamodb.v20120810#AccessDenied"));
            EXPECT_TRUE(message_of(answer).contains("localhost:" + port_)) << message_of(answer);
        }
    }
    EXPECT_EQ(east.count() + west.count(), 0U);
    EXPECT_EQ(endpoint->statistics().refused_foreign, 21U);
    for (const std::string& host :
         {"127.0.0.1:" + port_, "localhost:" + port_, "LOCALHOST:" + port_}) {
        EXPECT_EQ(ask("PutItem", host)->status, 200) << host;
    }
    EXPECT_EQ(east.count(), 3U);
}

TEST_F(Doors, WhatAWebPageSendsIsRefused) {
    begin();
    for (const std::string more :
         {"Origin: http://evil.example\r\n",
          "Origin: null\r\n",
          "origin: http://localhost:3000\r\n",
          "Sec-Fetch-Site: same-origin\r\n",
          "Sec-Fetch-Mode: cors\r\n",
          "SEC-FETCH-DEST: empty\r\n"}) {
        const auto answer = ask("PutItem", "127.0.0.1:" + port_, more);
        ASSERT_TRUE(answer) << more;
        EXPECT_EQ(answer->status, 403) << more;
        EXPECT_TRUE(message_of(answer).contains("web page")) << message_of(answer);
    }
    EXPECT_EQ(east.count(), 0U);
    EXPECT_EQ(ask("PutItem", "127.0.0.1:" + port_, "Sec-WebSocket: 1\r\n")->status, 200);
}

TEST_F(Doors, MoreNamesCanBeGiven) {
    begin([](Endpoint::Options& options) { options.listen_names = {"dynamodb.internal"}; });
    EXPECT_EQ(ask("PutItem", "dynamodb.internal:" + port_)->status, 200);
    EXPECT_EQ(ask("PutItem", "dynamodb.internal:9999")->status, 200);
    EXPECT_EQ(ask("PutItem", "dynamodb.internal.evil.example:" + port_)->status, 403);
}

TEST_F(Doors, AnIpv6ListenerServes) {
    start([](Endpoint::Options& options) { options.listen_address = "::1"; });
    const int fd = ::socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in6 address{};
    address.sin6_family = AF_INET6;
    address.sin6_addr = in6addr_loopback;
    address.sin6_port = htons(endpoint->port());
    ASSERT_EQ(::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    app_.emplace(Application::of(fd));
    port_ = std::to_string(endpoint->port());
    EXPECT_EQ(ask("PutItem", "[::1]:" + port_)->status, 200);
    EXPECT_EQ(ask("PutItem", "[0:0::1]:" + port_)->status, 200);
    EXPECT_EQ(ask("PutItem", "127.0.0.1:" + port_)->status, 403);
}

TEST_F(Doors, AUnixSocketIsReachedByAnyName) {
    const std::string path =
        (std::filesystem::temp_directory_path() / ("farshore-doors-" + std::to_string(::getpid())))
            .string();
    start([&path](Endpoint::Options& options) { options.unix_socket = path; });
    app_.emplace(path);
    EXPECT_EQ(ask("PutItem", "anything")->status, 200);
    EXPECT_EQ(ask("PutItem", "anything", "Origin: http://evil.example\r\n")->status, 403);
}

TEST_F(Doors, EndpointDiscoveryLeadsBackToThisEndpoint) {
    begin();
    for (const std::string& host : {"127.0.0.1:" + port_, "localhost:" + port_}) {
        const auto answer = ask("DescribeEndpoints", host);
        ASSERT_TRUE(answer);
        EXPECT_EQ(answer->status, 200);
        const boost::json::value body = boost::json::parse(answer->body);
        EXPECT_EQ(body.at_pointer("/Endpoints/0/Address").as_string(), "http://" + host + "/");
        EXPECT_EQ(body.at_pointer("/Endpoints/0/CachePeriodInMinutes").as_int64(), 1440);
        EXPECT_FALSE(answer->header("x-amz-crc32").empty());
    }
    EXPECT_EQ(ask("PutItem", "localhost:" + port_)->status, 200) << "on the same connection";
    EXPECT_EQ(ask("DescribeEndpoints", "evil.example")->status, 403);
    EXPECT_EQ(east.count(), 1U) << "no Region was asked";
    EXPECT_EQ(endpoint->statistics().discovery, 2U);
}

TEST_F(Doors, EndpointDiscoveryIsAnsweredWhateverTheRegionsDo) {
    begin([](Endpoint::Options& options) { options.route.writes_until = std::nullopt; });
    east.stop_listening();
    east.drop_connections();
    EXPECT_EQ(ask("DescribeEndpoints", "localhost:" + port_)->status, 200);
}

TEST_F(Doors, AnOperationThatIsNotKnownIsRefusedByName) {
    begin();
    for (const std::string_view operation : {"DescribeFuture", "FuturePut", "ListFuture"}) {
        const auto answer = ask(operation, "localhost:" + port_);
        ASSERT_TRUE(answer);
        EXPECT_EQ(answer->status, 400);
        EXPECT_TRUE(answer->body.contains("UnknownOperationException"));
        EXPECT_TRUE(message_of(answer).contains(operation)) << message_of(answer);
    }
    EXPECT_TRUE(message_of(ask("StartBulkPutItems", "localhost:" + port_)).contains("go on writing")
    );
    EXPECT_EQ(east.count(), 0U);
}

}  // namespace farshore::dataplane::test
