#include "bench/controller/lab.h"

#include <csignal>
#include <cstdio>
#include <memory>
#include <unistd.h>
#include <utility>

#include <boost/asio/signal_set.hpp>
#include <boost/json.hpp>

#include "adapters/net/http_server.h"
#include "adapters/net/task_group.h"
#include "adapters/system/system_clock.h"
#include "base/standard_output.h"
#include "lab/dynamo/world.h"
#include "lab/faults/fault_board.h"

namespace farshore::bench {

namespace {

constexpr int kUnreachable = 69;
constexpr std::string_view kNoRecords =
    R"(<?xml version="1.0"?><ListResourceRecordSetsResponse xmlns="https://route53.amazonaws.com/doc/2013-04-01/">)"
    R"(<ResourceRecordSets></ResourceRecordSets><IsTruncated>false</IsTruncated><MaxItems>300</MaxItems>)"
    R"(</ListResourceRecordSetsResponse>)";

net::Task<net::HttpResponse> answer(net::HttpRequest request) {
    const bool is_route53 = request.path().starts_with("/2013-04-01/");
    co_return net::HttpResponse::text(200, is_route53 ? std::string{kNoRecords} : std::string{});
}

Status make_tables(lab::DynamoWorld& dynamo) {
    Status made;
    for (const TableName& table : {kTable, TableName{"farshore_heartbeat"}}) {
        made = made ? dynamo.make_table(table, "id", {kHome, kStandby}) : made;
    }
    for (const RegionId& region : {kHome, kStandby, kWitness}) {
        made = made ? dynamo.make_table(TableName{"farshore_epochs"}, "app", {region}) : made;
    }
    return made;
}

net::Task<> stop_dynamo(lab::DynamoWorld& dynamo, bool& ended) {
    co_await dynamo.stop(std::chrono::milliseconds{50});
    ended = true;
}

net::Task<> stop_web(net::HttpServer& web, bool& ended) {
    co_await web.stop(std::chrono::milliseconds{50});
    ended = true;
}

int refuse(const Error& error) {
    std::fprintf(stderr, "the lab: %s\n", error.text.c_str());
    return kUnreachable;
}

std::string told(const lab::DynamoWorld& dynamo, const net::HttpServer& web) {
    boost::json::object urls;
    for (const RegionId& region : {kHome, kStandby, kWitness}) {
        urls[region.value()] = dynamo.url(region);
    }
    const boost::json::object line{
        {"dynamodb", std::move(urls)}, {"web", "http://127.0.0.1:" + std::to_string(web.port())}
    };
    return boost::json::serialize(line) + "\n";
}

}  // namespace

int serve_lab() {
    constexpr int kFirstNet = 110;
    constexpr int kNets = 80;  // up to 127.189; the swarm's hosts have 127.200
    net::Io io(1);
    boost::asio::signal_set signals(io, SIGTERM, SIGINT);
    const system::SystemClock clock;
    lab::World addresses;
    addresses.second_octet = kFirstNet + static_cast<int>(getpid() % kNets);
    addresses.regions = {kHome, kStandby, kWitness};
    addresses.witness = kWitness;
    lab::FaultBoard board(addresses, clock);
    auto dynamo = lab::DynamoWorld::create(io, {}, board, clock);
    if (!dynamo) {
        return refuse(dynamo.error());
    }
    if (const Status made = make_tables(**dynamo); !made) {
        return refuse(made.error());
    }
    auto web = net::HttpServer::listen(io, {.name = "web"}, answer);
    if (!web) {
        return refuse(web.error());
    }
    net::TaskGroup tasks(io);
    bool dynamo_ended = false;
    bool web_ended = false;
    signals.async_wait([&](const boost::system::error_code&, int) {
        tasks.spawn("stop dynamo", [&] { return stop_dynamo(**dynamo, dynamo_ended); });
        tasks.spawn("stop web", [&] { return stop_web(**web, web_ended); });
    });
    write_output(told(**dynamo, **web));
    if (const Status written = flush_output(); !written) {
        return kOutputFailed;
    }
    while (!dynamo_ended || !web_ended) {
        io.run_one();
    }
    tasks.stop();
    while (!tasks.idle()) {
        io.run_one();
    }
    return 0;
}

}  // namespace farshore::bench
