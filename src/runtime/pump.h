#pragma once

#include <deque>
#include <functional>
#include <memory>
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
// The actions of a step are held until the store has committed it (INV-S3), and no other step is
// taken meanwhile. A refusal (disk full) drops them: nothing more is decided until the store takes
// what it refused; then the core goes on as after a restart, because the world has gone on too.
// What the world says is heard all the time. When another controller leads, or nothing is known of
// what is durable, the pump has ended for good. trouble() says so to people.
//
// Single-threaded: everything on the thread that owns the state.
class Pump {
  public:
    Pump(core::AppCore core, Ports ports);
    Pump(const Pump&) = delete;
    Pump& operator=(const Pump&) = delete;
    ~Pump() = default;

    // Takes up a running operation after a start, and arms the first timer.
    void start();

    // Events may be delivered from inside a port's call, or while the store is asked: they queue
    // up. `settled` is called when what this one led to is durable, or the store has refused it.
    void deliver(core::Event event, std::function<void()> settled = {});

    // The timer fired.
    void turn();

    [[nodiscard]] core::AppCore::LeaseAnswer grant_lease(const HostId& host, Epoch epoch);

    [[nodiscard]] const core::AppCore& core() const { return core_; }

    [[nodiscard]] core::Now now() const { return {ports_.clock.now(), ports_.clock.wall()}; }

    // Why the last intent could not be made durable; empty when all is well.
    [[nodiscard]] const std::string& trouble() const { return trouble_; }

    // Nothing is decided, done or granted any more: see the class.
    [[nodiscard]] bool has_ended() const { return ended_; }

    // Called for each journal entry that has become durable.
    void on_journal(std::function<void(const core::JournalEntry&)> watcher) {
        watcher_ = std::move(watcher);
    }

  private:
    struct Waiting {
        core::Event event;
        std::function<void()> settled;
    };

    void drain();
    void settle();
    void settle_all();
    void perform(core::Now now, core::Effects effects);
    void try_store_again();
    void commit();
    void answered(ports::CommitAnswer answer);
    void committed();
    void start_action(const core::Action& action);
    void arm();

    core::AppCore core_;
    Ports ports_;
    std::deque<Waiting> events_;
    std::function<void()> settled_;  // of the step that is being taken
    bool draining_ = false;
    // Not durable yet: on its way to the store, or what the store has refused.
    bool unsaved_ = false;
    std::vector<core::JournalEntry> journal_;
    std::vector<ports::AuditRow> audit_;
    std::vector<core::Action> held_;  // until that is durable
    bool committing_ = false;
    bool ended_ = false;
    std::string trouble_;
    std::optional<Instant> store_again_at_;  // set while the core is stalled
    std::function<void(const core::JournalEntry&)> watcher_;
    // A ticket may be answered when the pump has gone.
    std::shared_ptr<Pump*> self_ = std::make_shared<Pump*>(this);
};

}  // namespace farshore::runtime
