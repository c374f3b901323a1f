#include <map>

#include "base/rng.h"
#include "core/link/link_test_world.h"

// Reports, silence, and hosts that leave.
namespace farshore::core::link::test {
namespace {

TEST_F(AgentSessionsTest, AReportBecomesEvidenceOfItsHostAndIsAnsweredWithALease) {
    (void)say_hello();
    Report told_by_agent = report(1);
    told_by_agent.said.host = kOther;
    told_by_agent.seen = {
        {.observer = ObserverId{"controller"},
         .source = kOther,
         .region = kWest,
         .component = Component::dynamodb,
         .ok = 2},
        {.region = kWest, .component = Component::control, .ok = 1}
    };
    EXPECT_EQ(std::get<GrantLease>(take(told_by_agent)).epoch, Epoch{7});
    ASSERT_EQ(told<AgentReported>().size(), 1U);
    EXPECT_EQ(told<AgentReported>()[0].host, kWeb);
    ASSERT_EQ(told<Observation>().size(), 2U);
    for (const Observation& seen : told<Observation>()) {
        EXPECT_EQ(seen.observer, ObserverId{"agents:us-east-1"});
        EXPECT_EQ(seen.source, kWeb);
    }
    EXPECT_EQ(told<Observation>()[0].region, kWest);
    EXPECT_EQ(told<Observation>()[1].region, RegionId{}) << "a control target is in no Region";
    take(LeaseGranted{.host = kWeb, .length = 3s});
    now += 1s;
    EXPECT_EQ(sessions.views(now).at(0).lease_remaining, 2s);
}

ReportAgain short_of(const Report& whole, std::uint64_t sequence, std::uint64_t well) {
    return {
        .from = sender(kWeb, "boot-1", {}),
        .sequence = sequence,
        .like = whole.sequence,
        .well = well
    };
}

TEST_F(AgentSessionsTest, AShortReportIsEvidenceOfWhatItNamesAndOfNothingElse) {
    (void)say_hello();
    Report whole = report(1);
    whole.seen = {
        {.region = kEast, .component = Component::dynamodb, .ok = 9, .failed = 4, .why = "refused"},
        {.region = kWest, .component = Component::stack, .path = Path::reused, .ok = 1}
    };
    take(whole);
    events.clear();
    ReportAgain again = short_of(whole, 2, 0b10);
    again.unproven = 3;
    again.oldest_unproven = 40ms;
    again.last_acknowledged_ago = 20ms;
    EXPECT_EQ(std::get<GrantLease>(take(again)).epoch, Epoch{7});
    ASSERT_EQ(told<Observation>().size(), 1U);
    const Observation seen = told<Observation>()[0];
    EXPECT_EQ(seen.observer, ObserverId{"agents:us-east-1"});
    EXPECT_EQ(seen.source, kWeb);
    EXPECT_EQ(seen.region, kWest);
    EXPECT_EQ(seen.component, Component::stack);
    EXPECT_EQ(seen.path, Path::reused);
    EXPECT_EQ(seen.ok, 1U);
    EXPECT_EQ(seen.failed, 0U);
    ASSERT_EQ(told<AgentReported>().size(), 1U);
    const AgentReported said = told<AgentReported>()[0];
    EXPECT_EQ(said.write_state, "open");
    EXPECT_EQ(said.unproven, 3U);
    EXPECT_EQ(said.oldest_unproven, 40ms);
    EXPECT_EQ(said.last_acknowledged_ago, 20ms);
    take(again);
    EXPECT_EQ(told<Observation>().size(), 1U) << "the same one again is no news";
    take(short_of(whole, 3, 0));
    EXPECT_EQ(told<Observation>().size(), 1U) << "nothing was seen";
    EXPECT_EQ(told<AgentReported>().size(), 2U) << "the host was heard all the same";
}

TEST_F(AgentSessionsTest, AShortReportWithoutTheWholeOneThatItRepeatsDoesNotCount) {
    (void)say_hello();
    Report whole = report(1);
    whole.seen = {{.region = kEast, .component = Component::dynamodb, .ok = 1}};
    const auto asks_for_a_whole_one = [this](const ReportAgain& again) {
        return std::holds_alternative<WholeFirst>(take(again));
    };
    EXPECT_TRUE(asks_for_a_whole_one(short_of(whole, 2, 1))) << "there was none";
    take(whole);
    events.clear();
    EXPECT_TRUE(asks_for_a_whole_one(short_of(report(5), 6, 1))) << "another one";
    EXPECT_TRUE(asks_for_a_whole_one(short_of(whole, 2, 0b10))) << "it saw no second thing";
    order(OrderType::route, Epoch{7});
    Ack adopted = ack(orders.back());
    adopted.said.epoch = Epoch{8};
    take(adopted);
    EXPECT_TRUE(asks_for_a_whole_one(short_of(whole, 2, 1))) << "the host has gone on since";
    whole.sequence = 3;
    whole.left_behind = 1;
    take(whole);
    EXPECT_TRUE(asks_for_a_whole_one(short_of(whole, 4, 1))) << "it may have changed meanwhile";
    whole.sequence = 5;
    whole.left_behind = 0;
    take(whole);
    take(StreamEnded{.host = kWeb, .stream = begun_streams.back()});
    (void)say_hello(kWeb, "boot-2");
    ReportAgain of_successor = short_of(whole, 6, 1);
    of_successor.from = sender(kWeb, "boot-2", {});
    EXPECT_TRUE(asks_for_a_whole_one(of_successor)) << "another process said it";
    EXPECT_TRUE(std::holds_alternative<HelloFirst>(take(short_of(whole, 6, 1))));
    ReportAgain foreign = short_of(whole, 7, 1);
    foreign.from.credential.host = kOther;
    EXPECT_EQ(why(take(foreign)), AgentRefusal::other_host);
    EXPECT_EQ(told<Observation>().size(), 2U) << "of the two whole ones";
}

TEST_F(AgentSessionsTest, AReportThatComesAgainOrLateIsAnsweredAndToldOnce) {
    (void)say_hello();
    take(report(2));
    EXPECT_TRUE(std::holds_alternative<GrantLease>(take(report(2))));
    EXPECT_TRUE(std::holds_alternative<GrantLease>(take(report(1))));
    EXPECT_EQ(told<AgentReported>().size(), 1U);
    take(report(3));
    EXPECT_EQ(told<AgentReported>().size(), 2U);
}

TEST_F(AgentSessionsTest, AHostThatDoesNotSayWhenItWroteLastMayHaveWrittenJustNow) {
    (void)say_hello();
    take(report(1));
    EXPECT_FALSE(told<AgentReported>().back().last_acknowledged_ago) << "it has not written";
    Report wrote = report(2);
    wrote.acknowledged = 5;
    take(wrote);
    EXPECT_EQ(told<AgentReported>().back().last_acknowledged_ago, 0s);
    wrote = report(3);
    wrote.acknowledged = 5;
    wrote.said.last_acknowledged_ago = 70ms;
    take(wrote);
    EXPECT_EQ(told<AgentReported>().back().last_acknowledged_ago, 70ms);
}

TEST_F(AgentSessionsTest, AHostThatAdoptedAnEpochByItselfIsAskedOnceForWhatItLeftBehind) {
    (void)say_hello();
    Report left = report(1);
    left.left_behind = 3;
    take(left);
    ASSERT_EQ(types(), Types{OrderType::fence});
    EXPECT_EQ(orders[0].left_behind, 3U);
    EXPECT_EQ(orders[0].order->epoch, Epoch{7}) << "of the epoch that it follows already";
    EXPECT_EQ(orders[0].order->step, StepId{});
    left.sequence = 2;
    take(left);
    EXPECT_EQ(orders.size(), 1U) << "it is asked already";
    (void)acknowledge(orders[0], false);
    left.sequence = 3;
    take(left);
    EXPECT_EQ(orders.size(), 2U);
    take(StreamEnded{.host = kWeb, .stream = begun_streams.at(0)});
    left.sequence = 4;
    take(left);
    EXPECT_EQ(orders.size(), 2U) << "there is no stream to ask on";
}

TEST_F(AgentSessionsTest, AProcessThatHasNotSaidHelloIsAskedTo) {
    EXPECT_TRUE(std::holds_alternative<HelloFirst>(take(report(1))));
    (void)say_hello(kWeb, "boot-0");
    EXPECT_TRUE(std::holds_alternative<HelloFirst>(take(report(1))));
    Report elsewhere = report(1);
    elsewhere.from = sender(kWeb, "boot-0", kWest);
    EXPECT_TRUE(std::holds_alternative<HelloFirst>(take(elsewhere))) << "it said another Region";
    EXPECT_TRUE(told<AgentReported>().empty());
}

TEST_F(AgentSessionsTest, AProcessOfARestoredSnapshotIsHeardAndFencedAnew) {
    (void)say_hello();
    take(report(40));
    order(OrderType::route, Epoch{8});
    ASSERT_EQ(types(), Types{OrderType::fence});
    (void)acknowledge(orders[0]);
    ASSERT_EQ(types().back(), OrderType::route);
    (void)say_hello();
    take(report(7));
    EXPECT_EQ(told<AgentReported>().size(), 2U) << "it has forgotten that it had counted further";
    order(OrderType::route, Epoch{8});
    EXPECT_EQ(types().back(), OrderType::fence) << "it has forgotten the fence";
}

TEST_F(AgentSessionsTest, AnAgentIsSilentWhenItWasNotHeardForLongerThanThat) {
    (void)say_hello(kWeb);
    (void)say_hello(kOther, "boot-1");
    order(OrderType::route, Epoch{8});
    pass(2s);
    take(report(1, kOther));
    pass(1s);
    EXPECT_TRUE(told<AgentDisconnected>().empty());
    EXPECT_TRUE(sessions.lives(now, kWeb));
    EXPECT_FALSE(sessions.lives(now + 1ns, kWeb)) << "also before the next look";
    pass(200ms);
    ASSERT_EQ(told<AgentDisconnected>().size(), 1U);
    EXPECT_EQ(told<AgentDisconnected>()[0].host, kWeb);
    EXPECT_EQ(ended_streams, std::vector{begun_streams[0]});
    EXPECT_FALSE(sessions.is_connected(kWeb));
    EXPECT_FALSE(sessions.lives(now, kWeb));
    EXPECT_TRUE(sessions.is_connected(kOther));
    pass(2s);
    EXPECT_EQ(told<AgentDisconnected>().size(), 2U) << "two and a half seconds after its report";
    pass(1min);
    EXPECT_EQ(told<AgentDisconnected>().size(), 2U) << "each is told once";
}

TEST_F(AgentSessionsTest, AcknowledgementsAreSignsOfLifeToo) {
    (void)say_hello();
    order(OrderType::hold, Epoch{7});
    pass(2s);
    (void)acknowledge(orders.at(0));
    pass(3s);
    EXPECT_TRUE(told<AgentDisconnected>().empty());
    pass(200ms);
    EXPECT_EQ(told<AgentDisconnected>().size(), 1U);
}

TEST_F(AgentSessionsTest, AnAgentWithoutAStreamCountsForAsLongAsItReports) {
    (void)say_hello();
    take(StreamEnded{.host = kWeb, .stream = begun_streams.at(0)});
    for (std::uint64_t sequence = 1; sequence <= 5; ++sequence) {
        pass(1s);
        take(report(sequence));
    }
    EXPECT_TRUE(told<AgentDisconnected>().empty());
    EXPECT_FALSE(sessions.lives(now, kWeb)) << "yet another process may take its place";
    pass(4s);
    EXPECT_EQ(told<AgentDisconnected>().size(), 1U);
}

TEST_F(AgentSessionsTest, AnAgentThatReturnsFromSilenceHasToSayHelloForAStream) {
    (void)say_hello();
    pass(4s);
    EXPECT_TRUE(std::holds_alternative<GrantLease>(take(report(1)))) << "it is the same process";
    EXPECT_EQ(told<AgentConnected>().size(), 1U) << "without a stream it is not connected";
    (void)say_hello();
    EXPECT_EQ(told<AgentConnected>().size(), 2U);
    pass(4s);
    EXPECT_EQ(told<AgentDisconnected>().size(), 2U);
}

// A virtual machine that was stopped for a while has not read yet what agents sent meanwhile.
TEST_F(AgentSessionsTest, AControllerThatStoodStillCallsNoAgentSilent) {
    (void)say_hello();
    pass(1s);
    for (int pause = 0; pause < 5; ++pause) {
        now += 30s;
        take(Tick{});
    }
    EXPECT_TRUE(told<AgentDisconnected>().empty());
    pass(1s);
    EXPECT_TRUE(sessions.is_connected(kWeb)) << "each time counted as one look";
    pass(1s);
    EXPECT_EQ(told<AgentDisconnected>().size(), 1U);
}

TEST_F(AgentSessionsTest, AnAgentHeardRightAfterAStandstillIsNotTakenForOneOfTheFuture) {
    (void)say_hello();
    pass(1s);
    now += 30s;
    take(report(1));
    take(Tick{});
    pass(3s + 200ms);
    EXPECT_EQ(told<AgentDisconnected>().size(), 1U);
}

TEST_F(AgentSessionsTest, AForgottenHostHasToSayHelloAndItsOrdersAreForgotten) {
    (void)say_hello();
    order(OrderType::hold, Epoch{7});
    order(OrderType::route, Epoch{8});
    pass(1s);
    take(ForgetAgent{kWeb});
    EXPECT_EQ(ended_streams, begun_streams);
    EXPECT_TRUE(sessions.views(now).empty());
    EXPECT_TRUE(std::holds_alternative<HelloFirst>(take(ack(orders.at(0)))));
    (void)say_hello();
    pass(2500ms);
    EXPECT_EQ(orders.size(), 2U) << "the route that waited has gone too";
    EXPECT_TRUE(std::holds_alternative<Taken>(take(ack(orders.at(0)))));
    EXPECT_TRUE(told<AgentAcked>().empty());
    EXPECT_TRUE(told<AgentDisconnected>().empty()) << "it is not called silent by its old place";
}

TEST_F(AgentSessionsTest, AHostThatIsForgottenWhileItsListIsKeptAcknowledgesNothing) {
    (void)say_hello();
    order(OrderType::fence, Epoch{8});
    const Answer answer = take(ack(orders.at(0)));
    take(ForgetAgent{kWeb});
    EXPECT_TRUE(
        std::holds_alternative<HelloFirst>(take(FenceListKept{std::get<KeepFirst>(answer).fenced}))
    );
    EXPECT_TRUE(told<AgentAcked>().empty());
}

TEST_F(AgentSessionsTest, AHostThatIsCutLosesItsStreamAndIsNotToldOfTwice) {
    (void)say_hello();
    order(OrderType::hold, Epoch{7});
    take(CutAgent{kWeb});
    EXPECT_EQ(ended_streams, begun_streams);
    EXPECT_FALSE(sessions.is_connected(kWeb));
    EXPECT_TRUE(std::holds_alternative<Taken>(take(ack(orders.at(0)))));
    EXPECT_TRUE(told<AgentAcked>().empty());
    pass(4s);
    EXPECT_TRUE(told<AgentDisconnected>().empty()) << "who cut it tells the core";
    EXPECT_EQ(sessions.views(now).size(), 1U) << "people still see it";
}

// The queue finds what a look at every host would find.
TEST_F(AgentSessionsTest, EachOfManyHostsIsFoundSilentAtItsOwnTime) {
    Rng rng(7);
    std::map<HostId, Instant> heard;
    std::uint64_t sequence = 0;
    for (int look = 0; look < 500; ++look) {
        for (int message = 0; message < 4; ++message) {
            const HostId host{"h" + std::to_string(rng.below(60))};
            if (sessions.is_connected(host)) {
                take(report(++sequence, host));
            } else {
                (void)say_hello(host);
            }
            heard[host] = now;
        }
        pass(200ms);
        for (const auto& [host, at] : heard) {
            ASSERT_EQ(sessions.is_connected(host), now - at <= 3s) << host.value() << " " << look;
        }
    }
    EXPECT_GT(told<AgentDisconnected>().size(), 100U) << "or it tested nothing";
}

}  // namespace
}  // namespace farshore::core::link::test
