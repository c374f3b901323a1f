#pragma once

#include <optional>
#include <vector>

#include "core/recording/replay.h"

#include "sim/check/violations.h"
#include "sim/scene.h"

namespace farshore::sim {

// INV-S14: all that a controller's core was told is recorded, as farshored does it, and told again
// to a fresh core when the controller's life ends: it decides the same. Only in some runs, as it
// takes room.
class DecisionReplay {
  public:
    DecisionReplay(const Scene& scene, Violations& violations)
        : violations_(violations), on_(scene.script.seed % 8 == 0) {}

    void core_started(std::uint64_t life, const core::Opening& opening);
    void told(
        std::uint64_t life,
        core::Now now,
        const core::AppCore& core,
        const core::Input& input,
        const core::Effects& effects
    );

    // The life has ended: what it was told is told again.
    void ended(std::uint64_t life) {
        if (life == life_) {
            replay();
        }
    }

    void replay();

  private:
    Violations& violations_;
    bool on_;
    std::uint64_t life_ = 0;  // of the controller that is recorded
    std::optional<core::Opening> opening_;
    core::Deciding deciding_;
    std::vector<core::Recorded> told_;
};

}  // namespace farshore::sim
