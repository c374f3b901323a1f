#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "core/failover/app_core.h"
#include "core/recording/input.h"
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
    ports::Fleets& fleets;
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
    // up. Acknowledgements of agents are gathered until the loop's next turn, so that those which
    // come at once cost one commit; only reports and probes overtake them. Those of many hosts come
    // for as long as a store takes for several commits: between two of them the loop is free for
    // reports, which are answered with leases, for as long as the first one took (at most 50 ms).
    void deliver(core::Event event);

    using Answered = std::function<void(core::Reply)>;

    // A person's request, which is answered once: with the core's reply, when what it led to is
    // durable. `with`, its audit and what else belongs to it, is written in the same commit if the
    // core takes the request and something has changed; it holds no change that a store could
    // refuse. What the store refuses to write has not happened, and is no longer under way:
    // exhausted or timed_out. Otherwise: conflict (another controller leads), unavailable with
    // Effect::possible.
    void ask(core::Event request, ports::Commit with, Answered answered);

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

    // Called with all that changes the core, when the core has taken it, and with what it decided:
    // a recording of that is all that decisions rest on (INV-S14). It must not throw.
    using Recorder = std::function<void(core::Now, const core::Input&, const core::Effects&)>;

    void on_input(Recorder recorder) { recorder_ = std::move(recorder); }

  private:
    // Small: most of what waits are reports and probes.
    struct Waiting {
        core::Event event;
        std::vector<ports::Change> changes{};  // with a request
        std::vector<ports::AuditRow> audit{};
        Answered answered{};  // of a request
    };

    // A request that has been taken, and whose answer waits for the store.
    struct Asked {
        core::Reply reply;
        core::AppCore::Before before;
        Answered answered;
    };

    void gather_acks();
    [[nodiscard]] std::optional<Instant> acks_due() const;
    void drain();
    void step(core::Event event);
    [[nodiscard]] core::Effects take(core::Now moment, core::Event happened);
    [[nodiscard]] core::Effects resume(core::Now moment, std::string after);
    void stall();
    void record(core::Now moment, core::Input input, const core::Effects& effects);
    void take_request(Waiting request);
    void answer_asked();
    void end();
    void perform(core::Now now, core::Effects effects);
    void try_store_again();
    void commit();
    void answered(ports::CommitAnswer answer);
    void refused(const Error& why);
    void committed();
    void start_action(const core::Action& action);
    void arm();

    core::AppCore core_;
    Ports ports_;
    std::deque<Waiting> events_;
    std::vector<core::AgentAcked> acks_;  // of this turn
    Instant asked_store_at_{};            // the last time
    Instant acks_rest_until_{};
    std::optional<Asked> asked_;  // in the step that is being taken
    bool draining_ = false;
    // Not durable yet: on its way to the store, or what the store has refused.
    bool unsaved_ = false;
    std::vector<core::JournalEntry> journal_;
    std::vector<ports::Change> changes_;
    std::vector<ports::AuditRow> audit_;
    std::vector<core::Action> held_;  // until that is durable
    bool committing_ = false;
    bool ended_ = false;
    std::string trouble_;
    std::optional<Instant> store_again_at_;  // set while the core is stalled
    std::function<void(const core::JournalEntry&)> watcher_;
    Recorder recorder_;
    // A ticket may be answered when the pump has gone.
    std::shared_ptr<Pump*> self_ = std::make_shared<Pump*>(this);
};

}  // namespace farshore::runtime
