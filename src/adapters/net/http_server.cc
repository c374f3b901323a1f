#include "adapters/net/http_server.h"

#include <chrono>
#include <map>
#include <utility>
#include <vector>

#include <boost/asio/ssl/context.hpp>
#include <openssl/ssl.h>

#include "adapters/net/asio_types.h"
#include "adapters/net/http_connection.h"
#include "adapters/net/listening.h"
#include "adapters/net/task_group.h"

namespace farshore::net {

namespace asio = boost::asio;
using asio::ip::tcp;

namespace {

using TlsStream = asio::ssl::stream<TcpSocket>;

Result<std::shared_ptr<asio::ssl::context>> tls_context(const ServerTls& files) {
    auto context = std::make_shared<asio::ssl::context>(asio::ssl::context::tls_server);
    boost::system::error_code error;
    SSL_CTX_set_min_proto_version(context->native_handle(), TLS1_2_VERSION);
    // A quarter of the memory of an idle connection.
    SSL_CTX_set_mode(context->native_handle(), SSL_MODE_RELEASE_BUFFERS);
    context->use_certificate_chain_file(files.certificate_file, error);
    if (error) {
        return fail(
            ErrorKind::malformed,
            "TLS certificate " + files.certificate_file + ": " + error.message(),
            "the file must hold a PEM certificate chain and be readable"
        );
    }
    context->use_private_key_file(files.key_file, asio::ssl::context::pem, error);
    if (error) {
        return fail(
            ErrorKind::malformed,
            "TLS key " + files.key_file + ": " + error.message(),
            "the file must hold the certificate's PEM key and be readable"
        );
    }
    return context;
}

// The server's state, kept alive by its own coroutines as well as by the HttpServer.
class Core final : public std::enable_shared_from_this<Core> {
  public:
    Core(Io& io, HttpServer::Options options, HttpServer::Handler handler)
        : io_(io),
          shared_(std::make_shared<ServerShared>()),
          tasks_(io),
          drained_(io.get_executor()) {
        shared_->options = std::move(options);
        shared_->handler = std::move(handler);
        drained_.expires_at(Timer::time_point::max());
    }

    Status prepare() {
        const Result<tcp::endpoint> where =
            endpoint_from(shared_->options.address, shared_->options.port);
        if (!where) {
            return std::unexpected(where.error());
        }
        where_ = *where;
        if (shared_->options.tls) {
            auto context = tls_context(*shared_->options.tls);
            if (!context) {
                return std::unexpected(context.error());
            }
            tls_ = std::move(*context);
        }
        return open();
    }

    Status open() {
        if (acceptor_) {
            return {};
        }
        const Result<std::shared_ptr<TcpAcceptor>> listening = listen_on(io_, where_);
        if (!listening) {
            return std::unexpected(listening.error());
        }
        const std::shared_ptr<TcpAcceptor> acceptor = *listening;
        where_.port(acceptor->local_endpoint().port());
        acceptor_ = acceptor;
        tasks_.spawn(shared_->options.name + " accept", [self = shared_from_this(), acceptor] {
            return accept_all(self, acceptor);
        });
        return {};
    }

    void close() {
        if (acceptor_) {
            boost::system::error_code ignored;
            acceptor_->close(ignored);
            acceptor_.reset();
        }
    }

    void cut_all() {
        // A copy, because a cancelled task may leave the list at once.
        const std::map<std::uint64_t, Entry> all = connections_;
        for (const auto& [number, entry] : all) {
            entry.connection->cut();
            tasks_.cancel(entry.task);
        }
    }

    void retire_all() {
        shared_->stopping = true;
        close();
        for (const auto& [number, entry] : connections_) {
            entry.connection->retire();
        }
    }

    Task<> wait_until_drained(Duration patience) {
        const auto keep = shared_from_this();
        if (!connections_.empty()) {
            drained_.expires_after(patience);
            auto [error] = co_await drained_.async_wait(kAwait);
            static_cast<void>(error);
        }
    }

    [[nodiscard]] std::uint16_t port() const { return where_.port(); }

  private:
    struct Entry {
        std::shared_ptr<HttpConnection> connection;
        TaskGroup::TaskId task = 0;
    };

    // Leaves the list when the coroutine's frame goes, however that happens.
    class Listed {
      public:
        Listed(std::shared_ptr<Core> core, std::uint64_t number)
            : core_(std::move(core)), number_(number) {}

        Listed(const Listed&) = delete;
        Listed& operator=(const Listed&) = delete;

        ~Listed() {
            core_->connections_.erase(number_);
            if (core_->connections_.empty()) {
                core_->drained_.cancel();
            }
        }

      private:
        std::shared_ptr<Core> core_;
        std::uint64_t number_;
    };

    static Task<> accept_all(std::shared_ptr<Core> self, std::shared_ptr<TcpAcceptor> acceptor) {
        // Out of descriptors: the connection stays in the kernel's queue, so a short pause
        // suffices.
        constexpr Duration kPause = std::chrono::milliseconds{50};
        while (acceptor->is_open()) {
            TcpSocket socket(self->io_.get_executor());
            tcp::endpoint peer;
            auto [error] = co_await acceptor->async_accept(socket, peer, kAwait);
            if (!error) {
                self->welcome(std::move(socket), peer);
            } else if (acceptor->is_open()) {
                const bool go_on = co_await sleep_for(self->io_, kPause);
                if (!go_on) {
                    co_return;
                }
            }
        }
    }

    static Task<> serve(
        std::shared_ptr<Core> self, std::uint64_t number, std::shared_ptr<HttpConnection> connection
    ) {
        const Listed listed(self, number);
        co_await connection->serve();
    }

    void welcome(TcpSocket socket, const tcp::endpoint& peer) {
        if (connections_.size() >= shared_->options.connections_max) {
            cut_socket(socket);
            return;
        }
        boost::system::error_code ignored;
        socket.set_option(tcp::no_delay(true), ignored);
        std::shared_ptr<HttpConnection> connection;
        if (tls_) {
            connection = std::make_shared<HttpConnectionOver<TlsStream>>(
                shared_, TlsStream(std::move(socket), *tls_), peer
            );
        } else {
            connection =
                std::make_shared<HttpConnectionOver<TcpSocket>>(shared_, std::move(socket), peer);
        }
        const std::uint64_t number = ++last_number_;
        connections_.emplace(number, Entry{.connection = connection, .task = 0});
        const TaskGroup::TaskId task = tasks_.spawn(
            shared_->options.name + " connection",
            [self = shared_from_this(), number, connection] {
                return serve(self, number, connection);
            }
        );
        const auto entry = connections_.find(number);
        if (entry != connections_.end()) {
            entry->second.task = task;
        }
    }

    Io& io_;
    std::shared_ptr<ServerShared> shared_;
    tcp::endpoint where_;
    std::shared_ptr<asio::ssl::context> tls_;
    std::shared_ptr<TcpAcceptor> acceptor_;
    std::map<std::uint64_t, Entry> connections_;
    std::uint64_t last_number_ = 0;
    TaskGroup tasks_;
    Timer drained_;
};

class AsioHttpServer final : public HttpServer {
  public:
    explicit AsioHttpServer(std::shared_ptr<Core> core) : core_(std::move(core)) {}

    ~AsioHttpServer() override {
        core_->retire_all();
        core_->cut_all();
    }

    AsioHttpServer(const AsioHttpServer&) = delete;
    AsioHttpServer& operator=(const AsioHttpServer&) = delete;

    [[nodiscard]] std::uint16_t port() const override { return core_->port(); }

    Status set_listening(bool on) override {
        if (on) {
            return core_->open();
        }
        core_->close();
        return {};
    }

    void cut_connections() override { core_->cut_all(); }

    Task<> stop(Duration grace) override {
        // A cancelled request ends at its next wait; the bound is for one that does not.
        constexpr Duration kAfterCut = std::chrono::seconds{1};
        const std::shared_ptr<Core> core = core_;
        core->retire_all();
        co_await core->wait_until_drained(grace);
        core->cut_all();
        co_await core->wait_until_drained(kAfterCut);
    }

  private:
    std::shared_ptr<Core> core_;
};

}  // namespace

Result<std::unique_ptr<HttpServer>> HttpServer::listen(Io& io, Options options, Handler handler) {
    auto core = std::make_shared<Core>(io, std::move(options), std::move(handler));
    const Status ready = core->prepare();
    if (!ready) {
        return std::unexpected(ready.error());
    }
    return std::make_unique<AsioHttpServer>(std::move(core));
}

}  // namespace farshore::net
