#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
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
    struct Listener {
        std::string address;
        std::uint16_t port = 0;
    };

    struct Options {
        std::shared_ptr<const ports::Clock> clock;
        Duration control_silent_max = std::chrono::seconds{30};
        // An endpoint that accepts, but says nothing at all for so long, hangs.
        Duration data_silent_max = std::chrono::seconds{6};
        Duration every = std::chrono::milliseconds{500};
        std::vector<Listener> endpoints;
        // What to do; in production the process ends with EX_SOFTWARE.
        std::function<void(const char* why)> bite;
    };

    explicit Watchdog(Options options);
    ~Watchdog();
    Watchdog(const Watchdog&) = delete;
    Watchdog& operator=(const Watchdog&) = delete;

    // The control thread turns. Thread-safe.
    void turned();

  private:
    void watch();
    void look(Instant now);

    Options options_;
    std::atomic<std::int64_t> turned_at_;
    std::vector<Instant> answered_at_;
    Instant looked_at_;
    std::mutex mutex_;
    std::condition_variable stop_;
    bool stopping_ = false;
    std::thread thread_;
};

// Does anything answer there, if only with an end of the connection? nullopt: it cannot be told now
// (no descriptor left, nobody listens). Blocks at most `patience`.
[[nodiscard]] std::optional<bool> answers(const Watchdog::Listener& listener, Duration patience);

}  // namespace farshore::agent
