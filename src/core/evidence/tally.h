#pragma once

#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "core/evidence/signal.h"

namespace farshore::core {

// One vantage and the hosts it speaks for. A controller speaks for itself: `hosts` is empty.
struct Observer {
    ObserverId id;
    RegionId stands_in;
    std::vector<HostId> hosts;
};

struct Vote {
    ObserverId observer;
    Health health = Health::unknown;
    std::optional<Instant> since;     // when the failing began
    std::optional<Instant> heard_at;  // newest evidence behind the vote
    std::string why;                  // in words, for operators
};

// The votes on one component of one Region, and what they add up to.
struct Tally {
    std::vector<Vote> votes;  // one per configured observer, in configured order
    int unhealthy = 0;
    int healthy = 0;
    Health verdict = Health::unknown;
};

// What kind of trouble a Region is in: decides the levers.
enum class Condition {
    healthy,
    data_impaired,   // hosts fine, DynamoDB unhealthy
    stack_impaired,  // hosts unhealthy, DynamoDB fine
    region_lost,     // both unhealthy or unseen
    unknown,
};
inline constexpr std::array<std::string_view, 5> kConditionNames{
    "healthy", "data_impaired", "stack_impaired", "region_lost", "unknown"
};

constexpr const auto& names_of(Condition) {
    return kConditionNames;
}

// All evidence about an app, and the votes it makes. Rule 1: a verdict needs a strict majority of
// fresh observers out of the configured ones. Rule 3: an observer whose control target does not
// answer suspects itself and votes unknown.
class Evidence {
  public:
    Evidence(std::vector<Observer> observers, int quorum_needed, Hysteresis limits);

    void observe(Instant now, const Observation& seen);

    [[nodiscard]] Tally tally(Instant now, const RegionId& region, Component component) const;

    [[nodiscard]] Condition condition(Instant now, const RegionId& region) const;

    // Do hosts see their own requests to the Region fail now? Passive errors, or requests without
    // an answer for longer than `stalled_min`, on most of the hosts that have sent any lately.
    [[nodiscard]] bool hosts_see_errors(Instant now, const RegionId& region, Duration stalled_min)
        const;

    // At least one host of the Region was heard from within fresh_for.
    [[nodiscard]] bool hosts_are_heard(Instant now, const RegionId& region) const;

    [[nodiscard]] std::optional<Instant> next_deadline(Instant now) const;

    [[nodiscard]] const std::vector<Observer>& observers() const { return observers_; }

    // The register has changed: who speaks for a Region's hosts.
    void set_hosts(const ObserverId& observer, std::vector<HostId> hosts);

  private:
    struct Key {
        ObserverId observer;
        HostId source;
        RegionId region;
        Component component;
        Path path;
        friend auto operator<=>(const Key&, const Key&) = default;
    };

    struct Kept {
        Signal signal;
        Duration stalled{};
        std::optional<Instant> busy_at;  // when the source last had requests to judge by
    };

    [[nodiscard]] Vote vote_of(
        Instant now, const Observer& observer, const RegionId& region, Component component
    ) const;
    [[nodiscard]] Vote source_vote(
        Instant now,
        const Observer& observer,
        const HostId& source,
        const RegionId& region,
        Component component
    ) const;
    [[nodiscard]] bool suspects_itself(Instant now, const Observer& observer, const HostId& source)
        const;

    std::vector<Observer> observers_;
    int quorum_needed_;
    Hysteresis limits_;
    std::map<Key, Kept> kept_;
};

}  // namespace farshore::core
