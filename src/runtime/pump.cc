#include "runtime/pump.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace farshore::runtime {

namespace {

// A full disk is looked at again this often.
constexpr Duration kStoreRetry = std::chrono::milliseconds{500};

template <class... Fs>
struct Overloaded : Fs... {
    using Fs::operator()...;
};

}  // namespace

Pump::Pump(core::AppCore core, Ports ports) : core_(std::move(core)), ports_(ports) {}

void Pump::start() {
    const core::Now moment = now();
    perform(moment, core_.resume(moment));
    drain();
}

void Pump::deliver(core::Event event) {
    events_.push_back(std::move(event));
    drain();
}

void Pump::turn() {
    events_.emplace_back(core::Tick{});
    drain();
}

// A port may deliver an event while it is being called; the outer call takes it afterwards.
void Pump::drain() {
    if (draining_) {
        return;
    }
    draining_ = true;
    while (!events_.empty()) {
        try_store_again();
        const core::Event event = std::move(events_.front());
        events_.pop_front();
        const core::Now moment = now();
        perform(moment, core_.step(moment, event));
    }
    draining_ = false;
    arm();
}

void Pump::perform(core::Now moment, core::Effects effects) {
    unsaved_ = unsaved_ || effects.save;
    std::ranges::move(effects.journal, std::back_inserter(journal_));
    if (store_again_at_) {
        return;
    }
    if (!flush()) {
        core_.stall();
        store_again_at_ = moment.at + kStoreRetry;
        return;
    }
    for (const core::Action& action : effects.actions) {
        start_action(action);
    }
}

void Pump::try_store_again() {
    const core::Now moment = now();
    if (!store_again_at_ || moment.at < *store_again_at_) {
        return;
    }
    if (!flush()) {
        store_again_at_ = moment.at + kStoreRetry;
        return;
    }
    store_again_at_.reset();
    perform(moment, core_.resume(moment, "the store took no records for a while"));
}

bool Pump::flush() {
    if (!unsaved_ && journal_.empty()) {
        return true;
    }
    const Status saved = ports_.store.save(core_.record(), journal_);
    if (!saved) {
        trouble_ = saved.error().text;
        return false;
    }
    trouble_.clear();
    unsaved_ = false;
    const std::vector<core::JournalEntry> written = std::exchange(journal_, {});
    if (watcher_) {
        for (const core::JournalEntry& entry : written) {
            watcher_(entry);
        }
    }
    return true;
}

void Pump::start_action(const core::Action& action) {
    std::visit(
        Overloaded{
            [&](const core::RaiseEpoch& a) { ports_.epoch_records.raise(a); },
            [&](const core::FindHosts& a) { ports_.host_records.find(a); },
            [&](const core::OrderAgents& a) { ports_.agents.order(a); },
            [&](const core::ExamineLosses& a) { ports_.tables.examine(a); },
            [&](const core::ServeUsers& a) { ports_.traffic.serve(a); },
            [&](const core::VerifyFunction& a) { ports_.checks.verify(a); },
            [&](const core::RunCommand& a) { ports_.commands.run(a); },
            [&](const core::StopCommand& a) { ports_.commands.stop(a); },
            [&](const core::Announce& a) { ports_.notifier.announce(a); },
        },
        action
    );
}

void Pump::arm() {
    std::optional<Instant> at = core_.next_deadline();
    if (store_again_at_) {
        at = at ? std::min(*at, *store_again_at_) : *store_again_at_;
    }
    if (at) {
        ports_.timer.arm(*at);
    } else {
        ports_.timer.disarm();
    }
}

core::AppCore::LeaseAnswer Pump::grant_lease(const HostId& host, Epoch epoch) {
    return core_.grant_lease(now(), host, epoch);
}

}  // namespace farshore::runtime
