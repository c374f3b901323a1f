#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "core/failover/timing.h"
#include "core/plan/plan.h"
#include "core/plan/static_stability.h"
#include "core/plan/step_condition.h"

namespace farshore::core {

// A step that the operator declares in the configuration.
struct DeclaredStep {
    std::string name;  // empty: named after its slot
    StepKind kind = StepKind::wait;
    Slot at = Slot::before;
    std::vector<Verb> verbs;  // whose plans have it; empty: all
    std::optional<StepCondition> when;
    std::vector<std::string> run;
    FleetChange fleet;            // of kinds that change one
    std::vector<StepCall> calls;  // command: what it asks of which Region
    bool best_effort = false;     // an automatic failover does not depend on it
    Duration timeout{};
    OnFailure on_failure = OnFailure::stop;
    int attempts = 1;
    std::vector<DeclaredStep> steps;  // parallel
};

// What a plan is made from, beside the request that is in the plan already.
struct PlanGround {
    const Timing& timing;
    OnControllerLoss on_controller_loss;
    std::span<const DeclaredStep> declared;
    std::vector<HostId> hosts;   // of the register
    StepConditionValues values;  // what the declared steps' conditions ask
};

// Fills in the steps and the fingerprint of a plan whose request, Regions, epochs and levers stand.
// Errors: malformed, when a declared step stands where it cannot, a rule of plan_rules.h breaks, or
// an automatic failover would depend on what it must not (static_stability.h).
[[nodiscard]] Status build_steps(Plan& plan, const PlanGround& ground);

// The same without a configuration: no declared steps, and the bounds that stand where it names
// none. For plans that another controller, or an earlier version of it, began.
void build_bare_steps(Plan& plan);

// Everything that is wrong with the declared steps, for `farshore validate`; in plans of any verb.
[[nodiscard]] std::vector<std::string> wrong_with(std::span<const DeclaredStep> declared);

}  // namespace farshore::core
