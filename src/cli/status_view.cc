#include "cli/status_view.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/text.h"
#include "cli/operation_view.h"

namespace farshore::cli {

namespace {

// "200ms ago"; nullopt: never heard.
std::string ago(const std::optional<Duration>& age) {
    return age ? age_text(*age) + " ago" : "-";
}

std::string votes_text(const wire::ComponentDocument& component) {
    std::string out;
    for (const wire::VoteDocument& vote : component.votes) {
        out += fmt::format(
            "{}{}: {}{}",
            out.empty() ? "" : ", ",
            vote.observer,
            to_string(vote.vote),
            vote.age ? " (" + ago(vote.age) + ")" : ""
        );
    }
    return or_dash(out);
}

std::string with_role(const wire::StatusDocument& status, const std::string& region) {
    const bool active = status.active.value() == region;
    const bool users = status.users.value() == region;
    return region + (active && users ? " (active, users)"
                     : active        ? " (active)"
                     : users         ? " (users)"
                                     : "");
}

// One line for each vote, with its reason.
std::string wide_regions_text(const wire::StatusDocument& status) {
    TextTable table{
        {"REGION", "COMPONENT", "VERDICT", "OBSERVER", "VOTE", "FAILING FOR", "HEARD", "WHY"}
    };
    for (const auto& [name, region] : status.regions) {
        const std::string verdict{to_string(region.verdict)};
        table.add(
            {with_role(status, name),
             "",
             verdict,
             "",
             "",
             "",
             "",
             region.condition == verdict ? "" : region.condition}
        );
        for (const auto& [component, state] : region.components) {
            table.add({"", component, std::string{to_string(state.verdict)}});
            for (const wire::VoteDocument& vote : state.votes) {
                table.add(
                    {"",
                     "",
                     "",
                     vote.observer,
                     std::string{to_string(vote.vote)},
                     age_text(vote.since),
                     ago(vote.age),
                     vote.why}
                );
            }
        }
    }
    return table.empty() ? "" : table.text();
}

std::string regions_text(const wire::StatusDocument& status) {
    TextTable table{{"REGION", "COMPONENT", "VERDICT", "VOTES"}};
    for (const auto& [name, region] : status.regions) {
        table.add({with_role(status, name), "", std::string{to_string(region.verdict)}, ""});
        for (const auto& [component, state] : region.components) {
            table.add({"", component, std::string{to_string(state.verdict)}, votes_text(state)});
        }
    }
    return table.empty() ? "" : table.text();
}

std::string lag_text(const wire::StatusDocument& status) {
    TextTable table{{"TABLE", "FROM", "TO", "LAG", "MEASURED"}};
    for (const wire::LagDocument& lag : status.lag) {
        // The lag grows while nothing arrives; the measurement is shown as what it is, with its
        // age.
        table.add(
            {lag.table.value(),
             lag.from.value(),
             lag.to.value(),
             (lag.stale ? "over " : "") + age_text(lag.at_least),
             fmt::format(
                 "{}{}, {} ago", lag.stale ? "STALE: " : "", age_text(lag.lag), age_text(lag.age)
             )}
        );
    }
    return table.empty() ? "" : "\n" + table.text();
}

// "automation: armed", or why it would not act.
std::string automation_line(const wire::StatusDocument& status) {
    if (status.paused) {
        return fmt::format(
            "automation: paused by {} until {}{}\n",
            status.paused->by,
            utc_text(status.paused->until),
            status.paused->reason.empty() ? "" : ": " + status.paused->reason
        );
    }
    return status.armed ? "automation: armed\n"
                        : fmt::format("automation: DISARMED: {}\n", status.why_not_armed);
}

// Each reason why it is not ready, with what to do about it.
std::string findings_text(const wire::StatusDocument& status) {
    std::string out;
    for (const wire::FindingDocument& finding : status.readiness.findings) {
        out += fmt::format("  {}: {}\n", finding.code, finding.text);
        out += finding.remedy.empty() ? "" : fmt::format("    remedy: {}\n", finding.remedy);
    }
    return out;
}

// "7, oldest 2.1s"
std::string unproven_text(const wire::AgentDocument& agent) {
    return std::to_string(agent.unproven) + (agent.oldest_unproven > Duration::zero()
                                                 ? ", oldest " + age_text(agent.oldest_unproven)
                                                 : "");
}

}  // namespace

std::string agents_table(const wire::StatusDocument& status) {
    TextTable table{
        {"HOST",
         "REGION",
         "CONNECTED",
         "EPOCH",
         "WRITES TO",
         "STATE",
         "LEASE",
         "UNPROVEN",
         "AGE",
         "VOUCHED BY",
         "SINCE"}
    };
    // What a host said last is no value of now once it is silent.
    const auto was = [](const std::string& text) {
        return text.empty() ? "-" : "was " + text;
    };
    std::string troubles;
    std::vector<std::string> without_keys;
    for (const wire::AgentDocument& agent : status.agents) {
        const bool heard = agent.connected;
        table.add(
            {agent.host.value(),
             agent.region.value(),
             heard ? "yes" : "no",
             std::to_string(agent.epoch.value()),
             or_dash(agent.active.value()),
             heard ? agent.write_state : was(agent.write_state),
             age_text(agent.lease_remaining),
             heard ? unproven_text(agent) : was(unproven_text(agent)),
             age_text(agent.age),
             or_dash(agent.vouched_by.value_or("")),
             utc_text(agent.vouched_at)}
        );
        if (!agent.trouble.empty()) {
            troubles += fmt::format("{}: {}\n", agent.host.value(), agent.trouble);
        }
        if (agent.client_keys == "off") {
            without_keys.push_back(agent.host.value());
        }
    }
    if (!without_keys.empty()) {
        troubles += fmt::format(
            "client_keys is off, so that any process of the host can write with its role: {}\n",
            joined(without_keys)
        );
    }
    return table.empty() ? "" : table.text() + troubles;
}

std::string status_table(const wire::StatusDocument& status, Format format) {
    const bool wide = format == Format::wide;
    std::string out = bold(status.first_line) + "\n" + findings_text(status);
    out += fmt::format(
        "app {}, epoch {}, active {}, users in {}, preferred {}\n",
        status.app.value(),
        status.epoch.value(),
        status.active.value(),
        status.users.value(),
        status.preferred.value()
    );
    if (wide) {
        out += fmt::format(
            "mode {}, told by the controller {} in {} at {}\n",
            status.mode,
            status.controller.value(),
            status.region.value(),
            status.at
        );
    }
    out += automation_line(status);
    if (status.cooldown_until) {
        out += fmt::format("cooling down until {}\n", utc_text(status.cooldown_until));
    }
    out += loss_forecast(status.loss);
    if (status.operation) {
        out += "operation: " + operation_line(*status.operation) + "\n";
    }
    if (status.last_operation) {
        out += "last operation: " + operation_line(*status.last_operation) + "\n";
    }
    const std::string agents = agents_table(status);
    return out + "\n" + (wide ? wide_regions_text(status) : regions_text(status)) +
           lag_text(status) + (agents.empty() ? "" : "\n" + agents);
}

std::string status_in_short(const wire::StatusDocument& status) {
    std::string text = fmt::format(
        "{} {} {} {} {} {}",
        to_string(status.readiness.verdict),
        status.active.value(),
        status.users.value(),
        status.epoch.value(),
        status.armed,
        status.paused.has_value()
    );
    for (const wire::FindingDocument& finding : status.readiness.findings) {
        text += " " + finding.code;
    }
    return text + " " + (status.operation ? status.operation->state : "");
}

const wire::RegionDocument* find_region(
    const wire::StatusDocument& status, std::string_view region
) {
    const auto found = std::ranges::find_if(status.regions, [region](const auto& each) {
        return each.first == region;
    });
    return found == status.regions.end() ? nullptr : &found->second;
}

std::string region_health(const wire::StatusDocument& status, const std::string& region) {
    std::string out = region + ":";
    if (const wire::RegionDocument* found = find_region(status, region)) {
        for (const auto& [component, state] : found->components) {
            out += fmt::format(
                "{} {} {}", out.ends_with(':') ? "" : ",", component, to_string(state.verdict)
            );
        }
    }
    return out;
}

std::string change_preview(
    const wire::StatusDocument& status, const std::string& verb, const std::string& to
) {
    return fmt::format(
        "{} of {}\n  from {}\n  to   {}\n  {}",
        verb,
        status.app.value(),
        region_health(status, status.active.value()),
        region_health(status, to),
        loss_forecast(status.loss)
    );
}

std::string why_table(const wire::WhyDocument& document) {
    return document.first_line + "\n" + document.text + "\n" +
           guards_table(document.guards, Asked::no);
}

std::string audit_table(const wire::AuditDocument& document) {
    TextTable table{{"AT", "WHO", "WHAT", "DETAIL"}};
    for (const wire::AuditEntryDocument& entry : document.entries) {
        table.add({utc_text(entry.at), or_dash(entry.who), or_dash(entry.what), entry.detail});
    }
    return table.empty() ? "nothing yet\n" : table.text();
}

}  // namespace farshore::cli
