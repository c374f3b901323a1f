#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <vector>

#include "ports/effects.h"

#include "sim/agent_words.h"
#include "sim/scene.h"
#include "sim/stream.h"

namespace farshore::sim {

class Controller;

// The controller's side of the agent protocol, as src/controller's AgentLink: a stream of orders to
// each agent that has said hello, their reports and acknowledgements. Kept from there: numbers of
// orders, what is pending and what is not waited for any more, the fence before a route, silence,
// whom a credential speaks for, and that a second process waits for the first one's silence.
// Left out: tokens and how hosts get them, bounds, versions and bytes.
class AgentLink final : public ports::AgentLink {
  public:
    AgentLink(Scene& scene, Controller& controller);

    void order(const core::OrderAgents& action) override;

    void hello(const Hello& hello);
    [[nodiscard]] ReportAnswer report(const Report& report);
    void ack(const Ack& ack);

    // The agent's side has closed its stream.
    void hung_up(std::size_t host, std::uint64_t life);

    void forget(std::size_t host);

    // The process ends: so do its streams.
    void close();

    [[nodiscard]] bool stream_lives(Session session, std::size_t host) const;

    // Hosts it has heard from lately.
    [[nodiscard]] bool is_connected(std::size_t host) const;

  private:
    struct Pending {
        core::StepId step;
        core::OrderType type{};
        Epoch epoch;
    };

    struct Agent {
        Agent(Scene& scene, Place home)
            : home(home), stream(scene.calendar, scene.network, {.from = kWitness, .to = home}) {}

        Place home;
        Stream stream;
        std::uint64_t life = 0;  // of the agent's process; zero: it has not said hello
        std::uint64_t session = 0;
        bool streaming = false;
        bool to_intruder = false;  // ... and who reads it is not the host
        bool connected = false;    // as the core was told
        Instant heard_at{};        // local
        std::uint64_t sequence = 0;
        Epoch epoch;         // as it last said
        Epoch fenced_below;  // it acknowledged a fence of this epoch in this life
        std::map<std::uint64_t, Pending> pending;  // by order number
        // A route to an agent of an older epoch waits for its fence, so that its unproven writes
        // are known before it forgets the epoch they belong to.
        std::optional<core::OrderAgents> after_fence;
        std::uint64_t fences = 0;
        std::deque<Order> sent;  // for the planted bug that plays orders again
        bool watched = false;
    };

    [[nodiscard]] Agent& agent(std::size_t host);
    [[nodiscard]] bool speaks(const Hello& hello) const;
    void greet(const Hello& hello, Agent& agent);
    void send_order(std::size_t host, const core::OrderAgents& action);
    void send(std::size_t host, Order order);
    void release_after_fence(std::size_t host);
    void end_stream(Agent& agent);
    void watch(std::size_t host);
    void take_evidence(const Report& report);
    void ask_for_left_behind(const Report& report);

    Scene& scene_;
    Controller& controller_;
    std::deque<Agent> agents_;
    std::uint64_t orders_ = 0;
    std::uint64_t sessions_ = 0;
};

}  // namespace farshore::sim
