#pragma once

#include <cstdint>
#include <string>
#include <utility>

#include "core/operation/operation.h"
#include "core/plan/build_plan.h"

// What tests of stores put into them.
namespace farshore::ports::testing {

inline const AppId kApp{"magento"};

inline core::AppRecord record(std::uint64_t epoch) {
    return {
        .app = kApp,
        .epoch = Epoch{epoch},
        .active = RegionId{"us-east-1"},
        .users = RegionId{"us-east-1"}
    };
}

inline core::OperationRecord operation(const std::string& id, core::Outcome outcome) {
    core::Plan plan;
    plan.id = OperationId{id};
    plan.verb = core::Verb::failover;
    plan.app = kApp;
    plan.from = RegionId{"us-east-1"};
    plan.to = RegionId{"eu-west-1"};
    plan.epoch_after = Epoch{2};
    core::build_bare_steps(plan);
    core::OperationRecord made = core::operation_at(std::move(plan), core::StepKind::raise);
    made.outcome = outcome;
    return made;
}

inline core::JournalEntry entry(const std::string& id, std::uint64_t step) {
    return {
        .operation = OperationId{id},
        .kind = core::EntryKind::intent,
        .step = step,
        .doing = "raising",
        .text = "step " + std::to_string(step),
        .at = utc_from_ms(1000)
    };
}

}  // namespace farshore::ports::testing
