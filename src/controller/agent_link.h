#pragma once

#include <array>
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
#include "base/enum_names.h"
#include "controller/tokens.h"
#include "core/failover/app_core.h"
#include "core/failover/credential.h"
#include "ports/clock.h"
#include "ports/effects.h"
#include "wire/agent_protocol.h"

namespace farshore::controller {

// Why an agent's message was not taken, for metrics and logs.
enum class AgentRefusal : std::uint8_t {
    other_app,      // the credential, or the controller, is another app's
    other_host,     // the message speaks for another host than the credential does
    other_region,   // or for another Region
    second_stream,  // another process of the host, while the first one lives
    not_listed,     // the configured register does not name the host
    unknown_region,
    protocol,
    too_many,
    stopping,
    store  // the host could not be written into the register
};
inline constexpr std::array<std::string_view, 10> kAgentRefusalNames{
    "other_app",
    "other_host",
    "other_region",
    "second_stream",
    "not_listed",
    "unknown_region",
    "protocol",
    "too_many",
    "stopping",
    "store"
};

constexpr const auto& names_of(AgentRefusal) {
    return kAgentRefusalNames;
}

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
    Duration oldest_unproven{};  // its age by now
    std::uint64_t acknowledged = 0;
    std::vector<wire::TableTrouble> tables;    // whose writes it cannot prove
    std::optional<bool> client_keys_required;  // nullopt: it has not said
    std::string trouble;                       // what a person should look at; empty: nothing
};

// The server's side of the agent protocol for one app: a stream of orders to each agent, reports
// and acknowledgements from them. What an agent says counts for the host of its credential and for
// no other. Everything from outside is bounded and checked; what is refused gets its reason, is
// counted and logged. Single-threaded: on the io_context's thread.
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
        // agent forgets them with the next order: that one waits for this.
        std::function<net::Task<>(OperationId, HostId, wire::FenceAck)> fenced;
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

    // How many messages were refused, by reason.
    [[nodiscard]] const std::array<std::uint64_t, kAgentRefusalNames.size()>& refusals() const {
        return refusals_;
    }

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

    // A second process that says it is this host, while the first one lives.
    struct Rival {
        BootId boot;
        Instant first_at{};
        Instant last_at{};
        bool both_live = false;  // the first one was heard after this one
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
        std::optional<Rival> rival;
        std::optional<Instant> rival_told_at;
    };

    // Marks the stream's end, however its coroutine ends.
    // An agent that is refused comes back within seconds.
    static constexpr Duration kRivalRemembered = std::chrono::minutes{1};

    struct StreamEnd;

    [[nodiscard]] net::Task<net::HttpResponse> hello(net::HttpRequest request, Caller caller);
    [[nodiscard]] net::HttpResponse report(const net::HttpRequest& request, const Caller& caller);
    [[nodiscard]] net::Task<net::HttpResponse> ack(net::HttpRequest request, Caller caller);

    struct Refusal {
        AgentRefusal why{};
        std::string text;
    };

    [[nodiscard]] std::optional<Refusal> why_refused(const wire::AgentHello& hello) const;
    // Errors: denied, when the credential does not speak for the subject. What is refused is noted.
    [[nodiscard]] Status check_speaker(const core::Subject& subject, const Caller& caller);
    [[nodiscard]] Result<Agent*> known(
        const core::Subject& subject, const BootId& boot, const Caller& caller
    );
    void note_refusal(AgentRefusal why, const core::Subject& subject, const Caller& caller);
    [[nodiscard]] net::HttpResponse refuse_hello(
        const Refusal& refusal, const wire::AgentHello& hello, const Caller& caller
    );
    void begin_stream(Agent& agent, const wire::AgentHello& hello);
    [[nodiscard]] std::optional<core::OpenStream> open_stream(const Agent& agent) const;
    void note_rival(Agent& agent, const BootId& boot);
    void look_at_rival(Agent& agent, const HostId& host);
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
    std::array<std::uint64_t, kAgentRefusalNames.size()> refusals_{};
    std::array<std::optional<Instant>, kAgentRefusalNames.size()> logged_at_{};
    std::uint64_t orders_ = 0;
    bool closed_ = false;
};

}  // namespace farshore::controller
