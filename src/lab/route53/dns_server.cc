#include "lab/route53/dns_server.h"

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include <boost/asio/buffer.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>

#include "adapters/net/asio_types.h"
#include "adapters/net/listening.h"
#include "adapters/net/task_group.h"

namespace farshore::lab::route53 {

namespace {

using boost::asio::ip::udp;
using net::dns::Message;

constexpr std::size_t kPlainUdpMax = 512;  // RFC 1035, without EDNS
constexpr std::size_t kUdpMax = 1232;      // what passes everywhere unfragmented
constexpr std::size_t kQueryMax = 4096;
constexpr std::size_t kQueriesPerConnection = 1000;
constexpr auto kTcpIdle = std::chrono::seconds{10};
constexpr int kPortTries = 20;

std::size_t room_for(const Message& query) {
    return std::clamp<std::size_t>(
        query.edns_udp_size.value_or(kPlainUdpMax), kPlainUdpMax, kUdpMax
    );
}

// What to say to bytes that are no DNS message: their id is all that can be trusted.
std::optional<Message> format_error(std::span<const std::uint8_t> bytes) {
    constexpr std::size_t kHeader = 12;
    constexpr std::uint8_t kResponseBit = 0x80;
    if (bytes.size() < kHeader || (bytes[2] & kResponseBit) != 0) {
        return std::nullopt;
    }
    Message reply;
    reply.id = static_cast<std::uint16_t>((bytes[0] << 8U) | bytes[1]);
    reply.response = true;
    reply.rcode = net::dns::Rcode::format_error;
    return reply;
}

// Gives the question's letters back as they were asked: some resolvers mix their case and look
// whether it returns (draft-vixie-dnsext-dns0x20). Both messages begin with the same question.
void keep_case(std::span<const std::uint8_t> query, std::vector<std::uint8_t>& reply) {
    constexpr std::size_t kLabelMax = 63;
    std::size_t at = 12;
    while (at < std::min(query.size(), reply.size())) {
        const std::size_t label = query[at];
        const std::size_t end = at + 1 + label;
        if (label == 0 || label > kLabelMax || reply[at] != label ||
            end > std::min(query.size(), reply.size())) {
            return;
        }
        std::ranges::copy(
            query.subspan(at, 1 + label), reply.begin() + static_cast<std::ptrdiff_t>(at)
        );
        at = end;
    }
}

class Server final : public DnsServer {
  public:
    Server(
        net::Io& io,
        Options options,
        net::UdpSocket udp_socket,
        std::shared_ptr<net::TcpAcceptor> acceptor,
        Answerer answerer
    )
        : io_(io),
          options_(std::move(options)),
          udp_(std::move(udp_socket)),
          acceptor_(std::move(acceptor)),
          answerer_(std::move(answerer)),
          tasks_(io) {}

    void start() {
        tasks_.spawn("dns udp", [this] { return serve_udp(); });
        tasks_.spawn("dns tcp", [this] { return accept(); });
    }

    [[nodiscard]] std::uint16_t port() const override {
        boost::system::error_code ignored;
        return acceptor_->local_endpoint(ignored).port();
    }

    net::Task<> stop() override {
        tasks_.stop();
        while (!tasks_.idle()) {
            net::Timer turn(io_.get_executor(), std::chrono::milliseconds{1});
            co_await turn.async_wait(net::kAwait);
        }
        boost::system::error_code ignored;
        udp_.close(ignored);
        acceptor_->close(ignored);
    }

  private:
    [[nodiscard]] std::vector<std::uint8_t> reply_to(
        std::span<const std::uint8_t> bytes, const std::string& peer, bool over_udp
    ) const {
        const auto query = net::dns::decode(bytes);
        if (!query) {
            const auto reply = format_error(bytes);
            return reply ? net::dns::encode(*reply) : std::vector<std::uint8_t>{};
        }
        // Answering an answer would let two servers talk for ever.
        if (query->response) {
            return {};
        }
        const auto reply = answerer_(*query, peer);
        if (!reply) {
            return {};
        }
        std::vector<std::uint8_t> out =
            over_udp ? net::dns::encode(*reply, room_for(*query)) : net::dns::encode(*reply);
        if (!reply->questions.empty()) {
            keep_case(bytes, out);
        }
        return out;
    }

    net::Task<> serve_udp() {
        std::array<std::uint8_t, kQueryMax> bytes{};
        udp::endpoint peer;
        while (!tasks_.stopping()) {
            const auto buffer = boost::asio::buffer(bytes);
            const auto [error, count] = co_await udp_.async_receive_from(buffer, peer, net::kAwait);
            if (error == boost::asio::error::operation_aborted) {
                co_return;
            }
            if (error) {
                continue;  // an ICMP error of an earlier answer
            }
            const std::span received{bytes.data(), count};
            const auto reply = reply_to(received, peer.address().to_string(), true);
            if (!reply.empty()) {
                const auto out = boost::asio::buffer(reply);
                // A datagram that cannot be sent is lost, as datagrams may be.
                co_await udp_.async_send_to(out, peer, net::kAwait);
            }
        }
    }

    net::Task<> accept() {
        while (!tasks_.stopping()) {
            auto socket = std::make_shared<net::TcpSocket>(io_.get_executor());
            const auto [error] = co_await acceptor_->async_accept(*socket, net::kAwait);
            if (error == boost::asio::error::operation_aborted) {
                co_return;
            }
            if (error) {
                // Out of descriptors, most likely: wait instead of spinning.
                net::Timer pause(io_.get_executor(), std::chrono::milliseconds{50});
                co_await pause.async_wait(net::kAwait);
                continue;
            }
            if (open_ >= options_.connections_max) {
                net::cut_socket(*socket);
                continue;
            }
            tasks_.spawn("dns connection", [this, socket] { return serve_tcp(socket); });
        }
    }

    net::Task<> serve_tcp(std::shared_ptr<net::TcpSocket> socket) {
        ++open_;
        boost::system::error_code ignored;
        const std::string peer = socket->remote_endpoint(ignored).address().to_string();
        for (std::size_t i = 0; i < kQueriesPerConnection; ++i) {
            const net::ClosesAt patience(*socket, net::Timer::clock_type::now() + kTcpIdle);
            std::array<std::uint8_t, 2> length{};
            const auto head = boost::asio::buffer(length);
            const auto [head_error, head_count] =
                co_await boost::asio::async_read(*socket, head, net::kAwait);
            const auto size = static_cast<std::size_t>((length[0] << 8U) | length[1]);
            if (head_error || size > kQueryMax) {
                break;
            }
            std::vector<std::uint8_t> bytes(size);
            const auto body = boost::asio::buffer(bytes);
            const auto [error, count] =
                co_await boost::asio::async_read(*socket, body, net::kAwait);
            if (error) {
                break;
            }
            std::vector<std::uint8_t> reply = reply_to(bytes, peer, false);
            if (reply.empty()) {
                continue;  // lost on its way: the client waits, within our patience
            }
            const auto reply_size = static_cast<std::uint16_t>(reply.size());
            reply.insert(
                reply.begin(),
                {static_cast<std::uint8_t>(reply_size >> 8U),
                 static_cast<std::uint8_t>(reply_size & 0xFFU)}
            );
            const auto out = boost::asio::buffer(reply);
            const auto [write_error, written] =
                co_await boost::asio::async_write(*socket, out, net::kAwait);
            if (write_error) {
                break;
            }
        }
        --open_;
    }

    net::Io& io_;
    Options options_;
    net::UdpSocket udp_;
    std::shared_ptr<net::TcpAcceptor> acceptor_;
    Answerer answerer_;
    std::size_t open_ = 0;
    net::TaskGroup tasks_;
};

}  // namespace

Result<std::unique_ptr<DnsServer>> DnsServer::listen(
    net::Io& io, Options options, Answerer answerer
) {
    // With port 0 the kernel's choice for TCP may be taken for UDP: then another one is tried.
    const int tries = options.port == 0 ? kPortTries : 1;
    std::string trouble;
    for (int i = 0; i < tries; ++i) {
        const auto where = net::endpoint_from(options.address, options.port);
        if (!where) {
            return std::unexpected(where.error());
        }
        auto acceptor = net::listen_on(io, *where);
        if (!acceptor) {
            return std::unexpected(in_context("DNS over TCP", acceptor.error()));
        }
        boost::system::error_code error;
        const std::uint16_t port = (*acceptor)->local_endpoint(error).port();
        net::UdpSocket socket(io.get_executor());
        const udp::endpoint here(where->address(), port);
        socket.open(here.protocol(), error);
        if (!error) {
            socket.bind(here, error);
        }
        if (!error) {
            auto server = std::make_unique<Server>(
                io, std::move(options), std::move(socket), std::move(*acceptor), std::move(answerer)
            );
            server->start();
            return server;
        }
        trouble = "DNS over UDP: " + options.address + ":" + std::to_string(port) + ": " +
                  error.message();
    }
    return fail(
        ErrorKind::conflict,
        trouble,
        "find the owner of the port with: ss -lunp, or choose another port"
    );
}

}  // namespace farshore::lab::route53
