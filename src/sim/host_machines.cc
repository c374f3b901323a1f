#include "sim/chronicle.h"
#include "sim/host.h"
#include "sim/quiet.h"

// What a hypervisor does to a host.
namespace farshore::sim {

namespace {

constexpr Duration kWallRightAgainAfter = 5s;  // time synchronisation finds the step

}  // namespace

// Both clocks are the guest's own; nothing in it notices.
void Host::set_back(Duration stood) {
    clock_.set_back(stood);
    wall_ahead_ -= stood;
    scene_.calendar.in(kWallRightAgainAfter, [this] { wall_ahead_ = {}; });
    woke_ = Waking{.at = scene_.calendar.now(), .epoch = machine_.epoch()};
    deadline_at_.reset();
    scene_.calendar.cancel(deadline_);
    arm_deadline();
}

void Host::stop_machine() {
    if (runs()) {
        stopped_at_ = scene_.calendar.now();
        pause();
    }
}

void Host::start_machine() {
    if (const auto since = std::exchange(stopped_at_, std::nullopt)) {
        set_back(scene_.calendar.now() - *since);
        resume();
    }
}

void Host::take_snapshot() {
    snapshot_.reset();
    if (runs()) {
        snapshot_.emplace(Snapshot{
            .at = scene_.calendar.now(),
            .disk = disk_,
            .machine = machine_,
            .ledger = *ledger_,
            .arrivals = arrivals_,
            .inherited_alone = inherited_alone_,
            .booted_at = booted_at_,
            .unknown = unknown_
        });
    }
}

// Its connections belong to a machine that there is no more: they are made anew. Left out: its
// process still has the name that it had, where here it gets another one.
void Host::restore_snapshot() {
    std::optional<Snapshot> was = std::exchange(snapshot_, std::nullopt);
    if (!was) {
        return;
    }
    crash();
    scene_.chronicle->host_reimaged(*this);
    disk_ = was->disk;
    boot();
    machine_ = was->machine;
    ledger_.emplace(was->ledger);
    arrivals_ = was->arrivals;
    inherited_alone_ = was->inherited_alone;
    booted_at_ = was->booted_at;
    open_desk();  // its orders are numbered as that process has numbered them
    unknown_ = was->unknown;
    set_back(scene_.calendar.now() - was->at);
    if (unproven() > 0 && !std::exchange(proving_, true)) {
        later(core::Arrivals::kLookEvery, [this] { prove_some(); });
    }
}

}  // namespace farshore::sim
