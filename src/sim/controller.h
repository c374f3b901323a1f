#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "runtime/pump.h"

#include "sim/host.h"

namespace farshore::sim {

// The store: what survives the controller. It can also end the controller right after a commit, the
// worst moment: the intent is durable, the effect has not begun.
class SimStore final : public ports::Store {
  public:
    SimStore(Calendar& calendar, Checkers& checkers, Rng rng, const Script& script)
        : calendar_(calendar), checkers_(checkers), rng_(rng), script_(script) {}

    Status save(const core::AppRecord& saved, std::span<const core::JournalEntry> journal) override;

    core::AppRecord record;
    bool crash_wanted = false;
    int saves = 0;
    std::vector<std::string> trace;
    std::uint64_t trace_hash = 1469598103934665603ULL;

  private:
    Calendar& calendar_;
    Checkers& checkers_;
    Rng rng_;
    const Script& script_;
};

// The controller's ports in the simulated world. An instance is one life of the controller: what it
// has under way dies with it.
class Controller final : public ports::Clock,
                         public ports::EpochRecords,
                         public ports::HostRecords,
                         public ports::AgentLink,
                         public ports::Tables,
                         public ports::Traffic,
                         public ports::Checks,
                         public ports::Notifier,
                         public ports::Timer,
                         public std::enable_shared_from_this<Controller> {
  public:
    struct World {
        Calendar& calendar;
        Network& network;
        sim::Tables& tables;
        Checkers& checkers;
        SimStore& store;
        std::vector<std::unique_ptr<Host>>& hosts;
        const Script& script;
    };

    explicit Controller(World world);

    void start();

    void stop() { alive_ = false; }

    void request_switchover();

    [[nodiscard]] const core::AppCore& core() const { return pump_->core(); }

    [[nodiscard]] Instant now() const override { return world_.calendar.now(); }

    [[nodiscard]] UtcTime wall() const override {
        return utc_from_ms(to_ms(world_.calendar.now().time_since_epoch()));
    }

    void raise(const core::RaiseEpoch& action) override;
    void find(const core::FindHosts& action) override;
    void order(const core::OrderAgents& action) override;
    void examine(const core::ExamineLosses& action) override;
    void serve(const core::ServeUsers& action) override;
    void verify(const core::VerifyFunction& action) override;

    void announce(const core::Announce&) override {}

    void arm(Instant at) override;

    void disarm() override { armed_.reset(); }

  private:
    void later(Duration delay, void (Controller::*method)());
    void deliver(core::Event event);
    void probe();
    void find_earlier_heartbeats();
    void heartbeat();
    void reports();
    void report_of(Host& host);
    void observe(
        const ObserverId& observer,
        const HostId& source,
        int region,
        core::Component component,
        core::Path path,
        bool ok
    );

    // Killed at its last save, before what the save was for: nothing leaves it any more.
    [[nodiscard]] bool is_dead() const {
        return !alive_ || (world_.store.crash_wanted && world_.script.before_effects);
    }

    [[nodiscard]] bool reaches(const Host& host) const;

    World world_;
    std::unique_ptr<runtime::Pump> pump_;
    bool alive_ = true;
    std::optional<Instant> armed_;
    std::map<HostId, bool> connected_;
};

}  // namespace farshore::sim
