#pragma once

#include <functional>
#include <string>
#include <vector>

#include "controller/edge.h"

namespace farshore::controller {

// Closing the register drops the hosts that the configuration does not name. A closed register has
// a name of its own, so that from the moment on at which a majority of the epoch records carries
// it, no record confirms a host that an earlier register knew; a lease later none of them may
// write, and they leave. Hosts that are named and cannot hear of it register themselves anew.
// Single-threaded.
class ClosedRegister {
  public:
    struct Parts {
        Edge& edge;
        std::vector<RegionId> regions;  // that hold a copy of the epoch record
        std::string register_id;
        std::function<Duration()> longest_lease;  // that an agent may hold now
        std::function<std::vector<HostId>()> unlisted;
        // False: not yet.
        std::function<bool(const HostId&)> drop;
    };

    explicit ClosedRegister(Parts parts) : parts_(std::move(parts)) {}

    // The register's name: that of the store, and of the hosts that the configuration names. Pure.
    [[nodiscard]] static std::string name_of(const std::string& store, std::vector<HostId> listed);

    // Runs until the hosts are dropped, or it is cancelled.
    [[nodiscard]] net::Task<> run();

    // The epoch records of another register confirm no agent any more, nor do registrations for it.
    [[nodiscard]] bool is_alone() const { return alone_; }

  private:
    [[nodiscard]] net::Task<bool> majority_is_ours();

    Parts parts_;
    bool alone_ = false;
};

}  // namespace farshore::controller
