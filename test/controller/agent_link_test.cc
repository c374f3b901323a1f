#include "controller/agent_link.h"

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <boost/asio/post.hpp>
#include <gtest/gtest.h>

#include "adapters/net/http_client.h"
#include "adapters/net/later.h"
#include "adapters/system/system_clock.h"
#include "controller/fake_agent.h"

namespace farshore::controller {
namespace {

using testing::FakeAgent;

const AppId kApp{"magento"};
const RegionId kEast{"us-east-1"};
const RegionId kWest{"eu-west-1"};

// A machine that is stopped for a while and does not notice.
class PausedClock final : public ports::Clock {
  public:
    [[nodiscard]] Instant now() const override { return real_.now() + ahead; }

    [[nodiscard]] UtcTime wall() const override {
        return real_.wall() + std::chrono::duration_cast<WallClock::duration>(ahead);
    }

    Duration ahead{};

  private:
    system::SystemClock real_;
};

net::Task<net::HttpReply> reply_of(FakeAgent& agent, std::string path, std::string body) {
    const Result<net::HttpReply> reply = co_await agent.post(std::move(path), std::move(body));
    co_return reply.value_or(net::HttpReply{});
}

// A link behind a real server, without a core: what it would tell the core is written down.
class AgentLinkTest : public ::testing::Test {
  protected:
    AgentLinkTest() {
        AgentLink::Options options;
        options.app = kApp;
        options.controller = ObserverId{"us-east-2"};
        options.boot = BootId{"c-1"};
        options.regions = {kEast, kWest};
        options.fresh_for = std::chrono::milliseconds{600};
        options.ping_every = std::chrono::milliseconds{100};
        AgentLink::Upcalls upcalls;
        upcalls.deliver = [this](core::Event event) {
            events.push_back(std::move(event));
        };
        upcalls.grant_lease = [this](const HostId&, Epoch epoch) {
            return epoch == current
                       ? core::AppCore::LeaseAnswer{.length = std::chrono::seconds{3}, .why = {}}
                       : core::AppCore::LeaseAnswer{.length = {}, .why = "the epoch is another"};
        };
        upcalls.enroll = [this](HostId host, RegionId) {
            return enroll(std::move(host));
        };
        upcalls.users = [] {
            return kEast;
        };
        upcalls.fenced = [this](OperationId, HostId, wire::FenceAck ack) {
            return keep(std::move(ack));
        };
        upcalls.announce = [this](const std::string& text) {
            announced.push_back(text);
        };
        link = std::make_unique<AgentLink>(world.io, clock, options, std::move(upcalls));
        // A token is the name of the host that it belongs to.
        server = world.serve([this](net::HttpRequest request) {
            const std::string token{request.header("authorization").value_or("Bearer ").substr(7)};
            Caller caller{.name = token, .role = Role::agent, .app = kApp, .host = HostId{token}};
            if (const auto at = bound.find(token); at != bound.end()) {
                caller.region = at->second;
            }
            return link->answer(std::move(request), std::move(caller));
        });
        http = net::HttpClient::create(world.io, {});
        world.tasks.spawn("watch", [this] { return link->watch(); });
    }

    ~AgentLinkTest() override {
        for (const auto& agent : agents) {
            agent->die();
        }
        link->close();
        world.stop(*server);
        // Cancelling belongs on the io_context's own thread of control.
        boost::asio::post(world.io, [this] { world.tasks.stop(); });
        world.run_until([this] { return world.tasks.idle(); });
    }

    FakeAgent::Options agent_options(std::string host, RegionId region, Epoch epoch) const {
        FakeAgent::Options options;
        options.url = "http://127.0.0.1:" + std::to_string(server->port());
        options.token = host;
        options.host = HostId{std::move(host)};
        options.region = std::move(region);
        options.epoch = epoch;
        options.active = kEast;
        return options;
    }

    // Agents live as long as the world: their tasks end with it.
    FakeAgent& make_agent(FakeAgent::Options options) {
        agents.push_back(std::make_unique<FakeAgent>(world, *http, std::move(options)));
        return *agents.back();
    }

    template <class E>
    int count() const {
        int found = 0;
        for (const core::Event& event : events) {
            found += std::holds_alternative<E>(event) ? 1 : 0;
        }
        return found;
    }

    template <class E>
    const E* last() const {
        const E* found = nullptr;
        for (const core::Event& event : events) {
            if (const auto* one = std::get_if<E>(&event)) {
                found = one;
            }
        }
        return found;
    }

    core::OrderAgents an_order(core::OrderType type, const std::string& host, Epoch epoch) const {
        return {
            .step = {.operation = OperationId{"op-1"}, .number = 4},
            .app = kApp,
            .hosts = {HostId{host}},
            .type = type,
            .epoch = epoch,
            .active = kWest,
            .users = {},
            .hold_for = std::chrono::seconds{1},
            .timeout = std::chrono::milliseconds{700},
            .fence_grace = std::chrono::milliseconds{150}
        };
    }

    // What that host says of that fence: done, and nothing unproven.
    static wire::Ack fence_done(const FakeAgent& agent, const wire::Order& order) {
        return {
            .app = kApp,
            .host = HostId{"use1-web-1"},
            .boot = agent.boot,
            .order = order.number,
            .type = "fence",
            .result = wire::AckResult::done,
            .epoch = Epoch{7},
            .detail = {},
            .body = wire::FenceAck{}
        };
    }

    // Starts it and orders a fence, which it does not acknowledge. nullptr: no order came.
    const wire::Order* leave_a_fence_unanswered(FakeAgent& agent) {
        agent.answers = false;
        agent.start();
        EXPECT_TRUE(world.run_until([&] { return agent.greeted(); }));
        link->order(an_order(core::OrderType::fence, agent.hello().host.value(), Epoch{8}));
        return world.run_until([&] { return agent.order_types.size() == 1; })
                   ? std::get_if<wire::Order>(&agent.heard.back())
                   : nullptr;
    }

    net::HttpReply post(FakeAgent& agent, const std::string& path, const std::string& body) {
        const std::function<net::Task<Result<net::HttpReply>>()> start = [&agent, path, body] {
            return agent.post(path, body);
        };
        const Result<net::HttpReply> reply = world.wait_for<Result<net::HttpReply>>(start);
        EXPECT_TRUE(reply.has_value()) << reply.error().text;
        return reply.value_or(net::HttpReply{});
    }

    // A store that answers late, as long as the test says so.
    net::Task<Status> enroll(HostId host) {
        enrolled.push_back(std::move(host));
        co_await store_answers();
        co_return Status{};
    }

    net::Task<Status> keep(wire::FenceAck ack) {
        fenced_writes += ack.entries.size();
        co_await store_answers();
        co_return store_ends ? fail(ErrorKind::unavailable, "the controller ends") : Status{};
    }

    net::Task<> store_answers() {
        if (store_is_late) {
            const net::Later<bool> answer{world.io};
            store_asked.push_back(answer);
            const std::optional<bool> answered = co_await answer.get();
            static_cast<void>(answered);
        }
    }

    net::testing::World world;
    PausedClock clock;
    bool store_is_late = false;
    bool store_ends = false;
    std::vector<net::Later<bool>> store_asked;
    Epoch current{7};
    std::vector<core::Event> events;
    std::vector<HostId> enrolled;
    std::vector<std::string> announced;
    std::map<std::string, RegionId> bound;  // tokens that say where their host stands

    [[nodiscard]] std::uint64_t refused(AgentRefusal why) const {
        return link->refusals()[static_cast<std::size_t>(why)];
    }

    std::size_t fenced_writes = 0;
    std::unique_ptr<AgentLink> link;
    std::unique_ptr<net::HttpServer> server;
    std::unique_ptr<net::HttpClient> http;
    std::vector<std::unique_ptr<FakeAgent>> agents;
};

TEST_F(AgentLinkTest, AnAgentIsGreetedEnrolledAndPinged) {
    FakeAgent& agent = make_agent(agent_options("use1-web-1", kEast, Epoch{7}));
    agent.start();
    ASSERT_TRUE(world.run_until([&] { return agent.heard.size() >= 3; }));
    EXPECT_TRUE(agent.greeted());
    EXPECT_EQ(enrolled, std::vector<HostId>{HostId{"use1-web-1"}});
    ASSERT_NE(last<core::AgentConnected>(), nullptr);
    EXPECT_EQ(last<core::AgentConnected>()->region, kEast);
    EXPECT_EQ(std::get<wire::Order>(agent.heard.back()).type(), "ping");
}

TEST_F(AgentLinkTest, ReportsBecomeEvidenceAndAreAnsweredWithALease) {
    FakeAgent& agent = make_agent(agent_options("use1-web-1", kEast, Epoch{7}));
    agent.evidence = {
        {.region = kEast,
         .component = wire::EvidenceComponent::dynamodb,
         .path = wire::EvidencePath::fresh,
         .ok = 0,
         .failed = 2,
         .stalled = {},
         .latency = {},
         .last_error = "no address"},
        {.region = kEast,
         .component = wire::EvidenceComponent::control,
         .path = wire::EvidencePath::fresh,
         .ok = 1,
         .failed = 0,
         .stalled = {},
         .latency = {},
         .last_error = ""}
    };
    agent.start();
    ASSERT_TRUE(world.run_until([&] { return agent.lease.has_value(); }));
    ASSERT_TRUE(agent.lease->lease.has_value());
    EXPECT_EQ(agent.lease->lease->epoch, Epoch{7});
    ASSERT_GE(count<core::Observation>(), 2);
    bool saw_failure = false;
    for (const core::Event& event : events) {
        if (const auto* seen = std::get_if<core::Observation>(&event)) {
            EXPECT_EQ(seen->observer, ObserverId{"agents:us-east-1"});
            EXPECT_EQ(seen->source, HostId{"use1-web-1"});
            if (seen->component == core::Component::control) {
                EXPECT_EQ(seen->region, RegionId{}) << "a control target belongs to no Region";
            }
            saw_failure = saw_failure || (seen->failed == 2 && seen->why == "no address");
        }
    }
    EXPECT_TRUE(saw_failure);
    current = Epoch{8};
    ASSERT_TRUE(world.run_until([&] { return !agent.lease->lease.has_value(); }));
    EXPECT_EQ(agent.lease->why, "the epoch is another")
        << "an older epoch is refused with its reason";
}

// Whatever its clock says of the day, how long ago it was is on one clock.
TEST_F(AgentLinkTest, HowLongAgoAWriteWasIsTheHostsOwnWord) {
    FakeAgent& agent = make_agent(agent_options("use1-web-1", kEast, Epoch{7}));
    agent.last_acknowledged_at = clock.wall() + std::chrono::hours{24};
    agent.last_acknowledged_age = std::chrono::milliseconds{70};
    agent.start();
    ASSERT_TRUE(world.run_until([&] { return count<core::AgentReported>() >= 1; }));
    EXPECT_EQ(last<core::AgentReported>()->last_acknowledged_ago, std::chrono::milliseconds{70});
}

TEST_F(AgentLinkTest, OrdersAreNumberedAndAcknowledgementsFindTheirStep) {
    FakeAgent& agent = make_agent(agent_options("use1-web-1", kEast, Epoch{7}));
    agent.start();
    ASSERT_TRUE(world.run_until([&] { return agent.greeted(); }));
    link->order(an_order(core::OrderType::hold, "use1-web-1", Epoch{7}));
    link->order(an_order(core::OrderType::hold, "unknown-host", Epoch{7}));
    ASSERT_TRUE(world.run_until([&] { return count<core::AgentAcked>() == 1; }));
    const auto* acked = last<core::AgentAcked>();
    EXPECT_EQ(acked->step.operation, OperationId{"op-1"});
    EXPECT_EQ(acked->step.number, 4U);
    EXPECT_EQ(acked->type, core::OrderType::hold);
    EXPECT_TRUE(acked->done);
}

TEST_F(AgentLinkTest, ARouteThatWasAdoptedIsAnsweredWithALeaseAndNoOtherOrderIs) {
    FakeAgent& agent = make_agent(agent_options("use1-web-1", kEast, Epoch{7}));
    agent.start();
    ASSERT_TRUE(world.run_until([&] { return agent.greeted(); }));
    agent.hang();
    for (const core::OrderType type : {core::OrderType::hold, core::OrderType::route}) {
        link->order(an_order(type, "use1-web-1", Epoch{7}));
    }
    ASSERT_TRUE(world.run_until([&] { return agent.ack_answers.size() == 2; }));
    EXPECT_FALSE(agent.ack_answers.at("hold").lease);
    const std::optional<wire::LeaseGrant> lease = agent.ack_answers.at("route").lease;
    ASSERT_TRUE(lease);
    EXPECT_EQ(lease->epoch, Epoch{7});
    EXPECT_EQ(lease->length, std::chrono::seconds{3});
    current = Epoch{8};
    agent.ack_answers.clear();
    link->order(an_order(core::OrderType::route, "use1-web-1", Epoch{7}));
    ASSERT_TRUE(world.run_until([&] { return agent.ack_answers.size() == 1; }));
    EXPECT_FALSE(agent.ack_answers.at("route").lease) << "that epoch is in force no longer";
}

TEST_F(AgentLinkTest, AShortReportBringsALeaseOnceTheWholeOneIsKnown) {
    FakeAgent& agent = make_agent(agent_options("use1-web-1", kEast, Epoch{7}));
    agent.evidence = {{.region = kWest, .ok = 1}};
    agent.start();
    ASSERT_TRUE(world.run_until([&] { return count<core::AgentReported>() >= 1; }));
    EXPECT_TRUE(std::get<wire::ControllerHello>(agent.heard.front()).takes_again);
    agent.hang();
    const wire::Report whole = agent.report();
    const auto post = [&](const std::string& path, const std::string& body) {
        return world.wait_for<net::HttpReply>([&agent, path, body] {
            return reply_of(agent, path, body);
        });
    };
    wire::Report now = whole;
    now.sequence = whole.sequence + 1;
    const std::string again = wire::serialize(*wire::again(whole, now));
    const net::HttpReply refused = post("/v1/agents/again", again);
    EXPECT_EQ(refused.status, 409);
    EXPECT_NE(refused.body.find("whole_first"), std::string::npos) << refused.body;
    EXPECT_EQ(post("/v1/agents/report", wire::serialize(whole)).status, 200);
    const int seen = count<core::Observation>();
    const net::HttpReply taken = post("/v1/agents/again", again);
    EXPECT_EQ(taken.status, 200) << taken.body;
    const auto answer = wire::parse_report_answer(taken.body);
    ASSERT_TRUE(answer && answer->lease) << taken.body;
    EXPECT_EQ(answer->lease->epoch, Epoch{7});
    EXPECT_EQ(count<core::Observation>(), seen + 1);
}

TEST_F(AgentLinkTest, ARouteToAnAgentOfAnOlderEpochWaitsForItsFence) {
    FakeAgent& agent = make_agent(agent_options("use1-web-1", kEast, Epoch{6}));
    agent.writes = {
        {.table = TableName{"t"},
         .key = R"({"id":{"S":"k"}})",
         .op = "PutItem",
         .at = utc_from_ms(1),
         .epoch = Epoch{6},
         .hash = "",
         .acknowledged = true}
    };
    agent.start();
    ASSERT_TRUE(world.run_until([&] { return agent.greeted(); }));
    link->order(an_order(core::OrderType::route, "use1-web-1", Epoch{7}));
    ASSERT_TRUE(world.run_until([&] { return agent.order_types.size() >= 2; }));
    EXPECT_EQ(agent.order_types, (std::vector<std::string>{"fence", "route"}));
    EXPECT_EQ(fenced_writes, 1U) << "what it could not prove is known";
    ASSERT_TRUE(world.run_until([&] { return agent.epoch() == Epoch{7}; }));
    link->order(an_order(core::OrderType::route, "use1-web-1", Epoch{7}));
    ASSERT_TRUE(world.run_until([&] { return agent.order_types.size() >= 3; }));
    EXPECT_EQ(agent.order_types.back(), "route") << "once is enough";
}

// It forgets what it has named with its next route: not before the loss book is durable.
TEST_F(AgentLinkTest, ARouteAfterAFenceWaitsForTheStore) {
    FakeAgent& agent = make_agent(agent_options("use1-web-1", kEast, Epoch{6}));
    agent.start();
    ASSERT_TRUE(world.run_until([&] { return agent.greeted(); }));
    store_is_late = true;
    link->order(an_order(core::OrderType::route, "use1-web-1", Epoch{7}));
    ASSERT_TRUE(world.run_until([&] { return !store_asked.empty(); }));
    // Orders and pings keep their order: a ping after the acknowledgement comes behind a route.
    const std::size_t heard = agent.heard.size();
    ASSERT_TRUE(world.run_until([&] { return agent.heard.size() > heard; }));
    EXPECT_EQ(agent.order_types, std::vector<std::string>{"fence"});
    EXPECT_EQ(count<core::AgentAcked>(), 0);
    store_asked.front().set(true);
    ASSERT_TRUE(world.run_until([&] { return agent.order_types.size() == 2; }));
    EXPECT_EQ(agent.order_types.back(), "route");
    EXPECT_EQ(count<core::AgentAcked>(), 1);
}

// Two processes say hello in the name of one host, and the store keeps both waiting.
TEST_F(AgentLinkTest, OfTwoHellosThatTheStoreKeptWaitingOneIsTaken) {
    store_is_late = true;
    FakeAgent& first = make_agent(agent_options("use1-web-1", kEast, Epoch{7}));
    first.start();
    ASSERT_TRUE(world.run_until([&] { return store_asked.size() == 1; }));
    FakeAgent& second = make_agent(agent_options("use1-web-1", kEast, Epoch{7}));
    second.boot = BootId{"boot-2"};
    second.start();
    ASSERT_TRUE(world.run_until([&] { return store_asked.size() == 2; }));
    store_is_late = false;
    store_asked.front().set(true);
    ASSERT_TRUE(world.run_until([&] { return first.greeted(); }));
    store_asked.back().set(true);
    ASSERT_TRUE(world.run_until([&] { return !second.heard.empty(); }));
    EXPECT_FALSE(second.greeted());
    EXPECT_EQ(count<core::AgentConnected>(), 1);
    EXPECT_GE(refused(AgentRefusal::second_stream), 1U);
}

// More than the agent can have read: nothing is sent while this thread gives orders.
TEST_F(AgentLinkTest, AnAgentThatDoesNotReadItsOrdersLosesItsStreamAndComesAgain) {
    FakeAgent& agent = make_agent(agent_options("use1-web-1", kEast, Epoch{7}));
    agent.start();
    ASSERT_TRUE(world.run_until([&] { return agent.greeted(); }));
    for (int i = 0; i < 1100; ++i) {
        link->order(an_order(core::OrderType::hold, "use1-web-1", Epoch{7}));
    }
    EXPECT_FALSE(link->agents().at(0).connected);
    FakeAgent& again = make_agent(agent_options("use1-web-1", kEast, Epoch{7}));
    again.start();
    ASSERT_TRUE(world.run_until([&] { return again.greeted(); }));
    EXPECT_TRUE(link->agents().at(0).connected);
}

TEST_F(AgentLinkTest, AnAgentThatHasAcknowledgedItsFenceIsNotFencedAgain) {
    FakeAgent& agent = make_agent(agent_options("use1-web-1", kEast, Epoch{6}));
    agent.start();
    ASSERT_TRUE(world.run_until([&] { return agent.greeted(); }));
    link->order(an_order(core::OrderType::fence, "use1-web-1", Epoch{7}));
    ASSERT_TRUE(world.run_until([&] { return count<core::AgentAcked>() == 1; }));
    EXPECT_EQ(last<core::AgentAcked>()->epoch, Epoch{7}) << "it is fenced below the order's epoch";
    link->order(an_order(core::OrderType::route, "use1-web-1", Epoch{7}));
    ASSERT_TRUE(world.run_until([&] { return agent.epoch() == Epoch{7}; }));
    EXPECT_EQ(agent.order_types, (std::vector<std::string>{"fence", "route"}));
}

TEST_F(AgentLinkTest, ASilentAgentIsNoticedAndItsStreamEnded) {
    FakeAgent& agent = make_agent(agent_options("use1-web-1", kEast, Epoch{7}));
    agent.start();
    ASSERT_TRUE(world.run_until([&] { return count<core::AgentReported>() >= 1; }));
    agent.die();
    ASSERT_TRUE(world.run_until([&] { return count<core::AgentDisconnected>() == 1; }));
    EXPECT_FALSE(link->agents().at(0).connected);
}

// A virtual machine that was paused wakes up to agents that have spoken all the time.
TEST_F(AgentLinkTest, AControllerThatStoodStillCallsNobodySilent) {
    FakeAgent& agent = make_agent(agent_options("use1-web-1", kEast, Epoch{7}));
    agent.start();
    for (int pause = 0; pause < 5; ++pause) {
        const int heard = count<core::AgentReported>();
        ASSERT_TRUE(world.run_until([&] { return count<core::AgentReported>() > heard + 2; }));
        clock.ahead += std::chrono::seconds{30};
    }
    EXPECT_EQ(count<core::AgentDisconnected>(), 0);
    agent.die();
    EXPECT_TRUE(world.run_until([&] { return count<core::AgentDisconnected>() == 1; }));
}

TEST_F(AgentLinkTest, ANewStreamOfTheSameProcessTakesThePlaceOfOneThatHangs) {
    FakeAgent& first = make_agent(agent_options("use1-web-1", kEast, Epoch{7}));
    first.start();
    ASSERT_TRUE(world.run_until([&] { return first.greeted(); }));
    FakeAgent& again = make_agent(agent_options("use1-web-1", kEast, Epoch{7}));
    again.start();
    ASSERT_TRUE(world.run_until([&] { return again.greeted(); }));
    EXPECT_EQ(count<core::AgentConnected>(), 2);
    EXPECT_EQ(refused(AgentRefusal::second_stream), 0U);
}

// Two processes that hold one credential: a fence must not believe the one for the other.
TEST_F(AgentLinkTest, ASecondProcessOfAHostThatLivesIsRefusedToldAndDisturbsNothing) {
    FakeAgent& first = make_agent(agent_options("use1-web-1", kEast, Epoch{7}));
    first.start();
    ASSERT_TRUE(world.run_until([&] { return first.greeted(); }));
    FakeAgent& second = make_agent(agent_options("use1-web-1", kEast, Epoch{7}));
    second.boot = BootId{"boot-2"};
    for (int i = 0; i < 3; ++i) {
        const net::HttpReply hello =
            post(second, "/v1/agents/stream", wire::serialize(second.hello()));
        EXPECT_NE(hello.body.find(R"("type":"refused")"), std::string::npos) << hello.body;
        EXPECT_NE(hello.body.find("must not share a name"), std::string::npos) << hello.body;
        const net::HttpReply report =
            post(second, "/v1/agents/report", wire::serialize(second.report()));
        EXPECT_EQ(report.status, 409) << report.body;
    }
    EXPECT_EQ(refused(AgentRefusal::second_stream), 3U);
    EXPECT_EQ(count<core::AgentConnected>(), 1) << "the first one has its stream";
    ASSERT_TRUE(world.run_until([&] { return !announced.empty(); })) << "both live";
    EXPECT_NE(announced.at(0).find("boot-1"), std::string::npos) << announced.at(0);
    EXPECT_NE(announced.at(0).find("boot-2"), std::string::npos) << announced.at(0);
    EXPECT_NE(link->agents().at(0).trouble.find("boot-2"), std::string::npos);
    (void)post(second, "/v1/agents/stream", wire::serialize(second.hello()));
    const int reports = count<core::AgentReported>();
    ASSERT_TRUE(world.run_until([&] { return count<core::AgentReported>() > reports + 2; }));
    EXPECT_EQ(announced.size(), 1U) << "once is enough";
}

// A machine that was reset, with its old stream still open at our end.
TEST_F(AgentLinkTest, AnotherProcessGetsInAsSoonAsTheFirstOneIsSilent) {
    FakeAgent& first = make_agent(agent_options("use1-web-1", kEast, Epoch{7}));
    first.start();
    ASSERT_TRUE(world.run_until([&] { return count<core::AgentReported>() >= 1; }));
    FakeAgent& second = make_agent(agent_options("use1-web-1", kEast, Epoch{7}));
    second.boot = BootId{"boot-2"};
    first.hang();
    const net::HttpReply early = post(second, "/v1/agents/stream", wire::serialize(second.hello()));
    EXPECT_NE(early.body.find(R"("type":"refused")"), std::string::npos) << early.body;
    ASSERT_TRUE(world.run_until([&] { return count<core::AgentDisconnected>() == 1; }));
    second.start();
    ASSERT_TRUE(world.run_until([&] { return second.greeted(); }));
    EXPECT_TRUE(announced.empty()) << "no two processes lived at once";
    EXPECT_EQ(link->agents().at(0).trouble, "");
    const net::HttpReply stale = post(first, "/v1/agents/report", wire::serialize(first.report()));
    EXPECT_EQ(stale.status, 409);
    EXPECT_NE(stale.body.find("hello_first"), std::string::npos) << stale.body;
}

TEST_F(AgentLinkTest, ACredentialSpeaksForItsOwnHostAlone) {
    FakeAgent& victim = make_agent(agent_options("use1-web-1", kEast, Epoch{7}));
    const wire::Order* order = leave_a_fence_unanswered(victim);
    ASSERT_NE(order, nullptr);

    // Everything that the other host could say, word for word.
    FakeAgent::Options options = agent_options("use1-web-1", kEast, Epoch{7});
    options.token = "euw1-web-1";
    FakeAgent& liar = make_agent(options);
    const wire::Ack ack = fence_done(victim, *order);
    const int reported = count<core::AgentReported>();
    const std::vector<std::pair<std::string, std::string>> lies{
        {"/v1/agents/stream", wire::serialize(liar.hello())},
        {"/v1/agents/report", wire::serialize(liar.report())},
        {"/v1/agents/ack", wire::serialize(ack)}
    };
    for (const auto& [path, body] : lies) {
        const net::HttpReply reply = post(liar, path, body);
        EXPECT_EQ(reply.status, 403) << path;
        EXPECT_NE(reply.body.find("other_host"), std::string::npos) << reply.body;
        EXPECT_NE(reply.body.find("farshore init token"), std::string::npos) << reply.body;
    }
    EXPECT_EQ(refused(AgentRefusal::other_host), 3U);
    EXPECT_EQ(count<core::AgentAcked>(), 0) << "no fence is acknowledged";
    EXPECT_EQ(count<core::AgentConnected>(), 1);
    EXPECT_LE(count<core::AgentReported>(), reported + 5);
    EXPECT_EQ(post(victim, "/v1/agents/ack", wire::serialize(ack)).status, 200);
    EXPECT_EQ(count<core::AgentAcked>(), 1) << "the host itself is believed";
}

TEST_F(AgentLinkTest, ACredentialThatNamesARegionSpeaksForThatRegionAlone) {
    bound["use1-web-1"] = kEast;
    FakeAgent& moved = make_agent(agent_options("use1-web-1", kWest, Epoch{7}));
    const net::HttpReply hello = post(moved, "/v1/agents/stream", wire::serialize(moved.hello()));
    EXPECT_EQ(hello.status, 403);
    EXPECT_NE(hello.body.find("other_region"), std::string::npos) << hello.body;
    EXPECT_EQ(refused(AgentRefusal::other_region), 1U);
    FakeAgent& home = make_agent(agent_options("use1-web-1", kEast, Epoch{7}));
    home.start();
    ASSERT_TRUE(world.run_until([&] { return home.greeted(); }));
    wire::Report elsewhere = home.report();
    elsewhere.region = kWest;
    EXPECT_EQ(post(home, "/v1/agents/report", wire::serialize(elsewhere)).status, 403);
}

TEST_F(AgentLinkTest, AnAcknowledgementFitsItsOrder) {
    FakeAgent& agent = make_agent(agent_options("use1-web-1", kEast, Epoch{7}));
    const wire::Order* order = leave_a_fence_unanswered(agent);
    ASSERT_NE(order, nullptr);
    wire::Ack ack = fence_done(agent, *order);
    ack.type = "verify";
    ack.body = wire::VerifyAck{.region = kEast, .took = {}};
    EXPECT_EQ(post(agent, "/v1/agents/ack", wire::serialize(ack)).status, 400) << "another order's";
    ack.type = "fence";
    EXPECT_EQ(post(agent, "/v1/agents/ack", wire::serialize(ack)).status, 400)
        << "it does not say which writes it could not prove";
    EXPECT_EQ(count<core::AgentAcked>(), 0);
    ack.body = wire::FenceAck{};
    EXPECT_EQ(post(agent, "/v1/agents/ack", wire::serialize(ack)).status, 200);
    EXPECT_EQ(count<core::AgentAcked>(), 1);
}

// The agent forgets what it has named once it is told "taken".
TEST_F(AgentLinkTest, AListThatIsNotKeptIsAskedForAgain) {
    FakeAgent& agent = make_agent(agent_options("use1-web-1", kEast, Epoch{7}));
    const wire::Order* order = leave_a_fence_unanswered(agent);
    ASSERT_NE(order, nullptr);
    const std::string ack = wire::serialize(fence_done(agent, *order));
    store_ends = true;
    EXPECT_EQ(post(agent, "/v1/agents/ack", ack).status, 503);
    EXPECT_EQ(count<core::AgentAcked>(), 0);
    store_ends = false;
    EXPECT_EQ(post(agent, "/v1/agents/ack", ack).status, 200);
    EXPECT_EQ(count<core::AgentAcked>(), 1);
}

TEST_F(AgentLinkTest, WhatIsRefusedGetsItsReason) {
    FakeAgent::Options other = agent_options("use1-web-1", kEast, Epoch{7});
    other.app = AppId{"carts"};
    FakeAgent& wrong_app = make_agent(other);
    const net::HttpReply app =
        post(wrong_app, "/v1/agents/stream", wire::serialize(wrong_app.hello()));
    EXPECT_EQ(app.status, 403);
    EXPECT_NE(app.body.find("remedy"), std::string::npos);

    FakeAgent& wrong_region = make_agent(agent_options("h", RegionId{"mars-north-1"}, Epoch{7}));
    const net::HttpReply region =
        post(wrong_region, "/v1/agents/stream", wire::serialize(wrong_region.hello()));
    EXPECT_EQ(region.status, 200);
    EXPECT_NE(region.body.find(R"("type":"refused")"), std::string::npos) << region.body;
    EXPECT_NE(region.body.find("mars"), std::string::npos);

    FakeAgent& misnamed = make_agent(agent_options("a#host#b", kEast, Epoch{7}));
    const net::HttpReply name =
        post(misnamed, "/v1/agents/stream", wire::serialize(misnamed.hello()));
    EXPECT_EQ(name.status, 400);
    EXPECT_NE(name.body.find("a host's name has 1 to 253 letters"), std::string::npos) << name.body;

    FakeAgent& newer = make_agent(agent_options("h", kEast, Epoch{7}));
    wire::AgentHello hello = newer.hello();
    hello.protocol = {.lowest = 9, .highest = 9};
    const net::HttpReply version = post(newer, "/v1/agents/stream", wire::serialize(hello));
    EXPECT_NE(version.body.find(R"("type":"refused")"), std::string::npos) << version.body;
    EXPECT_NE(version.body.find("versions 9 to 9"), std::string::npos) << version.body;
    EXPECT_NE(version.body.find("upgrade the older side"), std::string::npos) << version.body;

    FakeAgent& stranger = make_agent(agent_options("h", kEast, Epoch{7}));
    EXPECT_EQ(post(stranger, "/v1/agents/report", wire::serialize(stranger.report())).status, 409);
    EXPECT_TRUE(events.empty());
}

TEST_F(AgentLinkTest, MalformedInputIsRefusedAndNothingIsLost) {
    FakeAgent& agent = make_agent(agent_options("use1-web-1", kEast, Epoch{7}));
    for (const char* path : {"/v1/agents/stream", "/v1/agents/report", "/v1/agents/ack"}) {
        for (const char* body : {"", "{", "[]", "{}", R"({"type":7})", "\xff\xfe"}) {
            const net::HttpReply reply = post(agent, path, body);
            EXPECT_EQ(reply.status, 400) << path << " " << body;
            EXPECT_NE(reply.body.find("\"error\""), std::string::npos);
        }
    }
    EXPECT_EQ(post(agent, "/v1/agents/nowhere", "{}").status, 404);
    EXPECT_NE(
        world
            .raw(
                server->port(),
                "GET /v1/agents/stream HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
            )
            .bytes.find(" 405 "),
        std::string::npos
    );
    agent.start();
    EXPECT_TRUE(world.run_until([&] { return agent.lease.has_value(); })) << "the link works on";
}

}  // namespace
}  // namespace farshore::controller
