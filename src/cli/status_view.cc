#include "cli/status_view.h"

#include <algorithm>

#include <boost/json.hpp>
#include <fmt/format.h>

#include "base/text.h"
#include "cli/output.h"

namespace farshore::cli {

namespace json = boost::json;

namespace {

// The documents are either the list itself or an object that holds it under one name.
const json::array& list_of(const json::value& document, std::string_view name) {
    return document.is_array() ? document.get_array() : list_at(document, name);
}

std::string or_dash(std::string text) {
    return text.empty() ? "-" : text;
}

std::string utc_text(const json::value& document, std::string_view path) {
    const std::int64_t ms = number_at(document, path, -1);
    return ms < 0 ? or_dash(text_at(document, path)) : to_iso8601(utc_from_ms(ms));
}

std::string votes_text(const json::value& component) {
    std::string out;
    for (const json::value& vote : list_at(component, "votes")) {
        const std::int64_t age = number_at(vote, "age_ms", -1);
        out += fmt::format(
            "{}{}: {}{}",
            out.empty() ? "" : ", ",
            text_at(vote, "observer"),
            text_at(vote, "vote"),
            age < 0 ? "" : fmt::format(" ({} ago)", age_text(age))
        );
    }
    return or_dash(out);
}

std::string with_role(const json::value& status, const std::string& region) {
    const bool active = text_at(status, "active") == region;
    const bool users = text_at(status, "users") == region;
    return region + (active && users ? " (active, users)"
                     : active        ? " (active)"
                     : users         ? " (users)"
                                     : "");
}

// One line for each vote, with its reason.
std::string wide_regions_text(const json::value& status) {
    TextTable table{
        {"REGION", "COMPONENT", "VERDICT", "OBSERVER", "VOTE", "FAILING FOR", "HEARD", "WHY"}
    };
    for (const auto& [name, region] : members_at(status, "regions")) {
        const std::string condition = text_at(region, "condition");
        table.add(
            {with_role(status, name),
             "",
             text_at(region, "verdict"),
             "",
             "",
             "",
             "",
             condition == text_at(region, "verdict") ? "" : condition}
        );
        for (const auto& [component, state] : members_at(region, "components")) {
            table.add({"", component, text_at(state, "verdict")});
            for (const json::value& vote : list_at(state, "votes")) {
                const std::int64_t age = number_at(vote, "age_ms", -1);
                table.add(
                    {"",
                     "",
                     "",
                     text_at(vote, "observer"),
                     text_at(vote, "vote"),
                     age_text(number_at(vote, "since_ms", -1)),
                     age < 0 ? "-" : age_text(age) + " ago",
                     text_at(vote, "why")}
                );
            }
        }
    }
    return table.empty() ? "" : table.text();
}

std::string regions_text(const json::value& status) {
    TextTable table{{"REGION", "COMPONENT", "VERDICT", "VOTES"}};
    for (const auto& [name, region] : members_at(status, "regions")) {
        table.add({with_role(status, name), "", text_at(region, "verdict"), ""});
        for (const auto& [component, state] : members_at(region, "components")) {
            table.add({"", std::string{component}, text_at(state, "verdict"), votes_text(state)});
        }
    }
    return table.empty() ? "" : table.text();
}

std::string lag_text(const json::value& status) {
    TextTable table{{"TABLE", "FROM", "TO", "LAG", "MEASURED"}};
    for (const json::value& lag : list_at(status, "lag")) {
        const bool stale = flag_at(lag, "stale");
        // The lag grows while nothing arrives; the measurement is shown as what it is, with its
        // age.
        table.add(
            {text_at(lag, "table"),
             text_at(lag, "from"),
             text_at(lag, "to"),
             (stale ? "over " : "") + age_text(number_at(lag, "at_least_ms", -1)),
             fmt::format(
                 "{}{}, {} ago",
                 stale ? "STALE: " : "",
                 age_text(number_at(lag, "ms", -1)),
                 age_text(number_at(lag, "age_ms", -1))
             )}
        );
    }
    return table.empty() ? "" : "\n" + table.text();
}

// What a failover at this moment could lose: the same words wherever it is asked.
std::string loss_forecast(const json::value& loss) {
    const std::int64_t unheard = number_at(loss, "hosts_unheard", 0);
    const std::int64_t window = number_at(loss, "window_ms", -1);
    return fmt::format(
        "a failover now could lose: {} of writes, {} keys not proven in the standby{}\n",
        window < 0 ? "an unknown time" : age_text(window),
        or_dash(text_at(loss, "unproven_writes")),
        unheard > 0 ? fmt::format(", and what {} hosts not heard have written", unheard) : ""
    );
}

// "automation: armed", or why it would not act.
std::string automation_line(const json::value& status) {
    if (value_at(status, "paused") != nullptr) {
        const std::string reason = text_at(status, "paused/reason");
        return fmt::format(
            "automation: paused by {} until {}{}\n",
            text_at(status, "paused/by"),
            utc_text(status, "paused/until_ms"),
            reason.empty() ? "" : ": " + reason
        );
    }
    return flag_at(status, "armed")
               ? "automation: armed\n"
               : fmt::format("automation: DISARMED: {}\n", text_at(status, "why_not_armed"));
}

// Each reason why it is not ready, with what to do about it.
std::string findings_text(const json::value& status) {
    std::string out;
    for (const json::value& finding : list_at(status, "readiness/findings")) {
        out += fmt::format("  {}: {}\n", text_at(finding, "code"), text_at(finding, "text"));
        const std::string remedy = text_at(finding, "remedy");
        out += remedy.empty() ? "" : fmt::format("    remedy: {}\n", remedy);
    }
    return out;
}

// "7, oldest 2.1s"
std::string unproven_text(const json::value& agent) {
    const std::int64_t oldest = number_at(agent, "oldest_unproven_ms", 0);
    return text_at(agent, "unproven") + (oldest > 0 ? ", oldest " + age_text(oldest) : "");
}

std::string operation_line(const json::value& operation) {
    return fmt::format(
        "{} {} {} -> {}: {}",
        text_at(operation, "id"),
        text_at(operation, "verb"),
        text_at(operation, "from"),
        text_at(operation, "to"),
        text_at(operation, "outcome")
    );
}

}  // namespace

std::string agents_table(const json::value& status) {
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
    for (const json::value& agent : list_at(status, "agents")) {
        const bool heard = flag_at(agent, "connected");
        table.add(
            {text_at(agent, "host"),
             text_at(agent, "region"),
             flag_at(agent, "connected") ? "yes" : "no",
             text_at(agent, "epoch"),
             or_dash(text_at(agent, "active")),
             heard ? text_at(agent, "write_state") : was(text_at(agent, "write_state")),
             age_text(number_at(agent, "lease_remaining_ms", -1)),
             heard ? unproven_text(agent) : was(unproven_text(agent)),
             age_text(number_at(agent, "age_ms", -1)),
             or_dash(text_at(agent, "vouched_by")),
             utc_text(agent, "vouched_at_ms")}
        );
        if (const std::string trouble = text_at(agent, "trouble"); !trouble.empty()) {
            troubles += fmt::format("{}: {}\n", text_at(agent, "host"), trouble);
        }
        if (text_at(agent, "client_keys") == "off") {
            without_keys.push_back(text_at(agent, "host"));
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

std::string status_table(const json::value& status, Format format) {
    const bool wide = format == Format::wide;
    std::string out = bold(text_at(status, "first_line")) + "\n" + findings_text(status);
    out += fmt::format(
        "app {}, epoch {}, active {}, users in {}, preferred {}\n",
        text_at(status, "app"),
        text_at(status, "epoch"),
        text_at(status, "active"),
        text_at(status, "users"),
        text_at(status, "preferred")
    );
    if (wide) {
        out += fmt::format(
            "mode {}, told by the controller {} in {} at {}\n",
            text_at(status, "mode"),
            text_at(status, "controller"),
            text_at(status, "region"),
            text_at(status, "at")
        );
    }
    out += automation_line(status);
    if (value_at(status, "cooldown_until") != nullptr) {
        out += fmt::format("cooling down until {}\n", utc_text(status, "cooldown_until"));
    }
    if (const json::value* loss = value_at(status, "loss")) {
        out += loss_forecast(*loss);
    }
    if (const json::value* operation = value_at(status, "operation")) {
        out += "operation: " + operation_line(*operation) + "\n";
    }
    if (const json::value* last = value_at(status, "last_operation")) {
        out += "last operation: " + operation_line(*last) + "\n";
    }
    const std::string agents = agents_table(status);
    return out + "\n" + (wide ? wide_regions_text(status) : regions_text(status)) +
           lag_text(status) + (agents.empty() ? "" : "\n" + agents);
}

std::string guards_table(const json::value& guards, Asked asked) {
    TextTable table{{"", "GUARD", "WHAT IT SAYS"}};
    std::string remedies;
    if (guards.is_array()) {
        for (const json::value& guard : guards.get_array()) {
            const bool passed = flag_at(guard, "passed");
            const std::string refuses = asked == Asked::yes ? "REFUSED" : "would refuse";
            table.add({passed ? "passed" : refuses, text_at(guard, "guard"), text_at(guard, "text")}
            );
            const std::string remedy = text_at(guard, "remedy");
            if (!passed && !remedy.empty()) {
                remedies += fmt::format("{}: {}\n", text_at(guard, "guard"), remedy);
            }
        }
    }
    return table.empty() ? "" : table.text() + remedies;
}

std::string status_in_short(const json::value& status) {
    std::string text = fmt::format(
        "{} {} {} {} {} {}",
        text_at(status, "readiness/verdict"),
        text_at(status, "active"),
        text_at(status, "users"),
        text_at(status, "epoch"),
        flag_at(status, "armed"),
        value_at(status, "paused") != nullptr
    );
    for (const json::value& finding : list_at(status, "readiness/findings")) {
        text += " " + text_at(finding, "code");
    }
    return text + " " + text_at(status, "operation/state");
}

std::string region_health(const json::value& status, const std::string& region) {
    std::string out = region + ":";
    for (const auto& [component, state] : members_at(status, "regions/" + region + "/components")) {
        out += fmt::format(
            "{} {} {}",
            out.ends_with(':') ? "" : ",",
            std::string_view{component},
            text_at(state, "verdict")
        );
    }
    return out;
}

std::string change_preview(
    const json::value& status, const std::string& verb, const std::string& to
) {
    const std::string out = fmt::format(
        "{} of {}\n  from {}\n  to   {}\n",
        verb,
        text_at(status, "app"),
        region_health(status, text_at(status, "active")),
        region_health(status, to)
    );
    const json::value* loss = value_at(status, "loss");
    return loss == nullptr ? out : out + "  " + loss_forecast(*loss);
}

std::string why_table(const json::value& document) {
    std::string out;
    for (const auto* key : {"first_line", "text", "why", "verdict"}) {
        const json::value* value = value_at(document, key);
        if (value != nullptr && value->is_string()) {
            out += text_at(document, key) + "\n";
        }
    }
    if (const json::value* guards = value_at(document, "guards")) {
        out += guards_table(*guards, Asked::no);
    }
    return out.empty() ? to_yaml(document) : out;
}

std::string audit_table(const json::value& document) {
    TextTable table{{"AT", "WHO", "WHAT", "DETAIL"}};
    for (const json::value& entry : list_of(document, "entries")) {
        table.add(
            {utc_text(entry, "at_ms"),
             or_dash(text_at(entry, "who")),
             or_dash(text_at(entry, "what")),
             text_at(entry, "detail")}
        );
    }
    return table.empty() ? "nothing yet\n" : table.text();
}

std::string operations_table(const json::value& document) {
    TextTable table{{"ID", "VERB", "FROM", "TO", "OUTCOME", "STARTED", "BY"}};
    for (const json::value& operation : list_of(document, "operations")) {
        table.add(
            {text_at(operation, "id"),
             text_at(operation, "verb"),
             text_at(operation, "from"),
             text_at(operation, "to"),
             text_at(operation, "outcome"),
             utc_text(operation, "started_at_ms"),
             text_at(operation, "by")}
        );
    }
    return table.empty() ? "no operation yet\n" : table.text();
}

std::string journal_line(const json::value& entry) {
    const std::int64_t at = number_at(entry, "at_ms", -1);
    return fmt::format(
        "{}  {:<8} {:<10} {}",
        at < 0 ? "-" : clock_text(at),
        text_at(entry, "kind"),
        text_at(entry, "step"),
        text_at(entry, "text")
    );
}

// What the plan is, and what became of each step.
std::string planned_steps(const json::array& steps) {
    TextTable table{{"STEP", "STATE", "WITHIN", "WHAT IT DOES"}};
    for (const json::value& step : steps) {
        const bool inside = !text_at(step, "part_of").empty();
        table.add(
            {(inside ? "  " : "") + text_at(step, "id"),
             or_dash(text_at(step, "life")),
             to_text(std::chrono::milliseconds{number_at(step, "bound_ms", 0)}),
             text_at(step, "text")}
        );
    }
    return table.empty() ? "" : "\n" + table.text();
}

std::string operation_table(const json::value& operation) {
    std::string out = bold(operation_line(operation)) + "\n";
    out += fmt::format(
        "by {}, reason: {}\nepoch {} -> {}\n",
        text_at(operation, "by"),
        or_dash(text_at(operation, "reason")),
        text_at(operation, "epoch_before"),
        text_at(operation, "epoch_after")
    );
    if (!text_at(operation, "why").empty()) {
        out += text_at(operation, "why") + "\n";
    }
    TextTable phases{{"PHASE", "STARTED", "TOOK"}};
    for (const json::value& phase : list_at(operation, "phases")) {
        const std::int64_t from = number_at(phase, "started_at_ms", -1);
        const std::int64_t to = number_at(phase, "ended_at_ms", -1);
        phases.add(
            {text_at(phase, "name"),
             from < 0 ? "-" : clock_text(from),
             to < 0 ? "still on" : fmt::format("{}ms", to - from)}
        );
    }
    out += phases.empty() ? "" : "\n" + phases.text();
    out += planned_steps(list_at(operation, "plan"));
    if (const json::value* loss = value_at(operation, "loss")) {
        out += fmt::format(
            "\nloss window {}, at risk {}, applied late {}, suppressed {}, never arrived {}, not "
            "settled {}{}\n",
            age_text(number_at(*loss, "window_ms", -1)),
            text_at(*loss, "at_risk"),
            text_at(*loss, "applied_late"),
            text_at(*loss, "suppressed"),
            text_at(*loss, "never_arrived"),
            text_at(*loss, "unknown"),
            value_at(*loss, "whole") == nullptr || flag_at(*loss, "whole")
                ? ""
                : "; a host could not name every write, so more may be lost"
        );
    }
    for (const json::value& step : list_at(operation, "steps")) {
        out += journal_line(step) + "\n";
    }
    return out;
}

std::string losses_table(const json::value& document) {
    TextTable table{{"TABLE", "KEY", "OPERATION", "WRITTEN", "FATE"}};
    for (const json::value& entry : list_of(document, "entries")) {
        table.add(
            {text_at(entry, "table"),
             text_at(entry, "key"),
             text_at(entry, "op"),
             utc_text(entry, "at_ms"),
             or_dash(text_at(entry, "fate"))}
        );
    }
    const bool whole = !flag_at(document, "truncated");
    const std::string_view not_whole =
        whole ? ""
              : "the book is not whole: a host could not name every write that it had not "
                "proven, so more may be lost\n";
    if (table.empty()) {
        return whole ? "no write at risk\n" : "no write is named; " + std::string{not_whole};
    }
    return table.text() + std::string{not_whole};
}

std::string plan_table(const json::value& document) {
    std::string out;
    const std::string already = text_at(document, "text");
    if (!already.empty()) {
        return already + "\n";
    }
    if (const json::value* plan = value_at(document, "plan")) {
        out += fmt::format(
            "{} {}: {} -> {}\n",
            text_at(*plan, "verb"),
            text_at(*plan, "app"),
            text_at(*plan, "from"),
            text_at(*plan, "to")
        );
        std::size_t number = 0;
        for (const json::value& step : list_at(*plan, "steps")) {
            const bool inside = !text_at(step, "part_of").empty();
            out += fmt::format(
                "  {}. {}{}\n", ++number, inside ? "beside it: " : "", text_at(step, "text")
            );
        }
        out += fmt::format("fingerprint {}\n", text_at(*plan, "fingerprint"));
        const json::value* loss = value_at(document, "loss");
        if (loss != nullptr && text_at(*plan, "verb") == "failover") {
            out += loss_forecast(*loss);
        }
    }
    if (const json::value* guards = value_at(document, "guards")) {
        out += guards_table(*guards, Asked::no);
    }
    return out.empty() ? to_yaml(document) : out;
}

}  // namespace farshore::cli
