#include <algorithm>

#include "base/text.h"
#include "core/failover/operation.h"

// The point of no return: the epoch is raised, the old Region fenced, and what has arrived is read.
namespace farshore::core {

void Operation::enter_raising(Now now, Step& step) {
    const Plan& plan = record_.plan;
    note(
        now,
        EntryKind::intent,
        "raise the epoch records to " + std::to_string(plan.epoch_after.value()) + ", active " +
            plan.to.value(),
        step
    );
    unchanged_ = false;
    raise_detail_.clear();
    if (!plan.automatic) {
        deadline_ = now.at + timing_.raise_patience;
    }
    raise(step);
}

void Operation::raise(Step& step) const {
    const Plan& plan = record_.plan;
    step.actions.emplace_back(RaiseEpoch{
        .step = step_id(),
        .app = plan.app,
        .epoch = plan.epoch_after,
        .active = plan.to,
        .raised_for = {.operation = plan.id, .verb = plan.verb, .held_until = record_.held_until},
        .only_look = only_look_
    });
}

void Operation::enter_fencing(Now now, Step& step, const AgentRegister& agents) {
    const Plan& plan = record_.plan;
    note(
        now,
        EntryKind::intent,
        "fence every agent below epoch " + std::to_string(plan.epoch_after.value()),
        step
    );
    proof_.reset();
    fenced_.clear();
    unproven_ = 0;
    order(OrderType::fence, all(agents), step);
    hosts_found_ = !strangers_.possible;
    if (strangers_.possible) {
        step.actions.emplace_back(FindHosts{step_id()});
    }
    deadline_ = now.at + timing_.fence_patience;
    check_fence(now, step, agents);
}

void Operation::enter_examining(Now now, Step& step) {
    const Plan& plan = record_.plan;
    examine_attempts_ = 0;
    retry_at_ = now.at;
    note(now, EntryKind::intent, "find out what has arrived in " + plan.to.value(), step);
}

Step Operation::on(Now now, const EpochRaised& event, const AgentRegister& agents) {
    Step step;
    if (!is_current(event.step) || record_.state != OperationState::raising) {
        return step;
    }
    record_.longest_lease = std::max(record_.longest_lease, event.longest_lease);
    unchanged_ = event.unchanged_confirmed;
    const bool accepted =
        record_.plan.accept_unfenced && now.at >= entered_at_ + timing_.raise_accept_after &&
        std::ranges::find(event.confirmed, record_.plan.to) != event.confirmed.end();
    if (event.majority || accepted) {
        raised_at_ = now.at;
        record_.raised_by_word = !event.majority;
        const std::string detail = event.majority ? event.detail
                                                  : "without a majority, as " + record_.plan.by +
                                                        " accepts: " + event.detail;
        advance(now, OperationEvent::succeeded, detail, step, agents);
    } else if (event.highest_seen > record_.plan.epoch_after || event.taken) {
        // Somebody else has raised a newer epoch, or this one with another meaning: this plan is
        // stale and must not overwrite it (INV-S9).
        advance(
            now,
            OperationEvent::exhausted,
            (event.taken ? "somebody else took the epoch: " : "a newer epoch exists: ") +
                event.detail,
            step,
            agents
        );
    } else if (event.unchanged_confirmed &&
               ++record_.attempts > static_cast<std::uint32_t>(timing_.drain_attempts) * 2) {
        advance(now, OperationEvent::exhausted, event.detail, step, agents);
    } else {
        if (event.detail != raise_detail_) {
            move(now, OperationEvent::failed, event.detail, step);
            raise_detail_ = event.detail;
        }
        retry_at_ = now.at + timing_.raise_retry;
    }
    return step;
}

Step Operation::on(Now now, const HostsFound& event, const AgentRegister& agents) {
    Step step;
    if (!is_current(event.step) || record_.state != OperationState::fencing) {
        return step;
    }
    hosts_found_ = hosts_found_ || event.complete;
    check_fence(now, step, agents);
    return step;
}

void Operation::acked_while_fencing(
    Now now, const AgentAcked& event, Step& step, const AgentRegister& agents
) {
    const bool was_promoted = std::ranges::any_of(record_.phases, [](const Phase& phase) {
        return phase.state == OperationState::repointing;
    });
    if (event.adopted_alone && !record_.may_lose() && !was_promoted) {
        record_.counts_as_failover = true;
        note(
            now,
            EntryKind::note,
            event.host.value() + " followed epoch " +
                std::to_string(record_.plan.epoch_after.value()) +
                " by itself before the drain could be repeated: this counts as a failover",
            step
        );
    }
    if (fenced_.insert(event.host).second) {
        unproven_ += event.unproven;
        if (record_.plan.verb != Verb::failover) {
            // A hold had ended by itself. Waiting for them now would stop every write for as long.
            record_.at_risk += event.cut;
        }
        note(now, EntryKind::outcome, event.host.value() + " is fenced: " + event.detail, step);
    }
    check_fence(now, step, agents);
}

void Operation::check_fence(Now now, Step& step, const AgentRegister& agents) {
    FenceSituation situation{
        .new_epoch = record_.plan.epoch_after,
        .on_controller_loss = on_controller_loss_,
        .raised_at = raised_at_,
        .lease = std::max(timing_.lease, record_.longest_lease),
        .clock_error = timing_.clock_error,
        .accept_unfenced = false,
        .strangers_until = strangers_.until,
        .agents = {}
    };
    if ((!hosts_found_ || strangers_.of_another_register) && raised_at_) {
        // Who registered before the raise may have been confirmed just before it. Another
        // controller's permission to grant ends one lease after its last reading of the old epoch.
        const Instant until = *raised_at_ + situation.lease;
        situation.strangers_until = std::max(situation.strangers_until.value_or(until), until);
    }
    for (const auto& [host, agent] : agents) {
        // Whoever asks under the new epoch follows it: such a lease is none under the old one.
        const bool old = agent.granted_under < record_.plan.epoch_after;
        situation.agents.push_back(
            {.host = host,
             .fence_acknowledged = fenced_.contains(host),
             .granted_until = old ? agent.granted_until : std::nullopt}
        );
    }
    auto proof = prove_fenced(situation, now.at);
    if (!proof && record_.plan.accept_unfenced && now.at >= entered_at_ + timing_.order_timeout) {
        situation.accept_unfenced = true;
        proof = prove_fenced(situation, now.at);
    }
    if (proof) {
        proof_ = *proof;
        const std::size_t by_lease = agents.size() - fenced_.size() - proof_->unfenced().size();
        if (!record_.may_lose()) {
            // Nobody knows what they wrote after their hold had ended: drain again behind the
            // fence.
            unproven_ += static_cast<std::uint32_t>(by_lease + proof_->unfenced().size());
        }
        std::string detail = std::to_string(fenced_.size()) + " acknowledged, " +
                             std::to_string(by_lease) + " by lease";
        if (!proof_->unfenced().empty()) {
            detail += ", accepted as unfenced: " + joined(proof_->unfenced());
        }
        if (proof_->strangers_accepted()) {
            detail += ", and hosts that the register has lost";
        }
        advance(now, OperationEvent::succeeded, detail, step, agents);
        return;
    }
    retry_at_ = proof.error().certain_at ? std::optional{*proof.error().certain_at + Duration{1}}
                                         : std::nullopt;
    if (record_.plan.accept_unfenced) {
        const Instant patience = entered_at_ + timing_.order_timeout;
        retry_at_ = retry_at_ ? std::min(*retry_at_, patience) : patience;
    }
    if (on_controller_loss_ == OnControllerLoss::keep) {
        if (now.at >= entered_at_ + timing_.fence_patience && !record_.plan.accept_unfenced) {
            advance(
                now,
                OperationEvent::exhausted,
                "missing: " + joined(proof.error().missing),
                step,
                agents
            );
        }
    } else {
        deadline_.reset();  // silence becomes proof by itself
    }
}

void Operation::acked_while_examining(
    Now now, const AgentAcked& event, Step& step, const AgentRegister& agents
) {
    if (event.type == OrderType::drain) {
        if (!event.done) {
            // One round is one attempt: what the other hosts say joins this one.
            const Instant soon = now.at + timing_.drain_retry;
            retry_at_ = retry_at_ ? std::min(*retry_at_, soon) : soon;
            move(now, OperationEvent::failed, event.host.value() + ": " + event.detail, step);
            return;
        }
        acked_.insert(event.host);
        check_acks(now, step, agents);
    }
}

Step Operation::on(Now now, const LossesExamined& event, const AgentRegister& agents) {
    Step step;
    if (!is_current(event.step) || record_.state != OperationState::examining) {
        return step;
    }
    record_.at_risk = event.at_risk;
    if (event.complete) {
        advance(now, OperationEvent::succeeded, event.detail, step, agents);
    } else if (examine_attempts_ >= timing_.examine_attempts) {
        advance(now, OperationEvent::exhausted, event.detail, step, agents);
    } else {
        move(now, OperationEvent::failed, event.detail, step);
        retry_at_ = now.at;
    }
    return step;
}

void Operation::tick_raising(Now now, Due due, Step& step, const Surroundings& around) {
    // The evidence is asked again before the effect is repeated, not only before the plan. Yet if
    // the raise has landed there is no way back: the old epoch is nobody's any more.
    only_look_ = record_.plan.automatic && !around.still_called_for;
    const bool evidence_may_come = evidence_by_ && now.at < *evidence_by_;
    if (only_look_ && unchanged_ && !evidence_may_come) {
        advance(
            now,
            OperationEvent::exhausted,
            "nothing calls for it any more, and the epoch is what it was",
            step,
            around.agents
        );
    } else if (!record_.plan.automatic && due.late) {
        advance(
            now,
            unchanged_ ? OperationEvent::exhausted : OperationEvent::undecided,
            raise_detail_,
            step,
            around.agents
        );
    } else if (due.retry) {
        retry_at_.reset();
        raise(step);
    }
}

void Operation::tick_examining(Now now, Due due, Step& step, const AgentRegister& agents) {
    if (!due.retry) {
        return;
    }
    retry_at_ = now.at + timing_.drain_timeout + timing_.order_timeout;
    if (record_.may_lose()) {
        ++examine_attempts_;
        step.actions.emplace_back(ExamineLosses{
            .step = step_id(),
            .from = record_.plan.from,
            .to = record_.plan.to,
            .budget = timing_.examine_budget
        });
    } else if (unproven_ == 0) {
        advance(
            now, OperationEvent::succeeded, "nothing was written since the drain", step, agents
        );
    } else if (++examine_attempts_ > timing_.drain_attempts) {
        record_.at_risk += unproven_;
        advance(
            now,
            OperationEvent::exhausted,
            std::to_string(unproven_) + " writes unproven",
            step,
            agents
        );
    } else {
        // A hold had ended by itself before the raise: the fence stands now, so drain
        // again.
        acked_.clear();
        order(OrderType::drain, all(agents), step);
    }
}

}  // namespace farshore::core
