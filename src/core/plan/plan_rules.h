#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <span>
#include <string_view>

#include "core/plan/step_rows.h"

// What holds for every plan, said of kinds and never of positions. plan_proofs.h proves it for the
// templates with every slot filled; build_plan.h checks it again on each plan that is made.
namespace farshore::core {

enum class PlanRule {
    needs_come_first,      // what a step needs was given by a step before it
    fence_before_writes,   // whatever gives writes has the proof of a fence
    proof_begins_again,    // a step that needs a proof of a fence begins again at a fence
    users_behind_a_proof,  // users are sent only behind the proof of a write
    no_way_back,           // nothing that is undone stands behind the raise
    a_fence_for_a_raise,   // a raised epoch is fenced and proven before the plan ends
};
inline constexpr std::array<std::string_view, 6> kPlanRuleNames{
    "needs_come_first",
    "fence_before_writes",
    "proof_begins_again",
    "users_behind_a_proof",
    "no_way_back",
    "a_fence_for_a_raise",
};

constexpr const auto& names_of(PlanRule) {
    return kPlanRuleNames;
}

struct PlanViolation {
    PlanRule rule;
    StepKind step;
};

namespace plan_rules {

// The rows to judge by are an argument, so that a test can plant a bug in one.
template <class RowOf>
[[nodiscard]] constexpr std::optional<PlanViolation> first_violation(
    std::span<const StepKind> plan, RowOf row_for
) {
    Facts known;
    bool has_fence = false;
    for (const StepKind kind : plan) {
        const StepRow& row = row_for(kind);
        if (!known.has_all(row.needs)) {
            return PlanViolation{PlanRule::needs_come_first, kind};
        }
        if (row.gives.has(Fact::writes) &&
            (!row.needs.has(Fact::fence_proof) || !known.has(Fact::fence_proof))) {
            return PlanViolation{PlanRule::fence_before_writes, kind};
        }
        if (row.needs.has(Fact::fence_proof) &&
            (row.begins_again != BeginsAgain::fence || !has_fence)) {
            return PlanViolation{PlanRule::proof_begins_again, kind};
        }
        if (row.gives.has(Fact::users_moved) && !known.has(Fact::write_proof)) {
            return PlanViolation{PlanRule::users_behind_a_proof, kind};
        }
        const bool raised = known.has(Fact::epoch_raised);
        if (raised && (row.reversal == Reversal::undone || row.gives.has(Fact::epoch_raised))) {
            return PlanViolation{PlanRule::no_way_back, kind};
        }
        has_fence = has_fence || row.gives.has(Fact::fence_proof);
        known.add(row.gives);
    }
    if (known.has(Fact::epoch_raised) && !known.has(Fact::write_proof)) {
        return PlanViolation{PlanRule::a_fence_for_a_raise, plan.back()};
    }
    return std::nullopt;
}

[[nodiscard]] constexpr std::optional<PlanViolation> first_violation(std::span<const StepKind> plan
) {
    return first_violation(plan, [](StepKind kind) -> const StepRow& { return row_of(kind); });
}

}  // namespace plan_rules

}  // namespace farshore::core
