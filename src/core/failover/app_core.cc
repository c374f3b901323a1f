#include "core/failover/app_core.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <utility>

#include "base/assert.h"
#include "core/failover/announcements.h"
#include "core/planted.h"

namespace farshore::core {

AppCore::AppCore(Start start, Now now)
    : policy_(std::move(start.policy)),
      evidence_(std::move(start.observers), start.quorum_needed, start.hysteresis),
      record_(std::move(start.record)),
      highest_seen_(record_.epoch),
      longest_lease_(std::max(policy_.timing.lease, start.longest_lease)),
      leases_until_(now.at + longest_lease_),
      evidence_by_(now.at + policy_.timing.evidence_patience),
      superseded_(newer_in(start.epochs)),
      register_is_closed_(start.register_is_closed),
      register_id_(std::move(start.register_id)),
      drill_proven_at_(start.drill_proven_at),
      losses_(now.at),
      losses_open_(std::move(start.losses_open)),
      automatic_operations_(start.automatic_operations) {
    if (is_planted(PlantedBug::pause_forgotten)) {
        record_.pause.reset();
        record_.cooldown_until.reset();
    }
    if (is_planted(PlantedBug::running_plan_forgotten)) {
        record_.operation.reset();
    }
    learn(start.epochs);
    if (const auto agreed = judge(start.epochs).agreed) {
        register_is_ours_ =
            agreed->register_id == register_id_ && !names_another_register(start.epochs);
        superseded_in_ = agreed->epoch == superseded_ ? agreed->active : RegionId{};
    }
    if (record_.register_lost_at) {
        // An earlier life has left the date only. From here on the boot clock counts, so a step of
        // the wall clock does not shorten the wait for hosts that are not in the register.
        const auto ago = std::max<Duration>(Duration::zero(), now.wall - *record_.register_lost_at);
        strangers_until_ = now.at + longest_lease_ - std::min(ago, longest_lease_);
        if (!record_.operation) {
            older_until_ = *strangers_until_ + policy_.timing.clock_error;
        }
    }
    if (record_.in_force_by_word) {
        permission_.accept(record_.epoch);
    }
    for (auto& [host, region] : start.agents) {
        AgentState agent;
        agent.region = region;
        // This controller may have granted a lease just before it ended. When, and under which
        // configuration, is not stored.
        agent.granted_until = leases_until_;
        agents_.emplace(host, std::move(agent));
    }
}

// Hosts that may write without being in the register. With `verify` the epoch records confirm every
// host that registers itself, so the epoch tables are asked, even when the configuration names
// every host: the controller refuses a host that it does not name, but that host may write all the
// same. The hosts of a lost register count until the longest lease has run out, and so do the hosts
// of another controller's store. With `keep` leases do not run out: the hosts of a lost register
// count until the configuration names every host.
Strangers AppCore::strangers() const {
    const bool for_ever = policy_.on_controller_loss == OnControllerLoss::keep;
    Strangers strangers{
        .possible = policy_.on_controller_loss == OnControllerLoss::verify,
        .of_another_register = !for_ever && register_is_ours_ == false,
        .until = {}
    };
    if (!(for_ever && register_is_closed_)) {
        strangers.until = strangers_until_;
    }
    return strangers;
}

Effects AppCore::resume(Now now, std::string_view after) {
    Effects effects;
    const bool starts = !std::exchange(stalled_, false);
    if (starts && register_is_ours_ == false) {
        effects.actions.emplace_back(other_register_of(record_.app));
    }
    if (record_.operation && !record_.operation->ended()) {
        operation_.emplace(
            *record_.operation, policy_.timing, policy_.on_controller_loss, strangers()
        );
        take(operation_->resume(now, agents_, after, record_.users), effects, now);
    }
    if (routes_are_ours()) {
        tell_route_to_all(now, effects);
    }
    return effects;
}

void AppCore::withdraw(Before before) {
    record_ = std::move(before.record);
    agents_ = std::move(before.agents);
    evidence_ = std::move(before.evidence);
    operation_.reset();  // resume() takes up the one that was running
    stall();
}

Effects AppCore::step(Now now, const Event& event) {
    Effects effects;
    evidence_.settle(now.at);
    reconsider_at_.reset();
    const bool was_running = operation_running();
    std::visit([&](const auto& happened) { apply(now, happened, effects); }, event);
    if (stalled_) {
        return effects;
    }
    if (older_until_ && !older_may_write(now)) {
        older_until_.reset();
        if (routes_are_ours()) {
            tell_route_to_all(now, effects);
        }
    }
    if (operation_running()) {
        take(operation_->tick(now, surroundings(now)), effects, now);
    } else if (!was_running) {
        consider(now, effects);
    }
    if (was_running && !operation_running()) {
        // Its end must be in the store before another takes its place in the record.
        reconsider_at_ = now.at;
    }
    return effects;
}

Surroundings AppCore::surroundings(Now now) const {
    const Plan& plan = operation_->record().plan;
    return {
        .agents = agents_,
        .fresh_lag = losses_.lag(now.at, record_.active, plan.to, policy_.timing.lag_fresh_for),
        .still_called_for = is_impaired(evidence_.condition(now.at, plan.from)) ||
                            is_planted(PlantedBug::evidence_not_asked_again),
        .refused_by_now = refused_by_now(now),
        .evidence_by = evidence_by_
    };
}

std::optional<std::string> AppCore::refused_by_now(Now now) const {
    const OperationRecord& operation = operation_->record();
    const Plan& plan = operation.plan;
    // Only steps of the operator's own in front of the raise take so long that it matters.
    if (!operation.runs_step(StepKind::raise) || plan.steps.front().slot != Slot::before) {
        return std::nullopt;
    }
    Situation situation = this->situation(now, plan.to, plan.levers);
    situation.operation_running = false;
    std::vector<GuardAnswer> guards;
    if (plan.automatic) {
        guards = guards_of_automatic_failover(situation, plan.to);
    } else {
        guards = guards_of_request(
            situation,
            {.id = plan.id,
             .verb = plan.verb,
             .to = plan.to,
             .by = plan.by,
             .reason = plan.reason,
             .accept_loss = plan.accept_loss,
             .accept_unfenced = plan.accept_unfenced,
             .accept_unknown = plan.accept_unknown,
             .levers = plan.levers,
             .expect_active = {},
             .expect_epoch = {}}
        );
    }
    const auto refused = std::ranges::find(guards, false, &GuardAnswer::passed);
    if (refused == guards.end()) {
        return std::nullopt;
    }
    return "guard " + std::string{to_string(refused->guard)} +
           " refuses it by now: " + refused->text;
}

bool AppCore::supersedes(const ChangeRequest& request) const {
    return request.verb == Verb::failover && operation_running() &&
           record_.operation->waits_for_person();
}

// Merges what the operation wants, and keeps the durable record in step with it.
void AppCore::take(Effects part, Effects& whole, Now now) {
    whole.save = whole.save || part.save;
    std::ranges::move(part.journal, std::back_inserter(whole.journal));
    std::ranges::move(part.actions, std::back_inserter(whole.actions));
    if (!operation_) {
        return;
    }
    record_.operation = operation_->record();
    const Plan& plan = record_.operation->plan;
    if (operation_->past_promotion() && record_.epoch < plan.epoch_after) {
        record_.epoch = plan.epoch_after;
        record_.active = plan.to;
        record_.in_force_by_word = record_.operation->raised_by_word;
        if (record_.in_force_by_word) {
            permission_.accept(record_.epoch);
        }
        highest_seen_ = std::max(highest_seen_, plan.epoch_after);
        whole.save = true;
    }
    if (operation_->users_are_sent() && record_.users != plan.to) {
        record_.users = plan.to;
        whole.save = true;
    }
    if (operation_->ended()) {
        // The cool-down starts at completion.
        const Duration quiet = quiet_after(*record_.operation);
        const UtcTime from = is_planted(PlantedBug::cooldown_from_beginning)
                                 ? plan.decided_at
                                 : record_.operation->ended_at.value_or(now.wall);
        const UtcTime until = from + std::chrono::duration_cast<WallClock::duration>(quiet);
        if (quiet > Duration::zero() && record_.cooldown_until.value_or(UtcTime{}) < until) {
            record_.cooldown_until = until;
            whole.save = true;
        }
    }
}

// How long automation leaves the app alone after an operation.
Duration AppCore::quiet_after(const OperationRecord& operation) const {
    // What could not be done now is not tried again in the same breath, yet the outage goes on.
    constexpr Duration kAfterFailure = std::chrono::seconds{30};
    const bool automatic = operation.plan.automatic;
    switch (operation.outcome) {
        case Outcome::done:
        case Outcome::partly_done: return policy_.cooldown;
        // An operator who stops automation means it.
        case Outcome::aborted: return automatic ? policy_.cooldown : Duration::zero();
        case Outcome::failed:
            return automatic ? std::min(kAfterFailure, policy_.cooldown) : Duration::zero();
        case Outcome::running: return Duration::zero();
    }
    std::unreachable();
}

Situation AppCore::situation(Now now, const RegionId& to, std::vector<Lever> levers) const {
    Situation situation{
        .now = now,
        .policy = policy_,
        .evidence = evidence_,
        .record = record_,
        .agents = agents_,
        .levers = std::move(levers),
        .writes_leave = writes_leave(to),
        .loss_window = is_planted(PlantedBug::gate_on_heartbeat_age)
                           ? losses_.silent_for(now.at, record_.active, to)
                           : loss_window(to),
        .fresh_lag = losses_.lag(now.at, record_.active, to, policy_.timing.lag_fresh_for),
        .losses_open = 0,
        .tables_unlike = tables_unlike_,
        .drill_proven_at = drill_proven_at_,
        .superseded = superseded_,
        .highest_epoch = highest_epoch(),
        .operation_running = operation_running(),
        .with_words = true
    };
    situation.strangers_for_ever = policy_.on_controller_loss == OnControllerLoss::keep &&
                                   record_.register_lost_at && !register_is_closed_;
    for (const auto& [operation, writes] : losses_open_) {
        situation.losses_open += writes;
    }
    return situation;
}

// A store that is older than the world may name the target as active, while the records say that
// writes went elsewhere meanwhile.
const RegionId& AppCore::writes_leave(const RegionId& to) const {
    const bool elsewhere =
        to == record_.active && superseded_ > record_.epoch &&
        std::ranges::find(policy_.regions, superseded_in_) != policy_.regions.end();
    return elsewhere ? superseded_in_ : record_.active;
}

std::optional<Duration> AppCore::loss_window(const RegionId& to) const {
    const bool everybody_reported =
        std::ranges::all_of(agents_, [](const auto& entry) { return entry.second.reported; });
    return losses_.forecast(writes_leave(to), to, everybody_reported);
}

std::optional<Duration> AppCore::loss_window() const {
    // Without evidence every standby is as good; the one that has got most is told.
    std::optional<Duration> least;
    for (const RegionId& region : policy_.regions) {
        const auto window = region == record_.active ? std::nullopt : loss_window(region);
        if (window && (!least || *window < *least)) {
            least = window;
        }
    }
    return least;
}

std::optional<std::string> AppCore::why_not_armed(Now now) const {
    return core::why_not_armed(situation(now, RegionId{}, {}));
}

Readiness AppCore::readiness(Now now, std::vector<Finding> from_outside) const {
    const std::optional<RegionId> to = choose_target(situation(now, RegionId{}, {}));
    ReadinessFacts facts{.from_outside = std::move(from_outside)};
    if (permission_begun_.at != Instant{}) {
        facts.records_read_ago = now.at - permission_begun_.at;
    }
    if (!to) {
        return judge_readiness(situation(now, RegionId{}, {}), to, std::move(facts));
    }
    facts.heartbeat_ago = losses_.silent_for(now.at, record_.active, *to);
    ChangeRequest request;
    request.verb = Verb::failover;
    request.to = *to;
    return judge_readiness(
        situation(now, *to, levers_of_request(policy_, record_, request)), to, std::move(facts)
    );
}

std::optional<Instant> AppCore::next_deadline() const {
    std::optional<Instant> soonest = reconsider_at_ ? reconsider_at_ : evidence_.next_deadline();
    if (acts()) {
        const auto at = operation_->next_deadline();
        if (at && (!soonest || *at < *soonest)) {
            soonest = at;
        }
    }
    if (older_until_ && !stalled_) {
        const Instant over = *older_until_ + Duration{1};
        soonest = std::min(soonest.value_or(over), over);
    }
    return soonest;
}

}  // namespace farshore::core
