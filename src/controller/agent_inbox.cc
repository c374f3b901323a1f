#include <algorithm>
#include <utility>

#include "adapters/system/log.h"
#include "controller/agent_link.h"
#include "controller/agent_words.h"
#include "controller/api_answers.h"

// What agents send: reports, answered with a lease, and acknowledgements.
namespace farshore::controller {

Result<AgentLink::Agent*> AgentLink::known(
    const core::Subject& subject, const BootId& boot, const Caller& caller
) {
    if (const Status speaks = check_speaker(subject, caller); !speaks) {
        return std::unexpected(speaks.error());
    }
    const auto found = agents_.find(subject.host);
    const bool elsewhere = found != agents_.end() && subject.region != RegionId{} &&
                           subject.region != found->second.region;
    if (found == agents_.end() || found->second.boot != boot || elsewhere) {
        return std::unexpected(refused(
            ErrorKind::conflict,
            "hello_first",
            subject.host.value() + " has not said hello to this controller since its start",
            "open /v1/agents/stream first"
        ));
    }
    return &found->second;
}

net::HttpResponse AgentLink::report(const net::HttpRequest& request, const Caller& caller) {
    const Result<wire::Report> report = wire::parse_report(request.body);
    if (!report) {
        return refusal(report.error());
    }
    const core::Subject subject{.app = report->app, .host = report->host, .region = report->region};
    const Result<Agent*> found = known(subject, report->boot, caller);
    if (!found) {
        return refusal(found.error());
    }
    Agent& agent = **found;
    agent.heard_at = clock_.now();
    agent.epoch = report->epoch;
    look_at_rival(agent, report->host);
    const bool repeated = report->sequence <= agent.sequence && agent.report;
    if (!repeated) {
        agent.sequence = report->sequence;
        agent.report = *report;
        if (!agent.connected && agent.session) {
            agent.connected = true;
            upcalls_.deliver(core::AgentConnected{
                .host = report->host, .region = agent.region, .epoch = report->epoch
            });
        }
        take_evidence(*report);
        ask_for_left_behind(agent, *report);
    }
    wire::ReportAnswer answer;
    const core::AppCore::LeaseAnswer lease = upcalls_.grant_lease(report->host, report->epoch);
    if (lease.length) {
        agent.granted_at = clock_.now();
        agent.granted_for = *lease.length;
        answer.lease = wire::LeaseGrant{.epoch = report->epoch, .length = *lease.length};
    } else {
        answer.why = lease.why;
    }
    return net::HttpResponse::json(200, wire::serialize(answer));
}

// The host adopted its epoch by itself: a fence of that same epoch makes it tell what it had not
// proven before.
void AgentLink::ask_for_left_behind(Agent& agent, const wire::Report& report) {
    const bool asked = std::ranges::any_of(agent.pending, [](const auto& entry) {
        return entry.second.type == core::OrderType::fence;
    });
    if (report.ledger.left_behind == 0 || asked || !agent.session) {
        return;
    }
    system::log_warning(
        "link",
        "a host followed the epoch items without a controller; it is asked for the writes that it "
        "had not proven before",
        {{"host", report.host.value()},
         {"epoch", std::to_string(report.epoch.value())},
         {"writes", std::to_string(report.ledger.left_behind)}}
    );
    core::OrderAgents fence;
    fence.type = core::OrderType::fence;
    fence.epoch = report.epoch;
    fence.fence_grace = std::chrono::milliseconds{150};
    send_order(agent, report.host, fence);
}

void AgentLink::take_evidence(const wire::Report& report) {
    core::AgentReported reported{
        .host = report.host,
        .epoch = report.epoch,
        .active = report.active,
        .users = report.users,
        .write_state = std::string{to_string(report.write_state)},
        .last_acknowledged_ago = std::nullopt,
        .unproven = small(report.ledger.unproven),
        .ledger_whole = report.ledger.whole,
        .newest_unknown_ago = report.unknown ? report.unknown->newest_age : std::nullopt,
        .says_unknown = report.unknown.has_value(),
        .oldest_unproven = report.ledger.oldest_unproven
    };
    if (report.ledger.last_acknowledged_age) {
        reported.last_acknowledged_ago = report.ledger.last_acknowledged_age;
    } else if (report.ledger.acknowledged > 0) {
        // The host does not say how long ago: it may have been just now. Its clock for people
        // compared with ours would tell nothing.
        reported.last_acknowledged_ago = Duration::zero();
    }
    upcalls_.deliver(std::move(reported));
    for (const wire::EvidenceCounts& counts : report.evidence) {
        core::Observation seen{
            .observer = ObserverId{"agents:" + agents_.at(report.host).region.value()},
            .source = report.host,
            .region = counts.region,
            .component = component_of(counts.component),
            .path = path_of(counts.path),
            .ok = small(counts.ok),
            .failed = small(counts.failed),
            .stalled = counts.stalled,
            .why = counts.last_error
        };
        if (counts.component == wire::EvidenceComponent::control) {
            seen.region = RegionId{};
        }
        upcalls_.deliver(std::move(seen));
    }
}

net::Task<net::HttpResponse> AgentLink::ack(net::HttpRequest request, Caller caller) {
    const Result<wire::Ack> ack = wire::parse_ack(request.body);
    if (!ack) {
        co_return refusal(ack.error());
    }
    const core::Subject subject{.app = ack->app, .host = ack->host, .region = {}};
    Result<Agent*> agent = known(subject, ack->boot, caller);
    if (!agent) {
        co_return refusal(agent.error());
    }
    (*agent)->heard_at = clock_.now();
    (*agent)->epoch = std::max((*agent)->epoch, ack->epoch);
    const auto pending = (*agent)->pending.find(ack->order);
    if (pending == (*agent)->pending.end()) {
        co_return net::HttpResponse::json(
            200, "{}"
        );  // a ping, an order of an earlier stream, or a repetition
    }
    const Pending order = pending->second;
    if (!answers(*ack, order.type)) {
        co_return refusal(
            {.kind = ErrorKind::malformed,
             .text = "the acknowledgement does not fit its order, which is a " +
                     std::string{to_string(order.type)},
             .remedy = {},
             .code = "type"}
        );
    }
    (*agent)->pending.erase(pending);
    if (const auto* fence = std::get_if<wire::FenceAck>(&ack->body);
        fence != nullptr && order.type == core::OrderType::fence) {
        if (fence->not_understood > 0) {
            system::log_warning(
                "link",
                "a host names writes that this controller does not understand; they are left out "
                "of "
                "the loss book, which says that it is not whole",
                {{"host", ack->host.value()}, {"writes", std::to_string(fence->not_understood)}}
            );
        }
        co_await upcalls_.fenced(order.step.operation, ack->host, *fence);
        // It may have said hello anew, or have left the register, while the store was asked.
        agent = known(subject, ack->boot, caller);
        if (!agent) {
            co_return refusal(agent.error());
        }
        if (ack->result == wire::AckResult::done) {
            // The agent names its own epoch, which a fence does not change; what it acknowledged is
            // the order's.
            (*agent)->fenced_below = std::max((*agent)->fenced_below, order.epoch);
        }
    }
    core::AgentAcked event = acked_event(ack->host, *ack, order.step, order.type);
    if (order.type == core::OrderType::fence) {
        event.epoch = std::max(event.epoch, order.epoch);
    }
    upcalls_.deliver(std::move(event));
    if (order.type == core::OrderType::fence) {
        release_after_fence(**agent, ack->host);
    }
    co_return net::HttpResponse::json(200, "{}");
}

}  // namespace farshore::controller
