#include "controller/agent_link.h"

#include <algorithm>
#include <utility>

#include "adapters/system/log.h"
#include "base/text.h"
#include "controller/agent_words.h"
#include "controller/api_answers.h"

namespace farshore::controller {

namespace {

constexpr std::size_t kQueueMax = 1000;    // orders an agent has not read: then its stream is cut
constexpr std::size_t kPendingMax = 1000;  // orders an agent has not acknowledged
constexpr Duration kFencePatience = std::chrono::seconds{2};
constexpr Duration kWatchEvery = std::chrono::milliseconds{200};
constexpr Duration kLogRefusalsEvery = std::chrono::seconds{1};
// An agent that is refused comes back within seconds.
constexpr Duration kRivalRemembered = std::chrono::minutes{1};

}  // namespace

struct AgentLink::StreamEnd {
    AgentLink* link;
    std::shared_ptr<Session> session;

    StreamEnd(AgentLink* owner, std::shared_ptr<Session> of)
        : link(owner), session(std::move(of)) {}

    StreamEnd(const StreamEnd&) = delete;
    StreamEnd& operator=(const StreamEnd&) = delete;

    ~StreamEnd() {
        session->ended = true;
        const auto found = link->agents_.find(session->host);
        if (found != link->agents_.end() && found->second.session == session) {
            found->second.session.reset();
            found->second.pending.clear();
            found->second.after_fence.reset();
        }
    }
};

AgentLink::AgentLink(net::Io& io, const ports::Clock& clock, Options options, Upcalls upcalls)
    : io_(io), clock_(clock), options_(std::move(options)), upcalls_(std::move(upcalls)) {}

net::Task<net::HttpResponse> AgentLink::answer(net::HttpRequest request, Caller caller) {
    if (request.method != "POST") {
        net::HttpResponse response = refusal(refused(
            ErrorKind::malformed, "method", "agents only POST", "the protocol is described in docs"
        ));
        response.status = 405;
        response.headers.push_back({.name = "Allow", .value = "POST"});
        co_return response;
    }
    const std::string_view path = request.path();
    if (path == "/v1/agents/stream") {
        co_return hello(request, caller);
    }
    if (path == "/v1/agents/report") {
        co_return report(request, caller);
    }
    if (path == "/v1/agents/ack") {
        co_return ack(request, caller);
    }
    co_return refusal(
        refused(ErrorKind::not_found, "path", "no such path: " + std::string{path}, {})
    );
}

std::optional<AgentLink::Refusal> AgentLink::why_refused(const wire::AgentHello& hello) const {
    if (closed_) {
        return Refusal{AgentRefusal::stopping, "the controller is stopping"};
    }
    if (!wire::common_version({}, hello.protocol)) {
        return Refusal{
            AgentRefusal::protocol,
            "the agent speaks protocol versions " + std::to_string(hello.protocol.lowest) + " to " +
                std::to_string(hello.protocol.highest) + ", this controller " +
                std::to_string(wire::kProtocolLowest) + " to " +
                std::to_string(wire::kProtocolHighest) + ": upgrade the older side"
        };
    }
    if (std::ranges::find(options_.regions, hello.region) == options_.regions.end()) {
        return Refusal{
            AgentRefusal::unknown_region,
            hello.region.value() + " is not a Region of " + options_.app.value()
        };
    }
    if (!options_.allowed.empty() &&
        std::ranges::find(options_.allowed, hello.host) == options_.allowed.end()) {
        return Refusal{
            AgentRefusal::not_listed,
            hello.host.value() + " is not in the register of " + options_.app.value() +
                ": add it to `agents`"
        };
    }
    if (!agents_.contains(hello.host) && agents_.size() >= options_.hosts_max) {
        return Refusal{
            AgentRefusal::too_many,
            "there are " + std::to_string(options_.hosts_max) + " agents already"
        };
    }
    const auto known = agents_.find(hello.host);
    if (known != agents_.end() &&
        core::is_second_stream(
            open_stream(known->second), hello.boot, clock_.now(), options_.fresh_for
        )) {
        return Refusal{
            AgentRefusal::second_stream,
            "another agent that says it is " + hello.host.value() +
                " is connected and was heard within " + to_text(options_.fresh_for) +
                ": two hosts must not share a name and a credential"
        };
    }
    return std::nullopt;
}

std::optional<core::OpenStream> AgentLink::open_stream(const Agent& agent) const {
    return agent.session && agent.heard_at
               ? std::optional{core::OpenStream{.boot = agent.boot, .heard_at = *agent.heard_at}}
               : std::nullopt;
}

bool AgentLink::lives(const HostId& host) const {
    const auto found = agents_.find(host);
    const auto open = found == agents_.end() ? std::nullopt : open_stream(found->second);
    return open && clock_.now() - open->heard_at <= options_.fresh_for;
}

void AgentLink::note_refusal(AgentRefusal why, const core::Subject& subject, const Caller& caller) {
    const auto index = static_cast<std::size_t>(why);
    ++refusals_[index];
    const Instant now = clock_.now();
    if (logged_at_[index] && now - *logged_at_[index] < kLogRefusalsEvery) {
        return;  // whoever is refused comes back at once
    }
    logged_at_[index] = now;
    system::log_warning(
        "link",
        "agent refused",
        {{"why", std::string{to_string(why)}},
         {"credential", caller.name},
         {"says_it_is", subject.host.value()},
         {"refused_so_far", std::to_string(refusals_[index])}}
    );
}

Status AgentLink::check_speaker(const core::Subject& subject, const Caller& caller) {
    const core::Speaks speaks = subject.app == options_.app
                                    ? core::speaks_for(caller.credential(), subject)
                                    : core::Speaks::other_app;
    if (speaks == core::Speaks::yes) {
        return {};
    }
    const AgentRefusal why = *enum_from<AgentRefusal>(to_string(speaks));
    note_refusal(why, subject, caller);
    std::string code{to_string(speaks)};
    if (speaks == core::Speaks::other_app) {
        return std::unexpected(refused(
            ErrorKind::denied,
            std::move(code),
            "the token " + caller.name + " is for " + caller.app.value() +
                ", this controller for " + options_.app.value() + ", and the agent asks for " +
                subject.app.value(),
            "give the agent the token of its app, and the address of that app's controller"
        ));
    }
    if (speaks == core::Speaks::other_host) {
        return std::unexpected(refused(
            ErrorKind::denied,
            std::move(code),
            "the token " + caller.name + " belongs to the host " + caller.host.value() +
                ", and the agent says it is " + subject.host.value(),
            "give each host a token of its own: `farshore init token --role agent --app " +
                options_.app.value() + " --host " + subject.host.value() + "`"
        ));
    }
    return std::unexpected(refused(
        ErrorKind::denied,
        std::move(code),
        "the token " + caller.name + " belongs to a host in " + caller.region.value() +
            ", and the agent says it stands in " + subject.region.value(),
        "correct `region` in the agent's configuration, or give the host another token"
    ));
}

net::HttpResponse AgentLink::refuse_hello(
    const Refusal& refusal, const wire::AgentHello& hello, const Caller& caller
) {
    note_refusal(
        refusal.why, {.app = hello.app, .host = hello.host, .region = hello.region}, caller
    );
    if (refusal.why == AgentRefusal::second_stream) {
        note_rival(agents_.at(hello.host), hello.boot);
    }
    net::HttpResponse response;
    response.headers.push_back({.name = "Content-Type", .value = "application/x-ndjson"});
    response.headers.push_back({.name = "Cache-Control", .value = "no-store"});
    response.body = wire::serialize(wire::StreamLine{wire::Refused{.why = refusal.text}}) + "\n";
    return response;
}

void AgentLink::note_rival(Agent& agent, const BootId& boot) {
    const Instant now = clock_.now();
    if (!agent.rival || agent.rival->boot != boot) {
        agent.rival = Rival{.boot = boot, .first_at = now, .last_at = now};
    }
    agent.rival->last_at = now;
}

// The first process speaks: if a second one has spoken before, both live. One that takes the place
// of a process that has just died finds nobody speaking after itself.
void AgentLink::look_at_rival(Agent& agent, const HostId& host) {
    const Instant now = clock_.now();
    if (!agent.rival || agent.rival->both_live) {
        return;
    }
    agent.rival->both_live = true;
    if (agent.rival_told_at && now - *agent.rival_told_at < kRivalRemembered) {
        return;
    }
    agent.rival_told_at = now;
    upcalls_.announce(
        "two agents say that they are " + host.value() + ": boot " + agent.boot.value() +
        " is connected, boot " + agent.rival->boot.value() +
        " is refused; end one of them, and give each host a name and a credential of its own"
    );
}

void AgentLink::begin_stream(Agent& agent, const wire::AgentHello& hello) {
    end_stream(agent);
    if (agent.boot != hello.boot) {
        agent.sequence = 0;
        agent.fenced_below = Epoch{};
        agent.report.reset();
    }
    agent.region = hello.region;
    agent.boot = hello.boot;
    agent.epoch = hello.epoch;
    agent.heard_at = clock_.now();
    agent.connected = true;
    agent.session = std::make_shared<Session>(io_);
    agent.session->host = hello.host;
    agent.session->boot = hello.boot;
    const wire::ControllerHello ours{
        .protocol = {},
        .speaks = *wire::common_version({}, hello.protocol),
        .app = options_.app,
        .controller = options_.controller,
        .boot = options_.boot,
        .configuration_generation = options_.configuration_generation,
        .register_id = options_.register_id
    };
    agent.session->lines.push_back(wire::serialize(wire::StreamLine{ours}) + "\n");
}

net::HttpResponse AgentLink::hello(const net::HttpRequest& request, const Caller& caller) {
    const Result<wire::AgentHello> hello = wire::parse_agent_hello(request.body);
    if (!hello) {
        return refusal(hello.error());
    }
    const core::Subject subject{.app = hello->app, .host = hello->host, .region = hello->region};
    if (const Status speaks = check_speaker(subject, caller); !speaks) {
        return refusal(speaks.error());
    }
    std::optional<Refusal> why = why_refused(*hello);
    if (!why) {
        if (const Status enrolled = upcalls_.enroll(hello->host, hello->region); !enrolled) {
            why = Refusal{AgentRefusal::store, enrolled.error().text};
        }
    }
    if (why) {
        return refuse_hello(*why, *hello, caller);
    }
    Agent& agent = agents_[hello->host];
    begin_stream(agent, *hello);
    system::log_info(
        "link",
        "agent connected",
        {{"host", hello->host.value()},
         {"region", hello->region.value()},
         {"epoch", std::to_string(hello->epoch.value())}}
    );
    net::HttpResponse response;
    response.headers.push_back({.name = "Content-Type", .value = "application/x-ndjson"});
    response.headers.push_back({.name = "Cache-Control", .value = "no-store"});
    response.stream = [this, session = agent.session](net::ByteSink& sink) {
        return run_stream(session, sink);
    };
    upcalls_.deliver(
        core::AgentConnected{.host = hello->host, .region = hello->region, .epoch = hello->epoch}
    );
    return response;
}

net::Task<> AgentLink::run_stream(std::shared_ptr<Session> session, net::ByteSink& sink) {
    const StreamEnd end(this, session);
    while (!session->ended) {
        while (!session->lines.empty()) {
            std::string bytes;
            bytes.swap(session->lines.front());
            session->lines.pop_front();
            const bool written = co_await sink.write(std::move(bytes));
            if (!written || session->ended) {
                co_return;
            }
        }
        session->wake.expires_after(options_.ping_every);
        auto [error] = co_await session->wake.async_wait(net::kAwait);
        const auto found = agents_.find(session->host);
        if (!error && !session->ended && found != agents_.end() &&
            found->second.session == session) {
            wire::Order ping;
            ping.epoch = found->second.epoch;
            ping.body = wire::PingOrder{.at = clock_.wall()};
            send(found->second, std::move(ping));
        }
    }
}

void AgentLink::end_stream(Agent& agent) {
    if (agent.session) {
        agent.session->ended = true;
        agent.session->wake.cancel();
        agent.session.reset();
    }
    agent.pending.clear();
    agent.after_fence.reset();
}

void AgentLink::send(Agent& agent, wire::Order order) {
    if (!agent.session) {
        return;
    }
    if (agent.session->lines.size() >= kQueueMax) {
        system::log_warning(
            "link",
            "agent does not read its orders: stream cut",
            {{"host", agent.session->host.value()}}
        );
        end_stream(agent);
        return;
    }
    if (order.number == 0) {
        order.number = ++orders_;
    }
    order.app = options_.app;
    agent.session->lines.push_back(wire::serialize(wire::StreamLine{std::move(order)}) + "\n");
    agent.session->wake.cancel();
}

void AgentLink::send_order(Agent& agent, const HostId& host, const core::OrderAgents& action) {
    const bool behind =
        agent.epoch != Epoch{} && agent.epoch < action.epoch && agent.fenced_below < action.epoch;
    if (action.type == core::OrderType::route && behind) {
        // Its fence goes first: the acknowledgement names the writes that nobody has proven.
        agent.after_fence = action;
        agent.after_fence->hosts = {host};
        agent.after_fence_until = clock_.now() + kFencePatience;
        core::OrderAgents fence = action;
        fence.type = core::OrderType::fence;
        fence.fence_grace = std::chrono::milliseconds{150};
        send_order(agent, host, fence);
        return;
    }
    if (agent.pending.size() >= kPendingMax) {
        agent.pending.erase(agent.pending.begin());
    }
    wire::Order order;
    order.number = ++orders_;
    order.epoch = action.epoch;
    order.body = body_of(action, upcalls_.users());
    agent.pending.emplace(
        order.number, Pending{.step = action.step, .type = action.type, .epoch = action.epoch}
    );
    send(agent, std::move(order));
}

void AgentLink::order(const core::OrderAgents& action) {
    for (const HostId& host : action.hosts) {
        const auto found = agents_.find(host);
        if (found != agents_.end() && found->second.session) {
            send_order(found->second, host, action);
        }
    }
}

void AgentLink::release_after_fence(Agent& agent, const HostId& host) {
    if (agent.after_fence) {
        const core::OrderAgents route = *std::exchange(agent.after_fence, std::nullopt);
        agent.fenced_below = std::max(agent.fenced_below, route.epoch);
        send_order(agent, host, route);
    }
}

net::Task<> AgentLink::watch() {
    Instant last = clock_.now();
    while (true) {
        const bool slept = co_await net::sleep_for(io_, kWatchEvery);
        if (!slept) {
            co_return;
        }
        const Instant now = clock_.now();
        // Time in which we stood still ourselves is nobody's silence: what was sent meanwhile has
        // not been read yet.
        const Duration late = now - last > 2 * kWatchEvery ? now - last - kWatchEvery : Duration{};
        last = now;
        std::vector<HostId> silent;
        for (auto& [host, agent] : agents_) {
            if (agent.heard_at) {
                agent.heard_at = std::min(now, *agent.heard_at + late);
            }
            if (agent.connected && agent.heard_at && now - *agent.heard_at > options_.fresh_for) {
                agent.connected = false;
                end_stream(agent);
                silent.push_back(host);
            } else if (agent.after_fence && now >= agent.after_fence_until) {
                release_after_fence(agent, host);
            }
        }
        for (const HostId& host : silent) {
            system::log_warning("link", "agent is silent", {{"host", host.value()}});
            upcalls_.deliver(core::AgentDisconnected{.host = host});
        }
    }
}

void AgentLink::forget(const HostId& host) {
    const auto found = agents_.find(host);
    if (found != agents_.end()) {
        end_stream(found->second);
        agents_.erase(found);
    }
}

void AgentLink::cut(const HostId& host) {
    const auto found = agents_.find(host);
    if (found != agents_.end()) {
        end_stream(found->second);
        found->second.connected = false;
    }
}

void AgentLink::close() {
    closed_ = true;
    for (auto& [host, agent] : agents_) {
        end_stream(agent);
    }
}

std::vector<AgentView> AgentLink::agents() const {
    const Instant now = clock_.now();
    std::vector<AgentView> views;
    for (const auto& [host, agent] : agents_) {
        AgentView view{
            .host = host,
            .region = agent.region,
            .connected = agent.session != nullptr,
            .epoch = agent.epoch
        };
        view.age = agent.heard_at ? now - *agent.heard_at : Duration{-1};
        if (agent.granted_at && now < *agent.granted_at + agent.granted_for) {
            view.lease_remaining = *agent.granted_at + agent.granted_for - now;
        }
        if (agent.report) {
            view.active = agent.report->active;
            view.write_state = std::string{to_string(agent.report->write_state)};
            view.unproven = agent.report->ledger.unproven;
            view.acknowledged = agent.report->ledger.acknowledged;
        }
        if (agent.rival && agent.rival->both_live &&
            now - agent.rival->last_at <= kRivalRemembered) {
            view.trouble =
                "another agent that says it is this host (boot " + agent.rival->boot.value() +
                ") was refused " +
                to_text(std::chrono::floor<std::chrono::seconds>(now - agent.rival->last_at)) +
                " ago";
        }
        views.push_back(std::move(view));
    }
    return views;
}

}  // namespace farshore::controller
