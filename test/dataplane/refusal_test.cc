#include <gtest/gtest.h>

#include "dataplane/world.h"

// What follows when a Region refuses a request for its signature.
namespace farshore::dataplane::test {

namespace {

class Refusal : public World {};

}  // namespace

TEST_F(Refusal, WrongClockIsCorrectedByWhatTheRegionSays) {
    std::vector<std::string> dates;
    east.answer_with([&](const Received& request) {
        if (!request.target.ends_with("PutItem") && !request.target.ends_with("GetItem")) {
            return Reply{};
        }
        dates.push_back(request.headers.at("x-amz-date"));
        if (dates.back().starts_with("2099")) {
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
    ASSERT_EQ(dates.size(), 3U) << "asked again once, then signed well";
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

}  // namespace farshore::dataplane::test
