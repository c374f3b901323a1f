#pragma once

#include "core/operation/steps/step.h"

namespace farshore::core {

// The point of no return: the epoch items of a majority of Regions carry the new epoch.
class Raise final : public RunningStep {
  public:
    using RunningStep::on;
    [[nodiscard]] Progress on(StepContext& at, const EpochRaised& event) override;
    [[nodiscard]] Progress tick(StepContext& at, const Surroundings& around) override;
    // It has been tried for long; what the last look at the records says decides how it ends.
    [[nodiscard]] std::optional<StepEvent> if_stopped(const Timing& timing, Now now) const override;
    [[nodiscard]] std::optional<Duration> stoppable_in(const Timing& timing, Now now)
        const override;

  protected:
    [[nodiscard]] Progress begin(StepContext& at) override;

  private:
    void ask(StepContext& at) const;
    [[nodiscard]] Progress finish(StepContext& at, const EpochRaised& event);

    // A resumed automatic raise is asked for anew: until then the evidence may speak up.
    std::optional<Instant> evidence_by_;
    bool asks_first_ = false;   // declared steps took their time: the guards are asked again
    bool only_look_ = false;    // nothing calls for it (any more): look at the records, write none
    bool unchanged_ = false;    // the last look at the records found a majority at the old epoch
    bool no_way_back_ = false;  // a look has shown that no majority confirms the old epoch any more
    std::string detail_;        // of the last attempt: the same is not noted twice
};

}  // namespace farshore::core
