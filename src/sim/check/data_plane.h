#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>

#include "sim/check/violations.h"
#include "sim/host.h"
#include "sim/scene.h"

namespace farshore::sim {

// INV-S5 and S13: where users are sent, and what happens to hosts while no controller lives.
class DataPlaneChecks {
  public:
    DataPlaneChecks(const Scene& scene, Violations& violations)
        : scene_(scene), violations_(violations) {
        proven_[Epoch{1}].insert(0);
    }

    void acknowledged(const Host& host, Epoch epoch) { proven_[epoch].insert(host.home()); }

    void host_decided(const Host& host, const core::HostDecision& decision, const OrderMark* by);

    void host_booted(const Host& host) { users_.erase(host.index()); }

    void controller_began() {
        ++living_;
        gone_since_.reset();
    }

    void controller_ended() {
        if (--living_ == 0) {
            gone_since_ = scene_.calendar.now();
        }
    }

    // The store is another one: it may not know where users are.
    void users_forgotten() { users_known_ = false; }

  private:
    void check_users(const Host& host, const RegionId& users, const OrderMark* by);
    void check_without_controllers(const Host& host, const core::HostDecision& decision);

    const Scene& scene_;
    Violations& violations_;
    // Regions whose hosts have proved a write, by epoch.
    std::map<Epoch, std::set<Place>> proven_;
    std::map<std::size_t, RegionId> users_;
    int living_ = 0;  // controllers
    std::optional<Instant> gone_since_;
    RegionId users_now_ = region_id(0);  // where they were last sent
    bool users_known_ = true;
};

}  // namespace farshore::sim
