#include "core/failover/readiness.h"

#include <algorithm>
#include <utility>

#include "base/text.h"

namespace farshore::core {

namespace {

constexpr std::size_t kTextsMax = 3;  // of the first line; the rest are counted

class Judge {
  public:
    Judge(const Situation& situation, const std::optional<RegionId>& to, ReadinessFacts facts)
        : s_(situation),
          to_(to),
          facts_(std::move(facts)),
          active_is_impaired_(is_impaired(s_.evidence.condition(s_.now.at, s_.record.active))) {}

    Readiness judge() {
        ask_guards();
        look_at_replication();
        look_at_hosts();
        look_at_observers();
        look_at_records();
        look_at_what_is_left();
        for (Finding& finding : facts_.from_outside) {
            findings_.push_back(std::move(finding));
        }
        Readiness readiness{
            .from = s_.record.active,
            .to = to_,
            .findings = gravest_first(),
            .loss_window = s_.loss_window,
            .lag = s_.fresh_lag
        };
        for (const auto& [host, agent] : s_.agents) {
            readiness.unproven += agent.unproven;
            readiness.hosts_unheard += agent.connected ? 0U : 1U;
        }
        return readiness;
    }

  private:
    std::vector<Finding> gravest_first() {
        std::vector<Finding> sorted;
        for (const Severity severity : {Severity::not_ready, Severity::degraded}) {
            for (Finding& finding : findings_) {
                if (finding.severity == severity) {
                    sorted.push_back(std::move(finding));
                }
            }
        }
        return sorted;
    }

    void add(Shortfall code, Severity severity, std::string text, std::string remedy) {
        findings_.push_back(
            {.code = code,
             .severity = severity,
             .text = std::move(text),
             .remedy = std::move(remedy)}
        );
    }

    // What would refuse an operator who asks for a failover and lowers no gate.
    void ask_guards() {
        if (!to_) {
            add(Shortfall::no_standby,
                Severity::not_ready,
                s_.policy.app.value() + " has no other Region",
                "name a second one in `regions`");
            return;
        }
        ChangeRequest request;
        request.verb = Verb::failover;
        request.to = *to_;
        for (const GuardAnswer& answer : guards_of_request(s_, request)) {
            if (!answer.passed) {
                add(shortfall_of(answer.guard), Severity::not_ready, text_of(answer), answer.remedy
                );
            }
        }
        if (s_.superseded > s_.record.epoch) {
            add(Shortfall::store_behind,
                Severity::not_ready,
                "the epoch records carry epoch " + std::to_string(s_.superseded.value()) +
                    ", newer than this controller's store",
                "run a failover to the Region that is meant to be active");
        }
    }

    [[nodiscard]] std::string text_of(const GuardAnswer& answer) const {
        if (answer.guard == Guard::no_operation) {
            return operation_text();
        }
        if (answer.guard == Guard::loss_within_gate && s_.loss_window) {
            return "a failover now could lose " + to_text(*s_.loss_window) +
                   " of writes, and decide.max_loss allows " + to_text(s_.policy.max_loss);
        }
        return answer.text;
    }

    [[nodiscard]] std::string operation_text() const {
        const OperationRecord& operation = *s_.record.operation;
        return std::string{to_string(operation.plan.verb)} + " " + operation.plan.from.value() +
               " -> " + operation.plan.to.value() + " is " + std::string{operation.doing()} + " (" +
               operation.plan.id.value() + ")";
    }

    static Shortfall shortfall_of(Guard guard) {
        switch (guard) {
            case Guard::target_known: return Shortfall::no_standby;
            case Guard::no_operation: return Shortfall::operation_running;
            case Guard::target_healthy: return Shortfall::standby_unhealthy;
            case Guard::target_serves: return Shortfall::standby_does_not_serve;
            case Guard::target_has_hosts: return Shortfall::standby_has_no_hosts;
            case Guard::loss_within_gate: return Shortfall::loss_beyond_gate;
            case Guard::register_is_known: return Shortfall::register_not_known;
            case Guard::lag_measured: return Shortfall::replication_stalled;
            case Guard::losses_settled: return Shortfall::losses_open;
            case Guard::tables_alike: return Shortfall::table_unlike;
            case Guard::agents_reachable: return Shortfall::host_silent;
            case Guard::quorum: return Shortfall::active_unhealthy;
            case Guard::epochs_left: return Shortfall::epochs_used_up;
            case Guard::store_is_current:
            case Guard::as_expected: return Shortfall::store_behind;
            // An operator's failover is not asked these.
            case Guard::suspect_yourself:
            case Guard::hosts_see_errors:
            case Guard::mode:
            case Guard::armed:
            case Guard::not_paused:
            case Guard::not_cooling_down: return Shortfall::operation_running;
        }
        std::unreachable();
    }

    // Heartbeats do not arrive from a Region that is down; that is no news about replication.
    void look_at_replication() {
        if (!to_ || s_.fresh_lag || active_is_impaired_) {
            return;
        }
        const std::string way = s_.record.active.value() + " -> " + to_->value();
        add(Shortfall::replication_stalled,
            Severity::not_ready,
            facts_.heartbeat_ago
                ? "replication " + way + " has not moved for " + to_text(*facts_.heartbeat_ago)
                : "replication " + way + ": no heartbeat has arrived since this controller's start",
            "look at the replicas of the heartbeat table, and at DynamoDB's ReplicationLatency");
    }

    void look_at_hosts() {
        if (s_.agents.empty()) {
            add(Shortfall::register_empty,
                Severity::not_ready,
                "no host is registered: a fence would stop no host",
                "start farshore-agent on the hosts");
        }
        for (const auto& [host, agent] : s_.agents) {
            const std::string name =
                host.value() + (agent.region.value().empty() ? "" : " of " + agent.region.value());
            // A failover out of a Region that is down does not need that Region's hosts.
            const bool explained = active_is_impaired_ && agent.region == s_.record.active;
            if (!agent.connected) {
                add(Shortfall::host_silent,
                    explained ? Severity::degraded : Severity::not_ready,
                    agent.heard_at
                        ? name + " has been silent for " + to_text(s_.now.at - *agent.heard_at)
                        : name + " has not been heard since this controller's start",
                    "start its agent; a host that will not return leaves by `farshore agents "
                    "forget " +
                        host.value() + "`");
                continue;
            }
            if (agent.reported && agent.write_state != "open" && !s_.operation_running) {
                add(Shortfall::host_not_writing,
                    explained ? Severity::degraded : Severity::not_ready,
                    name + " may not write: it is " +
                        (agent.write_state.empty() ? "in no known state" : agent.write_state),
                    "its log and `farshore-agent`'s /v1/state say why");
            }
            look_at_writes_of(name, agent);
            if (!agent.ledger_whole) {
                add(Shortfall::ledger_not_whole,
                    Severity::not_ready,
                    name +
                        " does not know all of what it wrote lately, so more may be lost than "
                        "is counted",
                    "wait: its ledger is whole again some time after a start or a burst");
            }
        }
    }

    // The heartbeats replicate in a table of their own; the application's tables may not.
    void look_at_writes_of(const std::string& name, const AgentState& agent) {
        // An agent compares what was not seen after a second, and gives a write ten seconds.
        constexpr Duration kPatience = std::chrono::seconds{15};
        if (!to_ || active_is_impaired_ || !agent.unproven_since ||
            s_.now.at - *agent.unproven_since <= kPatience) {
            return;
        }
        add(Shortfall::writes_not_arriving,
            Severity::not_ready,
            std::to_string(agent.unproven) + " writes of " + name + " were not seen in " +
                to_->value() + ", the oldest for " + to_text(s_.now.at - *agent.unproven_since),
            "a table may not replicate: look at the replicas of each, and at the agent's log");
    }

    void look_at_observers() {
        int heard = 0;
        bool others = false;
        bool any_hosts = false;
        for (const Vantage& observer : s_.evidence.observers()) {
            const bool fresh = observer.is_heard(s_.now.at);
            heard += fresh ? 1 : 0;
            any_hosts = any_hosts || observer.has_hosts();
            others = others || (fresh && observer.has_hosts());
        }
        if (any_hosts && !others) {
            add(Shortfall::controller_alone,
                Severity::not_ready,
                "this controller is alone: no vote of any host is fresh",
                "is the network between the hosts and this controller whole?");
        } else if (!s_.evidence.is_quorum(heard)) {
            add(Shortfall::too_few_observers,
                Severity::degraded,
                "only " + std::to_string(heard) + " of " +
                    std::to_string(s_.evidence.observers().size()) +
                    " observers are heard, too few for a verdict: nothing happens by itself",
                "start the agents of the Regions that are not heard");
        }
    }

    // Without a majority no raise would end, and no lease is given.
    void look_at_records() {
        if (facts_.records_read_ago && *facts_.records_read_ago <= s_.policy.timing.lease) {
            return;
        }
        add(Shortfall::records_unread,
            Severity::not_ready,
            facts_.records_read_ago ? "no majority of the epoch records has carried epoch " +
                                          std::to_string(s_.record.epoch.value()) + " for " +
                                          to_text(*facts_.records_read_ago)
                                    : "no majority of the epoch records carries epoch " +
                                          std::to_string(s_.record.epoch.value()),
            "the epoch table must answer in most of its Regions: the controller's log says which "
            "does not");
    }

    void look_at_what_is_left() {
        if (s_.losses_open > 0) {
            add(Shortfall::losses_open,
                Severity::degraded,
                std::to_string(s_.losses_open) + " writes of an earlier failover have no fate yet",
                "`farshore losses` names them; a switchover waits for them");
        }
        const auto& last = s_.record.operation;
        if (last && last->outcome == Outcome::partly_done) {
            add(Shortfall::operation_unfinished,
                is_raised_beyond(s_.record, s_.superseded) ? Severity::not_ready
                                                           : Severity::degraded,
                "the last operation is partly done: " + last->why,
                "`farshore op show " + last->plan.id.value() + "` says what is not done");
        }
        look_at_active();
    }

    void look_at_active() {
        const RegionId& active = s_.record.active;
        const Condition condition = s_.evidence.condition(s_.now.at, active);
        const bool watched =
            std::ranges::find(s_.policy.stacks_watched, active) != s_.policy.stacks_watched.end();
        const bool healthy =
            condition == Condition::healthy ||
            (!watched &&
             s_.evidence.verdict(s_.now.at, active, Component::dynamodb) == Health::healthy);
        if (!healthy) {
            add(Shortfall::active_unhealthy,
                Severity::degraded,
                condition == Condition::unknown
                    ? "the state of " + active.value() + ", where writes go, is unknown"
                    : active.value() + ", where writes go, is " + std::string{to_string(condition)},
                "`farshore why` says who sees what, and what follows");
        }
    }

    const Situation& s_;
    const std::optional<RegionId>& to_;
    ReadinessFacts facts_;
    bool active_is_impaired_;
    std::vector<Finding> findings_;
};

std::string forecast(const Readiness& readiness) {
    std::string text;
    if (readiness.loss_window) {
        text = "about the last " + to_text(*readiness.loss_window) + " of writes (" +
               std::to_string(readiness.unproven) + " not proven in " + readiness.to->value();
    } else {
        text = "an unknown time of writes (" + std::to_string(readiness.unproven) +
               " not proven in " + readiness.to->value();
    }
    if (readiness.hosts_unheard > 0) {
        text += ", and those of " + std::to_string(readiness.hosts_unheard) + " hosts not heard";
    }
    return text + (readiness.lag ? ", lag " + to_text(*readiness.lag) : std::string{}) + ")";
}

std::string texts_of(const std::vector<Finding>& findings, Severity severity) {
    std::string text;
    std::size_t count = 0;
    for (const Finding& finding : findings) {
        if (finding.severity == severity && ++count <= kTextsMax) {
            text += (text.empty() ? "" : "; ") + finding.text;
        }
    }
    return count <= kTextsMax ? text
                              : text + "; and " + std::to_string(count - kTextsMax) + " more";
}

}  // namespace

ReadinessVerdict Readiness::verdict() const {
    if (findings.empty()) {
        return ReadinessVerdict::ready;
    }
    const bool not_ready = std::ranges::any_of(findings, [](const Finding& finding) {
        return finding.severity == Severity::not_ready;
    });
    return not_ready ? ReadinessVerdict::not_ready : ReadinessVerdict::degraded;
}

Readiness judge_readiness(
    const Situation& situation, const std::optional<RegionId>& to, ReadinessFacts facts
) {
    return Judge(situation, to, std::move(facts)).judge();
}

std::string in_words(const Readiness& readiness, const AppId& app) {
    const ReadinessVerdict verdict = readiness.verdict();
    if (verdict == ReadinessVerdict::not_ready) {
        return "NOT READY  " + app.value() + ": " +
               texts_of(readiness.findings, Severity::not_ready);
    }
    std::string text = "READY  " + app.value() + ": " + readiness.from.value() + " -> " +
                       readiness.to->value() + " now would lose " + forecast(readiness);
    if (verdict == ReadinessVerdict::degraded) {
        text += "; BUT " + texts_of(readiness.findings, Severity::degraded);
    }
    return text;
}

}  // namespace farshore::core
