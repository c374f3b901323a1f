#include "controller/view.h"

#include <algorithm>
#include <utility>

#include "base/text.h"
#include "wire/api.h"

namespace farshore::controller {

namespace json = boost::json;

namespace {

constexpr std::size_t kStepsMax = 10'000;

json::string text_of(std::string_view text) {
    return json::string{text.data(), text.size()};
}

json::value ms_or_null(const std::optional<UtcTime>& time) {
    return time ? json::value(to_ms(*time)) : json::value(nullptr);
}

json::array votes_document(const core::Tally& tally, Instant now) {
    json::array votes;
    for (const core::Vote& vote : tally.votes) {
        votes.push_back(json::object{
            {"observer", vote.observer.value()},
            {"vote", text_of(to_string(vote.health))},
            {"since_ms", vote.since ? json::value(to_ms(now - *vote.since)) : json::value(nullptr)},
            {"why", vote.why},
            {"age_ms",
             vote.heard_at ? json::value(to_ms(now - *vote.heard_at)) : json::value(nullptr)}
        });
    }
    return votes;
}

}  // namespace

json::object regions_document(const View& view, core::Now now) {
    json::object regions;
    for (const config::Region& region : view.config.regions) {
        bool any_unhealthy = false;
        bool all_healthy = true;
        json::object components;
        for (const core::Component component :
             {core::Component::dynamodb, core::Component::stack}) {
            const core::Tally tally =
                view.pump.core().evidence().tally(now.at, region.id, component);
            any_unhealthy = any_unhealthy || tally.verdict == core::Health::unhealthy;
            all_healthy = all_healthy && tally.verdict == core::Health::healthy;
            components[text_of(to_string(component))] = json::object{
                {"verdict", text_of(to_string(tally.verdict))},
                {"votes", votes_document(tally, now.at)}
            };
        }
        const core::Health verdict = any_unhealthy ? core::Health::unhealthy
                                     : all_healthy ? core::Health::healthy
                                                   : core::Health::unknown;
        const core::Condition condition = view.pump.core().evidence().condition(now.at, region.id);
        regions[region.id.value()] = json::object{
            {"verdict", text_of(to_string(verdict))},
            {"condition", text_of(to_string(condition))},
            {"components", std::move(components)}
        };
    }
    return regions;
}

namespace {

// Who vouches for the host, since when, and what a person should look at.
void write_vouching(
    const View& view, const AgentView& agent, std::optional<UtcTime> since, json::object& out
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
    out["vouched_by"] = vouching ? json::value(vouching->by) : json::value(nullptr);
    out["vouched_at_ms"] = vouching ? ms_or_null(since) : json::value(nullptr);
    out["trouble"] = trouble;
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

json::array tables_document(const View& view) {
    json::array list;
    for (const core::TableFinding& finding : view.tables.findings()) {
        list.push_back(json::object{
            {"table", finding.table.value()},
            {"region", finding.region.value()},
            {"fault", text_of(to_string(finding.fault))},
            {"text", finding.text},
            {"remedy", finding.remedy}
        });
    }
    return list;
}

json::array troubles_document(const std::vector<wire::TableTrouble>& troubles) {
    json::array list;
    for (const wire::TableTrouble& trouble : troubles) {
        list.push_back(json::object{
            {"table", trouble.table.value()},
            {"region", trouble.region.value()},
            {"unproven", trouble.unproven},
            {"why", trouble.why}
        });
    }
    return list;
}

// Registered hosts that this process has not heard yet are listed too: silence is not absence.
json::array agents_document(const View& view) {
    json::array list;
    std::map<HostId, AgentView> views;
    for (const auto& [host, agent] : view.pump.core().agents()) {
        views[host] = AgentView{.host = host, .region = agent.region, .age = Duration{-1}};
    }
    for (AgentView& agent : view.link.agents()) {
        views[agent.host] = std::move(agent);
    }
    const std::map<HostId, UtcTime> since = registered_at(view);
    for (const auto& [host, agent] : views) {
        json::object entry{
            {"host", host.value()},
            {"region", agent.region.value()},
            {"connected", agent.connected},
            {"epoch", agent.epoch.value()},
            {"active", agent.active.value()},
            {"write_state", agent.write_state},
            {"age_ms",
             agent.age < Duration::zero() ? json::value(nullptr) : json::value(to_ms(agent.age))},
            {"lease_remaining_ms", to_ms(agent.lease_remaining)},
            {"unproven", agent.unproven},
            {"oldest_unproven_ms", to_ms(agent.oldest_unproven)},
            {"tables", troubles_document(agent.tables)},
            {"client_keys",
             !agent.client_keys_required   ? json::value(nullptr)
             : *agent.client_keys_required ? json::value("required")
                                           : json::value("off")}
        };
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

json::value pause_document(const core::AppRecord& record, UtcTime now) {
    if (!is_paused(record, now)) {
        return nullptr;
    }
    return json::object{
        {"until_ms", ms_or_null(record.pause->until)},
        {"reason", record.pause->reason},
        {"by", record.pause->by}
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

json::object operation_of(const View& view, const core::OperationRecord& record, bool with_steps) {
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
json::object loss_forecast(const View& view) {
    const core::AppCore& core = view.pump.core();
    std::uint64_t unproven = 0;
    std::uint64_t unheard = 0;  // what these have not proven is not in the sum
    for (const auto& [host, agent] : core.agents()) {
        unproven += agent.unproven;
        unheard += agent.connected ? 0U : 1U;
    }
    const auto window = core.loss_window();
    return {
        {"window_ms", window ? json::value(to_ms(*window)) : json::value(nullptr)},
        {"unproven_writes", unproven},
        {"hosts_unheard", unheard}
    };
}

}  // namespace

bool is_paused(const core::AppRecord& record, UtcTime now) {
    return record.pause && (!record.pause->until || now < *record.pause->until);
}

std::optional<std::string> nothing_to_do(const View& view, const core::ChangeRequest& request) {
    const core::AppRecord& record = view.pump.core().record();
    const bool there = request.to == record.active && record.users == record.active &&
                       !core::is_raised_beyond(record, view.pump.core().superseded());
    if (!there || view.pump.core().operation_running()) {
        return std::nullopt;
    }
    return "already done: " + request.to.value() +
           " is active and serves users; nothing was started";
}

json::object status_document(const View& view) {
    const core::AppCore& core = view.pump.core();
    const core::AppRecord& record = core.record();
    const core::Now now = view.pump.now();
    const auto why_not = core.why_not_armed(now);
    const bool cooling = record.cooldown_until && now.wall < *record.cooldown_until;
    json::value running = nullptr;
    json::value last = nullptr;
    if (record.operation) {
        (core.operation_running() ? running : last) = operation_of(view, *record.operation, false);
    }
    return {
        {"schema_version", wire::kApiSchemaVersion},
        {"app", record.app.value()},
        {"controller", view.config.controller.id.value()},
        {"region", view.config.controller.region.value()},
        {"at", to_iso8601(now.wall)},
        {"at_ms", to_ms(now.wall)},
        {"first_line", first_line(view)},
        {"readiness", readiness_document(readiness_of(view))},
        {"mode", text_of(to_string(core.policy().mode))},
        {"armed", !why_not.has_value()},
        {"why_not_armed", why_not.value_or("")},
        {"paused", pause_document(record, now.wall)},
        {"cooldown_until", cooling ? ms_or_null(record.cooldown_until) : json::value(nullptr)},
        {"epoch", record.epoch.value()},
        {"active", record.active.value()},
        {"users", record.users.value()},
        {"preferred", view.config.preferred().value()},
        {"trouble", view.pump.trouble()},
        {"regions", regions_document(view, now)},
        {"lag", lag_document(view, now.at)},
        {"loss", loss_forecast(view)},
        {"tables", tables_document(view)},
        {"agents", agents_document(view)},
        {"operation", std::move(running)},
        {"last_operation", std::move(last)}
    };
}

json::object plan_document(const View& view, const core::ChangeRequest& request) {
    const core::AppCore& core = view.pump.core();
    const std::optional<std::string> nothing = nothing_to_do(view, request);
    core::AppCore::Preview preview = core.preview(view.pump.now(), request);
    if (nothing) {
        preview.guards.clear();  // nothing is to be done, so no guard has to be asked
    }
    const bool target_is_known =
        std::ranges::none_of(preview.guards, [](const core::GuardAnswer& answer) {
            return answer.guard == core::Guard::target_known && !answer.passed;
        });
    json::array levers;
    json::array steps;
    std::string fingerprint;
    if (!nothing && target_is_known && preview.plan) {
        for (const core::Lever lever : preview.levers) {
            levers.push_back(text_of(to_string(lever)));
        }
        steps = wire::plan_steps_document(*preview.plan, {});
        fingerprint = preview.plan->fingerprint;
    }
    return {
        {"schema_version", wire::kApiSchemaVersion},
        {"allowed", core::all_passed(preview.guards)},
        {"text", nothing.value_or("")},
        {"plan",
         {{"verb", text_of(to_string(request.verb))},
          {"app", core.record().app.value()},
          {"from", core.record().active.value()},
          {"to", request.to.value()},
          {"epoch_after", preview.plan ? preview.plan->epoch_after.value() : 0},
          {"levers", std::move(levers)},
          {"steps", std::move(steps)},
          {"fingerprint", fingerprint}}},
        {"guards", wire::guards_document(preview.guards)},
        {"loss", loss_forecast(view)}
    };
}

Result<json::object> operation_document(const View& view, const OperationId& id, bool with_steps) {
    const core::AppRecord& record = view.pump.core().record();
    if (record.operation && record.operation->plan.id == id) {
        return operation_of(view, *record.operation, with_steps);
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
    return operation_of(view, **found, with_steps);
}

}  // namespace farshore::controller
