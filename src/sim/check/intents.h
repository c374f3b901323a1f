#pragma once

#include <cstdint>
#include <set>
#include <span>
#include <utility>

#include "core/failover/action.h"

#include "sim/check/violations.h"

namespace farshore::sim {

// INV-S3 and S8: nothing is done that the store does not know of, and one plan at a time.
class IntentChecks {
  public:
    explicit IntentChecks(Violations& violations) : violations_(violations) {}

    void saved(const core::AppRecord& record, std::span<const core::JournalEntry> journal);
    // An effect of a step begins.
    void effect(const core::StepId& step);
    // The standing route of a host that has connected: it belongs to no operation.
    void standing_route(Epoch epoch, const RegionId& active);
    // The store is another one now.
    void store_replaced(const core::AppRecord& record);

  private:
    Violations& violations_;
    core::AppRecord durable_;
    std::set<std::pair<OperationId, std::uint64_t>> intents_;
};

}  // namespace farshore::sim
