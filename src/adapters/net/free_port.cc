#include "adapters/net/free_port.h"

#include <algorithm>
#include <random>
#include <utility>

#include <boost/asio/ip/address.hpp>

#include "adapters/net/asio_types.h"

namespace farshore::net {

namespace asio = boost::asio;

namespace {

constexpr std::uint16_t kLowest = 15'000;
constexpr std::uint16_t kHighest = 31'999;  // outgoing connections begin at 32768
constexpr int kAttemptsMax = 500;

boost::system::error_code try_port(
    Io& io, const std::vector<asio::ip::address>& addresses, std::uint16_t port
) {
    std::vector<TcpAcceptor> listeners;
    std::vector<UdpSocket> sockets;
    boost::system::error_code error;
    for (const asio::ip::address& address : addresses) {
        const asio::ip::tcp::endpoint tcp(address, port);
        const asio::ip::udp::endpoint udp(address, port);
        TcpAcceptor& listener = listeners.emplace_back(io.get_executor());
        UdpSocket& socket = sockets.emplace_back(io.get_executor());
        listener.open(tcp.protocol(), error);
        if (!error) {
            listener.bind(tcp, error);
        }
        if (!error) {
            socket.open(udp.protocol(), error);
        }
        if (!error) {
            socket.bind(udp, error);
        }
        if (error) {
            return error;
        }
    }
    return {};
}

}  // namespace

Result<std::vector<std::uint16_t>> free_ports(
    const std::vector<std::string>& addresses, std::size_t count
) {
    std::vector<asio::ip::address> parsed;
    for (const std::string& text : addresses) {
        boost::system::error_code error;
        parsed.push_back(asio::ip::make_address(text, error));
        if (error) {
            return fail(ErrorKind::malformed, "\"" + text + "\" is not an IP address");
        }
    }
    Io io{1};
    std::random_device seed;
    std::minstd_rand random(seed());
    std::vector<std::uint16_t> ports;
    for (int attempt = 0; attempt < kAttemptsMax && ports.size() < count; ++attempt) {
        const auto port =
            static_cast<std::uint16_t>(kLowest + random() % (kHighest - kLowest + 1U));
        if (std::ranges::find(ports, port) != ports.end()) {
            continue;
        }
        const boost::system::error_code error = try_port(io, parsed, port);
        if (!error) {
            ports.push_back(port);
        } else if (error != asio::error::address_in_use) {
            return fail(
                ErrorKind::malformed,
                "cannot listen on these addresses: " + error.message(),
                "use addresses of this machine: ip address"
            );
        }
    }
    if (ports.size() < count) {
        return fail(
            ErrorKind::exhausted,
            "found no free port in " + std::to_string(kAttemptsMax) + " attempts",
            "see what listens: ss -ltnup"
        );
    }
    return ports;
}

}  // namespace farshore::net
