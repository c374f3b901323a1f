#pragma once

#include "adapters/net/asio_types.h"
#include "ports/clock.h"
#include "ports/effects.h"
#include "runtime/pump.h"

// The small ports of the runtime that need no AWS: the alarm clock, people. One thread.
namespace farshore::controller {

// Turns the pump when the core's next deadline has come.
class WakeUp final : public ports::Timer {
  public:
    WakeUp(net::Io& io, const ports::Clock& clock) : timer_(io.get_executor()), clock_(clock) {}

    void bind(runtime::Pump& pump) { pump_ = &pump; }

    void arm(Instant at) override;

    void disarm() override { timer_.cancel(); }

    // The pump is about to go.
    void end();

  private:
    net::Timer timer_;
    const ports::Clock& clock_;
    runtime::Pump* pump_ = nullptr;
};

// What people are told: the log. The audit has it already, with what it is told of.
class Announcer final : public ports::Notifier {
  public:
    void announce(const core::Announce& action) override;
};

}  // namespace farshore::controller
