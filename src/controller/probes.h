#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "controller/edge.h"

namespace farshore::controller {

// The controller's own eyes: DynamoDB of each table Region over fresh and reused connections, the
// Regions' stacks over HTTP, its control target, and the lag between the Regions by heartbeats. One
// vantage with one vote. Outcomes go to the core as observations; nothing is decided here.
class Probes {
  public:
    explicit Probes(Edge& edge);

    // Spawns the loops; they run until the edge's group stops.
    void start();

    // Does this Region's DynamoDB answer over new connections, as last seen?
    [[nodiscard]] bool answers(const RegionId& region) const;

  private:
    // A heartbeat that a Region has acknowledged.
    struct Written {
        Instant started{};
        UtcTime at{};
    };

    struct Beat {
        std::uint64_t sequence = 0;        // of the newest heartbeat begun
        std::uint64_t fresh_sequence = 0;  // of the newest write over a new connection
        std::uint64_t acknowledged = 0;
        std::map<std::uint64_t, Written> written;  // the newest few
        bool answers = false;
    };

    using Once = net::Task<> (Probes::*)(RegionId region, std::shared_ptr<int> under_way);

    [[nodiscard]] net::Task<> repeat(RegionId region, Once once);
    [[nodiscard]] net::Task<> beat(RegionId region, std::shared_ptr<int> under_way);
    [[nodiscard]] net::Task<> look_fresh(RegionId region, std::shared_ptr<int> under_way);
    [[nodiscard]] net::Task<> look_at_stack(RegionId region, std::shared_ptr<int> under_way);
    [[nodiscard]] net::Task<> look_at_control(RegionId region, std::shared_ptr<int> under_way);
    [[nodiscard]] net::Task<> follow(RegionId from, RegionId to);
    [[nodiscard]] net::Task<Result<std::optional<aws::Item>>> read_heartbeat(
        RegionId from, RegionId in
    );
    [[nodiscard]] net::Task<Result<bool>> find_earlier(RegionId from, RegionId to);
    [[nodiscard]] net::Task<Result<std::optional<std::uint64_t>>> heartbeat_seen(
        RegionId from, RegionId in
    );
    [[nodiscard]] std::optional<std::uint64_t> sequence_of(const std::optional<aws::Item>& item
    ) const;
    void observe(
        const RegionId& region, core::Component component, core::Path path, const Status& outcome
    );
    [[nodiscard]] aws::CallOptions options(bool fresh) const;
    [[nodiscard]] aws::Item heartbeat_key(const RegionId& written_in) const;

    Edge& edge_;
    std::map<RegionId, Beat> beats_;
    std::string nonce_;
};

}  // namespace farshore::controller
