#pragma once

#include <atomic>
#include <cstdlib>
#include <deque>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include <boost/asio/post.hpp>
#include <boost/json.hpp>
#include <gtest/gtest.h>

#include "adapters/host/host_files.h"
#include "adapters/net/asio_types.h"
#include "adapters/net/http_client.h"
#include "adapters/net/http_server.h"
#include "adapters/net/task_group.h"
#include "adapters/system/system_clock.h"
#include "agent/agent.h"
#include "agent/signal.h"
#include "wire/agent_protocol.h"
#include "wire/host_record.h"

// Doubles of DynamoDB and of a controller over real sockets, and an agent between them.
namespace farshore::agent::testing {

using namespace std::chrono_literals;

inline const RegionId kA{"us-east-1"};
inline const RegionId kB{"eu-west-1"};
inline const RegionId kWitness{"us-east-2"};
inline const AppId kApp{"magento"};

// The machine's clocks, which a test can set forward or back, or stop. Thread-safe.
class SteppedClock final : public ports::Clock {
  public:
    [[nodiscard]] Instant now() const override {
        return (stands_still_ ? stopped_at_.load() : real_.now()) + ahead_.load();
    }

    [[nodiscard]] UtcTime wall() const override {
        return (stands_still_ ? stopped_at_wall_.load() : real_.wall()) + wall_step_.load();
    }

    // Both clocks show no other time until the test lets it pass.
    void stop() {
        stopped_at_ = real_.now();
        stopped_at_wall_ = real_.wall();
        stands_still_ = true;
    }

    // As if that much time had passed, on both clocks.
    void pass(Duration time) {
        ahead_ = ahead_.load() + time;
        step_wall(std::chrono::duration_cast<WallClock::duration>(time));
    }

    // An administrator, or NTP, sets the wall clock.
    void step_wall(WallClock::duration step) { wall_step_ = wall_step_.load() + step; }

  private:
    system::SystemClock real_;
    std::atomic<bool> stands_still_{false};
    std::atomic<Instant> stopped_at_{Instant{}};
    std::atomic<UtcTime> stopped_at_wall_{UtcTime{}};
    std::atomic<Duration> ahead_{Duration::zero()};
    std::atomic<WallClock::duration> wall_step_{WallClock::duration::zero()};
};

// One Region's DynamoDB: enough operations for the agent and for an application.
class RegionDouble {
  public:
    enum class Mode { serving, silent, cutting };

    explicit RegionDouble(net::Io& io) : io_(&io), clock_(std::make_shared<system::SystemClock>()) {
        auto server = net::HttpServer::listen(io, {}, [this](net::HttpRequest request) {
            return answer(std::move(request));
        });
        EXPECT_TRUE(server.has_value());
        server_ = std::move(*server);
    }

    [[nodiscard]] std::string url() const {
        return "http://127.0.0.1:" + std::to_string(server_->port());
    }

    void set_epoch(std::uint64_t epoch, const RegionId& active) {
        boost::json::object item;
        item["app"] = {{"S", kApp.value()}};
        item["epoch"] = {{"N", std::to_string(epoch)}};
        item["active"] = {{"S", active.value()}};
        item["lease_ms"] = {{"N", "3000"}};
        if (hold_max) {
            item["hold_max_ms"] = {{"N", std::to_string(to_ms(*hold_max))}};
        }
        item["register"] = {{"S", register_id}};
        put("farshore_epochs", item);
    }

    void put(const std::string& table, const boost::json::object& item) {
        tables_[table][key_of(table, item)] = item;
    }

    [[nodiscard]] bool has_registration(const HostId& host) const {
        return holds("farshore_epochs", wire::host_record_key(kApp, host));
    }

    [[nodiscard]] bool holds(const std::string& table, const std::string& id) const {
        const auto found = tables_.find(table);
        return found != tables_.end() && found->second.contains(id);
    }

    Mode mode = Mode::serving;
    std::string register_id = "r-1";     // that the epoch record names
    std::optional<Duration> hold_max;    // that it names; nullopt: as of an older controller
    bool refuses_registrations = false;  // of hosts
    bool hangs_on_writes = false;
    std::size_t batch_keys_max = 1000;  // a BatchGetItem of more is never answered
    Duration batch_takes{};
    std::size_t batches_at_once = 0;  // the most there ever were
    std::string slow_table;           // its reads take a while
    Duration read_takes = 600ms;
    std::size_t reads_at_once = 0;  // of the slow table, the most there ever were
    bool refuses_descriptions = false;
    std::map<std::string, std::string> refused_tables;  // with this error, when they are read
    std::map<std::string, std::string> key_names;       // of tables whose key is not "id"
    std::uint64_t batches = 0;                          // BatchGetItem calls that were answered
    std::uint64_t refused_batches = 0;                  // BatchGetItem calls
    std::uint64_t descriptions = 0;                     // DescribeTable calls
    std::uint64_t record_readings = 0;                  // of the app's epoch record
    std::uint64_t refused_registrations = 0;
    std::vector<std::pair<std::string, Instant>> application_writes;  // ids, as they arrived

    net::HttpServer& server() { return *server_; }

  private:
    static std::string key_of(const std::string& table, const boost::json::object& item) {
        const std::string_view name = table == "farshore_epochs" ? "app" : "id";
        const boost::json::value* value = item.if_contains(name);
        return value == nullptr ? std::string{} : std::string{value->at("S").as_string()};
    }

    net::Task<net::HttpResponse> answer(net::HttpRequest request) {
        while (mode == Mode::silent) {
            const bool slept = co_await net::sleep_for(*io_, 20ms);
            if (!slept) {
                co_return net::HttpResponse::reset();
            }
        }
        if (mode == Mode::cutting) {
            co_return net::HttpResponse::reset();
        }
        const std::string target{request.header("x-amz-target").value_or("")};
        const std::string operation = target.substr(target.find('.') + 1);
        boost::system::error_code code;
        const boost::json::value body = boost::json::parse(request.body, code);
        if (code || !body.is_object()) {
            co_return net::HttpResponse::json(
                400,
                R"({"__type":"com.amazonaws.dynamodb.v20120810#ValidationException","message":"no JSON"})"
            );
        }
        if (operation == "BatchGetItem") {
            co_return co_await answer_batch(body.get_object());
        }
        const boost::json::value* table = body.get_object().if_contains("TableName");
        record_readings +=
            operation == "GetItem" && table != nullptr && *table == "farshore_epochs" &&
                    key_of("farshore_epochs", body.at("Key").as_object()) == kApp.value()
                ? 1
                : 0;
        if (operation == "GetItem" && !slow_table.empty() && table != nullptr &&
            table->is_string() && table->as_string() == slow_table) {
            reads_at_once = std::max(reads_at_once, ++reads_);
            const bool slept = co_await net::sleep_for(*io_, read_takes);
            --reads_;
            if (!slept) {
                co_return net::HttpResponse::reset();
            }
        }
        if (operation == "PutItem" && refuses_registrations && table != nullptr &&
            *table == "farshore_epochs") {
            ++refused_registrations;
            co_return net::HttpResponse::json(
                400,
                R"({"__type":"com.amazon.coral.service#AccessDeniedException","message":"not authorized to perform: dynamodb:PutItem"})"
            );
        }
        if (operation == "DescribeTable" && table != nullptr && table->is_string() &&
            refusal_of(table->as_string()) == "ResourceNotFoundException") {
            co_return refused("ResourceNotFoundException");
        }
        if (operation == "DescribeTable" && ++descriptions > 0 && refuses_descriptions) {
            co_return net::HttpResponse::json(
                400,
                R"({"__type":"com.amazon.coral.service#AccessDeniedException","message":"not authorized to perform: dynamodb:DescribeTable"})"
            );
        }
        const bool is_write = operation == "PutItem" || operation == "UpdateItem";
        while (hangs_on_writes && is_write && mode == Mode::serving) {
            const bool slept = co_await net::sleep_for(*io_, 20ms);
            if (!slept) {
                co_return net::HttpResponse::reset();
            }
        }
        co_return net::HttpResponse::json(
            200, boost::json::serialize(run(operation, body.get_object()))
        );
    }

    [[nodiscard]] std::string refusal_of(std::string_view table) const {
        const auto found = refused_tables.find(std::string{table});
        return found == refused_tables.end() ? std::string{} : found->second;
    }

    // As the service judges it: the table's one key attribute, and no empty string.
    [[nodiscard]] bool is_key(const std::string& table, const boost::json::object& key) const {
        const auto named = key_names.find(table);
        const boost::json::value* value =
            key.if_contains(named == key_names.end() ? "id" : named->second);
        return key.size() == 1 && value != nullptr && value->is_object() &&
               value->as_object().contains("S") && !value->at("S").as_string().empty();
    }

    static net::HttpResponse refused(const std::string& code) {
        return net::HttpResponse::json(
            400,
            R"({"__type":"com.amazonaws.dynamodb.v20120810#)" + code + R"(","message":"refused"})"
        );
    }

    net::Task<net::HttpResponse> answer_batch(boost::json::object body) {
        std::size_t keys = 0;
        for (const auto& [table, asked] : body.at("RequestItems").as_object()) {
            if (const std::string code = refusal_of(table); !code.empty()) {
                ++refused_batches;
                co_return refused(code);
            }
            for (const auto& key : asked.at("Keys").as_array()) {
                if (!is_key(std::string{table}, key.as_object())) {
                    ++refused_batches;
                    co_return refused("ValidationException");
                }
            }
            keys += asked.at("Keys").as_array().size();
        }
        ++batches_;
        batches_at_once = std::max(batches_at_once, batches_);
        const bool answered =
            co_await net::sleep_for(*io_, keys > batch_keys_max ? 1h : batch_takes);
        --batches_;
        if (!answered) {
            co_return net::HttpResponse::reset();
        }
        ++batches;
        co_return net::HttpResponse::json(200, boost::json::serialize(batch_get(body)));
    }

    boost::json::object run(const std::string& operation, const boost::json::object& body) {
        if (!body.contains("TableName")) {
            return {};
        }
        const std::string table{body.at("TableName").as_string()};
        if (operation == "GetItem") {
            const auto& items = tables_[table];
            const auto found = items.find(key_of(table, body.at("Key").as_object()));
            return found == items.end() ? boost::json::object{}
                                        : boost::json::object{{"Item", found->second}};
        }
        if (operation == "DeleteItem") {
            tables_[table].erase(key_of(table, body.at("Key").as_object()));
            return {};
        }
        if (operation == "PutItem") {
            const auto& item = body.at("Item").as_object();
            const std::string id = key_of(table, item);
            if (table == "sessions") {
                application_writes.emplace_back(id, clock_->now());
            }
            tables_[table][id] = item;
            return {};
        }
        if (operation == "DescribeTable") {
            const auto named = key_names.find(table);
            const std::string name = named == key_names.end() ? "id" : named->second;
            boost::json::array keys{
                boost::json::object{{"AttributeName", name}, {"KeyType", "HASH"}}
            };
            boost::json::array types{
                boost::json::object{{"AttributeName", name}, {"AttributeType", "S"}}
            };
            return {
                {"Table",
                 {{"TableName", table},
                  {"TableStatus", "ACTIVE"},
                  {"KeySchema", keys},
                  {"AttributeDefinitions", types}}}
            };
        }
        return {};
    }

    boost::json::object batch_get(const boost::json::object& body) {
        boost::json::object responses;
        for (const auto& [table, asked] : body.at("RequestItems").as_object()) {
            boost::json::array items;
            for (const auto& key : asked.at("Keys").as_array()) {
                const auto found =
                    tables_[std::string{table}].find(key_of(std::string{table}, key.as_object()));
                if (found != tables_[std::string{table}].end()) {
                    items.push_back(found->second);
                }
            }
            responses[table] = std::move(items);
        }
        return {{"Responses", responses}, {"UnprocessedKeys", boost::json::object{}}};
    }

    net::Io* io_;
    std::size_t batches_ = 0;
    std::size_t reads_ = 0;
    std::shared_ptr<system::SystemClock> clock_;
    std::map<std::string, std::map<std::string, boost::json::object>> tables_;
    std::unique_ptr<net::HttpServer> server_;
};

// A controller that does what the test says.
class ControllerDouble {
  public:
    explicit ControllerDouble(net::Io& io) : io_(&io), lines_changed_(io) {
        auto server = net::HttpServer::listen(io, {}, [this](net::HttpRequest request) {
            return answer(std::move(request));
        });
        EXPECT_TRUE(server.has_value());
        server_ = std::move(*server);
    }

    [[nodiscard]] std::string url() const {
        return "http://127.0.0.1:" + std::to_string(server_->port());
    }

    std::uint64_t send(Epoch epoch, wire::OrderBody body) {
        const wire::Order order{
            .number = ++last_order, .app = kApp, .epoch = epoch, .body = std::move(body)
        };
        send_line(wire::serialize(wire::StreamLine{order}));
        return order.number;
    }

    void send_line(std::string line) {
        lines_.push_back(std::move(line) + "\n");
        lines_changed_.notify();
    }

    [[nodiscard]] const wire::Ack* ack_of(std::uint64_t order) const {
        for (const wire::Ack& ack : acks) {
            if (ack.order == order) {
                return &ack;
            }
        }
        return nullptr;
    }

    // As if the process had ended: connections cut, new ones refused.
    void die() {
        // Servers are used on their own thread, inside of the loop.
        boost::asio::post(*io_, [this] {
            EXPECT_TRUE(server_->set_listening(false));
            server_->cut_connections();
            ended = true;
            lines_changed_.notify();
        });
    }

    wire::ProtocolRange protocol;
    bool takes_again = false;     // short reports
    std::optional<Epoch> grants;  // the epoch that reports get a lease for
    Duration lease = 1s;
    int refuses = 0;      // a status for every request
    bool stalls = false;  // reports are taken and never answered
    bool ended = false;
    std::uint64_t last_order = 0;
    std::string register_id = "r-1";  // of its store
    std::vector<wire::AgentHello> hellos;
    std::vector<wire::Report> reports;
    std::deque<wire::Ack> acks;  // tests keep references to them while more arrive
    std::optional<wire::Order> right_after_hello;  // in the same packet
    // May answer before the double does.
    std::function<std::optional<net::HttpResponse>(const net::HttpRequest&)> doorkeeper;

    net::HttpServer& server() { return *server_; }

  private:
    net::Task<net::HttpResponse> answer(net::HttpRequest request) {
        if (doorkeeper) {
            if (auto response = doorkeeper(request)) {
                co_return std::move(*response);
            }
        }
        if (refuses != 0) {
            co_return net::HttpResponse::json(
                refuses, R"({"error":{"kind":"denied","text":"the token is of another app"}})"
            );
        }
        if (request.path() == "/v1/agents/stream") {
            const auto hello = wire::parse_agent_hello(request.body);
            EXPECT_TRUE(hello.has_value()) << request.body;
            hellos.push_back(*hello);
            net::HttpResponse response;
            response.headers = {{"Content-Type", "application/x-ndjson"}};
            // What was said before was said to others.
            response.stream = [this, from = lines_.size()](net::ByteSink& sink) {
                return produce(&sink, from);
            };
            co_return response;
        }
        if (request.path() == "/v1/agents/ack") {
            const auto ack = wire::parse_ack(request.body);
            EXPECT_TRUE(ack.has_value()) << request.body.substr(0, 500);
            if (!ack) {
                co_return net::HttpResponse::json(400, "{}");
            }
            acks.push_back(*ack);
            co_return net::HttpResponse::json(200, "{}");
        }
        const auto report = wire::parse_report(request.body);
        EXPECT_TRUE(report.has_value()) << request.body;
        if (!report) {
            co_return net::HttpResponse::json(400, "{}");
        }
        reports.push_back(*report);
        while (stalls && !ended) {
            co_await net::sleep_for(*io_, 20ms);
        }
        wire::ReportAnswer says{.lease = {}, .why = "not now"};
        if (grants && report->epoch == *grants) {
            says.lease = wire::LeaseGrant{.epoch = *grants, .length = lease};
        }
        co_return net::HttpResponse::json(200, wire::serialize(says));
    }

    net::Task<> produce(net::ByteSink* sink, std::size_t sent) {
        const wire::ControllerHello hello{
            .protocol = protocol,
            .speaks = protocol.highest,
            .app = kApp,
            .controller = ObserverId{"us-east-2"},
            .boot = BootId{"1"},
            .register_id = register_id,
            .takes_again = takes_again
        };
        std::string first = wire::serialize(wire::StreamLine{hello}) + "\n";
        if (right_after_hello) {
            first += wire::serialize(wire::StreamLine{*right_after_hello}) + "\n";
        }
        bool open = co_await sink->write(std::move(first));
        while (open && !ended) {
            while (open && sent < lines_.size()) {
                open = co_await sink->write(lines_[sent++]);
            }
            const std::uint64_t seen = lines_changed_.generation();
            if (sent == lines_.size()) {
                const bool woken = co_await lines_changed_.wait(seen, 500ms);
                if (!woken && open) {
                    const wire::Order ping{
                        .number = ++last_order,
                        .app = kApp,
                        .epoch = Epoch{0},
                        .body = wire::PingOrder{}
                    };
                    open = co_await sink->write(wire::serialize(wire::StreamLine{ping}) + "\n");
                }
            }
        }
    }

    net::Io* io_;
    Signal lines_changed_;
    std::vector<std::string> lines_;
    std::unique_ptr<net::HttpServer> server_;
};

}  // namespace farshore::agent::testing
