#include "agent/watchdog.h"

#include <algorithm>
#include <utility>

namespace farshore::agent {

using namespace std::chrono_literals;

namespace {

std::int64_t ticks(Instant at) {
    return at.time_since_epoch().count();
}

}  // namespace

Watchdog::Watchdog(Options options)
    : options_(std::move(options)),
      turned_at_(ticks(options_.clock->now())),
      looked_at_(options_.clock->now()),
      slept_until_(looked_at_),
      thread_([this] { watch(); }) {}

Watchdog::~Watchdog() {
    end();
}

void Watchdog::end() {
    {
        const std::lock_guard guard(mutex_);
        stopping_ = true;
    }
    stop_.notify_all();
    if (thread_.joinable()) {
        thread_.join();
    }
}

void Watchdog::turned() {
    turned_at_.store(ticks(options_.clock->now()), std::memory_order_release);
}

void Watchdog::watch() {
    std::unique_lock lock(mutex_);
    while (!stop_.wait_for(lock, options_.every, [this] { return stopping_; })) {
        lock.unlock();
        look(options_.clock->now());
        lock.lock();
    }
}

void Watchdog::look(Instant now) {
    // The whole process stood still, or the machine did: that is no fault of the control loop.
    if (now - looked_at_ > options_.every + 2s) {
        slept_until_ = now;
        turned();
    }
    looked_at_ = now;
    if (now - Instant{Duration{turned_at_.load(std::memory_order_acquire)}} >
        options_.control_silent_max) {
        options_.bite("the control loop hangs");
        return;
    }
    for (const auto& last_turn : options_.endpoints) {
        if (now - std::max(last_turn(), slept_until_) > options_.data_silent_max) {
            options_.bite("a data loop hangs");
            return;
        }
    }
}

}  // namespace farshore::agent
