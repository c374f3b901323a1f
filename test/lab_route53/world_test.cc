// The local Route 53 as its clients see it: raw requests to the API, DNS over UDP and TCP, health
// checks of a server of the test's own, faults.

#include "lab/route53/world.h"

#include <algorithm>
#include <array>
#include <set>

#include <boost/asio/buffer.hpp>
#include <boost/asio/ip/udp.hpp>
#include <gtest/gtest.h>

#include "adapters/net/dns_client.h"
#include "adapters/net/dns_message.h"
#include "adapters/net/http_client.h"
#include "adapters/net/net_test_world.h"
#include "adapters/system/system_clock.h"
#include "base/text.h"

#include "sigv4/signer.h"

namespace farshore::lab {
namespace {

using net::dns::Type;

// For what must come, however slow the machine is; and for what must not come.
constexpr std::chrono::seconds kPatient{5};
constexpr std::chrono::milliseconds kImpatient{300};

constexpr std::string_view kXmlns = " xmlns=\"https://route53.amazonaws.com/doc/2013-04-01/\"";

World world() {
    return {
        .second_octet = 191,
        .regions = {RegionId{"us-east-1"}, RegionId{"eu-west-1"}},
        .witness = RegionId{"us-east-2"}
    };
}

std::string between(const std::string& text, const std::string& from, const std::string& to) {
    const auto start = text.find(from);
    if (start == std::string::npos) {
        return {};
    }
    const auto end = text.find(to, start + from.size());
    return text.substr(start + from.size(), end - start - from.size());
}

class Route53Test : public testing::Test {
  protected:
    void start(Duration check_timeout = kPatient, Route53World::Options options = {}) {
        for (int i = 1; i <= 16; ++i) {
            options.checker_addresses.push_back(world().checker_address(i));
        }
        options.static_names = {
            {"dynamodb.us-east-1.lab.farshore", "127.191.1.1"},
            {"dynamodb.eu-west-1.lab.farshore", "127.191.2.1"}
        };
        options.propagation = Duration{};
        options.interval_unit = std::chrono::milliseconds{10};
        options.connect_timeout = check_timeout;
        options.response_timeout = check_timeout;
        options.tcp_timeout = check_timeout;
        auto made = Route53World::create(net.io, std::move(options), board, clock);
        ASSERT_TRUE(made) << made.error().text;
        route53 = std::move(*made);
        client = net::HttpClient::create(net.io, {});
    }

    void TearDown() override {
        if (route53) {
            bool stopped = false;
            net.tasks.spawn("stop", [&] { return stop(route53.get(), &stopped); });
            ASSERT_TRUE(net.run_until([&] { return stopped; }));
        }
    }

    static net::Task<> stop(Route53World* route53, bool* stopped) {
        co_await route53->stop();
        *stopped = true;
    }

    net::HttpReply call(net::HttpCall request) {
        request.url = "http://127.0.0.1:" + std::to_string(route53->api_port()) + request.url;
        const std::function<net::Task<Result<net::HttpReply>>()> start = [&] {
            return client->fetch(request);
        };
        auto reply = net.wait_for<Result<net::HttpReply>>(start);
        EXPECT_TRUE(reply) << reply.error().text;
        return reply.value_or(net::HttpReply{});
    }

    net::HttpReply get(const std::string& path) { return call({.url = "/2013-04-01/" + path}); }

    net::HttpReply post(
        const std::string& path, const std::string& root, const std::string& inner
    ) {
        return call(
            {.method = "POST",
             .url = "/2013-04-01/" + path,
             .body = "<" + root + std::string{kXmlns} + ">" + inner + "</" + root + ">"}
        );
    }

    std::string create_zone() {
        const auto reply = post(
            "hostedzone",
            "CreateHostedZoneRequest",
            "<Name>example.com</Name><CallerReference>r1</CallerReference>"
        );
        EXPECT_EQ(reply.status, 201) << reply.body;
        return between(reply.body, "<Id>/hostedzone/", "</Id>");
    }

    std::string create_check(const std::string& reference, const std::string& config) {
        const auto reply = post(
            "healthcheck",
            "CreateHealthCheckRequest",
            "<CallerReference>" + reference + "</CallerReference><HealthCheckConfig>" + config +
                "</HealthCheckConfig>"
        );
        EXPECT_EQ(reply.status, 201) << reply.body;
        return between(reply.body, "<Id>", "</Id>");
    }

    std::string http_check(
        const std::string& reference, std::uint16_t port, const std::string& more = {}
    ) {
        return create_check(
            reference,
            "<IPAddress>127.0.0.1</IPAddress><Port>" + std::to_string(port) +
                "</Port><Type>HTTP</Type><ResourcePath>/healthz</ResourcePath>"
                "<RequestInterval>10</RequestInterval><FailureThreshold>1</FailureThreshold>" +
                more
        );
    }

    // One that asks no endpoint: an alarm decides, and there is none.
    std::string alarm_check() {
        return create_check(
            "cw",
            "<Type>CLOUDWATCH_METRIC</Type><AlarmIdentifier><Region>us-east-1</Region><Name>a</"
            "Name></AlarmIdentifier>"
        );
    }

    void put_pair(const std::string& zone, const std::string& primary_check) {
        const auto half =
            [](const std::string& role, const std::string& address, const std::string& check) {
                return "<Change><Action>UPSERT</"
                       "Action><ResourceRecordSet><Name>magento.example.com</Name><Type>A</Type>"
                       "<SetIdentifier>" +
                       role + "</SetIdentifier><Failover>" + role +
                       "</Failover><TTL>5</TTL>"
                       "<ResourceRecords><ResourceRecord><Value>" +
                       address + "</Value></ResourceRecord></ResourceRecords>" +
                       (check.empty() ? "" : "<HealthCheckId>" + check + "</HealthCheckId>") +
                       "</ResourceRecordSet></Change>";
            };
        const auto reply = post(
            "hostedzone/" + zone + "/rrset/",
            "ChangeResourceRecordSetsRequest",
            "<ChangeBatch><Changes>" + half("PRIMARY", "127.191.1.10", primary_check) +
                half("SECONDARY", "127.191.2.10", "") + "</Changes></ChangeBatch>"
        );
        EXPECT_EQ(reply.status, 200) << reply.body;
        EXPECT_NE(reply.body.find("<Status>PENDING</Status>"), std::string::npos) << reply.body;
        const auto change = between(reply.body, "<Id>/change/", "</Id>");
        EXPECT_NE(get("change/" + change).body.find("<Status>INSYNC</Status>"), std::string::npos);
    }

    Result<net::DnsAnswer> resolve(
        const std::string& name, const std::string& from = "127.0.0.1", Duration timeout = kPatient
    ) {
        const auto dns = net::DnsClient::create(
            net.io,
            {.servers = {{.address = "127.0.0.1", .port = route53->dns_port()}},
             .source_address = from,
             .timeout = timeout,
             .attempts_max = 1}
        );
        const std::function<net::Task<Result<net::DnsAnswer>>()> start = [&] {
            return dns->resolve(name);
        };
        return net.wait_for<Result<net::DnsAnswer>>(start);
    }

    std::string address_of(const std::string& name) {
        const auto answer = resolve(name);
        return answer ? answer->addresses.at(0) : answer.error().text;
    }

    bool becomes(const std::string& name, const std::string& address) {
        const auto end = std::chrono::steady_clock::now() + std::chrono::seconds{60};
        while (std::chrono::steady_clock::now() < end) {
            if (address_of(name) == address) {
                return true;
            }
        }
        return false;
    }

    const system::SystemClock clock;
    FaultBoard board{world(), clock};
    net::testing::World net;
    std::unique_ptr<Route53World> route53;
    std::unique_ptr<net::HttpClient> client;
};

TEST_F(Route53Test, FailsOverWithTheHealthOfTheEndpoint) {
    start();
    int status = 200;
    std::string host;
    std::set<std::string> callers;
    const auto server = net.serve([&](net::HttpRequest request) -> net::Task<net::HttpResponse> {
        callers.insert(request.peer_address);
        co_return net::HttpResponse::text(status, "ok");
    });
    const auto zone = create_zone();
    const auto check = http_check("c1", server->port());
    put_pair(zone, check);
    EXPECT_TRUE(becomes("magento.example.com", "127.191.1.10"));
    ASSERT_TRUE(net.run_until([&] { return callers.size() == 16; })) << callers.size();
    EXPECT_TRUE(callers.contains(world().checker_address(16)));
    status = 503;
    EXPECT_TRUE(becomes("magento.example.com", "127.191.2.10"));
    EXPECT_TRUE(net.run_until([&] {
        return get("healthcheck/" + check + "/status")
            .body.contains("Failure: HTTP Status Code 503, Service Unavailable");
    }));
    status = 302;
    EXPECT_TRUE(becomes("magento.example.com", "127.191.1.10"));
    net.stop(*server);
}

TEST_F(Route53Test, TheStandbyTakesOverAndHomeIsHeldUntilItLetsGo) {
    start();
    int serving = 200;
    int taken_over = 503;
    const auto server = net.serve([&](net::HttpRequest request) -> net::Task<net::HttpResponse> {
        co_return net::HttpResponse::text(request.path() == "/healthz" ? serving : taken_over, "");
    });
    const auto own = http_check("own", server->port());
    const auto standby = create_check(
        "standby",
        "<IPAddress>127.0.0.1</IPAddress><Port>" + std::to_string(server->port()) +
            "</Port><Type>HTTP</Type><ResourcePath>/route53/magento/us-east-1</ResourcePath>"
            "<RequestInterval>10</RequestInterval><FailureThreshold>1</"
            "FailureThreshold><Inverted>true</Inverted>"
    );
    const auto both = create_check(
        "both",
        "<Type>CALCULATED</Type><HealthThreshold>2</"
        "HealthThreshold><ChildHealthChecks><ChildHealthCheck>" +
            own + "</ChildHealthCheck><ChildHealthCheck>" + standby +
            "</ChildHealthCheck></ChildHealthChecks>"
    );
    put_pair(create_zone(), both);
    EXPECT_TRUE(becomes("magento.example.com", "127.191.1.10"));
    taken_over = 200;
    EXPECT_TRUE(becomes("magento.example.com", "127.191.2.10"));
    serving = 503;
    EXPECT_TRUE(becomes("magento.example.com", "127.191.2.10"));
    serving = 200;
    taken_over = 503;
    EXPECT_TRUE(becomes("magento.example.com", "127.191.1.10"));
    net.stop(*server);
}

TEST_F(Route53Test, AnEndpointThatAnswersNothingIsUnhealthy) {
    start(kImpatient);
    const auto silent = net.serve([&](net::HttpRequest) -> net::Task<net::HttpResponse> {
        co_await net::sleep_for(net.io, kPatient);
        co_return net::HttpResponse::text(200, "late");
    });
    put_pair(create_zone(), http_check("c", silent->port()));
    EXPECT_TRUE(becomes("magento.example.com", "127.191.2.10"));
    net.stop(*silent);
}

TEST_F(Route53Test, TcpChecksNeedAConnectionOnly) {
    start();
    auto server = net.serve([](net::HttpRequest) -> net::Task<net::HttpResponse> {
        co_return net::HttpResponse::text(500, "");
    });
    const auto check = create_check(
        "tcp",
        "<IPAddress>127.0.0.1</IPAddress><Port>" + std::to_string(server->port()) +
            "</Port><Type>TCP</Type><RequestInterval>10</RequestInterval><FailureThreshold>1</"
            "FailureThreshold>"
    );
    put_pair(create_zone(), check);
    const auto seen = [&](const std::string& words) {
        return get("healthcheck/" + check + "/status").body.find(words) != std::string::npos;
    };
    ASSERT_TRUE(net.run_until([&] { return seen("Success: TCP connection established"); }));
    EXPECT_TRUE(becomes("magento.example.com", "127.191.1.10"));
    ASSERT_TRUE(server->set_listening(false));
    EXPECT_TRUE(becomes("magento.example.com", "127.191.2.10"));
    net.stop(*server);
}

TEST_F(Route53Test, StringMatchesReadTheBody) {
    start();
    std::string body = "<html>all is well</html>";
    const auto server = net.serve([&](net::HttpRequest) -> net::Task<net::HttpResponse> {
        co_return net::HttpResponse::text(200, body);
    });
    const auto check = create_check(
        "match",
        "<FullyQualifiedDomainName>dynamodb.us-east-1.lab.farshore</FullyQualifiedDomainName>"
        "<IPAddress>127.0.0.1</IPAddress><Port>" +
            std::to_string(server->port()) +
            "</Port><Type>HTTP_STR_MATCH</Type><SearchString>is well</SearchString>"
            "<RequestInterval>10</RequestInterval><FailureThreshold>1</FailureThreshold>"
    );
    put_pair(create_zone(), check);
    EXPECT_TRUE(becomes("magento.example.com", "127.191.1.10"));
    body = "<html>all is broken</html>";
    EXPECT_TRUE(becomes("magento.example.com", "127.191.2.10"));
    net.stop(*server);
}

TEST_F(Route53Test, DnsTellsItsErrorsApart) {
    start();
    create_zone();
    const auto kind = [this](const std::string& name) {
        return resolve(name).error();
    };
    EXPECT_EQ(kind("nobody.example.com").kind, ErrorKind::not_found);
    EXPECT_EQ(kind("example.com").kind, ErrorKind::unavailable) << "no A record there";
    EXPECT_EQ(kind("www.example.org").kind, ErrorKind::unavailable) << "refused";
    EXPECT_EQ(address_of("dynamodb.us-east-1.lab.farshore"), "127.191.1.1");
    ASSERT_TRUE(board.add(
        {.kind = FaultKind::dynamodb, .region = RegionId{"us-east-1"}, .mode = DynamoMode::empty_dns
        }
    ));
    EXPECT_EQ(kind("dynamodb.us-east-1.lab.farshore").kind, ErrorKind::unavailable)
        << "an empty answer";
    board.end_all();
    EXPECT_EQ(resolve("dynamodb.us-east-1.lab.farshore")->ttl, std::chrono::seconds{5});
}

TEST_F(Route53Test, TheQuestionComesBackInTheLettersItWasAskedIn) {
    start();
    net::dns::Message query;
    query.id = 7;
    query.questions = {{.name = "dynamodb.us-east-1.lab.farshore", .type = 1}};
    std::vector<std::uint8_t> asked = net::dns::encode(query);
    const std::string mixed = "DyNaMoDb";
    std::ranges::copy(mixed, asked.begin() + 13);
    boost::asio::ip::udp::socket socket{net.io, {boost::asio::ip::make_address("127.0.0.1"), 0}};
    std::array<std::uint8_t, 512> bytes{};
    std::size_t count = 0;
    socket.async_receive(
        boost::asio::buffer(bytes),
        [&](const boost::system::error_code& error, std::size_t received) {
            count = error ? 0 : received;
        }
    );
    socket.send_to(
        boost::asio::buffer(asked),
        {boost::asio::ip::make_address("127.0.0.1"), route53->dns_port()}
    );
    ASSERT_TRUE(net.run_until([&] { return count > 0; }));
    EXPECT_EQ(std::string(bytes.begin() + 13, bytes.begin() + 21), mixed);
    const auto reply = net::dns::decode(std::span{bytes}.first(count));
    ASSERT_TRUE(reply);
    EXPECT_EQ(reply->answers.size(), 1U);
}

TEST_F(Route53Test, ALongAnswerComesOverTcp) {
    start();
    const auto zone = create_zone();
    std::string values;
    for (int i = 1; i <= 200; ++i) {
        values +=
            "<ResourceRecord><Value>127.0.1." + std::to_string(i) + "</Value></ResourceRecord>";
    }
    const auto reply = post(
        "hostedzone/" + zone + "/rrset",
        "ChangeResourceRecordSetsRequest",
        "<ChangeBatch><Changes><Change><Action>CREATE</"
        "Action><ResourceRecordSet><Name>many.example.com</Name>"
        "<Type>A</Type><TTL>5</TTL><ResourceRecords>" +
            values + "</ResourceRecords></ResourceRecordSet></Change></Changes></ChangeBatch>"
    );
    ASSERT_EQ(reply.status, 200) << reply.body;
    const auto answer = resolve("many.example.com");
    ASSERT_TRUE(answer) << answer.error().text;
    EXPECT_EQ(answer->addresses.size(), 200U);
}

TEST_F(Route53Test, ARegionThatIsCutOffResolvesItsOwnEndpointOnly) {
    start();
    put_pair(create_zone(), alarm_check());
    const std::string host = world().host_address(RegionId{"us-east-1"}, 1);
    EXPECT_TRUE(resolve("magento.example.com", host));
    ASSERT_TRUE(board.add({.kind = FaultKind::region, .region = RegionId{"us-east-1"}}));
    EXPECT_EQ(resolve("magento.example.com", host, kImpatient).error().kind, ErrorKind::timed_out);
    EXPECT_TRUE(resolve("dynamodb.us-east-1.lab.farshore", host));
    EXPECT_TRUE(resolve("magento.example.com", world().host_address(RegionId{"eu-west-1"}, 1)));
    EXPECT_TRUE(resolve("magento.example.com", world().shopper_address(1)));
}

TEST_F(Route53Test, ARegionWithoutInternetResolvesTheEndpointsThatItReaches) {
    start();
    put_pair(create_zone(), alarm_check());
    const RegionId east{"us-east-1"};
    const RegionId west{"eu-west-1"};
    const std::string host = world().host_address(east, 1);
    ASSERT_TRUE(board.add({.kind = FaultKind::partition, .region = east, .other = kInternet}));
    EXPECT_EQ(resolve("magento.example.com", host, kImpatient).error().kind, ErrorKind::timed_out);
    EXPECT_TRUE(resolve("dynamodb.us-east-1.lab.farshore", host));
    EXPECT_TRUE(resolve("dynamodb.eu-west-1.lab.farshore", host));
    EXPECT_TRUE(resolve("magento.example.com", world().host_address(west, 1)));
    EXPECT_TRUE(resolve("magento.example.com", world().shopper_address(1)));
    ASSERT_TRUE(board.add({.kind = FaultKind::partition, .region = east, .other = west}));
    EXPECT_EQ(
        resolve("dynamodb.eu-west-1.lab.farshore", host, kImpatient).error().kind,
        ErrorKind::timed_out
    );
}

TEST_F(Route53Test, CheckersCannotReachARegionThatIsCutOff) {
    start(kImpatient);
    net::HttpServer::Options where;
    where.address = world().load_balancer_address(RegionId{"us-east-1"});
    const auto server = net.serve(
        [](net::HttpRequest) -> net::Task<net::HttpResponse> {
            co_return net::HttpResponse::text(200, "");
        },
        where
    );
    const auto check = create_check(
        "lb",
        "<IPAddress>" + where.address + "</IPAddress><Port>" + std::to_string(server->port()) +
            "</Port><Type>HTTP</Type><RequestInterval>10</RequestInterval><FailureThreshold>1</"
            "FailureThreshold>"
    );
    put_pair(create_zone(), check);
    EXPECT_TRUE(becomes("magento.example.com", "127.191.1.10"));
    const auto fault = board.add({.kind = FaultKind::region, .region = RegionId{"us-east-1"}});
    ASSERT_TRUE(fault);
    EXPECT_TRUE(becomes("magento.example.com", "127.191.2.10"));
    EXPECT_GT(board.find(*fault)->touched, 0U);
    ASSERT_TRUE(board.end(*fault));
    EXPECT_TRUE(becomes("magento.example.com", "127.191.1.10"));
    net.stop(*server);
}

TEST_F(Route53Test, SignaturesAreChecked) {
    const sigv4::Credentials key{.access_key_id = "AKIDLAB", .secret_access_key = "secret"};
    Route53World::Options options;
    options.credentials = {key};
    start(kPatient, std::move(options));
    const auto unsigned_reply = get("hostedzone");
    EXPECT_EQ(unsigned_reply.status, 403);
    EXPECT_NE(
        unsigned_reply.body.find("<Code>MissingAuthenticationToken</Code>"), std::string::npos
    );
    const auto signed_get = [&](const sigv4::Credentials& with, const std::string& region) {
        const std::string host = "127.0.0.1:" + std::to_string(route53->api_port());
        const std::string date = to_amz_date(clock.wall());
        const std::vector<sigv4::Header> headers{{"host", host}, {"x-amz-date", date}};
        const std::string hash = sigv4::sha256_hex("");
        sigv4::Signer signer;
        const std::string authorization = signer.authorization(
            {.method = "GET",
             .path = "/2013-04-01/hostedzone",
             .query = "",
             .headers = headers,
             .payload_hash = hash},
            with,
            {.region = region, .service = "route53"}
        );
        return call(
            {.url = "/2013-04-01/hostedzone",
             .headers = {{"X-Amz-Date", date}, {"Authorization", authorization}}}
        );
    };
    EXPECT_EQ(signed_get(key, "us-east-1").status, 200);
    EXPECT_NE(
        signed_get(key, "eu-west-1").body.find("scoped to a valid Region"), std::string::npos
    );
    EXPECT_NE(
        signed_get({.access_key_id = "AKIDLAB", .secret_access_key = "wrong"}, "us-east-1")
            .body.find("SignatureDoesNotMatch"),
        std::string::npos
    );
    EXPECT_NE(
        signed_get({.access_key_id = "NOBODY", .secret_access_key = "secret"}, "us-east-1")
            .body.find("InvalidClientTokenId"),
        std::string::npos
    );
}

TEST_F(Route53Test, BadRequestsGetTheirErrors) {
    start();
    const auto zone = create_zone();
    const auto code = [](const net::HttpReply& reply) {
        return std::to_string(reply.status) + " " + between(reply.body, "<Code>", "</Code>");
    };
    EXPECT_EQ(code(get("hostedzone/ZNONE")), "404 NoSuchHostedZone");
    EXPECT_EQ(code(get("healthcheck/none")), "404 NoSuchHealthCheck");
    EXPECT_EQ(code(get("change/CNONE")), "404 NoSuchChange");
    EXPECT_EQ(code(get("elsewhere")), "404 UnknownOperationException");
    EXPECT_EQ(code(call({.url = "/"})), "404 UnknownOperationException");
    EXPECT_EQ(code(get("hostedzone?maxitems=x")), "400 InvalidInput");
    EXPECT_EQ(code(get("hostedzone/" + zone + "/rrset?type=A")), "400 InvalidInput");
    EXPECT_EQ(
        code(call({.method = "POST", .url = "/2013-04-01/hostedzone", .body = "<a><b>"})),
        "400 MalformedInput"
    );
    EXPECT_EQ(
        code(call({.method = "POST", .url = "/2013-04-01/hostedzone", .body = "<Other/>"})),
        "400 MalformedInput"
    );
    EXPECT_EQ(
        code(post(
            "hostedzone",
            "CreateHostedZoneRequest",
            "<Name>a.com</Name><CallerReference>2</CallerReference><Surprise/>"
        )),
        "400 MalformedInput"
    );
    EXPECT_EQ(
        code(post("hostedzone", "CreateHostedZoneRequest", "<Name>a.com</Name>")),
        "400 InvalidInput"
    );
    const auto change = [&](const std::string& action, const std::string& inner) {
        return code(post(
            "hostedzone/" + zone + "/rrset",
            "ChangeResourceRecordSetsRequest",
            "<ChangeBatch><Changes><Change><Action>" + action +
                "</Action><ResourceRecordSet><Name>a.example.com</Name>"
                "<Type>A</Type>" +
                inner + "</ResourceRecordSet></Change></Changes></ChangeBatch>"
        ));
    };
    const std::string value =
        "<ResourceRecords><ResourceRecord><Value>127.0.0.1</Value></ResourceRecord></"
        "ResourceRecords>";
    EXPECT_EQ(
        change("CREATE", "<TTL>5</TTL>" + value + "<HealthCheckId>none</HealthCheckId>"),
        "404 NoSuchHealthCheck"
    );
    EXPECT_EQ(change("CREATE", value), "400 InvalidInput") << "no TTL";
    EXPECT_EQ(change("REPLACE", "<TTL>5</TTL>" + value), "400 InvalidInput");
    EXPECT_EQ(change("CREATE", "<TTL>five</TTL>" + value), "400 InvalidInput");
    EXPECT_EQ(
        change("CREATE", "<TTL>5</TTL>" + value + "<MultiValueAnswer>true</MultiValueAnswer>"),
        "400 InvalidInput"
    );
    EXPECT_EQ(change("DELETE", "<TTL>5</TTL>" + value), "400 InvalidChangeBatch");
    EXPECT_EQ(code(call({.method = "DELETE", .url = "/2013-04-01/hostedzone/" + zone})), "200 ");
}

}  // namespace
}  // namespace farshore::lab
