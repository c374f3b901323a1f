#pragma once

#include "core/operation/steps/host_notes.h"

// Under the new epoch: agents are repointed, users shifted, the function is verified.
namespace farshore::core {

// Every agent is told its route, and proves it by a write.
class Proving : public RunningStep {
  public:
    using RunningStep::on;
    [[nodiscard]] Progress on(StepContext& at, const AgentAcked& event) override;
    void heard(StepContext& at) override;
    [[nodiscard]] Progress tick(StepContext& at, const Surroundings& around) override;
    void connected(StepContext& at, const HostId& host) override;

  private:
    [[nodiscard]] Progress check(StepContext& at, bool patience_over);
    [[nodiscard]] Progress judge(const StepContext& at, bool patience_over);
    // It has to prove the route before users are sent.
    [[nodiscard]] bool is_missing(
        const StepContext& at, const HostId& host, const AgentState& agent
    ) const;

    Answers routed_;
    Answers proved_;
    std::vector<HostId> to_verify_;  // of this turn
    HostNotes notes_of_routed_;
    HostNotes notes_of_proved_;
    std::optional<HostId> waits_for_;  // as in Fence
};

// The new Region takes writes. The order that lets it cannot be made without the proof of a fence.
class Repoint final : public Proving {
  public:
    explicit Repoint(const FenceProof& proof) : proof_(proof) {}

  protected:
    [[nodiscard]] Progress begin(StepContext& at) override;

  private:
    FenceProof proof_;
};

// The active Region stays: nothing is promoted.
class Prove final : public Proving {
  protected:
    [[nodiscard]] Progress begin(StepContext& at) override;
};

// Users are sent by health state, and the record follows.
class Shift final : public RunningStep {
  public:
    using RunningStep::on;
    [[nodiscard]] Progress on(StepContext& at, const AgentAcked& event) override;
    [[nodiscard]] Progress on(StepContext& at, const TrafficServed& event) override;
    [[nodiscard]] Progress tick(StepContext& at, const Surroundings& around) override;
    void connected(StepContext& at, const HostId& host) override;

  protected:
    [[nodiscard]] Progress begin(StepContext& at) override;

  private:
    [[nodiscard]] Progress check(const StepContext& at) const;

    bool record_serves_ = false;  // the record answers with the target
    std::string detail_;
};

class Verify final : public RunningStep {
  public:
    using RunningStep::on;
    [[nodiscard]] Progress on(StepContext& at, const FunctionVerified& event) override;
    [[nodiscard]] Progress tick(StepContext& at, const Surroundings& around) override;

  protected:
    [[nodiscard]] Progress begin(StepContext& at) override;
};

}  // namespace farshore::core
