#pragma once

#include <memory>
#include <string>

#include "adapters/net/asio_types.h"
#include "base/result.h"

namespace farshore::net {

// Errors: malformed.
[[nodiscard]] Result<boost::asio::ip::tcp::endpoint> endpoint_from(
    const std::string& address, std::uint16_t port
);

// A listening socket with SO_REUSEADDR, so that a restarted program gets its port back at once.
// Errors: conflict (in use: the text names address and port, the remedy how to find the owner),
// denied, exhausted, malformed (not an address of this machine).
[[nodiscard]] Result<std::shared_ptr<TcpAcceptor>> listen_on(
    Io& io, const boost::asio::ip::tcp::endpoint& where
);

}  // namespace farshore::net
