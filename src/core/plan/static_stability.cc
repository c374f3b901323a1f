#include "core/plan/static_stability.h"

#include <algorithm>
#include <utility>

#include "core/plan/build_plan.h"

namespace farshore::core {

namespace {

// Where Route 53, IAM, CloudFront and other global services have their only control plane.
constexpr std::string_view kGlobalControl = "us-east-1";

RegionId region_of(const StepCall& call, const RegionId& from, const RegionId& to) {
    if (call.region == "${from}") {
        return from;
    }
    return call.region == "${to}" ? to : RegionId{call.region};
}

// Could the step stand in the plan of a failover that begins by itself?
bool may_stand_in_one(const DeclaredStep& step, const RegionId& from, const RegionId& to) {
    const bool of_the_verb =
        step.verbs.empty() || std::ranges::find(step.verbs, Verb::failover) != step.verbs.end();
    const StepConditionValues values{
        .loss = {},
        .lag = {},
        .verb = Verb::failover,
        .from = from,
        .to = to,
        .automatic = true,
        .verdict = {}
    };
    return of_the_verb && (!step.when || step.when->may_hold(values));
}

// Those of a fleet follow from its kind.
std::vector<StepCall> calls_of(const DeclaredStep& step) {
    if (!is_fleet(step.kind)) {
        return step.calls;
    }
    const bool launches = step.kind == StepKind::asg || step.kind == StepKind::ecs;
    return {
        {.need = launches ? CallNeed::launch : CallNeed::control, .region = step.fleet.region}
    };
}

void find_unstable(
    const DeclaredStep& step,
    const RegionId& from,
    const RegionId& to,
    std::vector<std::string>& found
) {
    for (const StepCall& call : calls_of(step)) {
        const auto why = why_unstable(call, from, to);
        if (why && !step.best_effort) {
            found.push_back(
                "step " + (step.name.empty() ? std::string{to_string(step.kind)} : step.name) +
                ": " + *why
            );
        }
    }
    for (const DeclaredStep& inner : step.steps) {
        find_unstable(inner, from, to, found);
    }
}

}  // namespace

Result<StepCall> step_call_from(std::string_view text) {
    const std::size_t blank = text.find(' ');
    const auto need = enum_from<CallNeed>(text.substr(0, blank));
    const std::string_view region =
        blank == std::string_view::npos ? std::string_view{} : text.substr(blank + 1);
    if (!need || region.empty() || region.contains(' ')) {
        return fail(
            ErrorKind::malformed,
            "`" + std::string{text} + "` is no call, such as `data ${to}` or `control us-east-1`"
        );
    }
    return StepCall{.need = *need, .region = std::string{region}};
}

std::optional<std::string> why_unstable(
    const StepCall& call, const RegionId& from, const RegionId& to
) {
    const RegionId region = region_of(call, from, to);
    if (region == from) {
        return "it calls " + from.value() + ", which a failover to " + to.value() + " leaves";
    }
    switch (call.need) {
        case CallNeed::data: return std::nullopt;
        case CallNeed::control:
            return region.value() == kGlobalControl
                       ? std::optional<std::string>{"it calls a control plane in us-east-1, on "
                                                    "which a failover elsewhere must not depend"}
                       : std::nullopt;
        case CallNeed::launch:
            return "it launches capacity in " + region.value() +
                   ", which may not be had when many leave a Region";
        case CallNeed::sts: return "it needs a new STS session in " + region.value();
    }
    std::unreachable();
}

std::vector<std::string> unstable_in(
    std::span<const DeclaredStep> declared, const RegionId& from, const RegionId& to
) {
    std::vector<std::string> found;
    for (const DeclaredStep& step : declared) {
        if (may_stand_in_one(step, from, to)) {
            find_unstable(step, from, to, found);
        }
    }
    return found;
}

}  // namespace farshore::core
