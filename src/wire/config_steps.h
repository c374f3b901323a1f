#pragma once

#include <tuple>
#include <vector>

#include "core/plan/build_plan.h"
#include "wire/config_forms.h"

// The steps of the operator's own: `steps` of farshore.yaml.
namespace farshore::config {

enum class Placed { yes, no };  // a step inside of a parallel one stands where that stands

// A list of steps. Findings: C250 to C252, C254.
struct StepList {
    Placed placed = Placed::yes;

    void read(Section& section, std::string_view key, std::vector<core::DeclaredStep>& out) const;
    [[nodiscard]] boost::json::value show(const std::vector<core::DeclaredStep>& steps, Which which)
        const;
};

// When a step stands in a plan (core/plan/step_condition.h).
struct Condition {
    [[nodiscard]] static std::optional<core::StepCondition> parse(
        Section& section, const YamlNode& node, std::string_view key
    );
};

// What a command asks of a Region: "launch ${to}". Findings: C254.
struct Call {
    [[nodiscard]] static std::optional<core::StepCall> parse(
        Section& section, const YamlNode& node, std::string_view key
    );
};

// A word of a command, which may hold ${to} and its like: they are for the plan.
struct PlanText {
    [[nodiscard]] static std::optional<std::string> parse(
        Section& section, const YamlNode& node, std::string_view key
    );
};

namespace step_keys {

using core::DeclaredStep;

inline constexpr DurationRange kBound{.least = 10ms, .most = 24h};

// clang-format off
inline constexpr std::tuple kName{
    Field{"name", &DeclaredStep::name, Text{}, "what it is called; by default after its place"},
};
inline constexpr std::tuple kPlace{
    Field{"at", &DeclaredStep::at, Word<core::Slot>{}, "where it stands in the plan", {.need = Need::required}},
    Field{"verbs", &DeclaredStep::verbs, List{Word<core::Verb>{}}, "whose plans have it; by default all"},
    Field{"when", &DeclaredStep::when, Condition{}, "a condition, asked when the plan is made"},
};
inline constexpr std::tuple kTimeout{
    Field{"timeout", &DeclaredStep::timeout, Time{kBound}, "how long it may take"},
};
inline constexpr std::tuple kLength{
    Field{"timeout", &DeclaredStep::timeout, Time{kBound}, "how long it takes", {.need = Need::required}},
};
inline constexpr std::tuple kCommand{
    Field{"run", &DeclaredStep::run, List{PlanText{}}, "a program and its arguments", {.need = Need::required}},
    Field{"attempts", &DeclaredStep::attempts, Count{{.least = 1, .most = 100}}, "how often it is tried"},
    Field{"calls", &DeclaredStep::calls, List{Call{}}, "what it asks of which Region: `data`, `control`, `launch` or `sts` with a Region's name, `${from}` or `${to}`"},
    Field{"best_effort", &DeclaredStep::best_effort, Flag{}, "a failover does not depend on it; then `on_failure` is `continue`"},
};
inline constexpr std::tuple kParallel{
    Field{"steps", &DeclaredStep::steps, StepList{Placed::no}, "steps side by side", {.need = Need::required}},
};
inline constexpr std::tuple kEnd{
    Field{"on_failure", &DeclaredStep::on_failure, Word<core::OnFailure>{}, "what follows when it cannot be done"},
};
// clang-format on

// Calls `use` with the rows of a kind of step; only kinds that an operator may declare have some.
template <class Use>
void with_rows(core::StepKind kind, Placed placed, const Use& use) {
    const auto with = [&](const auto& own) {
        if (placed == Placed::yes) {
            use(std::tuple_cat(kName, kPlace, own, kEnd));
        } else {
            use(std::tuple_cat(kName, own, kEnd));
        }
    };
    if (kind == core::StepKind::approve) {
        with(kTimeout);
    } else if (kind == core::StepKind::wait) {
        with(kLength);
    } else if (kind == core::StepKind::command) {
        with(std::tuple_cat(kTimeout, kCommand));
    } else if (kind == core::StepKind::parallel) {
        with(kParallel);
    }
}

}  // namespace step_keys

}  // namespace farshore::config
