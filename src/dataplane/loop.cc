#include "dataplane/loop.h"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>
#include <utility>

#include "base/assert.h"

namespace farshore::dataplane {

namespace {

constexpr std::size_t kScratchBytes = std::size_t{64} << 10U;
// Probes, pools and silent clients are looked at this often; requests have deadlines of their own.
constexpr Duration kHousekeeping = std::chrono::milliseconds{100};
constexpr Duration kClientCheck = std::chrono::milliseconds{500};
constexpr int kAcceptsPerRound = 64;
constexpr Duration kLastWords = std::chrono::milliseconds{500};

bool is_tcp(int fd) {
    int domain = 0;
    socklen_t size = sizeof domain;
    return ::getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &size) == 0 && domain != AF_UNIX;
}

}  // namespace

class Loop::Acceptor final : public Watcher {
  public:
    Acceptor(Loop& loop, int fd) : loop_(loop), fd_(fd) {}

    ~Acceptor() {
        loop_.poller_->unwatch(fd_, *this);
        ::close(fd_);
    }

    Acceptor(const Acceptor&) = delete;
    Acceptor& operator=(const Acceptor&) = delete;

    [[nodiscard]] Status begin() { return loop_.poller_->watch(fd_, EPOLLIN, *this); }

    // Accepts the clients that have connected already: closing the listener would reset them.
    void take_last() { ready(EPOLLIN); }

    // After a pause.
    void resume() {
        if (std::exchange(paused_, false)) {
            loop_.poller_->change(fd_, EPOLLIN, *this);
        }
    }

  private:
    void ready(std::uint32_t /*events*/) override {
        for (int i = 0; i < kAcceptsPerRound; ++i) {
            const int fd = ::accept4(fd_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
            if (fd >= 0) {
                loop_.accepted(fd);
            } else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
                // The listener stays readable: without a pause the loop would spin.
                paused_ = true;
                loop_.poller_->change(fd_, 0, *this);
                return;
            } else if (errno != ECONNABORTED && errno != EINTR) {
                return;
            }
        }
    }

    Loop& loop_;
    int fd_;
    bool paused_ = false;
};

class Loop::Wakeup final : public Watcher {
  public:
    explicit Wakeup(Loop& loop) : loop_(loop), fd_(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {}

    ~Wakeup() {
        if (fd_ >= 0) {
            ::close(fd_);
        }
    }

    Wakeup(const Wakeup&) = delete;
    Wakeup& operator=(const Wakeup&) = delete;

    [[nodiscard]] Status begin() {
        if (fd_ < 0) {
            return fail(ErrorKind::exhausted, "no file descriptor left for the endpoint");
        }
        return loop_.poller_->watch(fd_, EPOLLIN, *this);
    }

    void ring() const {
        const std::uint64_t one = 1;
        [[maybe_unused]] const ssize_t written = ::write(fd_, &one, sizeof one);
    }

  private:
    void ready(std::uint32_t /*events*/) override {
        std::uint64_t count = 0;
        [[maybe_unused]] const ssize_t got = ::read(fd_, &count, sizeof count);
        loop_.run_commands();
    }

    Loop& loop_;
    int fd_;
};

Loop::Loop(Environment environment, std::unique_ptr<Poller> poller)
    : environment_(std::move(environment)),
      poller_(std::move(poller)),
      scratch_(kScratchBytes),
      now_(environment_.options->clock->now()),
      turned_at_(now_.time_since_epoch().count()),
      rng_(environment_.seed),
      memory_{
          .used = 0,
          .max = environment_.options->limits.memory_bytes_max / environment_.options->loops
      },
      unread_{
          .used = 0,
          .max = environment_.options->limits.unread_bytes_max / environment_.options->loops
      },
      dispatcher_({
          .route = environment_.route,
          .limits = &environment_.options->limits,
          .clock = environment_.options->clock.get(),
          .now = &now_,
          .writer = &writer_,
          .counters = &counters_,
          .ledger = environment_.ledger,
          .rng = &rng_,
          .learns_updates = environment_.options->ledger_learns_updates,
      }) {
    writer_.set_credentials(environment_.options->credentials);
    make_pools();
    wakeup_ = std::make_unique<Wakeup>(*this);
    for (const int fd : std::exchange(environment_.listeners, {})) {
        acceptors_.push_back(std::make_unique<Acceptor>(*this, fd));
    }
}

void Loop::make_pools() {
    const Endpoint::Options& options = *environment_.options;
    std::vector<RegionPool*> pools;
    for (std::size_t i = 0; i < options.regions.size(); ++i) {
        region_counters_.push_back(std::make_unique<RegionCounters>());
        pools_.push_back(std::make_unique<RegionPool>(
            RegionPool::Environment{
                .index = static_cast<RegionIndex>(i),
                .upstream = &options.regions[i],
                .limits = &options.limits,
                .source_address = options.source_address,
                .tls = options.regions[i].tls ? environment_.tls : nullptr,
                .poller = poller_.get(),
                .scratch = scratch_,
                .counters = region_counters_.back().get(),
                .now = &now_,
            },
            dispatcher_
        ));
        pools.push_back(pools_.back().get());
        if (environment_.probes) {
            probers_.push_back(std::make_unique<Prober>(Prober::Environment{
                .pool = pools_.back().get(),
                .writer = &writer_,
                .limits = &options.limits,
                .target = options.probe_target,
                .body = options.probe_body,
                .clock = options.clock.get(),
                .now = &now_,
            }));
        }
    }
    dispatcher_.set_pools(std::move(pools));
}

Result<std::unique_ptr<Loop>> Loop::create(Environment environment) {
    auto poller = Poller::create();
    if (!poller) {
        for (const int fd : environment.listeners) {
            ::close(fd);
        }
        return std::unexpected(poller.error());
    }
    auto loop = std::unique_ptr<Loop>(new Loop(std::move(environment), std::move(*poller)));
    if (Status watched = loop->wakeup_->begin(); !watched) {
        return std::unexpected(watched.error());
    }
    for (const auto& acceptor : loop->acceptors_) {
        if (Status watched = acceptor->begin(); !watched) {
            return std::unexpected(watched.error());
        }
    }
    return loop;
}

Loop::~Loop() {
    stop();
}

void Loop::start() {
    // The main thread takes signals; here writing to a closed connection must only fail.
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    thread_ = std::thread([this] { run(); });
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

void Loop::stop() {
    if (thread_.joinable()) {
        post([](Loop& loop) { loop.stopping_ = true; });
        thread_.join();
    }
    acceptors_.clear();
    // Applications are told by the end of their connections; what was in flight is cut.
    const auto clients = std::exchange(clients_, {});
}

void Loop::post(std::function<void(Loop&)> command) {
    {
        const std::lock_guard guard(commands_mutex_);
        commands_.push_back(std::move(command));
    }
    wakeup_->ring();
}

void Loop::run_commands() {
    std::vector<std::function<void(Loop&)>> commands;
    {
        const std::lock_guard guard(commands_mutex_);
        commands.swap(commands_);
    }
    for (const auto& command : commands) {
        if (!stopping_) {
            command(*this);
        }
    }
}

void Loop::run() {
    while (!stopping_) {
        now_ = environment_.options->clock->now();
        turned_at_.store(now_.time_since_epoch().count(), std::memory_order_relaxed);
        tick();
        poller_->wait(wait_ms());
        // The wait may have been long: nothing that came after it began before it.
        now_ = environment_.options->clock->now();
        poller_->hand_out();
    }
}

int Loop::wait_ms() {
    const Duration until = std::min(dispatcher_.next_deadline() - now_, kHousekeeping);
    if (until <= Duration::zero()) {
        return 0;
    }
    // Rounded up: waking before the deadline would only spin.
    return static_cast<int>(to_ms(until + std::chrono::nanoseconds{999'999}));
}

void Loop::tick() {
    closed_clients_.clear();
    for (const auto& pool : pools_) {
        pool->sweep();
        pool->tick();
    }
    for (const auto& prober : probers_) {
        prober->sweep();
        prober->tick();
    }
    dispatcher_.tick();
    if (last_words_ && (clients_.empty() || now_ >= last_words_->until)) {
        const auto then = std::exchange(last_words_->then, {});
        last_words_.reset();
        then();
    }
    if (now_ - clients_checked_at_ < kClientCheck) {
        return;
    }
    clients_checked_at_ = now_;
    for (const auto& acceptor : acceptors_) {
        acceptor->resume();
    }
    for (Client* client : clients()) {
        client->check_deadline();
    }
}

// A copy of the list, because a client that is visited may leave it at once.
std::vector<Client*> Loop::clients() const {
    std::vector<Client*> clients;
    clients.reserve(clients_.size());
    for (const auto& [client, owned] : clients_) {
        clients.push_back(client);
    }
    return clients;
}

void Loop::accepted(int fd) {
    if (clients_.size() >= environment_.options->limits.clients_max / environment_.options->loops) {
        counters_.refused_clients.add();
        ::close(fd);
        return;
    }
    const int on = 1;
    ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    auto client = std::make_unique<Client>(
        fd,
        Client::Environment{
            .poller = poller_.get(),
            .dispatcher = &dispatcher_,
            .limits = &environment_.options->limits,
            .counters = &counters_,
            .memory = &memory_,
            .unread = &unread_,
            .scratch = scratch_,
            .admission =
                {.names = is_tcp(fd) ? environment_.names : nullptr,
                 .client_keys = &environment_.options->client_keys},
            .clock = environment_.options->clock.get(),
            .now = &now_,
            .rng = &rng_,
            .owner = this,
        }
    );
    Client* raw = client.get();
    clients_.emplace(raw, std::move(client));
    counters_.clients.set(clients_.size());
    if (!raw->begin()) {
        raw->close();
    }
}

void Loop::client_closed(Client& client) {
    if (auto node = clients_.extract(&client); !node.empty()) {
        closed_clients_.push_back(std::move(node.mapped()));
    }
    counters_.clients.set(clients_.size());
}

void Loop::wind_down(Instant deadline, std::function<void(std::uint64_t)> then) {
    for (const auto& acceptor : acceptors_) {
        acceptor->take_last();
    }
    acceptors_.clear();
    dispatcher_.wind_down(deadline, [this, then = std::move(then)](std::uint64_t unknown) {
        for (Client* client : clients()) {
            client->wind_down();
        }
        last_words_ = LastWords{.until = now_ + kLastWords, .then = [then, unknown] {
                                    then(unknown);
                                }};
    });
}

void Loop::set_addresses(RegionIndex region, std::vector<std::string> addresses) {
    pools_[region]->set_addresses(std::move(addresses));
}

void Loop::set_credentials(sigv4::Credentials credentials) {
    writer_.set_credentials(std::move(credentials));
}

void Loop::add_to(Statistics& statistics, Instant now) const {
    statistics.in_flight_writes += counters_.in_flight_writes.get();
    statistics.held += counters_.parked.get();
    statistics.held_bytes += counters_.parked_bytes.get();
    statistics.clients += counters_.clients.get();
    statistics.refused_requests += counters_.refused_requests.get();
    statistics.refused_foreign += counters_.refused_foreign.get();
    statistics.discovery += counters_.discovery.get();
    statistics.refused_clients += counters_.refused_clients.get();
    statistics.answered_unavailable += counters_.answered_unavailable.get();
    statistics.answered_denied += counters_.answered_denied.get();
    for (std::size_t i = 0; i < region_counters_.size(); ++i) {
        region_counters_[i]->add_to(statistics.regions[i], now);
    }
    counters_.add_to(statistics.epochs);
}

}  // namespace farshore::dataplane
