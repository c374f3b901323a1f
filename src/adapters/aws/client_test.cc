#include "adapters/aws/client.h"

#include <fstream>
#include <functional>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include <boost/asio/co_spawn.hpp>
#include <gtest/gtest.h>

#include "adapters/aws/dynamodb.h"
#include "adapters/aws/endpoint_settings.h"
#include "adapters/net/net_test_world.h"
#include "base/text.h"
#include "wire/url.h"

namespace farshore::aws {
namespace {

using namespace std::chrono_literals;

const RegionId kRegion{"us-east-1"};
const sigv4::Credentials kKeys{
    .access_key_id = "AKID", .secret_access_key = "secret", .session_token = "token"
};

class FreeClock final : public ports::Clock {
  public:
    [[nodiscard]] Instant now() const override { return Instant{elapsed + 1h}; }

    [[nodiscard]] UtcTime wall() const override {
        return utc_from_ms(1'795'439'109'000) +
               std::chrono::duration_cast<WallClock::duration>(elapsed);
    }

    Duration elapsed{};
};

// A service behind a network that loses what the test wants lost. It checks signatures as AWS does,
// against its own clock.
class FakeService final : public net::HttpClient {
  public:
    explicit FakeService(FreeClock& clock) : clock_(clock) {}

    using Answer = std::function<Result<net::HttpReply>(const net::HttpCall&)>;

    net::Task<Result<net::HttpReply>> fetch(net::HttpCall call) override {
        seen.push_back(call);
        clock_.elapsed += takes;
        Result<net::HttpReply> judged = verified(call);
        co_return judged;
    }

    net::Task<Result<net::HttpReply>>
    stream(net::HttpCall, Duration, std::function<bool(std::string_view)>) override {
        co_return fail(ErrorKind::unavailable, "no streams here");
    }

    Answer answer = [](const net::HttpCall&) {
        return ok("{}");
    };
    Duration takes = 10ms;
    Duration clock_ahead{};  // of ours
    std::vector<net::HttpCall> seen;

    static Result<net::HttpReply> ok(std::string body) {
        net::HttpReply reply;
        reply.status = 200;
        reply.body = std::move(body);
        return reply;
    }

    static Result<net::HttpReply> error(int status, std::string_view code) {
        net::HttpReply reply;
        reply.status = status;
        reply.body = R"({"__type":"com.amazonaws.dynamodb.v20120810#)" + std::string{code} +
                     R"(","message":"why"})";
        reply.headers = {{"x-amzn-RequestId", "R1"}, {"x-amz-retry-after", "0"}};
        return reply;
    }

  private:
    Result<net::HttpReply> verified(const net::HttpCall& call) {
        std::vector<sigv4::Header> headers;
        for (const net::HttpHeader& header : call.headers) {
            headers.push_back({header.name, header.value});
        }
        const std::string hash = sigv4::sha256_hex(call.body);
        const std::string path = wire::parse_url(call.url)->path;
        const sigv4::Request request{
            .method = call.method,
            .path = path,
            .query = "",
            .headers = headers,
            .payload_hash = hash
        };
        const UtcTime now =
            clock_.wall() + std::chrono::duration_cast<WallClock::duration>(clock_ahead);
        const auto accepted = sigv4::verify(request, std::span{&kKeys, 1}, now);
        if (accepted) {
            return answer(call);
        }
        Result<net::HttpReply> refusal = error(400, accepted.error().code);
        // The date of the test world's clock plus twenty minutes, as an HTTP date.
        refusal->headers.push_back({"Date", "Mon, 23 Nov 2026 13:25:09 GMT"});
        return refusal;
    }

    FreeClock& clock_;
};

Error lost(Effect effect) {
    return {
        .kind = ErrorKind::timed_out,
        .effect = effect,
        .text = "no answer",
        .remedy = {},
        .code = {}
    };
}

class AwsClientTest : public testing::Test {
  protected:
    AwsClientTest() { reach_at("http://127.0.0.1:4566/"); }

    void reach_at(const std::string& url) {
        AwsClient::Options options;
        options.access.dynamodb[kRegion] = url;
        options.fixed_credentials = kKeys;
        client_ = std::make_unique<AwsClient>(io_, clock_, service_, std::move(options));
    }

    Result<AwsReply> call(std::string_view name, CallOptions options = {}) {
        const Item key{{"id", string_attribute("a")}};
        AwsCall asked{
            .service = "dynamodb",
            .name = std::string{name},
            .region = kRegion,
            .input = {{"TableName", "t"}, {name == "PutItem" ? "Item" : "Key", key}}
        };
        return run(client_->call(std::move(asked), options));
    }

    template <class T>
    T run(net::Task<T> task) {
        std::optional<T> out;
        boost::asio::co_spawn(io_, std::move(task), [&](std::exception_ptr thrown, T value) {
            ASSERT_FALSE(thrown);
            out = std::move(value);
        });
        while (!out) {
            io_.restart();
            io_.run_one();
        }
        return *std::move(out);
    }

    net::Io io_{1};
    FreeClock clock_;
    FakeService service_{clock_};
    std::unique_ptr<AwsClient> client_;
};

TEST_F(AwsClientTest, SignsWhatItSends) {
    const auto reply = call("GetItem");
    ASSERT_TRUE(reply) << reply.error().text;
    ASSERT_EQ(service_.seen.size(), 1U);
    const net::HttpCall& sent = service_.seen[0];
    EXPECT_EQ(sent.url, "http://127.0.0.1:4566/");
    EXPECT_EQ(net::find_header(sent.headers, "host"), "127.0.0.1:4566");
    EXPECT_EQ(net::find_header(sent.headers, "x-amz-target"), "DynamoDB_20120810.GetItem");
    EXPECT_EQ(net::find_header(sent.headers, "x-amz-security-token"), "token");
}

TEST_F(AwsClientTest, SignsThePathOfItsEndpoint) {
    const std::vector<std::array<std::string, 3>> endpoints{
        {"http://h:4566/prefix", "http://h:4566/prefix/", "h:4566"},
        {"http://h:4566/a%20b/", "http://h:4566/a%20b/", "h:4566"},
        {"http://[::1]:4566", "http://[::1]:4566/", "[::1]:4566"},
        {"https://H.example:443", "https://h.example/", "h.example"},
    };
    for (const auto& [endpoint, url, host] : endpoints) {
        reach_at(endpoint);
        const auto reply = call("GetItem");
        ASSERT_TRUE(reply) << endpoint << ": " << reply.error().text;
        EXPECT_EQ(service_.seen.back().url, url);
        EXPECT_EQ(net::find_header(service_.seen.back().headers, "host"), host);
    }
    reach_at("http://u@h:1");
    EXPECT_EQ(call("GetItem").error().kind, ErrorKind::malformed);
}

TEST_F(AwsClientTest, RepeatsAReadThatWasLost) {
    int left = 2;
    service_.answer = [&](const net::HttpCall&) {
        return left-- > 0 ? std::unexpected(lost(Effect::possible)) : FakeService::ok("{}");
    };
    const auto reply = call("GetItem");
    ASSERT_TRUE(reply) << reply.error().text;
    EXPECT_EQ(reply->attempts, 3);
}

TEST_F(AwsClientTest, GivesUpAfterThreeAttempts) {
    service_.answer = [](const net::HttpCall&) {
        return FakeService::error(500, "InternalServerError");
    };
    const auto reply = call("GetItem");
    ASSERT_FALSE(reply);
    EXPECT_EQ(service_.seen.size(), 3U);
    EXPECT_EQ(reply.error().kind, ErrorKind::unavailable);
    EXPECT_EQ(reply.error().code, "InternalServerError");
    EXPECT_EQ(reply.error().text, "GetItem in us-east-1: InternalServerError: why (request R1)");
}

// The heart of the layer: a write that may have happened is never sent twice by itself.
TEST_F(AwsClientTest, NeverRepeatsAWriteThatMayHaveHappened) {
    service_.answer = [](const net::HttpCall&) {
        return std::unexpected(lost(Effect::possible));
    };
    const auto lost_answer = call("PutItem");
    ASSERT_FALSE(lost_answer);
    EXPECT_EQ(lost_answer.error().effect, Effect::possible);
    EXPECT_EQ(service_.seen.size(), 1U);

    service_.answer = [](const net::HttpCall&) {
        return FakeService::error(503, "ServiceUnavailable");
    };
    const auto broken = call("UpdateItem");
    ASSERT_FALSE(broken);
    EXPECT_EQ(broken.error().effect, Effect::possible);
    EXPECT_EQ(service_.seen.size(), 2U);
}

TEST_F(AwsClientTest, RepeatsAWriteThatTheCallerCallsIdempotent) {
    service_.answer = [](const net::HttpCall&) {
        return std::unexpected(lost(Effect::possible));
    };
    ASSERT_FALSE(call("PutItem", {.idempotent = true}));
    EXPECT_EQ(service_.seen.size(), 3U);
}

TEST_F(AwsClientTest, RepeatsAWriteThatWasNeverSentOrThrottled) {
    service_.answer = [](const net::HttpCall&) {
        return std::unexpected(lost(Effect::none));
    };
    EXPECT_FALSE(call("PutItem"));
    EXPECT_EQ(service_.seen.size(), 3U);
    service_.seen.clear();
    service_.answer = [](const net::HttpCall&) {
        return FakeService::error(400, "ProvisionedThroughputExceededException");
    };
    const auto throttled = call("PutItem");
    ASSERT_FALSE(throttled);
    EXPECT_EQ(throttled.error().kind, ErrorKind::throttled);
    EXPECT_EQ(throttled.error().effect, Effect::none);
    EXPECT_EQ(service_.seen.size(), 3U);
}

TEST_F(AwsClientTest, DoesNotRepeatWhatIsRefused) {
    for (const std::string_view code :
         {"ValidationException",
          "ConditionalCheckFailedException",
          "AccessDeniedException",
          "ResourceNotFoundException"}) {
        service_.seen.clear();
        service_.answer = [&](const net::HttpCall&) {
            return FakeService::error(400, code);
        };
        const auto refused = call("PutItem", {.idempotent = true});
        ASSERT_FALSE(refused);
        EXPECT_EQ(refused.error().code, code);
        EXPECT_EQ(refused.error().effect, Effect::none);
        EXPECT_EQ(service_.seen.size(), 1U) << code;
    }
}

TEST_F(AwsClientTest, AsksOnceWhenTheFailureIsTheAnswer) {
    service_.answer = [](const net::HttpCall&) {
        return FakeService::error(500, "InternalServerError");
    };
    EXPECT_FALSE(call("GetItem", {.attempts_max = 1, .fresh_connection = true}));
    ASSERT_EQ(service_.seen.size(), 1U);
    EXPECT_TRUE(service_.seen[0].fresh_connection);
}

TEST_F(AwsClientTest, KeepsTheWholeDeadlineOverAllAttempts) {
    service_.takes = 400ms;
    service_.answer = [](const net::HttpCall&) {
        return std::unexpected(lost(Effect::possible));
    };
    const Instant start = clock_.now();
    EXPECT_FALSE(call("GetItem", {.total_timeout = 1s}));
    EXPECT_LE(clock_.now() - start, 1'200ms);
    for (const net::HttpCall& sent : service_.seen) {
        EXPECT_LE(sent.total_timeout, 1s);
        EXPECT_LE(sent.connect_timeout, sent.total_timeout);
    }
    // A single attempt gets all the time; the first of several leaves some for the next.
    EXPECT_LT(service_.seen.front().total_timeout, 1s);
    service_.seen.clear();
    EXPECT_FALSE(call("PutItem", {.total_timeout = 1s}));
    EXPECT_EQ(service_.seen.front().total_timeout, 1s);
}

TEST_F(AwsClientTest, LearnsTheClockOfTheServiceOnce) {
    service_.clock_ahead = 20min;
    const auto reply = call("PutItem");
    ASSERT_TRUE(reply) << reply.error().text;
    EXPECT_EQ(service_.seen.size(), 2U);
    EXPECT_EQ(client_->clock_skew() / 1min, 19);  // twenty minutes less the time the request took
    ASSERT_TRUE(call("PutItem"));
    EXPECT_EQ(service_.seen.size(), 3U);
}

TEST_F(AwsClientTest, DoesNotTakeAWrongKeyForASkewedClock) {
    AwsClient::Options options;
    options.access.dynamodb[kRegion] = "http://127.0.0.1:4566";
    options.fixed_credentials = kKeys;
    options.fixed_credentials->secret_access_key = "wrong";
    client_ = std::make_unique<AwsClient>(io_, clock_, service_, std::move(options));
    // Each refusal carries a date twenty minutes ahead: believed once, not for ever.
    const auto refused = call("GetItem");
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().kind, ErrorKind::denied);
    EXPECT_FALSE(refused.error().text.contains("wrong"));
    EXPECT_EQ(service_.seen.size(), 2U);
}

TEST_F(AwsClientTest, ChecksTheCrcOfDynamoDb) {
    std::string crc = "2745614147";  // of "{}"
    service_.answer = [&](const net::HttpCall&) {
        Result<net::HttpReply> reply = FakeService::ok("{}");
        reply->headers = {{"x-amz-crc32", crc}};
        return reply;
    };
    EXPECT_TRUE(call("GetItem"));
    crc = "1";
    service_.seen.clear();
    const auto damaged = call("GetItem");
    ASSERT_FALSE(damaged);
    EXPECT_EQ(damaged.error().kind, ErrorKind::unavailable);
    EXPECT_EQ(damaged.error().effect, Effect::possible);
    EXPECT_EQ(service_.seen.size(), 3U);
    crc = "garbage";
    EXPECT_FALSE(call("PutItem"));
}

TEST_F(AwsClientTest, StopsRetryingWhenEverythingFails) {
    service_.answer = [](const net::HttpCall&) {
        return FakeService::error(500, "InternalServerError");
    };
    for (int i = 0; i < 60; ++i) {
        EXPECT_FALSE(call("GetItem"));
    }
    // A hundred retries of the quota, then first attempts only.
    EXPECT_EQ(service_.seen.size(), 160U);
    service_.answer = [](const net::HttpCall&) {
        return FakeService::ok("{}");
    };
    for (int i = 0; i < 5; ++i) {
        EXPECT_TRUE(call("GetItem"));
    }
    service_.seen.clear();
    service_.answer = [](const net::HttpCall&) {
        return FakeService::error(500, "InternalServerError");
    };
    EXPECT_FALSE(call("GetItem"));
    EXPECT_EQ(service_.seen.size(), 2U);
}

TEST_F(AwsClientTest, AsksAgainForUnprocessedKeysAndNoMoreThanEightTimes) {
    DynamoDb db(*client_);
    Item key;
    key.emplace("id", string_attribute("a"));
    int left = 2;
    service_.answer = [&](const net::HttpCall& sent) {
        if (left-- > 0) {
            return FakeService::ok(
                R"({"Responses":{},"UnprocessedKeys":{"t":{"Keys":[{"id":{"S":"a"}}]}}})"
            );
        }
        EXPECT_EQ(sent.body, R"({"RequestItems":{"t":{"Keys":[{"id":{"S":"a"}}]}}})");
        return FakeService::ok(R"({"Responses":{"t":[{"id":{"S":"a"}}]},"UnprocessedKeys":{}})");
    };
    const std::vector<TableKeys> wanted{{.table = TableName{"t"}, .keys = {key}}};
    const auto found = run(db.batch_get_item(kRegion, wanted));
    ASSERT_TRUE(found) << found.error().text;
    EXPECT_EQ(found->found.at(TableName{"t"}).size(), 1U);
    EXPECT_EQ(service_.seen.size(), 3U);

    left = 1'000;
    service_.seen.clear();
    const auto throttled = run(db.batch_get_item(kRegion, wanted));
    ASSERT_FALSE(throttled);
    EXPECT_EQ(throttled.error().kind, ErrorKind::throttled);
    EXPECT_EQ(service_.seen.size(), 8U);
}

TEST_F(AwsClientTest, SendsNothingThatTheServicesModelDoesNotKnow) {
    AwsCall asked{
        .service = "dynamodb", .name = "GetItem", .region = kRegion, .input = {{"TableNam", "t"}}
    };
    const auto refused = run(client_->call(std::move(asked), {}));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().kind, ErrorKind::malformed);
    EXPECT_EQ(
        refused.error().text, "GetItem in us-east-1: TableNam is not known to the service's model"
    );
    EXPECT_EQ(refused.error().remedy, "Is TableName meant?");
    EXPECT_TRUE(service_.seen.empty());
}

TEST_F(AwsClientTest, AnAnswerThatIsNoneIsAnError) {
    const std::string deep = std::string(1'000, '[') + std::string(1'000, ']');
    for (const std::string& body :
         {std::string{"[]"},
          std::string{"{"},
          std::string{"null"},
          std::string{"<html></html>"},
          std::string{R"({"Item":1})"},
          deep}) {
        service_.answer = [&](const net::HttpCall&) {
            return FakeService::ok(body);
        };
        const auto reply = call("GetItem");
        ASSERT_FALSE(reply) << body;
        EXPECT_EQ(reply.error().kind, ErrorKind::unavailable) << body;
    }
}

class EndpointsTest : public testing::Test {
  protected:
    EndpointsTest() { variables["HOME"] = "/nowhere"; }

    [[nodiscard]] std::string url(
        std::string_view service, std::string_view region, config::AwsAccess access = {}
    ) const {
        const EndpointSettings settings(std::move(access), [this](const std::string& name) {
            const auto found = variables.find(name);
            return found == variables.end() ? std::nullopt : std::optional{found->second};
        });
        return settings.url(service, RegionId{std::string{region}});
    }

    std::map<std::string, std::string> variables;
};

TEST_F(EndpointsTest, KnowThePartitions) {
    EXPECT_EQ(url("dynamodb", "eu-west-1"), "https://dynamodb.eu-west-1.amazonaws.com");
    EXPECT_EQ(url("dynamodb", "cn-north-1"), "https://dynamodb.cn-north-1.amazonaws.com.cn");
    EXPECT_EQ(url("dynamodb", "us-gov-west-1"), "https://dynamodb.us-gov-west-1.amazonaws.com");
    EXPECT_EQ(url("route53", "eu-west-1"), "https://route53.amazonaws.com");
    variables["AWS_USE_FIPS_ENDPOINT"] = "true";
    EXPECT_EQ(url("dynamodb", "us-east-1"), "https://dynamodb-fips.us-east-1.amazonaws.com");
    variables["AWS_USE_DUALSTACK_ENDPOINT"] = "True";
    EXPECT_EQ(url("dynamodb", "us-east-1"), "https://dynamodb-fips.us-east-1.api.aws");
}

TEST_F(EndpointsTest, AreOverriddenAsAwsToolsDoButForDynamoDb) {
    config::AwsAccess access;
    access.dynamodb[kRegion] = "http://lab";
    access.route53 = "http://names";
    variables["AWS_ENDPOINT_URL"] = "http://all";
    variables["AWS_ENDPOINT_URL_SQS"] = "http://queues";
    variables["AWS_ENDPOINT_URL_DYNAMODB"] = "http://agent";
    EXPECT_EQ(url("sqs", "eu-west-1"), "http://queues");
    EXPECT_EQ(url("elbv2", "eu-west-1"), "http://all");
    EXPECT_EQ(url("route53", "eu-west-1", access), "http://names");
    EXPECT_EQ(url("dynamodb", kRegion.value(), access), "http://lab");
    EXPECT_EQ(url("dynamodb", "eu-west-1"), "https://dynamodb.eu-west-1.amazonaws.com");
    variables["AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"] = "true";
    EXPECT_EQ(url("sqs", "eu-west-1"), "https://sqs.eu-west-1.amazonaws.com");
    EXPECT_EQ(url("route53", "eu-west-1", access), "http://names");
}

TEST_F(EndpointsTest, AreReadFromTheProfile) {
    const net::testing::TempDirectory directory;
    variables["AWS_CONFIG_FILE"] = directory.path() + "/config";
    variables["AWS_PROFILE"] = "shop";
    std::ofstream(variables["AWS_CONFIG_FILE"])
        << "[profile shop]\nendpoint_url = http://shop\nservices = local\n"
           "use_dualstack_endpoint = true\n[services local]\nelastic_load_balancing_v2 =\n"
           "  endpoint_url = http://balancers\r\n";
    EXPECT_EQ(url("elbv2", "eu-west-1"), "http://balancers");
    EXPECT_EQ(url("sqs", "eu-west-1"), "http://shop");
    EXPECT_EQ(url("dynamodb", "eu-west-1"), "https://dynamodb.eu-west-1.api.aws");
    variables["AWS_ENDPOINT_URL"] = "http://all";
    EXPECT_EQ(url("elbv2", "eu-west-1"), "http://all");
}

// Every call that can be sent has one row, and what its model says of tokens is in it.
TEST(AwsCallTable, HasOneCompleteRowForEachCallOfTheModels) {
    const aws_model::Model& model = aws_model::model();
    for (const CallRow& row : call_table()) {
        EXPECT_EQ(&call_row(row.service, row.name), &row) << row.name << " stands twice";
        EXPECT_GT(row.deadline, Duration{}) << row.name;
        ASSERT_NE(model.find_service(row.service), nullptr) << row.service;
        const aws_model::Operation* operation =
            model.find_operation(*model.find_service(row.service), row.name);
        ASSERT_NE(operation, nullptr) << row.service << " " << row.name;
        const auto members = model.members_of(model.shapes[operation->input]);
        const bool has_token = std::ranges::any_of(members, [](const aws_model::Member& member) {
            return member.is(aws_model::MemberFlag::idempotency_token);
        });
        // Route 53's CallerReference is a token that its model does not mark.
        const bool is_by_token =
            row.idempotency == Idempotency::by_token && row.name != "CreateHealthCheck";
        EXPECT_TRUE(has_token || !is_by_token) << row.service << " " << row.name;
    }
    EXPECT_EQ(call_table().size(), model.operations.size());
}

}  // namespace
}  // namespace farshore::aws
