#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "ports/clock.h"

namespace farshore::agent {

// Ends the process when one of its loops hangs: the last resort behind the leases. A control thread
// that hangs stops renewing, so its writes stop by themselves; a data loop that hangs could still
// finish a write much later. A crash is a designed state: the supervisor starts us again,
// unconfirmed.
//
// Has a thread of its own, which takes no lock of others and allocates nothing per turn.
class Watchdog {
  public:
    struct Options {
        std::shared_ptr<const ports::Clock> clock;
        Duration control_silent_max = std::chrono::seconds{30};
        // A data loop turns ten times a second though nothing happens.
        Duration data_silent_max = std::chrono::seconds{6};
        Duration every = std::chrono::milliseconds{500};
        // When the slowest loop of an endpoint turned last. Thread-safe, without locks.
        std::vector<std::function<Instant()>> endpoints;
        // What to do; in production the process ends with EX_SOFTWARE.
        std::function<void(const char* why)> bite;
    };

    explicit Watchdog(Options options);
    ~Watchdog();
    Watchdog(const Watchdog&) = delete;
    Watchdog& operator=(const Watchdog&) = delete;

    // The control thread turns. Thread-safe, also after end().
    void turned();
    // Watches no more: before the loops that it watches end. Idempotent.
    void end();

  private:
    void watch();
    void look(Instant now);

    Options options_;
    std::atomic<std::int64_t> turned_at_;
    Instant looked_at_;
    Instant slept_until_;  // before this no loop could turn: that is not counted
    std::mutex mutex_;
    std::condition_variable stop_;
    bool stopping_ = false;
    std::thread thread_;
};

}  // namespace farshore::agent
