#include <algorithm>
#include <map>
#include <utility>

#include "base/assert.h"
#include "core/failover/app_core.h"
#include "core/plan/build_plan.h"

// When an operation begins by itself, and with which plan any of them begins.
namespace farshore::core {

// Does the evidence call for a failover, without an operator's request?
void AppCore::consider(Now now, Effects& effects) {
    if (policy_.mode == Mode::observe) {
        return;
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
    const Tally tally = evidence_.tally(now.at, record_.active, impaired_part(condition));
    for (const Vote& vote : tally.votes) {
        if (vote.since) {
            const UtcTime since =
                now.wall - std::chrono::duration_cast<WallClock::duration>(now.at - *vote.since);
            plan.first_failure_at =
                plan.first_failure_at ? std::min(*plan.first_failure_at, since) : since;
        }
    }
    start_operation(now, std::move(plan), effects);
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

// The highest epoch that this controller has seen, or that its last operation may have raised
// without an answer (INV-S2).
Epoch AppCore::highest_epoch() const {
    Epoch highest = std::max(record_.epoch, highest_seen_);
    if (record_.operation) {
        const bool raised = record_.operation->has_begun(StepKind::raise);
        highest = raised ? std::max(highest, record_.operation->plan.epoch_after) : highest;
    }
    return highest;
}

// Where most of the connected hosts that are not older than the record have users; else where the
// record has them. Most: a host that follows the epoch records alone only guesses.
RegionId AppCore::users_by_agents() const {
    std::map<RegionId, std::size_t> told;
    std::size_t all = 0;
    for (const auto& [host, agent] : agents_) {
        if (agent.connected && agent.epoch >= record_.epoch && !agent.users.value().empty()) {
            ++told[agent.users];
            ++all;
        }
    }
    for (const auto& [region, hosts] : told) {
        if (hosts * 2 > all) {
            return region;
        }
    }
    return record_.users;
}

// What a plan stands on, beside the request that is in it already; and its steps.
Plan AppCore::complete(Now now, Plan plan) const {
    const bool users_only = moves_users_only(record_, superseded_, plan.to);
    // A store that is older than the world does not know where users are.
    plan.users_before = superseded_ > record_.epoch ? users_by_agents() : record_.users;
    plan.app = record_.app;
    plan.from = users_only ? plan.users_before : record_.active;
    plan.epoch_before = record_.epoch;
    plan.epoch_after = users_only ? record_.epoch : next(highest_epoch());
    plan.decided_at = now.wall;
    plan.loss_window = loss_window(plan.to).value_or(Duration::zero());
    std::vector<HostId> hosts;
    for (const auto& [host, agent] : agents_) {
        hosts.push_back(host);
    }
    std::vector<DeclaredStep> declared = policy_.steps;
    if (plan.automatic && policy_.mode == Mode::approve) {
        declared.insert(
            declared.begin(),
            {.name = "approval", .kind = StepKind::approve, .timeout = policy_.approve_within}
        );
    }
    const Status built = build_steps(
        plan,
        {.timing = policy_.timing,
         .on_controller_loss = policy_.on_controller_loss,
         .declared = declared,
         .hosts = std::move(hosts),
         .values =
             {.loss = loss_window(plan.to),
              .lag = losses_.lag(now.at, record_.active, plan.to, policy_.timing.lag_fresh_for),
              .verb = plan.verb,
              .from = plan.from,
              .to = plan.to,
              .automatic = plan.automatic,
              .verdict = std::string{to_string(evidence_.condition(now.at, plan.from))}}}
    );
    FARSHORE_ASSERT(built, "plan_proofs.h: every plan that the configuration admits is sound");
    return plan;
}

void AppCore::start_operation(Now now, Plan request, Effects& effects) {
    Plan plan = complete(now, std::move(request));
    FARSHORE_ASSERT(is_possible(plan.epoch_after), "a guard has asked whether an epoch is left");
    record_.users = plan.users_before;
    OperationRecord record;
    record.plan = std::move(plan);
    operation_.emplace(std::move(record), policy_.timing, policy_.on_controller_loss, strangers());
    take(operation_->begin(now, agents_), effects, now);
    if (const Plan& begun = record_.operation->plan; begun.automatic) {
        effects.actions.emplace_back(Announce{
            std::string{to_string(begun.verb)} + " of " + begun.app.value() + " " +
            begun.from.value() + " -> " + begun.to.value() + " started by itself (" +
            begun.id.value() + "): " + begun.reason + "; " + begun.evidence
        });
    }
}

Plan AppCore::plan_of(const ChangeRequest& request, std::vector<Lever> levers) {
    Plan plan;
    plan.id = request.id;
    plan.verb = request.verb;
    plan.to = request.to;
    plan.levers = std::move(levers);
    plan.accept_loss = request.accept_loss;
    plan.accept_unfenced = request.accept_unfenced;
    plan.accept_unknown = request.accept_unknown;
    plan.by = request.by;
    plan.reason = request.reason;
    return plan;
}

}  // namespace farshore::core
