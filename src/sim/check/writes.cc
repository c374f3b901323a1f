#include "sim/check/writes.h"

#include <algorithm>

#include "sim/chronicle.h"
#include "sim/director.h"

namespace farshore::sim {

namespace {

constexpr Duration kExcuses = 20s;

}  // namespace

void WriteChecks::acknowledged(std::size_t key, WriteId id) {
    acknowledged_.push_back({.key = key, .id = id});
}

void WriteChecks::saved(const core::AppRecord& record) {
    if (!record.operation) {
        planned_ = OperationId{};
        return;
    }
    const core::OperationRecord& operation = *record.operation;
    const bool planned = !operation.ended() && operation.plan.verb != core::Verb::failover &&
                         operation.plan.id != restored_;
    if (!planned) {
        planned_ = OperationId{};
    } else if (planned_ != operation.plan.id) {
        planned_ = operation.plan.id;
        planned_epoch_ = operation.plan.epoch_after;
        planned_since_ = scene_.calendar.now();
    }
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
    const bool had_permission = host.stopped_for() <= scene_.calendar.now() - planned_since_;
    if (planned_ == OperationId{} || !had_permission || foreign_epoch_ >= planned_epoch_ ||
        !scene_.chronicle->undisturbed_for(kExcuses)) {
        return;
    }
    violations_.add(
        "INV-S15", "a request to " + host.id().value() + " is " + how + " by a planned change"
    );
}

void WriteChecks::account(const std::set<std::size_t>& late_keys) {
    for (std::size_t key = 0; key < scene_.script.shoppers; ++key) {
        std::vector<WriteId> kept;
        for (const Tables::Version* at = scene_.tables.newest(key); at != nullptr;
             at = at->before) {
            kept.push_back(at->id);
        }
        std::ranges::reverse(kept);
        std::map<WriteId, std::size_t> place;
        for (std::size_t i = 0; i < kept.size(); ++i) {
            if (!place.emplace(kept[i], i).second) {
                violations_.add("INV-S15", "write " + std::to_string(kept[i]) + " is there twice");
            }
        }
        std::size_t last = 0;
        for (std::size_t i = 0; i < acknowledged_.size(); ++i) {
            const auto& [of, id] = acknowledged_[i];
            if (of != key) {
                continue;
            }
            const auto found = place.find(id);
            const bool excused = i < excused_before_ || late_keys.contains(key);
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
