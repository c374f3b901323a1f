#include "controller/view.h"

#include <algorithm>
#include <utility>

#include "base/text.h"
#include "wire/api.h"

namespace farshore::controller {

namespace json = boost::json;

namespace {

constexpr std::size_t kStepsMax = 10'000;

std::string text_of(std::string_view text) {
    return std::string{text};
}

std::vector<wire::VoteDocument> votes_of(const core::Tally& tally, Instant now) {
    const auto since = [now](const std::optional<Instant>& at) {
        return at ? std::optional{now - *at} : std::nullopt;
    };
    std::vector<wire::VoteDocument> votes;
    for (const core::Vote& vote : tally.votes) {
        votes.push_back(
            {.observer = vote.observer.value(),
             .vote = vote.health,
             .since = since(vote.since),
             .why = vote.why,
             .age = since(vote.heard_at)}
        );
    }
    return votes;
}

std::vector<std::string> words_of(const std::vector<core::Lever>& levers) {
    std::vector<std::string> words;
    for (const core::Lever lever : levers) {
        words.emplace_back(to_string(lever));
    }
    return words;
}

}  // namespace

wire::RegionDocuments regions_of(const View& view, core::Now now) {
    wire::RegionDocuments regions;
    for (const config::Region& region : view.config.regions) {
        bool any_unhealthy = false;
        bool all_healthy = true;
        wire::RegionDocument document;
        for (const core::Component component :
             {core::Component::dynamodb, core::Component::stack}) {
            const core::Tally tally =
                view.pump.core().evidence().tally(now.at, region.id, component);
            any_unhealthy = any_unhealthy || tally.verdict == core::Health::unhealthy;
            all_healthy = all_healthy && tally.verdict == core::Health::healthy;
            document.components.emplace_back(
                to_string(component),
                wire::ComponentDocument{.verdict = tally.verdict, .votes = votes_of(tally, now.at)}
            );
        }
        document.verdict = any_unhealthy ? core::Health::unhealthy
                           : all_healthy ? core::Health::healthy
                                         : core::Health::unknown;
        document.condition = to_string(view.pump.core().evidence().condition(now.at, region.id));
        regions.emplace_back(region.id.value(), std::move(document));
    }
    return regions;
}

namespace {

// Who vouches for the host, since when, and what a person should look at.
void write_vouching(
    const View& view, const AgentView& agent, std::optional<UtcTime> since, wire::AgentDocument& out
) {
    const std::optional<core::Vouching> vouching = view.credentials.vouching(agent.host);
    const auto& listed = view.config.agents;
    const bool unlisted = !listed.empty() && std::ranges::find(listed, agent.host) == listed.end();
    std::string trouble = agent.trouble;
    if (trouble.empty() && unlisted) {
        trouble = "`agents` does not name it: it is refused, and fences wait for it";
    } else if (trouble.empty() && !vouching) {
        trouble = "it has no credential in force: it has no vote, and fences wait for it";
    }
    if (vouching) {
        out.vouched_by = vouching->by;
        out.vouched_at = since;
    }
    out.trouble = trouble;
}

// When each host came into the register.
std::map<HostId, UtcTime> registered_at(const View& view) {
    std::map<HostId, UtcTime> times;
    if (const auto hosts = view.stored.hosts(view.config.app)) {
        for (const ports::RegisteredHost& host : *hosts) {
            times.emplace(host.host, host.registered_at);
        }
    }
    return times;
}

std::vector<wire::TableFindingDocument> tables_of(const View& view) {
    std::vector<wire::TableFindingDocument> list;
    for (const core::TableFinding& finding : view.tables.findings()) {
        list.push_back(
            {.table = finding.table,
             .region = finding.region,
             .fault = text_of(to_string(finding.fault)),
             .text = finding.text,
             .remedy = finding.remedy}
        );
    }
    return list;
}

wire::AgentDocument agent_document(const AgentView& agent) {
    wire::AgentDocument document{
        .host = agent.host,
        .region = agent.region,
        .connected = agent.connected,
        .epoch = agent.epoch,
        .active = agent.active,
        .write_state = agent.write_state,
        .age = agent.age < Duration::zero() ? std::nullopt : std::optional{agent.age},
        .lease_remaining = agent.lease_remaining,
        .unproven = agent.unproven,
        .oldest_unproven = agent.oldest_unproven
    };
    for (const core::link::TableTrouble& trouble : agent.shown.tables) {
        document.tables.push_back(
            {.table = trouble.table,
             .region = trouble.region,
             .unproven = trouble.unproven,
             .why = trouble.why}
        );
    }
    if (!agent.shown.program.empty()) {
        document.program = agent.shown.program;
    }
    if (agent.shown.client_keys_required) {
        document.client_keys = *agent.shown.client_keys_required ? "required" : "off";
    }
    return document;
}

// Registered hosts that this process has not heard yet are listed too: silence is not absence.
std::vector<wire::AgentDocument> agents_of(const View& view) {
    std::vector<wire::AgentDocument> list;
    std::map<HostId, AgentView> views;
    for (const auto& [host, agent] : view.pump.core().agents()) {
        views[host] = AgentView{.host = host, .region = agent.region, .age = Duration{-1}};
    }
    for (AgentView& agent : view.link.agents()) {
        views[agent.host] = std::move(agent);
    }
    const std::map<HostId, UtcTime> since = registered_at(view);
    for (const auto& [host, agent] : views) {
        wire::AgentDocument entry = agent_document(agent);
        const auto registered = since.find(host);
        const auto joined = view.credentials.joined_at(host);
        write_vouching(
            view,
            agent,
            joined                      ? joined
            : registered == since.end() ? std::nullopt
                                        : std::optional{registered->second},
            entry
        );
        list.push_back(std::move(entry));
    }
    return list;
}

std::optional<wire::PauseDocument> pause_of(const core::AppRecord& record, UtcTime now) {
    if (!core::is_paused(record, now)) {
        return std::nullopt;
    }
    return wire::PauseDocument{
        .until = record.pause->until, .reason = record.pause->reason, .by = record.pause->by
    };
}

// Later operations may have moved users on, so only the newest can say where they are now.
RegionId users_after(const View& view, const core::OperationRecord& operation) {
    const core::AppRecord& app = view.pump.core().record();
    if (app.operation && app.operation->plan.id == operation.plan.id) {
        return app.users;
    }
    const bool moved = operation.plan.has(core::Lever::shift) &&
                       std::ranges::any_of(operation.phases, [](const core::Phase& phase) {
                           return phase.kind == core::StepKind::shift;
                       });
    return moved ? operation.plan.to : operation.plan.users_before;
}

wire::OperationDocument document_of(
    const View& view, const core::OperationRecord& record, bool with_steps
) {
    wire::OperationParts parts{
        .record = record,
        .users = users_after(view, record),
        .loss = view.losses.counts(record.plan.id),
        .steps = {}
    };
    if (with_steps) {
        if (const auto rows = view.stored.journal(record.plan.id, 0, kStepsMax)) {
            for (const ports::JournalRow& row : *rows) {
                parts.steps.push_back({.sequence = row.sequence, .entry = row.entry});
            }
        }
    }
    return wire::operation_document(parts);
}

// What a failover at this moment could lose.
wire::LossForecast loss_forecast(const View& view) {
    const core::AppCore& core = view.pump.core();
    std::uint64_t unproven = 0;
    std::uint64_t unheard = 0;  // what these have not proven is not in the sum
    for (const auto& [host, agent] : core.agents()) {
        unproven += agent.unproven;
        unheard += agent.connected ? 0U : 1U;
    }
    return {.window = core.loss_window(), .unproven_writes = unproven, .hosts_unheard = unheard};
}

}  // namespace

wire::StatusDocument status_of(const View& view) {
    const core::AppCore& core = view.pump.core();
    const core::AppRecord& record = core.record();
    const core::Now now = view.pump.now();
    const auto why_not = core.why_not_armed(now);
    const bool cooling = record.cooldown_until && now.wall < *record.cooldown_until;
    wire::StatusDocument status{
        .app = record.app,
        .controller = view.config.controller.id,
        .region = view.config.controller.region,
        .at = to_iso8601(now.wall),
        .at_ms = now.wall,
        .first_line = first_line(view),
        .readiness = readiness_document(readiness_of(view)),
        .mode = text_of(to_string(core.policy().mode)),
        .armed = !why_not.has_value(),
        .why_not_armed = why_not.value_or(""),
        .paused = pause_of(record, now.wall),
        .cooldown_until = cooling ? record.cooldown_until : std::nullopt,
        .epoch = record.epoch,
        .active = record.active,
        .users = record.users,
        .preferred = view.config.preferred(),
        .trouble = view.pump.trouble(),
        .regions = regions_of(view, now),
        .lag = lags_of(view, now.at),
        .loss = loss_forecast(view),
        .tables = tables_of(view),
        .agents = agents_of(view)
    };
    if (record.operation) {
        (core.operation_running() ? status.operation : status.last_operation) =
            document_of(view, *record.operation, false);
    }
    return status;
}

json::object plan_document(const View& view, const core::ChangeRequest& request) {
    const core::AppCore& core = view.pump.core();
    const std::optional<std::string> nothing = core.why_nothing_to_do(request);
    core::AppCore::Preview preview = core.preview(view.pump.now(), request);
    if (nothing) {
        preview.guards.clear();  // nothing is to be done, so no guard has to be asked
    }
    const bool target_is_known =
        std::ranges::none_of(preview.guards, [](const core::GuardAnswer& answer) {
            return answer.guard == core::Guard::target_known && !answer.passed;
        });
    wire::PlanDocument document{
        .allowed = core::all_passed(preview.guards),
        .text = nothing.value_or(""),
        .plan =
            {.verb = request.verb,
             .app = core.record().app,
             .from = core.record().active,
             .to = request.to,
             .epoch_after = preview.plan ? preview.plan->epoch_after : Epoch{}},
        .guards = wire::guards_document(preview.guards),
        .loss = loss_forecast(view)
    };
    if (!nothing && target_is_known && preview.plan) {
        document.plan.levers = words_of(preview.levers);
        document.plan.steps = wire::plan_steps_document(*preview.plan, {});
        document.plan.fingerprint = preview.plan->fingerprint;
    }
    return wire::to_json(document);
}

Result<wire::OperationDocument> operation_of(
    const View& view, const OperationId& id, bool with_steps
) {
    const core::AppRecord& record = view.pump.core().record();
    if (record.operation && record.operation->plan.id == id) {
        return document_of(view, *record.operation, with_steps);
    }
    const auto found = view.stored.operation(id);
    if (!found) {
        return std::unexpected(found.error());
    }
    if (!*found) {
        return fail(
            ErrorKind::not_found, "no operation " + id.value(), "`farshore op list` shows them"
        );
    }
    return document_of(view, **found, with_steps);
}

Result<json::object> operation_document(const View& view, const OperationId& id, bool with_steps) {
    const Result<wire::OperationDocument> document = operation_of(view, id, with_steps);
    return document ? Result<json::object>{wire::to_json(*document)}
                    : std::unexpected(document.error());
}

}  // namespace farshore::controller
