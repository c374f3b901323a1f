#include "core/failover/policy.h"

#include <algorithm>

#include "base/text.h"

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

// Nobody has to give a reason.
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

GuardAnswer target_known(const Situation& s, const RegionId& to) {
    const bool known = std::ranges::find(s.policy.regions, to) != s.policy.regions.end();
    const bool active = to == s.record.active;
    return {
        Guard::target_known,
        known && !active,
        !known ? to.value() + " is not a Region of " + s.policy.app.value() + ", which has " +
                     joined(s.policy.regions)
        : active ? to.value() + " is active already"
                 : to.value() + " is a standby"
    };
}

GuardAnswer no_operation(const Situation& s) {
    return {
        Guard::no_operation,
        !s.operation_running,
        s.operation_running ? "operation " + s.record.operation->plan.id.value() + " is running"
                            : "no operation is running"
    };
}

GuardAnswer target_healthy(const Situation& s, const RegionId& to) {
    const Tally tally = s.evidence.tally(s.now.at, to, Component::dynamodb);
    return {
        Guard::target_healthy,
        tally.verdict == Health::healthy,
        "DynamoDB in " + to.value() + ": " + std::string{to_string(tally.verdict)} + ", " +
            in_words(tally)
    };
}

GuardAnswer target_has_hosts(const Situation& s, const RegionId& to) {
    const auto connected = std::ranges::count_if(s.agents, [&](const auto& entry) {
        return entry.second.region == to && entry.second.connected;
    });
    return {
        Guard::target_has_hosts,
        connected > 0,
        std::to_string(connected) + (connected == 1 ? " host of " : " hosts of ") + to.value() +
            " connected"
    };
}

GuardAnswer loss_within(const Situation& s, Duration allowed) {
    if (!s.loss_window) {
        return {
            Guard::loss_within_gate,
            false,
            "the loss window has not been measured: no heartbeat has arrived in a standby yet"
        };
    }
    return {
        Guard::loss_within_gate,
        *s.loss_window <= allowed,
        "loss window " + ms(*s.loss_window) + ", allowed " + ms(allowed)
    };
}

GuardAnswer suspect_yourself(const Situation& s) {
    for (const RegionId& region : s.policy.regions) {
        if (s.evidence.tally(s.now.at, region, Component::dynamodb).unhealthy == 0) {
            return {
                Guard::suspect_yourself,
                true,
                "not everything looks down: " + region.value() + " does not"
            };
        }
    }
    return {
        Guard::suspect_yourself,
        false,
        "every Region looks down to somebody: suspect ourselves and hold"
    };
}

GuardAnswer quorum(const Situation& s, Condition condition) {
    const bool impaired = condition == Condition::data_impaired ||
                          condition == Condition::stack_impaired ||
                          condition == Condition::region_lost;
    const Component component =
        condition == Condition::stack_impaired ? Component::stack : Component::dynamodb;
    const Tally tally = s.evidence.tally(s.now.at, s.record.active, component);
    return {
        Guard::quorum,
        impaired,
        s.record.active.value() + " " + std::string{to_string(condition)} + " (" +
            std::string{to_string(component)} + ": " + in_words(tally) + ")"
    };
}

GuardAnswer hosts_see_errors(const Situation& s, Condition condition) {
    if (condition != Condition::data_impaired) {
        return {
            Guard::hosts_see_errors,
            true,
            "asked only while the hosts are heard and DynamoDB is impaired"
        };
    }
    if (s.policy.early) {
        return {Guard::hosts_see_errors, true, "early: probes suffice"};
    }
    const bool seen = s.evidence.hosts_see_errors(s.now.at, s.record.active);
    return {
        Guard::hosts_see_errors,
        seen,
        seen ? "the application's own requests to " + s.record.active.value() + " fail"
             : "the application's own requests do not fail, or none was made lately: new "
               "connections alone are no reason to move"
    };
}

std::vector<HostId> unreachable(const Situation& s) {
    std::vector<HostId> hosts;
    for (const auto& [host, agent] : s.agents) {
        if (!agent.connected) {
            hosts.push_back(host);
        }
    }
    return hosts;
}

GuardAnswer agents_reachable(const Situation& s) {
    const std::vector<HostId> missing = unreachable(s);
    std::string text =
        s.agents.empty() ? "no agent is registered" : "every registered agent is connected";
    if (!missing.empty()) {
        text = "not connected: " + joined(missing);
    }
    return {Guard::agents_reachable, missing.empty() && !s.agents.empty(), text};
}

GuardAnswer lag_measured(const Situation& s, const RegionId& to) {
    return {
        Guard::lag_measured,
        s.fresh_lag.has_value(),
        s.fresh_lag ? "lag to " + to.value() + " is " + ms(*s.fresh_lag)
                    : "the lag to " + to.value() + " has no fresh measurement"
    };
}

GuardAnswer data_healthy_here(const Situation& s) {
    const Tally tally = s.evidence.tally(s.now.at, s.record.active, Component::dynamodb);
    return {
        Guard::quorum,
        tally.verdict == Health::healthy,
        "DynamoDB in " + s.record.active.value() + ": " + std::string{to_string(tally.verdict)} +
            (tally.verdict == Health::healthy ? ""
                                              : ": a switchover needs both Regions; use failover")
    };
}

}  // namespace

std::optional<std::string> why_not_armed(const Situation& s) {
    if (s.policy.mode != Mode::automatic) {
        return "mode is " + std::string{to_string(s.policy.mode)} + ": set decide.mode: auto";
    }
    if (s.policy.require_drill && !s.drill_is_recent) {
        return "no recent drill proves it: run `farshore drill run`, or set "
               "decide.require_drill_within: off";
    }
    if (s.policy.on_controller_loss == OnControllerLoss::keep) {
        // Without controllers an agent on `keep` writes for ever: automation could never be sure of
        // it.
        return std::nullopt;
    }
    return std::nullopt;
}

std::vector<GuardAnswer> guards_of_automatic_failover(const Situation& s, const RegionId& to) {
    const Condition condition = s.evidence.condition(s.now.at, s.record.active);
    const auto not_armed = s.policy.require_drill && !s.drill_is_recent;
    const bool paused =
        s.record.pause && (!s.record.pause->until || s.now.wall < *s.record.pause->until);
    const bool cooling = s.record.cooldown_until && s.now.wall < *s.record.cooldown_until;
    return {
        target_known(s, to),
        no_operation(s),
        quorum(s, condition),
        suspect_yourself(s),
        hosts_see_errors(s, condition),
        target_healthy(s, to),
        target_has_hosts(s, to),
        loss_within(s, s.policy.max_loss),
        {Guard::mode,
         s.policy.mode == Mode::automatic,
         "mode is " + std::string{to_string(s.policy.mode)}},
        {Guard::armed,
         !not_armed,
         not_armed                ? "disarmed: no recent drill proves it"
         : s.policy.require_drill ? "proven by a recent drill"
                                  : "require_drill_within is off"},
        {Guard::not_paused,
         !paused,
         paused ? "paused by " + s.record.pause->by + after_colon(s.record.pause->reason)
                : "not paused"},
        {Guard::not_cooling_down,
         !cooling,
         cooling ? "cooling down after the last operation" : "not cooling down"},
    };
}

std::vector<GuardAnswer> guards_of_request(const Situation& s, const ChangeRequest& request) {
    std::vector<GuardAnswer> answers{target_known(s, request.to), no_operation(s)};
    if (!answers.front().passed) {
        // What cannot be the target has no health, no hosts and no lag to ask for.
        return answers;
    }
    answers.push_back(target_healthy(s, request.to));
    answers.push_back(target_has_hosts(s, request.to));
    if (request.verb == Verb::failover) {
        if (!s.loss_window && request.accept_loss) {
            // A controller that started in the middle of the outage will never measure it.
            answers.push_back(
                {Guard::loss_within_gate,
                 true,
                 "the loss window is not measured; an operator accepted " + ms(*request.accept_loss)
                }
            );
        } else {
            answers.push_back(loss_within(s, request.accept_loss.value_or(s.policy.max_loss)));
        }
    } else {
        answers.push_back(data_healthy_here(s));
        answers.push_back(agents_reachable(s));
        answers.push_back(lag_measured(s, request.to));
    }
    return answers;
}

bool all_passed(const std::vector<GuardAnswer>& answers) {
    return std::ranges::all_of(answers, &GuardAnswer::passed);
}

std::optional<RegionId> choose_target(const Situation& s) {
    std::optional<RegionId> first;
    for (const RegionId& region : s.policy.regions) {
        if (region == s.record.active) {
            continue;
        }
        if (s.evidence.verdict(s.now.at, region, Component::dynamodb) == Health::healthy) {
            return region;
        }
        first = first ? first : std::optional{region};
    }
    return first;
}

const std::vector<Lever>& levers_for(const Policy& policy, Condition condition) {
    switch (condition) {
        case Condition::stack_impaired: return policy.stack_impaired;
        case Condition::region_lost: return policy.region_lost;
        case Condition::data_impaired:
        case Condition::healthy:
        case Condition::unknown: return policy.data_impaired;
    }
    return policy.data_impaired;
}

}  // namespace farshore::core
