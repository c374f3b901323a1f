#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "adapters/net/dns_message.h"
#include "adapters/net/task.h"
#include "base/result.h"

namespace farshore::lab::route53 {

// A DNS server over UDP and TCP on one port. Bytes in, bytes out: what is said comes from the
// answerer. Single-threaded: all on `io`.
class DnsServer {
  public:
    struct Options {
        std::string address = "127.0.0.1";
        std::uint16_t port = 0;  // 0: the kernel chooses, the same for both
        std::size_t connections_max = 200;
    };

    // nullopt: say nothing, as when the query was lost on its way.
    using Answerer = std::function<
        std::optional<net::dns::Message>(const net::dns::Message& query, const std::string& peer)>;

    // Errors: conflict (port in use), malformed (address), denied.
    [[nodiscard]] static Result<std::unique_ptr<DnsServer>> listen(
        net::Io& io, Options options, Answerer answerer
    );
    virtual ~DnsServer() = default;

    [[nodiscard]] virtual std::uint16_t port() const = 0;
    virtual net::Task<> stop() = 0;
};

}  // namespace farshore::lab::route53
