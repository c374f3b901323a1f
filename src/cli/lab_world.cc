#include "cli/lab_world.h"

#include <boost/json.hpp>
#include <fmt/format.h>

#include "adapters/aws/client.h"
#include "adapters/net/http_server.h"
#include "cli/lab_provision.h"
#include "lab/dynamo/world.h"
#include "lab/faults/admin.h"
#include "lab/faults/balancer.h"
#include "lab/faults/fault_timer.h"
#include "lab/route53/world.h"

namespace farshore::cli {

namespace json = boost::json;

namespace {

constexpr int kCheckers = 16;
constexpr Duration kGrace = std::chrono::milliseconds{200};

class Servers final : public LabWorld {
  public:
    Servers(net::Io& io, const LabLayout& layout, const ports::Clock& clock)
        : io_(io),
          layout_(layout),
          clock_(clock),
          board_(layout.world, clock),
          fault_timer_(io, board_, clock) {}

    Status open(const std::vector<LabKey>& keys, Hooks hooks) override {
        for (const LabKey& key : keys) {
            credentials_.push_back(key.credentials);
        }
        for (const auto& step :
             {&Servers::open_dynamodb,
              &Servers::open_route53,
              &Servers::open_balancers,
              &Servers::open_relays}) {
            if (const Status opened = (this->*step)(); !opened) {
                return opened;
            }
        }
        admin_ = std::make_unique<lab::Admin>(
            board_,
            lab::Admin::World{
                .status = std::move(hooks.status),
                .log = [this](std::uint64_t after, std::size_t limit) { return log(after, limit); },
                .shut_down = std::move(hooks.shutdown)
            }
        );
        auto server = net::HttpServer::listen(
            io_,
            {.address = layout_.world.admin_address(),
             .port = layout_.ports.admin,
             .tls = {},
             .name = "lab admin"},
            [this](net::HttpRequest request) { return ask_admin(std::move(request)); }
        );
        if (!server) {
            return std::unexpected(in_context("the lab's own API", server.error()));
        }
        admin_server_ = std::move(*server);
        return {};
    }

    lab::FaultBoard& board() override { return board_; }

    net::Task<Result<std::string>> provision() override {
        config::AwsAccess access;
        for (const RegionId& region : layout_.options.regions) {
            access.dynamodb[region] = layout_.dynamodb_url(region);
        }
        access.route53 = layout_.route53_url();
        const auto client = aws::AwsClient::create(
            io_, clock_, {.access = access, .fixed_credentials = credentials_.front()}
        );
        aws::DynamoDb dynamodb{*client};
        const Status tables = co_await provision_tables(dynamodb, layout_);
        if (!tables) {
            co_return std::unexpected(tables.error());
        }
        auto zone = co_await provision_traffic(*client, layout_);
        co_return zone;
    }

    net::Task<> stop() override {
        board_.end_all();
        for (const auto& balancer : balancers_) {
            co_await balancer->stop();
        }
        for (const auto& relay : relays_) {
            co_await relay->stop();
        }
        if (route53_ != nullptr) {
            co_await route53_->stop();
        }
        if (dynamo_ != nullptr) {
            co_await dynamo_->stop(kGrace);
        }
        if (admin_server_ != nullptr) {
            co_await admin_server_->stop(kGrace);
        }
    }

  private:
    net::Task<net::HttpResponse> ask_admin(net::HttpRequest request) {
        co_return admin_->answer(request);
    }

    // Empty: signatures are not verified.
    [[nodiscard]] std::vector<sigv4::Credentials> known_credentials() const {
        return layout_.options.any_credentials ? std::vector<sigv4::Credentials>{} : credentials_;
    }

    Status open_dynamodb() {
        auto dynamo = lab::DynamoWorld::create(
            io_,
            {.regions = layout_.options.regions,
             .port = layout_.ports.dynamodb,
             .credentials = known_credentials(),
             .directory = {},
             .seed = layout_.options.seed},
            board_,
            clock_
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
        options.credentials = known_credentials();
        for (const RegionId& region : layout_.options.regions) {
            options.static_names[lab::World::dynamodb_name(region)] =
                layout_.world.dynamodb_address(region);
        }
        options.seed = layout_.options.seed;
        auto route53 = lab::Route53World::create(io_, std::move(options), board_, clock_);
        if (!route53) {
            return std::unexpected(route53.error());
        }
        route53_ = std::move(*route53);
        return {};
    }

    Status open_balancers() {
        for (const RegionId& region : layout_.table_regions()) {
            lab::Balancer::Options options;
            options.region = region;
            options.address = layout_.world.load_balancer_address(region);
            options.shop_port = layout_.ports.shop;
            options.health_port = layout_.ports.health;
            options.seed = layout_.options.seed;
            for (const LabHost& host : layout_.hosts) {
                if (host.region == region) {
                    options.targets.push_back(
                        {.address = host.address,
                         .shop_port = layout_.ports.shop,
                         .health_port = layout_.ports.health}
                    );
                }
            }
            auto balancer = lab::Balancer::listen(io_, std::move(options), board_);
            if (!balancer) {
                return std::unexpected(balancer.error());
            }
            balancers_.push_back(std::move(*balancer));
        }
        return {};
    }

    Status open_relays() {
        for (const RegionId& region : layout_.table_regions()) {
            lab::ControllerRelay::Options options;
            options.region = region;
            options.address = layout_.world.relay_address(region);
            options.port = layout_.ports.controller;
            options.controllers = {
                {.address = layout_.world.controller_address(1), .port = layout_.ports.controller}
            };
            auto relay = lab::ControllerRelay::listen(io_, std::move(options), board_);
            if (!relay) {
                return std::unexpected(relay.error());
            }
            relays_.push_back(std::move(*relay));
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
    lab::FaultTimer fault_timer_;
    std::vector<sigv4::Credentials> credentials_;
    std::unique_ptr<lab::DynamoWorld> dynamo_;
    std::unique_ptr<lab::Route53World> route53_;
    std::vector<std::unique_ptr<lab::Balancer>> balancers_;
    std::vector<std::unique_ptr<lab::ControllerRelay>> relays_;
    std::unique_ptr<lab::Admin> admin_;
    std::unique_ptr<net::HttpServer> admin_server_;
};

}  // namespace

std::unique_ptr<LabWorld> LabWorld::create(
    net::Io& io, const LabLayout& layout, const ports::Clock& clock
) {
    return std::make_unique<Servers>(io, layout, clock);
}

}  // namespace farshore::cli
