#include "aws_contract/served_lab.h"

#include <optional>
#include <thread>
#include <unistd.h>

#include <boost/asio/executor_work_guard.hpp>

#include "adapters/net/task_group.h"
#include "adapters/system/system_clock.h"
#include "lab/dynamo/world.h"
#include "lab/route53/world.h"

namespace farshore::contract {
namespace {

using namespace std::chrono_literals;

lab::World world() {
    return {
        .second_octet = 100 + static_cast<int>(::getpid() % 100),
        .regions = {RegionId{"us-east-1"}, RegionId{"eu-west-1"}},
        .witness = RegionId{"us-east-2"}
    };
}

}  // namespace

struct ServedLab::Parts {
    net::Io io{1};
    std::optional<boost::asio::executor_work_guard<net::Io::executor_type>> work{io.get_executor()};
    net::TaskGroup tasks{io};
    system::SystemClock clock;
    lab::FaultBoard board{world(), clock};
    std::unique_ptr<lab::DynamoWorld> dynamo;
    std::unique_ptr<lab::Route53World> route53;
    std::string error;
    std::thread thread;

    Status start() {
        lab::DynamoWorld::Options tables;
        tables.credentials = {credentials()};
        tables.lag = {.least = 5ms, .most = 20ms};
        tables.creation_takes = 20ms;
        auto made_tables = lab::DynamoWorld::create(io, std::move(tables), board, clock);
        if (!made_tables) {
            return std::unexpected(made_tables.error());
        }
        dynamo = *std::move(made_tables);

        lab::Route53World::Options names;
        names.credentials = {credentials()};
        for (int i = 1; i <= 16; ++i) {
            names.checker_addresses.push_back(world().checker_address(i));
        }
        names.propagation = 50ms;
        auto made_names = lab::Route53World::create(io, std::move(names), board, clock);
        if (!made_names) {
            return std::unexpected(made_names.error());
        }
        route53 = *std::move(made_names);
        thread = std::thread([this] { io.run(); });
        return {};
    }

    net::Task<> stop() {
        co_await dynamo->stop(100ms);
        co_await route53->stop();
    }
};

ServedLab::ServedLab() : parts_(std::make_unique<Parts>()) {
    const Status started = parts_->start();
    if (!started) {
        parts_->error = started.error().text;
    }
}

ServedLab::~ServedLab() {
    Parts& parts = *parts_;
    if (!parts.thread.joinable()) {
        return;
    }
    boost::asio::post(parts.io, [&parts] {
        parts.tasks.spawn("stop", [&parts] { return parts.stop(); });
    });
    parts.work.reset();
    parts.thread.join();
}

const std::string& ServedLab::error() const {
    return parts_->error;
}

std::string ServedLab::dynamodb(const std::string& region) const {
    return parts_->dynamo->url(RegionId{region});
}

std::string ServedLab::route53() const {
    return "http://127.0.0.1:" + std::to_string(parts_->route53->api_port());
}

sigv4::Credentials ServedLab::credentials() {
    return {.access_key_id = "AKIDLAB", .secret_access_key = "lab-secret"};
}

}  // namespace farshore::contract
