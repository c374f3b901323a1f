#include "core/operation/steps/move.h"

#include <iterator>
#include <utility>

#include "base/assert.h"
#include "base/text.h"
#include "core/planted.h"

namespace farshore::core {

Progress Repoint::begin(StepContext& at) {
    const Plan& plan = at.plan();
    FARSHORE_ASSERT(
        proof_.epoch() == plan.epoch_after, "INV-S1: the proof is one of this epoch's fence"
    );
    at.intend(
        "route writes to " + plan.to.value() + " under epoch " +
        std::to_string(plan.epoch_after.value())
    );
    at.order(OrderType::route, at.all_hosts());
    deadline_ = at.now.at + at.timing.repoint_patience;
    return {};
}

Progress Prove::begin(StepContext& at) {
    FARSHORE_ASSERT(!at.plan().promotes(), "INV-S1: a new epoch takes the proof of a fence");
    at.intend("prove on each agent that " + at.plan().to.value() + " takes writes");
    at.order(OrderType::route, at.all_hosts());
    deadline_ = at.now.at + at.timing.repoint_patience;
    return {};
}

void Proving::connected(StepContext& at, const HostId& host) {
    routed_.remove(host);  // it proves the route again: its first answer may have been lost
    at.order(OrderType::route, {host});
}

Progress Proving::on(StepContext& at, const AgentAcked& event) {
    if (event.type == OrderType::route && event.done && routed_.add(event.host)) {
        notes_of_routed_.add(event.host, " routes to " + at.plan().to.value());
        to_verify_.push_back(event.host);
        if (is_planted(PlantedBug::users_sent_unproven)) {
            (void)proved_.add(event.host);
        }
    }
    if (event.type == OrderType::verify && !event.done) {
        retry_at_ = at.now.at + at.timing.raise_retry;
    }
    if (event.type == OrderType::verify && event.done && proved_.add(event.host)) {
        notes_of_proved_.add(event.host, " proved it: " + event.detail);
        return check(at, false);
    }
    return {};
}

void Proving::heard(StepContext& at) {
    notes_of_routed_.write(at, "route to " + at.plan().to.value());
    notes_of_proved_.write(at, "proved it");
    at.order(OrderType::verify, std::exchange(to_verify_, {}));
}

Progress Proving::tick(StepContext& at, const Surroundings&) {
    if (retry_is_due(at)) {
        retry_at_.reset();
        std::vector<HostId> again;
        std::ranges::set_difference(routed_.hosts(), proved_.hosts(), std::back_inserter(again));
        at.order(OrderType::verify, std::move(again));
    }
    return check(at, late(at));
}

Progress Proving::check(StepContext& at, bool patience_over) {
    const auto host = waits_for_ ? at.agents.find(*waits_for_) : at.agents.end();
    if (!patience_over && host != at.agents.end() && is_missing(at, host->first, host->second)) {
        return {};
    }
    const Progress progress = judge(at, patience_over);
    if (progress) {
        heard(at);
    }
    return progress;
}

// Every host follows the new route; waited for are those that serve users afterwards, and with the
// lever `repoint` the others too.
bool Proving::is_missing(const StepContext& at, const HostId& host, const AgentState& agent) const {
    const Plan& plan = at.plan();
    return agent.connected && !proved_.has(host) &&
           (agent.region == plan.serves_in() || plan.has(Lever::repoint));
}

Progress Proving::judge(const StepContext& at, bool patience_over) {
    std::vector<HostId> missing;
    bool target_proved = false;
    for (const auto& [host, agent] : at.agents) {
        target_proved =
            target_proved || (agent.region == at.plan().serves_in() && proved_.has(host));
        if (is_missing(at, host, agent)) {
            missing.push_back(host);
        }
    }
    waits_for_ = missing.empty() ? std::nullopt : std::optional{missing.back()};
    if (missing.empty() && target_proved) {
        return StepResult{
            StepEvent::succeeded,
            std::to_string(proved_.hosts().size()) + " of " + std::to_string(at.agents.size()) +
                " agents"
        };
    }
    if (!patience_over) {
        return {};
    }
    if (target_proved) {
        return StepResult{
            StepEvent::succeeded, "without a proof of " + joined(missing) + ", which stay fenced"
        };
    }
    // Never publish an empty set (INV-S5): users are not sent where no host proved a write.
    return StepResult{StepEvent::exhausted, "missing: " + joined(missing)};
}

Progress Shift::begin(StepContext& at) {
    const Plan& plan = at.plan();
    at.findings.users_asked = true;
    at.findings.users_sent = at.findings.users_sent || plan.users_before == plan.to;
    at.intend("send users to " + plan.to.value() + " by health state");
    at.order(OrderType::route, at.all_hosts());
    at.act(ServeUsers{.step = at.id(), .app = plan.app, .to = plan.to});
    deadline_ = at.now.at + at.timing.shift_patience;
    return {};
}

void Shift::connected(StepContext& at, const HostId& host) {
    at.order(OrderType::route, {host});
}

Progress Shift::on(StepContext& at, const TrafficServed& event) {
    if (!event.done) {
        retry_at_ = at.now.at + at.timing.verify_retry;
        return StepResult{StepEvent::failed, event.detail};
    }
    record_serves_ = true;
    detail_ = event.detail;
    return check(at);
}

Progress Shift::on(StepContext& at, const AgentAcked& event) {
    const auto host = at.agents.find(event.host);
    if (event.type == OrderType::route && event.done && host != at.agents.end() &&
        host->second.region == at.plan().to) {
        at.findings.users_sent = true;
        return check(at);
    }
    return {};
}

// The record may answer with the target for another reason, such as that no other stack is well:
// users have been sent there only when a host of the target knows them to be its own.
Progress Shift::check(const StepContext& at) const {
    return at.findings.users_sent && record_serves_
               ? Progress{StepResult{StepEvent::succeeded, detail_}}
               : Progress{};
}

Progress Shift::tick(StepContext& at, const Surroundings&) {
    if (late(at)) {
        return StepResult{
            StepEvent::exhausted,
            at.findings.users_sent ? "" : "no host of " + at.plan().to.value() + " took the users"
        };
    }
    if (retry_is_due(at)) {
        retry_at_.reset();
        at.act(ServeUsers{.step = at.id(), .app = at.plan().app, .to = at.plan().to});
    }
    return {};
}

Progress Verify::begin(StepContext& at) {
    at.intend("run the functional checks");
    at.act(VerifyFunction{.step = at.id(), .in = at.plan().serves_in()});
    deadline_ = at.now.at + at.timing.verify_patience;
    return {};
}

Progress Verify::on(StepContext& at, const FunctionVerified& event) {
    if (event.passed) {
        return StepResult{StepEvent::succeeded, event.detail};
    }
    retry_at_ = at.now.at + at.timing.verify_retry;
    return StepResult{StepEvent::failed, event.detail};
}

Progress Verify::tick(StepContext& at, const Surroundings&) {
    if (late(at)) {
        return StepResult{StepEvent::exhausted, {}};
    }
    if (retry_is_due(at)) {
        retry_at_.reset();
        at.act(VerifyFunction{.step = at.id(), .in = at.plan().serves_in()});
    }
    return {};
}

}  // namespace farshore::core
