#pragma once

#include <optional>

#include "adapters/net/asio_types.h"
#include "ports/clock.h"
#include "ports/effects.h"
#include "runtime/pump.h"

// The small ports of the runtime that need no AWS: the alarm clock, people. One thread.
namespace farshore::controller {

// Turns the pump when the core's next deadline has come. The deadline changes with nearly each
// input, most of the time to a later one: then the timer fires early and is set anew, which costs
// less than to set it each time.
class WakeUp final : public ports::Timer {
  public:
    WakeUp(net::Io& io, const ports::Clock& clock) : timer_(io.get_executor()), clock_(clock) {}

    void bind(runtime::Pump& pump) { pump_ = &pump; }

    void arm(Instant at) override;

    void disarm() override { wanted_.reset(); }

    // The pump is about to go.
    void end();

  private:
    void set(Instant at);
    void fired();

    net::Timer timer_;
    const ports::Clock& clock_;
    runtime::Pump* pump_ = nullptr;
    std::optional<Instant> wanted_;
    std::optional<Instant> set_;  // when the timer fires
};

// What people are told: the log. The audit has it already, with what it is told of.
class Announcer final : public ports::Notifier {
  public:
    void announce(const core::Announce& action) override;
};

}  // namespace farshore::controller
