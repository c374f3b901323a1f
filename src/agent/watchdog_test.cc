#include "agent/watchdog.h"

#include <atomic>
#include <chrono>
#include <thread>

#include <gtest/gtest.h>

#include "base/patience.h"

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

// A watchdog whose looks are counted.
class WatchdogTest : public ::testing::Test {
  protected:
    // `loops`: when each turned last.
    void watch(std::vector<std::function<Instant()>> loops, Duration control_silent_max = 30s) {
        // The last that the watchdog asks for.
        loops.emplace_back([this] {
            ++looks;
            return clock->now();
        });
        watchdog.emplace(Watchdog::Options{
            .clock = clock,
            .control_silent_max = control_silent_max,
            .every = 1ms,
            .endpoints = std::move(loops),
            .bite =
                [this](const char*) {
                    ++bites;
                }
        });
    }

    // Time passes, and the watchdog looks at what has become of it. The first look may have begun
    // before.
    void advance(Duration by) {
        const int before = looks + bites;
        clock->advance(by);
        const auto end = std::chrono::steady_clock::now() + stretched(60s);
        while (looks + bites < before + 2) {
            ASSERT_LT(std::chrono::steady_clock::now(), end) << "the watchdog does not look";
            std::this_thread::yield();
        }
    }

    std::shared_ptr<TestClock> clock = std::make_shared<TestClock>();
    std::atomic<int> looks{0};
    std::atomic<int> bites{0};
    std::optional<Watchdog> watchdog;
};

TEST_F(WatchdogTest, BitesWhenTheControlLoopHangs) {
    watch({});
    for (int i = 0; i < 30; ++i) {
        advance(1s);
    }
    EXPECT_EQ(bites, 0);
    advance(1s);
    EXPECT_GT(bites, 0);
}

TEST_F(WatchdogTest, DoesNotBiteAfterTheWholeMachineSlept) {
    watch({[before = clock->now()] {
        return before;
    }});
    for (int i = 0; i < 20; ++i) {
        advance(1h);
    }
    EXPECT_EQ(bites, 0);
}

TEST_F(WatchdogTest, BitesWhenOneLoopOfSeveralHangs) {
    watch(
        {[hung_since = clock->now()] {
            return hung_since;
        }},
        1h
    );
    for (int i = 0; i < 6; ++i) {
        advance(1s);
    }
    EXPECT_EQ(bites, 0);
    advance(1s);
    EXPECT_GT(bites, 0);
}

TEST_F(WatchdogTest, LeavesLoopsAloneThatTurn) {
    watch({[this] {
        return clock->now() - 200ms;
    }});
    for (int i = 0; i < 100; ++i) {
        watchdog->turned();
        advance(1s);
    }
    EXPECT_EQ(bites, 0);
}

}  // namespace
}  // namespace farshore::agent
