#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <span>

#include "core/plan/plan_rules.h"
#include "core/plan/templates.h"

// The rules of plan_rules.h, proven as the program is compiled: for each template, bare and with
// each slot filled by each kind that the slot admits.
namespace farshore::core::plan_proofs {

inline constexpr std::size_t kKinds = kStepKindNames.size();
inline constexpr std::size_t kStepsMax = 32;

struct Kinds {
    std::array<StepKind, kStepsMax> list{};
    std::size_t count = 0;

    constexpr void add(StepKind kind) { list[count++] = kind; }

    [[nodiscard]] constexpr std::span<const StepKind> all() const { return {list.data(), count}; }
};

// `in_slots` in every slot that admits the kind, twice; none: the bare template. Without the shift
// when a plan leaves users where they are.
constexpr Kinds filled(
    std::span<const templates::Entry> entries, std::optional<StepKind> in_slots, bool shifts
) {
    Kinds kinds;
    for (const templates::Entry& entry : entries) {
        if (!entry.is_slot()) {
            if (shifts || entry.kind != StepKind::shift) {
                kinds.add(entry.kind);
            }
        } else if (in_slots && templates::admits(entry.slot, *in_slots)) {
            kinds.add(*in_slots);
            kinds.add(*in_slots);
        }
    }
    return kinds;
}

template <class Check>
consteval bool holds_for_every_plan(Check check) {
    for (const auto entries :
         {templates::of(Verb::switchover, true),
          templates::of(Verb::failover, true),
          templates::of(Verb::failback, true),
          templates::of(Verb::failover, false)}) {
        for (const bool shifts : {true, false}) {
            if (!check(filled(entries, std::nullopt, shifts).all())) {
                return false;
            }
            for (std::size_t kind = 0; kind < kKinds; ++kind) {
                if (!check(filled(entries, static_cast<StepKind>(kind), shifts).all())) {
                    return false;
                }
            }
        }
    }
    return true;
}

consteval bool each_row_stands_at_its_kind() {
    for (std::size_t kind = 0; kind < kKinds; ++kind) {
        if (static_cast<std::size_t>(step_rows::kRows[kind].kind) != kind) {
            return false;
        }
    }
    return step_rows::kRows.size() == kKinds;
}

consteval bool each_row_speaks() {
    for (const StepRow& row : step_rows::kRows) {
        for (std::size_t event = 0; event < kStepEventNames.size(); ++event) {
            if (row.why(static_cast<StepEvent>(event)).empty()) {
                return false;
            }
        }
        if (row.phase.empty() || row.doing.empty()) {
            return false;
        }
    }
    return true;
}

// What is undone has a step that undoes it, and that step asks for nothing.
consteval bool each_undo_exists() {
    for (const StepRow& row : step_rows::kRows) {
        if (row.reversal == Reversal::undone &&
            (!row.undo || !row_of(*row.undo).needs.none() || !row_of(*row.undo).gives.none())) {
            return false;
        }
    }
    return true;
}

// No agent gets permission for the old epoch between the hold and the promotion, and none for the
// new one before a fence is proven.
consteval bool permission_follows_the_facts() {
    for (const StepRow& row : step_rows::kRows) {
        const bool before = row.needs.has(Fact::lag_small) || row.needs.has(Fact::writes_held) ||
                            row.needs.has(Fact::epoch_raised) || row.gives.has(Fact::epoch_raised);
        if (before && row.permission != Permission::nobody) {
            return false;
        }
        if (row.gives.has(Fact::writes) && row.permission != Permission::new_epoch) {
            return false;
        }
        if (row.declared && row.permission != Permission::inherited) {
            return false;
        }
    }
    return true;
}

// No slot admits a kind on which safety stands.
consteval bool slots_admit_only_harmless_kinds() {
    for (std::size_t slot = 0; slot < kSlotNames.size(); ++slot) {
        for (const StepRow& row : step_rows::kRows) {
            const bool harmless = row.declared && row.needs.none() && row.gives.none() &&
                                  row.reversal != Reversal::never && !row.orders_routes;
            if (templates::admits(static_cast<Slot>(slot), row.kind) && !harmless) {
                return false;
            }
        }
    }
    return true;
}

// On the way of an automatic failover nothing calls the Region that is left, nor a control plane.
consteval bool a_failover_needs_nothing_of_the_region_it_leaves() {
    for (const bool promotes : {true, false}) {
        for (const templates::Entry& entry : templates::of(Verb::failover, promotes)) {
            if (entry.is_slot()) {
                continue;
            }
            for (const Call& call : row_of(entry.kind).calls) {
                if (call.plane == Plane::control || call.place == Place::left) {
                    return false;
                }
            }
        }
    }
    return true;
}

static_assert(each_row_stands_at_its_kind(), "row_of() finds rows by their place");
static_assert(each_row_speaks(), "operators read the reason of each outcome");
static_assert(each_undo_exists(), "what is undone needs a step that undoes it");
static_assert(permission_follows_the_facts(), "INV-S1: permission ends before the old epoch does");
static_assert(slots_admit_only_harmless_kinds(), "a declared step cannot break a rule");
static_assert(
    a_failover_needs_nothing_of_the_region_it_leaves(),
    "an automatic failover depends on nothing that may be part of the outage"
);
static_assert(
    holds_for_every_plan([](std::span<const StepKind> plan) {
        return !plan_rules::first_violation(plan).has_value();
    }),
    "INV-S1, INV-S5: the rules of plan_rules.h"
);

}  // namespace farshore::core::plan_proofs
