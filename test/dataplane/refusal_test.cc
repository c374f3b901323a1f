#include <gtest/gtest.h>

#include "base/text.h"

#include "dataplane/world.h"

// Signatures that are not taken: an application's by the endpoint, the endpoint's by a Region.
namespace farshore::dataplane::test {

namespace {

class Refusal : public World {};

}  // namespace

TEST_F(Refusal, WrongClockIsCorrectedByWhatTheRegionSays) {
    const auto dates = std::make_shared<std::vector<std::string>>();
    east.answer_with([dates](const Received& request) {
        if (!request.target.ends_with("PutItem") && !request.target.ends_with("GetItem")) {
            return Reply{};
        }
        dates->push_back(request.headers.at("x-amz-date"));
        if (dates->back().starts_with("2099")) {
            return Reply{};
        }
        return Reply{
            .status = 400,
            .body =
                R"({"__type":"com.amazon.coral.service#InvalidSignatureException","message":"Signature expired"})",
            .headers = {{"Date", "Sun, 01 Mar 2099 12:00:00 GMT"}}
        };
    });
    start([](Endpoint::Options& options) { options.limits.probe_interval = std::chrono::hours{1}; }
    );
    Application app = application();
    EXPECT_EQ(app.call("GetItem", "{}")->status, 200);
    EXPECT_EQ(app.call("PutItem", R"({"TableName":"t","Item":{"id":{"S":"a"}}})")->status, 200);
    ASSERT_EQ(dates->size(), 3U) << "asked again once, then signed well";
    const Statistics statistics = endpoint->statistics();
    const PathStatistics& seen = statistics.regions[0].by(Path::passive);
    EXPECT_EQ(seen.failed, 1U);
    EXPECT_EQ(seen.ok, 2U);
}

TEST_F(Refusal, RefusedCredentialsAreAFailureAndAreToldAsTheyAre) {
    const std::string body =
        R"({"__type":"com.amazon.coral.service#ExpiredTokenException","message":"expired"})";
    east.answer_with([body](const Received&) {
        return Reply{.status = 400, .body = body, .chunk_size = 7};
    });
    start([](Endpoint::Options& options) {
        options.limits.probe_interval = std::chrono::milliseconds{20};
    });
    Application app = application();
    const auto answer = app.call("GetItem", "{}");
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->status, 400);
    EXPECT_EQ(answer->body, body);
    EXPECT_EQ(endpoint->statistics().regions[0].by(Path::passive).failed, 1U);
    EXPECT_EQ(endpoint->statistics().regions[0].by(Path::passive).ok, 0U);
    EXPECT_TRUE(eventually([&] {
        const Statistics statistics = endpoint->statistics();
        return statistics.regions[0].by(Path::fresh).failed > 0 &&
               statistics.regions[0].by(Path::reused).failed > 0;
    }));
    EXPECT_EQ(endpoint->statistics().regions[0].by(Path::fresh).ok, 0U);
}

TEST_F(Refusal, IncomingSignatureIsChecked) {
    const sigv4::Credentials key{.access_key_id = "LOCAL", .secret_access_key = "local-secret"};
    start([&key](Endpoint::Options& options) { options.client_keys = {key}; });
    Application app = application();
    const auto refused = app.call("GetItem", "{}");
    ASSERT_TRUE(refused);
    EXPECT_EQ(refused->status, 400);
    EXPECT_EQ(east.count(), 0U);

    struct How {
        std::string date;
        std::string service = "dynamodb";
        bool target = true;
    };

    const auto signed_so = [&key](const How& how) {
        sigv4::Signer signer;
        std::vector<sigv4::Header> headers{{"host", "localhost"}, {"x-amz-date", how.date}};
        if (how.target) {
            headers.push_back({"x-amz-target", "DynamoDB_20120810.GetItem"});
        }
        const std::string hash = sigv4::sha256_hex("{}");
        const std::string authorization = signer.authorization(
            {.method = "POST", .path = "/", .query = {}, .headers = headers, .payload_hash = hash},
            key,
            {.region = "local", .service = how.service}
        );
        return "X-Amz-Date: " + how.date + "\r\nAuthorization: " + authorization + "\r\n";
    };
    const std::string date = to_amz_date(clock->wall());
    const std::string good = signed_so({.date = date});
    EXPECT_EQ(app.call("GetItem", "{}", good)->status, 200);
    EXPECT_EQ(app.call("GetItem", "{}", good + "X-Amz-User-Agent: any\r\n")->status, 200);
    EXPECT_EQ(app.call("GetItem", "{ }", good)->status, 400);
    EXPECT_EQ(app.call("GetItem", "{}", signed_so({.date = "20201123T130509Z"}))->status, 400);
    // One that covers less could be used for anything.
    const std::string narrow = signed_so({.date = date, .target = false});
    EXPECT_EQ(app.call("DeleteItem", "{}", narrow)->status, 400);
    EXPECT_EQ(app.call("GetItem", "{}", narrow)->status, 400);
    EXPECT_EQ(app.call("GetItem", "{}", good + "X-Amz-Something: new\r\n")->status, 400);
    EXPECT_EQ(app.call("GetItem", "{}", signed_so({.date = date, .service = "s3"}))->status, 400);
    EXPECT_EQ(east.count(), 2U);
}

}  // namespace farshore::dataplane::test
