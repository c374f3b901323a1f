#pragma once

#include <cstdint>
#include <functional>
#include <map>

#include "core/link/agent_sessions.h"
#include "ports/effects.h"

#include "sim/agent_words.h"
#include "sim/scene.h"
#include "sim/stream.h"

namespace farshore::sim {

class Controller;

// The transport around the controller's real core::link::AgentSessions, as src/controller's
// AgentLink is: the network in place of requests and sockets. Left out: tokens and how hosts get
// them, bounds, versions and bytes.
class AgentLink final : public ports::AgentLink {
  public:
    using Reply = std::function<void(const Answered&)>;

    AgentLink(Scene& scene, Controller& controller);

    void order(const core::OrderAgents& action) override;

    // From when the controller works.
    void watch();

    // What agents send. A report or an acknowledgement is answered, or the controller ends first.
    void hello(const core::link::Hello& hello);
    void report(const Report& report, const Reply& reply);
    void ack(const Ack& ack, const Reply& reply);

    // The agent's side has closed its stream.
    void hung_up(const HostId& host, const BootId& boot);

    void forget(const HostId& host) { take(core::link::ForgetAgent{host}); }

    // The process ends: so do its streams.
    void close() { take(core::link::CloseAll{}); }

    [[nodiscard]] bool stream_lives(Session session, const HostId& host) const;

    // Hosts it has heard from lately.
    [[nodiscard]] bool is_connected(const HostId& host) const {
        return sessions_.is_connected(host);
    }

  private:
    // A host's connection.
    struct Line {
        Line(Scene& scene, Place home)
            : home(home), stream(scene.calendar, scene.network, {.from = kWitness, .to = home}) {}

        Place home;
        Stream stream;
        std::optional<core::link::StreamId> open;
        core::link::Sender to;  // the agent's process at the other end
    };

    core::link::Answer take(const core::link::Input& input);
    void carry_out(const core::link::BeginStream& action);
    void carry_out(const core::link::EndStream& action);
    void carry_out(const core::link::SendOrder& action);

    void carry_out(const core::Announce&) {}

    void carry_out(core::link::Deliver&& action);
    [[nodiscard]] Answered answered(const HostId& host, const core::link::Answer& answer);

    Scene& scene_;
    Controller& controller_;
    core::link::AgentSessions sessions_;
    std::map<HostId, Line> lines_;                // of hosts that have said hello
    const core::link::Hello* greeted_ = nullptr;  // whose stream begins
    const Report* reported_ = nullptr;            // that is being taken
};

}  // namespace farshore::sim
