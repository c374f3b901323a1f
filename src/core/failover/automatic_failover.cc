#include <algorithm>
#include <utility>

#include "core/failover/app_core.h"
#include "core/failover/guards.h"
#include "core/planted.h"

// The policy of an automatic failover, whole: what calls for it, by which levers, to where, what
// must not stand in its way, and what it then does. The guards themselves are in guards.cc; the
// steps of the plan in core/plan/templates.h.
namespace farshore::core {

namespace {

// Since when the first of the observers that say so has said it: the RTO counts from there.
std::optional<UtcTime> first_failure(Now now, const Tally& tally) {
    std::optional<UtcTime> first;
    for (const Vote& vote : tally.votes) {
        if (vote.since) {
            const UtcTime since =
                now.wall - std::chrono::duration_cast<WallClock::duration>(now.at - *vote.since);
            first = std::min(first.value_or(since), since);
        }
    }
    return first;
}

}  // namespace

const std::vector<Lever>& levers_for(const Policy& policy, Condition condition) {
    switch (condition) {
        case Condition::stack_impaired: return policy.stack_impaired;
        case Condition::region_lost: return policy.region_lost;
        case Condition::data_impaired:
        case Condition::healthy:
        case Condition::unknown: return policy.data_impaired;
    }
    return policy.data_impaired;
}

std::optional<RegionId> choose_target(const Situation& s) {
    std::optional<RegionId> first;
    for (const RegionId& region : s.policy.regions) {
        if (region == s.record.active) {
            continue;
        }
        if (s.evidence.verdict(s.now.at, region, Component::dynamodb) == Health::healthy) {
            return region;
        }
        first = first ? first : std::optional{region};
    }
    return first;
}

std::vector<GuardAnswer> guards_of_automatic_failover(const Situation& s, const RegionId& to) {
    const Condition condition = s.evidence.condition(s.now.at, s.record.active);
    std::vector<GuardAnswer> answers{
        target_known(s, to, false),
        no_operation(s),
        quorum(s, condition),
        suspect_yourself(s, condition),
        hosts_see_errors(s, condition),
        target_healthy(s, to),
        target_serves(s, to, true),
        target_has_hosts(s, to),
        loss_within(s, s.policy.max_loss),
        store_is_current(s),
        register_is_known(s, false),
        epochs_left(s),
        mode_is_auto(s),
        armed(s),
        not_paused(s),
        not_cooling_down(s),
    };
    if (s.policy.on_controller_loss == OnControllerLoss::keep) {
        // A host that keeps its route without controllers can be fenced by its own word alone, and
        // the others would stand still while it is waited for.
        answers.push_back(agents_reachable(s));
    }
    return answers;
}

// Does the evidence call for a failover, without an operator's request?
void AppCore::consider(Now now, Effects& effects) {
    if (policy_.mode == Mode::observe) {
        return;
    }
    if (is_planted(PlantedBug::automatic_failback)) {
        const RegionId& home = policy_.regions.front();
        if (home != record_.active &&
            evidence_.verdict(now.at, home, Component::dynamodb) == Health::healthy) {
            Plan back = automatic_plan(now, situation(now, home, policy_.data_impaired), {});
            back.verb = Verb::failback;
            back.to = home;
            start_operation(now, std::move(back), effects);
            return;
        }
    }
    const Condition condition = evidence_.condition(now.at, record_.active);
    if (!is_impaired(condition)) {
        consider_users(now, effects);
        return;
    }
    const std::vector<Lever>& levers = levers_for(policy_, condition);
    const std::optional<RegionId> to = choose_target(this->situation(now, RegionId{}, levers));
    if (!to) {
        return;
    }
    Situation situation = this->situation(now, *to, levers);
    situation.with_words = false;
    if (!all_passed(guards_of_automatic_failover(situation, *to))) {
        return;
    }
    situation.with_words = true;
    Plan plan = automatic_plan(now, situation, guards_of_automatic_failover(situation, *to));
    plan.to = *to;
    plan.reason = record_.active.value() + " is " + std::string{to_string(condition)};
    plan.first_failure_at =
        first_failure(now, evidence_.tally(now.at, record_.active, impaired_part(condition)));
    start_operation(now, std::move(plan), effects);
}

std::vector<GuardAnswer> guards_of_following_users(const Situation& s) {
    const RegionId& to = s.record.active;
    return {
        target_known(s, to, true),
        no_operation(s),
        quorum_on_users_stack(s),
        target_healthy(s, to),
        target_serves(s, to, true),
        target_has_hosts(s, to),
        store_is_current(s),
        mode_is_auto(s),
        armed(s),
        not_paused(s),
        not_cooling_down(s),
    };
}

// Users were left where they are when the tables moved; if their stack dies, they follow.
void AppCore::consider_users(Now now, Effects& effects) {
    if (record_.users == record_.active || is_raised_beyond(record_, superseded_)) {
        return;
    }
    Situation situation = this->situation(now, record_.active, {Lever::shift});
    situation.with_words = false;
    if (!all_passed(guards_of_following_users(situation))) {
        return;
    }
    situation.with_words = true;
    Plan plan = automatic_plan(now, situation, guards_of_following_users(situation));
    plan.to = record_.active;
    plan.reason = "the stack of " + record_.users.value() + ", where users are, is down";
    start_operation(now, std::move(plan), effects);
}

Plan AppCore::automatic_plan(
    Now now, const Situation& situation, const std::vector<GuardAnswer>& guards
) {
    Plan plan;
    plan.id = OperationId{
        "op-" + std::to_string(to_ms(now.wall)) + "-" + std::to_string(++automatic_operations_)
    };
    plan.verb = Verb::failover;
    plan.levers = situation.levers;
    plan.automatic = true;
    plan.by = "automatic";
    for (const GuardAnswer& answer : guards) {
        if (answer.guard == Guard::quorum) {
            plan.evidence = answer.text;
        }
    }
    return plan;
}

}  // namespace farshore::core
