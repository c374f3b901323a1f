#include <utility>

#include "dataplane/dispatcher.h"

// What becomes of writes on their way when their permission ends or a fence comes, and the proof
// that none is left.
namespace farshore::dataplane {

// INV-S1: called once the write is answered or its connection is closed, never before.
void Dispatcher::write_left(const Exchange& exchange) {
    if (!needs_permission(exchange.operation.kind)) {
        return;
    }
    writes_.left(exchange.epoch);
    environment_.counters->in_flight_writes.set(writes_.count());
    if (!quiet_waiters_.empty()) {
        settle_quiet(false);
    }
}

void Dispatcher::when_quiet(Awaited awaited, std::function<void(Quiet)> then) {
    if (writes_.below(awaited.below) == 0) {
        then({});
        return;
    }
    quiet_waiters_.push_back({.awaited = awaited, .cut_count = 0, .then = std::move(then)});
}

// Answers those who waited long enough, if only until their deadline.
void Dispatcher::settle_quiet(bool overdue_too) {
    const Instant now = *environment_.now;
    std::vector<QuietWaiter> still_waiting;
    std::vector<std::pair<QuietWaiter, Quiet>> settled;
    for (QuietWaiter& waiter : quiet_waiters_) {
        const std::uint64_t left = writes_.below(waiter.awaited.below);
        if (left == 0 || (overdue_too && now >= waiter.awaited.deadline)) {
            const Quiet quiet{.left = left, .cut = waiter.cut_count};
            settled.emplace_back(std::move(waiter), quiet);
        } else {
            still_waiting.push_back(std::move(waiter));
        }
    }
    quiet_waiters_ = std::move(still_waiting);
    for (const auto& [waiter, quiet] : settled) {
        waiter.then(quiet);
    }
}

template <class Concerned>
void Dispatcher::cut_writes(Concerned concerned, std::string_view why) {
    std::vector<Exchange*> writes;
    for (const Queue& queue : in_flight_) {
        for (const auto& [number, exchange] : queue) {
            if (needs_permission(exchange->operation.kind) && concerned(exchange->epoch)) {
                writes.push_back(exchange.get());
            }
        }
    }
    for (Exchange* exchange : writes) {
        for (QuietWaiter& waiter : quiet_waiters_) {
            waiter.cut_count += exchange->epoch < waiter.awaited.below ? 1 : 0;
        }
        cut_one(*exchange, why);
    }
}

void Dispatcher::expire_waiters(Instant now) {
    Epoch cut_below;
    for (const QuietWaiter& waiter : quiet_waiters_) {
        if (waiter.awaited.cut && now >= waiter.awaited.deadline) {
            cut_below = std::max(cut_below, waiter.awaited.below);
        }
    }
    if (cut_below != Epoch{}) {
        cut_writes([cut_below](Epoch epoch) { return epoch < cut_below; }, "cut by a fence");
    }
    if (!quiet_waiters_.empty()) {
        settle_quiet(true);
    }
}

// INV-S1: once a lease has ended, another Region may be opened at any moment. What the network has
// not delivered by now is thrown away, so that no retransmission brings it later.
void Dispatcher::expire_permissions() {
    const Instant now = environment_.clock->now();
    if (now < writes_.next_end()) {
        return;
    }
    cut_writes(
        [this, now](Epoch epoch) { return now >= writes_.permitted_until(epoch); },
        "the permission to write ended before the answer came"
    );
}

bool Dispatcher::may_send_more(const Exchange& exchange) {
    return !needs_permission(exchange.operation.kind) ||
           environment_.clock->now() < writes_.permitted_until(exchange.epoch);
}

}  // namespace farshore::dataplane
