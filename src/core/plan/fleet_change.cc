#include "core/plan/fleet_change.h"

namespace farshore::core {

namespace {

std::string joined(const NamedTexts& texts) {
    std::string out;
    for (const NamedText& each : texts) {
        out += (out.empty() ? "" : ", ") + each.name + "=" + each.value;
    }
    return out;
}

std::string capacity_of(const FleetChange& change) {
    std::string out;
    if (change.minimum) {
        out = "a minimum of " + std::to_string(*change.minimum);
    }
    if (change.desired) {
        out += (out.empty() ? "" : " and ") + ("a desired capacity of " + std::to_string(*change.desired));
    }
    return out + " at least";
}

std::string changes_of_lambda(const FleetChange& change) {
    std::string out = change.set.empty() ? "" : "set " + joined(change.set) + " in";
    if (change.event_sources != EventSources::as_they_are) {
        out += (out.empty() ? "" : " and ") + ("turn event sources " + std::string{to_string(change.event_sources)} + " for");
    }
    return out;
}

}  // namespace

std::string text_of(StepKind kind, const FleetChange& change) {
    const std::string where = " in " + change.region;
    if (kind == StepKind::ssm) {
        return "run a script on the running instances with " + joined(change.tags) + where;
    }
    if (kind == StepKind::asg) {
        return "give group " + change.group + where + " " + capacity_of(change);
    }
    if (kind == StepKind::ecs) {
        return "set " + joined(change.set) + " in service " + change.cluster + "/" +
               change.service + where + ", and see it rolled out";
    }
    return kind == StepKind::lambda
               ? changes_of_lambda(change) + " function " + change.function + where
               : std::string{};
}

std::string wrong_with(StepKind kind, const FleetChange& change) {
    if (kind == StepKind::ssm && change.tags.empty()) {
        return "`tags` is empty: it would run on every instance";
    }
    if (kind == StepKind::ssm && change.script.empty()) {
        return "`script` is empty";
    }
    if (kind == StepKind::asg && !change.minimum && !change.desired) {
        return "neither `minimum` nor `desired` is there";
    }
    if (kind == StepKind::ecs && change.set.empty()) {
        return "`set` is empty";
    }
    const bool stays = change.set.empty() && change.event_sources == EventSources::as_they_are;
    return kind == StepKind::lambda && stays ? "neither `set` nor `event_sources` is there" : "";
}

}  // namespace farshore::core
