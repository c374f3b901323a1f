#include "agent/watchdog.h"

#include <atomic>
#include <chrono>
#include <thread>

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

TEST(Watchdog, BitesWhenOneLoopOfSeveralHangs) {
    const auto clock = std::make_shared<TestClock>();
    Bites bites;
    Watchdog::Options watch = options(clock, bites);
    const Instant hung_since = clock->now();
    watch.control_silent_max = 1h;
    watch.endpoints = {
        [clock] { return clock->now(); },
        [hung_since] {
            return hung_since;
        }
    };
    Watchdog watchdog(std::move(watch));
    const auto end = std::chrono::steady_clock::now() + 10s;
    while (bites.count == 0 && std::chrono::steady_clock::now() < end) {
        clock->advance(100ms);
        std::this_thread::sleep_for(1ms);
    }
    EXPECT_GT(bites.count, 0);
    EXPECT_GT(clock->now() - hung_since, 6s);
}

TEST(Watchdog, LeavesLoopsAloneThatTurn) {
    const auto clock = std::make_shared<TestClock>();
    Bites bites;
    {
        Watchdog::Options watch = options(clock, bites);
        watch.endpoints = {[clock] {
            return clock->now() - 200ms;
        }};
        Watchdog watchdog(std::move(watch));
        for (int i = 0; i < 100; ++i) {
            clock->advance(100ms);
            watchdog.turned();
            std::this_thread::sleep_for(1ms);
        }
    }
    EXPECT_EQ(bites.count, 0);
}

}  // namespace
}  // namespace farshore::agent
