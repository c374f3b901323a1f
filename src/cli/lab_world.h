#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <boost/json/object.hpp>

#include "adapters/net/task.h"
#include "base/result.h"
#include "cli/lab_files.h"
#include "cli/lab_layout.h"
#include "lab/faults/fault_board.h"
#include "ports/clock.h"

namespace farshore::cli {

// The servers of a lab world in this process: DynamoDB of each Region, Route 53 with its DNS, load
// balancers, relays to the controllers, and the admin API. Single-threaded, on `io`.
class LabWorld {
  public:
    struct Hooks {
        std::function<boost::json::object()> status;  // what GET /v1/status answers
        std::function<void()> shutdown;               // POST /v1/shutdown
    };

    [[nodiscard]] static std::unique_ptr<LabWorld> create(
        net::Io& io, const LabLayout& layout, const ports::Clock& clock
    );
    virtual ~LabWorld() = default;

    // Binds everything. Errors: conflict (address in use), and those of the servers; what is open
    // by then stays so until stop().
    [[nodiscard]] virtual Status open(const std::vector<LabKey>& keys, Hooks hooks) = 0;

    [[nodiscard]] virtual lab::FaultBoard& board() = 0;

    // Makes tables, zone, checks and records through the AWS protocols; gives the zone's id.
    [[nodiscard]] virtual net::Task<Result<std::string>> provision() = 0;

    [[nodiscard]] virtual net::Task<> stop() = 0;
};

}  // namespace farshore::cli
