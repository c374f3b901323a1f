#pragma once

#include "core/operation/steps/step.h"

// Before anything changes: the lag, the hold, the drain, and the way back.
namespace farshore::core {

// Until a hold would end in a proven drain.
class WaitForLag final : public RunningStep {
  public:
    [[nodiscard]] Progress tick(StepContext& at, const Surroundings& around) override;

  protected:
    [[nodiscard]] Progress begin(StepContext& at) override;

  private:
    // Why a hold could not end in a proven drain now.
    struct Obstacle {
        HostId host;  // empty: the lag
        std::string text;
    };

    [[nodiscard]] static std::optional<Obstacle> obstacle(
        const StepContext& at, const Surroundings& around
    );

    HostId waits_for_;  // named in the journal, once
};

// Every agent answers one order, in time and well: hold, and drain.
class Asked : public RunningStep {
  public:
    using RunningStep::on;
    [[nodiscard]] Progress on(StepContext& at, const AgentAcked& event) override;
    [[nodiscard]] Progress tick(StepContext& at, const Surroundings& around) override;

  protected:
    explicit Asked(OrderType type) : type_(type) {}

    // `timeout`: of a drain, for the agents.
    void ask(StepContext& at, Duration patience, Duration timeout = {});

  private:
    OrderType type_;
    Answers answers_;
};

class Hold final : public Asked {
  public:
    Hold() : Asked(OrderType::hold) {}

  protected:
    [[nodiscard]] Progress begin(StepContext& at) override;
};

class Drain final : public Asked {
  public:
    Drain() : Asked(OrderType::drain) {}

  protected:
    [[nodiscard]] Progress begin(StepContext& at) override;
};

// Writes go on in the old Region. An agent that does not hear it ends its hold by itself.
class Release final : public RunningStep {
  public:
    using RunningStep::on;
    [[nodiscard]] Progress on(StepContext& at, const AgentAcked& event) override;
    [[nodiscard]] Progress tick(StepContext& at, const Surroundings& around) override;
    void connected(StepContext& at, const HostId& host) override;

  protected:
    [[nodiscard]] Progress begin(StepContext& at) override;

  private:
    Answers answers_;
};

}  // namespace farshore::core
