#include "adapters/net/dns_client.h"

#include "adapters/net/net_test_world.h"

namespace farshore::net {
namespace {

using namespace std::chrono_literals;
using Udp = boost::asio::ip::udp;
using Tcp = boost::asio::ip::tcp;

// A DNS server over UDP and TCP whose answers the test makes.
class TestServer {
  public:
    using Answer = std::function<std::optional<dns::Message>(dns::Message question, bool tcp)>;

    explicit TestServer(testing::World& world, Answer answer)
        : world_(world),
          answer_(std::move(answer)),
          acceptor_(world.io.get_executor()),
          socket_(world.io.get_executor()) {
        const auto localhost = boost::asio::ip::make_address("127.0.0.1");
        acceptor_.open(Tcp::v4());
        acceptor_.bind({localhost, 0});
        acceptor_.listen();
        socket_.open(Udp::v4());
        socket_.bind({localhost, acceptor_.local_endpoint().port()});
        world.tasks.spawn("udp", [this] { return serve_udp(this); });
        world.tasks.spawn("tcp", [this] { return serve_tcp(this); });
    }

    [[nodiscard]] std::uint16_t port() const { return acceptor_.local_endpoint().port(); }

    int udp_questions = 0;
    int tcp_questions = 0;
    int with_edns = 0;
    // Sent before each UDP answer: what a forger would try.
    std::function<dns::Message(dns::Message)> forge;
    std::vector<std::uint16_t> ids;
    std::vector<std::uint16_t> ports;

  private:
    static Task<> serve_udp(TestServer* self) {
        std::array<std::uint8_t, 1500> buffer{};
        while (true) {
            Udp::endpoint from;
            auto [error, count] = co_await self->socket_.async_receive_from(
                boost::asio::buffer(buffer), from, kAwait
            );
            if (error) {
                co_return;
            }
            const Result<dns::Message> question =
                dns::decode(std::span<const std::uint8_t>(buffer).first(count));
            EXPECT_TRUE(question.has_value());
            ++self->udp_questions;
            self->with_edns += question->edns_udp_size ? 1 : 0;
            self->ids.push_back(question->id);
            self->ports.push_back(from.port());
            if (self->forge) {
                const std::vector<std::uint8_t> forged = dns::encode(self->forge(*question));
                auto [forge_error, forge_count] =
                    co_await self->socket_.async_send_to(boost::asio::buffer(forged), from, kAwait);
                static_cast<void>(forge_error);
            }
            const std::optional<dns::Message> answer = self->answer_(*question, false);
            if (answer) {
                const std::vector<std::uint8_t> bytes = dns::encode(*answer, 512);
                auto [send_error, sent] =
                    co_await self->socket_.async_send_to(boost::asio::buffer(bytes), from, kAwait);
                static_cast<void>(send_error);
            }
        }
    }

    static Task<> serve_tcp(TestServer* self) {
        while (true) {
            TcpSocket peer(self->world_.io.get_executor());
            auto [error] = co_await self->acceptor_.async_accept(peer, kAwait);
            if (error) {
                co_return;
            }
            std::array<std::uint8_t, 1500> buffer{};
            auto [read_error, count] =
                co_await peer.async_read_some(boost::asio::buffer(buffer), kAwait);
            const Result<dns::Message> question =
                dns::decode(std::span<const std::uint8_t>(buffer).first(count).subspan(2));
            EXPECT_TRUE(question.has_value());
            ++self->tcp_questions;
            const std::optional<dns::Message> answer = self->answer_(*question, true);
            if (answer) {
                std::vector<std::uint8_t> bytes = dns::encode(*answer);
                bytes.insert(
                    bytes.begin(),
                    {static_cast<std::uint8_t>(bytes.size() >> 8U),
                     static_cast<std::uint8_t>(bytes.size() & 0xFFU)}
                );
                auto [write_error, written] =
                    co_await boost::asio::async_write(peer, boost::asio::buffer(bytes), kAwait);
                static_cast<void>(write_error);
            }
        }
    }

    testing::World& world_;
    Answer answer_;
    TcpAcceptor acceptor_;
    UdpSocket socket_;
};

dns::Message answer_to(const dns::Message& question) {
    dns::Message answer = question;
    answer.response = true;
    answer.edns_udp_size.reset();
    return answer;
}

dns::Record a_record(std::string name, std::uint8_t last, std::uint32_t ttl) {
    return {
        .name = std::move(name),
        .type = 1,
        .ttl = ttl,
        .data = std::array<std::uint8_t, 4>{127, 0, 0, last}
    };
}

class DnsClientTest : public ::testing::Test {
  protected:
    // A client that remembers, as long as the test.
    std::unique_ptr<DnsClient> client_of(
        const std::vector<std::uint16_t>& ports, Duration timeout = 2s, int attempts_max = 2
    ) {
        DnsClient::Options options{.timeout = timeout, .attempts_max = attempts_max};
        for (const std::uint16_t port : ports) {
            options.servers.push_back({.address = "127.0.0.1", .port = port});
        }
        return DnsClient::create(world.io, std::move(options));
    }

    Result<DnsAnswer> resolve(DnsClient& client, const std::string& name = "a.example") {
        std::function<Task<Result<DnsAnswer>>()> start = [&] {
            return client.resolve(name);
        };
        return world.wait_for(start);
    }

    Result<DnsAnswer> resolve(
        std::uint16_t port, const std::string& name, Duration timeout = 2s, int attempts_max = 2
    ) {
        const auto client = client_of({port}, timeout, attempts_max);
        return resolve(*client, name);
    }

    testing::World world;
};

// The server's sockets must outlive its tasks, which end with the world's.
void finish(testing::World& world) {
    world.tasks.stop();
    EXPECT_TRUE(world.run_until([&] { return world.tasks.idle(); }));
}

TEST_F(DnsClientTest, FollowsAChainAndTakesItsSmallestTtl) {
    TestServer server(world, [](const dns::Message& question, bool) {
        dns::Message answer = answer_to(question);
        answer.answers.push_back(a_record("c.example", 2, 60));
        answer.answers.push_back(a_record("c.example", 3, 7));
        answer.answers.push_back(
            {.name = "b.example", .type = 5, .ttl = 30, .data = std::string{"c.example"}}
        );
        answer.answers.push_back(
            {.name = "a.example", .type = 5, .ttl = 5, .data = std::string{"b.example"}}
        );
        answer.answers.push_back(a_record("elsewhere.example", 66, 1));
        return answer;
    });
    const Result<DnsAnswer> answer = resolve(server.port(), "A.Example.");
    ASSERT_TRUE(answer) << answer.error().text;
    EXPECT_EQ(answer->addresses, (std::vector<std::string>{"127.0.0.2", "127.0.0.3"}));
    EXPECT_EQ(answer->ttl, 5s);
    finish(world);
}

TEST_F(DnsClientTest, TellsAnEmptyAnswerFromAMissingName) {
    dns::Rcode rcode = dns::Rcode::no_error;
    TestServer server(world, [&](const dns::Message& question, bool) {
        dns::Message answer = answer_to(question);
        answer.rcode = rcode;
        return answer;
    });
    const Result<DnsAnswer> empty = resolve(server.port(), "a.example");
    ASSERT_FALSE(empty);
    EXPECT_EQ(empty.error().kind, ErrorKind::unavailable);
    EXPECT_EQ(empty.error().code, kNoAddress);
    EXPECT_TRUE(says_there_is_no_address(empty.error()));
    EXPECT_EQ(empty.error().effect, Effect::none);
    EXPECT_NE(empty.error().text.find("empty"), std::string::npos);
    rcode = dns::Rcode::name_error;
    const Result<DnsAnswer> missing = resolve(server.port(), "a.example");
    EXPECT_EQ(missing.error().kind, ErrorKind::not_found);
    EXPECT_EQ(missing.error().code, kNameMissing);
    finish(world);
}

TEST_F(DnsClientTest, AServersTroubleSaysNothingAboutTheName) {
    dns::Rcode rcode = dns::Rcode::server_failure;
    TestServer server(world, [&](const dns::Message& question, bool) {
        dns::Message answer = answer_to(question);
        answer.rcode = rcode;
        return answer;
    });
    const Result<DnsAnswer> failed = resolve(server.port(), "a.example");
    EXPECT_EQ(failed.error().kind, ErrorKind::unavailable);
    EXPECT_FALSE(says_there_is_no_address(failed.error()));
    EXPECT_NE(failed.error().text.find("SERVFAIL"), std::string::npos);
    rcode = dns::Rcode::refused;
    EXPECT_NE(resolve(server.port(), "a.example").error().text.find("REFUSED"), std::string::npos);
    finish(world);
}

TEST_F(DnsClientTest, ALoopOfNamesIsAnEmptyAnswer) {
    TestServer server(world, [](const dns::Message& question, bool) {
        dns::Message answer = answer_to(question);
        answer.answers.push_back(
            {.name = "a.example", .type = 5, .ttl = 5, .data = std::string{"b.example"}}
        );
        answer.answers.push_back(
            {.name = "b.example", .type = 5, .ttl = 5, .data = std::string{"a.example"}}
        );
        return answer;
    });
    EXPECT_EQ(resolve(server.port(), "a.example").error().code, kNoAddress);
    finish(world);
}

TEST_F(DnsClientTest, AsksOverTcpWhenTruncated) {
    TestServer server(world, [](const dns::Message& question, bool) {
        dns::Message answer = answer_to(question);
        for (int i = 1; i <= 100; ++i) {
            answer.answers.push_back(a_record("a.example", static_cast<std::uint8_t>(i), 5));
        }
        return answer;
    });
    const Result<DnsAnswer> answer = resolve(server.port(), "a.example");
    ASSERT_TRUE(answer) << answer.error().text;
    EXPECT_EQ(answer->addresses.size(), 100U);
    EXPECT_EQ(server.udp_questions, 1);
    EXPECT_EQ(server.tcp_questions, 1);
    finish(world);
}

dns::Message one_address(const dns::Message& question, std::uint8_t last = 1) {
    dns::Message answer = answer_to(question);
    answer.answers.push_back(a_record(question.questions[0].name, last, 5));
    return answer;
}

dns::Message refusal_of(const dns::Message& question, dns::Rcode rcode) {
    dns::Message answer = answer_to(question);
    answer.rcode = rcode;
    return answer;
}

// A server from before EDNS (RFC 6891, 7), and one that cannot even repeat the question.
TEST_F(DnsClientTest, AsksWithoutEdnsWhereItIsNotTakenAndRemembersThat) {
    dns::Rcode rcode = dns::Rcode::format_error;
    bool repeats_the_question = true;
    TestServer server(world, [&](const dns::Message& question, bool) {
        if (!question.edns_udp_size) {
            return one_address(question);
        }
        dns::Message answer = refusal_of(question, rcode);
        if (!repeats_the_question) {
            answer.questions.clear();
        }
        return answer;
    });
    for (const dns::Rcode refusal : {dns::Rcode::format_error, dns::Rcode::not_implemented}) {
        for (const bool repeats : {true, false}) {
            rcode = refusal;
            repeats_the_question = repeats;
            server.udp_questions = 0;
            server.with_edns = 0;
            const auto client = client_of({server.port()});
            for (int i = 0; i < 3; ++i) {
                const Result<DnsAnswer> answer = resolve(*client);
                ASSERT_TRUE(answer) << answer.error().text;
                EXPECT_EQ(answer->addresses, (std::vector<std::string>{"127.0.0.1"}));
            }
            EXPECT_EQ(server.with_edns, 1) << "asked once with it, and remembered";
            EXPECT_EQ(server.udp_questions, 4);
        }
    }
    finish(world);
}

TEST_F(DnsClientTest, AsksWithoutEdnsWhereSuchQuestionsAreLost) {
    TestServer server(world, [](const dns::Message& question, bool) {
        return question.edns_udp_size ? std::nullopt : std::optional{one_address(question)};
    });
    const auto client = client_of({server.port()}, 400ms, 3);
    ASSERT_TRUE(resolve(*client));
    ASSERT_TRUE(resolve(*client));
    EXPECT_EQ(server.with_edns, 1);
    EXPECT_EQ(server.udp_questions, 3);
    finish(world);
}

TEST_F(DnsClientTest, AServerThatUnderstandsNothingIsNotAskedForEver) {
    TestServer server(world, [](const dns::Message& question, bool) {
        return refusal_of(question, dns::Rcode::format_error);
    });
    const Result<DnsAnswer> answer = resolve(server.port(), "a.example");
    ASSERT_FALSE(answer);
    EXPECT_FALSE(says_there_is_no_address(answer.error()));
    EXPECT_NE(answer.error().text.find("FORMERR"), std::string::npos) << answer.error().text;
    EXPECT_EQ(server.udp_questions, 2);
    finish(world);
}

TEST_F(DnsClientTest, AsksTheNextServerWhenOneIsOfNoUse) {
    std::optional<dns::Rcode> trouble;
    TestServer first(world, [&](const dns::Message& question, bool) {
        return trouble ? std::optional{refusal_of(question, *trouble)} : std::nullopt;
    });
    TestServer second(world, [](const dns::Message& question, bool) {
        return one_address(question, 7);
    });
    for (const auto& seen :
         {std::optional{dns::Rcode::refused},
          std::optional{dns::Rcode::server_failure},
          std::optional<dns::Rcode>{}}) {
        trouble = seen;
        first.udp_questions = 0;
        const auto client = client_of({first.port(), second.port()}, 400ms);
        const Result<DnsAnswer> answer = resolve(*client);
        ASSERT_TRUE(answer) << answer.error().text;
        EXPECT_EQ(answer->addresses, (std::vector<std::string>{"127.0.0.7"}));
        EXPECT_EQ(first.udp_questions, 1);
        ASSERT_TRUE(resolve(*client));
        EXPECT_EQ(first.udp_questions, 1) << "the one that answered is asked first";
    }
    finish(world);
}

// What a name has, one server is enough to say.
TEST_F(DnsClientTest, AnAnswerThatThereIsNoAddressIsNotAskedForTwice) {
    TestServer first(world, [](const dns::Message& question, bool) { return answer_to(question); });
    TestServer second(world, [](const dns::Message& question, bool) {
        return one_address(question);
    });
    const auto client = client_of({first.port(), second.port()});
    EXPECT_EQ(resolve(*client).error().code, kNoAddress);
    EXPECT_EQ(second.udp_questions, 0);
    finish(world);
}

// RFC 2308, 2.2: such answers say that others know, not that there is no address.
TEST_F(DnsClientTest, AReferralSaysNothingAboutTheName) {
    bool with_name_servers = true;
    TestServer server(world, [&](const dns::Message& question, bool) {
        dns::Message answer = answer_to(question);
        if (with_name_servers) {
            answer.authorities.push_back(
                {.name = "example", .type = 2, .ttl = 5, .data = std::string{"ns.example"}}
            );
        } else {
            answer.answers.push_back(
                {.name = "a.example", .type = 5, .ttl = 5, .data = std::string{"b.elsewhere"}}
            );
        }
        return answer;
    });
    for (const bool referral : {true, false}) {
        with_name_servers = referral;
        const Result<DnsAnswer> answer = resolve(server.port(), "a.example");
        ASSERT_FALSE(answer);
        EXPECT_EQ(answer.error().kind, ErrorKind::unavailable);
        EXPECT_FALSE(says_there_is_no_address(answer.error())) << answer.error().text;
        EXPECT_FALSE(answer.error().remedy.empty());
    }
    finish(world);
}

TEST_F(DnsClientTest, AnAnswerThatIsCutOffOverTcpTooSaysNothing) {
    TestServer server(world, [](const dns::Message& question, bool) {
        dns::Message answer = answer_to(question);
        answer.truncated = true;
        return answer;
    });
    const Result<DnsAnswer> answer = resolve(server.port(), "a.example");
    ASSERT_FALSE(answer);
    EXPECT_FALSE(says_there_is_no_address(answer.error())) << answer.error().text;
    EXPECT_GE(server.tcp_questions, 1);
    finish(world);
}

TEST_F(DnsClientTest, IgnoresAnswersToOtherQuestions) {
    TestServer server(world, [](const dns::Message& question, bool) {
        dns::Message answer = answer_to(question);
        answer.answers.push_back(a_record("a.example", 1, 5));
        return answer;
    });
    const std::vector<std::function<void(dns::Message&)>> forgeries{
        [](dns::Message& m) { m.id = static_cast<std::uint16_t>(m.id + 1); },
        [](dns::Message& m) { m.questions[0].name = "b.example"; },
        [](dns::Message& m) { m.questions[0].type = 28; },
        [](dns::Message& m) { m.questions.clear(); },
        [](dns::Message& m) { m.response = false; },
    };
    for (const auto& forgery : forgeries) {
        server.forge = [&](const dns::Message& question) {
            dns::Message answer = answer_to(question);
            answer.answers.push_back(a_record("a.example", 66, 5));
            forgery(answer);
            return answer;
        };
        const Result<DnsAnswer> answer = resolve(server.port(), "a.example");
        ASSERT_TRUE(answer) << answer.error().text;
        EXPECT_EQ(answer->addresses, (std::vector<std::string>{"127.0.0.1"}));
    }
    finish(world);
}

TEST_F(DnsClientTest, AsksAgainAndThenGivesUp) {
    TestServer silent(world, [](const dns::Message&, bool) { return std::nullopt; });
    const Result<DnsAnswer> none = resolve(silent.port(), "a.example", 30ms, 3);
    ASSERT_FALSE(none);
    EXPECT_EQ(none.error().kind, ErrorKind::timed_out);
    EXPECT_EQ(silent.udp_questions, 3);
    EXPECT_FALSE(silent.ids[0] == silent.ids[1] && silent.ids[1] == silent.ids[2]);
    EXPECT_FALSE(silent.ports[0] == silent.ports[1] && silent.ports[1] == silent.ports[2]);
    finish(world);
}

TEST_F(DnsClientTest, APortWithoutAServerIsUnavailable) {
    std::uint16_t port = 0;
    {
        testing::World other;
        TestServer server(other, [](const dns::Message&, bool) { return std::nullopt; });
        port = server.port();
        finish(other);
    }
    EXPECT_EQ(resolve(port, "a.example").error().kind, ErrorKind::unavailable);
}

TEST_F(DnsClientTest, RefusesWhatIsNoName) {
    EXPECT_EQ(resolve(1, "").error().kind, ErrorKind::malformed);
    EXPECT_EQ(resolve(1, "a..b").error().kind, ErrorKind::malformed);
    EXPECT_EQ(resolve(1, std::string(64, 'a') + ".example").error().kind, ErrorKind::malformed);
}

TEST_F(DnsClientTest, RefusesAServerThatIsNoAddress) {
    const auto client =
        DnsClient::create(world.io, {.servers = {{.address = "dns.example", .port = 53}}});
    std::function<Task<Result<DnsAnswer>>()> start = [&] {
        return client->resolve("a.example");
    };
    EXPECT_EQ(world.wait_for(start).error().kind, ErrorKind::malformed);
}

}  // namespace
}  // namespace farshore::net
