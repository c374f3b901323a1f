#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <queue>
#include <vector>

#include "adapters/system/system_clock.h"
#include "base/time.h"

// One thread's sockets and timers by epoll: what the swarm spends on itself must stay small beside
// what it measures.
namespace farshore::bench {

// Must outlive its last event and its last timer.
class Waiter {
  public:
    // Something came, or can be sent; or nothing of it: an event may be a closed descriptor's.
    // `ends`: the other side has closed, and no further event tells it.
    virtual void ready(bool /*ends*/) {}

    virtual void due() {}

  protected:
    ~Waiter() = default;
};

// Not thread-safe.
class PollLoop {
  public:
    PollLoop();
    ~PollLoop();
    PollLoop(const PollLoop&) = delete;
    PollLoop& operator=(const PollLoop&) = delete;

    // Edge-triggered, until the descriptor is closed.
    void watch(int descriptor, Waiter& waiter);

    // Calls due() once, at that time or a little later.
    void wake(Instant at, Waiter& waiter) { timers_.push({.at = at, .waiter = &waiter}); }

    // A look at the clock (CLOCK_BOOTTIME), as leases count.
    [[nodiscard]] Instant now() const { return clock_.now(); }

    // False: the condition did not hold in time. It is asked after each turn.
    bool run_until(const std::function<bool()>& holds, Duration patience);

  private:
    struct Timer {
        Instant at;
        Waiter* waiter = nullptr;

        friend bool operator>(const Timer& a, const Timer& b) { return a.at > b.at; }
    };

    void turn(Instant until);

    system::SystemClock clock_;
    int poll_ = -1;
    std::priority_queue<Timer, std::vector<Timer>, std::greater<>> timers_;
};

}  // namespace farshore::bench
