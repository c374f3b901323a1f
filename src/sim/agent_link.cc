#include "sim/agent_link.h"

#include <algorithm>
#include <utility>

#include "core/failover/credential.h"

#include "sim/chronicle.h"
#include "sim/controller.h"
#include "sim/host.h"
#include "sim/intruder.h"

namespace farshore::sim {

namespace {

constexpr Duration kFreshFor = 3s;
constexpr Duration kWatchEvery = 200ms;
constexpr Duration kFencePatience = 2s;

}  // namespace

AgentLink::AgentLink(Scene& scene, Controller& controller)
    : scene_(scene), controller_(controller) {
    for (const auto& host : scene.hosts) {
        agents_.emplace_back(scene, host->home());
    }
}

AgentLink::Agent& AgentLink::agent(std::size_t host) {
    // Invented hosts come behind those that there are, and behind the controller's own index.
    while (agents_.size() <= host) {
        const bool is_host = agents_.size() != scene_.hosts.size();
        agents_.emplace_back(scene_, is_host ? scene_.home_of(agents_.size()) : kWitness);
    }
    return agents_[host];
}

// Each host has a credential of its own, and an intruder one of them.
bool AgentLink::speaks(const Hello& hello) const {
    const bool planted =
        scene_.planted(scene_.is_real(hello.host) ? Plant::subject_from_body : Plant::ghost_votes);
    const std::size_t holder = hello.holder.value_or(hello.host);
    const core::Credential credential{
        .app = AppId{"shop"},
        .host = scene_.id_of(holder),
        .region = region_id(scene_.home_of(holder))
    };
    const core::Subject subject{
        .app = credential.app, .host = scene_.id_of(hello.host), .region = region_id(hello.home)
    };
    return planted || core::speaks_for(credential, subject) == core::Speaks::yes;
}

void AgentLink::hello(const Hello& hello) {
    if (!speaks(hello)) {
        return;
    }
    Agent& agent = this->agent(hello.host);
    const HostId id = scene_.id_of(hello.host);
    const auto open =
        agent.streaming ? std::optional{core::OpenStream{
                              .boot = BootId{std::to_string(agent.life)}, .heard_at = agent.heard_at
                          }}
                        : std::nullopt;
    const BootId boot{std::to_string(hello.life)};
    if (core::is_second_stream(open, boot, controller_.now(), kFreshFor)) {
        return;
    }
    if (agent.streaming && agent.to_intruder && agent.life == hello.life) {
        return;  // it asks again and again, and has what it wants
    }
    if (!scene_.store->enroll(id, region_id(hello.home), controller_.configuration())) {
        return;
    }
    end_stream(agent);
    if (agent.life != hello.life) {
        agent.sequence = 0;
        agent.fenced_below = Epoch{};
    }
    agent.life = hello.life;
    agent.epoch = hello.epoch;
    agent.heard_at = controller_.now();
    agent.connected = true;
    agent.streaming = true;
    agent.to_intruder = hello.holder.has_value();
    agent.session = ++sessions_;
    if (!agent.to_intruder) {
        greet(hello, agent);
    }
    watch(hello.host);
    controller_.deliver(
        core::AgentConnected{.host = id, .region = region_id(hello.home), .epoch = hello.epoch}
    );
}

void AgentLink::greet(const Hello& hello, Agent& agent) {
    const Session session{.life = controller_.life(), .number = agent.session};
    const Greeting greeting{.session = session, .register_id = scene_.store->register_id()};
    Host* host = scene_.hosts[hello.host].get();
    controller_.leave([&agent, host, greeting, life = hello.life] {
        agent.stream.send([host, greeting, life] {
            host->enter(life, [host, greeting] { host->greeted(greeting); });
        });
    });
    if (scene_.planted(Plant::orders_played_again)) {
        const std::deque<Order> again = std::exchange(agent.sent, {});
        for (const Order& order : again) {
            send(hello.host, order);
        }
    }
}

void AgentLink::hung_up(std::size_t host, std::uint64_t life) {
    Agent& agent = agents_[host];
    if (agent.life == life) {
        end_stream(agent);
    }
}

// An agent that ends its stream, or whose stream we end, loses what was on its way to it.
void AgentLink::end_stream(Agent& agent) {
    if (agent.streaming) {
        agent.streaming = false;
        agent.stream.reset();
    }
    agent.pending.clear();
    agent.after_fence.reset();
}

void AgentLink::close() {
    for (std::size_t index = 0; index < agents_.size(); ++index) {
        Agent& agent = agents_[index];
        if (!agent.streaming) {
            continue;
        }
        end_stream(agent);
        if (agent.to_intruder) {
            continue;
        }
        Host* host = scene_.hosts[index].get();
        const Session session{.life = controller_.life(), .number = agent.session};
        scene_.network.send(
            {.from = kWitness, .to = agent.home},
            [host, session, life = agent.life] {
                host->enter(life, [host, session] { host->stream_ended(session); });
            }
        );
    }
}

bool AgentLink::stream_lives(Session session, std::size_t host) const {
    const Agent& agent = agents_[host];
    return agent.streaming && session.life == controller_.life() && agent.session == session.number;
}

bool AgentLink::is_connected(std::size_t host) const {
    return agents_[host].connected;
}

void AgentLink::watch(std::size_t host) {
    Agent& agent = agents_[host];
    if (std::exchange(agent.watched, true)) {
        return;
    }
    // It is looked at every fifth of a second, so its silence is found a little late.
    const Instant silent_at = agent.heard_at + kFreshFor + kWatchEvery;
    controller_.later(std::max(silent_at - controller_.now(), Duration{1}), [this, host] {
        Agent& silent = agents_[host];
        silent.watched = false;
        if (!silent.connected) {
            return;
        }
        if (controller_.now() - silent.heard_at <= kFreshFor) {
            watch(host);
            return;
        }
        silent.connected = false;
        end_stream(silent);
        controller_.deliver(core::AgentDisconnected{.host = scene_.id_of(host)});
    });
}

void AgentLink::send(std::size_t host, Order order) {
    Agent& agent = agents_[host];
    if (!agent.streaming) {
        return;
    }
    if (scene_.planted(Plant::orders_played_again)) {
        agent.sent.push_back(order);
    }
    if (agent.to_intruder) {
        controller_.leave([this, host, order = std::move(order)] {
            scene_.intruder->take_order(host, order);
        });
        return;
    }
    Host* to = scene_.hosts[host].get();
    const Session session{.life = controller_.life(), .number = agent.session};
    controller_.leave([this, host, to, session, order = std::move(order), life = agent.life] {
        Agent& receiver = agents_[host];
        if (receiver.streaming && receiver.session == session.number) {
            receiver.stream.send([to, session, order, life] {
                to->enter(life, [to, session, order] { to->take_order(session, order); });
            });
        }
    });
}

void AgentLink::send_order(std::size_t host, const core::OrderAgents& action) {
    Agent& agent = agents_[host];
    const bool behind =
        agent.epoch != Epoch{} && agent.epoch < action.epoch && agent.fenced_below < action.epoch;
    if (action.type == core::OrderType::route && behind) {
        // Its fence goes first: the acknowledgement names the writes that are unproven.
        agent.after_fence = action;
        const std::uint64_t number = ++agent.fences;
        controller_.later(kFencePatience, [this, host, number] {
            if (agents_[host].fences == number) {
                release_after_fence(host);
            }
        });
        core::OrderAgents fence = action;
        fence.type = core::OrderType::fence;
        fence.fence_grace = 150ms;
        send_order(host, fence);
        return;
    }
    Order order{.number = ++orders_, .body = action};
    order.body.hosts.clear();
    if (order.body.users == RegionId{}) {
        order.body.users = controller_.core().record().users;
    }
    agent.pending.emplace(
        order.number, Pending{.step = action.step, .type = action.type, .epoch = action.epoch}
    );
    send(host, std::move(order));
}

void AgentLink::order(const core::OrderAgents& action) {
    if (controller_.is_silenced()) {
        return;
    }
    scene_.chronicle->effect(action.step, action);
    for (std::size_t host = 0; host < agents_.size(); ++host) {
        if (!agents_[host].streaming) {
            continue;
        }
        const HostId id = scene_.id_of(host);
        if (std::ranges::find(action.hosts, id) == action.hosts.end()) {
            continue;
        }
        send_order(host, action);
        if (action.type == core::OrderType::fence &&
            scene_.planted(Plant::promotion_before_fence)) {
            controller_.later(1ms, [this, id, action] {
                controller_.deliver(core::AgentAcked{
                    .step = action.step,
                    .host = id,
                    .type = action.type,
                    .epoch = action.epoch,
                    .done = true
                });
            });
        }
    }
}

void AgentLink::release_after_fence(std::size_t host) {
    Agent& agent = agents_[host];
    if (agent.after_fence) {
        const core::OrderAgents route = *std::exchange(agent.after_fence, std::nullopt);
        agent.fenced_below = std::max(agent.fenced_below, route.epoch);
        send_order(host, route);
    }
}

ReportAnswer AgentLink::report(const Report& report) {
    Agent& agent = this->agent(report.host);
    if (agent.life != report.life) {
        return {.hello_first = true, .lease = std::nullopt, .epoch = {}};
    }
    agent.heard_at = controller_.now();
    agent.epoch = report.epoch;
    if (report.sequence > agent.sequence) {
        agent.sequence = report.sequence;
        if (!agent.connected && agent.streaming) {
            agent.connected = true;
            watch(report.host);
            controller_.deliver(core::AgentConnected{
                .host = scene_.id_of(report.host),
                .region = region_id(agent.home),
                .epoch = report.epoch
            });
        }
        take_evidence(report);
        ask_for_left_behind(report);
    }
    const core::AppCore::LeaseAnswer lease =
        controller_.grant_lease(scene_.id_of(report.host), report.epoch);
    return {.hello_first = false, .lease = lease.length, .epoch = report.epoch};
}

// It adopted its epoch by itself: a fence of that same epoch makes it tell what it had not proven.
void AgentLink::ask_for_left_behind(const Report& report) {
    const Agent& agent = agents_[report.host];
    const bool asked = std::ranges::any_of(agent.pending, [](const auto& entry) {
        return entry.second.type == core::OrderType::fence;
    });
    if (report.left_behind == 0 || asked) {
        return;
    }
    core::OrderAgents fence;
    fence.type = core::OrderType::fence;
    fence.epoch = report.epoch;
    fence.fence_grace = 150ms;
    send_order(report.host, fence);
}

void AgentLink::take_evidence(const Report& report) {
    const HostId id = scene_.id_of(report.host);
    const Place home = agents_[report.host].home;
    if (!report.from) {
        scene_.chronicle->report_taken(report);
    }
    const bool forgets = scene_.planted(Plant::gate_forgets_agents);
    controller_.deliver(core::AgentReported{
        .host = id,
        .epoch = report.epoch,
        .active = report.active < kPlaces ? region_id(report.active) : RegionId{},
        .users = report.users,
        .write_state = report.write_state,
        .last_acknowledged_ago = forgets ? std::nullopt : report.last_acknowledged_ago,
        .unproven = report.unproven,
        .ledger_whole = report.ledger_whole,
        .newest_unknown_ago = report.newest_unknown_ago,
        .says_unknown = report.says_unknown
    });
    if (!report.with_evidence) {
        return;
    }
    core::Observation seen{
        .observer = ObserverId{"agents:" + region_id(home).value()},
        .source = id,
        .region = {},
        .component = core::Component::dynamodb,
        .path = core::Path::fresh,
        .ok = 0,
        .failed = 0,
        .stalled = {},
        .why = {}
    };
    const auto tell = [&](const Tried& tried) {
        if (tried.ok > 0 || tried.failed > 0 || seen.stalled > Duration::zero()) {
            seen.ok = tried.ok;
            seen.failed = tried.failed;
            seen.why = tried.failed > 0 ? "no answer" : "";
            controller_.observe(seen);
        }
    };
    for (Place region = 0; region < scene_.script.tables; ++region) {
        seen.region = region_id(region);
        seen.component = core::Component::dynamodb;
        for (const core::Path path : {core::Path::fresh, core::Path::reused, core::Path::passive}) {
            seen.path = path;
            seen.stalled = path == core::Path::passive ? report.stalled[region] : Duration{};
            tell(report.seen.data[region][static_cast<std::size_t>(path)]);
        }
        seen.stalled = {};
        seen.component = core::Component::stack;
        seen.path = core::Path::fresh;
        tell(report.seen.stack[region]);
    }
    seen.region = RegionId{};
    seen.component = core::Component::control;
    tell(report.seen.control);
}

void AgentLink::ack(const Ack& ack) {
    Agent& agent = this->agent(ack.host);
    if (agent.life != ack.life) {
        return;
    }
    agent.heard_at = controller_.now();
    agent.epoch = std::max(agent.epoch, ack.epoch);
    const auto pending = agent.pending.find(ack.order);
    if (pending == agent.pending.end()) {
        return;  // of an earlier stream, or a repetition
    }
    const Pending order = pending->second;
    agent.pending.erase(pending);
    const bool fence = order.type == core::OrderType::fence;
    if (fence) {
        controller_.fenced(order.step.operation, ack);
        if (ack.done) {
            agent.fenced_below = std::max(agent.fenced_below, order.epoch);
        }
    }
    controller_.deliver(core::AgentAcked{
        .step = order.step,
        .host = scene_.id_of(ack.host),
        .type = order.type,
        .epoch = fence ? std::max(ack.epoch, order.epoch) : ack.epoch,
        .done = ack.done,
        .unproven = ack.unproven,
        .adopted_alone = ack.adopted_alone,
        .cut = ack.cut,
        .newest_unknown_ago = ack.newest_unknown_ago,
        .says_unknown = ack.says_unknown,
        .detail = ack.detail
    });
    if (fence) {
        release_after_fence(ack.host);
    }
}

void AgentLink::forget(std::size_t host) {
    Agent& agent = this->agent(host);
    end_stream(agent);
    agent.life = 0;
    agent.connected = false;
}

}  // namespace farshore::sim
