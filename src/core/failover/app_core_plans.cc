#include <algorithm>
#include <utility>

#include "base/assert.h"
#include "core/failover/app_core.h"
#include "core/failover/guards.h"
#include "core/plan/build_plan.h"
#include "core/planted.h"

// With which plan an operation begins, by itself or by request.
namespace farshore::core {

// The highest epoch that this controller has seen, or that its last operation may have raised
// without an answer (INV-S2).
Epoch AppCore::highest_epoch() const {
    if (is_planted(PlantedBug::epoch_used_again)) {
        return record_.epoch;
    }
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
    return users_now(record_, superseded_, agents_);
}

// What a plan stands on, beside the request that is in it already; and its steps.
Plan AppCore::complete(Now now, Plan plan) const {
    const bool users_only = moves_users_only(record_, superseded_, plan.to);
    plan.users_before = users_by_agents();
    plan.app = record_.app;
    plan.from = users_only ? plan.users_before : writes_leave(plan.to);
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
