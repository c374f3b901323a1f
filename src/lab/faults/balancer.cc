#include "lab/faults/balancer.h"

#include <algorithm>
#include <utility>

#include <boost/json.hpp>

#include "adapters/net/asio_types.h"
#include "adapters/net/http_client.h"
#include "adapters/net/task_group.h"
#include "adapters/net/tcp_relay.h"
#include "base/rng.h"
#include "lab/faults/target_health.h"

namespace farshore::lab {

namespace {

net::RelayTreatment to_relay(Treatment treatment) {
    switch (treatment) {
        case Treatment::serve: return net::RelayTreatment::serve;
        case Treatment::hang: return net::RelayTreatment::hang;
        case Treatment::reset: return net::RelayTreatment::reset;
    }
    std::unreachable();
}

class RunningBalancer final : public Balancer {
  public:
    RunningBalancer(net::Io& io, Options options, FaultBoard& board)
        : io_(io),
          options_(std::move(options)),
          board_(board),
          self_{.role = PartyRole::load_balancer, .place = options_.region},
          health_(options_.targets.size(), options_.failures_max),
          rng_(options_.seed),
          client_(net::HttpClient::create(
              io, {.source_address = options_.address, .connections_max = 16}
          )),
          tasks_(io) {}

    [[nodiscard]] Status start() {
        auto shop = listen_on(options_.shop_port, &Target::shop_port, "shop");
        if (!shop) {
            return std::unexpected(shop.error());
        }
        auto health = listen_on(options_.health_port, &Target::health_port, "health");
        if (!health) {
            return std::unexpected(health.error());
        }
        shop_ = std::move(*shop);
        health_relay_ = std::move(*health);
        subscription_ = board_.subscribe([this] {
            shop_->reconsider();
            health_relay_->reconsider();
        });
        for (std::size_t i = 0; i < options_.targets.size(); ++i) {
            tasks_.spawn("target health", [this, i] { return watch(i); });
        }
        return {};
    }

    [[nodiscard]] std::uint16_t shop_port() const override { return shop_->port(); }

    [[nodiscard]] std::uint16_t health_port() const override { return health_relay_->port(); }

    [[nodiscard]] boost::json::object status() const override {
        boost::json::array targets;
        for (std::size_t i = 0; i < options_.targets.size(); ++i) {
            targets.push_back(boost::json::object{
                {"address", options_.targets[i].address}, {"healthy", health_.healthy(i)}
            });
        }
        const auto counters = shop_->counters();
        return {
            {"targets", std::move(targets)},
            {"accepted", counters.accepted},
            {"unreachable", counters.unreachable}
        };
    }

    net::Task<> stop() override {
        subscription_ = {};
        tasks_.stop();
        while (!tasks_.idle()) {
            net::Timer turn(io_.get_executor(), std::chrono::milliseconds{1});
            co_await turn.async_wait(net::kAwait);
        }
        co_await shop_->stop();
        co_await health_relay_->stop();
    }

  private:
    [[nodiscard]] Result<std::unique_ptr<net::TcpRelay>> listen_on(
        std::uint16_t port, std::uint16_t Target::* target_port, const std::string& name
    ) {
        auto relay = net::TcpRelay::listen(
            io_,
            {.address = options_.address,
             .port = port,
             .source_address = options_.address,
             .name = name + " balancer " + options_.region.value()},
            [this, target_port](const std::string& peer) { return route(peer, target_port); }
        );
        if (!relay) {
            return std::unexpected(
                in_context("load balancer of " + options_.region.value(), relay.error())
            );
        }
        return relay;
    }

    [[nodiscard]] net::TcpRelay::Route route(
        const std::string& peer, std::uint16_t Target::* port
    ) {
        net::TcpRelay::Route route;
        route.treatment = to_relay(board_.treat(board_.world().party_of(peer), self_));
        for (const std::size_t target : health_.order(rng_.next())) {
            route.backends.push_back(
                {.address = options_.targets[target].address, .port = options_.targets[target].*port
                }
            );
        }
        return route;
    }

    net::Task<> watch(std::size_t target) {
        const Target& who = options_.targets[target];
        net::Timer pause(io_.get_executor());
        while (!tasks_.stopping()) {
            const auto started = net::Timer::clock_type::now();
            net::HttpCall call;
            call.url = "http://" + who.address + ":" + std::to_string(who.health_port) +
                       options_.health_path;
            call.connect_timeout = options_.timeout;
            call.total_timeout = options_.timeout;
            call.fresh_connection = true;
            const auto reply = co_await client_->fetch(std::move(call));
            if (tasks_.stopping()) {
                co_return;
            }
            health_.heard(target, reply && reply->status >= 200 && reply->status < 300);
            pause.expires_at(started + options_.interval);
            co_await pause.async_wait(net::kAwait);
        }
    }

    net::Io& io_;
    Options options_;
    FaultBoard& board_;
    PartyId self_;
    TargetHealth health_;
    Rng rng_;
    std::unique_ptr<net::HttpClient> client_;
    std::unique_ptr<net::TcpRelay> shop_;
    std::unique_ptr<net::TcpRelay> health_relay_;
    FaultBoard::Subscription subscription_;
    net::TaskGroup tasks_;
};

class RunningRelay final : public ControllerRelay {
  public:
    RunningRelay(Options options, FaultBoard& board)
        : options_(std::move(options)),
          board_(board),
          self_{.role = PartyRole::relay, .place = options_.region} {}

    [[nodiscard]] Status start(net::Io& io) {
        auto relay = net::TcpRelay::listen(
            io,
            {.address = options_.address,
             .port = options_.port,
             .source_address = options_.address,
             .name = "controller relay " + options_.region.value()},
            [this](const std::string& peer) { return route(peer); }
        );
        if (!relay) {
            return std::unexpected(
                in_context("controller relay of " + options_.region.value(), relay.error())
            );
        }
        relay_ = std::move(*relay);
        subscription_ = board_.subscribe([this] { relay_->reconsider(); });
        return {};
    }

    [[nodiscard]] std::uint16_t port() const override { return relay_->port(); }

    net::Task<> stop() override {
        subscription_ = {};
        co_await relay_->stop();
    }

  private:
    [[nodiscard]] net::TcpRelay::Route route(const std::string& peer) {
        net::TcpRelay::Route route;
        route.treatment = to_relay(board_.treat(board_.world().party_of(peer), self_));
        for (const Controller& controller : options_.controllers) {
            const PartyId to = board_.world().party_of(controller.address);
            if (board_.treat(self_, to) == Treatment::serve) {
                route.backends.push_back({.address = controller.address, .port = controller.port});
            }
        }
        if (route.backends.empty()) {
            route.treatment = net::RelayTreatment::hang;
        }
        return route;
    }

    Options options_;
    FaultBoard& board_;
    PartyId self_;
    std::unique_ptr<net::TcpRelay> relay_;
    FaultBoard::Subscription subscription_;
};

}  // namespace

Result<std::unique_ptr<Balancer>> Balancer::listen(
    net::Io& io, Options options, FaultBoard& board
) {
    auto balancer = std::make_unique<RunningBalancer>(io, std::move(options), board);
    if (const Status started = balancer->start(); !started) {
        return std::unexpected(started.error());
    }
    return balancer;
}

Result<std::unique_ptr<ControllerRelay>> ControllerRelay::listen(
    net::Io& io, Options options, FaultBoard& board
) {
    auto relay = std::make_unique<RunningRelay>(std::move(options), board);
    if (const Status started = relay->start(io); !started) {
        return std::unexpected(started.error());
    }
    return relay;
}

}  // namespace farshore::lab
