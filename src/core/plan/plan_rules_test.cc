#include "core/plan/plan_rules.h"

#include <gtest/gtest.h>

#include "core/plan/plan_proofs.h"

namespace farshore::core {
namespace {

using enum StepKind;

template <class... Kinds>
constexpr std::optional<PlanRule> broken_by(Kinds... kinds) {
    const std::array plan{kinds...};
    const auto violation = plan_rules::first_violation(plan);
    return violation ? std::optional{violation->rule} : std::nullopt;
}

// Each rule must find a plan that breaks it.
TEST(PlanRules, PlansThatBreakThemAreFound) {
    static_assert(!broken_by(raise, fence, examine, repoint, shift, verify));
    static_assert(broken_by(drain, raise, fence, repoint) == PlanRule::needs_come_first);
    static_assert(broken_by(fence, repoint) == PlanRule::needs_come_first);
    static_assert(broken_by(raise, repoint) == PlanRule::needs_come_first);
    static_assert(broken_by(shift, verify) == PlanRule::needs_come_first);
    static_assert(broken_by(wait_lag, raise, hold, drain, fence, repoint) == PlanRule::no_way_back);
    static_assert(broken_by(raise, fence, raise, fence, repoint) == PlanRule::no_way_back);
    static_assert(broken_by(raise, fence, examine) == PlanRule::a_fence_for_a_raise);
}

// A row that promises less, or asks for less, breaks a rule in a plan that was sound.
template <class Change>
constexpr std::optional<PlanRule> broken_by_row(StepKind changed, Change change) {
    constexpr std::array plan{wait_lag, hold, drain, raise, fence, examine, repoint, shift, verify};
    const auto violation = plan_rules::first_violation(plan, [&](StepKind kind) {
        StepRow row = row_of(kind);
        if (kind == changed) {
            change(row);
        }
        return row;
    });
    return violation ? std::optional{violation->rule} : std::nullopt;
}

TEST(PlanRules, PlantedBugsInRowsAreFound) {
    static_assert(!broken_by_row(fence, [](StepRow&) {}));
    static_assert(broken_by_row(fence, [](StepRow& row) {
                      row.gives = Facts{};
                  }) == PlanRule::needs_come_first);
    static_assert(broken_by_row(repoint, [](StepRow& row) {
                      row.needs = Facts{};
                  }) == PlanRule::fence_before_writes);
    static_assert(broken_by_row(examine, [](StepRow& row) {
                      row.begins_again = BeginsAgain::itself;
                  }) == PlanRule::proof_begins_again);
    static_assert(broken_by_row(repoint, [](StepRow& row) {
                      row.gives = Facts{Fact::writes};
                  }) == PlanRule::needs_come_first);
    static_assert(
        broken_by_row(shift, [](StepRow& row) { row.needs = Facts{}; }) == std::nullopt,
        "the proof stands in this plan anyway"
    );
    static_assert(broken_by_row(fence, [](StepRow& row) {
                      row.reversal = Reversal::undone;
                  }) == PlanRule::no_way_back);
}

TEST(PlanRules, UsersAreNotSentWithoutAProofWhateverTheRowOfTheShiftAsksFor) {
    constexpr std::array plan{wait, shift, verify};
    const auto violation = plan_rules::first_violation(plan, [](StepKind kind) {
        StepRow row = row_of(kind);
        row.needs = Facts{};
        return row;
    });
    ASSERT_TRUE(violation.has_value());
    EXPECT_EQ(violation->rule, PlanRule::users_behind_a_proof);
}

TEST(PlanTemplates, ASlotAdmitsNothingThatSafetyStandsOn) {
    for (const StepKind kind : {hold, raise, fence, repoint, shift, release}) {
        for (std::size_t slot = 0; slot < kSlotNames.size(); ++slot) {
            EXPECT_FALSE(templates::admits(static_cast<Slot>(slot), kind)) << to_string(kind);
        }
    }
    EXPECT_TRUE(templates::admits(Slot::before, approve));
    EXPECT_FALSE(templates::admits(Slot::with_hold, approve)) << "writes are held for a second";
    EXPECT_FALSE(templates::admits(Slot::none, command));
}

}  // namespace
}  // namespace farshore::core
