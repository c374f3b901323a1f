#include "lab/faults/forwarder.h"

#include <array>
#include <set>
#include <utility>

#include <boost/asio/buffer.hpp>
#include <boost/asio/write.hpp>
#include <fmt/format.h>

#include "adapters/net/asio_types.h"
#include "adapters/net/task_group.h"
#include "lab/faults/hang.h"

namespace farshore::lab {

namespace asio = boost::asio;
using tcp = asio::ip::tcp;

namespace {

constexpr std::size_t kPieceBytes = 16 * 1024;

struct Pair {
    explicit Pair(net::TcpSocket accepted) : client(std::move(accepted)), backend(client.get_executor()) {}

    void cut() {
        net::cut_socket(client);
        net::cut_socket(backend);
    }

    net::TcpSocket client;
    net::TcpSocket backend;
    PartyId from;
    int open_directions = 2;
};

class TcpForwarder final : public Forwarder {
  public:
    TcpForwarder(net::Io& io, Options options, FaultBoard& board)
        : io_(io),
          options_(std::move(options)),
          board_(board),
          acceptor_(io),
          tasks_(io) {}

    Status open() {
        boost::system::error_code error;
        const auto address = asio::ip::make_address(options_.address, error);
        if (error) {
            return fail(ErrorKind::malformed, options_.address + " is not an address");
        }
        const tcp::endpoint endpoint{address, options_.port};
        acceptor_.open(endpoint.protocol(), error);
        acceptor_.set_option(asio::socket_base::reuse_address(true), error);
        acceptor_.bind(endpoint, error);
        if (!error) {
            acceptor_.listen(asio::socket_base::max_listen_connections, error);
        }
        if (error) {
            return fail(
                ErrorKind::conflict,
                fmt::format("{} cannot listen on {}:{}: {}", options_.name, options_.address, options_.port, error.message()),
                fmt::format("see who does: ss -ltnp 'sport = :{}'", options_.port)
            );
        }
        tasks_.spawn(options_.name, [this] { return accept(); });
        return {};
    }

    [[nodiscard]] std::uint16_t port() const override { return acceptor_.local_endpoint().port(); }

    net::Task<> stop() override {
        boost::system::error_code ignored;
        acceptor_.close(ignored);
        tasks_.stop();
        for (const auto& pair : pairs_) {
            pair->cut();
        }
        while (!tasks_.idle()) {
            co_await net::sleep_for(io_, std::chrono::milliseconds{1});
        }
    }

  private:
    net::Task<> accept() {
        while (true) {
            auto [error, socket] = co_await acceptor_.async_accept(net::kAwait);
            if (error == asio::error::operation_aborted || tasks_.stopping()) {
                co_return;
            }
            if (error) {
                // Out of files, for example: waiting is all there is to do.
                co_await net::sleep_for(io_, std::chrono::milliseconds{50});
                continue;
            }
            if (pairs_.size() >= options_.connections_max) {
                net::cut_socket(socket);
                continue;
            }
            const auto pair = std::make_shared<Pair>(std::move(socket));
            boost::system::error_code unknown;
            pair->from = board_.world().party_of(pair->client.remote_endpoint(unknown).address().to_string());
            pairs_.insert(pair);
            tasks_.spawn(options_.name + " connection", [this, pair] { return serve(pair); });
        }
    }

    [[nodiscard]] bool blocked(const Pair& pair) const {
        return board_.look(pair.from, options_.self) != Treatment::serve ||
               (options_.beyond && board_.look(options_.self, *options_.beyond) != Treatment::serve);
    }

    void count(const Pair& pair) {
        (void)board_.treat(pair.from, options_.self);
        if (options_.beyond) {
            (void)board_.treat(options_.self, *options_.beyond);
        }
    }

    // True: go on. Otherwise the fault was waited for, and the connection is cut.
    net::Task<bool> pass(std::shared_ptr<Pair> pair) {
        if (!blocked(*pair)) {
            co_return true;
        }
        count(*pair);
        co_await wait_while(io_, board_, [this, pair] { return blocked(*pair) && pair->client.is_open(); });
        pair->cut();
        co_return false;
    }

    net::Task<> serve(std::shared_ptr<Pair> pair) {
        bool connected = co_await pass(pair);
        if (connected) {
            connected = co_await connect(pair);
        }
        if (!connected) {
            pair->cut();
            pairs_.erase(pair);
            co_return;
        }
        boost::system::error_code ignored;
        pair->client.set_option(tcp::no_delay(true), ignored);
        pair->backend.set_option(tcp::no_delay(true), ignored);
        tasks_.spawn(options_.name + " up", [this, pair] { return pump(pair, true); });
        tasks_.spawn(options_.name + " down", [this, pair] { return pump(pair, false); });
    }

    net::Task<bool> connect(std::shared_ptr<Pair> pair) {
        for (std::size_t attempt = 0; attempt < options_.backends.size(); ++attempt) {
            const Backend& backend = options_.backends[next_++ % options_.backends.size()];
            pair->backend = net::TcpSocket{io_};
            boost::system::error_code error;
            pair->backend.open(tcp::v4(), error);
            pair->backend.bind({asio::ip::make_address(options_.address), 0}, error);
            const net::ClosesAt closes{
                pair->backend, std::chrono::steady_clock::now() +
                                   std::chrono::duration_cast<std::chrono::steady_clock::duration>(options_.connect_timeout)
            };
            const tcp::endpoint endpoint{asio::ip::make_address(backend.address), backend.port};
            const auto [refused] = co_await pair->backend.async_connect(endpoint, net::kAwait);
            if (!refused && !error) {
                co_return true;
            }
        }
        co_return false;
    }

    // One direction of a connection, until its sender ends it or either side fails.
    net::Task<> pump(std::shared_ptr<Pair> pair, bool up) {
        net::TcpSocket& source = up ? pair->client : pair->backend;
        net::TcpSocket& sink = up ? pair->backend : pair->client;
        std::array<char, kPieceBytes> piece{};
        while (true) {
            const auto [ended, size] = co_await source.async_read_some(asio::buffer(piece), net::kAwait);
            const bool go_on = co_await pass(pair);
            if (!go_on || (ended && ended != asio::error::eof)) {
                pair->cut();
                break;
            }
            if (ended == asio::error::eof) {
                boost::system::error_code ignored;
                sink.shutdown(tcp::socket::shutdown_send, ignored);
                break;
            }
            const auto [failed, written] = co_await asio::async_write(sink, asio::buffer(piece.data(), size), net::kAwait);
            if (failed || written != size) {
                pair->cut();
                break;
            }
        }
        if (--pair->open_directions == 0) {
            pairs_.erase(pair);
        }
    }

    net::Io& io_;
    Options options_;
    FaultBoard& board_;
    net::TcpAcceptor acceptor_;
    std::set<std::shared_ptr<Pair>> pairs_;
    std::size_t next_ = 0;
    net::TaskGroup tasks_;
};

}  // namespace

Result<std::unique_ptr<Forwarder>> Forwarder::listen(net::Io& io, Options options, FaultBoard& board) {
    auto forwarder = std::make_unique<TcpForwarder>(io, std::move(options), board);
    if (const Status opened = forwarder->open(); !opened) {
        return std::unexpected(opened.error());
    }
    return forwarder;
}

}  // namespace farshore::lab
