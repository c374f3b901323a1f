#include "core/recording/decided.h"

#include <cstddef>

namespace farshore::core {

namespace {

std::string in_epoch(std::string what, Epoch epoch, const RegionId& active) {
    return std::move(what) + " epoch " + std::to_string(epoch.value()) + " in " + active.value();
}

// Of which hosts the order is one: their number. A recording keeps their names in other lines.
struct InWords {
    std::string operator()(const RaiseEpoch& a) const {
        return in_epoch(a.only_look ? "look for" : "raise", a.epoch, a.active);
    }

    std::string operator()(const FindHosts&) const { return "find hosts"; }

    std::string operator()(const OrderAgents& a) const {
        return in_epoch("order " + std::string{to_string(a.type)}, a.epoch, a.active) + " to " +
               std::to_string(a.hosts.size()) + (a.hosts.size() == 1 ? " host" : " hosts");
    }

    std::string operator()(const ExamineLosses& a) const {
        return "examine losses from " + a.from.value() + " in " + a.to.value();
    }

    std::string operator()(const ServeUsers& a) const { return "serve users in " + a.to.value(); }

    std::string operator()(const VerifyFunction& a) const { return "verify in " + a.in.value(); }

    std::string operator()(const RunCommand& a) const { return "run " + a.name; }

    std::string operator()(const StopCommand&) const { return "stop the command"; }

    std::string operator()(const MoveFleet& a) const { return text_of(a.kind, a.change); }

    std::string operator()(const LeaveFleet&) const { return "leave the fleet"; }

    std::string operator()(const Announce& a) const { return "announce: " + a.text; }
};

std::string reply_in_words(const Reply& reply) {
    if (!reply) {
        return "refused: " + reply.error().error.text;
    }
    return reply->nothing.empty() ? "taken" : "taken: " + reply->nothing;
}

}  // namespace

Decided Deciding::after(Now now, const AppCore& core, const Effects& effects) {
    Decided decided;
    for (const JournalEntry& entry : effects.journal) {
        decided.said.push_back(
            "journal: " + entry.operation.value() + " " + entry.doing + ": " + entry.text
        );
    }
    for (const Action& action : effects.actions) {
        decided.said.push_back(std::visit(InWords{}, action));
    }
    if (effects.reply) {
        decided.said.push_back(reply_in_words(*effects.reply));
    }
    for (const RegionId& region : core.policy().regions) {
        const Condition condition = core.evidence().condition(now.at, region);
        const auto [at, is_new] = conditions_.try_emplace(region, condition);
        if (is_new || at->second != condition) {
            at->second = condition;
            decided.conditions.emplace_back(region, condition);
        }
    }
    return decided;
}

}  // namespace farshore::core
