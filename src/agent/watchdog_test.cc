#include "agent/watchdog.h"

#include <arpa/inet.h>
#include <atomic>
#include <chrono>
#include <netinet/in.h>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>

#include <gtest/gtest.h>

namespace farshore::agent {
namespace {

using namespace std::chrono_literals;

// Time that the test moves. Thread-safe.
class TestClock final : public ports::Clock {
  public:
    [[nodiscard]] Instant now() const override { return Instant{Duration{now_.load()}}; }

    [[nodiscard]] UtcTime wall() const override { return {}; }

    void advance(Duration by) { now_ += by.count(); }

  private:
    std::atomic<std::int64_t> now_{Duration{1h}.count()};
};

struct Bites {
    std::atomic<int> count{0};
};

Watchdog::Options options(const std::shared_ptr<TestClock>& clock, Bites& bites) {
    return {
        .clock = clock,
        .control_silent_max = 30s,
        .every = 1ms,
        .endpoints = {},
        .bite =
            [&bites](const char*) {
                ++bites.count;
            }
    };
}

TEST(Watchdog, BitesWhenTheControlLoopHangs) {
    const auto clock = std::make_shared<TestClock>();
    Bites bites;
    Watchdog watchdog(options(clock, bites));
    const auto end = std::chrono::steady_clock::now() + 10s;
    while (bites.count == 0 && std::chrono::steady_clock::now() < end) {
        clock->advance(100ms);
        std::this_thread::sleep_for(1ms);
    }
    EXPECT_GT(bites.count, 0);
}

TEST(Watchdog, DoesNotBiteAfterTheWholeMachineSlept) {
    const auto clock = std::make_shared<TestClock>();
    Bites bites;
    {
        Watchdog watchdog(options(clock, bites));
        for (int i = 0; i < 20; ++i) {
            clock->advance(1h);
            std::this_thread::sleep_for(5ms);
        }
    }
    EXPECT_EQ(bites.count, 0);
}

// A socket that lets connections in and never says a word.
class SilentListener {
  public:
    SilentListener() : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        EXPECT_EQ(::bind(fd_, reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
        EXPECT_EQ(::listen(fd_, 16), 0);
        socklen_t size = sizeof(address);
        EXPECT_EQ(::getsockname(fd_, reinterpret_cast<sockaddr*>(&address), &size), 0);
        port = ntohs(address.sin_port);
    }

    SilentListener(const SilentListener&) = delete;
    SilentListener& operator=(const SilentListener&) = delete;

    ~SilentListener() { (void)::close(fd_); }

    std::uint16_t port = 0;

  private:
    int fd_;
};

TEST(Watchdog, TellsSilenceFromRefusal) {
    std::uint16_t gone = 0;
    {
        const SilentListener listener;
        gone = listener.port;
        EXPECT_EQ(answers({.address = "127.0.0.1", .port = listener.port}, 50ms), false);
    }
    EXPECT_EQ(answers({.address = "127.0.0.1", .port = gone}, 50ms), std::nullopt);
}

}  // namespace
}  // namespace farshore::agent
