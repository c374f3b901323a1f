#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "adapters/net/http_server.h"
#include "base/rng.h"
#include "lab/dynamo/cluster.h"
#include "lab/faults/fault_board.h"
#include "ports/clock.h"

#include "sigv4/signer.h"

namespace farshore::lab::dynamo {

// One Region's DynamoDB as clients see it: HTTP, signatures, and everything that can be wrong with
// the service. A request that a fault keeps waiting is never executed. Single-threaded.
class Endpoint {
  public:
    struct Options {
        std::string address;
        std::uint16_t port = 0;
        // Empty: a signature is read and not verified, and the Region that it names serves the
        // request, wherever it was sent.
        std::vector<sigv4::Credentials> credentials;
        std::function<Endpoint*(const RegionId&)> of_region;  // null: not one of the world's
        std::uint64_t seed = 1;
    };

    // `cluster`, `region`, `board` and `clock` must outlive the endpoint.
    Endpoint(
        net::Io& io,
        Options options,
        Cluster& cluster,
        Region& region,
        FaultBoard& board,
        const ports::Clock& clock
    );
    Endpoint(const Endpoint&) = delete;
    Endpoint& operator=(const Endpoint&) = delete;
    ~Endpoint() = default;

    [[nodiscard]] Status listen();

    [[nodiscard]] std::uint16_t port() const { return server_->port(); }

    [[nodiscard]] const std::map<std::string, std::uint64_t>& requests() const { return requests_; }

    [[nodiscard]] net::Task<> stop(Duration grace);

    // For tests: what the HTTP server calls.
    [[nodiscard]] net::Task<net::HttpResponse> respond(net::HttpRequest request);

  private:
    using Peer = std::pair<std::string, std::uint16_t>;

    struct Sighting {
        Instant first;
        Instant last;
    };

    [[nodiscard]] Endpoint* meant_by(const net::HttpRequest& request) const;
    [[nodiscard]] Instant first_seen(const net::HttpRequest& request);
    [[nodiscard]] Treatment treatment(const PartyId& caller, Instant connected_at) const;
    [[nodiscard]] net::HttpResponse execute(const net::HttpRequest& request);
    [[nodiscard]] Answer<boost::json::object> run(const net::HttpRequest& request);
    [[nodiscard]] std::optional<ServiceError> authorize(const net::HttpRequest& request) const;
    [[nodiscard]] net::HttpResponse finish(int status, std::string body);
    [[nodiscard]] net::HttpResponse refuse(const ServiceError& error);
    void board_changed();

    net::Io& io_;
    Options options_;
    Cluster& cluster_;
    Region& region_;
    FaultBoard& board_;
    const ports::Clock& clock_;
    PartyId self_;
    Rng rng_;
    std::unique_ptr<net::HttpServer> server_;
    bool listening_ = true;
    std::map<Peer, Sighting> peers_;
    std::map<std::string, std::uint64_t> requests_;
    FaultBoard::Subscription subscription_;
};

}  // namespace farshore::lab::dynamo
