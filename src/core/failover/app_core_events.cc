#include <algorithm>

#include "core/evidence/observers.h"
#include "core/failover/announcements.h"
#include "core/failover/app_core.h"
#include "core/planted.h"

// What each event tells the core; what people ask for stands in app_core_requests.cc.
namespace farshore::core {

void AppCore::apply(Now now, const Observation& event, Effects&) {
    const bool ours = std::ranges::find(policy_.regions, event.region) != policy_.regions.end();
    if (ours || event.component == Component::control) {
        evidence_.observe(now.at, event);
    }
}

// The epoch that a strict majority of the items is at, or beyond, when that is newer than ours.
Epoch AppCore::newer_in(const EpochReading& reading) const {
    const Epoch at_least = judge(reading).at_least;
    const bool is_newer =
        at_least > record_.epoch && !is_planted(PlantedBug::epoch_from_store_only);
    return is_newer ? at_least : Epoch{};
}

// What a reading says of the permission to grant leases, and of the epochs that are used up.
void AppCore::learn(const EpochReading& reading) {
    highest_seen_ = std::max(highest_seen_, reading.highest_epoch(record_.epoch));
    const std::optional<EpochItem> agreed = judge(reading).agreed;
    if (!agreed) {
        return;
    }
    const bool in_force = agreed->says(record_.epoch, record_.active);
    const bool is_planned =
        record_.operation &&
        agreed->says(record_.operation->plan.epoch_after, record_.operation->plan.to);
    // A controller whose register the items do not name grants nothing: a fence of the one that
    // they name would not know of its hosts.
    if ((in_force || is_planned) && agreed->register_id == register_id_) {
        permission_.confirm(
            agreed->epoch, reading.started, std::min(policy_.timing.lease, agreed->terms.lease)
        );
        permission_begun_ = {.at = reading.started, .wall = reading.started_wall};
    }
}

void AppCore::found_register(Now now, bool ours, Effects& effects) {
    if (ours ? register_is_ours_ == false : register_is_ours_ != false) {
        // Leases that were granted under the other register last for one more lease.
        record_.register_lost_at = now.wall;
        strangers_until_ = now.at + longest_lease_;
        effects.save = true;
    }
    if (!ours && register_is_ours_ != false) {
        effects.actions.emplace_back(other_register_of(record_.app));
    }
    register_is_ours_ = ours;
    if (!ours && operation_) {
        operation_->other_register();
    }
}

bool AppCore::names_another_register(const EpochReading& reading) const {
    return std::ranges::any_of(reading.copies, [&](const EpochItem& copy) {
        return copy.exists() && !copy.register_id.empty() && copy.register_id != register_id_;
    });
}

// A majority is told of as soon as it agrees. That it names our register takes nothing back while a
// copy that named another one has not been read anew: which copies answer first changes with every
// reading.
void AppCore::look_at_register(Now now, const EpochReading& reading, Effects& effects) {
    const std::optional<EpochItem> agreed = judge(reading).agreed;
    const bool all = reading.copies.size() == reading.asked;
    if (names_another_register(reading)) {
        found_register(now, false, effects);
    } else if (agreed && agreed->register_id == register_id_ &&
               (register_is_ours_ != false || all)) {
        found_register(now, true, effects);
    }
}

void AppCore::apply(Now now, const EpochsRead& event, Effects& effects) {
    const std::optional<EpochItem> agreed = judge(event.reading).agreed;
    if (record_.in_force_by_word && agreed && agreed->says(record_.epoch, record_.active)) {
        // From now on the items have the say again.
        record_.in_force_by_word = false;
        permission_ = {};
        effects.save = true;
    }
    learn(event.reading);
    look_at_register(now, event.reading, effects);
    const Epoch newer = newer_in(event.reading);
    if (!operation_running() && newer > superseded_) {
        superseded_ = newer;
        superseded_in_ = RegionId{};
        effects.actions.emplace_back(Announce{
            "the epoch items of " + record_.app.value() + " carry epoch " +
            std::to_string(newer.value()) +
            ", newer than this controller's store: no lease, no automation; run a failover"
        });
    }
    if (agreed && agreed->epoch == superseded_) {
        superseded_in_ = agreed->active;
    }
}

void AppCore::apply(Now now, const EpochRaised& event, Effects& effects) {
    highest_seen_ = std::max(highest_seen_, believable(event.highest_seen));
    if (event.other_register) {
        found_register(now, false, effects);
    }
    if (event.majority && acts() && event.step.operation == record_.operation->plan.id) {
        permission_.confirm(
            record_.operation->plan.epoch_after, event.started, policy_.timing.lease
        );
        permission_begun_ = {.at = event.started, .wall = event.started_wall};
    }
    if (acts()) {
        take(operation_->on(now, event, agents_), effects, now);
    }
}

void AppCore::apply(Now now, const HostsFound& event, Effects& effects) {
    for (const auto& [host, region] : event.hosts) {
        const auto [at, is_new] = agents_.try_emplace(host);
        if (is_new) {
            at->second.region = region;
            effects.actions.emplace_back(Announce{
                host.value() + (region == RegionId{} ? "" : " of " + region.value()) +
                " registered itself: fences wait for it, and it has no vote" +
                (register_is_closed_
                     ? "; `agents` does not name it: add it, or end its agent and forget it"
                     : " before it says hello with a credential of its own")
            });
        }
    }
    if (acts()) {
        take(operation_->on(now, event, agents_), effects, now);
    }
}

void AppCore::heard_of_unknown(Now now, const HostId& host, std::optional<Duration> newest_ago) {
    const auto found = agents_.find(host);
    if (found == agents_.end() || !newest_ago) {
        return;
    }
    const Instant at = now.at - std::max(Duration::zero(), *newest_ago);
    found->second.unknown_at = std::max(found->second.unknown_at.value_or(at), at);
}

void AppCore::heard(Now now, std::span<const AgentAcked> acks, Effects& effects) {
    for (const AgentAcked& ack : acks) {
        heard_of_unknown(now, ack.host, ack.newest_unknown_ago);
    }
    if (acts()) {
        take(operation_->on(now, acks, agents_), effects, now);
    }
}

void AppCore::apply(Now now, const AgentAcked& event, Effects& effects) {
    heard(now, {&event, 1}, effects);
}

void AppCore::apply(Now now, const AgentsAcked& event, Effects& effects) {
    heard(now, event.acks, effects);
}

// One agent's word, or one copy, never uses the epochs up: a damaged state file may say anything. A
// majority of the records has the say (EpochReading::highest_epoch), and the store.
Epoch AppCore::believable(Epoch epoch) const {
    return std::min(epoch, furthest_beside(record_.epoch));
}

// During an operation the route in force is the operation's business until it has promoted.
bool AppCore::routes_are_ours() const {
    if (stalled_ || !operation_running()) {
        return !stalled_;
    }
    return record_.operation->permission() != Permission::nobody &&
           !row_of(record_.operation->kind()).orders_routes;
}

bool AppCore::older_may_write(Now now) const {
    return older_until_ && now.at <= *older_until_;
}

// Meanwhile a host that follows an older epoch, or none, stays where it is: a fence may have been
// under way when the store was lost, and the route would let this host write beside another one.
void AppCore::tell_route(Now now, std::vector<HostId> hosts, Effects& effects) const {
    if (older_may_write(now)) {
        std::erase_if(hosts, [this](const HostId& host) {
            return agents_.at(host).epoch < record_.epoch;
        });
    }
    if (hosts.empty()) {
        return;
    }
    effects.actions.emplace_back(OrderAgents{
        .step = {},
        .app = record_.app,
        .hosts = std::move(hosts),
        .type = OrderType::route,
        .epoch = record_.epoch,
        .active = record_.active,
        .users = record_.users
    });
}

void AppCore::tell_route_to_all(Now now, Effects& effects) const {
    std::vector<HostId> hosts;
    for (const auto& [host, agent] : agents_) {
        if (agent.connected) {
            hosts.push_back(host);
        }
    }
    tell_route(now, std::move(hosts), effects);
}

void AppCore::apply(Now, const AgentJoined& event, Effects& effects) {
    AgentState& agent = agents_[event.host];
    if (agent.region != event.region) {
        evidence_.remove_host(agents_of(agent.region), event.host);
    }
    agent.region = event.region;
    effects.actions.emplace_back(Announce{
        event.host.value() + " of " + event.region.value() + " joined " + record_.app.value() +
        ": " + event.by + " vouches for it"
    });
}

void AppCore::apply(Now now, const AgentConnected& event, Effects& effects) {
    AgentState& agent = agents_[event.host];
    if (agent.region != event.region) {
        evidence_.remove_host(agents_of(agent.region), event.host);
    }
    // A host that is new to us may have been one of the app's before.
    agent.granted_until = std::max(agent.granted_until.value_or(leases_until_), leases_until_);
    agent.region = event.region;
    agent.connected = true;
    agent.epoch = event.epoch;
    agent.heard_at = now.at;
    highest_seen_ = std::max(highest_seen_, believable(event.epoch));
    evidence_.add_host(agents_of(event.region), event.host);
    if (routes_are_ours()) {
        tell_route(now, {event.host}, effects);
    }
    if (acts()) {
        take(operation_->on(now, event, agents_), effects, now);
    }
}

void AppCore::apply(Now, const AgentDisconnected& event, Effects&) {
    const auto found = agents_.find(event.host);
    if (found != agents_.end()) {
        found->second.connected = false;
    }
}

void AppCore::apply(Now, const CredentialRevoked& event, Effects& effects) {
    const auto found = agents_.find(event.host);
    if (found == agents_.end()) {
        return;
    }
    evidence_.remove_host(agents_of(found->second.region), event.host);
    found->second.connected = false;
    effects.actions.emplace_back(Announce{
        "the credential of " + event.host.value() + " was ended by " + event.by +
        ": it has no vote and gets no lease; fences wait for it until it is forgotten"
    });
}

void AppCore::apply(Now now, const AgentReported& event, Effects&) {
    const auto found = agents_.find(event.host);
    if (found == agents_.end()) {
        return;
    }
    AgentState& agent = found->second;
    agent.heard_at = now.at;
    agent.epoch = event.epoch;
    agent.active = event.active;
    agent.write_state = event.write_state;
    agent.unproven = event.unproven;
    agent.unproven_since =
        event.unproven == 0
            ? std::nullopt
            : std::optional{now.at - std::max(Duration::zero(), event.oldest_unproven)};
    agent.ledger_whole = event.ledger_whole;
    heard_of_unknown(now, event.host, event.newest_unknown_ago);
    agent.says_unknown = event.says_unknown;
    highest_seen_ = std::max(highest_seen_, believable(event.epoch));
    agent.users = event.users;
    if (event.epoch != record_.epoch) {
        return;
    }
    if (!agent.reported && !event.ledger_whole) {
        // The agent is new as well. What its earlier process acknowledged may be as young as this
        // moment, and no process remembers it.
        losses_.acknowledged(record_.active, now.at);
    }
    agent.reported = true;
    if (event.last_acknowledged_ago) {
        losses_.acknowledged(
            event.active, now.at - std::max(Duration::zero(), *event.last_acknowledged_ago)
        );
    }
}

void AppCore::apply(Now now, const LossesExamined& event, Effects& effects) {
    if (acts()) {
        take(operation_->on(now, event, agents_), effects, now);
    }
}

void AppCore::apply(Now, const LossesOpen& event, Effects&) {
    if (event.writes == 0) {
        losses_open_.erase(event.operation);
    } else {
        losses_open_[event.operation] = event.writes;
    }
}

void AppCore::apply(Now, const TablesLookedUp& event, Effects&) {
    tables_unlike_ = event.unlike;
}

void AppCore::apply(Now now, const TrafficServed& event, Effects& effects) {
    if (acts()) {
        take(operation_->on(now, event, agents_), effects, now);
    }
}

void AppCore::apply(Now now, const FunctionVerified& event, Effects& effects) {
    if (acts()) {
        take(operation_->on(now, event, agents_), effects, now);
    }
}

void AppCore::apply(Now now, const CommandEnded& event, Effects& effects) {
    if (acts()) {
        take(operation_->on(now, event, agents_), effects, now);
    }
}

void AppCore::apply(Now now, const HeartbeatArrived& event, Effects&) {
    losses_.arrived(now.at, event.from, event.to, event.written, event.lag);
}

void AppCore::apply(Now now, const HeartbeatFound& event, Effects&) {
    losses_.found(event.from, event.to, now.at - std::max(Duration::zero(), event.written_ago));
}

void AppCore::apply(Now, const WriteAcknowledged& event, Effects&) {
    losses_.acknowledged(event.region, event.at);
}

void AppCore::apply(Now, const Tick&, Effects&) {}

}  // namespace farshore::core
