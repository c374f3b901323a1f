#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <boost/json/fwd.hpp>

#include "adapters/net/task.h"
#include "base/result.h"
#include "base/time.h"
#include "lab/faults/fault_board.h"
#include "ports/clock.h"

#include "sigv4/signer.h"

namespace farshore::lab {

// Route 53 of a lab world: the API, a health checker with simulated checkers that call the real
// targets, and an authoritative DNS server that answers by their verdicts.
// Single-threaded: everything on `io`. The board and the clock must outlive it.
class Route53World {
  public:
    struct Options {
        std::string api_address = "127.0.0.1";
        std::uint16_t api_port = 0;  // 0: the kernel chooses
        std::string dns_address = "127.0.0.1";
        std::uint16_t dns_port = 0;  // UDP and TCP; 0: the kernel chooses
        // The checkers' source addresses, one checker each; Route 53 has sixteen and more.
        std::vector<std::string> checker_addresses;
        // Keys whose signatures are accepted. Empty: signatures are not checked.
        std::vector<sigv4::Credentials> credentials;
        // Name (no trailing dot) to IPv4 address; all below "lab.farshore".
        std::map<std::string, std::string> static_names;
        Duration static_ttl = std::chrono::seconds{5};
        // How long a change of records stays PENDING and unseen by the DNS server.
        Duration propagation = std::chrono::seconds{1};
        // What RequestInterval counts. Route 53: seconds; tests: less.
        Duration interval_unit = std::chrono::seconds{1};
        Duration connect_timeout = std::chrono::seconds{4};   // HTTP and HTTPS
        Duration response_timeout = std::chrono::seconds{2};  // after connecting
        Duration tcp_timeout = std::chrono::seconds{10};      // TCP checks
        std::string
            ca_file;  // HTTPS checks verify against it; unlike Route 53, which verifies nothing
        std::uint64_t seed = 1;  // ids, weighted answers
    };

    // Errors: conflict (address in use), malformed (address), denied.
    [[nodiscard]] static Result<std::unique_ptr<Route53World>> create(
        net::Io& io, Options options, FaultBoard& board, const ports::Clock& clock
    );
    virtual ~Route53World() = default;

    [[nodiscard]] virtual std::uint16_t api_port() const = 0;
    [[nodiscard]] virtual std::uint16_t dns_port() const = 0;

    // Zones and health checks with their present verdicts, for the lab's status.
    [[nodiscard]] virtual boost::json::object status() const = 0;

    // Ends servers and checks; destroy the world only after it is done.
    virtual net::Task<> stop() = 0;
};

}  // namespace farshore::lab
