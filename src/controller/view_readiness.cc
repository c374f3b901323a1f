#include <algorithm>

#include "base/text.h"
#include "controller/view.h"
#include "wire/api.h"

// "Could I fail over now, and what would I lose": what the core says about it, with what only the
// controller's edge knows.
namespace farshore::controller {

namespace {

// Whatever the core cannot see.
core::Shortfall shortfall_of(core::TableFault fault) {
    switch (fault) {
        case core::TableFault::missing: return core::Shortfall::table_missing;
        case core::TableFault::not_checked: return core::Shortfall::table_unchecked;
        case core::TableFault::other_key:
        case core::TableFault::other_settings:
        case core::TableFault::not_active:
        case core::TableFault::not_replicated:
        case core::TableFault::replicated: return core::Shortfall::table_unlike;
    }
    return core::Shortfall::table_unlike;
}

core::Finding finding_of(const core::EpochWatch::Apart& copy, const View& view) {
    return {
        .code = core::Shortfall::record_apart,
        .severity = core::Severity::degraded,
        .text = "the epoch record in " + copy.region.value() + " does not count for epoch " +
                std::to_string(view.pump.core().record().epoch.value()) + " (it " + copy.why +
                "), so writes depend on every other one",
        .remedy =
            "the epoch table there must be readable and writable: the controller's log says "
            "what it refuses; a record that is ahead is passed by the next switchover"
    };
}

std::vector<core::Finding> findings_of_the_edge(const View& view) {
    std::vector<core::Finding> findings;
    if (!view.pump.trouble().empty()) {
        findings.push_back(
            {.code = core::Shortfall::store_refuses,
             .severity = core::Severity::not_ready,
             .text = "the store refuses: " + view.pump.trouble(),
             .remedy = "make room for it: nothing is done without a durable record"}
        );
    }
    for (const core::TableFinding& table : view.tables.findings()) {
        // That the active Region does not answer is no reason to stay there.
        if (!table.is_broken() && table.region == view.pump.core().record().active) {
            continue;
        }
        findings.push_back(
            {.code = shortfall_of(table.fault),
             .severity = table.is_broken() ? core::Severity::not_ready : core::Severity::degraded,
             .text = table.text,
             .remedy = table.remedy}
        );
    }
    // An operation has its own words for the copies that it raises.
    if (!view.pump.core().operation_running()) {
        for (const core::EpochWatch::Apart& copy : view.epochs.keeper().apart()) {
            findings.push_back(finding_of(copy, view));
        }
    }
    for (const AgentView& agent : view.link.agents()) {
        for (const core::link::TableTrouble& table : agent.shown.tables) {
            findings.push_back(
                {.code = core::Shortfall::writes_not_arriving,
                 .severity = core::Severity::not_ready,
                 .text = agent.host.value() + " cannot prove " + std::to_string(table.unproven) +
                         " writes to " + table.table.value() + ": " + table.region.value() +
                         " says " + table.why,
                 .remedy = "farshore doctor"}
            );
        }
        if (!agent.trouble.empty()) {
            findings.push_back(
                {.code = core::Shortfall::host_troubled,
                 .severity = core::Severity::degraded,
                 .text = agent.host.value() + ": " + agent.trouble,
                 .remedy = {}}
            );
        }
    }
    return findings;
}

// Beside readiness, which is an operator's: would anything happen by itself?
std::string automation_in_words(const View& view) {
    const core::AppCore& core = view.pump.core();
    const core::AppRecord& record = core.record();
    const core::Now now = view.pump.now();
    if (const auto why = core.why_not_armed(now)) {
        return "automation DISARMED: " + *why;
    }
    if (core::is_paused(record, now.wall)) {
        return "automation PAUSED by " + record.pause->by + ", `farshore resume` ends it";
    }
    if (record.cooldown_until && now.wall < *record.cooldown_until) {
        return "automation COOLING DOWN until " + to_iso8601(*record.cooldown_until);
    }
    return "automation armed" +
           std::string{core.policy().require_drill_within ? "" : " (require_drill_within: off)"};
}

// Of an automatic failover, these say whether anything calls for it.
bool is_evidence(core::Guard guard) {
    return guard == core::Guard::quorum || guard == core::Guard::hosts_see_errors ||
           guard == core::Guard::suspect_yourself;
}

std::string why_in_words(const View& view, const core::AppCore::Preview& preview) {
    const core::AppCore& core = view.pump.core();
    const std::string active = core.record().active.value();
    const core::Condition condition =
        core.evidence().condition(view.pump.now().at, RegionId{active});
    const bool called_for = core::is_impaired(condition);
    std::string refusing;
    for (const core::GuardAnswer& answer : preview.guards) {
        if (!answer.passed && (called_for || !is_evidence(answer.guard))) {
            refusing += (refusing.empty() ? "" : "; ") + answer.text;
        }
    }
    if (!called_for) {
        const std::string nothing = condition == core::Condition::healthy
                                        ? "nothing calls for a failover: " + active + " is healthy"
                                        : "nothing calls for a failover: the state of " + active +
                                              " is unknown, and only a majority of observers that "
                                              "says unhealthy counts";
        return nothing +
               (refusing.empty() ? "" : "; if something did, this would refuse it: " + refusing);
    }
    const std::string called = active + " is " + std::string{to_string(condition)} + ": ";
    return called + (refusing.empty()
                         ? "every guard passes, an automatic failover to " +
                               preview.to.value_or(RegionId{"?"}).value() + " starts now"
                         : "no automatic failover: " + refusing);
}

}  // namespace

core::Readiness readiness_of(const View& view) {
    return view.pump.core().readiness(view.pump.now(), findings_of_the_edge(view));
}

wire::ReadinessDocument readiness_document(const core::Readiness& readiness) {
    wire::ReadinessDocument document{
        .verdict = readiness.verdict(), .from = readiness.from, .to = readiness.to, .findings = {}
    };
    for (const core::Finding& finding : readiness.findings) {
        document.findings.push_back(
            {.code = std::string{to_string(finding.code)},
             .severity = std::string{to_string(finding.severity)},
             .text = finding.text,
             .remedy = finding.remedy}
        );
    }
    return document;
}

std::string first_line(const View& view) {
    return core::in_words(readiness_of(view), view.config.app) + "; " + automation_in_words(view);
}

wire::WhyDocument why_of(const View& view) {
    const core::AppCore& core = view.pump.core();
    const core::Now now = view.pump.now();
    const core::AppCore::Preview preview = core.preview_automatic(now);
    const core::Condition condition = core.evidence().condition(now.at, core.record().active);
    return {
        .app = core.record().app,
        .first_line = first_line(view),
        .text = why_in_words(view, preview),
        .called_for = core::is_impaired(condition),
        .condition = std::string{to_string(condition)},
        .to = preview.to,
        .guards = wire::guards_document(preview.guards),
        .regions = regions_of(view, now)
    };
}

std::vector<wire::LagDocument> lags_of(const View& view, Instant now) {
    const Duration fresh_for = view.pump.core().policy().timing.lag_fresh_for;
    std::vector<wire::LagDocument> list;
    for (const core::LossWindow::Measured& seen : view.pump.core().losses().measured()) {
        const Duration age = now - seen.at;
        list.push_back(
            {.table = view.config.detect.heartbeat_table,
             .from = seen.from,
             .to = seen.to,
             .lag = seen.lag,
             .age = age,
             .at_least = core::lag_at_least(seen.lag, age, view.config.detect.probe_every),
             .stale = age > fresh_for}
        );
    }
    return list;
}

}  // namespace farshore::controller
