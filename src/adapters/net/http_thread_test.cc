#include "adapters/net/http_thread.h"

#include "adapters/net/net_test_world.h"

namespace farshore::net {
namespace {

using testing::World;

// The callers' loop stands still unless the test turns it; the server's turns meanwhile.
class HttpThreadTest : public ::testing::Test {
  protected:
    std::unique_ptr<HttpServer> serve() {
        return server_side.serve([this](HttpRequest request) -> Task<HttpResponse> {
            ++asked;
            if (request.target == "/never") {
                (void)co_await sleep_for(server_side.io, std::chrono::hours{1});
            }
            co_return HttpResponse::text(200, "answer to " + request.target);
        });
    }

    void begin(const HttpServer& server, const std::string& target) {
        const HttpCall call{
            .url = "http://127.0.0.1:" + std::to_string(server.port()) + target,
            .total_timeout = std::chrono::minutes{1}
        };
        callers.tasks.spawn("call", [this, call] { return fetch(this, call); });
        callers.exhaust();
    }

    static Task<> fetch(HttpThreadTest* test, HttpCall call) {
        Result<HttpReply> reply = co_await test->client.fetch(std::move(call));
        test->ended_on = std::this_thread::get_id();
        test->reply.emplace(std::move(reply));
    }

    World server_side;
    World callers;
    HttpThread client{callers.io, {}, nullptr};
    int asked = 0;
    std::optional<Result<HttpReply>> reply;
    std::thread::id ended_on;
};

TEST_F(HttpThreadTest, ACallGoesOnWhileTheCallersLoopDoesNotTurn) {
    const auto server = serve();
    begin(*server, "/a");
    ASSERT_TRUE(server_side.run_until([&] { return asked == 1; }));
    server_side.stop(*server);
    EXPECT_FALSE(reply) << "its coroutine goes on on the caller's loop alone";
    ASSERT_TRUE(callers.run_until([&] { return reply.has_value(); }));
    ASSERT_TRUE(*reply) << (*reply).error().text;
    EXPECT_EQ((*reply)->body, "answer to /a");
    EXPECT_EQ(ended_on, std::this_thread::get_id());
}

TEST_F(HttpThreadTest, AnErrorIsToldAsByAnyClient) {
    const auto server = serve();
    server_side.stop(*server);
    begin(*server, "/a");
    ASSERT_TRUE(callers.run_until([&] { return reply.has_value(); }));
    ASSERT_FALSE(*reply);
    EXPECT_EQ(reply->error().kind, ErrorKind::unavailable);
    EXPECT_EQ(reply->error().effect, Effect::none);
}

TEST_F(HttpThreadTest, ACallThatIsCancelledEndsAtOnceAndMayHaveHadItsEffect) {
    const auto server = serve();
    begin(*server, "/never");
    ASSERT_TRUE(server_side.run_until([&] { return asked == 1; }));
    callers.tasks.stop();
    callers.exhaust();
    EXPECT_TRUE(callers.tasks.idle());
    ASSERT_TRUE(reply);
    ASSERT_FALSE(*reply);
    EXPECT_EQ(reply->error().kind, ErrorKind::cancelled);
    EXPECT_EQ(reply->error().effect, Effect::possible);
    server_side.stop(*server);
}

}  // namespace
}  // namespace farshore::net
