#pragma once

#include <vector>

#include "core/plan/build_plan.h"
#include "wire/config_section.h"

namespace farshore::config {

// The steps of the operator's own: `steps` of farshore.yaml. Findings: C250 to C252.
void read_steps(Section& file, std::vector<core::DeclaredStep>& out);

}  // namespace farshore::config
