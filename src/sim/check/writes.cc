#include "sim/check/writes.h"

#include <algorithm>
#include <unordered_map>

#include "sim/chronicle.h"
#include "sim/director.h"

namespace farshore::sim {

namespace {

constexpr Duration kExcuses = 20s;

// Writes wait while such a step of the operator's own runs, and while it asks a person.
bool holds_writes_up(const core::PlannedStep& step) {
    return step.slot == core::Slot::with_hold || step.slot == core::Slot::behind_fence;
}

}  // namespace

void WriteChecks::acknowledged(std::size_t key, WriteId id) {
    acknowledged_[key].push_back({.id = id, .number = acknowledged_writes_++});
}

void WriteChecks::saved(const core::AppRecord& record) {
    if (!record.operation) {
        planned_ = OperationId{};
        return;
    }
    const core::OperationRecord& operation = *record.operation;
    const bool planned = !operation.ended() && operation.plan.verb != core::Verb::failover &&
                         operation.plan.id != restored_ &&
                         std::ranges::none_of(operation.plan.steps, holds_writes_up);
    if (!planned) {
        planned_ = OperationId{};
    } else if (planned_ != operation.plan.id) {
        planned_ = operation.plan.id;
        planned_epoch_ = operation.plan.epoch_before;
        planned_since_ = scene_.calendar.now();
    }
    saved_beside(record);
}

void WriteChecks::saved_beside(const core::AppRecord& record) {
    if (!record.operation) {
        return;
    }
    const core::OperationRecord& operation = *record.operation;
    const bool moves = operation.runs_step(core::StepKind::raise) ||
                       operation.runs_step(core::StepKind::fence) ||
                       operation.runs_step(core::StepKind::examine) ||
                       operation.runs_step(core::StepKind::repoint);
    const bool loses = operation.may_lose() || operation.at_risk > 0 ||
                       operation.plan.accept_unfenced || operation.plan.accept_unknown;
    if (moves && loses && operation.plan.promotes()) {
        excused_from_now();
    }
}

void WriteChecks::spoiled(const Host& host, const char* how) {
    const bool had_permission = host.barred_since() >= planned_since_;
    // A foreign writer's epoch fences the hosts that this change finds, until it repoints them.
    if (planned_ == OperationId{} || !had_permission || foreign_epoch_ > planned_epoch_ ||
        !scene_.chronicle->undisturbed_for(kExcuses)) {
        return;
    }
    violations_.add(
        "INV-S15", "a request to " + host.id().value() + " is " + how + " by a planned change"
    );
}

void WriteChecks::account(const std::set<std::size_t>& late_keys) {
    std::vector<WriteId> kept;
    std::unordered_map<WriteId, std::size_t> place;
    for (std::size_t key = 0; key < scene_.script.shoppers; ++key) {
        kept.clear();
        place.clear();
        for (const Tables::Version* at = scene_.tables.newest(key); at != nullptr;
             at = at->before) {
            kept.push_back(at->id);
        }
        std::ranges::reverse(kept);
        for (std::size_t i = 0; i < kept.size(); ++i) {
            if (!place.emplace(kept[i], i).second) {
                violations_.add("INV-S15", "write " + std::to_string(kept[i]) + " is there twice");
            }
        }
        std::size_t last = 0;
        for (const auto& [id, number] : acknowledged_[key]) {
            const auto found = place.find(id);
            const bool excused = number < excused_before_ || late_keys.contains(key) ||
                                 scene_.script.may_pass_agents(key);
            if (found == place.end()) {
                ++lost_;
                if (!excused) {
                    violations_.add(
                        "INV-S15",
                        "write " + std::to_string(id) + " was acknowledged, and is in no Region"
                    );
                }
                continue;
            }
            if (found->second < last && !excused) {
                violations_.add("INV-S15", "write " + std::to_string(id) + " is out of order");
            }
            last = std::max(last, found->second);
        }
    }
}

}  // namespace farshore::sim
