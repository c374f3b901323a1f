#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "adapters/net/asio_types.h"
#include "adapters/net/http_message.h"
#include "adapters/net/task.h"
#include "adapters/net/task_group.h"
#include "controller/tokens.h"
#include "core/failover/app_core.h"
#include "core/link/agent_sessions.h"
#include "ports/clock.h"
#include "ports/effects.h"
#include "wire/agent_protocol.h"

namespace farshore::controller {

using core::link::AgentRefusal;
using core::link::AgentView;
using core::link::kAgentRefusalNames;

// The server's side of the agent protocol for one app, as its transport: requests, bytes and
// streams around core::link::AgentSessions, which decides. Everything from outside is bounded and
// checked; what is refused gets its reason, is counted and logged. Single-threaded: on the
// io_context's thread.
class AgentLink final : public ports::AgentLink {
  public:
    struct Options {
        AppId app;
        ObserverId controller;
        std::string register_id;  // of the store in which hosts are enrolled
        BootId boot;
        std::uint64_t configuration_generation = 0;
        std::vector<RegionId> regions;  // where agents may stand
        std::vector<HostId> allowed;    // empty: every host that holds a credential
        Duration fresh_for = std::chrono::seconds{3};
        Duration ping_every = std::chrono::seconds{1};
        std::size_t hosts_max = 10'000;
    };

    // What the link tells the controller.
    struct Upcalls {
        std::function<void(core::Event)> deliver;
        std::function<core::AppCore::LeaseAnswer(const HostId&, Epoch)> grant_lease;
        // Makes the host durable in the register before it counts.
        std::function<net::Task<Status>(HostId, RegionId)> enroll;
        std::function<RegionId()> users;
        // Writes to the log and the audit, for operators.
        std::function<void(const std::string&)> announce;
        // Writes that a fenced agent could not prove; the operation is empty for a late comer. The
        // agent forgets them with the next order: that one waits for this. An error: nothing says
        // that they are kept, and the agent has to name them again.
        std::function<net::Task<Status>(OperationId, HostId, wire::FenceAck)> fenced;
    };

    AgentLink(net::Io& io, const ports::Clock& clock, Options options, Upcalls upcalls);

    // Answers /v1/agents/…; the caller's token has been checked to be an agent's.
    [[nodiscard]] net::Task<net::HttpResponse> answer(net::HttpRequest request, Caller caller);

    // ports::AgentLink
    void order(const core::OrderAgents& action) override;

    // Runs until cancelled: notices agents that have gone silent.
    [[nodiscard]] net::Task<> watch();

    // The host has left the register.
    void forget(const HostId& host);

    // The host's credential counts no longer: its stream ends now.
    void cut(const HostId& host);

    // Its stream is open, and it was heard lately.
    [[nodiscard]] bool lives(const HostId& host) const;

    // Ends all streams, so that the server can stop.
    void close();

    [[nodiscard]] std::vector<AgentView> agents() const;

    // Hosts whose streams are open.
    [[nodiscard]] std::vector<HostId> connected() const { return sessions_.hosts_with_streams(); }

    // How many messages were refused, by reason.
    [[nodiscard]] const std::array<std::uint64_t, kAgentRefusalNames.size()>& refusals() const {
        return refusals_;
    }

  private:
    struct Stream {
        Stream(net::Io& io, HostId of, core::link::StreamId number)
            : host(std::move(of)), id(number), wake(io.get_executor()) {}

        HostId host;
        core::link::StreamId id;
        std::string unsent;  // lines
        net::Timer wake;
        bool ended = false;
    };

    // Marks the stream's end, however its coroutine ends.
    struct StreamEnd;

    // agent_inbox.cc: what agents send
    [[nodiscard]] net::Task<net::HttpResponse> hello(net::HttpRequest request, Caller caller);
    [[nodiscard]] net::HttpResponse report(const net::HttpRequest& request, const Caller& caller);
    [[nodiscard]] net::HttpResponse again(const net::HttpRequest& request, const Caller& caller);
    template <class Said>
    [[nodiscard]] net::HttpResponse answer_report(const Said& said, const Caller& caller);
    [[nodiscard]] core::AppCore::LeaseAnswer grant(const HostId& host, Epoch epoch);
    [[nodiscard]] net::Task<net::HttpResponse> ack(net::HttpRequest request, Caller caller);
    // What a message is answered that does not count, noted; nullopt: it counts.
    [[nodiscard]] std::optional<net::HttpResponse> refuse(
        const core::link::Answer& answer, const core::link::Sender& from, const Caller& caller
    );
    [[nodiscard]] net::HttpResponse refuse_hello(
        AgentRefusal why,
        const wire::AgentHello& hello,
        const Caller& caller,
        const std::string& trouble
    );
    [[nodiscard]] std::string words_of(
        AgentRefusal why, const wire::AgentHello& hello, const std::string& trouble
    ) const;
    void note_refusal(AgentRefusal why, const HostId& host, const Caller& caller);

    // agent_link.cc: streams and what is to be done
    core::link::Answer take(const core::link::Input& input);
    void carry_out(const core::link::BeginStream& action);
    void carry_out(const core::link::EndStream& action);
    void carry_out(const core::link::SendOrder& action);
    void carry_out(const core::Announce& action);
    void carry_out(core::link::Deliver&& action);
    [[nodiscard]] net::Task<> run_stream(std::shared_ptr<Stream> stream, net::ByteSink& sink);
    [[nodiscard]] std::string line_of(wire::Order order) const;
    void send(std::shared_ptr<Stream> stream, std::string_view line);

    net::Io& io_;
    const ports::Clock& clock_;
    Options options_;
    Upcalls upcalls_;
    core::link::AgentSessions sessions_;
    std::map<core::link::StreamId, std::shared_ptr<Stream>> streams_;  // those that are open

    // The last order in the protocol's words: most go to many hosts at once.
    struct Written {
        std::shared_ptr<const core::OrderAgents> order;
        std::uint64_t number = 0;
        RegionId users;
        std::string line;
    };

    Written written_;
    std::array<std::uint64_t, kAgentRefusalNames.size()> refusals_{};
    std::array<std::optional<Instant>, kAgentRefusalNames.size()> logged_at_{};
};

}  // namespace farshore::controller
