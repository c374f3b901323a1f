#pragma once

#include <array>
#include <cstddef>
#include <string_view>

#include "base/enum_names.h"
#include "core/table_proofs.h"

// The life of any step of a plan, as one total table: one row for each (life, event). What a kind
// means stands in its row (step_rows.h); what comes next, in Operation.
namespace farshore::core {

enum class StepLife {
    pending,
    running,
    waiting_for_person,  // it may have taken effect, or could not be done: a person says
    undoing,             // writes go on in the old Region
    succeeded,
    skipped,  // by an operator
    failed,
    unknown,  // the controller cannot find out whether it took effect
};
inline constexpr std::array<std::string_view, 8> kStepLifeNames{
    "pending",
    "running",
    "waiting_for_person",
    "undoing",
    "succeeded",
    "skipped",
    "failed",
    "unknown"
};

constexpr const auto& names_of(StepLife) {
    return kStepLifeNames;
}

enum class LifeEvent {
    begins,
    succeeds,
    fails,       // no attempt is left
    is_unknown,  // the controller cannot find out whether it took effect
    asks,        // a person has to say how it goes on
    is_skipped,
    is_undone,  // what it did is being taken back
    rewinds,    // the plan begins again at this step or before it
};
inline constexpr std::array<std::string_view, 8> kLifeEventNames{
    "begins", "succeeds", "fails", "is_unknown", "asks", "is_skipped", "is_undone", "rewinds"
};

constexpr const auto& names_of(LifeEvent) {
    return kLifeEventNames;
}

struct LifeRow {
    StepLife from;
    LifeEvent on;
    StepLife to;
    std::string_view why;
};

namespace life_table {

using enum StepLife;
using enum LifeEvent;

// clang-format off
inline constexpr auto kRows = std::to_array<LifeRow>({
    {pending, begins,     running, "its turn has come"},
    {pending, succeeds,   pending, "it has not begun"},
    {pending, fails,      pending, "it has not begun"},
    {pending, is_unknown, pending, "it has not begun"},
    {pending, asks,       pending, "it has not begun"},
    {pending, is_skipped, skipped, "it is left out"},
    {pending, is_undone,  pending, "there is nothing to undo"},
    {pending, rewinds,    pending, "it has not begun"},

    {running, begins,     running,            "it is begun again: a controller took it over"},
    {running, succeeds,   succeeded,          "it did what it is for"},
    {running, fails,      StepLife::failed,   "it could not be done"},
    {running, is_unknown, StepLife::unknown,  "it is not known whether it took effect"},
    {running, asks,       waiting_for_person, "a person has to say how it goes on"},
    {running, is_skipped, skipped,            "an operator goes on without it"},
    {running, is_undone,  undoing,            "what was begun is taken back"},
    {running, rewinds,    pending,            "the plan begins again before it"},

    {waiting_for_person, begins,     running,            "an operator has it done again"},
    {waiting_for_person, succeeds,   succeeded,          "an operator says that it is done"},
    {waiting_for_person, fails,      StepLife::failed,   "an operator says that it failed, or said nothing in time"},
    {waiting_for_person, is_unknown, StepLife::unknown,  "no operator said in time whether it took effect"},
    {waiting_for_person, asks,       waiting_for_person, "the question stands already"},
    {waiting_for_person, is_skipped, skipped,            "an operator goes on without it"},
    {waiting_for_person, is_undone,  undoing,            "what was begun is taken back"},
    {waiting_for_person, rewinds,    pending,            "the plan begins again before it"},

    {undoing, begins,     running,           "another attempt"},
    {undoing, succeeds,   undoing,           "it is being taken back"},
    {undoing, fails,      StepLife::failed,  "it was taken back"},
    {undoing, is_unknown, undoing,           "it is being taken back"},
    {undoing, asks,       undoing,           "it is being taken back"},
    {undoing, is_skipped, undoing,           "it is being taken back"},
    {undoing, is_undone,  undoing,           "it is being taken back already"},
    {undoing, rewinds,    pending,           "another attempt follows"},

    {succeeded, begins,     succeeded, "it has ended"},
    {succeeded, succeeds,   succeeded, "it has ended"},
    {succeeded, fails,      succeeded, "it has ended"},
    {succeeded, is_unknown, succeeded, "it has ended"},
    {succeeded, asks,       succeeded, "it has ended"},
    {succeeded, is_skipped, succeeded, "it has ended"},
    {succeeded, is_undone,  undoing,   "what it did is taken back"},
    {succeeded, rewinds,    pending,   "the plan begins again before it"},

    {skipped, begins,     skipped, "it is left out"},
    {skipped, succeeds,   skipped, "it is left out"},
    {skipped, fails,      skipped, "it is left out"},
    {skipped, is_unknown, skipped, "it is left out"},
    {skipped, asks,       skipped, "it is left out"},
    {skipped, is_skipped, skipped, "it is left out"},
    {skipped, is_undone,  skipped, "there is nothing to undo"},
    {skipped, rewinds,    skipped, "it stays left out"},

    {StepLife::failed, begins,     StepLife::failed, "it has ended"},
    {StepLife::failed, succeeds,   StepLife::failed, "it has ended"},
    {StepLife::failed, fails,      StepLife::failed, "it has ended"},
    {StepLife::failed, is_unknown, StepLife::failed, "it has ended"},
    {StepLife::failed, asks,       StepLife::failed, "it has ended"},
    {StepLife::failed, is_skipped, StepLife::failed, "it has ended"},
    {StepLife::failed, is_undone,  undoing,          "what it did is taken back"},
    {StepLife::failed, rewinds,    pending,          "the plan begins again before it"},

    {StepLife::unknown, begins,     StepLife::unknown, "it has ended"},
    {StepLife::unknown, succeeds,   StepLife::unknown, "it has ended"},
    {StepLife::unknown, fails,      StepLife::unknown, "it has ended"},
    {StepLife::unknown, is_unknown, StepLife::unknown, "it has ended"},
    {StepLife::unknown, asks,       StepLife::unknown, "it has ended"},
    {StepLife::unknown, is_skipped, StepLife::unknown, "it has ended"},
    {StepLife::unknown, is_undone,  StepLife::unknown, "what may or may not have taken effect cannot be taken back"},
    {StepLife::unknown, rewinds,    pending,           "the plan begins again before it"},
});
// clang-format on

inline constexpr std::array kBeginnings{StepLife::pending};

static_assert(
    table_proofs::every_cell_has_one_row<kStepLifeNames.size(), kLifeEventNames.size()>(kRows),
    "a case was forgotten or written twice"
);
static_assert(table_proofs::every_row_says_why(kRows), "operators read the reason of each row");
static_assert(
    table_proofs::every_state_is_reachable<kStepLifeNames.size()>(kRows, kBeginnings),
    "a life that nothing leads to is dead code"
);

}  // namespace life_table

[[nodiscard]] constexpr bool has_ended(StepLife life) {
    return life == StepLife::succeeded || life == StepLife::skipped || life == StepLife::failed ||
           life == StepLife::unknown;
}

[[nodiscard]] constexpr const LifeRow& row_for(StepLife from, LifeEvent on) {
    return life_table::kRows
        [table_proofs::index_of(from) * kLifeEventNames.size() + table_proofs::index_of(on)];
}

}  // namespace farshore::core
