#include "adapters/net/listening.h"

#include <boost/asio/ip/address.hpp>

namespace farshore::net {

namespace asio = boost::asio;
using asio::ip::tcp;

namespace {

Error bind_error(const tcp::endpoint& where, const boost::system::error_code& error) {
    const std::string place = where.address().to_string() + ":" + std::to_string(where.port());
    if (error == asio::error::address_in_use) {
        return {
            .kind = ErrorKind::conflict,
            .text = place + " is in use by another program",
            .remedy = "find it with: ss -ltnp 'sport = :" + std::to_string(where.port()) +
                      "', stop it, or choose another port",
            .code = "address_in_use"
        };
    }
    if (error == asio::error::access_denied) {
        return {
            .kind = ErrorKind::denied,
            .text = "not allowed to listen on " + place,
            .remedy = "ports below 1024 need CAP_NET_BIND_SERVICE; choose a higher port",
            .code = "access_denied"
        };
    }
    if (error == asio::error::no_descriptors) {
        return {
            .kind = ErrorKind::exhausted,
            .text = "too many open files to listen on " + place,
            .remedy = "raise LimitNOFILE or ulimit -n",
            .code = "too_many_files"
        };
    }
    return {
        .kind = ErrorKind::malformed,
        .text = "cannot listen on " + place + ": " + error.message(),
        .remedy = "use an address of this machine: ip address",
        .code = "bad_address"
    };
}

}  // namespace

Result<tcp::endpoint> endpoint_from(const std::string& address, std::uint16_t port) {
    boost::system::error_code error;
    const asio::ip::address parsed = asio::ip::make_address(address, error);
    if (error) {
        return fail(
            ErrorKind::malformed,
            "\"" + address + "\" is not an IP address",
            "listen on an address such as 127.0.0.1, 0.0.0.0 or ::1"
        );
    }
    return tcp::endpoint(parsed, port);
}

Result<std::shared_ptr<TcpAcceptor>> listen_on(Io& io, const tcp::endpoint& where) {
    auto acceptor = std::make_shared<TcpAcceptor>(io.get_executor());
    boost::system::error_code error;
    acceptor->open(where.protocol(), error);
    if (!error) {
        acceptor->set_option(asio::socket_base::reuse_address(true), error);
    }
    if (!error) {
        acceptor->bind(where, error);
    }
    if (!error) {
        acceptor->listen(asio::socket_base::max_listen_connections, error);
    }
    if (error) {
        return std::unexpected(bind_error(where, error));
    }
    return acceptor;
}

}  // namespace farshore::net
