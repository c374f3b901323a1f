#include <algorithm>
#include <utility>

#include "dataplane/dispatcher.h"

// What becomes of writes on their way when their permission ends, a fence comes or the agent stops,
// and the proof that none is left.
namespace farshore::dataplane {

// INV-S1: called once the write is answered or its connection is closed, never before.
void Dispatcher::write_left(const Exchange& exchange) {
    if (!needs_permission(exchange.operation.kind)) {
        return;
    }
    writes_.left(exchange.epoch);
    environment_.counters->in_flight_writes.set(writes_.count());
    if (!quiet_waits_.empty()) {
        settle_quiet({});
    }
}

void Dispatcher::when_quiet(core::QuietAwaited awaited, std::function<void(core::Quiet)> then) {
    quiet_waits_.add(awaited, std::move(then));
    settle_quiet({});
}

void Dispatcher::settle_quiet(std::optional<Instant> now) {
    for (const auto& [then, quiet] : quiet_waits_.settle(writes_, now)) {
        then(quiet);
    }
}

template <class Concerned>
std::uint64_t Dispatcher::cut_writes(Concerned concerned, std::string_view why) {
    std::vector<Exchange*> writes;
    for (const Traffic& traffic : traffic_) {
        for (const Queue* queue : {&traffic.in_flight, &traffic.slow}) {
            for (const auto& [number, exchange] : *queue) {
                if (needs_permission(exchange->operation.kind) && concerned(exchange->epoch)) {
                    writes.push_back(exchange.get());
                }
            }
        }
    }
    for (Exchange* exchange : writes) {
        quiet_waits_.cuts(exchange->epoch);
        cut_one(*exchange, why);
    }
    return writes.size();
}

void Dispatcher::expire_waiters(Instant now) {
    const Epoch cut_below = quiet_waits_.cut_below(now);
    if (cut_below != Epoch{}) {
        cut_writes([cut_below](Epoch epoch) { return epoch < cut_below; }, "cut by a fence");
    }
    if (!quiet_waits_.empty()) {
        settle_quiet(now);
    }
}

// INV-S1: once a lease has ended, another Region may be opened at any moment. What the network has
// not delivered by now is thrown away, so that no retransmission brings it later.
void Dispatcher::expire_permissions() {
    if (writes_.count() == 0) {
        return;
    }
    const Instant now = environment_.clock->now();
    if (now < writes_.next_end(environment_.route->permission())) {
        return;
    }
    cut_writes(
        [this, now, permitted = environment_.route->permission()](Epoch epoch) {
            return now >= writes_.permitted_until(epoch, permitted);
        },
        "the permission to write ended before the answer came"
    );
}

void Dispatcher::wind_down(Instant deadline, std::function<void(std::uint64_t)> then) {
    winding_down_ = WindingDown{.deadline = deadline, .then = std::move(then)};
    while (!parked_.empty()) {
        const std::unique_ptr<Exchange> exchange = unpark(parked_.begin());
        answer_own(*exchange, OwnAnswer::stopping);
    }
    for (Traffic& traffic : traffic_) {
        for (Lane& lane : traffic.lanes) {
            for (auto& [number, exchange] : std::exchange(lane.waiting, {})) {
                answer_own(*exchange, OwnAnswer::stopping);
            }
        }
    }
}

void Dispatcher::finish_winding_down(Instant now) {
    const bool idle = std::ranges::all_of(traffic_, &Traffic::is_idle);
    if (!idle && now < winding_down_->deadline) {
        return;
    }
    constexpr std::string_view kWhy = "cut by the end of the agent";
    const std::uint64_t unknown = cut_writes([](Epoch) { return true; }, kWhy);
    for (Traffic& traffic : traffic_) {
        for (Queue* queue : {&traffic.in_flight, &traffic.slow}) {
            while (!queue->empty()) {
                cut_one(*queue->begin()->second, kWhy);
            }
        }
    }
    const auto then = std::exchange(winding_down_->then, {});
    then(unknown);
}

bool Dispatcher::may_send_more(const Exchange& exchange) {
    return !needs_permission(exchange.operation.kind) ||
           environment_.clock->now() <
               writes_.permitted_until(exchange.epoch, environment_.route->permission());
}

}  // namespace farshore::dataplane
