#include "adapters/net/tcp_relay.h"

#include <chrono>
#include <map>
#include <utility>

#include <boost/asio/buffer.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/write.hpp>

#include "adapters/net/asio_types.h"
#include "adapters/net/listening.h"
#include "adapters/net/task_group.h"

namespace farshore::net {

namespace asio = boost::asio;
using asio::ip::tcp;

namespace {

constexpr std::size_t kPieceBytes = 16 * 1024;

struct Shared {
    Io& io;
    TcpRelay::Options options;
    TcpRelay::Router router;
    TcpRelay::Counters counters;
};

// One client's connection and the one made for it.
class Link {
  public:
    Link(std::shared_ptr<Shared> shared, TcpSocket client, std::string peer)
        : shared_(std::move(shared)),
          client_(std::move(client)),
          backend_(shared_->io.get_executor()),
          changed_(shared_->io.get_executor()),
          peer_(std::move(peer)) {
        changed_.expires_at(Timer::time_point::max());
    }

    static Task<> run(std::shared_ptr<Link> self) {
        TcpRelay::Route route = self->shared_->router(self->peer_);
        self->apply(route.treatment);
        co_await self->wait_while_hanging();
        if (self->cut_) {
            co_return;
        }
        // The choice may be old after a hang.
        route = self->shared_->router(self->peer_);
        const bool connected = co_await self->connect(route.backends);
        if (!connected) {
            ++self->shared_->counters.unreachable;
            cut_socket(self->client_);
            co_return;
        }
        ++self->shared_->counters.connected;
        using namespace asio::experimental::awaitable_operators;
        co_await (
            self->copy(
                &self->client_, &self->backend_, &self->shared_->counters.bytes_to_backends
            ) &&
            self->copy(&self->backend_, &self->client_, &self->shared_->counters.bytes_to_clients)
        );
    }

    void reconsider() {
        const TcpRelay::Route route = shared_->router(peer_);
        apply(route.treatment);
    }

    void cut() {
        if (!cut_) {
            cut_ = true;
            ++shared_->counters.cut;
        }
        drop();
    }

  private:
    void apply(RelayTreatment treatment) {
        switch (treatment) {
            case RelayTreatment::reset: cut(); return;
            case RelayTreatment::hang:
                shared_->counters.hung += hanging_ ? 0 : 1;
                hanging_ = true;
                return;
            case RelayTreatment::serve:
                if (hanging_ && shared_->options.reset_after_hang) {
                    cut();
                    return;
                }
                hanging_ = false;
                changed_.cancel();
                return;
        }
    }

    // Both sides see a reset, and whoever waits goes on and finds the sockets closed.
    void drop() {
        cut_socket(client_);
        cut_socket(backend_);
        changed_.cancel();
    }

    Task<> wait_while_hanging() {
        while (hanging_ && !cut_) {
            auto [woken] = co_await changed_.async_wait(kAwait);
            static_cast<void>(woken);
        }
    }

    Task<bool> connect(std::vector<TcpRelay::Backend> backends) {
        for (const TcpRelay::Backend& backend : backends) {
            const bool connected = co_await connect_to(backend);
            if (connected || cut_) {
                co_return connected && !cut_;
            }
        }
        co_return false;
    }

    Task<bool> connect_to(TcpRelay::Backend to) {
        const Result<tcp::endpoint> where = endpoint_from(to.address, to.port);
        if (!where) {
            co_return false;
        }
        boost::system::error_code error;
        backend_ = TcpSocket(shared_->io.get_executor());
        backend_.open(where->protocol(), error);
        if (!error && !shared_->options.source_address.empty()) {
            const Result<tcp::endpoint> from = endpoint_from(shared_->options.source_address, 0);
            if (!from) {
                co_return false;
            }
            backend_.bind(*from, error);
        }
        if (error) {
            co_return false;
        }
        const ClosesAt<TcpSocket> guard(
            backend_, std::chrono::steady_clock::now() + shared_->options.connect_timeout
        );
        auto [connect_error] = co_await backend_.async_connect(*where, kAwait);
        boost::system::error_code ignored;
        backend_.set_option(tcp::no_delay(true), ignored);
        co_return !connect_error && backend_.is_open();
    }

    Task<> copy(TcpSocket* from, TcpSocket* to, std::uint64_t* counter) {
        std::string piece(kPieceBytes, '\0');
        while (!cut_) {
            auto [read_error, count] = co_await from->async_read_some(asio::buffer(piece), kAwait);
            // What was read as the hanging began stays here.
            co_await wait_while_hanging();
            if (read_error == asio::error::eof) {
                boost::system::error_code ignored;
                to->shutdown(asio::socket_base::shutdown_send, ignored);
                co_return;
            }
            if (read_error || cut_) {
                break;
            }
            auto [write_error, written] =
                co_await asio::async_write(*to, asio::buffer(piece, count), kAwait);
            *counter += written;
            if (write_error) {
                break;
            }
        }
        drop();
    }

    std::shared_ptr<Shared> shared_;
    TcpSocket client_;
    TcpSocket backend_;
    Timer changed_;  // cancelled when the treatment has changed
    std::string peer_;
    bool hanging_ = false;
    bool cut_ = false;
};

// The relay's state, kept alive by its own coroutines as well as by the TcpRelay.
class RelayCore final : public std::enable_shared_from_this<RelayCore> {
  public:
    RelayCore(Io& io, TcpRelay::Options options, TcpRelay::Router router)
        : shared_(std::make_shared<Shared>(Shared{
              .io = io, .options = std::move(options), .router = std::move(router), .counters = {}
          })),
          tasks_(io),
          drained_(io.get_executor()) {
        drained_.expires_at(Timer::time_point::max());
    }

    Status prepare() {
        const Result<tcp::endpoint> where =
            endpoint_from(shared_->options.address, shared_->options.port);
        if (!where) {
            return std::unexpected(where.error());
        }
        where_ = *where;
        return open();
    }

    Status open() {
        if (acceptor_) {
            return {};
        }
        const Result<std::shared_ptr<TcpAcceptor>> listening = listen_on(shared_->io, where_);
        if (!listening) {
            return std::unexpected(listening.error());
        }
        acceptor_ = *listening;
        where_.port(acceptor_->local_endpoint().port());
        tasks_.spawn(
            shared_->options.name + " accept",
            [self = shared_from_this(), acceptor = acceptor_] { return accept_all(self, acceptor); }
        );
        return {};
    }

    void close() {
        if (acceptor_) {
            boost::system::error_code ignored;
            acceptor_->close(ignored);
            acceptor_.reset();
        }
    }

    void reconsider() {
        const std::map<std::uint64_t, Entry> all = links_;
        for (const auto& [number, entry] : all) {
            entry.link->reconsider();
        }
    }

    void cut_all() {
        const std::map<std::uint64_t, Entry> all = links_;
        for (const auto& [number, entry] : all) {
            entry.link->cut();
            tasks_.cancel(entry.task);
        }
    }

    Task<> wait_until_drained(Duration patience) {
        const auto keep = shared_from_this();
        if (!links_.empty()) {
            drained_.expires_after(patience);
            auto [woken] = co_await drained_.async_wait(kAwait);
            static_cast<void>(woken);
        }
    }

    [[nodiscard]] std::uint16_t port() const { return where_.port(); }

    [[nodiscard]] TcpRelay::Counters counters() const {
        TcpRelay::Counters counters = shared_->counters;
        counters.open = links_.size();
        return counters;
    }

  private:
    struct Entry {
        std::shared_ptr<Link> link;
        TaskGroup::TaskId task = 0;
    };

    // Leaves the list when the coroutine's frame goes, however that happens.
    class Listed {
      public:
        Listed(std::shared_ptr<RelayCore> core, std::uint64_t number)
            : core_(std::move(core)), number_(number) {}

        Listed(const Listed&) = delete;
        Listed& operator=(const Listed&) = delete;

        ~Listed() {
            core_->links_.erase(number_);
            if (core_->links_.empty()) {
                core_->drained_.cancel();
            }
        }

      private:
        std::shared_ptr<RelayCore> core_;
        std::uint64_t number_;
    };

    static Task<> accept_all(
        std::shared_ptr<RelayCore> self, std::shared_ptr<TcpAcceptor> acceptor
    ) {
        // Out of descriptors: the connection stays in the kernel's queue, so a short pause
        // suffices.
        constexpr Duration kPause = std::chrono::milliseconds{50};
        while (acceptor->is_open()) {
            TcpSocket socket(self->shared_->io.get_executor());
            tcp::endpoint peer;
            auto [error] = co_await acceptor->async_accept(socket, peer, kAwait);
            if (!error) {
                self->welcome(std::move(socket), peer);
            } else if (acceptor->is_open()) {
                const bool go_on = co_await sleep_for(self->shared_->io, kPause);
                if (!go_on) {
                    co_return;
                }
            }
        }
    }

    static Task<> serve(
        std::shared_ptr<RelayCore> self, std::uint64_t number, std::shared_ptr<Link> link
    ) {
        const Listed listed(self, number);
        co_await Link::run(link);
    }

    void welcome(TcpSocket socket, const tcp::endpoint& peer) {
        if (links_.size() >= shared_->options.connections_max) {
            cut_socket(socket);
            return;
        }
        ++shared_->counters.accepted;
        boost::system::error_code ignored;
        socket.set_option(tcp::no_delay(true), ignored);
        const auto link =
            std::make_shared<Link>(shared_, std::move(socket), peer.address().to_string());
        const std::uint64_t number = ++last_number_;
        links_.emplace(number, Entry{.link = link, .task = 0});
        const TaskGroup::TaskId task = tasks_.spawn(
            shared_->options.name + " link",
            [self = shared_from_this(), number, link] { return serve(self, number, link); }
        );
        const auto entry = links_.find(number);
        if (entry != links_.end()) {
            entry->second.task = task;
        }
    }

    std::shared_ptr<Shared> shared_;
    tcp::endpoint where_;
    std::shared_ptr<TcpAcceptor> acceptor_;
    std::map<std::uint64_t, Entry> links_;
    std::uint64_t last_number_ = 0;
    TaskGroup tasks_;
    Timer drained_;
};

class AsioTcpRelay final : public TcpRelay {
  public:
    explicit AsioTcpRelay(std::shared_ptr<RelayCore> core) : core_(std::move(core)) {}

    ~AsioTcpRelay() override {
        core_->close();
        core_->cut_all();
    }

    AsioTcpRelay(const AsioTcpRelay&) = delete;
    AsioTcpRelay& operator=(const AsioTcpRelay&) = delete;

    [[nodiscard]] std::uint16_t port() const override { return core_->port(); }

    [[nodiscard]] Counters counters() const override { return core_->counters(); }

    void reconsider() override { core_->reconsider(); }

    Status set_listening(bool on) override {
        if (on) {
            return core_->open();
        }
        core_->close();
        return {};
    }

    void cut_connections() override { core_->cut_all(); }

    Task<> stop() override {
        // A cut link ends at its next turn; the bound is for one that does not.
        constexpr Duration kPatience = std::chrono::seconds{1};
        const std::shared_ptr<RelayCore> core = core_;
        core->close();
        core->cut_all();
        co_await core->wait_until_drained(kPatience);
    }

  private:
    std::shared_ptr<RelayCore> core_;
};

}  // namespace

Result<std::unique_ptr<TcpRelay>> TcpRelay::listen(Io& io, Options options, Router router) {
    auto core = std::make_shared<RelayCore>(io, std::move(options), std::move(router));
    const Status ready = core->prepare();
    if (!ready) {
        return std::unexpected(ready.error());
    }
    return std::make_unique<AsioTcpRelay>(std::move(core));
}

}  // namespace farshore::net
