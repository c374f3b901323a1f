#pragma once

#include <algorithm>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <time.h>
#include <vector>

#include <boost/json.hpp>
#include <gtest/gtest.h>

#include "adapters/net/task_group.h"
#include "base/patience.h"
#include "lab/dynamo/cluster.h"
#include "lab/dynamo/endpoint.h"
#include "lab/dynamo/operations.h"
#include "lab/dynamo/replication.h"

// A world of two Regions without sockets, for tests: operations are called directly, replication
// runs on the test's own io_context.
namespace farshore::lab::dynamo::testing {

inline const RegionId kEast{"us-east-1"};
inline const RegionId kWest{"eu-west-1"};

// Real time, moved forward at will.
class TestClock final : public ports::Clock {
  public:
    [[nodiscard]] Instant now() const override {
        ++readings;
        return Instant{read(CLOCK_BOOTTIME) + ahead};
    }

    [[nodiscard]] UtcTime wall() const override {
        return UtcTime{std::chrono::duration_cast<WallClock::duration>(read(CLOCK_REALTIME) + ahead)
        };
    }

    Duration ahead{};
    mutable std::uint64_t readings = 0;  // calls of now()

  private:
    static Duration read(clockid_t id) {
        timespec time{};
        clock_gettime(id, &time);
        return std::chrono::seconds{time.tv_sec} + std::chrono::nanoseconds{time.tv_nsec};
    }
};

// Single quotes stand for double ones.
inline boost::json::value parsed(std::string text) {
    std::ranges::replace(text, '\'', '"');
    boost::json::parse_options options;
    options.max_depth = 128;
    return boost::json::parse(text, {}, options);
}

inline std::string plain(const boost::json::value& value) {
    std::string text = boost::json::serialize(value);
    std::ranges::replace(text, '"', '\'');
    return text;
}

class TestWorld {
  public:
    explicit TestWorld(
        Replication::Options options =
            {.lag = {.least = Duration::zero(), .most = std::chrono::milliseconds{3}}}
    )
        : replication_(io, options, cluster, board, clock) {
        for (const RegionId& id : {kEast, kWest}) {
            auto region =
                std::make_unique<Region>(id, std::move(*ItemStore::open("")), log, write_clock_);
            region->on_write([this, id](const Table& table, const ReplicatedWrite& write) {
                replication_.send(id, table, write);
            });
            cluster.regions.emplace(id, std::move(region));
        }
        cluster.copier = &replication_;
    }

    // The answer as text, or "Type: message".
    std::string call(const RegionId& region, std::string_view operation, std::string request) {
        const Operation* found = find_operation(operation);
        EXPECT_NE(found, nullptr) << operation;
        const auto answer =
            found->run(cluster, *cluster.find(region), parsed(std::move(request)).as_object());
        if (answer) {
            return plain(*answer);
        }
        const std::string& type = answer.error().type;
        return type.substr(type.find('#') + 1) + ": " + answer.error().message;
    }

    // A global table "t" with the key "id", in both Regions.
    void make_global_table() {
        make_table("t");
        call(
            kEast,
            "UpdateTable",
            "{'TableName':'t-t','ReplicaUpdates':[{'Create':{'RegionName':'eu-west-1'}}]}"
        );
        EXPECT_TRUE(run_until([this] {
            return !replication_.copying(kEast, kWest, TableName{"t-t"});
        }));
    }

    void make_table(const std::string& name) {
        call(
            kEast,
            "CreateTable",
            "{'TableName':'t-" + name +
                "','AttributeDefinitions':[{'AttributeName':'id','AttributeType':'S'}],'KeySchema':"
                "[{'AttributeName':"
                "'id','KeyType':'HASH'}],'BillingMode':'PAY_PER_REQUEST'}"
        );
    }

    void put(const RegionId& region, const std::string& id, const std::string& value) {
        EXPECT_EQ(
            call(
                region,
                "PutItem",
                "{'TableName':'t-t','Item':{'id':{'S':'" + id + "'},'v':{'S':'" + value + "'}}}"
            ),
            "{}"
        );
    }

    void remove(const RegionId& region, const std::string& id) {
        EXPECT_EQ(
            call(region, "DeleteItem", "{'TableName':'t-t','Key':{'id':{'S':'" + id + "'}}}"), "{}"
        );
    }

    // The value of "v"; "absent" without an item.
    std::string value(const RegionId& region, const std::string& id) {
        const std::string answer =
            call(region, "GetItem", "{'TableName':'t-t','Key':{'id':{'S':'" + id + "'}}}");
        const std::string mark = "'v':{'S':'";
        const std::size_t at = answer.find(mark);
        return at == std::string::npos
                   ? "absent"
                   : answer.substr(
                         at + mark.size(), answer.find('\'', at + mark.size()) - at - mark.size()
                     );
    }

    FaultId fault(const std::string& words) {
        const std::vector<std::string> split_words = words_of(words);
        const auto spec = fault_spec_from_words(board.world(), split_words);
        EXPECT_TRUE(spec.has_value()) << (spec ? "" : spec.error().text);
        const auto id = board.add(*spec);
        EXPECT_TRUE(id.has_value());
        return id.value_or(FaultId{});
    }

    bool run_until(const std::function<bool()>& holds) {
        const auto end = std::chrono::steady_clock::now() + stretched(std::chrono::seconds{10});
        while (!holds()) {
            if (std::chrono::steady_clock::now() > end) {
                return false;
            }
            io.restart();
            io.run_one_for(std::chrono::milliseconds{5});
        }
        return true;
    }

    // Everything has happened that needs no time to pass: for claims that something does not
    // happen. What waits for a lag needs time.
    void exhaust() {
        io.restart();
        io.poll();
    }

    // Both links have looked again whether they are still blocked. A look reads the clock at most
    // twice.
    bool links_look_again() {
        const std::uint64_t before = clock.readings;
        return run_until([&] { return clock.readings > before + 6; });
    }

    [[nodiscard]] std::uint64_t touched(const FaultId& id) const {
        const auto fault = board.find(id);
        return fault ? fault->touched : 0;
    }

    [[nodiscard]] std::vector<LinkState> links() const { return replication_.links(); }

    [[nodiscard]] LinkState link(const RegionId& from) const {
        for (const LinkState& each : replication_.links()) {
            if (each.from == from) {
                return each;
            }
        }
        return {};
    }

    Replication& replication() { return replication_; }

    net::Io io{1};
    TestClock clock;
    FaultBoard board{World{.second_octet = 150, .regions = {kEast, kWest}}, clock};
    WriteLog log{1000};
    Cluster cluster;

  private:
    static std::vector<std::string> words_of(const std::string& text) {
        std::vector<std::string> words;
        std::size_t at = 0;
        while (at < text.size()) {
            const std::size_t end = std::min(text.find(' ', at), text.size());
            words.push_back(text.substr(at, end - at));
            at = end + 1;
        }
        return words;
    }

    WriteClock write_clock_{clock};
    Replication replication_;
};

}  // namespace farshore::lab::dynamo::testing
