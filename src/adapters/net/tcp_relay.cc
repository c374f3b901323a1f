#include "adapters/net/tcp_relay.h"

#include <chrono>
#include <utility>

#include <boost/asio/buffer.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/write.hpp>

#include "adapters/net/asio_types.h"
#include "adapters/net/listener.h"

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
        using asio::experimental::awaitable_operators::operator&&;
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

    // Both sides see a reset. Coroutines that wait go on and find the sockets closed.
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

using Links = Listener<Link>;

class AsioTcpRelay final : public TcpRelay {
  public:
    AsioTcpRelay(std::shared_ptr<Shared> shared, std::shared_ptr<Links> links)
        : shared_(std::move(shared)), links_(std::move(links)) {}

    ~AsioTcpRelay() override {
        links_->close();
        links_->cut_all();
    }

    AsioTcpRelay(const AsioTcpRelay&) = delete;
    AsioTcpRelay& operator=(const AsioTcpRelay&) = delete;

    [[nodiscard]] std::uint16_t port() const override { return links_->port(); }

    [[nodiscard]] Counters counters() const override {
        Counters counters = shared_->counters;
        counters.open = links_->size();
        return counters;
    }

    void reconsider() override {
        links_->for_each([](Link& link) { link.reconsider(); });
    }

    Status set_listening(bool on) override {
        if (on) {
            return links_->open();
        }
        links_->close();
        return {};
    }

    void cut_connections() override { links_->cut_all(); }

    Task<> stop() override {
        // A cut link ends at its next turn; the bound is for one that does not.
        constexpr Duration kPatience = std::chrono::seconds{1};
        const std::shared_ptr<Links> links = links_;
        links->close();
        links->cut_all();
        co_await links->wait_until_drained(kPatience);
    }

  private:
    std::shared_ptr<Shared> shared_;
    std::shared_ptr<Links> links_;
};

}  // namespace

Result<std::unique_ptr<TcpRelay>> TcpRelay::listen(Io& io, Options options, Router router) {
    const Result<tcp::endpoint> where = endpoint_from(options.address, options.port);
    if (!where) {
        return std::unexpected(where.error());
    }
    auto shared = std::make_shared<Shared>(
        Shared{.io = io, .options = std::move(options), .router = std::move(router), .counters = {}}
    );
    auto links = std::make_shared<Links>(
        io,
        Links::Options{
            .name = shared->options.name, .connections_max = shared->options.connections_max
        },
        Links::Upcalls{
            .make =
                [shared](TcpSocket socket, const tcp::endpoint& peer) {
                    ++shared->counters.accepted;
                    return std::make_shared<Link>(
                        shared, std::move(socket), peer.address().to_string()
                    );
                },
            .serve =
                [](std::shared_ptr<Link> link) {
                    return Link::run(link);
                }
        }
    );
    if (const Status open = links->open(*where); !open) {
        return std::unexpected(open.error());
    }
    return std::make_unique<AsioTcpRelay>(std::move(shared), std::move(links));
}

}  // namespace farshore::net
