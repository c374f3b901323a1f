#include "adapters/net/child_process.h"

#include <array>
#include <fcntl.h>
#include <fstream>
#include <memory>
#include <string>
#include <unistd.h>
#include <vector>

#include <boost/asio/posix/basic_stream_descriptor.hpp>
#include <gtest/gtest.h>

#include "adapters/net/net_test_world.h"

namespace farshore::net {
namespace {

using namespace std::chrono_literals;
using Descriptor = boost::asio::posix::basic_stream_descriptor<Io::executor_type>;

// Says `why` of its end by its status: 0 when the file is there, 9 when it did not come.
ProcessRequest ends_when_there(const std::string& file) {
    const std::string script = "for i in $(seq 200); do [ -e '" + file +
                               "' ] && echo seen && exit 0; sleep 0.02; done; exit 9";
    return {.run = {"sh", "-c", script}, .environment = {}, .input = {}, .timeout = 60s};
}

class ChildProcessTest : public ::testing::Test {
  protected:
    // A descriptor that becomes readable in the loop's next turn.
    Descriptor readable_soon() {
        std::array<int, 2> ends{-1, -1};
        EXPECT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
        EXPECT_EQ(::write(ends[1], "x", 1), 1);
        writers_.push_back(ends[1]);
        return Descriptor{world.io, ends[0]};
    }

    ~ChildProcessTest() override {
        for (const int writer : writers_) {
            ::close(writer);
        }
    }

    testing::World world;

  private:
    std::vector<int> writers_;
};

TEST_F(ChildProcessTest, TheEndTellsStatusAndOutput) {
    const std::function<Task<ProcessEnd>()> start = [this] {
        return run_process(
            world.io,
            {.run = {"sh", "-c", "cat; echo of the child; exit 3"},
             .environment = {},
             .input = "the input ",
             .timeout = 60s}
        );
    };
    const ProcessEnd end = world.wait_for<ProcessEnd>(start);
    EXPECT_EQ(end.how, ProcessEnd::How::exited);
    EXPECT_EQ(end.status, 3);
    EXPECT_EQ(end.output, "the input of the child\n");
}

// Asio gives a closed descriptor's state, with events that it has noted already, to the next one.
TEST_F(ChildProcessTest, EventsOfDescriptorsThatAreClosedDoNotEndAProcess) {
    const testing::TempDirectory directory;
    const std::string file = directory.path() + "/there";
    std::vector<Descriptor> ready;
    for (int i = 0; i < 8; ++i) {
        ready.push_back(readable_soon());
    }
    int aborted = 0;
    bool started = false;
    for (std::size_t i = 1; i < ready.size(); ++i) {
        ready[i].async_wait(Descriptor::wait_read, [&](const boost::system::error_code& code) {
            aborted += code ? 1 : 0;
        });
    }
    const std::function<Task<ProcessEnd>()> start = [&]() -> Task<ProcessEnd> {
        auto [error] = co_await ready[0].async_wait(Descriptor::wait_read, kAwait);
        EXPECT_FALSE(error);
        ready.clear();
        started = true;
        ProcessEnd end = co_await run_process(world.io, ends_when_there(file));
        co_return end;
    };
    std::optional<ProcessEnd> end;
    world.tasks.spawn("story", [&]() -> Task<> {
        ProcessEnd ended = co_await start();
        end = std::move(ended);
    });
    ASSERT_TRUE(world.run_until([&] { return started && aborted > 0; }, 20s));
    // The process waits for what comes behind this: a loop that waited for the process would be
    // late.
    world.io.restart();
    world.io.poll();
    std::ofstream(file) << "now";
    ASSERT_TRUE(world.run_until([&] { return end.has_value(); }, 20s));
    EXPECT_EQ(end->how, ProcessEnd::How::exited);
    EXPECT_EQ(end->status, 0);
    EXPECT_EQ(end->output, "seen\n");
}

}  // namespace
}  // namespace farshore::net
