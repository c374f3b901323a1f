#include <algorithm>
#include <utility>

#include "core/failover/app_core.h"

// What agents and operators ask for: leases, leaving the register, what would be done.
namespace farshore::core {

// nullopt: `epoch` is the one in force, and its end is not near.
std::optional<std::string> AppCore::why_no_grant(Now now, Epoch epoch) const {
    const bool running = operation_running();
    const Epoch next_epoch = running ? record_.operation->plan.epoch_after : record_.epoch;
    if (epoch > record_.epoch && epoch != next_epoch) {
        return "the agent knows a newer epoch than this controller";
    }
    // What was promoted before a restart is in force while the operation proves it again.
    const bool promoted = running && epoch == record_.epoch && epoch == next_epoch;
    if (running && !promoted && !operation_->may_grant(epoch)) {
        return "an operation is " + std::string{record_.operation->doing()};
    }
    if (!running && superseded_ > record_.epoch) {
        return "the epoch items carry a newer epoch than this controller's store";
    }
    if (!running && is_raised_beyond(record_, superseded_)) {
        return "the epoch was raised by an operation that did not finish: only its successor "
               "confirms hosts";
    }
    if (!running && epoch != record_.epoch) {
        return "the epoch is " + std::to_string(record_.epoch.value());
    }
    if (policy_.on_controller_loss == OnControllerLoss::keep) {
        return std::nullopt;
    }
    const Duration by_wall = now.wall - permission_begun_.wall;
    const Duration by_boot = now.at - permission_begun_.at;
    // An operator's word ends with no clock: no reading is behind it that could be older than it
    // looks.
    if (!permission_.is_accepted(epoch) && by_wall - by_boot > policy_.timing.clock_error) {
        return "this controller's clocks disagree: it may have stood still, and gives no "
               "permission "
               "before it has read the epoch items again";
    }
    if (permission_.left(epoch, now.at) == Duration::zero()) {
        return "this controller has not read epoch " + std::to_string(epoch.value()) +
               " in a majority of the epoch items for a lease, so another controller may have "
               "raised a newer one: it gives no permission";
    }
    return std::nullopt;
}

AppCore::LeaseAnswer AppCore::grant_lease(Now now, const HostId& host, Epoch epoch) {
    const auto found = agents_.find(host);
    if (found == agents_.end()) {
        return {std::nullopt, "the host is not in the register"};
    }
    if (std::optional<std::string> why = why_no_grant(now, epoch)) {
        return {std::nullopt, std::move(*why)};
    }
    // What is told of the Regions at this moment is then as cheap as with one host.
    evidence_.settle(now.at);
    // With `keep` no lease protects anything, so nothing limits it.
    const Duration length = policy_.on_controller_loss == OnControllerLoss::keep
                                ? policy_.timing.lease
                                : std::min(policy_.timing.lease, permission_.left(epoch, now.at));
    // The granter counts from the grant, the holder from the start of its request: never early.
    const Instant until = now.at + length;
    found->second.granted_until = std::max(found->second.granted_until.value_or(until), until);
    found->second.granted_under = std::max(found->second.granted_under, epoch);
    return {length, {}};
}

std::optional<std::string> AppCore::why_not_forget(Now now, const HostId& host) const {
    const auto found = agents_.find(host);
    if (found == agents_.end()) {
        return host.value() + " is not in the register";
    }
    if (operation_running()) {
        return "operation " + record_.operation->plan.id.value() + " is running";
    }
    if (found->second.connected) {
        return host.value() + " is connected: end its agent first";
    }
    if (!found->second.granted_until) {
        return std::nullopt;  // this controller has granted it nothing
    }
    const Instant certain = *found->second.granted_until + policy_.timing.clock_error;
    if (now.at <= certain) {
        return host.value() + " may hold permission to write for another " +
               std::to_string(to_ms(certain - now.at)) + " ms";
    }
    return std::nullopt;
}

AppCore::Preview AppCore::preview_of(Situation situation, std::vector<GuardAnswer> guards) const {
    Preview preview;
    preview.guards = std::move(guards);
    preview.levers = std::move(situation.levers);
    preview.loss_window = situation.loss_window;
    for (const auto& [host, agent] : agents_) {
        preview.unproven += agent.unproven;
    }
    return preview;
}

AppCore::Preview AppCore::preview(Now now, const ChangeRequest& request) const {
    Situation situation =
        this->situation(now, request.to, levers_of_request(policy_, record_, request));
    situation.operation_running = situation.operation_running && !supersedes(request);
    std::vector<GuardAnswer> guards = guards_of_request(situation, request);
    Preview preview = preview_of(std::move(situation), std::move(guards));
    preview.to = request.to;
    if (std::ranges::find(policy_.regions, request.to) != policy_.regions.end()) {
        preview.plan = complete(now, plan_of(request, preview.levers));
    }
    return preview;
}

AppCore::Preview AppCore::preview_automatic(Now now) const {
    const std::vector<Lever>& levers =
        levers_for(policy_, evidence_.condition(now.at, record_.active));
    const std::optional<RegionId> to = choose_target(situation(now, RegionId{}, levers));
    Situation situation = this->situation(now, to.value_or(RegionId{}), levers);
    std::vector<GuardAnswer> guards =
        guards_of_automatic_failover(situation, to.value_or(RegionId{}));
    Preview preview = preview_of(std::move(situation), std::move(guards));
    preview.to = to;
    return preview;
}

}  // namespace farshore::core
