#pragma once

#include <memory>

#include "core/operation/steps/step.h"

namespace farshore::core {

// The class that runs a kind of step: the one place that knows them all.
[[nodiscard]] std::unique_ptr<RunningStep> make_step(StepKind kind, const Findings& findings);

}  // namespace farshore::core
