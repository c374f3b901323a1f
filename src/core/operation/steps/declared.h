#pragma once

#include "core/operation/steps/step.h"

// Steps that an operator declares.
namespace farshore::core {

// What they have in common: a person answers where nothing else can say how it goes on.
class Declared : public RunningStep {
  public:
    using RunningStep::on;
    [[nodiscard]] Progress on(StepContext& at, const StepAnswered& event) override;
    [[nodiscard]] std::optional<std::string> why_not(
        const OperationRecord& record, const StepAnswered& event
    ) const override;
    [[nodiscard]] Progress tick(StepContext& at, const Surroundings& around) final;

  protected:
    [[nodiscard]] Progress begin(StepContext& at) final;

    // Does it, for the first time or again. `began_at` of the run is when it began, by the wall.
    [[nodiscard]] virtual Progress attempt(StepContext& at) = 0;
    // The same, when another controller was at it.
    [[nodiscard]] virtual Progress take_up(StepContext& at) { return attempt(at); }

    [[nodiscard]] virtual Progress alarm(StepContext& at) = 0;

    // It could not be done: by its `on_failure` this is its end, or a person is asked.
    [[nodiscard]] Progress give_up(StepContext& at, StepEvent event, std::string detail);

    // What is left of its bound, whatever controller began it.
    [[nodiscard]] static Duration left(const StepContext& at);

    [[nodiscard]] bool asks() const { return asks_; }

  private:
    void ask(StepContext& at, const std::string& why);

    bool asks_ = false;
};

// A person agrees, or does not.
class Approve final : public Declared {
  public:
    using Declared::on;
    [[nodiscard]] Progress on(StepContext& at, const StepAnswered& event) override;
    [[nodiscard]] std::optional<std::string> why_not(
        const OperationRecord& record, const StepAnswered& event
    ) const override;

  protected:
    [[nodiscard]] Progress attempt(StepContext& at) override;
    [[nodiscard]] Progress alarm(StepContext& at) override;
};

// What the edge does and tells the end of.
class Errand : public Declared {
  public:
    using Declared::on;
    [[nodiscard]] Progress on(StepContext& at, const CommandEnded& event) final;
    void leave(StepContext& at) final;

  protected:
    [[nodiscard]] Progress attempt(StepContext& at) final;
    [[nodiscard]] Progress take_up(StepContext& at) final;
    [[nodiscard]] Progress alarm(StepContext& at) final;

    virtual void send(StepContext& at) = 0;
    virtual void call_off(StepContext& at) = 0;
    [[nodiscard]] virtual std::string how_it_failed(const CommandEnded& event) const = 0;

  private:
    bool runs_ = false;
};

// A program of the operator's own. One that may have taken effect is never run again blindly.
class Command final : public Errand {
  protected:
    void send(StepContext& at) override;
    void call_off(StepContext& at) override;
    [[nodiscard]] std::string how_it_failed(const CommandEnded& event) const override;
};

// A change of a fleet. AWS says whether it took effect, so it is begun again after a crash.
class FleetStep final : public Errand {
  protected:
    void send(StepContext& at) override;
    void call_off(StepContext& at) override;
    [[nodiscard]] std::string how_it_failed(const CommandEnded& event) const override;
};

// A fixed time.
class Wait final : public Declared {
  protected:
    [[nodiscard]] Progress attempt(StepContext& at) override;
    [[nodiscard]] Progress alarm(StepContext& at) override;
};

}  // namespace farshore::core
