#include "dataplane/poller.h"

#include <algorithm>
#include <cerrno>
#include <unistd.h>

#include "base/assert.h"

namespace farshore::dataplane {

Result<std::unique_ptr<Poller>> Poller::create() {
    const int fd = ::epoll_create1(EPOLL_CLOEXEC);
    if (fd < 0) {
        return fail(ErrorKind::exhausted, "no file descriptor left for the endpoint's event loop");
    }
    return std::unique_ptr<Poller>(new Poller(fd));
}

Poller::~Poller() {
    ::close(fd_);
}

Status Poller::watch(int fd, std::uint32_t events, Watcher& watcher) {
    epoll_event event{.events = events, .data = {.ptr = &watcher}};
    if (::epoll_ctl(fd_, EPOLL_CTL_ADD, fd, &event) != 0) {
        return fail(ErrorKind::exhausted, "the system takes no further watched descriptor");
    }
    // The memory of a watcher that died in this round may be in use again.
    std::erase(gone_, &watcher);
    return {};
}

void Poller::change(int fd, std::uint32_t events, Watcher& watcher) {
    epoll_event event{.events = events, .data = {.ptr = &watcher}};
    FARSHORE_ASSERT(
        ::epoll_ctl(fd_, EPOLL_CTL_MOD, fd, &event) == 0, "only watched descriptors are changed"
    );
}

void Poller::unwatch(int fd, const Watcher& watcher) {
    ::epoll_ctl(fd_, EPOLL_CTL_DEL, fd, nullptr);
    gone_.push_back(&watcher);
}

void Poller::wait(int timeout_ms) {
    const int count =
        ::epoll_wait(fd_, events_.data(), static_cast<int>(events_.size()), timeout_ms);
    FARSHORE_ASSERT(count >= 0 || errno == EINTR, "the event loop's own descriptor is sound");
    count_ = count > 0 ? static_cast<std::size_t>(count) : 0;
}

void Poller::hand_out() {
    gone_.clear();
    for (std::size_t i = 0; i < count_; ++i) {
        auto* watcher = static_cast<Watcher*>(events_[i].data.ptr);
        if (std::ranges::find(gone_, watcher) == gone_.end()) {
            watcher->ready(events_[i].events);
        }
    }
}

}  // namespace farshore::dataplane
