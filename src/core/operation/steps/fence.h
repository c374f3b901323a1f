#pragma once

#include "core/operation/steps/host_notes.h"

namespace farshore::core {

// Until nothing writes under the old epoch: each agent acknowledged, or its permission has run out.
class Fence final : public RunningStep {
  public:
    using RunningStep::on;
    [[nodiscard]] Progress on(StepContext& at, const HostsFound& event) override;
    [[nodiscard]] Progress on(StepContext& at, const AgentAcked& event) override;
    // Every fence order of the operation names the new epoch, and the agent itself stays in its
    // older epoch until it is routed.
    [[nodiscard]] bool takes_earlier(const AgentAcked& event) const override;
    [[nodiscard]] Progress tick(StepContext& at, const Surroundings& around) override;
    void heard(StepContext& at) override;
    void connected(StepContext& at, const HostId& host) override;

  protected:
    [[nodiscard]] Progress begin(StepContext& at) override;

  private:
    [[nodiscard]] bool still_waits(const StepContext& at) const;
    [[nodiscard]] Progress check(StepContext& at);
    [[nodiscard]] FenceSituation situation(const StepContext& at) const;
    [[nodiscard]] Progress proven(StepContext& at, const FenceProof& proof);
    [[nodiscard]] Progress not_yet(StepContext& at, const NotFenced& missing);

    Answers fenced_;
    HostNotes notes_;
    // One of those that are missing: as long as it is, and no time has run out, nothing is proven,
    // and the register need not be gone through at each answer.
    std::optional<HostId> waits_for_;
    std::uint32_t unproven_ = 0;  // acknowledged writes that were not read in the standby
    bool hosts_found_ = false;    // since the raise: no host is unknown that registered before it
};

}  // namespace farshore::core
