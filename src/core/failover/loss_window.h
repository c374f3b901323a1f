#pragma once

#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "base/ids.h"
#include "base/time.h"

namespace farshore::core {

// What the lag is at least, `age` after a heartbeat arrived with `measured` lag, when one is
// written each `beat_every`: had the lag been less, a later heartbeat would have arrived. A lag
// that is measured by arrivals alone would stand still when nothing arrives.
[[nodiscard]] constexpr Duration lag_at_least(
    Duration measured, Duration age, Duration beat_every
) {
    return age > beat_every ? measured + (age - beat_every) : measured;
}

// How much an unplanned failover would lose now: the time of the last write that the active Region
// acknowledged, minus the time at which its newest heartbeat that was seen in the target had been
// written. It stops growing when the Region stops acknowledging; the age of the heartbeat would go
// on growing through an outage and block the very failover that it guards.
//
// All times are this machine's own, so that no host's clock can open or close the gate: what others
// say comes as an age.
class LossWindow {
  public:
    explicit LossWindow(Instant started_at) : started_at_(started_at) {}

    // A heartbeat of this life, written at `written`, was read in `to` after `lag`.
    void arrived(
        Instant now, const RegionId& from, const RegionId& to, Instant written, Duration lag
    );

    // A heartbeat of an earlier life: it says up to when writes had arrived, not how long they
    // took.
    void found(const RegionId& from, const RegionId& to, Instant written);

    // The Region acknowledged a write then.
    void acknowledged(const RegionId& region, Instant at);

    // nullopt: no heartbeat of `from` has been seen in `to` yet. Hosts that have not reported since
    // the start of this controller may have written until then.
    [[nodiscard]] std::optional<Duration> forecast(
        const RegionId& from, const RegionId& to, bool everybody_reported
    ) const;

    // The lag as last measured, unless that is longer ago than `fresh_for`.
    [[nodiscard]] std::optional<Duration> lag(
        Instant now, const RegionId& from, const RegionId& to, Duration fresh_for
    ) const;

    // What this life has measured from one Region to another, by its newest heartbeat that arrived.
    struct Measured {
        RegionId from;
        RegionId to;
        Duration lag{};
        Instant at{};
    };

    [[nodiscard]] std::vector<Measured> measured() const;

    // Since a heartbeat of `from` last arrived in `to`; nullopt: none has in this life.
    [[nodiscard]] std::optional<Duration> silent_for(
        Instant now, const RegionId& from, const RegionId& to
    ) const;

  private:
    struct Link {
        Instant written{};                   // of the newest heartbeat seen
        Duration lag{};                      // of the newest one of this life
        std::optional<Instant> measured_at;  // by this life of the controller
    };

    Instant started_at_;
    std::map<std::pair<RegionId, RegionId>, Link> links_;
    std::map<RegionId, Instant> acknowledged_;
};

}  // namespace farshore::core
