#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "adapters/net/asio_types.h"
#include "adapters/net/http_message.h"
#include "adapters/net/task.h"
#include "adapters/net/task_group.h"
#include "controller/tokens.h"
#include "core/failover/app_core.h"
#include "ports/clock.h"
#include "ports/effects.h"
#include "wire/agent_protocol.h"

namespace farshore::controller {

// What the controller knows of one host's agent, for people.
struct AgentView {
    HostId host;
    RegionId region;
    bool connected = false;
    Epoch epoch;
    RegionId active;
    std::string write_state;
    Duration age{};  // since it was last heard; negative: never heard by this process
    Duration lease_remaining{};
    std::uint64_t unproven = 0;
    std::uint64_t acknowledged = 0;
};

// The server's side of the agent protocol for one app: a stream of orders to each agent, reports
// and acknowledgements from them. Everything from outside is bounded and checked; what is refused
// gets its reason. Single-threaded: on the io_context's thread.
class AgentLink final : public ports::AgentLink {
  public:
    struct Options {
        AppId app;
        ObserverId controller;
        std::string register_id;  // of the store in which hosts are enrolled
        BootId boot;
        std::uint64_t configuration_generation = 0;
        std::vector<RegionId> regions;  // where agents may stand
        std::vector<HostId> allowed;    // empty: whoever has a token
        Duration fresh_for = std::chrono::seconds{3};
        Duration ping_every = std::chrono::seconds{1};
        std::size_t hosts_max = 10'000;
    };

    // What the link tells the controller.
    struct Upcalls {
        std::function<void(core::Event)> deliver;
        std::function<core::AppCore::LeaseAnswer(const HostId&, Epoch)> grant_lease;
        // Makes the host durable in the register before it counts.
        std::function<Status(const HostId&, const RegionId&)> enroll;
        std::function<RegionId()> users;
        // Writes that a fenced agent could not prove; the operation is empty for a late comer.
        std::function<void(const OperationId&, const HostId&, const wire::FenceAck&)> fenced;
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

    // Ends all streams, so that the server can stop.
    void close();

    [[nodiscard]] std::vector<AgentView> agents() const;

  private:
    struct Session {
        explicit Session(net::Io& io) : wake(io.get_executor()) {}

        HostId host;
        BootId boot;
        std::deque<std::string> lines;
        net::Timer wake;
        bool ended = false;
    };

    struct Pending {
        core::StepId step;
        core::OrderType type = core::OrderType::route;
        Epoch epoch;
    };

    struct Agent {
        RegionId region;
        BootId boot;
        std::shared_ptr<Session> session;  // null: no stream
        bool connected = false;            // as the core was told
        std::optional<Instant> heard_at;
        std::optional<Instant> granted_at;
        Duration granted_for{};
        std::uint64_t sequence = 0;
        std::optional<wire::Report> report;
        Epoch epoch;         // as it last said
        Epoch fenced_below;  // it acknowledged a fence of this epoch in this boot
        std::map<std::uint64_t, Pending> pending;  // by order number
        // A route to an agent of an older epoch waits for its fence, so that its unproven writes
        // are known before it forgets the epoch they belong to.
        std::optional<core::OrderAgents> after_fence;
        Instant after_fence_until{};
    };

    // Marks the stream's end, however its coroutine ends.
    struct StreamEnd;

    [[nodiscard]] net::HttpResponse hello(const net::HttpRequest& request, const Caller& caller);
    [[nodiscard]] net::HttpResponse report(const net::HttpRequest& request, const Caller& caller);
    [[nodiscard]] net::HttpResponse ack(const net::HttpRequest& request, const Caller& caller);
    [[nodiscard]] std::optional<std::string> why_refused(const wire::AgentHello& hello) const;
    [[nodiscard]] Result<Agent*> known(
        const AppId& app, const HostId& host, const BootId& boot, const Caller& caller
    );
    [[nodiscard]] net::Task<> run_stream(std::shared_ptr<Session> session, net::ByteSink& sink);
    void send(Agent& agent, wire::Order order);
    void send_order(Agent& agent, const HostId& host, const core::OrderAgents& action);
    void release_after_fence(Agent& agent, const HostId& host);
    void end_stream(Agent& agent);
    void take_evidence(const wire::Report& report);
    void ask_for_left_behind(Agent& agent, const wire::Report& report);

    net::Io& io_;
    const ports::Clock& clock_;
    Options options_;
    Upcalls upcalls_;
    std::map<HostId, Agent> agents_;
    std::uint64_t orders_ = 0;
    bool closed_ = false;
};

}  // namespace farshore::controller
