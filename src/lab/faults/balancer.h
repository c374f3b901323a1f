#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <boost/json/fwd.hpp>

#include "adapters/net/task.h"
#include "base/result.h"
#include "base/time.h"
#include "lab/faults/fault_board.h"

namespace farshore::lab {

// The load balancer of one Region (layer 4): one listener to the hosts' storefronts, one to their
// agents' health port. Asks each target's /healthz all the time; a target that fails is left out,
// and when all fail, all are used, as an Application Load Balancer does. Partitions cut its
// clients. Single-threaded: all on `io`; the board must outlive it.
class Balancer {
  public:
    struct Target {
        std::string address;
        std::uint16_t shop_port = 0;
        std::uint16_t health_port = 0;
    };

    struct Options {
        RegionId region;
        std::string address;
        std::uint16_t shop_port = 0;    // 0: the kernel chooses
        std::uint16_t health_port = 0;  // 0: the kernel chooses
        std::vector<Target> targets;
        std::string health_path = "/healthz";
        Duration interval = std::chrono::seconds{1};
        Duration timeout = std::chrono::milliseconds{800};
        int failures_max = 2;    // in a row, until a target is left out
        std::uint64_t seed = 1;  // for the choice of targets
    };

    // Errors: conflict (port in use), malformed (address), denied.
    [[nodiscard]] static Result<std::unique_ptr<Balancer>> listen(
        net::Io& io, Options options, FaultBoard& board
    );
    virtual ~Balancer() = default;

    [[nodiscard]] virtual std::uint16_t shop_port() const = 0;
    [[nodiscard]] virtual std::uint16_t health_port() const = 0;
    // Targets with their health, and the connections so far.
    [[nodiscard]] virtual boost::json::object status() const = 0;
    virtual net::Task<> stop() = 0;
};

// How the hosts of one Region reach the controllers: a TCP relay that the Region's partitions cut.
class ControllerRelay {
  public:
    struct Controller {
        std::string address;
        std::uint16_t port = 0;
    };

    struct Options {
        RegionId region;
        std::string address;
        std::uint16_t port = 0;
        std::vector<Controller> controllers;  // the first that a fault does not cut off is used
    };

    // Errors: as Balancer.
    [[nodiscard]] static Result<std::unique_ptr<ControllerRelay>> listen(
        net::Io& io, Options options, FaultBoard& board
    );
    virtual ~ControllerRelay() = default;

    [[nodiscard]] virtual std::uint16_t port() const = 0;
    virtual net::Task<> stop() = 0;
};

}  // namespace farshore::lab
