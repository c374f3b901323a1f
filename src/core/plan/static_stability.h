#pragma once

#include <array>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.h"
#include "base/result.h"

// What an automatic failover must not depend on: whatever may be part of the outage, or scarce in
// it. AWS calls a system that needs none of it statically stable (AWS whitepaper "AWS Fault
// Isolation Boundaries").
namespace farshore::core {

struct DeclaredStep;

// What a declared step asks of a Region, as its operator says.
enum class CallNeed {
    data,     // a data plane: items, objects, SSM's agents
    control,  // a control plane: to make, change or delete what AWS runs
    launch,   // new capacity: instances, tasks
    sts,      // a new session of a role
};
inline constexpr std::array<std::string_view, 4> kCallNeedNames{"data", "control", "launch", "sts"};

constexpr const auto& names_of(CallNeed) {
    return kCallNeedNames;
}

struct StepCall {
    CallNeed need = CallNeed::data;
    std::string region;  // a Region's name, ${from} or ${to}
};

// "control us-east-1". Errors: malformed.
[[nodiscard]] Result<StepCall> step_call_from(std::string_view text);

// Why an automatic failover between these Regions must not depend on the call; nullopt: it may.
[[nodiscard]] std::optional<std::string> why_unstable(
    const StepCall& call, const RegionId& from, const RegionId& to
);

// The declared steps of automatic failovers between these Regions that depend on such a call and
// are not marked as best effort, each with the reason.
[[nodiscard]] std::vector<std::string> unstable_in(
    std::span<const DeclaredStep> declared, const RegionId& from, const RegionId& to
);

}  // namespace farshore::core
