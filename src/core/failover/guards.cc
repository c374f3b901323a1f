#include "core/failover/guards.h"

#include <algorithm>
#include <map>

#include "base/text.h"
#include "core/planted.h"

namespace farshore::core {

namespace {

std::string ms(Duration duration) {
    return std::to_string(to_ms(duration)) + " ms";
}

std::string in_words(const Tally& tally) {
    std::string text = std::to_string(tally.unhealthy) + " of " +
                       std::to_string(tally.votes.size()) + " observers say unhealthy";
    for (const Vote& vote : tally.votes) {
        text += "; " + vote.observer.value() + ": " + std::string{to_string(vote.health)};
        if (vote.health != Health::healthy) {
            text += " (" + vote.why + ")";
        }
    }
    return text;
}

// The reason is optional in a request.
std::string after_colon(const std::string& reason) {
    return reason.empty() ? std::string{} : ": " + reason;
}

std::string joined(const std::vector<RegionId>& regions) {
    std::string text;
    for (const RegionId& region : regions) {
        text += (text.empty() ? "" : ", ") + region.value();
    }
    return text;
}

// While writes wait, a hold, a drain, a fence and a route go to each host, one after the other, and
// each of them has ended when the last host has answered. What one answer costs on one core is
// measured (docs/performance.md: 50 to 120 us). It is a constant and not what this controller has
// seen: before its first hold it has seen none, and what other programs take of its core changes
// from one minute to the next. Where it is too small, agents end their holds by themselves, and the
// attempt is undone.
Duration held_for(std::size_t hosts) {
    constexpr int kRounds = 4;
    constexpr Duration kAnswer = std::chrono::microseconds{80};
    return kRounds * kAnswer * static_cast<Duration::rep>(hosts);
}

bool has(const std::vector<Lever>& levers, Lever lever) {
    return std::ranges::find(levers, lever) != levers.end();
}

// Where users are served when the plan is done.
RegionId serves_in(const Situation& s, const RegionId& to) {
    return has(s.levers, Lever::shift) ? to : users_now(s.record, s.superseded, s.agents);
}

}  // namespace

RegionId users_now(const AppRecord& record, Epoch superseded, const AgentRegister& agents) {
    if (superseded <= record.epoch) {
        return record.users;
    }
    std::map<RegionId, std::size_t> told;
    std::size_t all = 0;
    for (const auto& [host, agent] : agents) {
        if (agent.connected && agent.epoch >= record.epoch && !agent.users.value().empty()) {
            ++told[agent.users];
            ++all;
        }
    }
    const auto most =
        std::ranges::find_if(told, [all](const auto& each) { return each.second * 2 > all; });
    return most == told.end() ? record.users : most->first;
}

GuardAnswer target_known(const Situation& s, const RegionId& to, bool may_be_active) {
    const bool known = std::ranges::find(s.policy.regions, to) != s.policy.regions.end();
    const bool active = to == s.record.active;
    return answer(s, Guard::target_known, known && (!active || may_be_active), [&] {
        if (!known) {
            return to.value() + " is not a Region of " + s.policy.app.value() + ", which has " +
                   joined(s.policy.regions);
        }
        if (!active) {
            return to.value() + " is a standby";
        }
        return to.value() + " is active already" +
               (!may_be_active         ? ""
                : s.record.users != to ? "; its users follow"
                                       : "; a newer epoch puts it in force again");
    });
}

GuardAnswer no_operation(const Situation& s) {
    return answer(s, Guard::no_operation, !s.operation_running, [&] {
        return s.operation_running
                   ? "operation " + s.record.operation->plan.id.value() + " (" +
                         std::string{to_string(s.record.operation->plan.verb)} + " to " +
                         s.record.operation->plan.to.value() + ") is running"
                   : "no operation is running";
    });
}

GuardAnswer as_expected(const Situation& s, const ChangeRequest& request) {
    const auto why = why_not_as_expected(s.record, s.superseded, request);
    return answer(s, Guard::as_expected, !why, [&] {
        return why.value_or("the active Region and the epoch are as expected");
    });
}

GuardAnswer target_healthy(const Situation& s, const RegionId& to) {
    const Health verdict = s.evidence.verdict(s.now.at, to, Component::dynamodb);
    return answer(s, Guard::target_healthy, verdict == Health::healthy, [&] {
        return "DynamoDB in " + to.value() + ": " + std::string{to_string(verdict)} + ", " +
               in_words(s.evidence.tally(s.now.at, to, Component::dynamodb));
    });
}

GuardAnswer target_serves(const Situation& s, const RegionId& to, bool by_automation) {
    if (!has(s.levers, Lever::shift)) {
        return answer(s, Guard::target_serves, true, [] {
            return "asked only when users are moved";
        });
    }
    if (!s.policy.users_can_be_shifted) {
        return answer(s, Guard::target_serves, false, [] {
            return "no record is configured that could move users: traffic.route53";
        });
    }
    const auto& watched = s.policy.stacks_watched;
    if (std::ranges::find(watched, to) == watched.end()) {
        return answer(s, Guard::target_serves, !by_automation, [&] {
            return "no observer watches the stack of " + to.value() + ": it has no `health`";
        });
    }
    // Until the switch every stack reads through the active Region, so what began to fail with that
    // Region's tables is no fault of the target's. What was broken before is.
    constexpr Duration kWithTheTables = std::chrono::seconds{5};
    const std::optional<Instant> tables =
        s.evidence.unhealthy_since(s.now.at, s.record.active, Component::dynamodb);
    const std::optional<Instant> excused_from =
        tables ? std::optional{*tables - kWithTheTables} : std::nullopt;
    const Evidence::Credible votes =
        s.evidence.credible(s.now.at, to, Component::stack, s.policy.regions, excused_from);
    const bool passed = votes.healthy > votes.unhealthy;
    return answer(s, Guard::target_serves, passed, [&] {
        const Tally tally = s.evidence.tally(s.now.at, to, Component::stack);
        const bool excused = passed && tally.unhealthy > 0;
        return "the stack of " + to.value() + ": " + in_words(tally) +
               (excused ? "; it began to fail with the tables of " + s.record.active.value() : "");
    });
}

GuardAnswer target_has_hosts(const Situation& s, const RegionId& to) {
    const RegionId region = serves_in(s, to);
    const auto connected = std::ranges::count_if(s.agents, [&](const auto& entry) {
        return entry.second.region == region &&
               (entry.second.connected || is_planted(PlantedBug::silence_is_health));
    });
    return answer(s, Guard::target_has_hosts, connected > 0, [&] {
        return std::to_string(connected) + (connected == 1 ? " host of " : " hosts of ") +
               region.value() + " connected";
    });
}

GuardAnswer loss_within(const Situation& s, Duration allowed) {
    return answer(s, Guard::loss_within_gate, s.loss_window && *s.loss_window <= allowed, [&] {
        return s.loss_window
                   ? "loss window " + ms(*s.loss_window) + ", allowed " + ms(allowed)
                   : "the loss window has not been measured: no heartbeat has arrived in the "
                     "standby yet";
    });
}

GuardAnswer loss_accepted(const Situation& s, Duration allowed) {
    return answer(s, Guard::loss_within_gate, true, [&] {
        return "the loss window is not measured; an operator accepted " + ms(allowed);
    });
}

GuardAnswer suspect_yourself(const Situation& s, Condition condition) {
    const Evidence::Credible votes =
        s.evidence.credible(s.now.at, s.record.active, impaired_part(condition), s.policy.regions);
    // Without an impaired Region there is no majority to be doubted.
    const bool doubted = is_impaired(condition) && !s.evidence.is_quorum(votes.unhealthy);
    return answer(s, Guard::suspect_yourself, !doubted, [&] {
        std::string text;
        for (const ObserverId& observer : votes.see_everything_down) {
            text += (text.empty() ? "" : ", ") + observer.value();
        }
        if (text.empty()) {
            return std::string{"no observer sees every Region down"};
        }
        return text + (votes.see_everything_down.size() == 1 ? " sees" : " see") +
               " every Region down and may be cut off: " +
               (doubted ? "without that there is no majority, so hold" : "the others suffice");
    });
}

GuardAnswer quorum(const Situation& s, Condition condition) {
    return answer(s, Guard::quorum, is_impaired(condition), [&] {
        const Component component = impaired_part(condition);
        return s.record.active.value() + " " + std::string{to_string(condition)} + " (" +
               std::string{to_string(component)} + ": " +
               in_words(s.evidence.tally(s.now.at, s.record.active, component)) + ")";
    });
}

GuardAnswer quorum_on_users_stack(const Situation& s) {
    const Health verdict = s.evidence.verdict(s.now.at, s.record.users, Component::stack);
    return answer(s, Guard::quorum, verdict == Health::unhealthy, [&] {
        return "the stack of " + s.record.users.value() + ", where users are: " +
               in_words(s.evidence.tally(s.now.at, s.record.users, Component::stack));
    });
}

GuardAnswer hosts_see_errors(const Situation& s, Condition condition) {
    const bool asked = condition == Condition::data_impaired && !s.policy.early;
    const bool passed = !asked || s.evidence.hosts_see_errors(s.now.at, s.record.active);
    return answer(s, Guard::hosts_see_errors, passed, [&]() -> std::string {
        if (condition != Condition::data_impaired) {
            return "asked only while the hosts are heard and DynamoDB is impaired";
        }
        if (s.policy.early) {
            return "early: probes suffice";
        }
        const std::string& region = s.record.active.value();
        return passed ? "the application's own requests to " + region + " fail"
                      : "the application's own requests to " + region +
                            " do not fail, or none was made lately: new connections alone are no "
                            "reason to move";
    });
}

// Not connected to one of them, or so many that a hold would run out before the last one has its
// route: then nothing is begun that would only be undone.
GuardAnswer agents_reachable(const Situation& s) {
    const bool all =
        std::ranges::all_of(s.agents, [](const auto& entry) { return entry.second.connected; });
    const Duration hold = held_for(s.agents.size()) + s.fresh_lag.value_or(Duration::zero());
    const bool ends = hold <= s.policy.timing.hold_max;
    const bool passed = all && ends && !s.agents.empty();
    return answer(s, Guard::agents_reachable, passed, [&]() -> std::string {
        if (s.agents.empty()) {
            return "no agent is registered";
        }
        std::vector<HostId> missing;
        for (const auto& [host, agent] : s.agents) {
            if (!agent.connected) {
                missing.push_back(host);
            }
        }
        if (missing.empty() && !ends) {
            return "the register has " + std::to_string(s.agents.size()) + " hosts" +
                   ": writes would be held on each of them for about " + ms(hold) +
                   ", and switchover.hold_max is " + ms(s.policy.timing.hold_max);
        }
        return missing.empty()
                   ? "every registered agent is connected"
                   : "not connected: " + farshore::joined(missing) +
                         "; `farshore agents forget HOST` removes from the register a host "
                         "that will not return";
    });
}

GuardAnswer lag_measured(const Situation& s, const RegionId& to) {
    return answer(s, Guard::lag_measured, s.fresh_lag.has_value(), [&] {
        return s.fresh_lag ? "lag to " + to.value() + " is " + ms(*s.fresh_lag)
                           : "the lag to " + to.value() + " has no fresh measurement";
    });
}

GuardAnswer losses_settled(const Situation& s) {
    return answer(s, Guard::losses_settled, s.losses_open == 0, [&] {
        return s.losses_open == 0
                   ? "no write of a failover is waited for"
                   : std::to_string(s.losses_open) +
                         " writes of a failover have no fate yet, late ones may still arrive: "
                         "`farshore losses` names them";
    });
}

GuardAnswer tables_alike(const Situation& s) {
    return answer(s, Guard::tables_alike, !s.tables_unlike, [&] {
        return s.tables_unlike ? *s.tables_unlike +
                                     ": mend it, or take the table out of the configuration; "
                                     "`farshore doctor` compares them"
                               : "nothing is known to be wrong with the tables";
    });
}

GuardAnswer data_healthy_here(const Situation& s) {
    const Health verdict = s.evidence.verdict(s.now.at, s.record.active, Component::dynamodb);
    return answer(s, Guard::quorum, verdict == Health::healthy, [&] {
        return "DynamoDB in " + s.record.active.value() + ": " + std::string{to_string(verdict)} +
               (verdict == Health::healthy ? "" : ": a switchover needs both Regions; use failover"
               );
    });
}

std::optional<std::string> why_no_drill_proves(const Situation& s) {
    if (!s.policy.require_drill_within) {
        return std::nullopt;
    }
    if (!s.drill_proven_at) {
        return "decide.require_drill_within asks for a proof by a drill, and this version has no "
               "drills: set `require_drill_within: off` and restart the controller";
    }
    const auto age = s.now.wall - *s.drill_proven_at;
    if (age > *s.policy.require_drill_within) {
        return "the last drill that proved it is from " + to_iso8601(*s.drill_proven_at) +
               ", older than decide.require_drill_within allows: set `require_drill_within: off` "
               "and restart the controller";
    }
    return std::nullopt;
}

GuardAnswer register_is_known(const Situation& s, bool accepted) {
    return answer(s, Guard::register_is_known, !s.strangers_for_ever || accepted, [&] {
        if (!s.strangers_for_ever) {
            return "hosts that the register does not name stop by themselves";
        }
        return accepted ? "an operator accepts hosts that the register does not name"
                        : "the register was lost with its store, and with `keep` hosts that it "
                          "named go on writing: name every host in `agents`";
    });
}

GuardAnswer epochs_left(const Situation& s) {
    return answer(s, Guard::epochs_left, s.highest_epoch < kEpochMax, [&] {
        return s.highest_epoch < kEpochMax
                   ? "the next epoch is above " + std::to_string(s.highest_epoch.value())
                   : "epoch " + std::to_string(s.highest_epoch.value()) +
                         " is the last that hosts can carry, and most of the epoch records say it: "
                         "no change can be made";
    });
}

GuardAnswer mode_is_auto(const Situation& s) {
    return answer(s, Guard::mode, s.policy.mode != Mode::observe, [&] {
        return "mode is " + std::string{to_string(s.policy.mode)};
    });
}

GuardAnswer armed(const Situation& s) {
    const std::optional<std::string> why = why_no_drill_proves(s);
    return answer(s, Guard::armed, !why, [&] {
        return why                             ? "disarmed: " + *why
               : s.policy.require_drill_within ? "proven by a drill"
                                               : std::string{"require_drill_within is off"};
    });
}

GuardAnswer not_paused(const Situation& s) {
    const auto& pause = s.record.pause;
    const bool paused = is_paused(s.record, s.now.wall);
    const auto quiet = std::chrono::duration_cast<WallClock::duration>(kQuietAfterPause);
    const bool just_ended = pause && !paused && s.now.wall < *pause->until + quiet;
    return answer(s, Guard::not_paused, !paused && !just_ended, [&]() -> std::string {
        if (paused) {
            return "paused by " + pause->by + after_colon(pause->reason);
        }
        return just_ended ? "a pause has just ended: what failed meanwhile has to go on failing"
                          : "not paused";
    });
}

GuardAnswer not_cooling_down(const Situation& s) {
    const bool cooling = s.record.cooldown_until && s.now.wall < *s.record.cooldown_until;
    return answer(s, Guard::not_cooling_down, !cooling, [&] {
        return cooling ? "cooling down after the last operation" : "not cooling down";
    });
}

std::string newer_in_the_records(const Situation& s) {
    return "the epoch records carry epoch " + std::to_string(s.superseded.value()) +
           ", this controller's store epoch " + std::to_string(s.record.epoch.value()) +
           ": run a failover to the Region that is meant to be active";
}

GuardAnswer store_is_current(const Situation& s) {
    const bool current = s.superseded <= s.record.epoch;
    return answer(s, Guard::store_is_current, current, [&] {
        return current ? "the store carries the newest epoch" : newer_in_the_records(s);
    });
}

}  // namespace farshore::core
