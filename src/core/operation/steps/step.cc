#include "core/operation/steps/step.h"

#include <utility>

#include "base/assert.h"
#include "core/operation/agent_orders.h"
#include "core/planted.h"

namespace farshore::core {

void StepContext::note(EntryKind kind, std::string text) const {
    effects.save = true;
    effects.journal.push_back(
        {.operation = record.plan.id,
         .kind = kind,
         .step = number,
         .doing = std::string{record.doing()},
         .text = std::move(text),
         .at = now.wall,
         .of = {},
         .event = {}}
    );
}

StepContext StepContext::for_step(std::size_t other, std::uint64_t its_number) const {
    return {
        .now = now,
        .timing = timing,
        .on_controller_loss = on_controller_loss,
        .strangers = strangers,
        .agents = agents,
        .record = record,
        .findings = findings,
        .at = other,
        .number = its_number,
        .taken_over = taken_over,
        .before = record.runs[other].life,
        .effects = effects
    };
}

void StepContext::tell(StepKind kind, const StepResult& result) const {
    const std::string_view why = row_of(kind).why(result.event);
    record.why = why;
    note(
        EntryKind::outcome,
        result.detail.empty() ? std::string{why} : std::string{why} + " (" + result.detail + ")"
    );
    effects.journal.back().of = kind;
    effects.journal.back().event = result.event;
}

void StepContext::live(LifeEvent event, std::string_view why) const {
    record.live(now.wall, at, event, why);
}

void StepContext::followed_alone(const HostId& host) const {
    if (!record.may_lose() && !record.has_begun(StepKind::repoint)) {
        record.counts_as_failover = true;
        note(
            EntryKind::note,
            host.value() + " followed epoch " + std::to_string(plan().epoch_after.value()) +
                " by itself before the drain could be repeated: this counts as a failover"
        );
    }
}

void StepContext::order(OrderType type, std::vector<HostId> hosts, Duration timeout) const {
    if (hosts.empty()) {
        return;
    }
    FARSHORE_ASSERT(
        agent_orders::gives(record.kind(), type), "agent_orders.h: a step gives its own orders"
    );
    const bool promoted =
        type == OrderType::route || type == OrderType::verify || type == OrderType::fence;
    const bool users_move = row_of(record.kind()).gives.has(Fact::users_moved);
    act(OrderAgents{
        .step = id(),
        .app = plan().app,
        .hosts = std::move(hosts),
        .type = type,
        .epoch = promoted ? plan().epoch_after : plan().epoch_before,
        .active = promoted ? plan().to : plan().from,
        .users = users_move ? plan().to : RegionId{},
        .hold_for = timing.hold_max,
        .timeout = timeout,
        .fence_grace = timing.fence_grace
    });
}

std::vector<HostId> StepContext::all_hosts() const {
    std::vector<HostId> hosts;
    for (const auto& [host, agent] : agents) {
        hosts.push_back(host);
    }
    return hosts;
}

StepEvent StepContext::failed_or_exhausted() const {
    return record.attempts >= static_cast<std::uint32_t>(timing.drain_attempts)
               ? StepEvent::exhausted
               : StepEvent::failed;
}

bool StepContext::may_still_happen(std::optional<Duration> unknown_ago) const {
    return unknown_ago && *unknown_ago < timing.unknown_for && !plan().accept_unknown &&
           !is_planted(PlantedBug::timeout_taken_for_no);
}

}  // namespace farshore::core
