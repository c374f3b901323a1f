#pragma once

#include "core/operation/steps/step.h"

namespace farshore::core {

// What has arrived in the new Region, before it takes writes: unproven keys are read there. In a
// planned change whose hold ended by itself, the drain is repeated behind the fence.
class Examine final : public RunningStep {
  public:
    using RunningStep::on;
    [[nodiscard]] Progress on(StepContext& at, const AgentAcked& event) override;
    [[nodiscard]] Progress on(StepContext& at, const LossesExamined& event) override;
    [[nodiscard]] Progress tick(StepContext& at, const Surroundings& around) override;
    void connected(StepContext& at, const HostId& host) override;

  protected:
    [[nodiscard]] Progress begin(StepContext& at) override;

  private:
    int attempts_ = 0;
    Answers drained_;
};

}  // namespace farshore::core
