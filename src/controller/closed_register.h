#pragma once

#include <functional>
#include <string>
#include <vector>

#include "controller/edge.h"
#include "core/records/register_closing.h"

namespace farshore::controller {

// Closing the register drops the hosts that the configuration does not name, as soon as
// core::RegisterClosing says so. Hosts that are named and cannot hear of it register themselves
// anew. Single-threaded.
class ClosedRegister {
  public:
    struct Parts {
        Edge& edge;
        std::string register_id;
        std::function<Duration()> longest_lease;  // that an agent may hold now
        std::function<std::vector<HostId>()> unlisted;
        // False: not yet.
        std::function<bool(const HostId&)> drop;
    };

    explicit ClosedRegister(Parts parts);

    // The register's name: that of the store, and of the hosts that the configuration names. Pure.
    [[nodiscard]] static std::string name_of(const std::string& store, std::vector<HostId> listed);

    // Runs until the hosts are dropped, or it is cancelled.
    [[nodiscard]] net::Task<> run();

    // The copies of the epoch item were read.
    void looked(const core::EpochReading& reading);

    // The epoch records of another register confirm no agent any more, nor do registrations for it.
    [[nodiscard]] bool is_alone() const { return closing_.is_alone(parts_.edge.clock.now()); }

  private:
    Parts parts_;
    core::RegisterClosing closing_;
};

}  // namespace farshore::controller
