#include <array>
#include <cstdio>
#include <initializer_list>
#include <optional>
#include <string_view>

#include "controller/view.h"

namespace farshore::controller {

namespace {

struct Label {
    std::string_view name;
    std::string_view value;
};

// One metric family of the text format.
class Family {
  public:
    Family(
        std::string& out,
        std::string_view name,
        std::string_view help,
        std::string_view type = "gauge"
    )
        : out_(out), name_(name) {
        out_.append("# HELP ").append(name_).append(" ").append(help).append("\n");
        out_.append("# TYPE ").append(name_).append(" ").append(type).append("\n");
    }

    void add(std::initializer_list<Label> labels, double value) {
        out_.append(name_).append("{");
        const char* comma = "";
        for (const Label& label : labels) {
            out_.append(comma)
                .append(label.name)
                .append("=\"")
                .append(escaped(label.value))
                .append("\"");
            comma = ",";
        }
        char text[40];
        std::snprintf(text, sizeof text, "} %.6g\n", value);
        out_.append(text);
    }

  private:
    static std::string escaped(std::string_view text) {
        std::string out;
        for (const char c : text) {
            if (c == '\\' || c == '"') {
                out.push_back('\\');
            }
            if (c == '\n') {
                out.append("\\n");
            } else {
                out.push_back(c);
            }
        }
        return out;
    }

    std::string& out_;
    std::string_view name_;
};

double seconds(Duration duration) {
    return static_cast<double>(duration.count()) / 1e9;
}

// Numbers that never change: 0 unknown, 1 healthy, 2 unhealthy.
double number_of(core::Health health) {
    switch (health) {
        case core::Health::unknown: return 0;
        case core::Health::healthy: return 1;
        case core::Health::unhealthy: return 2;
    }
    return 0;
}

void write_votes(std::string& out, const View& view, Instant now) {
    const std::string& app = view.config.app.value();
    Family votes(out, "farshore_observer_vote", "0 unknown, 1 healthy, 2 unhealthy.");
    for (const config::Region& region : view.config.regions) {
        for (const core::Component component :
             {core::Component::dynamodb, core::Component::stack}) {
            for (const core::Vote& vote :
                 view.pump.core().evidence().tally(now, region.id, component).votes) {
                votes.add(
                    {{"app", app},
                     {"region", region.id.value()},
                     {"component", to_string(component)},
                     {"observer", vote.observer.value()}},
                    number_of(vote.health)
                );
            }
        }
    }
}

void write_readiness(std::string& out, const View& view) {
    const std::string& app = view.config.app.value();
    const core::Readiness readiness = readiness_of(view);
    Family(out, "farshore_ready", "1 when an operator could fail over now.")
        .add({{"app", app}}, readiness.verdict() == core::ReadinessVerdict::not_ready ? 0 : 1);
    std::array<int, core::kShortfallNames.size()> found{};
    for (const core::Finding& finding : readiness.findings) {
        ++found[static_cast<std::size_t>(finding.code)];
    }
    Family findings(
        out, "farshore_readiness_findings", "What speaks against a failover now, by kind."
    );
    for (std::size_t i = 0; i < found.size(); ++i) {
        findings.add({{"app", app}, {"code", core::kShortfallNames[i]}}, found[i]);
    }
}

// What a host said last is no value of now once it is silent: only its age is told then.
void write_agents(std::string& out, const View& view) {
    const std::string& app = view.config.app.value();
    const std::vector<AgentView> agents = view.link.agents();
    const auto family = [&](std::string_view name, std::string_view help, auto value) {
        Family metric(out, name, help);
        for (const AgentView& agent : agents) {
            if (const std::optional<double> known = value(agent)) {
                metric.add(
                    {{"app", app}, {"host", agent.host.value()}, {"region", agent.region.value()}},
                    *known
                );
            }
        }
    };
    const auto while_heard = [](const AgentView& agent, std::uint64_t said) {
        return agent.connected ? std::optional{static_cast<double>(said)} : std::nullopt;
    };
    family("farshore_agent_connected", "1 when its stream is open.", [](const AgentView& a) {
        return std::optional{a.connected ? 1.0 : 0.0};
    });
    family("farshore_agent_age_seconds", "Since the agent was last heard.", [](const AgentView& a) {
        return a.age < Duration::zero() ? std::nullopt : std::optional{seconds(a.age)};
    });
    family(
        "farshore_agent_epoch",
        "The epoch the agent follows; absent while it is silent.",
        [&](const AgentView& a) { return while_heard(a, a.epoch.value()); }
    );
    family(
        "farshore_agent_unproven_writes",
        "Acknowledged writes not yet seen in the other Region; absent while it is silent.",
        [&](const AgentView& a) { return while_heard(a, a.unproven); }
    );
    family(
        "farshore_agent_oldest_unproven_seconds",
        "Since the oldest of them was acknowledged; absent while the agent is silent.",
        [&](const AgentView& a) {
            return a.connected ? std::optional{seconds(a.oldest_unproven)} : std::nullopt;
        }
    );
}

// Hosts that joined, and requests and messages that were refused.
void write_credentials(std::string& out, const View& view) {
    const std::string& app = view.config.app.value();
    {
        Family refused(
            out,
            "farshore_agents_refused_total",
            "Messages of agents that were not taken, by reason.",
            "counter"
        );
        for (std::size_t i = 0; i < kAgentRefusalNames.size(); ++i) {
            refused.add(
                {{"app", app}, {"reason", kAgentRefusalNames[i]}},
                static_cast<double>(view.link.refusals()[i])
            );
        }
    }
    Family(out, "farshore_wrong_tokens_total", "Requests with an unknown token.", "counter")
        .add({{"app", app}}, static_cast<double>(view.guesses));
    Family(out, "farshore_joins_total", "Hosts that joined by proof.", "counter")
        .add({{"app", app}}, static_cast<double>(view.joining.joins()));
    Family refused(
        out, "farshore_joins_refused_total", "Hosts that were not let in, by reason.", "counter"
    );
    for (const auto& [reason, count] : view.joining.refusals()) {
        refused.add({{"app", app}, {"reason", reason}}, static_cast<double>(count));
    }
}

}  // namespace

std::string metrics_text(const View& view) {
    const core::AppCore& core = view.pump.core();
    const core::AppRecord& record = core.record();
    const core::Now now = view.pump.now();
    const std::string& app = view.config.app.value();
    std::string out;
    {
        Family active(
            out, "farshore_active_region", "1 for the Region whose tables take the writes."
        );
        for (const config::Region& region : view.config.regions) {
            active.add(
                {{"app", app}, {"region", region.id.value()}}, region.id == record.active ? 1 : 0
            );
        }
    }
    const auto one = [&](std::string_view name, std::string_view help, double value) {
        Family(out, name, help).add({{"app", app}}, value);
    };
    one("farshore_epoch", "The epoch in force.", static_cast<double>(record.epoch.value()));
    one("farshore_armed", "1 when automation may act.", core.why_not_armed(now) ? 0 : 1);
    const bool paused = record.pause && (!record.pause->until || now.wall < *record.pause->until);
    one("farshore_paused", "1 while automation is paused.", paused ? 1 : 0);
    one("farshore_operation_running",
        "1 while an operation is under way.",
        core.operation_running() ? 1 : 0);
    one("farshore_store_writable",
        "0 when the store refuses, for example for want of disk space.",
        view.pump.trouble().empty() ? 1 : 0);
    if (const auto window = core.loss_window()) {
        one("farshore_loss_window_seconds", "What a failover now could lose.", seconds(*window));
    }
    const std::vector<core::LossWindow::Measured> lags = core.losses().measured();
    {
        Family lag(
            out,
            "farshore_replication_lag_seconds",
            "Lag of the newest heartbeat, on one clock; it grows while none arrives."
        );
        for (const core::LossWindow::Measured& seen : lags) {
            const Duration at_least =
                core::lag_at_least(seen.lag, now.at - seen.at, view.config.detect.probe_every);
            lag.add(
                {{"app", app}, {"from", seen.from.value()}, {"to", seen.to.value()}},
                seconds(at_least)
            );
        }
    }
    {
        Family age(out, "farshore_canary_age_seconds", "Since a heartbeat last arrived.");
        for (const core::LossWindow::Measured& seen : lags) {
            age.add(
                {{"app", app}, {"from", seen.from.value()}, {"to", seen.to.value()}},
                seconds(now.at - seen.at)
            );
        }
    }
    write_readiness(out, view);
    write_votes(out, view, now.at);
    {
        Family faults(
            out, "farshore_table_fault", "1 for what is wrong with a configured table in a Region."
        );
        for (const core::TableFinding& finding : view.tables.findings()) {
            faults.add(
                {{"app", app},
                 {"table", finding.table.value()},
                 {"region", finding.region.value()},
                 {"fault", to_string(finding.fault)}},
                1
            );
        }
    }
    write_agents(out, view);
    write_credentials(out, view);
    return out;
}

}  // namespace farshore::controller
