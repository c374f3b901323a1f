#pragma once

#include <memory>
#include <string>
#include <vector>

#include "core/operation/steps/step.h"

namespace farshore::core {

// Declared steps that run side by side, each with its own life in the record.
class Children {
  public:
    // `at` is the scene of their parent, or of the step that runs beside them.
    void start(const StepContext& at, std::size_t index);

    [[nodiscard]] bool answers_to(std::uint64_t number) const;
    [[nodiscard]] bool has(const OperationRecord& record, const std::string& id) const;

    void on(const StepContext& at, const CommandEnded& event);
    void on(const StepContext& at, const StepAnswered& event);
    [[nodiscard]] std::optional<std::string> why_not(
        const OperationRecord& record, const StepAnswered& event
    ) const;
    void tick(const StepContext& at, const Surroundings& around);
    void leave(const StepContext& at);

    [[nodiscard]] bool running() const { return !children_.empty(); }

    [[nodiscard]] std::optional<Instant> next_deadline() const;

  private:
    struct Child {
        std::size_t index;
        std::uint64_t number;
        std::unique_ptr<RunningStep> step;
        bool ended = false;
    };

    [[nodiscard]] static bool is_meant(
        const OperationRecord& record, const Child& child, const std::string& id
    );
    [[nodiscard]] static StepContext scene(const StepContext& at, const Child& child);
    static void take(const StepContext& scene, Child& child, const Progress& progress);
    void drop_ended();

    std::vector<Child> children_;
};

// A step of steps: ends when each of them has.
class Parallel final : public RunningStep {
  public:
    using RunningStep::on;
    [[nodiscard]] bool answers_to(std::uint64_t number) const override;
    [[nodiscard]] Progress on(StepContext& at, const CommandEnded& event) override;
    [[nodiscard]] Progress on(StepContext& at, const StepAnswered& event) override;
    [[nodiscard]] std::optional<std::string> why_not(
        const OperationRecord& record, const StepAnswered& event
    ) const override;
    [[nodiscard]] Progress tick(StepContext& at, const Surroundings& around) override;
    void leave(StepContext& at) override;
    [[nodiscard]] std::optional<Instant> next_deadline() const override;

  protected:
    [[nodiscard]] Progress begin(StepContext& at) override;

  private:
    [[nodiscard]] Progress check(const StepContext& at) const;

    Children children_;
};

}  // namespace farshore::core
