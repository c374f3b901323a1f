#include "lab/dynamo/world.h"

#include <algorithm>
#include <filesystem>
#include <functional>

#include <boost/asio/steady_timer.hpp>
#include <boost/json.hpp>

#include "adapters/net/free_port.h"
#include "base/assert.h"
#include "lab/dynamo/cluster.h"
#include "lab/dynamo/endpoint.h"
#include "lab/dynamo/operations.h"
#include "lab/dynamo/replicas.h"
#include "lab/dynamo/replication.h"
#include "lab/dynamo/time_to_live.h"

namespace farshore::lab {
namespace {

// A deletion's trace is needed while an older write may still be under way.
constexpr Duration kDeletionKept = std::chrono::hours{24};
constexpr Duration kPurgeEvery = std::chrono::minutes{10};
// DynamoDB promises a few days. A lab's user does not want to wait.
constexpr Duration kExpireEvery = std::chrono::seconds{1};

class LocalDynamoWorld final : public DynamoWorld {
  public:
    LocalDynamoWorld(net::Io& io, Options options, FaultBoard& board, const ports::Clock& clock)
        : io_(io),
          options_(std::move(options)),
          board_(board),
          clock_(clock),
          write_clock_(clock),
          log_(options_.log_entries_max),
          purge_timer_(io),
          expire_timer_(io) {
        cluster_.creation_takes = options_.creation_takes;
        cluster_.rng = Rng{options_.seed + 2};
    }

    ~LocalDynamoWorld() override { *alive_ = false; }

    Status open() {
        for (const RegionId& id : options_.regions) {
            const Status opened = open_region(id);
            if (!opened) {
                return opened;
            }
        }
        const dynamo::Replication::Options options{.lag = options_.lag, .seed = options_.seed};
        replication_ =
            std::make_unique<dynamo::Replication>(io_, options, cluster_, board_, clock_);
        cluster_.copier = replication_.get();
        for (auto& [id, region] : cluster_.regions) {
            region->on_write([this, from = id](
                                 const dynamo::Table& table, dynamo::ReplicatedWrite write
                             ) { replication_->send(from, table, write); });
        }
        replication_->resume();
        repeat(purge_timer_, kPurgeEvery, [this] { purge(); });
        repeat(expire_timer_, kExpireEvery, [this] { expiry_.sweep(); });
        return listen();
    }

    std::uint16_t port(const RegionId& region) const override { return endpoint(region).port(); }

    std::string url(const RegionId& region) const override {
        return "http://" + board_.world().dynamodb_address(region) + ":" +
               std::to_string(port(region));
    }

    Status make_table(
        const TableName& table, const std::string& key, const std::vector<RegionId>& regions
    ) override;

    const WriteLog& log() const override { return log_; }

    std::vector<LinkState> links() const override { return replication_->links(); }

    std::map<std::string, std::uint64_t> requests(const RegionId& region) const override {
        return endpoint(region).requests();
    }

    net::Task<> stop(Duration grace) override {
        for (auto& [id, each] : endpoints_) {
            co_await each->stop(grace);
        }
        replication_->stop();
        purge_timer_.cancel();
        expire_timer_.cancel();
    }

  private:
    Status open_region(const RegionId& id) {
        std::string path;
        if (!options_.directory.empty()) {
            path = options_.directory + "/dynamodb-" + id.value() + ".db";
        }
        auto store = dynamo::ItemStore::open(path);
        if (!store) {
            return std::unexpected(store.error());
        }
        auto region = std::make_unique<dynamo::Region>(id, std::move(*store), log_, write_clock_);
        const Status loaded = region->load();
        if (!loaded) {
            return loaded;
        }
        if (!cluster_.regions.emplace(id, std::move(region)).second) {
            return fail(ErrorKind::malformed, "the Region " + id.value() + " is there twice");
        }
        return {};
    }

    Status listen() {
        std::uint16_t port = options_.port;
        if (port == 0) {
            std::vector<std::string> addresses;
            for (const RegionId& id : options_.regions) {
                addresses.push_back(board_.world().dynamodb_address(id));
            }
            const auto ports = net::free_ports(addresses, 1);
            if (!ports) {
                return std::unexpected(ports.error());
            }
            port = ports->front();
        }
        std::uint64_t seed = options_.seed + 3;
        for (const RegionId& id : options_.regions) {
            dynamo::Endpoint::Options options{
                .address = board_.world().dynamodb_address(id),
                .port = port,
                .credentials = options_.credentials,
                .of_region =
                    [this](const RegionId& region) {
                        const auto found = endpoints_.find(region);
                        return found == endpoints_.end() ? nullptr : found->second.get();
                    },
                .seed = seed++
            };
            auto opened = std::make_unique<dynamo::Endpoint>(
                io_, std::move(options), cluster_, *cluster_.find(id), board_, clock_
            );
            const Status listening = opened->listen();
            if (!listening) {
                return listening;
            }
            endpoints_.emplace(id, std::move(opened));
        }
        return {};
    }

    const dynamo::Endpoint& endpoint(const RegionId& region) const {
        const auto found = endpoints_.find(region);
        FARSHORE_ASSERT(found != endpoints_.end(), "the Region must be one of the world's");
        return *found->second;
    }

    void repeat(boost::asio::steady_timer& timer, Duration pause, std::function<void()> action) {
        timer.expires_after(pause);
        timer.async_wait([this, &timer, pause, action = std::move(action), alive = alive_](
                             const boost::system::error_code& error
                         ) {
            if (!error && *alive) {
                action();
                repeat(timer, pause, action);
            }
        });
    }

    void purge() {
        const auto kept =
            std::chrono::duration_cast<std::chrono::microseconds>(kDeletionKept).count();
        for (auto& [id, region] : cluster_.regions) {
            for (const dynamo::Table* table : region->tables()) {
                // A store that cannot purge cannot write either, and says so to its clients.
                (void)region->store().purge_deleted(table->number, write_clock_.now_us() - kept);
            }
        }
    }

    net::Io& io_;
    Options options_;
    FaultBoard& board_;
    const ports::Clock& clock_;
    dynamo::WriteClock write_clock_;
    WriteLog log_;
    dynamo::Cluster cluster_;
    std::unique_ptr<dynamo::Replication> replication_;
    std::map<RegionId, std::unique_ptr<dynamo::Endpoint>> endpoints_;
    dynamo::Expiry expiry_{cluster_};
    boost::asio::steady_timer purge_timer_;
    boost::asio::steady_timer expire_timer_;
    std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

Status as_status(const std::optional<dynamo::ServiceError>& error) {
    return error ? fail(ErrorKind::malformed, error->message) : Status{};
}

Status as_status(const dynamo::Answer<boost::json::object>& answer) {
    return answer ? Status{} : fail(ErrorKind::malformed, answer.error().message);
}

Status LocalDynamoWorld::make_table(
    const TableName& table, const std::string& key, const std::vector<RegionId>& regions
) {
    if (regions.empty() || !std::ranges::all_of(regions, [this](const RegionId& id) {
            return cluster_.find(id) != nullptr;
        })) {
        return fail(
            ErrorKind::malformed, "table " + table.value() + " needs Regions of this world"
        );
    }
    dynamo::Region& first = *cluster_.find(regions.front());
    if (first.find(table) != nullptr) {
        return {};
    }
    // The world is being made: nothing is gained by waiting for CREATING to pass.
    const Duration takes = std::exchange(cluster_.creation_takes, Duration::zero());
    const boost::json::object create{
        {"TableName", table.value()},
        {"AttributeDefinitions",
         boost::json::array{boost::json::object{{"AttributeName", key}, {"AttributeType", "S"}}}},
        {"KeySchema",
         boost::json::array{boost::json::object{{"AttributeName", key}, {"KeyType", "HASH"}}}},
        {"BillingMode", "PAY_PER_REQUEST"},
    };
    Status done = as_status(dynamo::create_table(cluster_, first, create));
    for (auto region = regions.begin() + 1; done && region != regions.end(); ++region) {
        if (cluster_.find(*region)->find(table) == nullptr) {
            done = as_status(
                dynamo::add_replica(cluster_, first, *first.find(table), *cluster_.find(*region))
            );
        }
    }
    cluster_.creation_takes = takes;
    return done;
}

}  // namespace

Result<std::unique_ptr<DynamoWorld>> DynamoWorld::create(
    net::Io& io, Options options, FaultBoard& board, const ports::Clock& clock
) {
    if (options.regions.empty()) {
        options.regions = board.world().regions;
    }
    for (const RegionId& id : options.regions) {
        if (!board.world().has(id)) {
            return fail(ErrorKind::malformed, "the Region " + id.value() + " is not in this world");
        }
    }
    if (!options.directory.empty()) {
        std::error_code error;
        std::filesystem::create_directories(options.directory, error);
        if (error) {
            return fail(
                ErrorKind::malformed, "cannot make " + options.directory + ": " + error.message()
            );
        }
    }
    auto world = std::make_unique<LocalDynamoWorld>(io, std::move(options), board, clock);
    const Status opened = world->open();
    if (!opened) {
        return std::unexpected(opened.error());
    }
    return world;
}

}  // namespace farshore::lab
