#include "core/host/host_machine.h"

#include <algorithm>
#include <utility>

#include "base/assert.h"
#include "core/planted.h"

namespace farshore::core {

HostStep HostMachine::step(Instant now, const HostInput& input) {
    decisions_.clear();
    run_deadlines(now);
    HostDecision answer = std::visit([&](const auto& event) { return on(now, event); }, input);
    run_deadlines(now);
    return {.all = std::exchange(decisions_, {}), .answer = answer};
}

std::optional<Instant> HostMachine::next_deadline() const {
    if (state_ == HostState::held) {
        return hold_until_;
    }
    if (state_ == HostState::open && lease_.until() != Instant::max()) {
        return lease_.until();
    }
    return std::nullopt;
}

HostDecision HostMachine::apply(HostEvent event) {
    const HostRow* row = host_table::find(state_, event);
    FARSHORE_ASSERT(row != nullptr, "the table is total");
    const HostDecision decision{
        .before = state_, .on = event, .after = row->to, .action = row->action, .why = row->why
    };
    state_ = row->to;
    if (state_ != HostState::held) {
        hold_until_.reset();
    }
    decisions_.push_back(decision);
    return decision;
}

HostDecision HostMachine::ignore(HostEvent event, HostAction action, std::string_view why) {
    const HostDecision decision{
        .before = state_, .on = event, .after = state_, .action = action, .why = why
    };
    decisions_.push_back(decision);
    return decision;
}

void HostMachine::run_deadlines(Instant now) {
    if (state_ == HostState::held && hold_until_ && now >= *hold_until_) {
        const Instant ended = *hold_until_;
        lease_.forfeit();
        lease_.require_begun_after(ended);
        (void)apply(HostEvent::hold_ended);
    }
    if (state_ == HostState::open && !lease_.valid(now)) {
        (void)apply(HostEvent::lease_expired);
    }
}

HostDecision HostMachine::on(Instant, const HostLoaded& event) {
    if (!event.route || state_ != HostState::starting) {
        HostDecision decision = apply(event.route ? HostEvent::loaded : HostEvent::nothing_loaded);
        return event.fenced > epoch() ? fence_below(event.fenced, HostEvent::newer_seen) : decision;
    }
    route_ = event.route;
    adopted_alone_ = event.adopted_alone;
    HostDecision decision = apply(HostEvent::loaded);
    return event.fenced > epoch() ? fence_below(event.fenced, HostEvent::newer_seen) : decision;
}

HostDecision HostMachine::on(Instant now, const Confirmation& event) {
    const bool by_records = event.by == Confirmer::epoch_records;
    if (event.epoch > epoch() && is_possible(event.epoch)) {
        return fence_below(event.epoch, HostEvent::newer_seen);
    }
    if (event.epoch != epoch() || event.epoch == Epoch{}) {
        return ignore(
            HostEvent::confirmed, HostAction::none, "it confirms an older epoch than ours"
        );
    }
    if (by_records && options_.on_controller_loss == OnControllerLoss::fence) {
        return ignore(
            HostEvent::confirmed,
            HostAction::none,
            "on_controller_loss is fence: only controllers confirm"
        );
    }
    const bool counts = state_ == HostState::unconfirmed || state_ == HostState::open ||
                        state_ == HostState::lapsed;
    if (!counts) {
        return apply(HostEvent::confirmed);
    }
    Duration length = is_planted(PlantedBug::lease_of_its_own)
                          ? options_.lease
                          : std::min(event.length, options_.lease);
    if (length <= Duration::zero() && options_.on_controller_loss != OnControllerLoss::keep) {
        return ignore(
            HostEvent::confirmed,
            HostAction::none,
            "it names no lease, so nobody would wait for this host to stop"
        );
    }
    if (length <= Duration::zero()) {
        length = options_.lease;  // with `keep` no lease protects anything
    }
    if (event.started + length <= now) {
        return ignore(
            HostEvent::confirmed, HostAction::none, "the answer was under way for a whole lease"
        );
    }
    if (event.started < lease_.floor()) {
        return ignore(
            HostEvent::confirmed, HostAction::none, "it was asked for before the hold ended"
        );
    }
    if (options_.on_controller_loss == OnControllerLoss::keep) {
        length = Duration::max();  // good until an order or a newer epoch ends it
    }
    const Instant from = is_planted(PlantedBug::lease_from_arrival) ? now : event.started;
    if (!lease_.confirm(from, length)) {
        return ignore(
            HostEvent::confirmed, HostAction::none, "a later confirmation has arrived before it"
        );
    }
    return apply(HostEvent::confirmed);
}

HostDecision HostMachine::on(Instant now, const HoldOrder& event) {
    if (event.epoch < epoch() || event.length <= Duration::zero()) {
        return apply(HostEvent::stale);
    }
    HostDecision decision = apply(HostEvent::hold);
    if (decision.action == HostAction::hold_writes) {
        hold_until_ = now + hold_length(event.length);
        lease_.forfeit_beyond(*hold_until_);
    }
    return decision;
}

HostDecision HostMachine::on(Instant now, const ReleaseOrder& event) {
    if (event.epoch < epoch()) {
        return apply(HostEvent::stale);
    }
    if (state_ == HostState::held) {
        // What was confirmed during the hold may have been answered before anybody released it.
        lease_.require_begun_after(now);
    }
    return apply(HostEvent::release);
}

HostDecision HostMachine::fence_below(Epoch epoch, HostEvent event) {
    if (event == HostEvent::newer_seen && state_ == HostState::fenced && epoch <= fenced_) {
        return ignore(event, HostAction::none, "this host is fenced for that epoch already");
    }
    fenced_ = std::max(fenced_, epoch);
    lease_.forfeit();
    return apply(event);
}

HostDecision HostMachine::on(Instant, const FenceOrder& event) {
    if (!is_possible(event.epoch)) {
        return ignore(HostEvent::stale, HostAction::refuse, "there is no such epoch");
    }
    if (event.epoch <= epoch()) {
        return ignore(
            HostEvent::fence,
            HostAction::acknowledge,
            "this host follows that epoch, or a newer one, already"
        );
    }
    return fence_below(event.epoch, HostEvent::fence);
}

HostDecision HostMachine::on(Instant, const NewerSeen& event) {
    if (event.epoch <= epoch() || !is_possible(event.epoch)) {
        return ignore(HostEvent::newer_seen, HostAction::none, "that epoch is not newer than ours");
    }
    return fence_below(event.epoch, HostEvent::newer_seen);
}

HostEvent HostMachine::judge(const HostRoute& route) const {
    if (route.epoch == Epoch{} || !is_possible(route.epoch) || route.active == RegionId{} ||
        route.epoch < epoch() || route.epoch < fenced_) {
        return HostEvent::stale;
    }
    if (route.epoch > epoch()) {
        return HostEvent::route;
    }
    return route.active == route_->active ? HostEvent::users_moved : HostEvent::stale;
}

HostDecision HostMachine::adopt(const HostRoute& route) {
    // The lease of the older epoch goes on where writes were passing or held: its start lies before
    // the new epoch, so whoever granted it counts at least as long.
    const bool lease_goes_on = state_ == HostState::open || state_ == HostState::held;
    HostDecision decision = apply(HostEvent::route);
    if (decision.action == HostAction::adopt) {
        FARSHORE_ASSERT(route.epoch > epoch(), "INV-S2: epochs never decrease");
        route_ = route;
        fenced_ = Epoch{};
        adopted_alone_ = false;
        successor_.reset();
        if (!lease_goes_on) {
            lease_.forfeit();
        }
    }
    return decision;
}

HostDecision HostMachine::on(Instant now, const RouteOrder& event) {
    if (is_planted(PlantedBug::host_without_a_row) && state_ == HostState::fenced) {
        return ignore(HostEvent::stale, HostAction::refuse, "no row");
    }
    const HostEvent verdict = judge(event.route);
    if (verdict == HostEvent::route) {
        return adopt(event.route);
    }
    if (verdict == HostEvent::users_moved && state_ == HostState::held) {
        lease_.require_begun_after(now);
    }
    HostDecision decision = apply(verdict);
    if (decision.action == HostAction::adopt_users) {
        route_->users = event.route.users;
    }
    return decision;
}

HostDecision HostMachine::on(Instant now, const RecordsAgree& event) {
    if (event.epoch < epoch() || !is_possible(event.epoch)) {
        return ignore(HostEvent::stale, HostAction::none, "the epoch items are behind our epoch");
    }
    if (event.epoch == epoch()) {
        if (!route_ || event.active != route_->active) {
            return ignore(
                HostEvent::stale,
                HostAction::none,
                "the epoch records name another Region for our epoch"
            );
        }
        if (is_planted(PlantedBug::hosts_go_home) && event.controllers_silent) {
            route_->users = event.active;
        }
        longest_named_ = longest_named_.longest(event.terms);
        named_hold_max_ = event.terms.hold_max;
        if (!event.know_us) {
            return ignore(
                HostEvent::confirmed,
                HostAction::none,
                "the register that the records name does not have this host yet"
            );
        }
        const Confirmation confirmation{
            .epoch = event.epoch,
            .started = event.started,
            .length = event.terms.lease,
            .by = Confirmer::epoch_records
        };
        return on(now, confirmation);
    }
    named_hold_max_ = event.terms.hold_max;
    HostDecision decision = fence_below(event.epoch, HostEvent::newer_seen);
    if (!successor_ || successor_->epoch != event.epoch || successor_->active != event.active) {
        successor_ = Successor{.epoch = event.epoch, .active = event.active, .first_seen = now};
    }
    // Records are raised before anything else changes, so other hosts may go on under the old epoch
    // until their leases end. Only `verify` promises that they do end.
    const Terms ours{.lease = options_.lease, .clock_error = options_.clock_error};
    const Terms longest = ours.longest(event.terms).longest(longest_named_);
    const Instant others_have_stopped =
        successor_->first_seen + longest.lease + longest.clock_error;
    const bool may_adopt = options_.on_controller_loss == OnControllerLoss::verify &&
                           event.controllers_silent && now >= others_have_stopped &&
                           event.epoch >= fenced_;
    if (!may_adopt) {
        return decision;
    }
    // The records say where writes go; where people go is not theirs to say (INV-S13).
    const bool users_known = route_ && route_->users != RegionId{};
    decision = adopt(
        {.epoch = event.epoch,
         .active = event.active,
         .users = users_known ? route_->users : event.active}
    );
    adopted_alone_ =
        decision.action == HostAction::adopt && !is_planted(PlantedBug::drain_outlives_its_hold);
    if (event.know_us) {
        const Confirmation confirmation{
            .epoch = event.epoch,
            .started = event.started,
            .length = event.terms.lease,
            .by = Confirmer::epoch_records
        };
        (void)on(now, confirmation);
    }
    return decision;
}

HostDecision HostMachine::on(Instant now, const ClockDoubted&) {
    if (options_.on_controller_loss == OnControllerLoss::keep) {
        return ignore(HostEvent::stale, HostAction::none, "with keep no lease protects anything");
    }
    lease_.forfeit();
    lease_.require_begun_after(now);
    return ignore(
        HostEvent::stale,
        HostAction::ask,
        "this host's clock stood still for a while, so its lease may have ended: it asks again"
    );
}

HostDecision HostMachine::on(Instant, const Wake&) {
    return {
        .before = state_,
        .on = HostEvent::stale,
        .after = state_,
        .action = HostAction::none,
        .why = "nothing more is due"
    };
}

}  // namespace farshore::core
