#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include <boost/asio/ip/address.hpp>

#include "adapters/net/asio_types.h"
#include "adapters/net/dns_message.h"
#include "adapters/net/task.h"
#include "base/result.h"

// One question to one DNS server.
namespace farshore::net {

struct DnsServer {
    boost::asio::ip::address address;
    std::uint16_t port = 0;
    std::optional<boost::asio::ip::address> source;  // absent: the kernel chooses
};

// The message that answers the question, of whatever response code, or nothing that says more.
// Errors: unavailable, timed_out, cancelled.
[[nodiscard]] Task<Result<dns::Message>> ask_udp(
    Io* io, DnsServer server, dns::Message question, Timer::time_point deadline
);
[[nodiscard]] Task<Result<dns::Message>> ask_tcp(
    Io* io, DnsServer server, dns::Message question, Timer::time_point deadline
);

// FORMERR and NOTIMP: the server does not know what it was sent.
[[nodiscard]] bool refuses_the_form(const dns::Message& answer);

}  // namespace farshore::net
