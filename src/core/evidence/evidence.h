#pragma once

#include <optional>
#include <span>
#include <vector>

#include "core/evidence/vantage.h"

namespace farshore::core {

// How many of the configured observers must agree: "2 of 3".
struct Quorum {
    int needed = 2;
    int of = 3;

    friend bool operator==(const Quorum&, const Quorum&) = default;
};

// All evidence about an app, and the votes it makes. Rule 1: a verdict needs a strict majority of
// fresh observers out of the configured ones. Rule 3: an observer whose control target does not
// answer suspects itself and votes unknown.
class Evidence {
  public:
    Evidence(std::vector<Observer> observers, int quorum_needed, Hysteresis limits);

    void observe(Instant now, const Observation& seen);

    // Leaves out the sources that have fallen silent. Call it before asking for a new moment.
    void settle(Instant now);

    // What the votes add up to; as cheap as the number of observers.
    [[nodiscard]] Health verdict(Instant now, const RegionId& region, Component component) const;

    // The votes themselves, with their reasons in words: a look at every source.
    [[nodiscard]] Tally tally(Instant now, const RegionId& region, Component component) const;

    [[nodiscard]] Condition condition(Instant now, const RegionId& region) const;

    // When the first of the observers that call it unhealthy now began to; nullopt: none does.
    [[nodiscard]] std::optional<Instant> unhealthy_since(
        Instant now, const RegionId& region, Component component
    ) const;

    // How many votes say healthy and unhealthy, without those of observers that see the tables of
    // every one of `regions` down: such an observer is more likely cut off itself.
    struct Credible {
        int healthy = 0;
        int unhealthy = 0;
        std::vector<ObserverId> see_everything_down;
    };

    // `excused_from`: an observer that calls the Region unhealthy only since then counts as
    // healthy, because what failed then explains it.
    [[nodiscard]] Credible credible(
        Instant now,
        const RegionId& region,
        Component component,
        std::span<const RegionId> regions,
        std::optional<Instant> excused_from = std::nullopt
    ) const;

    [[nodiscard]] bool is_quorum(int votes) const;

    // Do hosts see their own requests to the Region fail now? Passive errors, or requests that have
    // hung for long, on most of the hosts that have sent any lately.
    [[nodiscard]] bool hosts_see_errors(Instant now, const RegionId& region) const;

    // At least one host of the Region was heard from within fresh_for.
    [[nodiscard]] bool hosts_are_heard(Instant now, const RegionId& region) const;

    [[nodiscard]] std::optional<Instant> next_deadline() const;

    [[nodiscard]] std::span<const Vantage> observers() const { return vantages_; }

    // The register has changed: this host has a say in its Region's vote from now on.
    void add_host(const ObserverId& observer, const HostId& host);
    void remove_host(const ObserverId& observer, const HostId& host);

  private:
    // A quorum says that it fails, or is about to.
    [[nodiscard]] bool doubts(Instant now, const RegionId& region, Component component) const;

    std::vector<Vantage> vantages_;  // in configured order
    int quorum_needed_;
};

}  // namespace farshore::core
