#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <sys/epoll.h>
#include <vector>

#include "base/result.h"

namespace farshore::dataplane {

// What the loop calls when a descriptor is ready. Its owner unwatches it before it ends; within one
// round of events the poller skips those that were unwatched by an earlier event of the round.
class Watcher {
  public:
    virtual void ready(std::uint32_t events) = 0;  // EPOLL* bits

  protected:
    ~Watcher() = default;
};

// Owns the epoll descriptor of one loop. One thread.
class Poller {
  public:
    [[nodiscard]] static Result<std::unique_ptr<Poller>> create();
    ~Poller();
    Poller(const Poller&) = delete;
    Poller& operator=(const Poller&) = delete;

    // Errors: exhausted (the system's limit of watches).
    [[nodiscard]] Status watch(int fd, std::uint32_t events, Watcher& watcher);
    void change(int fd, std::uint32_t events, Watcher& watcher);
    void unwatch(int fd, const Watcher& watcher);

    // Waits for events, at most `timeout_ms` (-1: without end).
    void wait(int timeout_ms);
    // Tells the watchers what was waited for.
    void hand_out();

  private:
    explicit Poller(int fd) : fd_(fd) {}

    int fd_;
    std::array<epoll_event, 256> events_{};
    std::size_t count_ = 0;
    std::vector<const Watcher*> gone_;  // in this round
};

}  // namespace farshore::dataplane
