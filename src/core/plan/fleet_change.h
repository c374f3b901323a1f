#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/plan/step_kind.h"

// What a fleet step changes in AWS: hosts without an agent, capacity, services, functions. Values;
// adapters/aws carries them out.
namespace farshore::core {

[[nodiscard]] constexpr bool is_fleet(StepKind kind) {
    return kind == StepKind::ssm || kind == StepKind::asg || kind == StepKind::ecs ||
           kind == StepKind::lambda;
}

struct NamedText {
    std::string name;
    std::string value;

    friend bool operator==(const NamedText&, const NamedText&) = default;
};

// In the order of the file.
using NamedTexts = std::vector<NamedText>;

// May a function's event sources, such as queues and streams, call it?
enum class EventSources { as_they_are, on, off };
inline constexpr std::array<std::string_view, 3> kEventSourcesNames{"as_they_are", "on", "off"};

constexpr const auto& names_of(EventSources) {
    return kEventSourcesNames;
}

// Members that a kind does not have stay empty. In a configuration texts but the script may hold
// ${to} and its like; a plan has their values.
struct FleetChange {
    std::string region;
    // ssm: on running instances that have each of the tags.
    NamedTexts tags;
    // Of /bin/sh, with FARSHORE_TO and its like in its environment. It is to exit with 0 only when
    // what it changed is in effect.
    std::string script;
    int errors_max = 0;  // so many instances may fail
    // asg
    std::string group;
    std::optional<int> minimum;
    std::optional<int> desired;
    // ecs
    std::string cluster;
    std::string service;
    // lambda
    std::string function;
    EventSources event_sources = EventSources::as_they_are;
    // ecs, lambda: variables of the environment; others stay.
    NamedTexts set;
    bool none_is_fine = false;  // else nothing found is a failure

    friend bool operator==(const FleetChange&, const FleetChange&) = default;
};

// "run a script on the running instances of eu-west-1 with App=Magento".
[[nodiscard]] std::string text_of(StepKind kind, const FleetChange& change);

// What a configuration leaves out or says twice; empty: nothing.
[[nodiscard]] std::string wrong_with(StepKind kind, const FleetChange& change);

// Calls `use` with each text in which ${to} and its like may stand.
template <class Change, class Use>
void for_each_text(Change& change, const Use& use) {
    for (auto* text :
         {&change.region,
          &change.group,
          &change.cluster,
          &change.service,
          &change.function}) {
        use(*text);
    }
    for (auto* texts : {&change.tags, &change.set}) {
        for (auto& each : *texts) {
            use(each.value);
        }
    }
}

}  // namespace farshore::core
