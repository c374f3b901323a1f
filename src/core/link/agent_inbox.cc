#include <algorithm>
#include <bit>
#include <utility>

#include "base/assert.h"
#include "core/evidence/observers.h"
#include "core/link/agent_sessions.h"
#include "core/planted.h"

// What agents send: hellos, reports and acknowledgements. What an agent says counts for the host of
// its credential and for no other.
namespace farshore::core::link {

namespace {

// Of an acknowledgement that nothing is to be done about any more.
Answer taken(const Ack& ack) {
    const bool adopted = ack.type == OrderType::route && ack.said.done;
    return adopted ? Answer{GrantLease{ack.said.epoch}} : Answer{Taken{}};
}

}  // namespace

std::optional<AgentRefusal> AgentSessions::why_not_believed(const Sender& from) const {
    if (is_planted(PlantedBug::subject_from_body)) {
        return std::nullopt;
    }
    if (is_planted(PlantedBug::ghost_votes)) {
        const auto found = agents_.find(from.subject.host);
        if (found == agents_.end() || found->second.boot == from.boot) {
            return std::nullopt;
        }
    }
    const Speaks speaks = from.subject.app == options_.app
                              ? speaks_for(from.credential, from.subject)
                              : Speaks::other_app;
    switch (speaks) {
        case Speaks::yes: return std::nullopt;
        case Speaks::other_app: return AgentRefusal::other_app;
        case Speaks::other_host: return AgentRefusal::other_host;
        case Speaks::other_region: return AgentRefusal::other_region;
    }
    std::unreachable();
}

std::optional<AgentRefusal> AgentSessions::why_refused(Instant now, const Hello& hello) const {
    const HostId& host = hello.from.subject.host;
    if (closed_) {
        return AgentRefusal::stopping;
    }
    if (hello.version == 0) {
        return AgentRefusal::protocol;
    }
    if (std::ranges::find(options_.regions, hello.from.subject.region) == options_.regions.end()) {
        return AgentRefusal::unknown_region;
    }
    if (!options_.allowed.empty() && !options_.allowed.contains(host)) {
        return AgentRefusal::not_listed;
    }
    const auto found = agents_.find(host);
    if (found == agents_.end()) {
        return agents_.size() >= options_.hosts_max ? std::optional{AgentRefusal::too_many}
                                                    : std::nullopt;
    }
    const bool second =
        is_second_stream(open_stream(found->second), hello.from.boot, now, options_.fresh_for);
    return second ? std::optional{AgentRefusal::second_stream} : std::nullopt;
}

Answer AgentSessions::refuse(Instant now, const Hello& hello, AgentRefusal why) {
    if (why == AgentRefusal::second_stream) {
        Agent& agent = agents_.at(hello.from.subject.host);
        if (!agent.rival || agent.rival->boot != hello.from.boot) {
            agent.rival = Rival{.boot = hello.from.boot};
        }
        agent.rival->last_at = now;
    }
    return Refused{why};
}

Answer AgentSessions::on(Instant now, const Hello& hello) {
    if (const std::optional<AgentRefusal> why = why_not_believed(hello.from)) {
        return Refused{*why};
    }
    if (const std::optional<AgentRefusal> why = why_refused(now, hello)) {
        return refuse(now, hello, *why);
    }
    return EnrollFirst{hello};
}

Answer AgentSessions::on(Instant now, const HostEnrolled& enrolled) {
    if (!enrolled.durable) {
        return Refused{AgentRefusal::store};
    }
    // Another process of the host may have been quicker meanwhile.
    if (const std::optional<AgentRefusal> why = why_refused(now, enrolled.hello)) {
        return refuse(now, enrolled.hello, *why);
    }
    return begin_stream(now, enrolled.hello);
}

Answer AgentSessions::begin_stream(Instant now, const Hello& hello) {
    const Subject& subject = hello.from.subject;
    Entry& entry = *agents_.try_emplace(subject.host).first;
    Agent& agent = entry.second;
    end_stream(entry);
    if (agent.boot != hello.from.boot) {
        agent.keeping.clear();
        agent.fenced_below = Epoch{};
    }
    // Also the same process may count its reports from an earlier number on: its machine may be a
    // snapshot's again.
    agent.said.reset();
    agent.whole.reset();
    agent.region = subject.region;
    agent.boot = hello.from.boot;
    agent.epoch = hello.epoch;
    agent.heard_at = now;
    agent.stream = StreamId{++streams_};
    connect(entry);
    actions_.emplace_back(
        BeginStream{.stream = *agent.stream, .host = subject.host, .version = hello.version}
    );
    if (is_planted(PlantedBug::orders_played_again)) {
        for (const auto& [number, order] : agent.pending) {
            actions_.emplace_back(SendOrder{
                .stream = *agent.stream, .host = subject.host, .number = number, .order = order
            });
        }
    }
    deliver(AgentConnected{.host = subject.host, .region = subject.region, .epoch = hello.epoch});
    return StreamBegun{*agent.stream};
}

AgentSessions::Entry* AgentSessions::known(const Sender& from) {
    const auto found = agents_.find(from.subject.host);
    if (found == agents_.end() || found->second.boot != from.boot) {
        return nullptr;
    }
    const bool elsewhere =
        from.subject.region != RegionId{} && from.subject.region != found->second.region;
    return elsewhere ? nullptr : &*found;
}

Answer AgentSessions::on(Instant now, const Report& report) {
    if (const std::optional<AgentRefusal> why = why_not_believed(report.from)) {
        return Refused{*why};
    }
    Entry* const entry = known(report.from);
    if (entry == nullptr) {
        return HelloFirst{};
    }
    if (take_report(now, *entry, report)) {
        std::optional<Whole>& whole = entry->second.whole;
        whole.reset();
        // How long ago a write was given up is said anew each time.
        if (report.left_behind == 0 && !report.said.newest_unknown_ago) {
            whole = Whole{
                .sequence = report.sequence,
                .said = report.said,
                .seen = {},
                .acknowledged = report.acknowledged
            };
            for (const Observation& seen : report.seen) {
                whole->seen.push_back(
                    {.region = seen.region, .component = seen.component, .path = seen.path}
                );
            }
        }
    }
    return GrantLease{report.said.epoch};
}

// It is evidence of no more than it names: what it leaves out was not seen again, and grows old.
Answer AgentSessions::on(Instant now, const ReportAgain& again) {
    if (const std::optional<AgentRefusal> why = why_not_believed(again.from)) {
        return Refused{*why};
    }
    Entry* const entry = known(again.from);
    if (entry == nullptr) {
        return HelloFirst{};
    }
    const Agent& agent = entry->second;
    const std::optional<Whole>& whole = agent.whole;
    if (!whole || whole->sequence != again.like || whole->said.epoch != agent.epoch ||
        std::cmp_greater(std::bit_width(again.well), whole->seen.size())) {
        return WholeFirst{};
    }
    Report report{
        .from = again.from,
        .sequence = again.sequence,
        .said = whole->said,
        .seen = {},
        .acknowledged = whole->acknowledged,
        .left_behind = 0,
        .shown = agent.said->shown
    };
    report.said.unproven = again.unproven;
    report.said.oldest_unproven = again.oldest_unproven;
    report.said.last_acknowledged_ago = again.last_acknowledged_ago;
    for (std::size_t i = 0; i < whole->seen.size(); ++i) {
        if ((again.well >> i & 1U) != 0) {
            const Whole::Seen& seen = whole->seen[i];
            report.seen.push_back(
                {.observer = {},
                 .source = {},
                 .region = seen.region,
                 .component = seen.component,
                 .path = seen.path,
                 .ok = 1}
            );
        }
    }
    take_report(now, *entry, report);
    return GrantLease{report.said.epoch};
}

bool AgentSessions::take_report(Instant now, Entry& entry, const Report& report) {
    Agent& agent = entry.second;
    agent.heard_at = now;
    agent.epoch = report.said.epoch;
    look_at_rival(now, entry);
    const bool repeated = report.sequence <= agent.sequence && agent.said;
    if (!repeated) {
        if (report.sequence < agent.sequence) {
            agent.fenced_below = Epoch{};  // as that snapshot has it, there was no such fence
        }
        agent.sequence = report.sequence;
        agent.said = Said{
            .active = report.said.active,
            .write_state = report.said.write_state,
            .unproven = report.said.unproven,
            .oldest_unproven = report.said.oldest_unproven,
            .shown = report.shown
        };
        if (!agent.connected && agent.stream) {
            connect(entry);
            deliver(AgentConnected{
                .host = entry.first, .region = agent.region, .epoch = report.said.epoch
            });
        }
        take_evidence(entry, report);
        ask_for_left_behind(now, entry, report);
    }
    return !repeated;
}

void AgentSessions::take_evidence(const Entry& entry, const Report& report) {
    AgentReported said = report.said;
    said.host = entry.first;
    if (!said.last_acknowledged_ago && report.acknowledged > 0) {
        // The host does not say how long ago: it may have been just now. Its clock for people
        // compared with ours would tell nothing.
        said.last_acknowledged_ago = Duration::zero();
    }
    if (is_planted(PlantedBug::gate_forgets_agents)) {
        said.last_acknowledged_ago.reset();
    }
    told_.reserve(told_.size() + 1 + report.seen.size());
    deliver(std::move(said));
    const ObserverId observer = agents_of(entry.second.region);
    for (Observation seen : report.seen) {
        seen.observer = observer;
        seen.source = entry.first;
        if (seen.component == Component::control) {
            seen.region = RegionId{};  // a control target belongs to no Region
        }
        deliver(std::move(seen));
    }
}

Answer AgentSessions::on(Instant now, const Ack& ack) {
    if (const std::optional<AgentRefusal> why = why_not_believed(ack.from)) {
        return Refused{*why};
    }
    Entry* const entry = known(ack.from);
    if (entry == nullptr) {
        return HelloFirst{};
    }
    Agent& agent = entry->second;
    agent.heard_at = now;
    agent.epoch = std::max(agent.epoch, ack.said.epoch);
    if (const auto kept = agent.keeping.find(ack.order); kept != agent.keeping.end()) {
        return KeepFirst{{.ack = ack, .order = kept->second}};
    }
    const auto pending = agent.pending.find(ack.order);
    if (pending == agent.pending.end()) {
        return taken(ack);  // an order of an earlier stream, or a repetition
    }
    const std::shared_ptr<const OrderAgents> order = pending->second;
    if (ack.type != order->type || !ack.complete) {
        return Misfit{order->type};
    }
    if (!is_planted(PlantedBug::orders_played_again)) {
        agent.pending.erase(pending);
    }
    if (order->type == OrderType::fence && ack.has_list) {
        agent.keeping.emplace(ack.order, order);
        return KeepFirst{{.ack = ack, .order = order}};
    }
    return finish(now, *entry, ack, *order);
}

Answer AgentSessions::on(Instant now, const FenceListKept& kept) {
    // The process may have been followed by another one, or the host may have left the register,
    // while the store was asked.
    const auto& [ack, order] = kept.fenced;
    Entry* const entry = known(ack.from);
    if (entry == nullptr) {
        return HelloFirst{};
    }
    if (!kept.durable) {
        return NotKept{};
    }
    if (entry->second.keeping.erase(ack.order) == 0) {
        return Taken{};  // of a repetition
    }
    if (ack.said.done) {
        // The agent names its own epoch, which a fence does not change; what it acknowledged is the
        // order's.
        Epoch& below = entry->second.fenced_below;
        below = std::max(below, order->epoch);
    }
    return finish(now, *entry, ack, *order);
}

Answer AgentSessions::finish(Instant now, Entry& entry, const Ack& ack, const OrderAgents& order) {
    AgentAcked event = ack.said;
    event.step = order.step;
    event.host = entry.first;
    event.type = order.type;
    if (is_planted(PlantedBug::drain_not_read) && order.type == OrderType::drain) {
        event.done = true;
    }
    if (order.type == OrderType::fence) {
        event.epoch = std::max(event.epoch, order.epoch);
        if (entry.second.after_fence_number == ack.order) {
            release_after_fence(now, entry);
        }
    }
    deliver(std::move(event));
    return taken(ack);
}

}  // namespace farshore::core::link
