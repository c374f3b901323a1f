#include "adapters/net/http_server.h"

#include <fstream>

#include "adapters/net/net_test_world.h"

#include "http1/refused_messages.h"

namespace farshore::net {
namespace {

using testing::RawAnswer;
using testing::World;
using namespace std::chrono_literals;

Task<HttpResponse> echo(HttpRequest request) {
    co_return HttpResponse::text(
        200, request.method + " " + request.target + " [" + request.body + "]"
    );
}

int count_of(const std::string& text, const std::string& word) {
    int count = 0;
    for (std::size_t at = text.find(word); at != std::string::npos; at = text.find(word, at + 1)) {
        ++count;
    }
    return count;
}

TEST(HttpServer, RefusesWhateverCanBeReadInTwoWays) {
    World world;
    auto server = world.serve(echo);
    for (const http1::testing::Refused& message : http1::testing::kRefused) {
        const http1::RuleRow& row = http1::row_of(message.rule);
        const RawAnswer answer = world.raw(
            server->port(), std::string{message.bytes} + http1::testing::kSmuggled.data()
        );
        EXPECT_TRUE(answer.bytes.starts_with("HTTP/1.1 " + std::to_string(row.status) + " "))
            << message.name << ": " << answer.bytes;
        EXPECT_NE(
            answer.bytes.find("\"code\":\"" + std::string{row.name} + "\""), std::string::npos
        ) << message.name
          << ": " << answer.bytes;
        EXPECT_EQ(answer.bytes.find("smuggled"), std::string::npos) << message.name;
        EXPECT_TRUE(answer.ended) << message.name;
    }
    world.stop(*server);
}

TEST(HttpServer, AnswersPipelinedRequestsInOrder) {
    World world;
    auto server = world.serve(echo);
    const RawAnswer answer = world.raw(
        server->port(),
        "GET /one?a=1 HTTP/1.1\r\nHost: a\r\n\r\n"
        "POST /two HTTP/1.1\r\nhost: a\r\ntransfer-encoding: "
        "Chunked\r\n\r\n3\r\nabc\r\nA\r\n0123456789\r\n0\r\n\r\n"
        "POST /three HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nConnection: close\r\n\r\nxy"
        "GET /four HTTP/1.1\r\nHost: a\r\n\r\n"
    );
    const std::size_t one = answer.bytes.find("GET /one?a=1 []");
    const std::size_t two = answer.bytes.find("POST /two [abc0123456789]");
    const std::size_t three = answer.bytes.find("POST /three [xy]");
    EXPECT_LT(one, two);
    EXPECT_LT(two, three);
    EXPECT_NE(three, std::string::npos) << answer.bytes;
    EXPECT_EQ(answer.bytes.find("/four"), std::string::npos);
    EXPECT_TRUE(answer.ended);
    world.stop(*server);
}

TEST(HttpServer, KeepsHttp10ConnectionsOnlyWhenAsked) {
    World world;
    auto server = world.serve(echo);
    EXPECT_TRUE(world.raw(server->port(), "GET / HTTP/1.0\r\nHost: a\r\n\r\n").ended);
    const RawAnswer kept = world.raw(
        server->port(),
        "GET /one HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\n\r\n"
        "GET /two HTTP/1.0\r\nHost: a\r\n\r\n"
    );
    EXPECT_TRUE(kept.bytes.contains("GET /one")) << kept.bytes;
    EXPECT_TRUE(kept.bytes.contains("GET /two")) << kept.bytes;
    EXPECT_TRUE(kept.ended);
    world.stop(*server);
}

TEST(HttpServer, Http10NeedsNoHost) {
    World world;
    auto server = world.serve(echo);
    for (const std::string head : {"GET /healthz HTTP/1.0\r\n\r\n", "HEAD /x HTTP/1.0\r\n\r\n"}) {
        const RawAnswer answer = world.raw(server->port(), head);
        EXPECT_TRUE(answer.bytes.starts_with("HTTP/1.1 200 ")) << answer.bytes;
        EXPECT_TRUE(answer.ended);
    }
    EXPECT_TRUE(world.raw(server->port(), "GET / HTTP/1.0\r\nHost: a\r\nHost: a\r\n\r\n")
                    .bytes.starts_with("HTTP/1.1 400 "));
    world.stop(*server);
}

TEST(HttpServer, SaysContinueBeforeTheBody) {
    World world;
    auto server = world.serve(echo);
    const RawAnswer answer = world.raw(
        server->port(),
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n",
        100ms
    );
    EXPECT_EQ(answer.bytes, "HTTP/1.1 100 Continue\r\n\r\n");
    const RawAnswer too_large = world.raw(
        server->port(),
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999\r\nExpect: 100-continue\r\n\r\n"
    );
    EXPECT_TRUE(too_large.bytes.starts_with("HTTP/1.1 413 ")) << too_large.bytes;
    world.stop(*server);
}

TEST(HttpServer, AnswersHeadWithoutABody) {
    World world;
    auto server = world.serve(echo);
    const RawAnswer answer =
        world.raw(server->port(), "HEAD / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    EXPECT_NE(answer.bytes.find("Content-Length: 9\r\n"), std::string::npos) << answer.bytes;
    EXPECT_TRUE(answer.bytes.ends_with("\r\n\r\n"));
    world.stop(*server);
}

TEST(HttpServer, TellsAStalledClientAfterTheTimeout) {
    World world;
    HttpServer::Options options;
    options.request_timeout = 100ms;
    auto server = world.serve(echo, options);
    for (const char* part :
         {"GET / HTTP/1.1\r\nHo",
          "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n",
          "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab"}) {
        const RawAnswer answer = world.raw(server->port(), part);
        EXPECT_TRUE(answer.bytes.starts_with("HTTP/1.1 408 ")) << part << ": " << answer.bytes;
        EXPECT_TRUE(answer.ended);
    }
    world.stop(*server);
}

TEST(HttpServer, EndsAnIdleConnectionWithoutAnAnswer) {
    World world;
    HttpServer::Options options;
    options.idle_timeout = 100ms;
    auto server = world.serve(echo, options);
    const RawAnswer answer = world.raw(server->port(), "");
    EXPECT_TRUE(answer.ended);
    EXPECT_EQ(answer.bytes, "");
    world.stop(*server);
}

TEST(HttpServer, BoundsHeadsAndBodies) {
    World world;
    HttpServer::Options options;
    options.header_bytes_max = 1000;
    options.body_bytes_max = 100;
    auto server = world.serve(echo, options);
    const std::string head = "POST / HTTP/1.1\r\nHost: a\r\n";
    EXPECT_TRUE(world.raw(server->port(), head + "X: " + std::string(2000, 'x'))
                    .bytes.starts_with("HTTP/1.1 431 "));
    EXPECT_TRUE(world.raw(server->port(), "GET /" + std::string(2000, 'x'))
                    .bytes.starts_with("HTTP/1.1 431 "));
    std::string many = head;
    for (int i = 0; i < 130; ++i) {
        many += "a:\r\n";
    }
    EXPECT_TRUE(world.raw(server->port(), many + "\r\n").bytes.starts_with("HTTP/1.1 431 "));
    EXPECT_TRUE(
        world.raw(server->port(), head + "Content-Length: 101\r\n\r\n" + std::string(300'000, 'x'))
            .bytes.starts_with("HTTP/1.1 413 ")
    );
    const std::string chunk = "40\r\n" + std::string(64, 'x') + "\r\n";
    EXPECT_TRUE(
        world.raw(server->port(), head + "Transfer-Encoding: chunked\r\n\r\n" + chunk + chunk)
            .bytes.starts_with("HTTP/1.1 413 ")
    );
    const std::string allowed =
        head + "Connection: close\r\nContent-Length: 100\r\n\r\n" + std::string(100, 'x');
    EXPECT_TRUE(world.raw(server->port(), allowed).bytes.starts_with("HTTP/1.1 200 "));
    world.stop(*server);
}

Task<> three_lines(ByteSink* sink) {
    for (const std::string line : {"one\n", "", "two\n", "three\n"}) {
        const bool open = co_await sink->write(line);
        if (!open) {
            co_return;
        }
    }
}

Task<HttpResponse> stream_lines(HttpRequest) {
    HttpResponse response;
    response.stream = [](ByteSink& sink) {
        return three_lines(&sink);
    };
    co_return response;
}

TEST(HttpServer, StreamsChunkedAndKeepsTheConnection) {
    World world;
    auto server = world.serve(stream_lines);
    const RawAnswer answer = world.raw(
        server->port(),
        "GET / HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
    );
    EXPECT_EQ(
        count_of(answer.bytes, "\r\n\r\n4\r\none\n\r\n4\r\ntwo\n\r\n6\r\nthree\n\r\n0\r\n\r\n"), 2
    ) << answer.bytes;
    const RawAnswer old = world.raw(server->port(), "GET / HTTP/1.0\r\nHost: a\r\n\r\n");
    EXPECT_TRUE(old.bytes.ends_with("\r\n\r\none\ntwo\nthree\n")) << old.bytes;
    EXPECT_TRUE(old.ended);
    world.stop(*server);
}

Task<> write_for_ever(ByteSink* sink, Io* io, bool* ended) {
    bool open = true;
    while (open) {
        std::string line = "tick\n";
        open = co_await sink->write(std::move(line));
        const bool slept = co_await sleep_for(*io, 1ms);
        if (!slept) {
            break;
        }
    }
    *ended = true;
}

TEST(HttpServer, EndsAStreamWhoseClientIsGone) {
    World world;
    bool ended = false;
    auto server = world.serve([&](HttpRequest) -> Task<HttpResponse> {
        HttpResponse response;
        response.stream = [&](ByteSink& sink) {
            return write_for_ever(&sink, &world.io, &ended);
        };
        co_return response;
    });
    std::function<Task<bool>()> visit = [&]() -> Task<bool> {
        TcpSocket socket(world.io.get_executor());
        const boost::asio::ip::tcp::endpoint where(
            boost::asio::ip::make_address("127.0.0.1"), server->port()
        );
        auto [connect_error] = co_await socket.async_connect(where, kAwait);
        std::string bytes = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
        auto [write_error, written] =
            co_await boost::asio::async_write(socket, boost::asio::buffer(bytes), kAwait);
        auto [read_error, count] =
            co_await socket.async_read_some(boost::asio::buffer(bytes), kAwait);
        co_return !connect_error && !write_error && !read_error;
    };
    EXPECT_TRUE(world.wait_for(visit));
    EXPECT_TRUE(world.run_until([&] { return ended; }));
    world.stop(*server);
}

TEST(HttpServer, CutsWithAReset) {
    World world;
    auto server =
        world.serve([](HttpRequest) -> Task<HttpResponse> { co_return HttpResponse::reset(); });
    const RawAnswer answer = world.raw(server->port(), "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    EXPECT_TRUE(answer.reset);
    EXPECT_EQ(answer.bytes, "");
    world.stop(*server);
}

Task<HttpResponse> hang(Io* io, int* running) {
    ++*running;
    const bool slept = co_await sleep_for(*io, 1h);
    --*running;
    co_return HttpResponse::text(slept ? 200 : 500, "");
}

TEST(HttpServer, CuttingConnectionsEndsTheirHandlers) {
    World world;
    int running = 0;
    auto server = world.serve([&](HttpRequest) { return hang(&world.io, &running); });
    RawAnswer answer;
    bool ended = false;
    std::function<Task<RawAnswer>()> dummy;
    Timer cut(world.io.get_executor());
    cut.expires_after(1ms);
    std::function<void()> watch = [&] {
        cut.async_wait([&](const boost::system::error_code&) {
            if (running == 1) {
                server->cut_connections();
                ended = true;
                return;
            }
            cut.expires_after(1ms);
            watch();
        });
    };
    watch();
    answer = world.raw(server->port(), "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    EXPECT_TRUE(ended);
    EXPECT_TRUE(answer.reset);
    EXPECT_TRUE(world.run_until([&] { return running == 0; }));
    world.stop(*server);
}

TEST(HttpServer, RefusesConnectionsWhileNotListening) {
    World world;
    auto server = world.serve(echo);
    ASSERT_TRUE(server->set_listening(false));
    EXPECT_TRUE(world.raw(server->port(), "GET / HTTP/1.1\r\nHost: a\r\n\r\n")
                    .bytes.starts_with("connect: "));
    ASSERT_TRUE(server->set_listening(true));
    EXPECT_TRUE(world.raw(server->port(), "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
                    .bytes.starts_with("HTTP/1.1 200"));
    world.stop(*server);
    EXPECT_TRUE(world.raw(server->port(), "").bytes.starts_with("connect: "));
}

TEST(HttpServer, BoundsItsConnections) {
    World world;
    HttpServer::Options options;
    options.connections_max = 0;
    auto server = world.serve(echo, options);
    EXPECT_TRUE(world.raw(server->port(), "GET / HTTP/1.1\r\nHost: a\r\n\r\n").reset);
    world.stop(*server);
}

TEST(HttpServer, ARequestThatBeginsInItsReserveIsToldApart) {
    World world;
    HttpServer::Options options;
    options.connections_max = 3;
    options.reserve = 2;
    const auto handler = [](HttpRequest request) -> Task<HttpResponse> {
        HttpResponse response = HttpResponse::text(200, request.crowded ? "crowded" : "welcome");
        response.last = request.crowded;
        co_return response;
    };
    auto server = world.serve(handler, options);
    const std::string request = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
    TcpSocket first(world.io.get_executor());
    bool answered = false;
    std::string piece(4096, '\0');
    first.connect({boost::asio::ip::make_address("127.0.0.1"), server->port()});
    boost::asio::write(first, boost::asio::buffer(request));
    first.async_read_some(boost::asio::buffer(piece), [&](const auto&, std::size_t count) {
        answered = true;
        piece.resize(count);
    });
    ASSERT_TRUE(world.run_until([&] { return answered; }));
    EXPECT_TRUE(piece.ends_with("welcome")) << piece;
    const RawAnswer second = world.raw(server->port(), request);
    EXPECT_TRUE(second.bytes.ends_with("crowded")) << second.bytes;
    EXPECT_NE(second.bytes.find("Connection: close"), std::string::npos) << second.bytes;
    EXPECT_TRUE(second.ended) << "an answer that is the last one ends the connection";
    first.close();
    ASSERT_TRUE(world.run_until([&] {
        const RawAnswer third =
            world.raw(server->port(), "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
        return third.bytes.ends_with("welcome");
    })) << "there is room again";
    world.stop(*server);
}

TEST(HttpServer, TellsWhoHoldsAPortInUse) {
    World world;
    auto server = world.serve(echo);
    HttpServer::Options options;
    options.port = server->port();
    const auto second = HttpServer::listen(world.io, options, echo);
    ASSERT_FALSE(second.has_value());
    EXPECT_EQ(second.error().kind, ErrorKind::conflict);
    EXPECT_NE(
        second.error().text.find("127.0.0.1:" + std::to_string(server->port())), std::string::npos
    );
    EXPECT_NE(second.error().remedy.find("ss -ltnp"), std::string::npos);
    world.stop(*server);
}

TEST(HttpServer, RefusesNonsenseToListenOn) {
    World world;
    EXPECT_EQ(
        HttpServer::listen(world.io, {.address = "localhost"}, echo).error().kind,
        ErrorKind::malformed
    );
    EXPECT_EQ(
        HttpServer::listen(world.io, {.address = "192.0.2.1"}, echo).error().kind,
        ErrorKind::malformed
    );
    HttpServer::Options tls;
    tls.tls = ServerTls{.certificate_file = "/nonexistent.pem", .key_file = "/nonexistent.key"};
    const auto server = HttpServer::listen(world.io, tls, echo);
    ASSERT_FALSE(server.has_value());
    EXPECT_NE(server.error().text.find("/nonexistent.pem"), std::string::npos);
}

TEST(HttpMessage, ReadsQueriesAndPercentSigns) {
    const HttpRequest request{.target = "/a%20b?x=1%2B2&y&z="};
    EXPECT_EQ(request.path(), "/a%20b");
    EXPECT_EQ(request.query_value("x"), "1+2");
    EXPECT_EQ(request.query_value("y"), "");
    EXPECT_EQ(request.query_value("w"), std::nullopt);
    EXPECT_EQ(percent_decode("%4"), std::nullopt);
    EXPECT_EQ(percent_decode("%zz"), std::nullopt);
    EXPECT_EQ(percent_encode("a/b c~"), "a%2Fb%20c~");
    EXPECT_EQ(percent_decode(percent_encode("\x01\xff%")), "\x01\xff%");
}

}  // namespace
}  // namespace farshore::net
