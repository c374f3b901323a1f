#pragma once

#include <cstdint>
#include <vector>

#include "core/failover/app_core.h"

#include "sim/check/violations.h"
#include "sim/scene.h"

namespace farshore::sim {

// INV-S14: what the core was told as evidence is recorded, and told again to a fresh Evidence in
// the end: its verdicts are the same. One life of a controller at a time; only in some runs, as it
// takes room.
class EvidenceReplay {
  public:
    EvidenceReplay(const Scene& scene, Violations& violations)
        : scene_(scene), violations_(violations), on_(scene.script.seed % 8 == 0) {}

    void core_started(
        const core::AppCore& core,
        std::vector<core::Observer> observers,
        core::Hysteresis hysteresis
    );
    void told(Instant at, const core::AppCore& core, const core::Event& event);
    // The life has ended: its evidence is told again.
    void replay();

  private:
    struct Told {
        Instant at{};
        core::Event event;
        std::uint64_t verdicts = 0;  // before it; zero: not looked at
    };

    [[nodiscard]] std::uint64_t verdicts(Instant at, const core::Evidence& evidence) const;

    const Scene& scene_;
    Violations& violations_;
    bool on_;
    std::vector<core::Observer> observers_;
    core::Hysteresis hysteresis_;
    std::vector<Told> told_;
};

}  // namespace farshore::sim
