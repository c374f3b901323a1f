#include "core/operation/steps/make_step.h"

#include <utility>

#include "base/assert.h"
#include "core/operation/steps/attempt.h"
#include "core/operation/steps/children.h"
#include "core/operation/steps/declared.h"
#include "core/operation/steps/examine.h"
#include "core/operation/steps/fence.h"
#include "core/operation/steps/move.h"
#include "core/operation/steps/raise.h"

namespace farshore::core {

std::unique_ptr<RunningStep> make_step(StepKind kind, const Findings& findings) {
    switch (kind) {
        case StepKind::wait_lag: return std::make_unique<WaitForLag>();
        case StepKind::hold: return std::make_unique<Hold>();
        case StepKind::drain: return std::make_unique<Drain>();
        case StepKind::release: return std::make_unique<Release>();
        case StepKind::raise: return std::make_unique<Raise>();
        case StepKind::fence: return std::make_unique<Fence>();
        case StepKind::examine: return std::make_unique<Examine>();
        case StepKind::repoint:
            FARSHORE_ASSERT(findings.fence, "INV-S1: repointing needs the proof of a fence");
            return std::make_unique<Repoint>(*findings.fence);
        case StepKind::prove: return std::make_unique<Prove>();
        case StepKind::shift: return std::make_unique<Shift>();
        case StepKind::verify: return std::make_unique<Verify>();
        case StepKind::approve: return std::make_unique<Approve>();
        case StepKind::command: return std::make_unique<Command>();
        case StepKind::ssm:
        case StepKind::asg:
        case StepKind::ecs:
        case StepKind::lambda: return std::make_unique<FleetStep>();
        case StepKind::wait: return std::make_unique<Wait>();
        case StepKind::parallel: return std::make_unique<Parallel>();
    }
    std::unreachable();
}

}  // namespace farshore::core
