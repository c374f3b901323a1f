#include "core/operation/steps/examine.h"

namespace farshore::core {

Progress Examine::begin(StepContext& at) {
    retry_at_ = at.now.at;
    at.intend("find out what has arrived in " + at.plan().to.value());
    return {};
}

void Examine::connected(StepContext& at, const HostId& host) {
    if (!at.record.may_lose()) {
        at.order(OrderType::drain, {host}, at.timing.drain_timeout);
    }
}

Progress Examine::on(StepContext& at, const AgentAcked& event) {
    if (event.type != OrderType::drain || at.record.may_lose()) {
        return {};
    }
    if (event.adopted_alone) {
        // Its fence was proven by its lease, so it has not said so before.
        at.followed_alone(event.host);
        retry_at_ = at.now.at;
        return {};
    }
    if (!event.done) {
        // One round is one attempt: what the other hosts say joins this one.
        const Instant soon = at.now.at + at.timing.drain_retry;
        retry_at_ = retry_at_ ? std::min(*retry_at_, soon) : soon;
        return StepResult{StepEvent::failed, event.host.value() + ": " + event.detail};
    }
    drained_.add(event.host);
    return drained_.complete(at.agents) ? Progress{StepResult{StepEvent::succeeded, {}}}
                                        : Progress{};
}

Progress Examine::on(StepContext& at, const LossesExamined& event) {
    at.record.at_risk = event.at_risk;
    if (event.complete) {
        return StepResult{StepEvent::succeeded, event.detail};
    }
    if (attempts_ >= at.timing.examine_attempts) {
        return StepResult{StepEvent::exhausted, event.detail};
    }
    retry_at_ = at.now.at;
    return StepResult{StepEvent::failed, event.detail};
}

Progress Examine::tick(StepContext& at, const Surroundings&) {
    if (!retry_is_due(at)) {
        return {};
    }
    retry_at_ = at.now.at + at.timing.drain_timeout + at.timing.order_timeout;
    if (at.record.may_lose()) {
        ++attempts_;
        at.act(ExamineLosses{
            .step = at.id(),
            .from = at.plan().from,
            .to = at.plan().to,
            .budget = at.timing.examine_budget
        });
        return {};
    }
    const std::uint32_t unproven = at.findings.unproven;
    if (unproven == 0) {
        return StepResult{StepEvent::succeeded, "nothing was written since the drain"};
    }
    if (++attempts_ > at.timing.drain_attempts) {
        at.record.at_risk += unproven;
        return StepResult{StepEvent::exhausted, std::to_string(unproven) + " writes unproven"};
    }
    // A hold had ended by itself before the raise: the fence stands now, so drain again.
    drained_.clear();
    at.order(OrderType::drain, at.all_hosts(), at.timing.drain_timeout);
    return {};
}

}  // namespace farshore::core
