#include <algorithm>
#include <iterator>

#include "base/assert.h"
#include "base/text.h"
#include "core/failover/operation.h"

// Under the new epoch: agents are repointed, users shifted, the function is verified.
namespace farshore::core {

void Operation::enter_repointing(Now now, Step& step, const AgentRegister& agents) {
    const Plan& plan = record_.plan;
    proved_.clear();
    note(
        now,
        EntryKind::intent,
        "route writes to " + plan.to.value() + " under epoch " +
            std::to_string(plan.epoch_after.value()),
        step
    );
    if (plan.promotes()) {
        FARSHORE_ASSERT(proof_, "INV-S1: repointing needs the proof of a fence");
        promote(*proof_, all(agents), step);
    } else {
        order(OrderType::route, all(agents), step);
    }
    deadline_ = now.at + timing_.repoint_patience;
}

// The order that lets the new Region take writes: it cannot be made without the proof.
void Operation::promote(const FenceProof& proof, std::vector<HostId> hosts, Step& step) {
    FARSHORE_ASSERT(
        proof.epoch() == record_.plan.epoch_after, "INV-S1: the proof is one of this epoch's fence"
    );
    order(OrderType::route, std::move(hosts), step);
}

void Operation::enter_shifting(Now now, Step& step, const AgentRegister& agents) {
    const Plan& plan = record_.plan;
    if (!plan.has(Lever::shift)) {
        advance(
            now, OperationEvent::succeeded, "the plan leaves users where they are", step, agents
        );
        return;
    }
    users_asked_ = true;
    users_sent_ = users_sent_ || plan.users_before == plan.to;
    record_serves_ = false;
    note(now, EntryKind::intent, "send users to " + plan.to.value() + " by health state", step);
    order(OrderType::route, all(agents), step);
    step.actions.emplace_back(ServeUsers{.step = step_id(), .app = plan.app, .to = plan.to});
    deadline_ = now.at + timing_.shift_patience;
}

void Operation::enter_verifying(Now now, Step& step) {
    const Plan& plan = record_.plan;
    note(now, EntryKind::intent, "run the functional checks", step);
    step.actions.emplace_back(VerifyFunction{.step = step_id(), .in = plan.serves_in()});
    deadline_ = now.at + timing_.verify_patience;
}

void Operation::acked_while_repointing(
    Now now, const AgentAcked& event, Step& step, const AgentRegister& agents
) {
    if (event.type == OrderType::route && event.done && acked_.insert(event.host).second) {
        note(
            now,
            EntryKind::outcome,
            event.host.value() + " routes to " + record_.plan.to.value(),
            step
        );
        order(OrderType::verify, {event.host}, step);
    }
    if (event.type == OrderType::verify && !event.done) {
        retry_at_ = now.at + timing_.raise_retry;
    }
    if (event.type == OrderType::verify && event.done && proved_.insert(event.host).second) {
        note(now, EntryKind::outcome, event.host.value() + " proved it: " + event.detail, step);
        check_repoint(now, step, agents, false);
    }
}

void Operation::check_repoint(
    Now now, Step& step, const AgentRegister& agents, bool patience_over
) {
    // Every host follows the new route; waited for are those that serve users afterwards, and with
    // the lever `repoint` the others too.
    const Plan& plan = record_.plan;
    std::vector<HostId> missing;
    bool target_proved = false;
    for (const auto& [host, agent] : agents) {
        const bool serves = agent.region == plan.serves_in();
        if (proved_.contains(host)) {
            target_proved = target_proved || serves;
        } else if (agent.connected && (serves || plan.has(Lever::repoint))) {
            missing.push_back(host);
        }
    }
    if (missing.empty() && target_proved) {
        advance(
            now,
            OperationEvent::succeeded,
            std::to_string(proved_.size()) + " of " + std::to_string(agents.size()) + " agents",
            step,
            agents
        );
    } else if (patience_over && target_proved) {
        advance(
            now,
            OperationEvent::succeeded,
            "without a proof of " + joined(missing) + ", which stay fenced",
            step,
            agents
        );
    } else if (patience_over) {
        // Never publish an empty set (INV-S5): users are not sent where nobody proved a write.
        advance(now, OperationEvent::exhausted, "missing: " + joined(missing), step, agents);
    }
}

Step Operation::on(Now now, const TrafficServed& event, const AgentRegister& agents) {
    Step step;
    if (!is_current(event.step) || record_.state != OperationState::shifting) {
        return step;
    }
    if (event.done) {
        record_serves_ = true;
        traffic_detail_ = event.detail;
        check_shift(now, step, agents);
    } else {
        move(now, OperationEvent::failed, event.detail, step);
        retry_at_ = now.at + timing_.verify_retry;
    }
    return step;
}

void Operation::acked_while_shifting(
    Now now, const AgentAcked& event, Step& step, const AgentRegister& agents
) {
    const auto host = agents.find(event.host);
    if (event.type == OrderType::route && event.done && host != agents.end() &&
        host->second.region == record_.plan.to) {
        users_sent_ = true;
        check_shift(now, step, agents);
    }
}

// The record may answer with the target for another reason, such as that nobody else is well: users
// have been sent there only when a host of the target knows them to be its own.
void Operation::check_shift(Now now, Step& step, const AgentRegister& agents) {
    if (users_sent_ && record_serves_) {
        advance(now, OperationEvent::succeeded, traffic_detail_, step, agents);
    }
}

bool Operation::users_are_sent() const {
    const OperationState state = record_.state;
    return record_.plan.has(Lever::shift) &&
           (users_sent_ || state == OperationState::verifying || state == OperationState::done);
}

Step Operation::on(Now now, const FunctionVerified& event, const AgentRegister& agents) {
    Step step;
    if (!is_current(event.step) || record_.state != OperationState::verifying) {
        return step;
    }
    if (event.passed) {
        advance(now, OperationEvent::succeeded, event.detail, step, agents);
    } else {
        move(now, OperationEvent::failed, event.detail, step);
        retry_at_ = now.at + timing_.verify_retry;
    }
    return step;
}

void Operation::tick_repointing(Now now, Due due, Step& step, const AgentRegister& agents) {
    if (due.retry) {
        retry_at_.reset();
        std::vector<HostId> again;
        std::ranges::set_difference(acked_, proved_, std::back_inserter(again));
        order(OrderType::verify, std::move(again), step);
    }
    check_repoint(now, step, agents, due.late);
}

void Operation::tick_shifting(Now now, Due due, Step& step, const AgentRegister& agents) {
    if (due.late) {
        advance(
            now,
            OperationEvent::exhausted,
            users_sent_ ? "" : "no host of " + record_.plan.to.value() + " took the users",
            step,
            agents
        );
    } else if (due.retry) {
        retry_at_.reset();
        step.actions.emplace_back(
            ServeUsers{.step = step_id(), .app = record_.plan.app, .to = record_.plan.to}
        );
    }
}

void Operation::tick_verifying(Now now, Due due, Step& step, const AgentRegister& agents) {
    if (due.late) {
        advance(now, OperationEvent::exhausted, {}, step, agents);
    } else if (due.retry) {
        retry_at_.reset();
        step.actions.emplace_back(VerifyFunction{.step = step_id(), .in = record_.plan.serves_in()}
        );
    }
}

}  // namespace farshore::core
