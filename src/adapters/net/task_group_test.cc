#include "adapters/net/task_group.h"

#include <boost/asio/experimental/awaitable_operators.hpp>

#include "adapters/net/net_test_world.h"

namespace farshore::net {
namespace {

using testing::World;
using namespace std::chrono_literals;

Task<> sleep_and_note(Io* io, Duration duration, int* woken, int* cut_short) {
    const bool slept = co_await sleep_for(*io, duration);
    ++*(slept ? woken : cut_short);
}

Task<> sleep_for_ever(Io* io, int* rounds) {
    while (true) {
        const bool slept = co_await sleep_for(*io, 1h);
        static_cast<void>(slept);
        ++*rounds;
    }
}

Task<> two_at_once(Io* io) {
    using namespace boost::asio::experimental::awaitable_operators;
    int rounds = 0;
    co_await (sleep_for_ever(io, &rounds) && sleep_for_ever(io, &rounds));
}

Task<> throw_at_once() {
    throw std::runtime_error("a bug");
    co_return;
}

TEST(TaskGroup, RunsTasksToTheirEnd) {
    World world;
    int woken = 0;
    int cut_short = 0;
    TaskGroup group(world.io);
    EXPECT_TRUE(group.idle());
    for (int i = 0; i < 10; ++i) {
        group.spawn("sleeper", [&] { return sleep_and_note(&world.io, 1ms, &woken, &cut_short); });
    }
    EXPECT_FALSE(group.idle());
    EXPECT_TRUE(world.run_until([&] { return group.idle(); }));
    EXPECT_EQ(woken, 10);
    EXPECT_EQ(cut_short, 0);
}

TEST(TaskGroup, StopEndsEveryTask) {
    World world;
    int woken = 0;
    int cut_short = 0;
    int rounds = 0;
    TaskGroup group(world.io);
    group.spawn("once", [&] { return sleep_and_note(&world.io, 1h, &woken, &cut_short); });
    group.spawn("deaf", [&] { return sleep_for_ever(&world.io, &rounds); });
    group.spawn("two", [&] { return two_at_once(&world.io); });
    world.exhaust();
    group.stop();
    EXPECT_TRUE(group.stopping());
    EXPECT_TRUE(world.run_until([&] { return group.idle(); }));
    EXPECT_EQ(cut_short, 1);
    EXPECT_EQ(rounds, 1);  // a task that goes on all the same is unwound at its next wait
    group.spawn("late", [&] { return sleep_and_note(&world.io, 1ms, &woken, &cut_short); });
    EXPECT_TRUE(group.idle());
    EXPECT_EQ(woken, 0);
}

TEST(TaskGroup, CancelsOneTask) {
    World world;
    int woken = 0;
    int cut_short = 0;
    TaskGroup group(world.io);
    const auto first =
        group.spawn("first", [&] { return sleep_and_note(&world.io, 1h, &woken, &cut_short); });
    group.spawn("second", [&] { return sleep_and_note(&world.io, 1h, &woken, &cut_short); });
    group.cancel(first);
    EXPECT_TRUE(world.run_until([&] { return cut_short == 1; }));
    EXPECT_FALSE(group.idle());
    group.cancel(first);
    group.stop();
    EXPECT_TRUE(world.run_until([&] { return group.idle(); }));
    EXPECT_EQ(cut_short, 2);
}

TEST(TaskGroup, KeepsAClosureAliveUntilItsTaskEnds) {
    World world;
    TaskGroup group(world.io);
    auto kept = std::make_shared<int>(1);
    const std::weak_ptr<int> watched = kept;
    int woken = 0;
    int cut_short = 0;
    group.spawn("keeper", [kept = std::move(kept), &world, &woken, &cut_short] {
        return sleep_and_note(&world.io, 1h, &woken, &cut_short);
    });
    world.exhaust();
    EXPECT_FALSE(watched.expired());
    group.stop();
    EXPECT_TRUE(world.run_until([&] { return group.idle(); }));
    EXPECT_TRUE(watched.expired());
}

TEST(TaskGroupDeathTest, AnExceptionIsABugWithAName) {
    EXPECT_DEATH(
        {
            World world;
            world.tasks.spawn("clumsy", [] { return throw_at_once(); });
            world.run_until([&] { return world.tasks.idle(); });
        },
        "task clumsy ended by an exception: a bug"
    );
}

}  // namespace
}  // namespace farshore::net
