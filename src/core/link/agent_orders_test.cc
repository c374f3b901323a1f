#include "core/link/link_test_world.h"

// Orders and their acknowledgements, and the fence in front of a route.
namespace farshore::core::link::test {
namespace {

TEST_F(AgentSessionsTest, OrdersGoToHostsWithAStreamUnderNumbersThatCountUp) {
    (void)say_hello(kWeb);
    order(OrderType::hold, Epoch{7});
    order(OrderType::hold, Epoch{7}, kOther);
    const auto ping = sessions.ping(kWeb, begun_streams.at(0));
    order(OrderType::release, Epoch{7});
    ASSERT_EQ(types(), (Types{OrderType::hold, OrderType::release}));
    EXPECT_TRUE(orders[0].order->hosts.empty()) << "it is kept until it is acknowledged";
    EXPECT_LT(orders[0].number, ping->number);
    EXPECT_LT(ping->number, orders[1].number);
    EXPECT_EQ(ping->epoch, Epoch{7});
    take(StreamEnded{.host = kWeb, .stream = begun_streams[0]});
    EXPECT_FALSE(sessions.ping(kWeb, begun_streams[0]));
    order(OrderType::hold, Epoch{7});
    EXPECT_EQ(orders.size(), 2U);
}

TEST_F(AgentSessionsTest, AcknowledgementsFindTheirStepInAnyOrderAndOnce) {
    (void)say_hello();
    order(OrderType::hold, Epoch{7});
    order(OrderType::drain, Epoch{7});
    EXPECT_TRUE(std::holds_alternative<Taken>(take(ack(orders.at(1), false))));
    EXPECT_TRUE(std::holds_alternative<Taken>(take(ack(orders.at(0)))));
    EXPECT_TRUE(std::holds_alternative<Taken>(take(ack(orders.at(0)))));
    const std::vector<AgentAcked> acked = told<AgentAcked>();
    ASSERT_EQ(acked.size(), 2U) << "a repetition says nothing new";
    EXPECT_EQ(acked[0].type, OrderType::drain);
    EXPECT_FALSE(acked[0].done);
    EXPECT_EQ(acked[1].type, OrderType::hold);
    EXPECT_TRUE(acked[1].done);
    EXPECT_EQ(acked[1].host, kWeb);
    EXPECT_EQ(acked[1].step, (StepId{.operation = OperationId{"op-1"}, .number = 4}));
}

TEST_F(AgentSessionsTest, AHostThatHasAdoptedARouteAsksForALeaseUnderItsEpoch) {
    (void)say_hello();
    order(OrderType::route, Epoch{7});
    order(OrderType::release, Epoch{7});
    EXPECT_TRUE(std::holds_alternative<Taken>(take(ack(orders.at(1)))));
    EXPECT_TRUE(std::holds_alternative<Taken>(take(ack(orders.at(0), false)))) << "it did not";
    Ack again = ack(orders.at(0));
    again.said.epoch = Epoch{9};
    const Answer answer = take(again);
    ASSERT_TRUE(std::holds_alternative<GrantLease>(answer)) << "the first answer may be lost";
    EXPECT_EQ(std::get<GrantLease>(answer).epoch, Epoch{9});
}

TEST_F(AgentSessionsTest, AnAcknowledgementThatDoesNotFitItsOrderAnswersNothing) {
    (void)say_hello();
    order(OrderType::fence, Epoch{8});
    Ack another = ack(orders.at(0));
    another.type = OrderType::verify;
    EXPECT_EQ(std::get<Misfit>(take(another)).ordered, OrderType::fence);
    another.type = std::nullopt;
    EXPECT_TRUE(std::holds_alternative<Misfit>(take(another)));
    Ack empty = ack(orders.at(0));
    empty.complete = false;
    EXPECT_TRUE(std::holds_alternative<Misfit>(take(empty)));
    EXPECT_TRUE(told<AgentAcked>().empty());
    (void)acknowledge(orders.at(0));
    EXPECT_EQ(told<AgentAcked>().size(), 1U) << "it can still be answered";
}

TEST_F(AgentSessionsTest, AnAcknowledgementOfAnEarlierStreamAnswersNothing) {
    (void)say_hello();
    order(OrderType::hold, Epoch{7});
    (void)say_hello();
    EXPECT_EQ(orders.size(), 1U) << "orders of the old stream are not played again";
    EXPECT_TRUE(std::holds_alternative<Taken>(take(ack(orders.at(0)))));
    EXPECT_TRUE(told<AgentAcked>().empty());
}

TEST_F(AgentSessionsTest, AnAgentThatAcknowledgesNothingIsNotRememberedForEver) {
    (void)say_hello();
    for (int i = 0; i < 1001; ++i) {
        order(OrderType::hold, Epoch{7});
    }
    (void)acknowledge(orders.front());
    EXPECT_TRUE(told<AgentAcked>().empty()) << "the oldest is not waited for any more";
    (void)acknowledge(orders.at(1));
    EXPECT_EQ(told<AgentAcked>().size(), 1U);
}

TEST_F(AgentSessionsTest, ARouteToAnAgentOfAnOlderEpochWaitsForItsFenceAndForItsList) {
    (void)say_hello();
    order(OrderType::route, Epoch{8});
    ASSERT_EQ(types(), Types{OrderType::fence});
    EXPECT_EQ(orders[0].order->epoch, Epoch{8});
    EXPECT_EQ(orders[0].order->fence_grace, 150ms);
    const Answer answer = take(ack(orders[0]));
    const auto* keep = std::get_if<KeepFirst>(&answer);
    ASSERT_NE(keep, nullptr);
    EXPECT_EQ(keep->fenced.order->step.operation, OperationId{"op-1"});
    EXPECT_EQ(orders.size(), 1U) << "the list is not durable yet";
    EXPECT_TRUE(told<AgentAcked>().empty());
    EXPECT_TRUE(std::holds_alternative<Taken>(take(FenceListKept{keep->fenced})));
    EXPECT_EQ(types(), (Types{OrderType::fence, OrderType::route}));
    ASSERT_EQ(told<AgentAcked>().size(), 1U);
    EXPECT_EQ(told<AgentAcked>()[0].epoch, Epoch{8}) << "it is fenced below the order's epoch";
    pass(10s);
    EXPECT_EQ(orders.size(), 2U);
}

TEST_F(AgentSessionsTest, AnAgentThatWasFencedOrFollowsTheEpochIsRoutedAtOnce) {
    (void)say_hello(kWeb);
    order(OrderType::fence, Epoch{8});
    (void)acknowledge(orders.at(0));
    order(OrderType::route, Epoch{8});
    EXPECT_EQ(types(), (Types{OrderType::fence, OrderType::route}));
    (void)say_hello(kOther, "boot-2", Epoch{8});
    order(OrderType::route, Epoch{8}, kOther);
    (void)say_hello(HostId{"web-3"}, "boot-3", Epoch{});
    order(OrderType::route, Epoch{8}, HostId{"web-3"});
    EXPECT_EQ(
        types(), (Types{OrderType::fence, OrderType::route, OrderType::route, OrderType::route})
    ) << "nor has an agent that was never routed anything to tell";
}

TEST_F(AgentSessionsTest, AnAgentFollowsTheEpochThatItsReportOrAcknowledgementNamed) {
    (void)say_hello(kWeb);
    Report adopted = report(1);
    adopted.said.epoch = Epoch{8};
    take(adopted);
    order(OrderType::route, Epoch{8});
    EXPECT_EQ(types(), Types{OrderType::route});
    Ack newer = ack(orders.at(0));
    newer.said.epoch = Epoch{9};
    take(newer);
    order(OrderType::route, Epoch{9});
    EXPECT_EQ(types(), (Types{OrderType::route, OrderType::route}));
    Ack older = ack(orders.at(1));
    older.said.epoch = Epoch{8};
    take(older);
    order(OrderType::route, Epoch{9});
    EXPECT_EQ(types(), Types(3, OrderType::route)) << "a late acknowledgement takes nothing back";
}

TEST_F(AgentSessionsTest, AFenceThatFailedCountsForNoLaterRoute) {
    (void)say_hello();
    order(OrderType::fence, Epoch{8});
    (void)acknowledge(orders.at(0), false);
    order(OrderType::route, Epoch{8});
    EXPECT_EQ(types(), (Types{OrderType::fence, OrderType::fence}));
}

TEST_F(AgentSessionsTest, AnotherProcessOfTheHostIsFencedAnew) {
    (void)say_hello();
    order(OrderType::fence, Epoch{8});
    (void)acknowledge(orders.at(0));
    pass(4s);
    (void)say_hello(kWeb, "boot-2");
    order(OrderType::route, Epoch{8});
    EXPECT_EQ(types(), (Types{OrderType::fence, OrderType::fence}));
}

TEST_F(AgentSessionsTest, TheSameProcessOnANewStreamNeedsNoSecondFence) {
    (void)say_hello();
    order(OrderType::fence, Epoch{8});
    (void)acknowledge(orders.at(0));
    (void)say_hello();
    order(OrderType::route, Epoch{8});
    EXPECT_EQ(types(), (Types{OrderType::fence, OrderType::route}));
}

TEST_F(AgentSessionsTest, AFenceWhoseAcknowledgementIsLostHoldsTheRouteForTwoSeconds) {
    (void)say_hello();
    order(OrderType::route, Epoch{8});
    now += 2s - 1ns;
    take(Tick{});
    EXPECT_EQ(types(), Types{OrderType::fence});
    now += 1ns;
    take(Tick{});
    EXPECT_EQ(types(), (Types{OrderType::fence, OrderType::route}));
    (void)acknowledge(orders.at(0));
    EXPECT_EQ(told<AgentAcked>().size(), 1U) << "a late acknowledgement still counts";
    EXPECT_EQ(orders.size(), 2U);
}

TEST_F(AgentSessionsTest, ANewerRouteTakesThePlaceOfTheOneThatWaits) {
    (void)say_hello();
    order(OrderType::route, Epoch{8});
    now += 1s;
    order(OrderType::route, Epoch{9});
    now += 1s;
    take(Tick{});
    EXPECT_EQ(types(), (Types{OrderType::fence, OrderType::fence})) << "its patience begins anew";
    (void)acknowledge(orders.at(1));
    ASSERT_EQ(orders.size(), 3U);
    EXPECT_EQ(orders[2].order->epoch, Epoch{9});
    pass(3s);
    EXPECT_EQ(orders.size(), 3U) << "the older one is never sent";
}

TEST_F(AgentSessionsTest, ARouteThatWaitsIsLostWithItsStream) {
    (void)say_hello();
    order(OrderType::route, Epoch{8});
    take(StreamEnded{.host = kWeb, .stream = begun_streams.at(0)});
    pass(2500ms);
    (void)say_hello();
    pass(2500ms);
    EXPECT_EQ(types(), Types{OrderType::fence});
}

TEST_F(AgentSessionsTest, AListThatBecomesDurableForAnotherProcessCountsForNone) {
    (void)say_hello();
    order(OrderType::fence, Epoch{8});
    const Answer answer = take(ack(orders.at(0)));
    pass(4s);
    (void)say_hello(kWeb, "boot-2");
    order(OrderType::route, Epoch{8});
    EXPECT_TRUE(
        std::holds_alternative<HelloFirst>(take(FenceListKept{std::get<KeepFirst>(answer).fenced}))
    );
    EXPECT_EQ(types(), (Types{OrderType::fence, OrderType::fence}));
    EXPECT_TRUE(told<AgentAcked>().empty());
}

// The agent may forget its list once the controller has answered "taken": each repetition of an
// acknowledgement waits for the store as the first one does.
TEST_F(AgentSessionsTest, ARepeatedAcknowledgementOfAFenceWaitsForTheListToo) {
    (void)say_hello();
    order(OrderType::fence, Epoch{8});
    const Answer first = take(ack(orders.at(0)));
    const Answer again = take(ack(orders.at(0)));
    ASSERT_TRUE(std::holds_alternative<KeepFirst>(first));
    ASSERT_TRUE(std::holds_alternative<KeepFirst>(again)) << "the list is not durable yet";
    take(FenceListKept{std::get<KeepFirst>(again).fenced});
    take(FenceListKept{std::get<KeepFirst>(first).fenced});
    EXPECT_EQ(told<AgentAcked>().size(), 1U) << "and it counts once";
    EXPECT_TRUE(std::holds_alternative<Taken>(take(ack(orders.at(0)))));
}

TEST_F(AgentSessionsTest, AListThatIsNotDurableIsAskedForAgain) {
    (void)say_hello();
    order(OrderType::route, Epoch{8});
    const Answer first = take(ack(orders.at(0)));
    const FencedAgent fenced = std::get<KeepFirst>(first).fenced;
    const Answer lost = take(FenceListKept{.fenced = fenced, .durable = false});
    EXPECT_TRUE(std::holds_alternative<NotKept>(lost));
    EXPECT_TRUE(told<AgentAcked>().empty());
    EXPECT_EQ(types(), Types{OrderType::fence}) << "the route goes on waiting";
    (void)acknowledge(orders.at(0));
    EXPECT_EQ(told<AgentAcked>().size(), 1U);
    EXPECT_EQ(types(), (Types{OrderType::fence, OrderType::route}));
}

TEST_F(AgentSessionsTest, AListThatBecomesDurableAfterItsStreamCountsForTheSameProcess) {
    (void)say_hello();
    order(OrderType::fence, Epoch{8});
    const Answer answer = take(ack(orders.at(0)));
    (void)say_hello();
    take(FenceListKept{std::get<KeepFirst>(answer).fenced});
    EXPECT_EQ(told<AgentAcked>().size(), 1U);
}

// What another fence's acknowledgement names is not all that the agent has to tell before it
// forgets the epoch.
TEST_F(AgentSessionsTest, ARouteWaitsForItsOwnFence) {
    (void)say_hello();
    order(OrderType::fence, Epoch{8});
    order(OrderType::route, Epoch{9});
    ASSERT_EQ(types(), (Types{OrderType::fence, OrderType::fence}));
    (void)acknowledge(orders.at(0));
    EXPECT_EQ(types(), (Types{OrderType::fence, OrderType::fence})) << "that was an older fence";
    (void)acknowledge(orders.at(1));
    EXPECT_EQ(types(), (Types{OrderType::fence, OrderType::fence, OrderType::route}));
}

}  // namespace
}  // namespace farshore::core::link::test
