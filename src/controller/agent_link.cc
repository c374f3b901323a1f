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
        net::HttpResponse response = co_await hello(std::move(request), std::move(caller));
        co_return response;
    }
    if (path == "/v1/agents/report") {
        co_return report(request, caller);
    }
    if (path == "/v1/agents/ack") {
        net::HttpResponse response = co_await ack(std::move(request), std::move(caller));
        co_return response;
    }
    co_return refusal(
        refused(ErrorKind::not_found, "path", "no such path: " + std::string{path}, {})
    );
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
            ping.body =
                wire::PingOrder{.at = clock_.wall(), .uptime = clock_.now().time_since_epoch()};
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
        // The agent is fenced first: its acknowledgement names the writes that it has not proven.
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
        // While this controller stood still, no agent counts as silent: what agents sent meanwhile
        // has not been read yet.
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
            if (view.unproven > 0) {
                view.oldest_unproven =
                    agent.report->ledger.oldest_unproven + std::max(view.age, Duration::zero());
            }
            view.tables = agent.report->ledger.tables;
            view.acknowledged = agent.report->ledger.acknowledged;
            view.client_keys_required = agent.report->client_keys_required;
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
