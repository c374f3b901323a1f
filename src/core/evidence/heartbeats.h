#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "core/failover/event.h"
#include "core/operation/record.h"

namespace farshore::core {

// A heartbeat as a Region's table holds it.
struct HeartbeatItem {
    std::string life;  // of the controller that wrote it
    std::uint64_t sequence = 0;
    std::optional<UtcTime> at;  // when its write began, by that controller's wall clock
};

// The heartbeats that one life of a controller writes in each table Region and reads in the others:
// which one is written next, which ones are looked for and how often, and what a read says of the
// lag. Pure: no clock, no I/O; one owner.
class Heartbeats {
  public:
    // `life` tells this life's heartbeats from those of an earlier one.
    Heartbeats(std::string life, Instant started) : life_(std::move(life)), started_(started) {}

    struct Beat {
        std::uint64_t sequence = 0;
        Instant started{};
        UtcTime at{};
    };

    // The Region's next heartbeat; its write begins now.
    [[nodiscard]] Beat begin(Now now, const RegionId& region);

    // The item to be written. A write that was long under way must not stand over a newer one of
    // this life (may_replace).
    [[nodiscard]] HeartbeatItem item(const Beat& beat) const;

    // The Region has acknowledged it, as the newest one of this life.
    [[nodiscard]] WriteAcknowledged acknowledged(
        Instant now, const RegionId& region, const Beat& beat
    );

    // Does what a strongly consistent read found show the write with that number, or a newer one?
    [[nodiscard]] bool shows(const std::optional<HeartbeatItem>& found, std::uint64_t sequence)
        const;

    // There is something to look for in `to`: a heartbeat that `from` has acknowledged, or the last
    // one of an earlier life.
    [[nodiscard]] bool is_awaited(const RegionId& from, const RegionId& to) const;

    // Until the next look for `from`'s heartbeats in `to`: the lag is measured finely, and not for
    // ever where nothing arrives.
    [[nodiscard]] Duration pause(Instant now, const RegionId& from, const RegionId& to) const;

    // What a read of `from`'s heartbeat in `to` says: HeartbeatArrived, once for each that is newer
    // than those before; or, at the first read, HeartbeatFound. A heartbeat whose write was not
    // acknowledged proves by its arrival what any other does.
    [[nodiscard]] std::optional<Event> seen(
        Now now, const RegionId& from, const RegionId& to, const std::optional<HeartbeatItem>& found
    );

  private:
    struct Written {
        std::uint64_t begun = 0;                // the number of the newest one
        std::uint64_t acknowledged = 0;         // likewise
        std::map<std::uint64_t, Instant> when;  // the newest few: when their writes began
    };

    struct Link {
        std::uint64_t last = 0;      // the newest one of this life that was read
        bool earlier_known = false;  // whether an earlier life has left one
        Instant waiting_since{};     // for the next one
    };

    [[nodiscard]] Link link(const RegionId& from, const RegionId& to) const;

    std::string life_;
    Instant started_;
    std::map<RegionId, Written> written_;
    std::map<std::pair<RegionId, RegionId>, Link> links_;
};

// May `item` be written where `held` stands? A write that was long under way stays behind a newer
// one of the same life.
[[nodiscard]] bool may_replace(const std::optional<HeartbeatItem>& held, const HeartbeatItem& item);

}  // namespace farshore::core
