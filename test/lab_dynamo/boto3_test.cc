// The lab's DynamoDB under boto3: starts a world of three Regions and runs the Python suite
// test/clients/test_lab_dynamodb*.py against it. With --serve it only serves, until it is
// interrupted.
#include <array>
#include <csignal>
#include <cstdlib>
#include <iostream>
#include <string>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

#include <boost/asio/signal_set.hpp>
#include <boost/json.hpp>
#include <gtest/gtest.h>

#include "adapters/net/task_group.h"
#include "adapters/system/system_clock.h"
#include "lab/dynamo/world.h"

namespace farshore::lab {
namespace {

// Serves on a thread of its own from construction to destruction.
class ServedWorld {
  public:
    ServedWorld() {
        DynamoWorld::Options options;
        options.credentials = {{.access_key_id = "AKIDLAB", .secret_access_key = "lab-secret"}};
        options.lag = {
            .least = std::chrono::milliseconds{5}, .most = std::chrono::milliseconds{20}
        };
        auto made = DynamoWorld::create(io_, std::move(options), board_, clock_);
        if (made) {
            world_ = std::move(*made);
            thread_ = std::thread([this] { io_.run(); });
        } else {
            error_ = made.error().text;
        }
    }

    ServedWorld(const ServedWorld&) = delete;
    ServedWorld& operator=(const ServedWorld&) = delete;

    ~ServedWorld() {
        if (world_) {
            tasks_.spawn("stop", [this] { return world_->stop(std::chrono::milliseconds{100}); });
            work_.reset();
            thread_.join();
        }
    }

    [[nodiscard]] const std::string& error() const { return error_; }

    [[nodiscard]] std::string endpoints() const {
        boost::json::object out;
        for (const RegionId& region : board_.world().regions) {
            out[region.value()] = world_->url(region);
        }
        return boost::json::serialize(out);
    }

  private:
    net::Io io_{1};
    boost::asio::executor_work_guard<net::Io::executor_type> work_{io_.get_executor()};
    net::TaskGroup tasks_{io_};
    system::SystemClock clock_;
    FaultBoard board_{
        World{
            .second_octet = 100 + static_cast<int>(::getpid() % 100),
            .regions = {RegionId{"us-east-1"}, RegionId{"eu-west-1"}, RegionId{"us-east-2"}}
        },
        clock_
    };
    std::unique_ptr<DynamoWorld> world_;
    std::string error_;
    std::thread thread_;
};

int run(const std::string& command) {
    const int status = std::system(command.c_str());
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

TEST(LabDynamoDb, PassesTheBoto3Suite) {
    if (run("python3 -c 'import boto3, pytest' 2>/dev/null") != 0) {
        GTEST_SKIP() << "python3 has no boto3 or no pytest";
    }
    const ServedWorld world;
    ASSERT_EQ(world.error(), "");
    ASSERT_EQ(::setenv("FARSHORE_LAB_DYNAMODB", world.endpoints().c_str(), 1), 0);
    EXPECT_EQ(
        run("cd " FARSHORE_SOURCE_DIR " && PYTHONPATH=tools python3 -m pytest -q -p "
            "no:cacheprovider test/clients/test_lab_dynamodb.py"
            " test/clients/test_lab_dynamodb_rules.py"),
        0
    );
}

int serve() {
    net::Io signals{1};
    boost::asio::signal_set set(signals, SIGINT, SIGTERM);
    const ServedWorld world;
    if (!world.error().empty()) {
        std::cerr << world.error() << '\n';
        return 1;
    }
    std::cout << world.endpoints() << std::endl;
    set.async_wait([](const boost::system::error_code&, int) {});
    signals.run();
    return 0;
}

}  // namespace
}  // namespace farshore::lab

int main(int argc, char** argv) {
    if (argc > 1 && std::string_view{argv[1]} == "--serve") {
        return farshore::lab::serve();
    }
    testing::InitGoogleTest(&argc, argv);
    return RUN_ALL_TESTS();
}
