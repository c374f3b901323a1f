#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "adapters/host/host_files.h"
#include "adapters/net/task.h"
#include "agent/blocking_pool.h"
#include "agent/signal.h"
#include "core/host/host_machine.h"
#include "core/lease/clock_watch.h"
#include "ports/clock.h"
#include "wire/config.h"

#include "dataplane/endpoint.h"

namespace farshore::agent {

// What a caller of take() wants to hear about, each at most once, on the control thread.
struct Heard {
    Duration grace = std::chrono::milliseconds{150};  // of a fence
    std::function<void(dataplane::HoldResult)> held;
    std::function<void(dataplane::FenceResult)> fenced;
    // Every loop of the endpoint follows the route, or a newer one.
    std::function<void(dataplane::RouteWord)> routed;
};

// Keeps three things in step for one app: the machine that decides (core/host), the endpoint that
// obeys, and the state file that remembers. Control thread only.
class AppGate {
  public:
    struct Parts {
        net::Io& io;
        std::shared_ptr<const ports::Clock> clock;
        BlockingPool& files;
    };

    AppGate(
        Parts parts,
        config::AgentApp app,
        std::string state_directory,
        std::optional<host::StoredState> stored
    );
    ~AppGate();
    AppGate(const AppGate&) = delete;
    AppGate& operator=(const AppGate&) = delete;

    // What the endpoint starts with: reads go there at once.
    [[nodiscard]] dataplane::Route first_route() const;
    // `endpoint` must outlive us, or be stopped before.
    void attach(dataplane::Endpoint& endpoint);

    // One event of the machine, and what follows from it.
    core::HostDecision take(const core::HostInput& input, Heard heard = {});

    // `then` on the control thread, once no write of an epoch below `below` is on its way; those
    // left after `within` are cut.
    void settle(Epoch below, Duration within, std::function<void(dataplane::FenceResult)> then);

    // Deadlines, and leases without end, which the endpoint gets in slices: a control thread that
    // hangs stops renewing, whatever the rule. Call every quarter of a second, or when due.
    void tick();
    [[nodiscard]] Duration until_next_tick() const;

    [[nodiscard]] const core::HostMachine& machine() const { return machine_; }

    // The process before this one adopted the epoch by itself: no process remembers what it had not
    // proven before.
    [[nodiscard]] bool inherited_alone() const {
        return inherited_alone_ && machine_.adopted_alone();
    }

    // What a restart would find on disk; nullopt: nothing.
    [[nodiscard]] const std::optional<core::StoredState>& stored() const {
        return keeper_.on_disk();
    }

    // Why it is not newer, and is not being written either; empty: it has not failed.
    [[nodiscard]] std::string why_not_stored() const { return keeper_.why_not_stored(); }

    [[nodiscard]] const config::AgentApp& app() const { return app_; }

    [[nodiscard]] dataplane::Endpoint& endpoint() { return *endpoint_; }

    [[nodiscard]] const dataplane::Endpoint& endpoint() const { return *endpoint_; }

    [[nodiscard]] core::WriteState write_state() const;
    [[nodiscard]] Duration lease_remaining() const;

    // The row that was last applied and changed something: why things are as they are.
    [[nodiscard]] const core::HostDecision& last_change() const { return last_change_; }

    // The machine wants a confirmation at once.
    [[nodiscard]] Signal& confirmation_wanted() { return confirmation_wanted_; }

    // The route or the write state changed, or the state file was written or could not be.
    [[nodiscard]] Signal& changed() { return changed_; }

    void heard_from_controller();
    // Another clock has gone ahead of ours: this machine stood still, and its lease may have ended.
    void doubt_clock(std::string_view by);

    [[nodiscard]] std::uint64_t clock_doubts() const { return clock_doubts_; }

    [[nodiscard]] bool controllers_silent() const;

  private:
    [[nodiscard]] core::HostLoaded what_was_stored() const;
    void apply(const core::HostDecision& decision, Heard& heard);
    void announce(const core::HostDecision& decision);
    void open_writes(bool from_hold);
    void store(const std::optional<core::StoredState>& state);
    [[nodiscard]] std::optional<Instant> permission_end() const;
    template <class T>
    std::function<void(T)> on_control_thread(std::function<void(T)> call) const;

    net::Io* io_;
    std::shared_ptr<const ports::Clock> clock_;
    BlockingPool* files_;
    config::AgentApp app_;
    std::string state_directory_;
    core::HostMachine machine_;
    dataplane::Endpoint* endpoint_ = nullptr;
    Signal confirmation_wanted_;
    Signal changed_;
    core::StateKeeper keeper_;
    bool inherited_alone_ = false;
    Instant confirmed_since_{};  // start of the last confirmation
    Instant heard_from_controller_;
    core::HostDecision last_change_;
    core::ClockWatch wall_watch_;
    std::uint64_t clock_doubts_ = 0;
    std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace farshore::agent
