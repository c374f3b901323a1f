#include "core/failover/operation.h"

#include <algorithm>

#include "base/assert.h"
#include "base/text.h"

namespace farshore::core {

bool Plan::has(Lever lever) const {
    return std::ranges::find(levers, lever) != levers.end();
}

RaisedFor raised_for(const AppRecord& record) {
    if (!record.operation || record.operation->plan.epoch_after != record.epoch) {
        return {};
    }
    const OperationRecord& operation = *record.operation;
    return {
        .operation = operation.plan.id,
        .verb = operation.plan.verb,
        .held_until = operation.held_until
    };
}

Operation::Operation(
    OperationRecord record, Timing timing, OnControllerLoss on_controller_loss, Strangers strangers
)
    : record_(std::move(record)),
      timing_(timing),
      on_controller_loss_(on_controller_loss),
      strangers_(strangers) {}

Step Operation::begin(Now now, const AgentRegister& agents) {
    Step step;
    record_.state = !record_.plan.promotes()              ? OperationState::repointing
                    : record_.plan.verb == Verb::failover ? OperationState::raising
                                                          : OperationState::waiting;
    note(now, EntryKind::note, "started: " + record_.plan.reason, step);
    enter(now, step, agents);
    return step;
}

Step Operation::resume(
    Now now, const AgentRegister& agents, std::string_view after, const RegionId& users
) {
    Step step;
    users_sent_ = users == record_.plan.to;
    const OperationRow& row = row_for(record_.state, OperationEvent::resumed);
    note(
        now,
        EntryKind::note,
        "resumed after " + std::string{after} + ": " + std::string{row.why},
        step
    );
    move(now, OperationEvent::resumed, {}, step);
    if (record_.state == OperationState::raising && record_.plan.automatic) {
        // What called for it may be long over.
        evidence_by_ = now.at + timing_.evidence_patience;
        only_look_ = true;
    }
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
    move(now, event, detail, step);
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
    switch (record_.state) {
        case OperationState::waiting: enter_waiting(now, step); break;
        case OperationState::holding: enter_holding(now, step, agents); break;
        case OperationState::draining: enter_draining(now, step, agents); break;
        case OperationState::releasing:
        case OperationState::giving_up: enter_releasing(now, step, agents); break;
        case OperationState::raising: enter_raising(now, step); break;
        case OperationState::fencing: enter_fencing(now, step, agents); break;
        case OperationState::examining: enter_examining(now, step); break;
        case OperationState::repointing: enter_repointing(now, step, agents); break;
        case OperationState::shifting: enter_shifting(now, step, agents); break;
        case OperationState::verifying: enter_verifying(now, step); break;
        case OperationState::done:
        case OperationState::failed:
        case OperationState::aborted:
        case OperationState::partly_done: enter_end(now, step, agents); break;
    }
}

void Operation::enter_end(Now now, Step& step, const AgentRegister& agents) {
    const Plan& plan = record_.plan;
    if (users_asked_ && !users_sent_) {
        // Nobody has answered yet, and some may have heard: users are where the record has them.
        step.actions.emplace_back(OrderAgents{
            .step = {},
            .app = plan.app,
            .hosts = all(agents),
            .type = OrderType::route,
            .epoch = plan.epoch_after,
            .active = plan.to,
            .users = plan.users_before
        });
    }
    record_.phases.back().ended_at = now.wall;
    step.actions.emplace_back(Announce{
        std::string{to_string(plan.verb)} + " of " + plan.app.value() + " to " + plan.to.value() +
        ": " + std::string{to_string(record_.state)} + ": " + record_.why
    });
}

Step Operation::on(Now now, const AgentAcked& event, const AgentRegister& agents) {
    Step step;
    // Every fence order of this operation names the new epoch, so an answer to any of them counts;
    // the agent itself stays in its older epoch until it is routed.
    if (event.type == OrderType::fence && event.done && event.step.operation == record_.plan.id &&
        record_.state == OperationState::fencing) {
        acked_while_fencing(now, event, step, agents);
        return step;
    }
    if (!is_current(event.step)) {
        return step;
    }
    switch (record_.state) {
        case OperationState::holding:
        case OperationState::draining: acked_while_holding(now, event, step, agents); break;
        case OperationState::releasing:
        case OperationState::giving_up: acked_while_releasing(now, event, step, agents); break;
        case OperationState::examining: acked_while_examining(now, event, step, agents); break;
        case OperationState::repointing: acked_while_repointing(now, event, step, agents); break;
        case OperationState::shifting: acked_while_shifting(now, event, step, agents); break;
        case OperationState::waiting:
        case OperationState::raising:
        case OperationState::fencing:
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
            if (!record_.may_lose()) {
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

Step Operation::on(Now now, const AbortRequest& event, const AgentRegister& agents) {
    Step step;
    if (event.operation != record_.plan.id || ended()) {
        return step;
    }
    const std::string asked =
        "asked by " + event.by + (event.reason.empty() ? "" : ": " + event.reason);
    if (raise_may_be_stopped(now)) {
        // It has been tried for long; what the last look at the records says decides how it ends.
        advance(
            now,
            unchanged_ ? OperationEvent::exhausted : OperationEvent::undecided,
            asked,
            step,
            agents
        );
        return step;
    }
    const OperationState before = record_.state;
    move(now, OperationEvent::abort_requested, asked, step);
    if (record_.state != before) {
        enter(now, step, agents);
    }
    return step;
}

bool Operation::raise_may_be_stopped(Now now) const {
    return record_.state == OperationState::raising &&
           now.at >= entered_at_ + timing_.raise_abort_after;
}

std::optional<std::string> Operation::why_not_abort(Now now) const {
    const OperationRow& row = row_for(record_.state, OperationEvent::abort_requested);
    const bool undone = record_.state == OperationState::giving_up;
    if (row.to != record_.state || undone || raise_may_be_stopped(now)) {
        return std::nullopt;
    }
    std::string text = std::string{row.why} + "; it is " + std::string{to_string(record_.state)} +
                       ", and goes on to its end in " + record_.plan.to.value();
    if (record_.state == OperationState::raising) {
        text += "; if the epoch records do not answer, it can be stopped in " +
                to_text(entered_at_ + timing_.raise_abort_after - now.at);
    }
    return text;
}

Step Operation::tick(Now now, const Surroundings& around) {
    const AgentRegister& agents = around.agents;
    Step step;
    if (ended()) {
        return step;
    }
    const Due due{
        .late = deadline_ && now.at >= *deadline_, .retry = retry_at_ && now.at >= *retry_at_
    };
    switch (record_.state) {
        case OperationState::waiting: tick_waiting(now, due, around.fresh_lag, step, agents); break;
        case OperationState::holding:
        case OperationState::draining:
            if (due.late) {
                advance(
                    now, failed_or_exhausted(), "an agent did not answer in time", step, agents
                );
            }
            break;
        case OperationState::releasing:
        case OperationState::giving_up:
            if (due.late) {
                advance(now, OperationEvent::failed, {}, step, agents);
            }
            break;
        case OperationState::raising: tick_raising(now, due, step, around); break;
        case OperationState::fencing: check_fence(now, step, agents); break;
        case OperationState::examining: tick_examining(now, due, step, agents); break;
        case OperationState::repointing: tick_repointing(now, due, step, agents); break;
        case OperationState::shifting: tick_shifting(now, due, step, agents); break;
        case OperationState::verifying: tick_verifying(now, due, step, agents); break;
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
