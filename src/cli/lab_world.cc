#include "cli/lab_world.h"

#include <boost/json.hpp>
#include <fmt/format.h>

#include "adapters/aws/client.h"
#include "adapters/net/asio_types.h"
#include "adapters/net/task_group.h"
#include "cli/lab_provision.h"
#include "lab/dynamo/world.h"
#include "lab/faults/admin_server.h"
#include "lab/faults/forwarder.h"
#include "lab/route53/world.h"

namespace farshore::cli {

namespace json = boost::json;

namespace {

constexpr int kCheckers = 16;
constexpr Duration kGrace = std::chrono::milliseconds{200};
// A fault is in force by the clock; this only bounds how late the supervisor hears of it.
constexpr Duration kLookAtFaultsEvery = std::chrono::milliseconds{100};

class Servers final : public LabWorld {
  public:
    Servers(net::Io& io, const LabLayout& layout, const ports::Clock& clock)
        : io_(io),
          layout_(layout),
          clock_(clock),
          board_(layout.world, clock) {}

    Status open(const std::vector<LabKey>& keys, Hooks hooks) {
        for (const LabKey& key : keys) {
            credentials_.push_back(key.credentials);
        }
        for (const auto& step : {&Servers::open_dynamodb, &Servers::open_route53, &Servers::open_forwarders}) {
            if (const Status opened = (this->*step)(); !opened) {
                return opened;
            }
        }
        auto admin = lab::AdminServer::listen(
            io_,
            {.address = layout_.world.admin_address(),
             .port = layout_.ports.admin,
             .status = std::move(hooks.status),
             .log = [this](std::uint64_t after, std::size_t limit) { return log(after, limit); },
             .shutdown = std::move(hooks.shutdown)},
            board_
        );
        if (!admin) {
            return std::unexpected(admin.error());
        }
        admin_ = std::move(*admin);
        return {};
    }

    lab::FaultBoard& board() override { return board_; }

    net::Task<Result<std::string>> provision() override {
        config::AwsAccess access;
        for (const RegionId& region : layout_.options.regions) {
            access.dynamodb[region] = layout_.dynamodb_url(region);
        }
        access.route53 = layout_.route53_url();
        auto client = aws::AwsClient::create(
            io_, clock_, {.access = access, .fixed_credentials = credentials_.front()}
        );
        if (!client) {
            co_return std::unexpected(client.error());
        }
        aws::DynamoDb dynamodb{**client};
        aws::Route53 route53{**client};
        const Status tables = co_await provision_tables(dynamodb, layout_);
        if (!tables) {
            co_return std::unexpected(tables.error());
        }
        auto zone = co_await provision_traffic(route53, layout_);
        co_return zone;
    }

    net::Task<> mind_the_faults() override {
        while (true) {
            const bool going_on = co_await net::sleep_for(io_, kLookAtFaultsEvery);
            if (!going_on) {
                co_return;
            }
            const auto deadline = board_.next_deadline();
            if (deadline && *deadline <= clock_.now()) {
                board_.expire();
            }
        }
    }

    net::Task<> stop() override {
        board_.end_all();
        for (const auto& forwarder : forwarders_) {
            co_await forwarder->stop();
        }
        if (route53_ != nullptr) {
            co_await route53_->stop();
        }
        if (dynamo_ != nullptr) {
            co_await dynamo_->stop(kGrace);
        }
        if (admin_ != nullptr) {
            co_await admin_->stop();
        }
    }

  private:
    Status open_dynamodb() {
        auto dynamo = lab::DynamoWorld::create(
            io_,
            {.regions = layout_.options.regions,
             .port = layout_.ports.dynamodb,
             .credentials = credentials_,
             .directory = {},
             .seed = layout_.options.seed},
            board_, clock_
        );
        if (!dynamo) {
            return std::unexpected(dynamo.error());
        }
        dynamo_ = std::move(*dynamo);
        return {};
    }

    Status open_route53() {
        lab::Route53World::Options options;
        options.api_address = layout_.world.route53_api_address();
        options.api_port = layout_.ports.route53;
        options.dns_address = layout_.world.dns_address();
        options.dns_port = layout_.ports.dns;
        for (int checker = 1; checker <= kCheckers; ++checker) {
            options.checker_addresses.push_back(layout_.world.checker_address(checker));
        }
        options.credentials = credentials_;
        for (const RegionId& region : layout_.options.regions) {
            options.static_names[lab::World::dynamodb_name(region)] = layout_.world.dynamodb_address(region);
        }
        options.seed = layout_.options.seed;
        auto route53 = lab::Route53World::create(io_, std::move(options), board_, clock_);
        if (!route53) {
            return std::unexpected(route53.error());
        }
        route53_ = std::move(*route53);
        return {};
    }

    Status forward(lab::Forwarder::Options options) {
        options.self = layout_.world.party_of(options.address);
        auto forwarder = lab::Forwarder::listen(io_, std::move(options), board_);
        if (!forwarder) {
            return std::unexpected(forwarder.error());
        }
        forwarders_.push_back(std::move(*forwarder));
        return {};
    }

    // A balancer for storefronts and one for health endpoints in each Region, and the relay through
    // which its agents reach the controller.
    Status open_forwarders() {
        const std::string controller = layout_.world.controller_address(1);
        for (const RegionId& region : layout_.table_regions()) {
            std::vector<lab::Forwarder::Options> wanted(3);
            wanted[0] = {.name = "balancer of " + region.value(), .port = layout_.ports.shop};
            wanted[1] = {.name = "health balancer of " + region.value(), .port = layout_.ports.health};
            for (std::size_t i = 0; i < 2; ++i) {
                wanted[i].address = layout_.world.load_balancer_address(region);
                for (const LabHost& host : layout_.hosts) {
                    if (host.region == region) {
                        wanted[i].backends.push_back({.address = host.address, .port = wanted[i].port});
                    }
                }
            }
            wanted[2] = {
                .name = "relay of " + region.value(),
                .address = layout_.world.relay_address(region),
                .port = layout_.ports.controller,
                .backends = {{.address = controller, .port = layout_.ports.controller}}
            };
            wanted[2].beyond = layout_.world.party_of(controller);
            for (lab::Forwarder::Options& options : wanted) {
                if (const Status opened = forward(std::move(options)); !opened) {
                    return opened;
                }
            }
        }
        return {};
    }

    [[nodiscard]] json::array log(std::uint64_t after, std::size_t limit) const {
        json::array out;
        for (const lab::WriteRecord& record : dynamo_->log().after(after, limit)) {
            out.push_back(lab::to_json(record));
        }
        return out;
    }

    net::Io& io_;
    const LabLayout& layout_;
    const ports::Clock& clock_;
    lab::FaultBoard board_;
    std::vector<sigv4::Credentials> credentials_;
    std::unique_ptr<lab::DynamoWorld> dynamo_;
    std::unique_ptr<lab::Route53World> route53_;
    std::vector<std::unique_ptr<lab::Forwarder>> forwarders_;
    std::unique_ptr<lab::AdminServer> admin_;
};

}  // namespace

Result<std::unique_ptr<LabWorld>> LabWorld::create(
    net::Io& io, const LabLayout& layout, const std::vector<LabKey>& keys, const ports::Clock& clock, Hooks hooks
) {
    auto world = std::make_unique<Servers>(io, layout, clock);
    if (const Status opened = world->open(keys, std::move(hooks)); !opened) {
        // What did open has tasks on `io`, which ends with the process; it must not be destroyed here.
        (void)world.release();
        return std::unexpected(opened.error());
    }
    return world;
}

}  // namespace farshore::cli
