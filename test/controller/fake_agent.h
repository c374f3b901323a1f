#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "adapters/net/http_client.h"
#include "adapters/net/net_test_world.h"
#include "wire/agent_protocol.h"

namespace farshore::controller::testing {

// An agent as a controller sees it: opens its stream, reports, and acknowledges what it is told. It
// has no data path; `writes` stands for what its ledger would name when it is fenced.
class FakeAgent {
  public:
    struct Options {
        std::string url;
        std::string token;
        AppId app{"magento"};
        HostId host;
        RegionId region;
        Epoch epoch;
        RegionId active;
        Duration report_every = std::chrono::milliseconds{100};
    };

    FakeAgent(net::testing::World& world, net::HttpClient& http, Options options)
        : world_(world),
          http_(http),
          options_(std::move(options)),
          epoch_(options_.epoch),
          active_(options_.active) {}

    void start() {
        running_ = true;
        world_.tasks.spawn("stream " + options_.host.value(), [this] { return stream(); });
        world_.tasks.spawn("reports " + options_.host.value(), [this] { return reports(); });
    }

    // Falls silent without a word, as a host does whose power is cut.
    void die() { running_ = false; }

    // Says nothing more, and its stream stays open.
    void hang() { reporting_ = false; }

    wire::AgentHello hello() const {
        return {
            .protocol = {},
            .app = options_.app,
            .host = options_.host,
            .region = options_.region,
            .boot = boot,
            .configuration_hash = "",
            .epoch = epoch_,
            .active = active_,
            .users = active_
        };
    }

    wire::Report report() {
        wire::Report made;
        made.app = options_.app;
        made.host = options_.host;
        made.region = options_.region;
        made.boot = boot;
        made.sequence = ++sequence_;
        made.epoch = epoch_;
        made.active = active_;
        made.users = active_;
        made.evidence = evidence;
        made.ledger.unproven = writes.size();
        made.ledger.last_acknowledged_at = last_acknowledged_at;
        made.ledger.last_acknowledged_age = last_acknowledged_age;
        made.unknown = unknown;
        made.client_keys_required = client_keys_required;
        made.program = program;
        return made;
    }

    net::Task<Result<net::HttpReply>> post(std::string path, std::string body) {
        net::HttpCall call;
        call.method = "POST";
        call.url = options_.url + path;
        call.headers = {{.name = "Authorization", .value = "Bearer " + options_.token}};
        call.body = std::move(body);
        Result<net::HttpReply> reply = co_await http_.fetch(call);
        co_return reply;
    }

    BootId boot{"boot-1"};
    bool answers = true;                         // acknowledges orders
    std::vector<wire::EvidenceCounts> evidence;  // of every report
    std::vector<wire::LedgerEntry> writes;       // unproven
    std::vector<wire::LedgerEntry> proven;
    bool forgot = false;  // its list of writes is not whole
    bool drains = true;   // its writes arrive in the standby
    UtcTime last_acknowledged_at{};
    std::optional<Duration> last_acknowledged_age;
    std::optional<bool> client_keys_required;
    std::string program;  // its version; empty: it does not say
    // Of reports and acknowledgements; nullopt: it is of an older version.
    std::optional<wire::UnknownOutcomes> unknown = wire::UnknownOutcomes{};
    std::vector<wire::StreamLine> heard;
    std::optional<wire::ReportAnswer> lease;
    std::map<std::string, wire::AckAnswer> ack_answers;  // the last one, by the order's type
    std::vector<std::string> order_types;                // without pings

    [[nodiscard]] Epoch epoch() const { return epoch_; }

    [[nodiscard]] RegionId active() const { return active_; }

    [[nodiscard]] bool greeted() const {
        return !heard.empty() && std::holds_alternative<wire::ControllerHello>(heard.front());
    }

  private:
    net::Task<> stream() {
        net::HttpCall call;
        call.method = "POST";
        call.url = options_.url + "/v1/agents/stream";
        call.headers = {{.name = "Authorization", .value = "Bearer " + options_.token}};
        call.body = wire::serialize(hello());
        const std::function<bool(std::string_view)> on_bytes = [this](std::string_view bytes) {
            return take(bytes);
        };
        const Duration silence = std::chrono::seconds{30};
        const Result<net::HttpReply> reply = co_await http_.stream(call, silence, on_bytes);
        static_cast<void>(reply);
    }

    bool take(std::string_view bytes) {
        buffer_.append(bytes);
        for (std::size_t end = buffer_.find('\n'); end != std::string::npos;
             end = buffer_.find('\n')) {
            const auto line = wire::parse_stream_line(std::string_view{buffer_}.substr(0, end));
            EXPECT_TRUE(line.has_value()) << buffer_.substr(0, end);
            buffer_.erase(0, end + 1);
            if (!line) {
                return false;
            }
            heard.push_back(*line);
            if (const auto* order = std::get_if<wire::Order>(&*line);
                order != nullptr && order->type() != "ping") {
                order_types.emplace_back(order->type());
                obey(*order);
            }
        }
        return running_;
    }

    void obey(const wire::Order& order) {
        wire::Ack ack;
        ack.app = options_.app;
        ack.host = options_.host;
        ack.boot = boot;
        ack.order = order.number;
        ack.type = std::string{order.type()};
        ack.result = wire::AckResult::done;
        ack.unknown = unknown;
        if (const auto* route = std::get_if<wire::RouteOrder>(&order.body)) {
            epoch_ = order.epoch;
            active_ = route->active;
        } else if (std::holds_alternative<wire::HoldOrder>(order.body)) {
            ack.body = wire::HoldAck{};
        } else if (std::holds_alternative<wire::FenceOrder>(order.body)) {
            ack.body =
                wire::FenceAck{.cut = 0, .entries = writes, .proven = proven, .truncated = forgot};
        } else if (std::holds_alternative<wire::DrainOrder>(order.body)) {
            ack.body = wire::DrainAck{.proven = drains, .keys = 1, .left = drains ? 0U : 1U};
            if (!drains) {
                return;  // as long as it takes
            }
        } else if (std::holds_alternative<wire::VerifyOrder>(order.body)) {
            ack.body = wire::VerifyAck{.region = active_, .took = std::chrono::milliseconds{1}};
        }
        ack.epoch = epoch_;  // a fence does not change it
        if (answers && running_) {
            const std::string body = wire::serialize(ack);
            world_.tasks.spawn("ack", [this, body, type = ack.type] {
                return acknowledge(body, type);
            });
        }
    }

    net::Task<> acknowledge(std::string body, std::string type) {
        const Result<net::HttpReply> reply = co_await post("/v1/agents/ack", std::move(body));
        EXPECT_TRUE(!reply || reply->status == 200) << reply->body;
        if (const auto answer = wire::parse_ack_answer(reply ? reply->body : std::string{})) {
            ack_answers[type] = *answer;
        }
    }

    net::Task<> reports() {
        while (running_) {
            if (greeted() && reporting_) {
                std::string body = wire::serialize(report());
                const Result<net::HttpReply> reply =
                    co_await post("/v1/agents/report", std::move(body));
                if (reply && reply->status == 200) {
                    const auto answer = wire::parse_report_answer(reply->body);
                    if (answer) {
                        lease = *answer;
                    }
                }
            }
            const bool slept = co_await net::sleep_for(world_.io, options_.report_every);
            if (!slept) {
                co_return;
            }
        }
    }

    net::testing::World& world_;
    net::HttpClient& http_;
    Options options_;
    bool running_ = false;
    bool reporting_ = true;
    std::string buffer_;
    std::uint64_t sequence_ = 0;
    Epoch epoch_;
    RegionId active_;
};

}  // namespace farshore::controller::testing
