#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "adapters/net/task.h"
#include "base/enum_names.h"
#include "base/result.h"
#include "base/time.h"

namespace farshore::net {

// What happens to the bytes of a connection: copied; kept where they are, as when a network drops
// packets; or the connection is cut with a reset.
enum class RelayTreatment { serve, hang, reset };
inline constexpr std::array<std::string_view, 3> kRelayTreatmentNames{"serve", "hang", "reset"};

constexpr const auto& names_of(RelayTreatment) {
    return kRelayTreatmentNames;
}

// Copies bytes between a client and one of several backends: the lab's load balancers and the
// links that its partitions cut. TCP only, knows nothing of what it copies, hands on half-closes
// and resets. Single-threaded: all on `io`.
class TcpRelay {
  public:
    struct Backend {
        std::string address;  // IP literal
        std::uint16_t port = 0;
    };

    struct Route {
        RelayTreatment treatment = RelayTreatment::serve;
        std::vector<Backend> backends;  // tried in this order; none answers: the client is cut
    };

    struct Options {
        std::string address = "127.0.0.1";
        std::uint16_t port = 0;      // 0: the kernel chooses, see port()
        std::string source_address;  // towards the backends; empty: the kernel chooses
        Duration connect_timeout = std::chrono::seconds{1};
        std::size_t connections_max = 4096;
        // A connection that hung is cut when it would be served again, so that what was sent into
        // the hanging is never delivered. False: it goes on, as after lost packets.
        bool reset_after_hang = true;
        std::string name = "relay";  // names its tasks
    };

    struct Counters {
        std::uint64_t accepted = 0;
        std::uint64_t connected = 0;    // to a backend
        std::uint64_t unreachable = 0;  // no backend answered
        std::uint64_t hung = 0;         // times a connection began to hang
        std::uint64_t cut = 0;          // by treatment or cut_connections()
        std::uint64_t bytes_to_backends = 0;
        std::uint64_t bytes_to_clients = 0;
        std::size_t open = 0;  // now
    };

    // Asked for each accepted connection, and again by reconsider().
    using Router = std::function<Route(const std::string& peer_address)>;

    // Errors: conflict (port in use), denied, malformed (address).
    [[nodiscard]] static Result<std::unique_ptr<TcpRelay>> listen(
        Io& io, Options options, Router router
    );

    virtual ~TcpRelay() = default;

    [[nodiscard]] virtual std::uint16_t port() const = 0;
    [[nodiscard]] virtual Counters counters() const = 0;

    // Asks the router anew for each live connection and applies the treatment. A connection stays
    // with its backend even when the router now names others.
    virtual void reconsider() = 0;

    // Closes the listening socket, or opens it again on the same port. Live connections go on.
    virtual Status set_listening(bool on) = 0;

    virtual void cut_connections() = 0;

    // Stops listening and cuts every connection.
    virtual Task<> stop() = 0;
};

}  // namespace farshore::net
