#include "core/operation/steps/raise.h"

#include <utility>

#include "base/text.h"

namespace farshore::core {

Progress Raise::begin(StepContext& at) {
    const Plan& plan = at.plan();
    at.intend(
        "raise the epoch records to " + std::to_string(plan.epoch_after.value()) + ", active " +
        plan.to.value()
    );
    if (plan.automatic && at.taken_over) {
        // What called for it may be long over.
        evidence_by_ = at.now.at + at.timing.evidence_patience;
        only_look_ = true;
    }
    if (!plan.automatic) {
        deadline_ = at.now.at + at.timing.raise_patience;
    }
    asks_first_ =
        !at.taken_over && plan.verb == Verb::failover && plan.steps.front().slot == Slot::before;
    if (asks_first_) {
        retry_at_ = at.now.at;
    } else {
        ask(at);
    }
    return {};
}

void Raise::ask(StepContext& at) const {
    const Plan& plan = at.plan();
    at.act(RaiseEpoch{
        .step = at.id(),
        .app = plan.app,
        .epoch = plan.epoch_after,
        .active = plan.to,
        .raised_for = {.operation = plan.id, .verb = plan.verb, .held_until = at.record.held_until},
        .only_look = only_look_
    });
}

Progress Raise::finish(StepContext& at, const EpochRaised& event) {
    at.findings.raised_at = at.now.at;
    at.record.raised_by_word = !event.majority;
    return StepResult{
        StepEvent::succeeded,
        event.majority ? event.detail
                       : "without a majority, as " + at.plan().by + " accepts: " + event.detail
    };
}

Progress Raise::on(StepContext& at, const EpochRaised& event) {
    at.record.longest_lease = std::max(at.record.longest_lease, event.longest_lease);
    unchanged_ = event.unchanged_confirmed;
    no_way_back_ = no_way_back_ || event.no_way_back;
    const bool accepted = at.plan().accept_unfenced &&
                          at.now.at >= begun_at() + at.timing.raise_accept_after &&
                          std::ranges::find(event.confirmed, at.plan().to) != event.confirmed.end();
    if (event.majority || accepted) {
        return finish(at, event);
    }
    if (event.highest_seen > at.plan().epoch_after || event.taken) {
        // Another controller has raised a newer epoch, or this one with another meaning: this plan
        // is stale and must not overwrite it (INV-S9).
        return StepResult{
            StepEvent::exhausted,
            (event.taken ? "the epoch records carry another change: " : "a newer epoch exists: ") +
                event.detail
        };
    }
    if (event.unchanged_confirmed &&
        ++at.record.attempts > static_cast<std::uint32_t>(at.timing.drain_attempts) * 2) {
        return StepResult{StepEvent::exhausted, event.detail};
    }
    retry_at_ = at.now.at + at.timing.raise_retry;
    if (event.detail == detail_) {
        return {};
    }
    detail_ = event.detail;
    return StepResult{StepEvent::failed, event.detail};
}

Progress Raise::tick(StepContext& at, const Surroundings& around) {
    if (asks_first_ && around.refused_by_now) {
        if (at.now.at >= around.evidence_by) {
            return StepResult{StepEvent::exhausted, *around.refused_by_now};
        }
        retry_at_ = std::min(at.now.at + at.timing.raise_retry, around.evidence_by);
        return {};
    }
    asks_first_ = false;
    // The evidence is asked again before the effect is repeated, not only before the plan. Yet
    // where the raise has landed in so many copies that no majority confirms the old epoch, only
    // the new one lets hosts write again: it is raised in the others too.
    only_look_ = at.plan().automatic && !around.still_called_for && !no_way_back_;
    const bool evidence_may_come = evidence_by_ && at.now.at < *evidence_by_;
    if (only_look_ && unchanged_ && !evidence_may_come) {
        return StepResult{
            StepEvent::exhausted, "nothing calls for it any more, and the epoch is what it was"
        };
    }
    if (!at.plan().automatic && late(at)) {
        return StepResult{unchanged_ ? StepEvent::exhausted : StepEvent::undecided, detail_};
    }
    if (retry_is_due(at)) {
        retry_at_.reset();
        ask(at);
    }
    return {};
}

std::optional<StepEvent> Raise::if_stopped(const Timing& timing, Now now) const {
    if (now.at < begun_at() + timing.raise_abort_after) {
        return std::nullopt;
    }
    return unchanged_ ? StepEvent::exhausted : StepEvent::undecided;
}

std::optional<Duration> Raise::stoppable_in(const Timing& timing, Now now) const {
    return std::max(Duration::zero(), begun_at() + timing.raise_abort_after - now.at);
}

}  // namespace farshore::core
