#pragma once

#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "core/failover/app_core.h"
#include "ports/clock.h"
#include "ports/effects.h"
#include "ports/store.h"

namespace farshore::runtime {

struct Ports {
    ports::Clock& clock;
    ports::Store& store;
    ports::EpochRecords& epoch_records;
    ports::HostRecords& host_records;
    ports::AgentLink& agents;
    ports::Tables& tables;
    ports::Traffic& traffic;
    ports::Checks& checks;
    ports::Commands& commands;
    ports::Notifier& notifier;
    ports::Timer& timer;
};

// The loop around the core: take an event, read the clock once, step, make the intent durable,
// start the actions, arm one timer. The same code in production, in the lab and in the simulator.
//
// When the store refuses (disk full), the actions of that step are not started: no effect without a
// durable intent (INV-S3). Nothing more is decided until the store takes what it refused; then the
// core goes on as after a restart, because the world has gone on too. What the world says is heard
// all the time. trouble() says so to people.
//
// Single-threaded: everything on the thread that owns the state.
class Pump {
  public:
    Pump(core::AppCore core, Ports ports);

    // Takes up a running operation after a start, and arms the first timer.
    void start();

    // Events may be delivered from inside a port's call: they queue up.
    void deliver(core::Event event);

    // The timer fired, or somebody wants the store to be tried again.
    void turn();

    [[nodiscard]] core::AppCore::LeaseAnswer grant_lease(const HostId& host, Epoch epoch);

    [[nodiscard]] const core::AppCore& core() const { return core_; }

    [[nodiscard]] core::Now now() const { return {ports_.clock.now(), ports_.clock.wall()}; }

    // Why the last intent could not be made durable; empty when all is well.
    [[nodiscard]] const std::string& trouble() const { return trouble_; }

    // Called after every step that changed the durable record, for watchers.
    void on_journal(std::function<void(const core::JournalEntry&)> watcher) {
        watcher_ = std::move(watcher);
    }

  private:
    void drain();
    void perform(core::Now now, core::Effects effects);
    [[nodiscard]] bool flush();
    void try_store_again();
    void start_action(const core::Action& action);
    void arm();

    core::AppCore core_;
    Ports ports_;
    std::deque<core::Event> events_;
    bool draining_ = false;
    // Not durable yet: what the store has refused.
    bool unsaved_ = false;
    std::vector<core::JournalEntry> journal_;
    std::string trouble_;
    std::optional<Instant> store_again_at_;  // set while the core is stalled
    std::function<void(const core::JournalEntry&)> watcher_;
};

}  // namespace farshore::runtime
