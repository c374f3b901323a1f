// The storefront over real sockets, with a DynamoDB endpoint of the test's own behind it.

#include "lab/shop/storefront.h"

#include <boost/json.hpp>

#include "adapters/net/http_client.h"

#include "shop_world.h"

namespace farshore::lab {
namespace {

namespace json = boost::json;

class StorefrontTest : public ::testing::Test {
  protected:
    void SetUp() override {
        dynamodb = net.serve([this](net::HttpRequest request) -> net::Task<net::HttpResponse> {
            asked = request;
            co_return net::HttpResponse::json(status, answer);
        });
        auto made = Storefront::start(
            net.io,
            {.host = HostId{"use1-web-1"},
             .region = RegionId{"us-east-1"},
             .dynamodb_url = "http://127.0.0.1:" + std::to_string(dynamodb->port()),
             .table = "carts",
             .credentials = {.access_key_id = "AKID", .secret_access_key = "secret"},
             .dynamodb_timeout = std::chrono::seconds{20}},
            clock
        );
        ASSERT_TRUE(made) << made.error().text;
        shop = std::move(*made);
        client = net::HttpClient::create(net.io, {});
    }

    void TearDown() override {
        bool ended = false;
        net.tasks.spawn("end", [&] { return stop(shop.get(), &ended); });
        ASSERT_TRUE(net.run_until([&] { return ended; }, std::chrono::seconds{60}));
        net.stop(*dynamodb);
    }

    static net::Task<> stop(Storefront* shop, bool* ended) {
        co_await shop->stop();
        *ended = true;
    }

    net::HttpReply call(const std::string& method, const std::string& target) {
        net::HttpCall request;
        request.method = method;
        request.url = "http://127.0.0.1:" + std::to_string(shop->port()) + target;
        request.total_timeout = std::chrono::seconds{8};
        const std::function<net::Task<Result<net::HttpReply>>()> start = [&] {
            return client->fetch(request);
        };
        const auto reply = net.wait_for<Result<net::HttpReply>>(start);
        EXPECT_TRUE(reply) << reply.error().text;
        return reply.value_or(net::HttpReply{});
    }

    const system::SystemClock clock;
    net::testing::World net;
    std::unique_ptr<net::HttpServer> dynamodb;
    std::unique_ptr<Storefront> shop;
    std::unique_ptr<net::HttpClient> client;
    int status = 200;
    std::string answer = "{}";
    net::HttpRequest asked;
};

TEST_F(StorefrontTest, AddsALineByASignedUpdate) {
    const auto reply = call("POST", "/cart/add?shopper=s-7&write=w-1");
    EXPECT_EQ(reply.status, 200) << reply.body;
    EXPECT_EQ(net::find_header(reply.headers, "x-farshore-host"), "use1-web-1");
    EXPECT_EQ(net::find_header(reply.headers, "x-farshore-region"), "us-east-1");
    EXPECT_EQ(asked.header("x-amz-target"), "DynamoDB_20120810.UpdateItem");
    EXPECT_TRUE(
        asked.header("authorization").value_or("").starts_with("AWS4-HMAC-SHA256 Credential=AKID/")
    );
    const json::value body = json::parse(asked.body);
    EXPECT_EQ(body.at("TableName"), "carts");
    EXPECT_EQ(body.at("Key").at("id").at("S"), "cart#s-7");
    EXPECT_EQ(body.at("ExpressionAttributeValues").at(":line").at("L").at(0).at("S"), "w-1");
}

TEST_F(StorefrontTest, ReadsACartConsistently) {
    answer = R"({"Item":{"id":{"S":"cart#s-7"},"lines":{"L":[{"S":"w-1"},{"S":"w-2"}]}}})";
    const auto reply = call("GET", "/cart?shopper=s-7");
    EXPECT_EQ(json::parse(reply.body).at("lines"), (json::array{"w-1", "w-2"}));
    EXPECT_EQ(json::parse(asked.body).at("ConsistentRead"), true);
    EXPECT_EQ(call("GET", "/healthz").status, 200);
    answer = "{}";
    EXPECT_EQ(json::parse(call("GET", "/cart?shopper=new").body).at("lines"), json::array{});
}

TEST_F(StorefrontTest, TellsWhatDynamoDbSaidAndRetriesNothing) {
    status = 503;
    answer =
        R"({"__type":"com.amazonaws.dynamodb.v20120810#ServiceUnavailable","message":"Writes are being switched."})";
    const auto refused = call("POST", "/cart/add?shopper=s-7&write=w-1");
    EXPECT_EQ(refused.status, 503);
    EXPECT_EQ(
        refused.body, "DynamoDB answered 503, ServiceUnavailable: Writes are being switched."
    );
    EXPECT_EQ(call("GET", "/healthz").status, 503);
    EXPECT_EQ(net::find_header(refused.headers, "x-farshore-region"), "us-east-1");
}

TEST_F(StorefrontTest, AsksForNamesAndForPagesThatItHas) {
    for (const char* target :
         {"/cart/add?shopper=s-7", "/cart/add?write=w-1", "/cart/add?shopper=&write=w-1"}) {
        EXPECT_EQ(call("POST", target).status, 400) << target;
    }
    EXPECT_EQ(call("GET", "/cart").status, 400);
    EXPECT_EQ(call("GET", "/cart?shopper=" + std::string(201, 'x')).status, 400);
    EXPECT_EQ(call("GET", "/nowhere").status, 404);
    EXPECT_EQ(call("GET", "/cart/add?shopper=s-7&write=w-1").status, 404)
        << "reading changes nothing";
}

}  // namespace
}  // namespace farshore::lab
