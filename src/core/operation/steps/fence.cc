#include "core/operation/steps/fence.h"

#include "base/text.h"
#include "core/planted.h"

namespace farshore::core {

Progress Fence::begin(StepContext& at) {
    at.intend("fence every agent below epoch " + std::to_string(at.plan().epoch_after.value()));
    at.findings.fence.reset();
    at.findings.unproven = 0;
    if (!at.findings.raised_at) {
        // When the raise was completed is not known any more; from now on is late enough.
        at.findings.raised_at = at.now.at;
    }
    at.order(OrderType::fence, at.all_hosts());
    hosts_found_ = !at.strangers.possible;
    if (at.strangers.possible) {
        at.act(FindHosts{at.id()});
    }
    deadline_ = at.now.at + at.timing.fence_patience;
    return check(at);
}

void Fence::connected(StepContext& at, const HostId& host) {
    at.order(OrderType::fence, {host});
}

Progress Fence::on(StepContext& at, const HostsFound& event) {
    hosts_found_ = hosts_found_ || event.complete;
    return check(at);
}

bool Fence::takes_earlier(const AgentAcked& event) const {
    return event.type == OrderType::fence && event.done;
}

Progress Fence::on(StepContext& at, const AgentAcked& event) {
    if (!takes_earlier(event)) {
        return {};
    }
    if (event.adopted_alone) {
        at.followed_alone(event.host);
    }
    if (fenced_.add(event.host)) {
        unproven_ += event.unproven;
        if (at.plan().verb != Verb::failover) {
            // A hold had ended by itself. Waiting for them now would stop every write for as long.
            at.record.at_risk += event.cut;
        }
        notes_.add(event.host, " is fenced: " + event.detail);
    }
    return check(at);
}

void Fence::heard(StepContext& at) {
    notes_.write(at, "are fenced");
}

Progress Fence::tick(StepContext& at, const Surroundings&) {
    return check(at);
}

FenceSituation Fence::situation(const StepContext& at) const {
    FenceSituation situation{
        .new_epoch = at.plan().epoch_after,
        .on_controller_loss = at.on_controller_loss,
        .raised_at = at.findings.raised_at,
        .lease = std::max(at.timing.lease, at.record.longest_lease),
        .clock_error = at.timing.clock_error,
        .accept_unfenced = false,
        .strangers_until = at.strangers.until,
        .agents = {}
    };
    if (!hosts_found_ || at.strangers.of_another_register) {
        // A host that registered before the raise may have been confirmed just before it. Another
        // controller's permission to grant ends one lease after its last reading of the old epoch.
        const Instant until = *at.findings.raised_at + situation.lease;
        situation.strangers_until = std::max(situation.strangers_until.value_or(until), until);
    }
    for (const auto& [host, agent] : at.agents) {
        if (is_planted(PlantedBug::silent_host_forgotten) && !agent.connected) {
            continue;
        }
        // A host that asks under the new epoch follows it: such a lease is none under the old one.
        const bool old = agent.granted_under < at.plan().epoch_after;
        situation.agents.push_back(
            {.host = host,
             .fence_acknowledged = fenced_.has(host),
             .granted_until = old ? agent.granted_until : std::nullopt}
        );
    }
    return situation;
}

bool Fence::still_waits(const StepContext& at) const {
    return waits_for_ && at.agents.contains(*waits_for_) && !fenced_.has(*waits_for_) &&
           !retry_is_due(at) && !late(at);
}

Progress Fence::check(StepContext& at) {
    if (still_waits(at)) {
        return {};
    }
    FenceSituation situation = this->situation(at);
    auto proof = prove_fenced(situation, at.now.at);
    const bool patience_over = at.now.at >= begun_at() + at.timing.order_timeout;
    if (!proof && at.plan().accept_unfenced && patience_over) {
        situation.accept_unfenced = true;
        proof = prove_fenced(situation, at.now.at);
    }
    const Progress progress = proof ? proven(at, *proof) : not_yet(at, proof.error());
    if (progress) {
        heard(at);  // what was answered stands in the journal before what it comes to
    }
    return progress;
}

Progress Fence::proven(StepContext& at, const FenceProof& proof) {
    at.findings.fence = proof;
    const std::size_t by_lease =
        at.agents.size() - fenced_.hosts().size() - proof.unfenced().size();
    if (!at.record.may_lose()) {
        // Their agents have not said what they wrote after their hold had ended: drain again behind
        // the fence.
        unproven_ += static_cast<std::uint32_t>(by_lease + proof.unfenced().size());
    }
    at.findings.unproven = unproven_;
    std::string detail = std::to_string(fenced_.hosts().size()) + " acknowledged, " +
                         std::to_string(by_lease) + " by lease";
    if (!proof.unfenced().empty()) {
        detail += ", accepted as unfenced: " + joined(proof.unfenced());
    }
    if (proof.strangers_accepted()) {
        detail += ", and hosts that the register has lost";
    }
    return StepResult{StepEvent::succeeded, std::move(detail)};
}

Progress Fence::not_yet(StepContext& at, const NotFenced& missing) {
    const bool by_word = at.plan().accept_unfenced;
    waits_for_ = missing.missing.empty() ? std::nullopt : std::optional{missing.missing.back()};
    retry_at_ =
        missing.certain_at ? std::optional{*missing.certain_at + Duration{1}} : std::nullopt;
    if (by_word) {
        const Instant patience = begun_at() + at.timing.order_timeout;
        retry_at_ = retry_at_ ? std::min(*retry_at_, patience) : patience;
    }
    if (at.on_controller_loss != OnControllerLoss::keep) {
        deadline_.reset();  // silence becomes proof by itself
        return {};
    }
    if (at.now.at >= begun_at() + at.timing.fence_patience && !by_word) {
        return StepResult{StepEvent::exhausted, "missing: " + joined(missing.missing)};
    }
    return {};
}

}  // namespace farshore::core
