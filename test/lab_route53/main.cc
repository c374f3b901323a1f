// Runs the tests, or with --serve a Route 53 for tests in other languages: it prints its addresses
// as one line of JSON and serves until its standard input ends.

#include <cstdio>
#include <cstring>
#include <iostream>
#include <thread>

#include <boost/json.hpp>
#include <gtest/gtest.h>

#include "adapters/net/http_server.h"
#include "adapters/net/task_group.h"
#include "adapters/system/system_clock.h"
#include "lab/faults/admin.h"
#include "lab/faults/fault_timer.h"
#include "lab/route53/world.h"

namespace farshore::lab {
namespace {

constexpr const char* kKey = "AKIDLAB";
constexpr const char* kSecret = "lab-secret";

std::string url(const std::string& address, std::uint16_t port) {
    return "http://" + address + ":" + std::to_string(port);
}

Route53World::Options options(const World& world) {
    Route53World::Options options;
    for (int i = 1; i <= 16; ++i) {
        options.checker_addresses.push_back(world.checker_address(i));
    }
    options.credentials = {{.access_key_id = kKey, .secret_access_key = kSecret}};
    for (const RegionId& region : world.regions) {
        options.static_names[World::dynamodb_name(region)] = world.dynamodb_address(region);
    }
    options.propagation = std::chrono::milliseconds{200};
    options.interval_unit = std::chrono::milliseconds{20};
    options.connect_timeout = std::chrono::milliseconds{500};
    return options;
}

net::Task<> stop(Route53World* route53, net::HttpServer* http, bool* stopped) {
    co_await route53->stop();
    co_await http->stop(std::chrono::milliseconds{100});
    *stopped = true;
}

int serve() {
    net::Io io{1};
    const system::SystemClock clock;
    const World world{
        .second_octet = 190,
        .regions = {RegionId{"us-east-1"}, RegionId{"eu-west-1"}},
        .witness = RegionId{"us-east-2"}
    };
    FaultBoard board{world, clock};
    const FaultTimer timer{io, board, clock};
    auto route53 = Route53World::create(io, options(world), board, clock);
    if (!route53) {
        std::cerr << route53.error().text << '\n';
        return 1;
    }
    Admin admin{
        board,
        {.status = [&route53] { return (*route53)->status(); },
         .log = [](std::uint64_t, std::size_t) { return boost::json::array{}; },
         .shut_down =
             [] {
             }}
    };
    const auto handler = [&admin](net::HttpRequest request) -> net::Task<net::HttpResponse> {
        co_return admin.answer(request);
    };
    auto http = net::HttpServer::listen(io, {.name = "admin"}, handler);
    if (!http) {
        std::cerr << http.error().text << '\n';
        return 1;
    }
    std::cout << boost::json::object{
                     {"api", url("127.0.0.1", (*route53)->api_port())},
                     {"dns_port", (*route53)->dns_port()},
                     {"admin", url("127.0.0.1", (*http)->port())},
                     {"access_key_id", kKey},
                     {"secret_access_key", kSecret}
                 }
              << std::endl;
    auto work = boost::asio::make_work_guard(io);
    std::jthread waiter([&io] {
        while (std::getchar() != EOF) {
        }
        io.stop();
    });
    io.run();
    bool stopped = false;
    net::TaskGroup tasks{io};
    io.restart();
    tasks.spawn("stop", [&] { return stop(route53->get(), http->get(), &stopped); });
    while (!stopped || !tasks.idle()) {
        io.run_one_for(std::chrono::milliseconds{50});
    }
    return 0;
}

}  // namespace
}  // namespace farshore::lab

int main(int argc, char** argv) {
    if (argc > 1 && std::strcmp(argv[1], "--serve") == 0) {
        return farshore::lab::serve();
    }
    testing::InitGoogleTest(&argc, argv);
    return RUN_ALL_TESTS();
}
