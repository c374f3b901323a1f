#include "controller/core_input.h"

#include "core/evidence/observers.h"

namespace farshore::controller {

core::Policy policy_of(const config::Config& config) {
    core::Policy policy;
    policy.app = config.app;
    for (const config::Region& region : config.regions) {
        policy.regions.push_back(region.id);
        if (!region.health.empty()) {
            policy.stacks_watched.push_back(region.id);
        }
    }
    policy.users_can_be_shifted = config.traffic.has_value();
    policy.mode = config.decide.mode;
    policy.approve_within = config.decide.approve_within;
    policy.steps = config.steps;
    policy.max_loss = config.decide.max_loss;
    policy.cooldown = config.decide.cooldown;
    policy.require_drill_within = config.decide.require_drill_within;
    policy.early = config.detect.early;
    policy.on_controller_loss = config.fence.on_controller_loss;
    policy.data_impaired = config.levers.data_impaired;
    policy.stack_impaired = config.levers.stack_impaired;
    policy.region_lost = config.levers.region_lost;
    core::Timing& timing = policy.timing;
    timing.lease = config.fence.lease;
    timing.clock_error = config.fence.clock_error;
    timing.unknown_for = config.fence.unknown_for;
    timing.hold_max = config.switchover.hold_max;
    timing.hold_when_lag_below = config.switchover.hold_when_lag_below;
    timing.drain_timeout = config.switchover.drain_timeout;
    timing.drain_attempts = config.switchover.drain_attempts;
    timing.pause_between_attempts = config.switchover.pause_between_attempts;
    timing.verify_patience = config.verify.timeout;
    return policy;
}

core::Rules rules_of(const config::Config& config) {
    core::Rules rules{
        .policy = policy_of(config), .quorum_needed = config.detect.quorum.needed, .hysteresis = {}
    };
    rules.hysteresis.unhealthy_for = config.detect.unhealthy_for;
    rules.hysteresis.healthy_for = config.detect.healthy_for;
    rules.hysteresis.fresh_for = config.detect.fresh_for;
    return rules;
}

std::vector<core::Observer> observers_of(
    const config::Config& config, const std::vector<ports::RegisteredHost>& hosts
) {
    std::vector<core::Observer> observers;
    observers.push_back(
        {.id = config.controller.id, .stands_in = config.controller.region, .hosts = {}}
    );
    for (const config::Region& region : config.regions) {
        core::Observer observer{
            .id = core::agents_of(region.id), .stands_in = region.id, .hosts = {}
        };
        for (const ports::RegisteredHost& host : hosts) {
            if (host.region == region.id) {
                observer.hosts.push_back(host.host);
            }
        }
        observers.push_back(std::move(observer));
    }
    return observers;
}

}  // namespace farshore::controller
