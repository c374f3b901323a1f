#include "cli/region_checks.h"

#include <algorithm>
#include <cstddef>
#include <utility>

#include <fmt/format.h>

#include "base/text.h"
#include "wire/config_rules.h"

namespace farshore::cli {

namespace {

using State = LiveCheck::State;

constexpr std::string_view kStepRemedy =
    "mark the step `best_effort: true`, or let it belong to `verbs: [switchover, failback]`";

std::size_t standing_in(const std::vector<RegionId>& regions, const RegionId& without) {
    return static_cast<std::size_t>(std::ranges::count(regions, without));
}

// Declared steps of a failover to `to` that need what an outage of `from` may take.
std::vector<LiveCheck> step_checks(
    const config::Config& config, const RegionId& from, const RegionId& to
) {
    std::vector<LiveCheck> checks;
    for (const std::string& why : core::unstable_in(config.steps, from, to)) {
        checks.push_back(
            {.what = "plan to " + to.value(),
             .state = State::wrong,
             .text = why,
             .remedy = std::string{kStepRemedy}}
        );
    }
    if (checks.empty()) {
        checks.push_back(
            {.what = "plan to " + to.value(),
             .text = "needs nothing of " + from.value() +
                     ", no control plane in us-east-1, no new capacity and no new session"}
        );
    }
    return checks;
}

LiveCheck epoch_check(const config::Config& config, const RegionId& without) {
    std::vector<RegionId> holders;
    for (const config::Region& region : config.regions) {
        holders.push_back(region.id);
    }
    if (!config.witness.value().empty()) {
        holders.push_back(config.witness);
    }
    const std::size_t left = holders.size() - standing_in(holders, without);
    LiveCheck check{
        .what = "epoch records", .text = fmt::format("{} of {} are left", left, holders.size())
    };
    if (left * 2 <= holders.size()) {
        check.state = State::wrong;
        check.text += ": no majority, so no epoch can be raised and no failover can start";
        check.remedy = "name a third Region in `witness: { region: ... }`";
    } else {
        check.text += ": a majority, so an epoch can be raised";
    }
    return check;
}

LiveCheck quorum_check(const config::Config& config, const RegionId& without) {
    const bool has_agents = config.region(without) != nullptr;
    const bool has_controller = config.controller.region == without;
    const std::size_t observers = config::observers_of(config).size();
    const std::size_t left = observers - (has_agents ? 1U : 0U) - (has_controller ? 1U : 0U);
    LiveCheck check{
        .what = "observers",
        .text = fmt::format(
            "{} of {} are left, and a verdict needs {}",
            left,
            observers,
            config.detect.quorum.needed
        )
    };
    if (std::cmp_less(left, config.detect.quorum.needed)) {
        check.state = State::wrong;
        check.text += ": automation does nothing, an operator has to ask for the failover";
        check.remedy = "let the controller stand with a witness, and the quorum be 2 of 3";
    }
    return check;
}

LiveCheck controller_check(const config::Config& config, const RegionId& without) {
    const RegionId& stands = config.controller.region;
    if (stands == without) {
        return {
            .what = "controller",
            .state = State::wrong,
            .text = "it stands in " + without.value() +
                    ", so nobody decides and nothing can be asked for; agents go on by the epoch "
                    "records",
            .remedy = "let it stand with the witness, in a third Region"
        };
    }
    if (stands.value().empty()) {
        return {
            .what = "controller",
            .state = State::unchecked,
            .text = "the configuration does not say where it stands",
            .remedy = "write `controller: { region: ... }`"
        };
    }
    return {.what = "controller", .text = "it stands in " + stands.value()};
}

std::optional<LiveCheck> joining_check(const config::Config& config, const RegionId& without) {
    if (config.join.roles.empty()) {
        return std::nullopt;
    }
    const std::vector<RegionId>& asked = config.join.sts_regions;
    const bool alone = !asked.empty() && standing_in(asked, without) == asked.size();
    LiveCheck check{.what = "joining", .text = "another Region's STS can prove who a host is"};
    if (alone) {
        check.state = State::wrong;
        check.text = "only the STS of " + without.value() + " is asked: no new host can join";
        check.remedy = "name another Region in join.aws.sts_regions";
    }
    return check;
}

std::optional<LiveCheck> traffic_check(const config::Config& config, const RegionId& without) {
    if (!config.traffic) {
        return std::nullopt;
    }
    return LiveCheck{
        .what = "record " + config.traffic->record,
        .text = without.value() == "us-east-1"
                    ? "not looked up: Route 53's control plane is in us-east-1; moving users "
                      "changes no record"
                    : "moving users changes no record, and asks no control plane"
    };
}

}  // namespace

std::vector<LiveCheck> checks_to(const config::Config& config, const RegionId& to) {
    std::vector<LiveCheck> checks;
    for (const config::Region& region : config.regions) {
        if (region.id == to) {
            const bool is_asked = !region.health.empty();
            checks.push_back(
                {.what = "stack in " + to.value(),
                 .state = is_asked ? State::good : State::advice,
                 .text =
                     is_asked ? "asked at " + region.health : "nobody asks whether it serves users",
                 .remedy = is_asked ? "" : "write `health: https://.../healthz` of the Region"}
            );
        } else {
            std::ranges::move(step_checks(config, region.id, to), std::back_inserter(checks));
        }
    }
    return checks;
}

std::vector<LiveCheck> plan_checks(const wire::PlanDocument& plan, const RegionId& to) {
    const std::string what = "failover to " + to.value();
    std::vector<LiveCheck> checks;
    for (const wire::GuardDocument& guard : plan.guards) {
        if (!guard.passed) {
            checks.push_back(
                {.what = what,
                 .state = State::wrong,
                 .text = "guard " + guard.guard + " would refuse it: " + guard.text,
                 .remedy = guard.remedy.empty() ? "`farshore plan failover --to " + to.value() +
                                                      "` shows when it has passed"
                                                : guard.remedy}
            );
        }
    }
    if (!plan.text.empty()) {
        checks.push_back({.what = what, .text = plan.text});
    } else if (checks.empty()) {
        checks.push_back(
            {.what = what,
             .state = plan.allowed ? State::good : State::wrong,
             .text = plan.allowed ? "an operator's could start now" : "it would be refused",
             .remedy = "`farshore plan failover --to " + to.value() + "` says why"}
        );
    }
    return checks;
}

std::vector<LiveCheck> checks_without(const config::Config& config, const RegionId& without) {
    std::vector<LiveCheck> checks{
        controller_check(config, without),
        epoch_check(config, without),
        quorum_check(config, without)
    };
    for (auto&& more : {joining_check(config, without), traffic_check(config, without)}) {
        if (more) {
            checks.push_back(*more);
        }
    }
    for (const config::Region& region : config.regions) {
        // From a Region that is no table Region nothing is left.
        if (config.region(without) != nullptr && region.id != without) {
            std::ranges::move(step_checks(config, without, region.id), std::back_inserter(checks));
        }
    }
    return checks;
}

}  // namespace farshore::cli
