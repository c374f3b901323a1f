#include "dataplane/endpoint.h"

#include <algorithm>
#include <random>
#include <unistd.h>
#include <utility>

#include "dataplane/gathering.h"
#include "dataplane/listener.h"
#include "dataplane/loop.h"
#include "dataplane/route_control.h"

namespace farshore::dataplane {

namespace {

constexpr std::size_t kRegionsMax = 16;

Status check(const Endpoint::Options& options) {
    if (options.regions.empty() || options.regions.size() > kRegionsMax) {
        return fail(ErrorKind::malformed, "the endpoint needs 1 to 16 Regions");
    }
    if (options.loops == 0 || options.clock == nullptr) {
        return fail(ErrorKind::malformed, "the endpoint needs a loop and a clock");
    }
    return {};
}

class RunningEndpoint final : public Endpoint {
  public:
    RunningEndpoint(Options options, RouteWord first)
        : options_(std::move(options)),
          control_(first, options_.clock),
          queue_(std::make_shared<LedgerQueue>(options_.ledger_queue_bytes_max)),
          ledger_(options_.ledger_limits, queue_) {
        control_.set_parked_for_max(options_.limits.parked_for_max);
    }

    ~RunningEndpoint() override { RunningEndpoint::stop(); }

    RunningEndpoint(const RunningEndpoint&) = delete;
    RunningEndpoint& operator=(const RunningEndpoint&) = delete;

    [[nodiscard]] Status begin();

    [[nodiscard]] std::uint16_t port() const override { return port_; }

    void set_addresses(const RegionId& region, std::vector<std::string> addresses) override;
    void set_credentials(sigv4::Credentials credentials) override;

    void set_parked_for_max(Duration longest) override { control_.set_parked_for_max(longest); }

    [[nodiscard]] Status set_route(Route route, std::function<void(RouteWord)> done) override;

    [[nodiscard]] Status grant(WritePermission permission) override {
        return control_.grant(permission);
    }

    void end_permission() override { control_.end_permission(); }

    [[nodiscard]] Status hold(Epoch epoch, Duration length, std::function<void(HoldResult)> done)
        override {
        return control_.hold(epoch, length, std::move(done));
    }

    [[nodiscard]] Status release(
        Epoch epoch, std::optional<Instant> writes_until, std::function<void()> done
    ) override {
        return control_.release(epoch, writes_until, std::move(done));
    }

    [[nodiscard]] Status fence(Epoch epoch, Duration grace, std::function<void(FenceResult)> done)
        override {
        return control_.fence(epoch, grace, std::move(done));
    }

    void settle(Epoch below, Duration within, std::function<void(FenceResult)> done) override {
        control_.settle(below, within, std::move(done));
    }

    [[nodiscard]] RouteWord route() const override {
        return control_.shared().effective(options_.clock->now());
    }

    [[nodiscard]] Statistics statistics() const override;

    [[nodiscard]] Instant slowest_turn() const override {
        Instant slowest = Instant::max();
        for (const auto& loop : loops_) {
            slowest = std::min(slowest, loop->turned_at());
        }
        return slowest;
    }

    [[nodiscard]] EndpointLedger& ledger() override { return ledger_; }

    void wind_down(Duration within, std::function<void(std::uint64_t)> done) override;
    void stop() override;

    [[nodiscard]] std::optional<RegionIndex> index_of(const RegionId& region) const;

  private:
    [[nodiscard]] Result<std::vector<int>> make_listeners(bool first);
    void everywhere(const std::function<void(Loop&)>& command);

    Options options_;
    RouteControl control_;
    std::shared_ptr<LedgerQueue> queue_;
    EndpointLedger ledger_;
    std::unique_ptr<TlsContext> tls_;
    std::vector<std::unique_ptr<Loop>> loops_;
    std::uint16_t port_ = 0;
    std::optional<OwnNames> names_;
    bool stopped_ = false;
};

std::optional<RegionIndex> RunningEndpoint::index_of(const RegionId& region) const {
    for (std::size_t i = 0; i < options_.regions.size(); ++i) {
        if (options_.regions[i].region == region) {
            return static_cast<RegionIndex>(i);
        }
    }
    return std::nullopt;
}

Result<std::vector<int>> RunningEndpoint::make_listeners(bool first) {
    auto tcp = listen_tcp(options_.listen_address, first ? options_.listen_port : port_);
    if (!tcp) {
        return std::unexpected(tcp.error());
    }
    port_ = tcp->port;
    std::vector<int> fds{tcp->fd};
    if (first && !options_.unix_socket.empty()) {
        auto local = listen_unix(options_.unix_socket);
        if (!local) {
            ::close(tcp->fd);
            return std::unexpected(local.error());
        }
        fds.push_back(*local);
    }
    return fds;
}

Status RunningEndpoint::begin() {
    const bool any_tls = std::ranges::any_of(options_.regions, &Upstream::tls);
    if (any_tls) {
        auto tls = TlsContext::create(options_.tls_ca_file);
        if (!tls) {
            return std::unexpected(tls.error());
        }
        tls_ = std::move(*tls);
    }
    std::random_device entropy;
    for (std::size_t i = 0; i < options_.loops; ++i) {
        auto listeners = make_listeners(i == 0);
        if (!listeners) {
            return std::unexpected(listeners.error());
        }
        if (!names_) {
            names_.emplace(options_.listen_address, port_);
            for (const std::string& name : options_.listen_names) {
                if (!names_->add(name)) {
                    return fail(ErrorKind::malformed, "not a name for the Host header: " + name);
                }
            }
        }
        auto loop = Loop::create({
            .options = &options_,
            .names = &*names_,
            .route = &control_.shared(),
            .ledger = queue_.get(),
            .tls = tls_.get(),
            .listeners = std::move(*listeners),
            .probes = i == 0,
            .seed = (std::uint64_t{entropy()} << 32U) | entropy(),
        });
        if (!loop) {
            return std::unexpected(loop.error());
        }
        control_.add(**loop);
        loops_.push_back(std::move(*loop));
    }
    if (options_.route.writes_until) {
        control_.open_first(*options_.route.writes_until);
    }
    for (const auto& loop : loops_) {
        loop->start();
    }
    return {};
}

void RunningEndpoint::everywhere(const std::function<void(Loop&)>& command) {
    for (const auto& loop : loops_) {
        loop->post(command);
    }
}

void RunningEndpoint::set_addresses(const RegionId& region, std::vector<std::string> addresses) {
    if (const auto index = index_of(region)) {
        everywhere([at = *index, addresses](Loop& loop) { loop.set_addresses(at, addresses); });
    }
}

void RunningEndpoint::set_credentials(sigv4::Credentials credentials) {
    everywhere([credentials](Loop& loop) { loop.set_credentials(credentials); });
}

Status RunningEndpoint::set_route(Route route, std::function<void(RouteWord)> done) {
    const auto active = index_of(route.active);
    if (!active) {
        return fail(ErrorKind::not_found, "no such Region here: " + route.active.value());
    }
    if (!is_possible(route.epoch)) {
        return fail(ErrorKind::malformed, "the epoch is out of range");
    }
    return control_.set_route(
        {.epoch = route.epoch, .active = *active, .state = WriteState::unconfirmed},
        route.writes_until,
        std::move(done)
    );
}

Statistics RunningEndpoint::statistics() const {
    const Instant now = options_.clock->now();
    Statistics statistics;
    statistics.route = control_.shared().effective(now);
    if (statistics.route.state == WriteState::open) {
        statistics.permission_left =
            std::max(Duration::zero(), control_.shared().permission_until() - now);
    }
    for (const Upstream& upstream : options_.regions) {
        statistics.regions.push_back({.region = upstream.region});
    }
    for (const auto& loop : loops_) {
        loop->add_to(statistics, now);
    }
    return statistics;
}

void RunningEndpoint::wind_down(Duration within, std::function<void(std::uint64_t)> done) {
    if (stopped_) {
        done(0);
        return;
    }
    const Instant deadline = options_.clock->now() + within;
    auto all = std::make_shared<Gathering<std::uint64_t>>(loops_.size(), std::move(done));
    everywhere([all, deadline](Loop& loop) {
        loop.wind_down(deadline, [all](std::uint64_t unknown) {
            all->arrive([unknown](std::uint64_t& sum) { sum += unknown; });
        });
    });
}

// The loops outlive their threads: the control thread may still give orders, which do nothing.
void RunningEndpoint::stop() {
    for (const auto& loop : loops_) {
        loop->stop();
    }
    if (!std::exchange(stopped_, true) && !options_.unix_socket.empty()) {
        ::unlink(options_.unix_socket.c_str());
    }
}

}  // namespace

Result<std::unique_ptr<Endpoint>> Endpoint::start(Options options) {
    if (Status status = check(options); !status) {
        return std::unexpected(status.error());
    }
    const auto active = std::ranges::find(options.regions, options.route.active, &Upstream::region);
    if (active == options.regions.end()) {
        return fail(ErrorKind::malformed, "the first route names no configured Region");
    }
    const RouteWord first{
        .epoch = options.route.epoch,
        .active = static_cast<RegionIndex>(active - options.regions.begin()),
        .state = WriteState::unconfirmed,
    };
    auto endpoint = std::make_unique<RunningEndpoint>(std::move(options), first);
    if (Status status = endpoint->begin(); !status) {
        return std::unexpected(status.error());
    }
    return endpoint;
}

}  // namespace farshore::dataplane
