#include "core/link/link_test_world.h"

// Who may speak, and which process of a host has its stream.
namespace farshore::core::link::test {
namespace {

TEST_F(AgentSessionsTest, AHostIsDurableBeforeItCounts) {
    const Answer answer = take(Hello{.from = sender(kWeb, "boot-1"), .epoch = Epoch{7}});
    const auto* enroll = std::get_if<EnrollFirst>(&answer);
    ASSERT_NE(enroll, nullptr);
    EXPECT_TRUE(events.empty());
    EXPECT_TRUE(begun_streams.empty());
    const Answer begun = take(HostEnrolled{.hello = enroll->hello, .durable = true});
    ASSERT_EQ(begun_streams.size(), 1U);
    EXPECT_EQ(std::get<StreamBegun>(begun).stream, begun_streams[0]);
    ASSERT_EQ(told<AgentConnected>().size(), 1U);
    EXPECT_EQ(told<AgentConnected>()[0].host, kWeb);
    EXPECT_EQ(told<AgentConnected>()[0].region, kEast);
    EXPECT_EQ(told<AgentConnected>()[0].epoch, Epoch{7});
    EXPECT_TRUE(sessions.lives(now, kWeb));
}

TEST_F(AgentSessionsTest, AHostThatTheStoreRefusesHasNoStream) {
    const Answer answer = take(Hello{.from = sender(kWeb, "boot-1"), .epoch = Epoch{7}});
    const Answer refused =
        take(HostEnrolled{.hello = std::get<EnrollFirst>(answer).hello, .durable = false});
    EXPECT_EQ(why(refused), AgentRefusal::store);
    EXPECT_TRUE(begun_streams.empty());
    EXPECT_TRUE(events.empty());
    EXPECT_TRUE(std::holds_alternative<HelloFirst>(take(report(1))));
}

TEST_F(AgentSessionsTest, AMessageForAnotherAppHostOrRegionThanTheCredentialsIsRefused) {
    ASSERT_TRUE(std::holds_alternative<StreamBegun>(say_hello()));
    order(OrderType::fence, Epoch{8});
    events.clear();
    Sender other_app = sender(kWeb, "boot-1");
    other_app.credential.app = AppId{"carts"};
    Sender foreign = sender(kWeb, "boot-1");
    foreign.credential.app = AppId{"carts"};
    foreign.subject.app = AppId{"carts"};
    Sender other_host = sender(kWeb, "boot-1");
    other_host.credential.host = kOther;
    Sender nameless = sender(kWeb, "boot-1");
    nameless.credential.host = {};
    Sender other_region = sender(kWeb, "boot-1");
    other_region.credential.region = kWest;
    const std::vector<std::pair<Sender, AgentRefusal>> liars{
        {other_app, AgentRefusal::other_app},
        {foreign, AgentRefusal::other_app},
        {other_host, AgentRefusal::other_host},
        {nameless, AgentRefusal::other_host},
        {other_region, AgentRefusal::other_region}
    };
    for (const auto& [liar, expected] : liars) {
        Report told = report(1);
        told.from = liar;
        Ack acked = ack(orders.at(0));
        acked.from = liar;
        EXPECT_EQ(why(take(Hello{.from = liar, .epoch = Epoch{7}})), expected);
        EXPECT_EQ(why(take(told)), expected);
        EXPECT_EQ(why(take(acked)), expected);
    }
    EXPECT_TRUE(events.empty());
    EXPECT_TRUE(ended_streams.empty());
}

TEST_F(AgentSessionsTest, AHelloOfAnotherProtocolOrRegionIsRefused) {
    EXPECT_EQ(
        why(take(Hello{.from = sender(kWeb, "b"), .epoch = {}, .version = 0})),
        AgentRefusal::protocol
    );
    EXPECT_EQ(
        why(take(Hello{.from = sender(kWeb, "b", RegionId{"mars-north-1"}), .epoch = {}})),
        AgentRefusal::unknown_region
    );
}

TEST_F(AgentSessionsTest, AControllerThatStopsEndsEveryStreamAndTakesNoHello) {
    (void)say_hello(kWeb);
    (void)say_hello(kOther, "boot-2");
    const Answer enroll = take(Hello{.from = sender(HostId{"web-3"}, "b"), .epoch = Epoch{7}});
    take(CloseAll{});
    EXPECT_EQ(ended_streams, begun_streams);
    EXPECT_EQ(why(say_hello(kWeb)), AgentRefusal::stopping);
    EXPECT_EQ(
        why(take(HostEnrolled{.hello = std::get<EnrollFirst>(enroll).hello, .durable = true})),
        AgentRefusal::stopping
    );
}

class ListedSessionsTest : public AgentSessionsTest {
  protected:
    ListedSessionsTest()
        : AgentSessionsTest(
              {.app = kApp, .regions = {kEast}, .allowed = {kWeb, kOther}, .hosts_max = 1}
          ) {}
};

TEST_F(ListedSessionsTest, AHostThatTheRegisterDoesNotNameIsRefused) {
    EXPECT_EQ(why(say_hello(HostId{"web-3"})), AgentRefusal::not_listed);
    EXPECT_TRUE(std::holds_alternative<StreamBegun>(say_hello(kWeb)));
}

TEST_F(ListedSessionsTest, OneHostTooManyIsRefusedAlsoWhenBothWereBeingEnrolled) {
    const Answer late = take(Hello{.from = sender(kOther, "b"), .epoch = Epoch{7}});
    ASSERT_TRUE(std::holds_alternative<StreamBegun>(say_hello(kWeb)));
    EXPECT_EQ(
        why(take(HostEnrolled{.hello = std::get<EnrollFirst>(late).hello, .durable = true})),
        AgentRefusal::too_many
    );
    EXPECT_EQ(why(say_hello(kOther)), AgentRefusal::too_many);
    EXPECT_TRUE(std::holds_alternative<StreamBegun>(say_hello(kWeb))) << "it is there already";
}

TEST_F(AgentSessionsTest, ANewStreamOfTheSameProcessTakesThePlaceOfTheOld) {
    (void)say_hello();
    (void)say_hello();
    ASSERT_EQ(begun_streams.size(), 2U);
    EXPECT_EQ(ended_streams, std::vector{begun_streams[0]});
    take(StreamEnded{.host = kWeb, .stream = begun_streams[0]});
    EXPECT_EQ(sessions.stream_of(kWeb), begun_streams[1]) << "only the old one has ended";
}

TEST_F(AgentSessionsTest, AHelloAgainWhileTheFirstIsBeingEnrolledHasTheLastStream) {
    const Hello hello{.from = sender(kWeb, "boot-1"), .epoch = Epoch{7}};
    const Answer first = take(hello);
    const Answer again = take(hello);
    take(HostEnrolled{.hello = std::get<EnrollFirst>(first).hello, .durable = true});
    take(HostEnrolled{.hello = std::get<EnrollFirst>(again).hello, .durable = true});
    ASSERT_EQ(begun_streams.size(), 2U);
    EXPECT_EQ(ended_streams, std::vector{begun_streams[0]});
    EXPECT_EQ(sessions.stream_of(kWeb), begun_streams[1]);
}

TEST_F(AgentSessionsTest, OfTwoProcessesThatAreBeingEnrolledTheFirstToBeDurableIsTaken) {
    const Answer first = take(Hello{.from = sender(kWeb, "boot-1"), .epoch = Epoch{7}});
    const Answer second = take(Hello{.from = sender(kWeb, "boot-2"), .epoch = Epoch{7}});
    take(HostEnrolled{.hello = std::get<EnrollFirst>(second).hello, .durable = true});
    EXPECT_EQ(
        why(take(HostEnrolled{.hello = std::get<EnrollFirst>(first).hello, .durable = true})),
        AgentRefusal::second_stream
    );
    EXPECT_EQ(told<AgentConnected>().size(), 1U);
}

TEST_F(AgentSessionsTest, ASecondProcessOfAHostThatLivesIsRefusedAndToldOnceBothLive) {
    (void)say_hello();
    pass(3s);
    EXPECT_EQ(why(say_hello(kWeb, "boot-2")), AgentRefusal::second_stream)
        << "it was heard three seconds ago, and not longer";
    EXPECT_EQ(sessions.views(now).at(0).trouble, "");
    take(report(1));
    ASSERT_EQ(announced.size(), 1U) << "the first one lives";
    EXPECT_NE(announced[0].find("boot boot-1 is connected"), std::string::npos) << announced[0];
    EXPECT_NE(announced[0].find("boot boot-2 is refused"), std::string::npos) << announced[0];
    EXPECT_NE(sessions.views(now).at(0).trouble.find("boot-2"), std::string::npos);
    (void)say_hello(kWeb, "boot-2");
    (void)say_hello(kWeb, "boot-3");
    take(report(2));
    EXPECT_EQ(announced.size(), 1U) << "once is enough";
    EXPECT_TRUE(ended_streams.empty());
}

TEST_F(AgentSessionsTest, TwoProcessesAreToldAgainAfterAMinuteAndForgottenThen) {
    (void)say_hello();
    (void)say_hello(kWeb, "boot-2");
    take(report(1));
    for (std::uint64_t sequence = 2; sequence <= 62; ++sequence) {
        pass(1s);
        take(report(sequence));
    }
    EXPECT_EQ(sessions.views(now).at(0).trouble, "") << "the other one came no more";
    EXPECT_EQ(announced.size(), 1U);
    (void)say_hello(kWeb, "boot-3");
    take(report(100));
    EXPECT_EQ(announced.size(), 2U);
}

TEST_F(AgentSessionsTest, AnotherProcessGetsInOnceTheFirstOneIsSilent) {
    (void)say_hello();
    take(report(5));
    order(OrderType::fence, Epoch{8});
    EXPECT_EQ(why(say_hello(kWeb, "boot-2")), AgentRefusal::second_stream);
    pass(3s + 200ms);
    EXPECT_TRUE(std::holds_alternative<StreamBegun>(say_hello(kWeb, "boot-2")));
    EXPECT_TRUE(announced.empty()) << "they never lived at once";
    EXPECT_TRUE(std::holds_alternative<HelloFirst>(take(report(1))));
    EXPECT_TRUE(std::holds_alternative<HelloFirst>(take(ack(orders.at(0)))));
    EXPECT_TRUE(told<AgentAcked>().empty());
    EXPECT_EQ(sessions.views(now).at(0).write_state, "") << "it has not reported yet";
    Report first = report(1);
    first.from.boot = BootId{"boot-2"};
    take(first);
    EXPECT_EQ(told<AgentReported>().size(), 2U) << "its reports count from one again";
}

}  // namespace
}  // namespace farshore::core::link::test
