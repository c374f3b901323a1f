#include "adapters/net/http_client.h"

#include <sys/stat.h>

#include "adapters/net/dns_client.h"
#include "adapters/net/net_test_world.h"
#include "adapters/net/tls_ca.h"

namespace farshore::net {
namespace {

using testing::TempDirectory;
using testing::World;
using namespace std::chrono_literals;

Task<HttpResponse> describe(HttpRequest request) {
    HttpResponse response = HttpResponse::text(
        200,
        request.method + " " + request.target + " [" + request.body + "] from " +
            request.peer_address
    );
    for (const HttpHeader& header : request.headers) {
        response.headers.push_back({.name = "Got-" + header.name, .value = header.value});
    }
    co_return response;
}

class HttpClientTest : public ::testing::Test {
  protected:
    Result<HttpReply> fetch(HttpClient& client, HttpCall call) {
        std::function<Task<Result<HttpReply>>()> start = [&client, call] {
            return client.fetch(call);
        };
        return world.wait_for(start);
    }

    static std::string url(const HttpServer& server, const std::string& target = "/") {
        return "http://127.0.0.1:" + std::to_string(server.port()) + target;
    }

    World world;
};

TEST_F(HttpClientTest, SendsMethodPathHeadersAndBodyAsTheyAre) {
    auto server = world.serve(describe);
    const auto client = HttpClient::create(world.io, {});
    HttpCall call{
        .method = "PUT",
        .url = url(*server, "/a/../b%20c?x=1"),
        .headers =
            {{.name = "X-Amz-Target", .value = "DynamoDB_20120810.GetItem"},
             {.name = "X-Empty", .value = ""}},
        .body = std::string("a\0b", 3)
    };
    const Result<HttpReply> reply = fetch(*client, call);
    ASSERT_TRUE(reply) << reply.error().text;
    EXPECT_EQ(reply->status, 200);
    EXPECT_EQ(reply->body, std::string("PUT /a/../b%20c?x=1 [a\0b] from 127.0.0.1", 40));
    EXPECT_EQ(find_header(reply->headers, "got-x-amz-target"), "DynamoDB_20120810.GetItem");
    EXPECT_EQ(find_header(reply->headers, "got-x-empty"), "");
    EXPECT_EQ(find_header(reply->headers, "got-expect"), std::nullopt);
    EXPECT_EQ(find_header(reply->headers, "got-content-type"), std::nullopt);
    EXPECT_EQ(find_header(reply->headers, "got-accept"), std::nullopt);
    EXPECT_GT(reply->timings.total, 0ns);
    EXPECT_GE(reply->timings.total, reply->timings.first_byte);
    EXPECT_EQ(reply->remote_address, "127.0.0.1");
    world.stop(*server);
}

TEST_F(HttpClientTest, KnowsTheMethodsThatCarryNoBody) {
    auto server = world.serve(describe);
    const auto client = HttpClient::create(world.io, {});
    for (const std::string method : {"GET", "DELETE", "OPTIONS"}) {
        const Result<HttpReply> reply = fetch(*client, {.method = method, .url = url(*server)});
        ASSERT_TRUE(reply);
        EXPECT_TRUE(reply->body.starts_with(method + " / []"));
        EXPECT_EQ(find_header(reply->headers, "got-content-length"), std::nullopt);
    }
    const Result<HttpReply> head = fetch(*client, {.method = "HEAD", .url = url(*server)});
    ASSERT_TRUE(head);
    EXPECT_EQ(head->body, "");
    const Result<HttpReply> post = fetch(*client, {.method = "POST", .url = url(*server)});
    ASSERT_TRUE(post);
    EXPECT_EQ(find_header(post->headers, "got-content-length"), "0");
    world.stop(*server);
}

TEST_F(HttpClientTest, LeavesAConnectionThatAnswersWithAServerErrorWhenAskedTo) {
    int status = 503;
    auto server = world.serve([&status](HttpRequest) -> Task<HttpResponse> {
        co_return HttpResponse::text(status, "x");
    });
    const auto client = HttpClient::create(world.io, {});
    const HttpCall leaves{.url = url(*server), .leave_after_server_error = true};
    EXPECT_EQ(fetch(*client, leaves)->status, 503);
    EXPECT_FALSE(fetch(*client, leaves)->reused_connection);
    status = 404;
    EXPECT_FALSE(fetch(*client, leaves)->reused_connection);
    EXPECT_TRUE(fetch(*client, leaves)->reused_connection) << "the server is well";
    status = 503;
    EXPECT_TRUE(fetch(*client, {.url = url(*server)})->reused_connection);
    EXPECT_TRUE(fetch(*client, leaves)->reused_connection) << "the call before did not ask for it";
    world.stop(*server);
}

TEST_F(HttpClientTest, ReusesConnectionsUnlessAskedForAFreshOne) {
    auto server = world.serve(describe);
    const auto client = HttpClient::create(world.io, {});
    HttpCall call{.url = url(*server)};
    EXPECT_FALSE(fetch(*client, call)->reused_connection);
    EXPECT_TRUE(fetch(*client, call)->reused_connection);
    HttpCall fresh = call;
    fresh.fresh_connection = true;
    const Result<HttpReply> reply = fetch(*client, fresh);
    EXPECT_FALSE(reply->reused_connection);
    EXPECT_GT(reply->timings.connect, 0ns);
    EXPECT_TRUE(fetch(*client, call)->reused_connection);
    ASSERT_TRUE(server->set_listening(false));
    EXPECT_TRUE(fetch(*client, call)->reused_connection);
    const Result<HttpReply> refused = fetch(*client, fresh);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().effect, Effect::none);
    world.stop(*server);
}

TEST_F(HttpClientTest, CallsFromItsSourceAddress) {
    auto server = world.serve(describe);
    const auto client = HttpClient::create(world.io, {.source_address = "127.9.8.7"});
    const Result<HttpReply> reply = fetch(*client, {.url = url(*server)});
    ASSERT_TRUE(reply) << reply.error().text;
    EXPECT_TRUE(reply->body.ends_with("from 127.9.8.7"));
    const auto wrong = HttpClient::create(world.io, {.source_address = "192.0.2.1"});
    EXPECT_EQ(fetch(*wrong, {.url = url(*server)}).error().effect, Effect::none);
    world.stop(*server);
}

TEST_F(HttpClientTest, ARefusedConnectionHasNoEffect) {
    auto server = world.serve(describe);
    ASSERT_TRUE(server->set_listening(false));
    const auto client = HttpClient::create(world.io, {});
    const Result<HttpReply> reply =
        fetch(*client, {.method = "POST", .url = url(*server, "/x?token=secret"), .body = "b"});
    ASSERT_FALSE(reply);
    EXPECT_EQ(reply.error().kind, ErrorKind::unavailable);
    EXPECT_EQ(reply.error().effect, Effect::none);
    EXPECT_NE(reply.error().text.find("POST http://127.0.0.1:"), std::string::npos);
    EXPECT_EQ(reply.error().text.find("secret"), std::string::npos);
    world.stop(*server);
}

TEST_F(HttpClientTest, AConnectionCutAfterSendingMayHaveHadAnEffect) {
    int requests = 0;
    bool cut = false;
    auto server = world.serve([&](HttpRequest) -> Task<HttpResponse> {
        ++requests;
        co_return cut ? HttpResponse::reset() : HttpResponse::text(200, "");
    });
    const auto client = HttpClient::create(world.io, {});
    cut = true;
    const Result<HttpReply> first =
        fetch(*client, {.method = "POST", .url = url(*server), .body = "b"});
    ASSERT_FALSE(first);
    EXPECT_EQ(first.error().kind, ErrorKind::unavailable);
    EXPECT_EQ(first.error().effect, Effect::possible);
    // On a reused connection libcurl would send it once more by itself.
    for (const std::string method : {"POST", "DELETE"}) {
        cut = false;
        ASSERT_TRUE(fetch(*client, {.method = method, .url = url(*server)}));
        cut = true;
        requests = 0;
        const Result<HttpReply> reused = fetch(*client, {.method = method, .url = url(*server)});
        ASSERT_FALSE(reused);
        EXPECT_EQ(reused.error().effect, Effect::possible) << method;
        EXPECT_EQ(requests, 1) << method;
    }
    world.stop(*server);
}

Task<HttpResponse> hang_for(Io* io, int* running) {
    ++*running;
    const bool slept = co_await sleep_for(*io, 1h);
    --*running;
    co_return HttpResponse::text(slept ? 200 : 500, "");
}

TEST_F(HttpClientTest, ATimeoutMayHaveHadAnEffect) {
    int running = 0;
    auto server = world.serve([&](HttpRequest) { return hang_for(&world.io, &running); });
    const auto client = HttpClient::create(world.io, {});
    const Result<HttpReply> reply = fetch(*client, {.url = url(*server), .total_timeout = 50ms});
    ASSERT_FALSE(reply);
    EXPECT_EQ(reply.error().kind, ErrorKind::timed_out);
    EXPECT_EQ(reply.error().effect, Effect::possible);
    world.stop(*server);
}

Task<> fetch_into(HttpClient* client, HttpCall call, std::optional<Result<HttpReply>>* into) {
    Result<HttpReply> reply = co_await client->fetch(std::move(call));
    into->emplace(std::move(reply));
}

TEST_F(HttpClientTest, CancellingAbortsTheTransfer) {
    int running = 0;
    auto server = world.serve([&](HttpRequest) { return hang_for(&world.io, &running); });
    const auto client = HttpClient::create(world.io, {});
    std::optional<Result<HttpReply>> reply;
    const HttpCall call{.url = url(*server), .total_timeout = 1h};
    const auto task =
        world.tasks.spawn("fetch", [&] { return fetch_into(client.get(), call, &reply); });
    ASSERT_TRUE(world.run_until([&] { return running == 1; }));
    world.tasks.cancel(task);
    ASSERT_TRUE(world.run_until([&] { return reply.has_value(); }));
    ASSERT_FALSE(*reply);
    EXPECT_EQ(reply->error().kind, ErrorKind::cancelled);
    EXPECT_EQ(reply->error().effect, Effect::possible);
    world.stop(*server);
}

TEST_F(HttpClientTest, BoundsTheBody) {
    auto server = world.serve([](HttpRequest) -> Task<HttpResponse> {
        co_return HttpResponse::text(200, std::string(100'000, 'x'));
    });
    const auto client = HttpClient::create(world.io, {});
    const Result<HttpReply> reply = fetch(*client, {.url = url(*server), .body_bytes_max = 99'999});
    ASSERT_FALSE(reply);
    EXPECT_EQ(reply.error().kind, ErrorKind::exhausted);
    EXPECT_TRUE(fetch(*client, {.url = url(*server), .body_bytes_max = 100'000}));
    world.stop(*server);
}

TEST_F(HttpClientTest, RefusesNonsense) {
    const auto client = HttpClient::create(world.io, {});
    EXPECT_EQ(fetch(*client, {.url = "ftp://127.0.0.1/"}).error().kind, ErrorKind::malformed);
    EXPECT_EQ(fetch(*client, {.url = "nonsense"}).error().kind, ErrorKind::malformed);
    EXPECT_EQ(
        fetch(*client, {.method = "GET /x", .url = "http://127.0.0.1/"}).error().kind,
        ErrorKind::malformed
    );
    const HttpCall call{
        .url = "http://127.0.0.1/", .headers = {{.name = "A", .value = "b\r\nC: d"}}
    };
    EXPECT_EQ(fetch(*client, call).error().kind, ErrorKind::malformed);
}

TEST_F(HttpClientTest, FollowsNoRedirect) {
    auto server = world.serve([](HttpRequest) -> Task<HttpResponse> {
        HttpResponse response = HttpResponse::text(302, "");
        response.headers.push_back({.name = "Location", .value = "/elsewhere"});
        co_return response;
    });
    const auto client = HttpClient::create(world.io, {});
    EXPECT_EQ(fetch(*client, {.url = url(*server)})->status, 302);
    world.stop(*server);
}

TEST_F(HttpClientTest, ManyCallsAtOnceStayWithinTheBound) {
    auto server = world.serve(describe);
    const auto client = HttpClient::create(world.io, {.connections_max = 4});
    std::vector<std::optional<Result<HttpReply>>> replies(100);
    for (std::size_t i = 0; i < replies.size(); ++i) {
        const HttpCall call{.url = url(*server, "/" + std::to_string(i))};
        world.tasks.spawn("fetch", [&, i, call] {
            return fetch_into(client.get(), call, &replies[i]);
        });
    }
    ASSERT_TRUE(world.run_until([&] {
        return std::ranges::all_of(replies, [](const auto& r) { return r.has_value(); });
    }));
    int fresh = 0;
    for (std::size_t i = 0; i < replies.size(); ++i) {
        ASSERT_TRUE(*replies[i]) << (*replies[i]).error().text;
        EXPECT_TRUE((**replies[i]).body.starts_with("GET /" + std::to_string(i) + " "));
        fresh += (**replies[i]).reused_connection ? 0 : 1;
    }
    EXPECT_LE(fresh, 4);
    world.stop(*server);
}

Task<> count_up(ByteSink* sink, Io* io, int lines) {
    for (int i = 0; i < lines; ++i) {
        std::string line = "{\"n\":" + std::to_string(i) + "}\n";
        const bool open = co_await sink->write(std::move(line));
        if (!open) {
            co_return;
        }
        const bool slept = co_await sleep_for(*io, 1ms);
        if (!slept) {
            co_return;
        }
    }
}

Task<> stay_silent(ByteSink* sink, Io* io) {
    std::string line = "one\n";
    const bool open = co_await sink->write(std::move(line));
    if (open) {
        const bool slept = co_await sleep_for(*io, 1h);
        static_cast<void>(slept);
    }
}

TEST_F(HttpClientTest, StreamsLinesAsTheyCome) {
    auto server = world.serve([&](HttpRequest) -> Task<HttpResponse> {
        HttpResponse response;
        response.stream = [&](ByteSink& sink) {
            return count_up(&sink, &world.io, 50);
        };
        co_return response;
    });
    const auto client = HttpClient::create(world.io, {});
    std::string all;
    int pieces = 0;
    std::function<Task<Result<HttpReply>>()> start = [&] {
        return client->stream({.url = url(*server)}, 5s, [&](std::string_view bytes) {
            all += bytes;
            ++pieces;
            return true;
        });
    };
    const Result<HttpReply> reply = world.wait_for(start);
    ASSERT_TRUE(reply) << reply.error().text;
    EXPECT_TRUE(all.starts_with("{\"n\":0}\n"));
    EXPECT_TRUE(all.ends_with("{\"n\":49}\n"));
    EXPECT_GT(pieces, 1);

    int seen = 0;
    std::function<Task<Result<HttpReply>>()> until_third = [&] {
        return client->stream({.url = url(*server)}, 5s, [&](std::string_view) {
            return ++seen < 3;
        });
    };
    EXPECT_TRUE(world.wait_for(until_third));
    EXPECT_EQ(seen, 3);
    world.stop(*server);
}

TEST_F(HttpClientTest, ASilentStreamTimesOut) {
    auto server = world.serve([&](HttpRequest) -> Task<HttpResponse> {
        HttpResponse response;
        response.stream = [&](ByteSink& sink) {
            return stay_silent(&sink, &world.io);
        };
        co_return response;
    });
    const auto client = HttpClient::create(world.io, {});
    std::string all;
    std::function<Task<Result<HttpReply>>()> start = [&] {
        return client
            ->stream({.url = url(*server), .total_timeout = 1h}, 50ms, [&](std::string_view bytes) {
                all += bytes;
                return true;
            });
    };
    const Result<HttpReply> reply = world.wait_for(start);
    ASSERT_FALSE(reply);
    EXPECT_EQ(reply.error().kind, ErrorKind::timed_out);
    EXPECT_EQ(all, "one\n");
    world.stop(*server);
}

TEST_F(HttpClientTest, SpeaksTlsWithOurOwnAuthorityOnly) {
    const TempDirectory directory;
    const Result<CaFiles> ca = create_ca(directory.path(), "test");
    ASSERT_TRUE(ca) << ca.error().text;
    const Result<CaFiles> issued = issue_certificate(
        *ca, directory.path(), "server", {"127.0.0.1", "controller.lab.farshore"}
    );
    ASSERT_TRUE(issued) << issued.error().text;
    struct stat about{};
    ASSERT_EQ(::stat(issued->key_file.c_str(), &about), 0);
    EXPECT_EQ(about.st_mode & 0777U, 0600U);
    ASSERT_EQ(::stat(ca->key_file.c_str(), &about), 0);
    EXPECT_EQ(about.st_mode & 0777U, 0600U);

    HttpServer::Options options;
    options.tls =
        ServerTls{.certificate_file = issued->certificate_file, .key_file = issued->key_file};
    auto server = world.serve(describe, options);
    const std::string port = std::to_string(server->port());
    const auto client = HttpClient::create(world.io, {.ca_file = ca->certificate_file});
    const Result<HttpReply> reply = fetch(
        *client,
        {.method = "POST",
         .url = "https://127.0.0.1:" + port + "/x",
         .body = std::string(100'000, 'b')}
    );
    ASSERT_TRUE(reply) << reply.error().text;
    EXPECT_GT(reply->timings.tls, 0ns);
    EXPECT_TRUE(fetch(*client, {.url = "https://127.0.0.1:" + port + "/x"})->reused_connection);
    EXPECT_FALSE(reply->certificate_ends) << "it was not asked for";
    const Result<HttpReply> dated = fetch(
        *client,
        {.url = "https://127.0.0.1:" + port + "/x",
         .fresh_connection = true,
         .asks_certificate = true}
    );
    ASSERT_TRUE(dated && dated->certificate_ends);
    EXPECT_GT(*dated->certificate_ends, utc_from_ms(1'764'000'000'000)) << "November 2025";

    const Result<HttpReply> wrong_name =
        fetch(*client, {.method = "POST", .url = "https://localhost:" + port + "/x", .body = "b"});
    ASSERT_FALSE(wrong_name);
    EXPECT_EQ(wrong_name.error().effect, Effect::none);
    EXPECT_EQ(wrong_name.error().code, kCertificateRefused);
    const auto stranger = HttpClient::create(world.io, {});
    // The first handshake reads the system's authorities, which takes a sanitizer's allocator long.
    const Result<HttpReply> unknown = fetch(
        *stranger, {.url = "https://127.0.0.1:" + port + "/x", .connect_timeout = stretched(1s)}
    );
    ASSERT_FALSE(unknown);
    EXPECT_EQ(unknown.error().kind, ErrorKind::unavailable);
    EXPECT_EQ(unknown.error().effect, Effect::none);
    world.stop(*server);
}

TEST(TlsCa, SaysWhatIsWrong) {
    const TempDirectory directory;
    EXPECT_EQ(create_ca(directory.path() + "/nowhere", "x").error().kind, ErrorKind::denied);
    const Result<CaFiles> ca = create_ca(directory.path(), "x");
    ASSERT_TRUE(ca);
    EXPECT_EQ(issue_certificate(*ca, directory.path(), "s", {}).error().kind, ErrorKind::malformed);
    EXPECT_EQ(
        issue_certificate(*ca, directory.path(), "s", {"a,IP:1.2.3.4"}).error().kind,
        ErrorKind::malformed
    );
    const CaFiles none{
        .certificate_file = directory.path() + "/none.pem",
        .key_file = directory.path() + "/none.key"
    };
    EXPECT_EQ(
        issue_certificate(none, directory.path(), "s", {"a"}).error().kind, ErrorKind::denied
    );
}

// Answers what it is told, and counts the questions.
class ScriptedDns final : public DnsClient {
  public:
    Task<Result<DnsAnswer>> resolve(std::string) override {
        ++questions;
        co_return answer;
    }

    Task<Result<dns::Message>> ask(std::string, dns::Type) override { co_return dns::Message{}; }

    Result<DnsAnswer> answer;
    int questions = 0;
};

TEST_F(HttpClientTest, GoesWhereItsResolverSays) {
    auto one = world.serve([](HttpRequest) -> Task<HttpResponse> {
        co_return HttpResponse::text(200, "one");
    });
    HttpServer::Options options{.address = "127.0.0.2"};
    options.port = one->port();
    auto two = world.serve(
        [](HttpRequest) -> Task<HttpResponse> { co_return HttpResponse::text(200, "two"); }, options
    );
    ScriptedDns resolver;
    resolver.answer = DnsAnswer{.addresses = {"127.0.0.1"}, .ttl = 0s};
    const auto client = HttpClient::create(world.io, {.resolver = &resolver});
    HttpCall call{.url = "http://shop.example:" + std::to_string(one->port()) + "/"};
    HttpCall fresh = call;
    fresh.fresh_connection = true;
    EXPECT_EQ(fetch(*client, call)->body, "one");
    EXPECT_EQ(fetch(*client, call)->body, "one");
    EXPECT_EQ(resolver.questions, 1);  // the answer holds for a second at least
    resolver.answer = DnsAnswer{.addresses = {"127.0.0.2"}, .ttl = 0s};
    const Result<HttpReply> moved = fetch(*client, fresh);
    ASSERT_TRUE(moved) << moved.error().text;
    EXPECT_EQ(moved->body, "two");
    EXPECT_EQ(moved->remote_address, "127.0.0.2");
    EXPECT_EQ(resolver.questions, 2);
    // An emptied name stops new connections, and only those.
    resolver.answer = fail(ErrorKind::unavailable, "shop.example has no address");
    const Result<HttpReply> emptied = fetch(*client, fresh);
    ASSERT_FALSE(emptied);
    EXPECT_EQ(emptied.error().kind, ErrorKind::unavailable);
    EXPECT_EQ(emptied.error().effect, Effect::none);
    const Result<HttpReply> still = fetch(*client, call);
    ASSERT_TRUE(still);
    EXPECT_TRUE(still->reused_connection);
    EXPECT_EQ(resolver.questions, 3);
    HttpCall literal{
        .url = "http://127.0.0.1:" + std::to_string(one->port()) + "/", .fresh_connection = true
    };
    EXPECT_EQ(fetch(*client, literal)->body, "one");
    EXPECT_EQ(resolver.questions, 3);
    const HttpCall other{.url = "http://other.example:" + std::to_string(one->port()) + "/"};
    EXPECT_EQ(fetch(*client, other).error().kind, ErrorKind::unavailable);
    world.stop(*one);
    world.stop(*two);
}

}  // namespace
}  // namespace farshore::net
