#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "controller/edge.h"
#include "core/evidence/heartbeats.h"
#include "core/evidence/probe_round.h"

namespace farshore::controller {

// The controller's own eyes: DynamoDB of each table Region over fresh and reused connections, the
// Regions' stacks over HTTP, its control target, and the lag between the Regions by heartbeats. One
// vantage with one vote. Outcomes go to the core as observations; which heartbeat is written and
// what its arrival says is decided in core/evidence.
class Probes {
  public:
    explicit Probes(Edge& edge);

    // Spawns the loops; they run until the edge's group stops.
    void start();

    // Does this Region's DynamoDB answer over new connections, as last seen?
    [[nodiscard]] bool answers(const RegionId& region) const;

  private:
    // Of the looks over new connections.
    struct Fresh {
        std::uint64_t sequence = 0;  // of the newest write
        bool answers = false;
    };

    using Once = net::Task<> (Probes::*)(RegionId region, std::shared_ptr<core::ProbeRound> round);

    [[nodiscard]] net::Task<> repeat(RegionId region, Once once);
    [[nodiscard]] net::Task<> beat(RegionId region, std::shared_ptr<core::ProbeRound> round);
    [[nodiscard]] net::Task<> look_fresh(RegionId region, std::shared_ptr<core::ProbeRound> round);
    [[nodiscard]] net::Task<> look_at_stack(
        RegionId region, std::shared_ptr<core::ProbeRound> round
    );
    [[nodiscard]] net::Task<> look_at_control(
        RegionId region, std::shared_ptr<core::ProbeRound> round
    );
    [[nodiscard]] net::Task<> follow(RegionId from, RegionId to);
    // nullopt: there is none that a controller has written.
    [[nodiscard]] net::Task<Result<std::optional<core::HeartbeatItem>>> read_heartbeat(
        RegionId region, aws::Item key, bool fresh
    );
    // False: a newer one stands there.
    [[nodiscard]] net::Task<Result<bool>> write_heartbeat(
        RegionId region, aws::Item key, core::HeartbeatItem item, bool fresh
    );
    void observe(
        const RegionId& region, core::Component component, core::Path path, const Status& outcome
    );
    [[nodiscard]] aws::CallOptions options(bool fresh) const;
    [[nodiscard]] aws::Item heartbeat_key(const RegionId& written_in, const char* kind = "") const;

    Edge& edge_;
    core::Heartbeats beats_;
    std::map<RegionId, Fresh> fresh_;
};

}  // namespace farshore::controller
