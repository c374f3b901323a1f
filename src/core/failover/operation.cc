#include "core/failover/operation.h"

#include <algorithm>
#include <iterator>

#include "base/assert.h"

namespace farshore::core {

bool Plan::has(Lever lever) const {
    return std::ranges::find(levers, lever) != levers.end();
}

namespace {

std::string joined(const std::vector<HostId>& hosts) {
    std::string text;
    for (const HostId& host : hosts) {
        text += (text.empty() ? "" : ", ") + host.value();
    }
    return text;
}

}  // namespace

Operation::Operation(OperationRecord record, Timing timing, OnControllerLoss on_controller_loss)
    : record_(std::move(record)), timing_(timing), on_controller_loss_(on_controller_loss) {}

Step Operation::begin(Now now, const AgentRegister& agents) {
    Step step;
    record_.state =
        record_.plan.verb == Verb::failover ? OperationState::raising : OperationState::waiting;
    note(now, EntryKind::note, "started: " + record_.plan.reason, step);
    enter(now, step, agents);
    return step;
}

Step Operation::resume(Now now, const AgentRegister& agents) {
    Step step;
    const OperationRow& row = row_for(record_.state, OperationEvent::resumed);
    note(
        now,
        EntryKind::note,
        "resumed after a restart of the controller: " + std::string{row.why},
        step
    );
    move(now, OperationEvent::resumed, {}, step);
    if (record_.state == OperationState::fencing) {
        // When the raise was completed is not known any more; from now on is late enough.
        raised_at_ = now.at;
    }
    enter(now, step, agents);
    return step;
}

void Operation::note(Now now, EntryKind kind, std::string text, Step& step) {
    step.save = true;
    step.journal.push_back(
        {.operation = record_.plan.id,
         .kind = kind,
         .step = record_.steps,
         .state = record_.state,
         .text = std::move(text),
         .at = now.wall}
    );
}

// Takes the row of the table: the only place where the state changes.
void Operation::move(Now now, OperationEvent event, const std::string& detail, Step& step) {
    const OperationRow& row = row_for(record_.state, event);
    note(
        now,
        EntryKind::outcome,
        detail.empty() ? std::string{row.why} : std::string{row.why} + " (" + detail + ")",
        step
    );
    if (row.to != record_.state) {
        if (!record_.phases.empty() && !record_.phases.back().ended_at) {
            record_.phases.back().ended_at = now.wall;
        }
    }
    record_.state = row.to;
    record_.why = row.why;
    if (ended()) {
        record_.ended_at = now.wall;
    }
}

void Operation::advance(
    Now now,
    OperationEvent event,
    const std::string& detail,
    Step& step,
    const AgentRegister& agents
) {
    const OperationState before = record_.state;
    move(now, event, detail, step);
    FARSHORE_ASSERT(
        record_.state != OperationState::repointing || before == OperationState::repointing ||
            proof_,
        "INV-S1: repointing needs the proof of a fence"
    );
    enter(now, step, agents);
}

void Operation::order(OrderType type, std::vector<HostId> hosts, Step& step) {
    if (hosts.empty()) {
        return;
    }
    const bool promoted =
        type == OrderType::route || type == OrderType::verify || type == OrderType::fence;
    step.actions.emplace_back(OrderAgents{
        .step = step_id(),
        .app = record_.plan.app,
        .hosts = std::move(hosts),
        .type = type,
        .epoch = promoted ? record_.plan.epoch_after : record_.plan.epoch_before,
        .active = promoted ? record_.plan.to : record_.plan.from,
        .users = record_.state == OperationState::shifting ? record_.plan.to : RegionId{},
        .hold_for = timing_.hold_max,
        .timeout = timing_.drain_timeout,
        .fence_grace = timing_.fence_grace
    });
}

std::vector<HostId> Operation::all(const AgentRegister& agents) const {
    std::vector<HostId> hosts;
    for (const auto& [host, agent] : agents) {
        hosts.push_back(host);
    }
    return hosts;
}

OperationEvent Operation::failed_or_exhausted() {
    return record_.attempts >= static_cast<std::uint32_t>(timing_.drain_attempts)
               ? OperationEvent::exhausted
               : OperationEvent::failed;
}

bool Operation::is_current(const StepId& step) const {
    return step == step_id() && !ended();
}

// What a state does when it is entered: its intent into the journal, its action, its deadline.
void Operation::enter(Now now, Step& step, const AgentRegister& agents) {
    ++record_.steps;
    entered_at_ = now.at;
    deadline_.reset();
    retry_at_.reset();
    acked_.clear();
    if (record_.phases.empty() || record_.phases.back().ended_at) {
        record_.phases.push_back({.state = record_.state, .started_at = now.wall, .ended_at = {}});
    }
    const Plan& plan = record_.plan;
    switch (record_.state) {
        case OperationState::waiting:
            deadline_ = now.at + timing_.lag_wait_max;
            retry_at_ = record_.attempts == 0 ? now.at : now.at + timing_.pause_between_attempts;
            note(
                now,
                EntryKind::intent,
                "wait until the lag is below " +
                    std::to_string(to_ms(timing_.hold_when_lag_below)) + " ms",
                step
            );
            break;
        case OperationState::holding:
            ++record_.attempts;
            note(
                now,
                EntryKind::intent,
                "hold new writes on every agent, attempt " + std::to_string(record_.attempts),
                step
            );
            order(OrderType::hold, all(agents), step);
            deadline_ = now.at + timing_.order_timeout;
            break;
        case OperationState::draining:
            note(now, EntryKind::intent, "read recently written keys back in both Regions", step);
            order(OrderType::drain, all(agents), step);
            deadline_ = now.at + timing_.drain_timeout + timing_.order_timeout;
            break;
        case OperationState::releasing:
        case OperationState::giving_up:
            note(now, EntryKind::intent, "let writes go on in " + plan.from.value(), step);
            order(OrderType::release, all(agents), step);
            deadline_ = now.at + timing_.order_timeout;
            break;
        case OperationState::raising:
            note(
                now,
                EntryKind::intent,
                "raise the epoch records to " + std::to_string(plan.epoch_after.value()) +
                    ", active " + plan.to.value(),
                step
            );
            step.actions.emplace_back(RaiseEpoch{
                .step = step_id(), .app = plan.app, .epoch = plan.epoch_after, .active = plan.to
            });
            break;
        case OperationState::fencing:
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
            deadline_ = now.at + timing_.fence_patience;
            check_fence(now, step, agents);
            break;
        case OperationState::examining:
            examine_attempts_ = 0;
            retry_at_ = now.at;
            note(now, EntryKind::intent, "find out what has arrived in " + plan.to.value(), step);
            break;
        case OperationState::repointing:
            FARSHORE_ASSERT(
                proof_ && proof_->epoch() == plan.epoch_after,
                "INV-S1: repointing needs the proof of a fence"
            );
            proved_.clear();
            note(
                now,
                EntryKind::intent,
                "route writes to " + plan.to.value() + " under epoch " +
                    std::to_string(plan.epoch_after.value()),
                step
            );
            order(OrderType::route, all(agents), step);
            deadline_ = now.at + timing_.repoint_patience;
            break;
        case OperationState::shifting:
            if (!plan.has(Lever::shift)) {
                advance(
                    now,
                    OperationEvent::succeeded,
                    "the plan leaves users where they are",
                    step,
                    agents
                );
                return;
            }
            note(
                now,
                EntryKind::intent,
                "send users to " + plan.to.value() + " by health state",
                step
            );
            order(OrderType::route, all(agents), step);
            step.actions.emplace_back(ServeUsers{.step = step_id(), .app = plan.app, .to = plan.to}
            );
            deadline_ = now.at + timing_.shift_patience;
            break;
        case OperationState::verifying:
            note(now, EntryKind::intent, "run the functional checks", step);
            step.actions.emplace_back(VerifyFunction{
                .step = step_id(), .in = plan.has(Lever::shift) ? plan.to : plan.from
            });
            deadline_ = now.at + timing_.verify_patience;
            break;
        case OperationState::done:
        case OperationState::failed:
        case OperationState::aborted:
        case OperationState::partly_done:
            record_.phases.back().ended_at = now.wall;
            step.actions.emplace_back(Announce{
                std::string{to_string(plan.verb)} + " of " + plan.app.value() + " to " +
                plan.to.value() + ": " + std::string{to_string(record_.state)} + ": " + record_.why
            });
            break;
    }
}

Step Operation::on(Now now, const EpochRaised& event, const AgentRegister& agents) {
    Step step;
    if (!is_current(event.step) || record_.state != OperationState::raising) {
        return step;
    }
    longest_lease_ = std::max(longest_lease_, event.longest_lease);
    if (event.majority) {
        raised_at_ = now.at;
        advance(now, OperationEvent::succeeded, event.detail, step, agents);
    } else if (event.highest_seen > record_.plan.epoch_after) {
        // Somebody else has raised a newer epoch: this plan is stale and must not overwrite it
        // (INV-S9).
        advance(
            now, OperationEvent::exhausted, "a newer epoch exists: " + event.detail, step, agents
        );
    } else if (event.unchanged_confirmed &&
               ++record_.attempts > static_cast<std::uint32_t>(timing_.drain_attempts) * 2) {
        advance(now, OperationEvent::exhausted, event.detail, step, agents);
    } else {
        move(now, OperationEvent::failed, event.detail, step);
        retry_at_ = now.at + timing_.raise_retry;
    }
    return step;
}

Step Operation::on(Now now, const AgentAcked& event, const AgentRegister& agents) {
    Step step;
    // Every fence order of this operation names the new epoch, so an answer to any of them counts;
    // the agent itself stays in its older epoch until it is routed.
    if (event.type == OrderType::fence && event.done && event.step.operation == record_.plan.id &&
        record_.state == OperationState::fencing) {
        if (fenced_.insert(event.host).second) {
            unproven_ += event.unproven;
            note(now, EntryKind::outcome, event.host.value() + " is fenced: " + event.detail, step);
        }
        check_fence(now, step, agents);
        return step;
    }
    if (!is_current(event.step)) {
        return step;
    }
    switch (record_.state) {
        case OperationState::holding:
        case OperationState::draining: {
            const bool held = record_.state == OperationState::holding;
            if (event.type != (held ? OrderType::hold : OrderType::drain)) {
                break;
            }
            if (!event.done) {
                advance(
                    now,
                    failed_or_exhausted(),
                    event.host.value() + ": " + event.detail,
                    step,
                    agents
                );
                break;
            }
            acked_.insert(event.host);
            check_acks(now, step, agents);
            break;
        }
        case OperationState::releasing:
        case OperationState::giving_up:
            if (event.type == OrderType::release) {
                acked_.insert(event.host);
                check_acks(now, step, agents);
            }
            break;
        case OperationState::examining:
            if (event.type == OrderType::drain) {
                if (!event.done) {
                    // One round is one attempt: what the other hosts say joins this one.
                    const Instant soon = now.at + timing_.drain_retry;
                    retry_at_ = retry_at_ ? std::min(*retry_at_, soon) : soon;
                    move(
                        now, OperationEvent::failed, event.host.value() + ": " + event.detail, step
                    );
                    break;
                }
                acked_.insert(event.host);
                check_acks(now, step, agents);
            }
            break;
        case OperationState::repointing:
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
            if (event.type == OrderType::verify && event.done &&
                proved_.insert(event.host).second) {
                note(
                    now,
                    EntryKind::outcome,
                    event.host.value() + " proved it: " + event.detail,
                    step
                );
                check_repoint(now, step, agents, false);
            }
            break;
        case OperationState::waiting:
        case OperationState::raising:
        case OperationState::fencing:
        case OperationState::shifting:
        case OperationState::verifying:
        case OperationState::done:
        case OperationState::failed:
        case OperationState::aborted:
        case OperationState::partly_done: break;
    }
    return step;
}

void Operation::check_acks(Now now, Step& step, const AgentRegister& agents) {
    const bool complete = std::ranges::all_of(agents, [&](const auto& entry) {
        return acked_.contains(entry.first);
    });
    if (complete) {
        advance(now, OperationEvent::succeeded, {}, step, agents);
    }
}

void Operation::check_fence(Now now, Step& step, const AgentRegister& agents) {
    FenceSituation situation{
        .new_epoch = record_.plan.epoch_after,
        .on_controller_loss = on_controller_loss_,
        .raised_at = raised_at_,
        .lease = std::max(timing_.lease, longest_lease_),
        .clock_error = timing_.clock_error,
        .accept_unfenced = false,
        .agents = {}
    };
    for (const auto& [host, agent] : agents) {
        situation.agents.push_back(
            {.host = host,
             .fence_acknowledged = fenced_.contains(host),
             .granted_until = agent.granted_until}
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
        if (record_.plan.verb != Verb::failover) {
            // Nobody knows what they wrote after their hold had ended: drain again behind the
            // fence.
            unproven_ += static_cast<std::uint32_t>(by_lease + proof_->unfenced().size());
        }
        std::string detail = std::to_string(fenced_.size()) + " acknowledged, " +
                             std::to_string(by_lease) + " by lease";
        if (!proof_->unfenced().empty()) {
            detail += ", accepted as unfenced: " + joined(proof_->unfenced());
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

void Operation::check_repoint(
    Now now, Step& step, const AgentRegister& agents, bool patience_over
) {
    std::vector<HostId> missing;
    bool target_proved = false;
    for (const auto& [host, agent] : agents) {
        if (proved_.contains(host)) {
            target_proved = target_proved || agent.region == record_.plan.to;
        } else if (agent.connected) {
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

Step Operation::on(Now now, const AgentConnected& event, const AgentRegister&) {
    Step step;
    switch (record_.state) {
        case OperationState::fencing: order(OrderType::fence, {event.host}, step); break;
        case OperationState::repointing:
            acked_.erase(event.host
            );  // it proves the route again: its first answer may have been lost
            order(OrderType::route, {event.host}, step);
            break;
        case OperationState::shifting: order(OrderType::route, {event.host}, step); break;
        case OperationState::releasing:
        case OperationState::giving_up: order(OrderType::release, {event.host}, step); break;
        case OperationState::examining:
            if (record_.plan.verb != Verb::failover) {
                order(OrderType::drain, {event.host}, step);
            }
            break;
        // A hold that an agent has forgotten by restarting proves nothing any more; its silence
        // ends the attempt at the deadline.
        case OperationState::waiting:
        case OperationState::holding:
        case OperationState::draining:
        case OperationState::raising:
        case OperationState::verifying:
        case OperationState::done:
        case OperationState::failed:
        case OperationState::aborted:
        case OperationState::partly_done: break;
    }
    (void)now;
    return step;
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

Step Operation::on(Now now, const TrafficServed& event, const AgentRegister& agents) {
    Step step;
    if (!is_current(event.step) || record_.state != OperationState::shifting) {
        return step;
    }
    if (event.done) {
        advance(now, OperationEvent::succeeded, event.detail, step, agents);
    } else {
        move(now, OperationEvent::failed, event.detail, step);
        retry_at_ = now.at + timing_.verify_retry;
    }
    return step;
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

Step Operation::on(Now now, const AbortRequest& event, const AgentRegister& agents) {
    Step step;
    if (event.operation != record_.plan.id || ended()) {
        return step;
    }
    const OperationState before = record_.state;
    move(now, OperationEvent::abort_requested, "asked by " + event.by, step);
    if (record_.state != before) {
        enter(now, step, agents);
    }
    return step;
}

Step Operation::tick(Now now, const AgentRegister& agents, std::optional<Duration> fresh_lag) {
    Step step;
    if (ended()) {
        return step;
    }
    const bool late = deadline_ && now.at >= *deadline_;
    const bool retry = retry_at_ && now.at >= *retry_at_;
    switch (record_.state) {
        case OperationState::waiting:
            if (retry && fresh_lag && *fresh_lag < timing_.hold_when_lag_below) {
                advance(
                    now,
                    OperationEvent::succeeded,
                    "lag " + std::to_string(to_ms(*fresh_lag)) + " ms",
                    step,
                    agents
                );
            } else if (late) {
                advance(
                    now,
                    OperationEvent::exhausted,
                    fresh_lag ? "lag " + std::to_string(to_ms(*fresh_lag)) + " ms"
                              : "no fresh measurement of the lag",
                    step,
                    agents
                );
            } else if (retry) {
                retry_at_ = now.at + std::chrono::milliseconds{50};
            }
            break;
        case OperationState::holding:
        case OperationState::draining:
            if (late) {
                advance(
                    now, failed_or_exhausted(), "an agent did not answer in time", step, agents
                );
            }
            break;
        case OperationState::releasing:
        case OperationState::giving_up:
            if (late) {
                advance(now, OperationEvent::failed, {}, step, agents);
            }
            break;
        case OperationState::raising:
            if (retry) {
                retry_at_.reset();
                step.actions.emplace_back(RaiseEpoch{
                    .step = step_id(),
                    .app = record_.plan.app,
                    .epoch = record_.plan.epoch_after,
                    .active = record_.plan.to
                });
            }
            break;
        case OperationState::fencing: check_fence(now, step, agents); break;
        case OperationState::examining:
            if (!retry) {
                break;
            }
            retry_at_ = now.at + timing_.drain_timeout + timing_.order_timeout;
            if (record_.plan.verb == Verb::failover) {
                ++examine_attempts_;
                step.actions.emplace_back(ExamineLosses{
                    .step = step_id(),
                    .from = record_.plan.from,
                    .to = record_.plan.to,
                    .budget = timing_.examine_budget
                });
            } else if (unproven_ == 0) {
                advance(
                    now,
                    OperationEvent::succeeded,
                    "nothing was written since the drain",
                    step,
                    agents
                );
            } else if (++examine_attempts_ > timing_.drain_attempts) {
                record_.at_risk = unproven_;
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
            break;
        case OperationState::repointing:
            if (retry) {
                retry_at_.reset();
                std::vector<HostId> again;
                std::ranges::set_difference(acked_, proved_, std::back_inserter(again));
                order(OrderType::verify, std::move(again), step);
            }
            check_repoint(now, step, agents, late);
            break;
        case OperationState::shifting:
            if (late) {
                advance(now, OperationEvent::exhausted, {}, step, agents);
            } else if (retry) {
                retry_at_.reset();
                step.actions.emplace_back(
                    ServeUsers{.step = step_id(), .app = record_.plan.app, .to = record_.plan.to}
                );
            }
            break;
        case OperationState::verifying:
            if (late) {
                advance(now, OperationEvent::exhausted, {}, step, agents);
            } else if (retry) {
                retry_at_.reset();
                step.actions.emplace_back(VerifyFunction{
                    .step = step_id(),
                    .in = record_.plan.has(Lever::shift) ? record_.plan.to : record_.plan.from
                });
            }
            break;
        case OperationState::done:
        case OperationState::failed:
        case OperationState::aborted:
        case OperationState::partly_done: break;
    }
    return step;
}

std::optional<Instant> Operation::next_deadline() const {
    if (ended()) {
        return std::nullopt;
    }
    if (deadline_ && retry_at_) {
        return std::min(*deadline_, *retry_at_);
    }
    return deadline_ ? deadline_ : retry_at_;
}

bool Operation::may_grant(Epoch epoch) const {
    switch (record_.state) {
        case OperationState::holding:
        case OperationState::draining:
        case OperationState::raising:
        case OperationState::fencing:
        case OperationState::examining: return false;
        case OperationState::repointing:
        case OperationState::shifting:
        case OperationState::verifying: return epoch == record_.plan.epoch_after;
        case OperationState::waiting:
        case OperationState::releasing:
        case OperationState::giving_up: return epoch == record_.plan.epoch_before;
        case OperationState::done:
        case OperationState::failed:
        case OperationState::aborted:
        case OperationState::partly_done: return true;
    }
    return false;
}

bool Operation::past_promotion() const {
    return record_.state == OperationState::repointing ||
           record_.state == OperationState::shifting ||
           record_.state == OperationState::verifying || record_.state == OperationState::done;
}

}  // namespace farshore::core
