#include "dataplane/endpoint.h"

#include <algorithm>
#include <atomic>
#include <mutex>
#include <random>
#include <unistd.h>
#include <utility>

#include "base/assert.h"

#include "dataplane/gathering.h"
#include "dataplane/listener.h"
#include "dataplane/loop.h"

namespace farshore::dataplane {

namespace {

constexpr std::size_t kRegionsMax = 16;

struct Nothing {};

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
          route_(first, options_.clock->now()),
          queue_(std::make_shared<LedgerQueue>(options_.ledger_queue_bytes_max)),
          ledger_(options_.ledger_limits, queue_) {}

    ~RunningEndpoint() override { RunningEndpoint::stop(); }

    RunningEndpoint(const RunningEndpoint&) = delete;
    RunningEndpoint& operator=(const RunningEndpoint&) = delete;

    [[nodiscard]] Status begin();

    [[nodiscard]] std::uint16_t port() const override { return port_; }

    void set_addresses(const RegionId& region, std::vector<std::string> addresses) override;
    void set_credentials(sigv4::Credentials credentials) override;
    [[nodiscard]] Status set_route(Route route, std::function<void()> done) override;
    [[nodiscard]] Status grant(WritePermission permission) override;
    [[nodiscard]] Status hold(Epoch epoch, Duration length, std::function<void(HoldResult)> done)
        override;
    [[nodiscard]] Status release(WritePermission permission, std::function<void()> done) override;
    [[nodiscard]] Status fence(Epoch epoch, Duration grace, std::function<void(FenceResult)> done)
        override;

    [[nodiscard]] RouteWord route() const override {
        return route_.effective(options_.clock->now());
    }

    [[nodiscard]] Statistics statistics() const override;

    [[nodiscard]] Ledger& ledger() override { return ledger_; }

    void stop() override;

    [[nodiscard]] std::optional<RegionIndex> index_of(const RegionId& region) const;

  private:
    [[nodiscard]] Result<std::vector<int>> make_listeners(bool first);
    [[nodiscard]] Status check_confirmation(const WritePermission& permission, RouteWord word)
        const;
    void everywhere(const std::function<void(Loop&)>& command);
    void follow_everywhere(std::function<void()> done);
    void switch_region(RouteWord word, std::optional<Instant> until, std::function<void()> done);
    void publish(RouteWord word, std::optional<Instant> until);

    Options options_;
    SharedRoute route_;
    std::shared_ptr<LedgerQueue> queue_;
    Ledger ledger_;
    std::unique_ptr<TlsContext> tls_;
    std::vector<std::unique_ptr<Loop>> loops_;
    std::uint16_t port_ = 0;

    std::mutex mutex_;  // one change of the route at a time
    // Each change of the route supersedes a switch that still waits for writes to be cut.
    std::uint64_t change_ = 0;
    Epoch fenced_below_;         // INV-S1, S2: no write under an epoch below this, ever
    Instant confirmed_after_{};  // a confirmation asked for earlier does not count
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
        auto loop = Loop::create({
            .options = &options_,
            .route = &route_,
            .ledger = queue_.get(),
            .tls = tls_.get(),
            .listeners = std::move(*listeners),
            .probes = i == 0,
            .seed = (std::uint64_t{entropy()} << 32U) | entropy(),
        });
        if (!loop) {
            return std::unexpected(loop.error());
        }
        loops_.push_back(std::move(*loop));
    }
    if (options_.route.writes_until) {
        route_.open(route_.word(), *options_.route.writes_until);
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

void RunningEndpoint::follow_everywhere(std::function<void()> done) {
    auto all =
        std::make_shared<Gathering<Nothing>>(loops_.size(), [done = std::move(done)](Nothing) {
            if (done) {
                done();
            }
        });
    everywhere([all](Loop& loop) {
        loop.dispatcher().follow_route();
        all->arrive([](Nothing&) {});
    });
}

void RunningEndpoint::publish(RouteWord word, std::optional<Instant> until) {
    confirmed_after_ = Instant{};
    if (until) {
        route_.open(word, *until);
    } else {
        word.state = WriteState::unconfirmed;
        route_.stop(word, options_.clock->now());
    }
}

Status RunningEndpoint::set_route(Route route, std::function<void()> done) {
    const auto active = index_of(route.active);
    if (!active) {
        return fail(ErrorKind::not_found, "no such Region here: " + route.active.value());
    }
    if (route.epoch.value() > kEpochMax) {
        return fail(ErrorKind::malformed, "the epoch is out of range");
    }
    const std::lock_guard guard(mutex_);
    const RouteWord present = route_.word();
    if (route.epoch < present.epoch || route.epoch < fenced_below_) {
        return fail(ErrorKind::conflict, "the route is of an older epoch than this endpoint's");
    }
    if (route.epoch == present.epoch && *active != present.active) {
        return fail(ErrorKind::conflict, "an epoch belongs to one Region only");
    }
    ++change_;
    const RouteWord next{.epoch = route.epoch, .active = *active, .state = WriteState::open};
    if (*active != present.active) {
        switch_region(next, route.writes_until, std::move(done));
        return {};
    }
    // A repeated route without a permission changes nothing: it must not end a hold.
    if (route.epoch != present.epoch || route.writes_until) {
        publish(next, route.writes_until);
    }
    follow_everywhere(std::move(done));
    return {};
}

// Writes to another Region that are still on their way are cut before the new word is stored, so
// that no loop can send one in the new epoch while another has one left of the old (INV-S1).
void RunningEndpoint::switch_region(
    RouteWord word, std::optional<Instant> until, std::function<void()> done
) {
    RouteWord stopped = route_.word();
    stopped.state = WriteState::fenced;
    route_.stop(stopped, options_.clock->now());
    fenced_below_ = word.epoch;
    const std::uint64_t change = change_;
    auto quiet = std::make_shared<Gathering<Nothing>>(
        loops_.size(),
        [this, word, until, change, done = std::move(done)](Nothing) mutable {
            {
                const std::lock_guard guard(mutex_);
                if (change == change_) {
                    publish(word, until);
                }
            }
            follow_everywhere(std::move(done));
        }
    );
    const Instant at_once = options_.clock->now();
    everywhere([quiet, at_once](Loop& loop) {
        loop.dispatcher().when_quiet(at_once, true, [quiet](Dispatcher::Quiet) {
            quiet->arrive([](Nothing&) {});
        });
        loop.dispatcher().tick();
    });
}

Status RunningEndpoint::check_confirmation(const WritePermission& permission, RouteWord word)
    const {
    if (permission.epoch != word.epoch) {
        return fail(ErrorKind::conflict, "the permission is for another epoch than the route's");
    }
    if (word.state == WriteState::fenced || permission.epoch < fenced_below_) {
        return fail(ErrorKind::conflict, "this epoch is fenced");
    }
    return {};
}

Status RunningEndpoint::grant(WritePermission permission) {
    const std::lock_guard guard(mutex_);
    const RouteWord word = route_.word();
    const Instant now = options_.clock->now();
    if (Status status = check_confirmation(permission, word); !status) {
        return status;
    }
    if (word.state == WriteState::held && now < route_.hold_until()) {
        return fail(ErrorKind::conflict, "writes are held for a switch");
    }
    if (permission.asked_at < confirmed_after_) {
        return fail(ErrorKind::conflict, "the confirmation was asked for before the end of a hold");
    }
    const bool opens = !route_.may_write(word, now);
    route_.open(word, permission.until);
    if (opens) {
        follow_everywhere({});
    }
    return {};
}

Status RunningEndpoint::hold(Epoch epoch, Duration length, std::function<void(HoldResult)> done) {
    const std::lock_guard guard(mutex_);
    RouteWord word = route_.word();
    if (epoch != word.epoch) {
        return fail(ErrorKind::conflict, "the hold is for another epoch than the route's");
    }
    if (word.state == WriteState::fenced) {
        return fail(ErrorKind::conflict, "this epoch is fenced");
    }
    ++change_;
    const Instant now = options_.clock->now();
    const Instant end = now + length;
    word.state = WriteState::held;
    route_.stop(word, now, end);
    confirmed_after_ = std::max(confirmed_after_, end);
    auto quiet = std::make_shared<Gathering<HoldResult>>(loops_.size(), std::move(done));
    everywhere([quiet, end](Loop& loop) {
        loop.dispatcher().when_quiet(end, false, [quiet](Dispatcher::Quiet left) {
            quiet->arrive([left](HoldResult& sum) { sum.in_flight += left.left; });
        });
    });
    return {};
}

Status RunningEndpoint::release(WritePermission permission, std::function<void()> done) {
    const std::lock_guard guard(mutex_);
    const RouteWord word = route_.word();
    if (Status status = check_confirmation(permission, word); !status) {
        return status;
    }
    if (word.state != WriteState::held) {
        return fail(ErrorKind::conflict, "writes are not held");
    }
    ++change_;
    // The order to release is itself a confirmation given by somebody who knew of the hold.
    confirmed_after_ = Instant{};
    route_.open(word, permission.until);
    follow_everywhere(std::move(done));
    return {};
}

Status RunningEndpoint::fence(Epoch epoch, Duration grace, std::function<void(FenceResult)> done) {
    const std::lock_guard guard(mutex_);
    RouteWord word = route_.word();
    if (epoch <= word.epoch) {
        return fail(ErrorKind::conflict, "the fence is not for a newer epoch than the route's");
    }
    ++change_;
    fenced_below_ = std::max(fenced_below_, epoch);
    const Instant now = options_.clock->now();
    word.state = WriteState::fenced;
    route_.stop(word, now);
    auto quiet = std::make_shared<Gathering<FenceResult>>(loops_.size(), std::move(done));
    everywhere([quiet, end = now + grace](Loop& loop) {
        loop.dispatcher().when_quiet(end, true, [quiet](Dispatcher::Quiet result) {
            quiet->arrive([result](FenceResult& sum) { sum.cut += result.cut; });
        });
    });
    return {};
}

Statistics RunningEndpoint::statistics() const {
    const Instant now = options_.clock->now();
    Statistics statistics;
    statistics.route = route_.effective(now);
    if (statistics.route.state == WriteState::open) {
        statistics.permission_left = std::max(Duration::zero(), route_.permission_until() - now);
    }
    for (const Upstream& upstream : options_.regions) {
        statistics.regions.push_back({.region = upstream.region});
    }
    for (const auto& loop : loops_) {
        loop->add_to(statistics, now);
    }
    return statistics;
}

void RunningEndpoint::stop() {
    for (const auto& loop : loops_) {
        loop->stop();
    }
    if (!loops_.empty() && !options_.unix_socket.empty()) {
        ::unlink(options_.unix_socket.c_str());
    }
    loops_.clear();
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
