#pragma once

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "core/link/agent_sessions.h"

namespace farshore::core::link::test {

using namespace std::chrono_literals;

inline const AppId kApp{"shop"};
inline const RegionId kEast{"us-east-1"};
inline const RegionId kWest{"eu-west-1"};
inline const HostId kWeb{"web-1"};
inline const HostId kOther{"web-2"};

inline AgentSessions::Options two_regions() {
    return {.app = kApp, .regions = {kEast, kWest}, .allowed = {}};
}

inline Sender sender(const HostId& host, const std::string& boot, RegionId region = kEast) {
    return {
        .credential = {.app = kApp, .host = host, .region = {}},
        .subject = {.app = kApp, .host = host, .region = std::move(region)},
        .boot = BootId{boot}
    };
}

using Types = std::vector<OrderType>;

// Sessions and an edge that carries everything out at once: what came of it is written down.
class AgentSessionsTest : public ::testing::Test {
  protected:
    explicit AgentSessionsTest(AgentSessions::Options options = two_regions())
        : sessions(std::move(options), now) {}

    Answer take(const Input& input) {
        Step step = sessions.step(now, input);
        for (Action& action : step.actions) {
            if (const auto* begun = std::get_if<BeginStream>(&action)) {
                begun_streams.push_back(begun->stream);
            } else if (const auto* ended = std::get_if<EndStream>(&action)) {
                ended_streams.push_back(ended->stream);
            } else if (auto* sent = std::get_if<SendOrder>(&action)) {
                orders.push_back(*sent);
            } else if (const auto* told = std::get_if<Announce>(&action)) {
                announced.push_back(told->text);
            } else if (auto* one = std::get_if<Deliver>(&action)) {
                events.push_back(std::move(one->event));
            }
        }
        return std::move(step.answer);
    }

    // Time passes while the owner looks as often as it has to.
    void pass(Duration time) {
        const Instant end = now + time;
        while (now < end) {
            now = std::min(end, sessions.next_deadline());
            take(Tick{});
        }
    }

    Answer say_hello(
        const HostId& host = kWeb, const std::string& boot = "boot-1", Epoch epoch = Epoch{7}
    ) {
        Answer answer = take(Hello{.from = sender(host, boot), .epoch = epoch});
        const auto* enroll = std::get_if<EnrollFirst>(&answer);
        return enroll == nullptr ? answer
                                 : take(HostEnrolled{.hello = enroll->hello, .durable = true});
    }

    Report report(std::uint64_t sequence, const HostId& host = kWeb) const {
        return {
            .from = sender(host, "boot-1"),
            .sequence = sequence,
            .said = {.epoch = Epoch{7}, .active = kEast, .users = kEast, .write_state = "open"}
        };
    }

    void order(OrderType type, Epoch epoch, const HostId& host = kWeb) {
        take(OrderAgents{
            .step = {.operation = OperationId{"op-1"}, .number = 4},
            .app = kApp,
            .hosts = {host},
            .type = type,
            .epoch = epoch,
            .active = kWest,
            .users = {}
        });
    }

    Ack ack(const SendOrder& of, bool done = true) const {
        return {
            .from = sender(of.host, "boot-1", {}),
            .order = of.number,
            .type = of.order->type,
            .has_list = of.order->type == OrderType::fence,
            .said = {.epoch = Epoch{7}, .done = done}
        };
    }

    // The fence's list becomes durable at once.
    Answer acknowledge(const SendOrder& of, bool done = true) {
        Answer answer = take(ack(of, done));
        const auto* keep = std::get_if<KeepFirst>(&answer);
        return keep == nullptr ? answer : take(FenceListKept{keep->fenced});
    }

    [[nodiscard]] std::vector<OrderType> types() const {
        std::vector<OrderType> all;
        for (const SendOrder& sent : orders) {
            all.push_back(sent.order->type);
        }
        return all;
    }

    template <class E>
    [[nodiscard]] std::vector<E> told() const {
        std::vector<E> all;
        for (const Event& event : events) {
            if (const auto* one = std::get_if<E>(&event)) {
                all.push_back(*one);
            }
        }
        return all;
    }

    Instant now{1h};
    AgentSessions sessions;
    std::vector<StreamId> begun_streams;
    std::vector<StreamId> ended_streams;
    std::vector<SendOrder> orders;
    std::vector<std::string> announced;
    std::vector<Event> events;
};

inline AgentRefusal why(const Answer& answer) {
    const auto* refused = std::get_if<Refused>(&answer);
    EXPECT_NE(refused, nullptr) << "it was answered with alternative " << answer.index();
    return refused == nullptr ? AgentRefusal{} : refused->why;
}

}  // namespace farshore::core::link::test
