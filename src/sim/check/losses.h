#pragma once

#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "core/loss/key_chain.h"
#include "core/plan/plan.h"

#include "sim/check/violations.h"
#include "sim/scene.h"

namespace farshore::sim {

// INV-S16: what a loss book says of an acknowledged write is true.
//
// A write that is told as present, or as applied late, is in the target when that becomes durable.
// One that is told as lost, and is not in the target then, never arrives. Excused are
//   - one that is in the target, under a write of which no host has told: it was told as lost
//     though it is there (docs/decisions/0014-losses.md);
//   - writes of several hosts to one key, in a world in which a host's wall clock is stepped, or
//     stood still: their order between hosts is that of these clocks;
//   - keys that a host without an agent may write: nothing but DNS covers it;
//   - a key on which a write landed later than a planned change waits for writes of unknown outcome
//     (EpochChecks::late_keys): it may bring the lost one back.
class LossChecks {
  public:
    LossChecks(const Scene& scene, Violations& violations)
        : scene_(scene), violations_(violations) {}

    void kept(const core::Plan& plan, const core::KeyChain& chain);

    // At the end of the run.
    void account(const std::set<std::size_t>& late_keys);

  private:
    struct Lost {
        std::size_t key = 0;
        WriteId id = 0;
        std::string told;
        bool excused = false;
    };

    const Scene& scene_;
    Violations& violations_;
    std::set<std::pair<OperationId, WriteId>> arrived_;
    std::map<std::pair<OperationId, WriteId>, Lost> lost_;
};

}  // namespace farshore::sim
