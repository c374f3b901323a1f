#include "core/failover/fence_proof.h"

#include <algorithm>

namespace farshore::core {

namespace {

// When the agent's permission has run out for certain; nullopt: never by itself.
std::optional<Instant> certain_at(const FenceSituation& situation, const AgentStanding& agent) {
    if (!situation.raised_at) {
        return std::nullopt;
    }
    switch (situation.on_controller_loss) {
        case OnControllerLoss::keep: return std::nullopt;
        case OnControllerLoss::verify: {
            // A read that began just before the raise may have confirmed the old epoch for one
            // lease.
            const Instant by_records = *situation.raised_at + situation.lease;
            return std::max(by_records, agent.granted_until.value_or(by_records)) +
                   situation.clock_error;
        }
        case OnControllerLoss::fence:
            return agent.granted_until.value_or(*situation.raised_at + situation.lease) +
                   situation.clock_error;
    }
    return std::nullopt;
}

}  // namespace

std::expected<FenceProof, NotFenced> prove_fenced(const FenceSituation& situation, Instant now) {
    NotFenced open;
    bool by_time = true;
    for (const AgentStanding& agent : situation.agents) {
        if (agent.fence_acknowledged) {
            continue;
        }
        const std::optional<Instant> at = certain_at(situation, agent);
        if (at && now > *at) {
            continue;
        }
        open.missing.push_back(agent.host);
        by_time = by_time && at.has_value();
        if (at) {
            open.certain_at = std::max(open.certain_at.value_or(*at), *at);
        }
    }
    if (!situation.raised_at) {
        return std::unexpected(
            NotFenced{.certain_at = std::nullopt, .missing = std::move(open.missing)}
        );
    }
    if (open.missing.empty()) {
        return FenceProof{situation.new_epoch, {}};
    }
    if (situation.accept_unfenced) {
        return FenceProof{situation.new_epoch, std::move(open.missing)};
    }
    if (!by_time) {
        open.certain_at.reset();
    }
    return std::unexpected(std::move(open));
}

}  // namespace farshore::core
