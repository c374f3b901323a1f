#include "core/failover/fence_proof.h"

#include <algorithm>

#include "core/planted.h"

namespace farshore::core {

namespace {

// When the agent's permission has run out for certain; nullopt: never by itself.
std::optional<Instant> certain_at(const FenceSituation& situation, const AgentStanding& agent) {
    if (!situation.raised_at || situation.on_controller_loss == OnControllerLoss::keep) {
        return std::nullopt;
    }
    if (is_planted(PlantedBug::acknowledgement_only)) {
        return std::nullopt;
    }
    if (is_planted(PlantedBug::own_grants_only)) {
        return agent.granted_until.value_or(*situation.raised_at) + situation.clock_error;
    }
    // A reading of the items that began just before the raise may have found the old epoch. It
    // confirmed a host for one lease, or entitled another controller to grant until then.
    const Instant by_items = *situation.raised_at + situation.lease;
    return std::max(by_items, agent.granted_until.value_or(by_items)) + situation.clock_error;
}

// The records confirm only hosts that the present register knows; what was confirmed before it runs
// out as any lease does.
std::optional<Instant> strangers_end(const FenceSituation& situation) {
    if (situation.on_controller_loss == OnControllerLoss::keep) {
        return std::nullopt;
    }
    return *situation.strangers_until + situation.clock_error;
}

}  // namespace

std::expected<FenceProof, NotFenced> prove_fenced(const FenceSituation& situation, Instant now) {
    NotFenced open;
    bool by_time = true;
    const auto is_open = [&](const std::optional<Instant>& end) {
        if (end && now > *end) {
            return false;
        }
        by_time = by_time && end.has_value();
        if (end) {
            open.certain_at = std::max(open.certain_at.value_or(*end), *end);
        }
        return true;
    };
    for (const AgentStanding& agent : situation.agents) {
        if (!agent.fence_acknowledged && is_open(certain_at(situation, agent))) {
            open.missing.push_back(agent.host);
        }
    }
    open.strangers = situation.strangers_until.has_value() && is_open(strangers_end(situation));
    if (!situation.raised_at) {
        open.certain_at.reset();
        return std::unexpected(std::move(open));
    }
    if (open.missing.empty() && !open.strangers) {
        return FenceProof{situation.new_epoch, {}, false};
    }
    if (situation.accept_unfenced) {
        return FenceProof{situation.new_epoch, std::move(open.missing), open.strangers};
    }
    if (!by_time) {
        open.certain_at.reset();
    }
    return std::unexpected(std::move(open));
}

}  // namespace farshore::core
