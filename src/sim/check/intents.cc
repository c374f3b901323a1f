#include "sim/check/intents.h"

namespace farshore::sim {

void IntentChecks::store_replaced(const core::AppRecord& record) {
    durable_ = record;
}

void IntentChecks::saved(
    const core::AppRecord& record, std::span<const core::JournalEntry> journal
) {
    const auto& before = durable_.operation;
    const bool ran = before && !before->ended();
    // An operator's failover takes the place of a plan that waits for an operator's answer, and of
    // no other (docs/decisions/0015-plans-of-steps.md).
    const bool gave_way = ran && before->waits_for_person() && record.operation &&
                          record.operation->plan.verb == core::Verb::failover &&
                          !record.operation->plan.automatic;
    if (ran && !gave_way && (!record.operation || record.operation->plan.id != before->plan.id)) {
        violations_.add(
            "INV-S8",
            (record.operation ? "plan " + record.operation->plan.id.value() : std::string{"no plan"}
            ) + " stands where " +
                before->plan.id.value() + " was " + std::string{before->doing()}
        );
    }
    durable_ = record;
    for (const core::JournalEntry& entry : journal) {
        if (entry.kind == core::EntryKind::intent) {
            intents_.emplace(entry.operation, entry.step);
        }
    }
}

void IntentChecks::effect(const core::StepId& step) {
    if (step.operation.value().empty()) {
        return;
    }
    const auto& operation = durable_.operation;
    const bool known = operation && operation->plan.id == step.operation &&
                       operation->steps >= step.number &&
                       intents_.contains({step.operation, step.number});
    if (!known) {
        violations_.add(
            "INV-S3",
            "an effect of step " + std::to_string(step.number) + " of " + step.operation.value() +
                " begins, and its intent is not durable"
        );
    }
}

void IntentChecks::standing_route(Epoch epoch, const RegionId& active) {
    if (durable_.epoch != epoch || durable_.active != active) {
        violations_.add(
            "INV-S3",
            "a host is routed to " + active.value() + " under epoch " +
                std::to_string(epoch.value()) + ", which the store does not say"
        );
    }
}

}  // namespace farshore::sim
