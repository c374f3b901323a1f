#include "core/plan/plan.h"

#include <algorithm>

namespace farshore::core {

bool Plan::has(Lever lever) const {
    return std::ranges::find(levers, lever) != levers.end();
}

std::optional<std::size_t> Plan::find(StepKind kind) const {
    for (std::size_t i = 0; i < steps.size(); ++i) {
        if (steps[i].kind == kind && steps[i].slot == Slot::none) {
            return i;
        }
    }
    return std::nullopt;
}

}  // namespace farshore::core
