#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "adapters/net/task.h"
#include "base/result.h"
#include "lab/faults/fault_board.h"

namespace farshore::lab {

// Forwards TCP connections to one of several backends in turn: a load balancer before hosts, or a
// relay before a controller. The next backend is tried when one refuses; when all do, the client's
// connection is cut.
//
// Asks the board for every connection and every piece of data: what a fault blocks is held back, and
// cut with a reset when the fault ends, so that nothing that was sent into a partition arrives later.
// Single-threaded: everything on `io`. The board must outlive it.
class Forwarder {
  public:
    struct Backend {
        std::string address;
        std::uint16_t port = 0;
    };

    struct Options {
        std::string name;     // names its tasks
        std::string address;  // listens here, and calls the backends from here
        std::uint16_t port = 0;
        std::vector<Backend> backends;
        // Clients speak to us as this party; we speak to the backends as this party.
        PartyId self;
        // The party behind us when it stands elsewhere: the controller behind a relay.
        std::optional<PartyId> beyond;
        std::size_t connections_max = 4096;
        Duration connect_timeout = std::chrono::seconds{1};
    };

    // Binds and starts accepting. Errors: conflict (port in use), malformed (address).
    [[nodiscard]] static Result<std::unique_ptr<Forwarder>> listen(net::Io& io, Options options, FaultBoard& board);
    virtual ~Forwarder() = default;

    [[nodiscard]] virtual std::uint16_t port() const = 0;

    // Cuts every connection; destroy the forwarder only after it is done.
    [[nodiscard]] virtual net::Task<> stop() = 0;
};

}  // namespace farshore::lab
