#include "core/link/agent_sessions.h"

#include <algorithm>
#include <iterator>

#include "base/text.h"
#include "core/planted.h"

// Streams, orders and time; what agents send is in agent_inbox.cc.
namespace farshore::core::link {

namespace {

constexpr std::size_t kPendingMax = 1000;  // orders an agent has not acknowledged
// An agent that does not acknowledge its fence is routed without it: it adopts the epoch anyway.
constexpr Duration kFencePatience = std::chrono::seconds{2};
// For answers to writes in flight; the agent's own default.
constexpr Duration kFenceGrace = std::chrono::milliseconds{150};
// An agent that is refused comes back within seconds.
constexpr Duration kRivalRemembered = std::chrono::minutes{1};

}  // namespace

Step AgentSessions::step(Instant now, const Input& input) {
    Step step;
    step.answer = std::visit([&](const auto& one) { return on(now, one); }, input);
    step.actions = std::exchange(actions_, {});
    if (step.actions.empty()) {
        step.actions.swap(told_);
    }
    std::ranges::move(std::exchange(told_, {}), std::back_inserter(step.actions));
    return step;
}

void AgentSessions::deliver(Event event) {
    told_.emplace_back(Deliver{std::move(event)});
}

std::optional<OpenStream> AgentSessions::open_stream(const Agent& agent) const {
    return agent.stream ? std::optional{OpenStream{.boot = agent.boot, .heard_at = agent.heard_at}}
                        : std::nullopt;
}

bool AgentSessions::lives(Instant now, const HostId& host) const {
    const auto found = agents_.find(host);
    return found != agents_.end() && found->second.stream &&
           now - found->second.heard_at <= options_.fresh_for;
}

bool AgentSessions::is_connected(const HostId& host) const {
    const auto found = agents_.find(host);
    return found != agents_.end() && found->second.connected;
}

std::optional<StreamId> AgentSessions::stream_of(const HostId& host) const {
    const auto found = agents_.find(host);
    return found == agents_.end() ? std::nullopt : found->second.stream;
}

std::vector<HostId> AgentSessions::hosts_with_streams() const {
    std::vector<HostId> hosts;
    for (const auto& [host, agent] : agents_) {
        if (agent.stream) {
            hosts.push_back(host);
        }
    }
    return hosts;
}

std::optional<AgentSessions::Ping> AgentSessions::ping(const HostId& host, StreamId stream) {
    const auto found = agents_.find(host);
    if (found == agents_.end() || found->second.stream != stream) {
        return std::nullopt;
    }
    return Ping{.number = ++orders_, .epoch = found->second.epoch};
}

void AgentSessions::lose_orders(Entry& entry) {
    entry.second.stream.reset();
    if (!is_planted(PlantedBug::orders_played_again)) {
        entry.second.pending.clear();
    }
    drop_after_fence(entry);
}

void AgentSessions::end_stream(Entry& entry) {
    if (entry.second.stream) {
        actions_.emplace_back(EndStream{.stream = *entry.second.stream, .host = entry.first});
    }
    lose_orders(entry);
}

Answer AgentSessions::on(Instant, const StreamEnded& ended) {
    const auto found = agents_.find(ended.host);
    if (found != agents_.end() && found->second.stream == ended.stream) {
        lose_orders(*found);
    }
    return Taken{};
}

Answer AgentSessions::on(Instant now, const LeaseGranted& granted) {
    const auto found = agents_.find(granted.host);
    if (found != agents_.end()) {
        found->second.granted_at = now;
        found->second.granted_for = granted.length;
    }
    return Taken{};
}

Answer AgentSessions::on(Instant now, const OrderAgents& order) {
    auto shared = std::make_shared<OrderAgents>(order);
    shared->hosts.clear();
    const std::uint64_t number = ++orders_;  // one for all: what they are sent is the same
    for (const HostId& host : order.hosts) {
        const auto found = agents_.find(host);
        if (found == agents_.end() || !found->second.stream) {
            continue;
        }
        send(now, *found, shared, number);
        if (is_planted(PlantedBug::promotion_before_fence) && order.type == OrderType::fence) {
            deliver(AgentAcked{
                .step = order.step,
                .host = host,
                .type = order.type,
                .epoch = order.epoch,
                .done = true
            });
        }
    }
    return Taken{};
}

void AgentSessions::send(
    Instant now,
    Entry& to,
    std::shared_ptr<const OrderAgents> order,
    std::uint64_t number,
    std::uint64_t left_behind
) {
    auto& [host, agent] = to;
    const bool behind =
        agent.epoch != Epoch{} && agent.epoch < order->epoch && agent.fenced_below < order->epoch;
    if (order->type == OrderType::route && behind) {
        // The agent is fenced first: its acknowledgement names the writes that it has not proven.
        auto fence = std::make_shared<OrderAgents>(*order);
        fence->type = OrderType::fence;
        fence->fence_grace = kFenceGrace;
        drop_after_fence(to);
        agent.after_fence = std::move(order);
        agent.after_fence_until = now + kFencePatience;
        patience_.emplace(agent.after_fence_until, host);
        agent.after_fence_number = ++orders_;
        send(now, to, std::move(fence), agent.after_fence_number);
        return;
    }
    if (agent.pending.size() >= kPendingMax) {
        agent.pending.erase(agent.pending.begin());
    }
    agent.pending.emplace(number, order);
    actions_.emplace_back(SendOrder{
        .stream = *agent.stream,
        .host = host,
        .number = number,
        .order = std::move(order),
        .left_behind = left_behind
    });
}

// The agent followed its epoch by itself: a fence of that same epoch makes it tell what it had not
// proven before.
void AgentSessions::ask_for_left_behind(Instant now, Entry& entry, const Report& report) {
    const Agent& agent = entry.second;
    if (report.left_behind == 0 || !agent.stream) {
        return;
    }
    const bool asked = std::ranges::any_of(agent.pending, [](const auto& waiting) {
        return waiting.second->type == OrderType::fence;
    });
    if (asked || !agent.keeping.empty()) {
        return;
    }
    auto fence = std::make_shared<OrderAgents>();
    fence->app = options_.app;
    fence->type = OrderType::fence;
    fence->epoch = report.said.epoch;
    fence->fence_grace = kFenceGrace;
    send(now, entry, std::move(fence), ++orders_, report.left_behind);
}

void AgentSessions::drop_after_fence(Entry& entry) {
    if (std::exchange(entry.second.after_fence, nullptr)) {
        patience_.erase({entry.second.after_fence_until, entry.first});
    }
}

void AgentSessions::release_after_fence(Instant now, Entry& entry) {
    if (std::shared_ptr<const OrderAgents> route = entry.second.after_fence) {
        drop_after_fence(entry);
        entry.second.fenced_below = std::max(entry.second.fenced_below, route->epoch);
        send(now, entry, std::move(route), ++orders_);
    }
}

void AgentSessions::connect(Entry& entry) {
    entry.second.connected = true;
    watch(entry);
}

void AgentSessions::watch(Entry& entry) {
    unwatch(entry);
    entry.second.look_at = entry.second.heard_at + options_.fresh_for;
    silence_.emplace(*entry.second.look_at, entry.first);
}

void AgentSessions::unwatch(Entry& entry) {
    if (entry.second.look_at) {
        silence_.erase({*entry.second.look_at, entry.first});
        entry.second.look_at.reset();
    }
}

Answer AgentSessions::on(Instant now, const Tick&) {
    const Duration gap = now - std::exchange(looked_at_, now);
    if (gap > 2 * kLookEvery) {
        // While the controller stood still, no agent counts as silent.
        for (auto& [host, agent] : agents_) {
            agent.heard_at = std::min(now, agent.heard_at + (gap - kLookEvery));
        }
    }
    find_silent(now);
    end_patience(now);
    return Taken{};
}

// An agent's place in the queue is no later than its silence: it moves when its turn comes, and not
// with each message.
void AgentSessions::find_silent(Instant now) {
    while (!silence_.empty() && silence_.begin()->first < now) {
        Entry& entry = *agents_.find(silence_.begin()->second);
        if (now - entry.second.heard_at <= options_.fresh_for) {
            watch(entry);
            continue;
        }
        unwatch(entry);
        entry.second.connected = false;
        end_stream(entry);
        deliver(AgentDisconnected{.host = entry.first});
    }
}

void AgentSessions::end_patience(Instant now) {
    while (!patience_.empty() && patience_.begin()->first <= now) {
        release_after_fence(now, *agents_.find(patience_.begin()->second));
    }
}

Answer AgentSessions::on(Instant, const ForgetAgent& forget) {
    const auto found = agents_.find(forget.host);
    if (found != agents_.end()) {
        end_stream(*found);
        unwatch(*found);
        agents_.erase(found);
    }
    return Taken{};
}

// The core is told by the one who says that the credential counts no longer.
Answer AgentSessions::on(Instant, const CutAgent& cut) {
    const auto found = agents_.find(cut.host);
    if (found != agents_.end()) {
        end_stream(*found);
        unwatch(*found);
        found->second.connected = false;
    }
    return Taken{};
}

Answer AgentSessions::on(Instant, const CloseAll&) {
    closed_ = true;
    for (Entry& entry : agents_) {
        end_stream(entry);
    }
    return Taken{};
}

std::vector<AgentView> AgentSessions::views(Instant now) const {
    std::vector<AgentView> views;
    for (const auto& [host, agent] : agents_) {
        AgentView view{
            .host = host,
            .region = agent.region,
            .connected = agent.stream.has_value(),
            .epoch = agent.epoch,
            .age = now - agent.heard_at
        };
        if (agent.granted_at && now < *agent.granted_at + agent.granted_for) {
            view.lease_remaining = *agent.granted_at + agent.granted_for - now;
        }
        if (agent.said) {
            view.active = agent.said->active;
            view.write_state = agent.said->write_state;
            view.unproven = agent.said->unproven;
            if (view.unproven > 0) {
                view.oldest_unproven =
                    agent.said->oldest_unproven + std::max(view.age, Duration::zero());
            }
            view.shown = agent.said->shown;
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

// The process of the stream reports: if another process has said hello in its name before, both
// live. A process that has just died does not report after its successor's hello.
void AgentSessions::look_at_rival(Instant now, Entry& entry) {
    auto& [host, agent] = entry;
    if (!agent.rival || agent.rival->both_live) {
        return;
    }
    agent.rival->both_live = true;
    if (agent.rival_told_at && now - *agent.rival_told_at < kRivalRemembered) {
        return;
    }
    agent.rival_told_at = now;
    actions_.emplace_back(Announce{
        "two agents say that they are " + host.value() + ": boot " + agent.boot.value() +
        " is connected, boot " + agent.rival->boot.value() +
        " is refused; end one of them, and give each host a name and a credential of its own"
    });
}

}  // namespace farshore::core::link
