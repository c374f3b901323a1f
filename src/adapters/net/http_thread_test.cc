#include "adapters/net/http_thread.h"

#include <atomic>
#include <string>
#include <thread>

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

    using How = Task<>(HttpThreadTest*, HttpCall);

    void begin(const HttpServer& server, const std::string& target, How* how = &fetch) {
        const HttpCall call{
            .url = "http://127.0.0.1:" + std::to_string(server.port()) + target,
            .total_timeout = std::chrono::minutes{1}
        };
        callers.tasks.spawn("call", [this, call, how] { return how(this, call); });
        callers.exhaust();
    }

    static Task<> stream(HttpThreadTest* test, HttpCall call) {
        Result<HttpReply> reply = co_await test->client.stream(
            std::move(call),
            std::chrono::minutes{1},
            [test](std::string_view bytes) {
                test->heard += bytes.size();
                return true;
            }
        );
        test->ended_on = std::this_thread::get_id();
        test->reply.emplace(std::move(reply));
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
    std::atomic<std::size_t> heard = 0;
    std::optional<Result<HttpReply>> reply;
    std::thread::id ended_on;
};

TEST_F(HttpThreadTest, ACallGoesOnWhileTheCallersLoopDoesNotTurn) {
    const auto server = serve();
    begin(*server, "/a", &stream);
    const std::string answer = "answer to /a";
    ASSERT_TRUE(server_side.run_until([&] { return heard == answer.size(); }))
        << "the answer is read, and no turn of the caller's loop was needed";
    EXPECT_FALSE(reply) << "the call's coroutine goes on on the caller's loop alone";
    ASSERT_TRUE(callers.run_until([&] { return reply.has_value(); }));
    EXPECT_TRUE(*reply) << (*reply).error().text;
    EXPECT_EQ(ended_on, std::this_thread::get_id());
    server_side.stop(*server);
}

TEST_F(HttpThreadTest, AnAnswerIsTheCallers) {
    const auto server = serve();
    begin(*server, "/b");
    ASSERT_TRUE(server_side.run_until([&] { return asked == 1; }));
    server_side.stop(*server);
    ASSERT_TRUE(callers.run_until([&] { return reply.has_value(); }));
    ASSERT_TRUE(*reply) << (*reply).error().text;
    EXPECT_EQ((*reply)->body, "answer to /b");
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
