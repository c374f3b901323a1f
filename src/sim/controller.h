#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "core/evidence/heartbeats.h"
#include "core/evidence/probe_round.h"
#include "core/records/host_search.h"
#include "runtime/epoch_keeper.h"
#include "runtime/loss_desk.h"
#include "runtime/pump.h"

#include "sim/agent_link.h"
#include "sim/store.h"

namespace farshore::sim {

// One life of the controller: the real core and the real runtime, and ports into the simulated
// world as those of src/controller are into the real one. What has left it goes on without it; what
// it waits for dies with it.
//
// Modelled: requests to tables, probes over new and kept connections, the store's answers, the
// record that follows health states. Not modelled: the API, the audit, credentials, names, metrics.
class Controller final : public ports::Clock,
                         public ports::Store,
                         public ports::EpochRecords,
                         private ports::EpochCopies,
                         private ports::Losses,
                         public ports::HostRecords,
                         public ports::Tables,
                         public ports::Traffic,
                         public ports::Checks,
                         public ports::Commands,
                         public ports::Fleets,
                         public ports::Notifier,
                         public ports::Timer,
                         public std::enable_shared_from_this<Controller> {
  public:
    Controller(Scene& scene, ControllerSite& site, std::uint64_t life, Configuration configuration);

    void boot();
    // Nothing leaves it any more, and nothing reaches it.
    void end();

    // Something happens to it: now, when it wakes up, or never.
    template <class Job>
    void enter(Job job) {
        if (!alive_) {
            return;
        }
        if (paused_ || busy() || !deferred_.empty()) {
            deferred_.emplace_back(std::move(job));
            return;
        }
        job();
    }

    void pause() { paused_ = true; }

    void resume();
    // A save takes so long; until then it does nothing else.
    void be_busy(Duration length);
    // The clock of its machine drifts differently from now on.
    void rearm();

    // Something is sent into the world: now, or when it is not busy any more.
    template <class Job>
    void leave(Job job) {
        if (!alive_ || silenced_) {
            return;
        }
        if (busy()) {
            scene_.calendar.at(busy_until_, [self = shared_from_this(), job = std::move(job)] {
                if (!self->silenced_) {
                    job();
                }
            });
            return;
        }
        job();
    }

    // It died in the middle of a save: nothing that the save was for may begin.
    void silence() { silenced_ = true; }

    [[nodiscard]] bool is_silenced() const { return silenced_; }

    void deliver(core::Event event);
    [[nodiscard]] core::AppCore::LeaseAnswer grant_lease(const HostId& host, Epoch epoch);

    // An agent's unproven writes, with the acknowledgement of its fence; `heard` when the agent may
    // forget them.
    void fenced(core::HostFenced said, std::function<void()> heard) {
        losses_.fenced(std::move(said), std::move(heard));
    }

    // Those that the register does not know are durable in it, or not: `done` says which.
    void enroll(const core::HostsFound& found, std::function<void(bool)> done);

    // Through the API: what an operator wants. The checkers hear of it when it is taken.
    void ask(core::Event request);
    void request(core::ChangeRequest request);
    void forget(std::size_t host);

    // The process ends itself, and is started again.
    void end_soon();

    [[nodiscard]] sim::Store& store() const;

    [[nodiscard]] bool is_first() const;

    [[nodiscard]] AgentLink& link() { return link_; }

    [[nodiscard]] const AgentLink& link() const { return link_; }

    [[nodiscard]] bool ready() const { return pump_ != nullptr; }

    [[nodiscard]] const core::AppCore& core() const { return pump_->core(); }

    [[nodiscard]] bool is_alive() const { return alive_; }

    [[nodiscard]] bool is_paused() const { return paused_; }

    [[nodiscard]] bool has_trouble() const { return ready() && !pump_->trouble().empty(); }

    [[nodiscard]] std::uint64_t life() const { return life_; }

    [[nodiscard]] const Configuration& configuration() const { return configuration_; }

    [[nodiscard]] const core::Policy& policy() const { return policy_; }

    [[nodiscard]] bool still() const;

    // ports
    [[nodiscard]] Instant now() const override;
    [[nodiscard]] UtcTime wall() const override;
    void commit(ports::Commit commit, ports::Ticket ticket) override;
    void raise(const core::RaiseEpoch& action) override;
    void find(const core::FindHosts& action) override;
    void examine(const core::ExamineLosses& action) override;
    void serve(const core::ServeUsers& action) override;
    void verify(const core::VerifyFunction& action) override;
    void run(const core::RunCommand& action) override;

    void stop(const core::StopCommand&) override {}

    void move(const core::MoveFleet& action) override;

    void leave(const core::LeaveFleet&) override {}

    void announce(const core::Announce&) override {}

    void arm(Instant at) override;
    void disarm() override;

    // In the controller's own time.
    template <class Job>
    Calendar::Ticket later(Duration delay, Job job) {
        return at_local(now() + delay, std::move(job));
    }

  private:
    template <class Job>
    Calendar::Ticket at_local(Instant local, Job job) {
        return scene_.calendar.at(
            true_time_of(local),
            [self = shared_from_this(), job = std::move(job)]() mutable {
                self->enter(std::move(job));
            }
        );
    }

    [[nodiscard]] Instant true_time_of(Instant local) const;

    [[nodiscard]] bool busy() const { return scene_.calendar.now() < busy_until_; }

    // controller.cc: boot
    void begin(core::AppRecord record, const core::EpochReading& found);
    [[nodiscard]] std::unique_ptr<runtime::EpochKeeper> make_epochs();
    [[nodiscard]] runtime::LossDesk::Upcalls loss_upcalls();
    void first_record();
    [[nodiscard]] core::AppCore::Start start_of(
        core::AppRecord record, const core::EpochReading& found
    ) const;
    void run_deferred();

    // controller_records.cc
    void read(const RegionId& region, Answered answered) override;
    void write(const RegionId& region, const core::EpochItem& item, Answered answered) override;
    void watch_records();
    void search_hosts(const core::StepId& step);
    [[nodiscard]] core::HostEntry entry_of(std::size_t host) const;
    void watch_hosts();

    void call(Place to, bool write, std::function<core::CopyAnswer()> effect, Answered answered);

    // controller_probes.cc
    void probe();
    void look(Place region, core::Path path);
    void beat(Place region, Answer answer);
    void beat_written(Place region, const Heartbeat& heartbeat);
    void follow(Way way);
    [[nodiscard]] SmallTables::Heartbeats& heartbeats() const;
    void tell(Place region, core::Component component, core::Path path, bool ok);

    // controller_effects.cc
    // An action of the core is about to have its effect; false: nothing leaves this controller.
    [[nodiscard]] bool begins(const core::StepId& step);
    void run_errand(core::StepId step, Duration timeout);
    void watch_users(const core::ServeUsers& action, Instant until);

    // controller_losses.cc
    void restore_losses(const std::optional<core::OperationRecord>& newest);
    void read_keys(core::ReadKeys wanted, std::function<void(core::KeysSeen)> answered) override;
    void save_losses(
        const core::SaveLosses& wanted,
        const core::LossBook& book,
        std::function<void(core::SaveEnd)> answered
    ) override;
    [[nodiscard]] std::optional<core::KeptBook> find_book(Epoch epoch) override;
    [[nodiscard]] std::set<RegionId> answering() override;
    void wake_losses(std::optional<Instant> at) override;

    void note(const core::TableUnreadable&) override {}

    void note(const core::WritesWithoutBook&) override {}

    Scene& scene_;
    ControllerSite& site_;
    Dice dice_;
    std::uint64_t life_;
    Configuration configuration_;
    core::Policy policy_;
    std::unique_ptr<runtime::Pump> pump_;
    AgentLink link_;
    bool alive_ = true;
    bool paused_ = false;
    bool silenced_ = false;
    Instant busy_until_{};
    std::deque<std::function<void()>> deferred_;
    Calendar::Ticket timer_;
    std::optional<Instant> armed_;       // local
    std::optional<Instant> asked_;       // the last deadline that was asked for
    std::optional<Instant> turned_for_;  // the one that the last turn was for
    int turns_for_it_ = 0;               // in a row

    core::Heartbeats beats_;
    std::map<std::pair<Place, core::Path>, core::ProbeRound> probes_;

    runtime::LossDesk losses_;
    Calendar::Ticket losses_due_;

    std::unique_ptr<runtime::EpochKeeper> epochs_;
    std::set<HostId> not_stored_;  // hosts that the core counts, and the store has refused
    std::uint64_t requests_ = 0;
};

}  // namespace farshore::sim
