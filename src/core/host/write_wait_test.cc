#include "core/host/write_wait.h"

#include <chrono>

#include <gtest/gtest.h>

namespace farshore::core {
namespace {

using namespace std::chrono_literals;

constexpr Instant kStart{1h};

HostMachine machine_under(Epoch epoch) {
    HostMachine machine({});
    const HostRoute route{.epoch = epoch, .active = RegionId{"a"}, .users = RegionId{"a"}};
    (void)machine.step(kStart, HostLoaded{.route = route});
    return machine;
}

TEST(WriteWait, LastsUntilThePermissionComes) {
    HostMachine machine = machine_under(Epoch{1});
    const WriteWait wait(kStart, 5s);
    EXPECT_EQ(wait.look(kStart + 4s, machine), WriteWait::Turn::waits);
    (void)machine.step(
        kStart + 4s, Confirmation{.epoch = Epoch{1}, .started = kStart + 4s, .length = 3s}
    );
    EXPECT_EQ(wait.look(kStart + 4s, machine), WriteWait::Turn::goes_out);
    EXPECT_EQ(wait.left(kStart + 4s), 1s);
    EXPECT_EQ(wait.look(kStart + 6s, machine), WriteWait::Turn::goes_out)
        << "a permission that is there is enough";
    EXPECT_EQ(wait.left(kStart + 6s), WriteWait::kWriteWithin);
}

TEST(WriteWait, IsGivenUpWhenThePatienceIsOver) {
    const HostMachine machine = machine_under(Epoch{1});
    const WriteWait wait(kStart, 5s);
    EXPECT_EQ(wait.look(kStart + 5s - 1ms, machine), WriteWait::Turn::waits);
    EXPECT_EQ(wait.look(kStart + 5s, machine), WriteWait::Turn::given_up);
}

}  // namespace
}  // namespace farshore::core
