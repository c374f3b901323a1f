#include "adapters/net/http_server.h"

#include <chrono>
#include <utility>

#include <boost/asio/ssl/context.hpp>
#include <openssl/ssl.h>

#include "adapters/net/asio_types.h"
#include "adapters/net/http_connection.h"
#include "adapters/net/listener.h"
#include "adapters/net/pem_file.h"

namespace farshore::net {

namespace asio = boost::asio;
using asio::ip::tcp;

namespace {

using TlsStream = asio::ssl::stream<TcpSocket>;

Result<std::shared_ptr<asio::ssl::context>> tls_context(const ServerTls& files) {
    Status good = check_certificates(files.certificate_file, "the TLS certificate");
    if (good) {
        good = check_private_key(files.key_file, "the TLS key");
    }
    if (!good) {
        return std::unexpected(std::move(good.error()));
    }
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

using Connections = Listener<HttpConnection>;

// The context of connections to come; those that are there keep theirs alive.
struct TlsNow {
    std::shared_ptr<asio::ssl::context> context;
};

class AsioHttpServer final : public HttpServer {
  public:
    AsioHttpServer(
        std::shared_ptr<ServerShared> shared,
        std::shared_ptr<Connections> connections,
        std::shared_ptr<TlsNow> tls
    )
        : shared_(std::move(shared)), connections_(std::move(connections)), tls_(std::move(tls)) {}

    ~AsioHttpServer() override {
        retire_all(*shared_, *connections_);
        connections_->cut_all();
    }

    AsioHttpServer(const AsioHttpServer&) = delete;
    AsioHttpServer& operator=(const AsioHttpServer&) = delete;

    [[nodiscard]] std::uint16_t port() const override { return connections_->port(); }

    Status set_listening(bool on) override {
        if (on) {
            return connections_->open();
        }
        connections_->close();
        return {};
    }

    Status reload_tls() override {
        if (!shared_->options.tls) {
            return {};
        }
        auto context = tls_context(*shared_->options.tls);
        if (!context) {
            return std::unexpected(std::move(context.error()));
        }
        tls_->context = std::move(*context);
        return {};
    }

    void cut_connections() override { connections_->cut_all(); }

    Task<> stop(Duration grace) override {
        // A cancelled request ends at its next wait; the bound is for one that does not.
        constexpr Duration kAfterCut = std::chrono::seconds{1};
        const std::shared_ptr<Connections> connections = connections_;
        retire_all(*shared_, *connections);
        co_await connections->wait_until_drained(grace);
        connections->cut_all();
        co_await connections->wait_until_drained(kAfterCut);
    }

  private:
    // No new connection is accepted, and each that is open ends after the request it is at.
    static void retire_all(ServerShared& shared, Connections& connections) {
        shared.stopping = true;
        connections.close();
        connections.for_each([](HttpConnection& connection) { connection.retire(); });
    }

    std::shared_ptr<ServerShared> shared_;
    std::shared_ptr<Connections> connections_;
    std::shared_ptr<TlsNow> tls_;
};

Connections::Upcalls upcalls_of(
    const std::shared_ptr<ServerShared>& shared, const std::shared_ptr<TlsNow>& tls
) {
    return {
        .make = [shared, tls](
                    TcpSocket socket, const tcp::endpoint& peer
                ) -> std::shared_ptr<HttpConnection> {
            if (tls->context) {
                return std::make_shared<HttpConnectionOver<TlsStream>>(
                    shared, TlsStream(std::move(socket), *tls->context), peer
                );
            }
            return std::make_shared<HttpConnectionOver<TcpSocket>>(shared, std::move(socket), peer);
        },
        .serve =
            [](std::shared_ptr<HttpConnection> connection) {
                return connection->serve();
            }
    };
}

}  // namespace

Result<std::unique_ptr<HttpServer>> HttpServer::listen(Io& io, Options options, Handler handler) {
    const Result<tcp::endpoint> where = endpoint_from(options.address, options.port);
    if (!where) {
        return std::unexpected(where.error());
    }
    const auto tls = std::make_shared<TlsNow>();
    if (options.tls) {
        auto context = tls_context(*options.tls);
        if (!context) {
            return std::unexpected(context.error());
        }
        tls->context = std::move(*context);
    }
    auto shared = std::make_shared<ServerShared>();
    shared->options = std::move(options);
    shared->handler = std::move(handler);
    auto connections = std::make_shared<Connections>(
        io,
        Connections::Options{
            .name = shared->options.name, .connections_max = shared->options.connections_max
        },
        upcalls_of(shared, tls)
    );
    if (const Status open = connections->open(*where); !open) {
        return std::unexpected(open.error());
    }
    return std::make_unique<AsioHttpServer>(std::move(shared), std::move(connections), tls);
}

}  // namespace farshore::net
