#include "lab/faults/admin.h"

#include <boost/json.hpp>
#include <gtest/gtest.h>

namespace farshore::lab {
namespace {

class StillClock final : public ports::Clock {
  public:
    [[nodiscard]] Instant now() const override { return Instant{std::chrono::seconds{5}}; }

    [[nodiscard]] UtcTime wall() const override { return utc_from_ms(1'700'000'000'000); }
};

class AdminTest : public testing::Test {
  protected:
    struct Answer {
        int status;
        boost::json::value body;

        [[nodiscard]] std::string error() const {
            return std::string{body.at("error").at("text").as_string()};
        }
    };

    Answer ask(std::string method, std::string target, std::string body = {}) {
        net::HttpRequest request;
        request.method = std::move(method);
        request.target = std::move(target);
        request.body = std::move(body);
        const auto response = admin.answer(request);
        return {response.status, boost::json::parse(response.body)};
    }

    StillClock clock;
    FaultBoard board{
        {.second_octet = 101,
         .regions = {RegionId{"us-east-1"}, RegionId{"eu-west-1"}},
         .witness = RegionId{"us-east-2"}},
        clock
    };
    int shut_downs = 0;
    std::uint64_t log_after = 0;
    std::size_t log_limit = 0;
    Admin admin{
        board,
        {.status = [] { return boost::json::object{{"version", 1}}; },
         .log =
             [this](std::uint64_t after, std::size_t limit) {
                 log_after = after;
                 log_limit = limit;
                 return boost::json::array{boost::json::object{{"n", after + 1}}};
             },
         .shut_down =
             [this] {
                 ++shut_downs;
             }}
    };
};

TEST_F(AdminTest, FaultsAreSetListedAndEnded) {
    const auto made =
        ask("POST", "/v1/faults", R"({"kind":"region","region":"us-east-1","for_ms":60000})");
    EXPECT_EQ(made.status, 201);
    const std::string id{made.body.at("id").as_string()};
    EXPECT_EQ(made.body.at("ends_at").as_string(), "2023-11-14T22:14:20.000Z");
    EXPECT_TRUE(board.replication_blocked(RegionId{"us-east-1"}, RegionId{"eu-west-1"}));
    EXPECT_EQ(ask("GET", "/v1/faults").body.at("faults").as_array().size(), 1U);
    EXPECT_EQ(ask("GET", "/v1/faults/" + id).status, 200);
    EXPECT_EQ(ask("DELETE", "/v1/faults/" + id).body.at("state").as_string(), "over");
    EXPECT_EQ(ask("DELETE", "/v1/faults/" + id).status, 404);
    const auto after = ask("GET", "/v1/faults");
    EXPECT_TRUE(after.body.at("faults").as_array().empty());
    EXPECT_EQ(after.body.at("past").as_array().size(), 1U);
    EXPECT_EQ(ask("GET", "/v1/faults/fault-99").status, 404);
}

TEST_F(AdminTest, TheWordsOfTheCommandLineAreUnderstood) {
    const auto made =
        ask("POST", "/v1/faults", R"({"words":["partition","us-east-1","eu-west-1","--one-way"]})");
    EXPECT_EQ(made.status, 201);
    EXPECT_EQ(made.body.at("one_way").as_bool(), true);
    EXPECT_EQ(ask("DELETE", "/v1/faults").status, 200);
    EXPECT_TRUE(board.faults().empty());
}

TEST_F(AdminTest, WrongFaultsSayWhatIsWrong) {
    EXPECT_EQ(ask("POST", "/v1/faults", "{").status, 400);
    const auto typo = ask("POST", "/v1/faults", R"({"words":["regoin","us-east-1"]})");
    EXPECT_EQ(typo.status, 400);
    EXPECT_EQ(typo.error(), "unknown fault \"regoin\"");
    EXPECT_EQ(typo.body.at("error").at("remedy").as_string(), "did you mean \"region\"?");
    EXPECT_EQ(ask("POST", "/v1/faults", R"({"words":"region"})").status, 400);
    EXPECT_EQ(ask("POST", "/v1/faults", R"({"words":[1]})").status, 400);
    EXPECT_EQ(ask("POST", "/v1/faults", "[]").status, 400);
    EXPECT_TRUE(board.faults().empty());
}

TEST_F(AdminTest, WebPagesBreakNothing) {
    const auto status_with = [this](net::HttpHeader header) {
        return admin
            .answer({
                .method = "POST",
                .target = "/v1/faults",
                .headers = {std::move(header)},
                .body = R"({"kind":"region","region":"us-east-1"})",
                .local_address = "127.0.9.1",
                .local_port = 8600,
            })
            .status;
    };
    for (const net::HttpHeader& header :
         {net::HttpHeader{"Host", "evil.example:8600"},
          net::HttpHeader{"Origin", "http://127.0.9.1:8600"},
          net::HttpHeader{"Sec-Fetch-Mode", "no-cors"}}) {
        EXPECT_EQ(status_with(header), 403) << header.name;
    }
    EXPECT_TRUE(board.faults().empty());
    EXPECT_EQ(status_with({"Host", "127.0.9.1:8600"}), 201);
}

TEST_F(AdminTest, TooManyFaultsAreRefused) {
    for (int i = 0; i < 100; ++i) {
        ASSERT_EQ(ask("POST", "/v1/faults", R"({"words":["hosts","us-east-1"]})").status, 201);
    }
    EXPECT_EQ(ask("POST", "/v1/faults", R"({"words":["hosts","us-east-1"]})").status, 429);
}

TEST_F(AdminTest, TheRestGoesToTheWorld) {
    EXPECT_EQ(ask("GET", "/v1/status").body.at("version").to_number<int>(), 1);
    EXPECT_EQ(
        ask("GET", "/v1/log?after=7&limit=3").body.at("entries").at(0).at("n").to_number<int>(), 8
    );
    EXPECT_EQ(log_limit, 3U);
    EXPECT_EQ(ask("GET", "/v1/log?limit=99999999").status, 200);
    EXPECT_EQ(log_limit, 10'000U);
    EXPECT_EQ(ask("GET", "/v1/log?after=x").status, 400);
    EXPECT_EQ(ask("GET", "/v1/shutdown").status, 405);
    EXPECT_EQ(shut_downs, 0);
    EXPECT_EQ(ask("POST", "/v1/shutdown").status, 202);
    EXPECT_EQ(shut_downs, 1);
    EXPECT_EQ(ask("GET", "/v2/status").status, 404);
    EXPECT_EQ(ask("PUT", "/v1/faults").status, 405);
    EXPECT_EQ(ask("POST", "/v1/log").status, 405);
}

}  // namespace
}  // namespace farshore::lab
