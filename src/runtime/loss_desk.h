#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>

#include "core/loss/settling.h"
#include "ports/clock.h"
#include "ports/effects.h"
#include "ports/losses.h"

namespace farshore::runtime {

// Brings the questions of core::Settling, which decides about the loss books, to the world and
// their answers back. The same code in production and in the simulator. Single-threaded; it, its
// clock and the world outlive every question.
class LossDesk {
  public:
    struct Upcalls {
        std::function<void(core::Event)> deliver;
        // The running or the last one; null: none is known.
        std::function<const core::OperationRecord*()> operation;
    };

    LossDesk(
        const ports::Clock& clock, ports::Losses& world, core::LossLimits limits, Upcalls upcalls
    );

    // At a start: a book that is not settled, or that of the newest operation.
    void restore(const core::OperationRecord* newest, core::KeptBook kept);

    // A host is fenced and names what it could not prove; `heard` when it may forget that.
    // `number` is set here.
    void fenced(core::HostFenced said, std::function<void()> heard);

    // Not from inside a port's call: what it comes to is told to the app's core.
    void examine(const core::ExamineLosses& action) { step(action); }

    // The moment of wake_losses() has come.
    void due();

    // What an operator's word changes is to be saved, by the caller; then saved(). nullopt:
    // nothing.
    [[nodiscard]] std::optional<core::SaveLosses> decide(core::LossDecision word);
    void saved(std::uint64_t ticket, core::SaveEnd end);

    [[nodiscard]] const core::Settling& settling() const { return settling_; }

  private:
    [[nodiscard]] core::LossMoment moment() const;
    void step(core::LossInput input);
    void start(core::LossAction action);
    void start(core::ReadKeys action);
    void start(const core::SaveLosses& action);
    void start(const core::FindBook& action);
    void start(const core::HostHeard& action);

    void start(core::LossesExamined action) { upcalls_.deliver(std::move(action)); }

    void start(const core::LossesOpen& action) { upcalls_.deliver(action); }

    void start(const core::TableUnreadable& action) { world_.note(action); }

    void start(const core::WritesWithoutBook& action) { world_.note(action); }

    const ports::Clock& clock_;
    ports::Losses& world_;
    Upcalls upcalls_;
    core::Settling settling_;
    std::map<std::uint64_t, std::function<void()>> heard_;  // hosts that wait, by their number
    std::uint64_t hosts_ = 0;
};

}  // namespace farshore::runtime
