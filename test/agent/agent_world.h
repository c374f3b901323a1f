#pragma once

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include <gtest/gtest.h>

#include "adapters/host/host_files.h"
#include "adapters/net/http_client.h"
#include "agent/agent.h"
#include "agent/doubles.h"
#include "base/patience.h"

// An agent between the doubles, and an application that uses it.
namespace farshore::agent::testing {

// Three Regions, one controller, one agent, and an application's client.
class AgentWorld {
  public:
    AgentWorld() {
        std::string pattern =
            (std::filesystem::temp_directory_path() / "farshore-agent-XXXXXX").string();
        directory = mkdtemp(pattern.data());
        std::ofstream(directory + "/credentials")
            << "[default]\naws_access_key_id = AKIDEXAMPLE\naws_secret_access_key = secret\n";
        std::ofstream(directory + "/token") << "agent-token\n";
        config.host = HostId{"use1-web-1"};
        config.region = kA;
        config.controllers = {{.url = controller.url()}};
        config.token_file = directory + "/token";
        config.state_directory = directory + "/state";
        config.run_directory = directory + "/run";
        config.client_keys.required = false;
        config.health.port = 0;
        config.aws.credentials_file = directory + "/credentials";
        config.aws.dynamodb = {{kA, a.url()}, {kB, b.url()}, {kWitness, witness.url()}};
        config.apps = {
            {.app = kApp,
             .listen = {.address = "127.0.0.1", .port = 0},
             .regions = {kA, kB},
             .witness = kWitness,
             .lease = 1s}
        };
        config.apps[0].probe_every = 200ms;
        http = net::HttpClient::create(io, {});
    }

    ~AgentWorld() {
        stop_agent();
        controller.ended = true;
        for (RegionDouble* region : {&a, &b, &witness}) {
            region->mode = RegionDouble::Mode::cutting;
        }
        finish(tasks_.get(), [this] { return stop_servers(); });
        std::error_code ignored;
        std::filesystem::remove_all(directory, ignored);
    }

    void set_epoch(std::uint64_t epoch, const RegionId& active) {
        for (RegionDouble* region : {&a, &b, &witness}) {
            region->set_epoch(epoch, active);
        }
    }

    // The bound that the epoch items name from the next set_epoch() on.
    void set_hold_max(Duration hold_max) {
        for (RegionDouble* region : {&a, &b, &witness}) {
            region->hold_max = hold_max;
        }
    }

    void start_agent() {
        auto started = Agent::start(io, {.config = config, .clock = clock, .seed = 7});
        ASSERT_TRUE(started.has_value()) << started.error().text;
        agent = std::move(*started);
    }

    void stop_agent() {
        if (agent) {
            finish(tasks_.get(), [this] { return agent->stop(); });
            EXPECT_TRUE(run_until([this] { return agent->stopped(); }));
            agent.reset();
        }
    }

    // True once it has stopped.
    std::shared_ptr<bool> begin_to_stop_agent() {
        const auto done = std::make_shared<bool>(false);
        tasks_->spawn("stop", [this, done] {
            return mark([this] { return agent->stop(); }, done);
        });
        return done;
    }

    // A route and a lease, as after a first start.
    void open_under(std::uint64_t epoch, const RegionId& active) {
        ASSERT_TRUE(run_until([this] { return !controller.hellos.empty(); })) << gate_words();
        controller.grants = Epoch{epoch};
        const std::uint64_t order =
            controller.send(Epoch{epoch}, wire::RouteOrder{.active = active, .users = active});
        ASSERT_TRUE(run_until([&] { return controller.ack_of(order) != nullptr; })) << gate_words();
        ASSERT_EQ(controller.ack_of(order)->result, wire::AckResult::done)
            << controller.ack_of(order)->detail;
        ASSERT_TRUE(run_until([this] { return gate().write_state() == core::WriteState::open; }))
            << gate_words();
    }

    bool run_until(const std::function<bool()>& holds, Duration patience = 60s) {
        const auto end = std::chrono::steady_clock::now() + stretched(patience);
        while (!holds()) {
            if (std::chrono::steady_clock::now() >= end) {
                return false;
            }
            io.restart();
            io.run_one_for(std::chrono::milliseconds{10});
        }
        return true;
    }

    // The agent has read the epoch records anew so often, and has concluded from them what it does:
    // for claims that something does not happen. One reading begins when the one before is over;
    // the first may have begun already, the last is not over yet.
    bool read_records(std::uint64_t times) {
        const std::uint64_t wanted = a.record_readings + times + 2;
        return run_until([&] { return a.record_readings >= wanted; });
    }

    // The same of the readings that prove what was written: the standby is asked by each.
    bool look_at_standby(std::uint64_t times) {
        const std::uint64_t wanted = b.batches + times + 1;
        return run_until([&] { return b.batches >= wanted; });
    }

    // The application's next request takes a new connection: the agent may be about to close one
    // that was idle while the clock went on.
    void connect_anew() { http = net::HttpClient::create(io, {}); }

    // Every permission that was given before this is over.
    void outlive_leases() { clock->pass(2 * config.apps[0].lease); }

    using Slot = std::shared_ptr<std::optional<Result<net::HttpReply>>>;

    // The reply is there later.
    Slot start_fetch(net::HttpCall call) {
        const auto slot = std::make_shared<std::optional<Result<net::HttpReply>>>();
        tasks_->spawn("fetch", [this, call, slot] { return keep(http.get(), call, slot); });
        return slot;
    }

    net::HttpReply fetch(net::HttpCall call) {
        const Slot slot = start_fetch(std::move(call));
        EXPECT_TRUE(run_until([&] { return slot->has_value(); }));
        if (!slot->has_value() || !slot->value().has_value()) {
            return {
                .status = 0,
                .headers = {},
                .body = slot->has_value() ? slot->value().error().text : "",
                .timings = {}
            };
        }
        return ***slot;
    }

    // An application's PutItem through the agent; the status, 0 when there was no answer.
    net::HttpReply put(const std::string& id) { return fetch(put_call(id)); }

    net::HttpReply get_health(const std::string& path) {
        return fetch({.url = "http://127.0.0.1:" + std::to_string(agent->health_port()) + path});
    }

    [[nodiscard]] net::HttpCall put_call(const std::string& id) {
        return call_of(
            "PutItem", R"({"TableName":"sessions","Item":{"id":{"S":")" + id + R"("}}})"
        );
    }

    [[nodiscard]] net::HttpCall call_of(const std::string& operation, std::string body) {
        return {
            .method = "POST",
            .url = agent->app(0).endpoint_url() + "/",
            .headers =
                {{"X-Amz-Target", "DynamoDB_20120810." + operation},
                 {"Content-Type", "application/x-amz-json-1.0"},
                 {"Authorization",
                  "AWS4-HMAC-SHA256 "
                  "Credential=AKIDEXAMPLE/20261123/us-east-1/dynamodb/aws4_request, "
                  "SignedHeaders=host;x-amz-date, Signature=00"}},
            .body = std::move(body),
        };
    }

    AppGate& gate() { return agent->app(0).gate(); }

    std::string gate_words() {
        if (!agent) {
            return "no agent";
        }
        const auto links = agent->app(0).links();
        return std::string{to_string(gate().machine().state())} + ": " +
               std::string{gate().last_change().why} +
               (links.empty() ? "" : "; link: " + links[0].why);
    }

    template <class Start>
    void finish(net::TaskGroup* group, Start start) {
        const auto done = std::make_shared<bool>(false);
        group->spawn("finish", [start, done] { return mark(start, done); });
        EXPECT_TRUE(run_until([&] { return *done; }));
        (void)run_until([&] { return group->idle(); });
    }

    net::Io io{1};
    std::shared_ptr<SteppedClock> clock = std::make_shared<SteppedClock>();
    std::string directory;
    RegionDouble a{io};
    RegionDouble b{io};
    RegionDouble witness{io};
    ControllerDouble controller{io};
    config::AgentConfig config;
    std::unique_ptr<net::HttpClient> http;
    std::unique_ptr<Agent> agent;

  private:
    template <class Start>
    static net::Task<> mark(Start start, std::shared_ptr<bool> done) {
        co_await start();
        *done = true;
    }

    static net::Task<> keep(
        net::HttpClient* client,
        net::HttpCall call,
        std::shared_ptr<std::optional<Result<net::HttpReply>>> slot
    ) {
        Result<net::HttpReply> reply = co_await client->fetch(std::move(call));
        slot->emplace(std::move(reply));
    }

    net::Task<> stop_servers() {
        co_await controller.server().stop(50ms);
        co_await a.server().stop(50ms);
        co_await b.server().stop(50ms);
        co_await witness.server().stop(50ms);
    }

    std::unique_ptr<net::TaskGroup> tasks_ = std::make_unique<net::TaskGroup>(io);
};

}  // namespace farshore::agent::testing
