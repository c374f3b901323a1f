#include "core/evidence/evidence.h"

#include <algorithm>
#include <utility>

#include "core/planted.h"

namespace farshore::core {

Evidence::Evidence(std::vector<Observer> observers, int quorum_needed, Hysteresis limits)
    : quorum_needed_(quorum_needed) {
    for (Observer& observer : observers) {
        vantages_.emplace_back(std::move(observer), limits);
    }
}

void Evidence::observe(Instant now, const Observation& seen) {
    const auto known = std::ranges::find(vantages_, seen.observer, &Vantage::id);
    if (known != vantages_.end()) {
        known->observe(now, seen);
    }
}

void Evidence::settle(Instant now) {
    for (Vantage& vantage : vantages_) {
        vantage.settle(now);
    }
}

bool Evidence::is_quorum(int votes) const {
    if (is_planted(PlantedBug::one_vantage_votes_for_all)) {
        return votes > 0;
    }
    return votes * 2 > static_cast<int>(vantages_.size()) && votes >= quorum_needed_;
}

Health Evidence::verdict(Instant now, const RegionId& region, Component component) const {
    int unhealthy = 0;
    int healthy = 0;
    for (const Vantage& vantage : vantages_) {
        const Health health = vantage.health(now, region, component);
        unhealthy += health == Health::unhealthy ? 1 : 0;
        healthy += health == Health::healthy ? 1 : 0;
    }
    if (is_quorum(unhealthy)) {
        return Health::unhealthy;
    }
    return is_quorum(healthy) ? Health::healthy : Health::unknown;
}

bool Evidence::doubts(Instant now, const RegionId& region, Component component) const {
    return is_quorum(static_cast<int>(std::ranges::count_if(vantages_, [&](const Vantage& each) {
        return each.doubts(now, region, component);
    })));
}

Tally Evidence::tally(Instant now, const RegionId& region, Component component) const {
    Tally tally;
    for (const Vantage& vantage : vantages_) {
        Vote vote = vantage.vote(now, region, component);
        tally.unhealthy += vote.health == Health::unhealthy ? 1 : 0;
        tally.healthy += vote.health == Health::healthy ? 1 : 0;
        tally.votes.push_back(std::move(vote));
    }
    tally.verdict = verdict(now, region, component);
    return tally;
}

Condition Evidence::condition(Instant now, const RegionId& region) const {
    const Health data = verdict(now, region, Component::dynamodb);
    if (data == Health::unhealthy) {
        return hosts_are_heard(now, region) ? Condition::data_impaired : Condition::region_lost;
    }
    const Health stack = verdict(now, region, Component::stack);
    if (data == Health::healthy && stack == Health::unhealthy) {
        // A stack fails with its tables, and may be seen to fail before they are: what its
        // hosts answer by refusing is heard at once, a table that hangs after a timeout.
        return doubts(now, region, Component::dynamodb) ? Condition::unknown
                                                        : Condition::stack_impaired;
    }
    if (data == Health::healthy && stack == Health::healthy) {
        return Condition::healthy;
    }
    return Condition::unknown;
}

std::optional<Instant> Evidence::unhealthy_since(
    Instant now, const RegionId& region, Component component
) const {
    std::optional<Instant> first;
    for (const Vantage& vantage : vantages_) {
        const auto since = vantage.unhealthy_since(now, region, component);
        if (since && (!first || *since < *first)) {
            first = since;
        }
    }
    return first;
}

Evidence::Credible Evidence::credible(
    Instant now,
    const RegionId& region,
    Component component,
    std::span<const RegionId> regions,
    std::optional<Instant> excused_from
) const {
    Credible credible;
    for (const Vantage& vantage : vantages_) {
        const bool everything = std::ranges::all_of(regions, [&](const RegionId& each) {
            return vantage.health(now, each, Component::dynamodb) == Health::unhealthy;
        });
        if (everything && !regions.empty()) {
            credible.see_everything_down.push_back(vantage.id());
            continue;
        }
        const Health health = vantage.health(now, region, component);
        const std::optional<Instant> since = vantage.unhealthy_since(now, region, component);
        const bool excused = excused_from && since && *since >= *excused_from;
        credible.healthy += health == Health::healthy || excused ? 1 : 0;
        credible.unhealthy += health == Health::unhealthy && !excused ? 1 : 0;
    }
    return credible;
}

bool Evidence::hosts_are_heard(Instant now, const RegionId& region) const {
    return std::ranges::any_of(vantages_, [&](const Vantage& vantage) {
        return vantage.has_hosts() && vantage.stands_in() == region && vantage.is_heard(now);
    });
}

bool Evidence::hosts_see_errors(Instant now, const RegionId& region) const {
    std::size_t busy = 0;
    std::size_t failing = 0;
    for (const Vantage& vantage : vantages_) {
        const Opinions opinions = vantage.opinions(now, region, Component::dynamodb);
        busy += opinions.busy;
        failing += opinions.failing;
    }
    return failing * 2 > busy;
}

std::optional<Instant> Evidence::next_deadline() const {
    std::optional<Instant> soonest;
    for (const Vantage& vantage : vantages_) {
        const std::optional<Instant> at = vantage.next_deadline();
        if (at && (!soonest || *at < *soonest)) {
            soonest = at;
        }
    }
    return soonest;
}

void Evidence::add_host(const ObserverId& observer, const HostId& host) {
    const auto known = std::ranges::find(vantages_, observer, &Vantage::id);
    if (known != vantages_.end()) {
        known->add_host(host);
    }
}

void Evidence::remove_host(const ObserverId& observer, const HostId& host) {
    const auto known = std::ranges::find(vantages_, observer, &Vantage::id);
    if (known != vantages_.end()) {
        known->remove_host(host);
    }
}

}  // namespace farshore::core
