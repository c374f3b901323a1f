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

// Lines of a shell script, in which every word is the shell's own.
struct Script {
    [[nodiscard]] static std::optional<std::string> parse(
        Section& section, const YamlNode& node, std::string_view key
    );
};

// A map from names to texts, which may hold ${to} and its like.
struct PlanTexts {
    static void read(Section& section, std::string_view key, core::NamedTexts& out);
    [[nodiscard]] static boost::json::value show(const core::NamedTexts& texts, Which which);
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
// `member`: of the step's fleet.
template <class Value>
constexpr auto fleet(Value core::FleetChange::* member) {
    return [member](auto& step) -> auto& { return step.fleet.*member; };
}

inline constexpr std::tuple kFleet{
    Field{"region", fleet(&core::FleetChange::region), PlanText{}, "where the fleet is: a Region's name, `${from}` or `${to}`", {.need = Need::required}},
    Field{"attempts", &DeclaredStep::attempts, Count{{.least = 1, .most = 100}}, "how often it is tried"},
    Field{"best_effort", &DeclaredStep::best_effort, Flag{}, "a failover does not depend on it; then `on_failure` is `continue`"},
};
inline constexpr std::tuple kSsm{
    Field{"tags", fleet(&core::FleetChange::tags), PlanTexts{}, "which running instances: those that have each of these tags", {.need = Need::required}},
    Field{"script", fleet(&core::FleetChange::script), Script{}, "lines for /bin/sh, which end with status 0 when what they changed is in effect", {.need = Need::required}},
    Field{"errors_max", fleet(&core::FleetChange::errors_max), Count{{.least = 0, .most = 1'000'000}}, "on how many instances it may fail"},
    Field{"none_is_fine", fleet(&core::FleetChange::none_is_fine), Flag{}, "no such instance is no failure"},
};
inline constexpr std::tuple kAsg{
    Field{"group", fleet(&core::FleetChange::group), PlanText{}, "the Auto Scaling group", {.need = Need::required}},
    Field{"minimum", fleet(&core::FleetChange::minimum), Count{{.least = 0, .most = 1'000'000}}, "raise its minimum to this"},
    Field{"desired", fleet(&core::FleetChange::desired), Count{{.least = 0, .most = 1'000'000}}, "raise its desired capacity to this, and wait until so many instances are in service"},
};
inline constexpr std::tuple kEcs{
    Field{"cluster", fleet(&core::FleetChange::cluster), PlanText{}, "the cluster", {.need = Need::required}},
    Field{"service", fleet(&core::FleetChange::service), PlanText{}, "the service", {.need = Need::required}},
    Field{"set", fleet(&core::FleetChange::set), PlanTexts{}, "variables of the environment of each container", {.need = Need::required}},
};
inline constexpr std::tuple kLambda{
    Field{"function", fleet(&core::FleetChange::function), PlanText{}, "the function", {.need = Need::required}},
    Field{"set", fleet(&core::FleetChange::set), PlanTexts{}, "variables of its environment"},
    Field{"event_sources", fleet(&core::FleetChange::event_sources), Word<core::EventSources>{}, "whether its queues and streams call it: `on` in one Region only"},
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
    } else if (kind == core::StepKind::ssm) {
        with(std::tuple_cat(kTimeout, kFleet, kSsm));
    } else if (kind == core::StepKind::asg) {
        with(std::tuple_cat(kTimeout, kFleet, kAsg));
    } else if (kind == core::StepKind::ecs) {
        with(std::tuple_cat(kTimeout, kFleet, kEcs));
    } else if (kind == core::StepKind::lambda) {
        with(std::tuple_cat(kTimeout, kFleet, kLambda));
    } else if (kind == core::StepKind::parallel) {
        with(kParallel);
    }
}

}  // namespace step_keys

}  // namespace farshore::config
