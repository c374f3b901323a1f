#include "bench/controller/poll_loop.h"

#include <algorithm>
#include <sys/epoll.h>
#include <unistd.h>

#include "base/assert.h"

namespace farshore::bench {

namespace {

constexpr std::size_t kEventsMax = 256;

}  // namespace

PollLoop::PollLoop() : poll_(epoll_create1(EPOLL_CLOEXEC)) {
    FARSHORE_ASSERT(poll_ >= 0, "an epoll descriptor is to be had at the start");
}

PollLoop::~PollLoop() {
    ::close(poll_);
}

void PollLoop::watch(int descriptor, Waiter& waiter) {
    epoll_event event{};
    event.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;
    event.data.ptr = &waiter;
    FARSHORE_ASSERT(
        epoll_ctl(poll_, EPOLL_CTL_ADD, descriptor, &event) == 0, "an open socket can be watched"
    );
}

void PollLoop::turn(Instant until) {
    const Instant next = timers_.empty() ? until : std::min(until, timers_.top().at);
    const Duration rest = std::max(next - now(), Duration::zero());
    const auto wait = std::chrono::ceil<std::chrono::milliseconds>(rest).count();
    std::array<epoll_event, kEventsMax> events{};
    const int count = epoll_wait(poll_, events.data(), kEventsMax, static_cast<int>(wait));
    for (int i = 0; i < count; ++i) {
        const epoll_event& event = events[static_cast<std::size_t>(i)];
        constexpr std::uint32_t kEnds = EPOLLRDHUP | EPOLLHUP | EPOLLERR;
        static_cast<Waiter*>(event.data.ptr)->ready((event.events & kEnds) != 0);
    }
    // Those that are set meanwhile have their turn after sockets were looked at again.
    const Instant reached = now();
    while (!timers_.empty() && timers_.top().at <= reached) {
        Waiter* waiter = timers_.top().waiter;
        timers_.pop();
        waiter->due();
    }
}

bool PollLoop::run_until(const std::function<bool()>& holds, Duration patience) {
    const Instant end = now() + patience;
    while (!holds()) {
        if (now() >= end) {
            return false;
        }
        turn(end);
    }
    return true;
}

}  // namespace farshore::bench
