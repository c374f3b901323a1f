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
    draining_ = true;
    const core::Now moment = now();
    perform(moment, core_.resume(moment));
    draining_ = false;
    drain();
}

void Pump::deliver(core::Event event, std::function<void()> settled) {
    if (ended_) {
        if (settled) {
            settled();
        }
        return;
    }
    events_.push_back({.event = std::move(event), .settled = std::move(settled)});
    drain();
}

void Pump::turn() {
    events_.push_back({.event = core::Tick{}, .settled = {}});
    drain();
}

// A port may deliver an event while it is being called; the outer call takes it afterwards.
void Pump::drain() {
    if (draining_) {
        return;
    }
    draining_ = true;
    while (!ended_ && !committing_ && !events_.empty()) {
        try_store_again();
        if (committing_ || ended_) {
            break;
        }
        const Waiting next = std::move(events_.front());
        events_.pop_front();
        settled_ = next.settled;
        const core::Now moment = now();
        perform(moment, core_.step(moment, next.event));
        if (!committing_) {
            settle();
        }
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
    for (const core::Action& action : effects.actions) {
        if (const auto* told = std::get_if<core::Announce>(&action)) {
            audit_.push_back(
                {.at = moment.wall, .who = "controller", .what = "announce", .detail = told->text}
            );
        }
    }
    held_ = std::move(effects.actions);
    commit();
}

void Pump::try_store_again() {
    if (store_again_at_ && now().at >= *store_again_at_) {
        commit();
    }
}

void Pump::commit() {
    if (!unsaved_ && journal_.empty() && audit_.empty()) {
        committed();
        return;
    }
    committing_ = true;
    ports_.store.commit(
        {.app = core_.record().app,
         .leader = {},
         .state = core_.record(),
         .journal = journal_,
         .changes = {},
         .audit = audit_},
        [self = std::weak_ptr(self_)](ports::CommitAnswer answer) {
            if (const auto pump = self.lock()) {
                (*pump)->answered(std::move(answer));
            }
        }
    );
}

void Pump::answered(ports::CommitAnswer answer) {
    const bool inside = std::exchange(draining_, true);
    committing_ = false;
    trouble_ = std::move(answer.why.text);
    switch (answer.end) {
        case ports::CommitEnd::committed:
            unsaved_ = false;
            audit_.clear();
            committed();
            break;
        case ports::CommitEnd::refused:
            held_.clear();
            core_.stall();
            store_again_at_ = now().at + kStoreRetry;
            break;
        case ports::CommitEnd::superseded:
        case ports::CommitEnd::unknown:
            held_.clear();
            core_.stall();
            ended_ = true;
            break;
    }
    draining_ = inside;
    if (!inside) {
        settle();
    }
    if (ended_) {
        settle_all();
    }
    drain();
}

// Nothing that waits is taken any more.
void Pump::settle_all() {
    for (Waiting& waiting : std::exchange(events_, {})) {
        if (waiting.settled) {
            waiting.settled();
        }
    }
}

void Pump::settle() {
    if (const std::function<void()> settled = std::exchange(settled_, {})) {
        settled();
    }
}

// What the core has decided is durable.
void Pump::committed() {
    const std::vector<core::JournalEntry> written = std::exchange(journal_, {});
    if (watcher_) {
        for (const core::JournalEntry& entry : written) {
            watcher_(entry);
        }
    }
    if (std::exchange(store_again_at_, std::nullopt)) {
        const core::Now moment = now();
        perform(moment, core_.resume(moment, "the store took no records for a while"));
        return;
    }
    for (const core::Action& action : std::exchange(held_, {})) {
        start_action(action);
    }
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
    if (committing_ || ended_) {
        ports_.timer.disarm();  // nothing is due before the store has answered
        return;
    }
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
    if (ended_) {
        return {.length = std::nullopt, .why = trouble_};
    }
    return core_.grant_lease(now(), host, epoch);
}

}  // namespace farshore::runtime
