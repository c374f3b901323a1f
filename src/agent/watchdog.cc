#include "agent/watchdog.h"

#include <arpa/inet.h>
#include <cerrno>
#include <functional>
#include <netinet/in.h>
#include <optional>
#include <string_view>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>
#include <utility>

namespace farshore::agent {

using namespace std::chrono_literals;

namespace {

std::int64_t ticks(Instant at) {
    return at.time_since_epoch().count();
}

}  // namespace

std::optional<bool> answers(const Watchdog::Listener& listener, Duration patience) {
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        return std::nullopt;
    }
    const auto us = std::chrono::duration_cast<std::chrono::microseconds>(patience).count();
    const timeval limit{.tv_sec = us / 1'000'000, .tv_usec = us % 1'000'000};
    (void)::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
    (void)::setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(listener.port);
    std::optional<bool> result;
    if (::inet_pton(AF_INET, listener.address.c_str(), &to.sin_addr) == 1 &&
        ::connect(fd, reinterpret_cast<const sockaddr*>(&to), sizeof(to)) == 0) {
        // Not a DynamoDB request, so it is refused without any upstream.
        constexpr std::string_view kQuestion =
            "GET / HTTP/1.1\r\nHost: watchdog\r\nConnection: close\r\n\r\n";
        char byte = 0;
        (void)::send(fd, kQuestion.data(), kQuestion.size(), MSG_NOSIGNAL);
        const ssize_t n = ::recv(fd, &byte, 1, 0);
        const bool timed_out = n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
        result = !timed_out;
    }
    (void)::close(fd);
    return result;
}

Watchdog::Watchdog(Options options)
    : options_(std::move(options)),
      turned_at_(ticks(options_.clock->now())),
      answered_at_(options_.endpoints.size(), options_.clock->now()),
      looked_at_(options_.clock->now()),
      thread_([this] { watch(); }) {}

Watchdog::~Watchdog() {
    {
        const std::lock_guard guard(mutex_);
        stopping_ = true;
    }
    stop_.notify_all();
    thread_.join();
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
    // When the whole process was stopped, or the machine was, nobody is to blame.
    const bool slept = now - looked_at_ > options_.every + 2s;
    looked_at_ = now;
    if (slept) {
        turned();
        answered_at_.assign(answered_at_.size(), now);
        return;
    }
    if (now - Instant{Duration{turned_at_.load(std::memory_order_acquire)}} >
        options_.control_silent_max) {
        options_.bite("the control loop hangs");
        return;
    }
    for (std::size_t i = 0; i < options_.endpoints.size(); ++i) {
        const std::optional<bool> alive = answers(options_.endpoints[i], 1s);
        const Instant then = options_.clock->now();
        looked_at_ = then;
        if (alive.value_or(true)) {
            answered_at_[i] = then;
        } else if (then - answered_at_[i] > options_.data_silent_max) {
            options_.bite("a data loop hangs");
            return;
        }
    }
}

}  // namespace farshore::agent
