#pragma once

#include <span>

#include "adapters/net/asio_types.h"
#include "adapters/sqlite/store.h"
#include "ports/clock.h"
#include "ports/effects.h"
#include "ports/store.h"
#include "runtime/pump.h"

// The small ports of the runtime that need no AWS: the record, the alarm clock, people. One thread.
namespace farshore::controller {

// The record on disk before any effect. A store that fails in another way than by being full leaves
// nobody sure of what is durable: then this process must not go on.
class DurableRecord final : public ports::Store {
  public:
    explicit DurableRecord(sqlite::Store& store) : store_(store) {}

    Status save(const core::AppRecord& record, std::span<const core::JournalEntry> journal)
        override;

  private:
    sqlite::Store& store_;
};

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

// What people are told: the log, and the audit for what nobody asked for.
class Announcer final : public ports::Notifier {
  public:
    Announcer(sqlite::Store& store, const ports::Clock& clock) : store_(store), clock_(clock) {}

    void announce(const core::Announce& action) override;

  private:
    sqlite::Store& store_;
    const ports::Clock& clock_;
};

}  // namespace farshore::controller
