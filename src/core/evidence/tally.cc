#include "core/evidence/tally.h"

#include <algorithm>

namespace farshore::core {

namespace {

// A bad path outweighs a good one: an empty DNS answer leaves old connections working for a while.
Vote worse(Vote a, Vote b) {
    const auto rank = [](Health health) {
        return health == Health::unhealthy ? 2 : (health == Health::healthy ? 1 : 0);
    };
    return rank(b.health) > rank(a.health) ? b : a;
}

std::string plural(std::size_t count, std::string_view noun) {
    return std::to_string(count) + " " + std::string{noun} + (count == 1 ? "" : "s");
}

}  // namespace

Evidence::Evidence(std::vector<Observer> observers, int quorum_needed, Hysteresis limits)
    : observers_(std::move(observers)), quorum_needed_(quorum_needed), limits_(limits) {}

void Evidence::observe(Instant now, const Observation& seen) {
    const auto known = std::ranges::find(observers_, seen.observer, &Observer::id);
    if (known == observers_.end()) {
        return;  // not configured: no vote, and no memory spent on it
    }
    if (!seen.source.value().empty() &&
        std::ranges::find(known->hosts, seen.source) == known->hosts.end()) {
        return;
    }
    Kept& kept = kept_[Key{seen.observer, seen.source, seen.region, seen.component, seen.path}];
    kept.signal.add(now, seen.ok, seen.failed, seen.why, limits_);
    kept.stalled = seen.stalled;
    if (seen.ok + seen.failed > 0 || seen.stalled > Duration::zero()) {
        kept.busy_at = now;
    }
}

bool Evidence::suspects_itself(Instant now, const Observer& observer, const HostId& source) const {
    const auto found =
        kept_.find(Key{observer.id, source, RegionId{}, Component::control, Path::fresh});
    // Only a control target known to be failing disqualifies: an observer without one is trusted.
    return found != kept_.end() && found->second.signal.failing_since().has_value() &&
           found->second.signal.heard_at().has_value() &&
           now - *found->second.signal.heard_at() <= limits_.fresh_for;
}

Vote Evidence::source_vote(
    Instant now,
    const Observer& observer,
    const HostId& source,
    const RegionId& region,
    Component component
) const {
    Vote best{
        .observer = observer.id,
        .health = Health::unknown,
        .since = {},
        .heard_at = {},
        .why = "nothing heard"
    };
    for (const Path path : {Path::fresh, Path::reused}) {
        const auto found = kept_.find(Key{observer.id, source, region, component, path});
        if (found == kept_.end()) {
            continue;
        }
        const Signal& signal = found->second.signal;
        const Health health = signal.judge(now, limits_);
        const Vote vote{
            .observer = observer.id,
            .health = health,
            .since = signal.failing_since(),
            .heard_at = signal.heard_at(),
            .why = health == Health::unhealthy
                       ? std::string{to_string(path)} + " connections: " + signal.why()
                       : std::string{to_string(health)}
        };
        best = worse(best, vote);
    }
    if (best.health != Health::unknown && suspects_itself(now, observer, source)) {
        best.health = Health::unknown;
        best.why = "its own control target does not answer: it suspects itself";
    }
    return best;
}

Vote Evidence::vote_of(
    Instant now, const Observer& observer, const RegionId& region, Component component
) const {
    if (observer.hosts.empty()) {
        return source_vote(now, observer, HostId{}, region, component);
    }
    std::size_t unhealthy = 0;
    std::size_t healthy = 0;
    Vote joint{
        .observer = observer.id, .health = Health::unknown, .since = {}, .heard_at = {}, .why = {}
    };
    for (const HostId& host : observer.hosts) {
        const Vote vote = source_vote(now, observer, host, region, component);
        if (vote.heard_at && (!joint.heard_at || *vote.heard_at > *joint.heard_at)) {
            joint.heard_at = vote.heard_at;
        }
        if (vote.health == Health::unhealthy) {
            ++unhealthy;
            joint.why = vote.why;
            if (vote.since && (!joint.since || *vote.since < *joint.since)) {
                joint.since = vote.since;
            }
        } else if (vote.health == Health::healthy) {
            ++healthy;
        }
    }
    // One host of a Region is not the Region: most of those that have an opinion must share it.
    const std::size_t fresh = unhealthy + healthy;
    if (fresh == 0) {
        joint.why = "none of " + plural(observer.hosts.size(), "host") + " was heard";
    } else if (unhealthy * 2 > fresh) {
        joint.health = Health::unhealthy;
        joint.why = plural(unhealthy, "host") + " of " + std::to_string(fresh) + ": " + joint.why;
    } else if (healthy * 2 > fresh) {
        joint.health = Health::healthy;
        joint.why = plural(healthy, "host") + " of " + std::to_string(fresh) + " healthy";
    } else {
        joint.why = "its hosts disagree";
    }
    return joint;
}

Tally Evidence::tally(Instant now, const RegionId& region, Component component) const {
    Tally tally;
    for (const Observer& observer : observers_) {
        Vote vote = vote_of(now, observer, region, component);
        tally.unhealthy += vote.health == Health::unhealthy ? 1 : 0;
        tally.healthy += vote.health == Health::healthy ? 1 : 0;
        tally.votes.push_back(std::move(vote));
    }
    const int configured = static_cast<int>(observers_.size());
    const auto is_quorum = [&](int votes) {
        return votes * 2 > configured && votes >= quorum_needed_;
    };
    if (is_quorum(tally.unhealthy)) {
        tally.verdict = Health::unhealthy;
    } else if (is_quorum(tally.healthy)) {
        tally.verdict = Health::healthy;
    }
    return tally;
}

Condition Evidence::condition(Instant now, const RegionId& region) const {
    const Health data = tally(now, region, Component::dynamodb).verdict;
    const Health stack = tally(now, region, Component::stack).verdict;
    if (data == Health::unhealthy) {
        return hosts_are_heard(now, region) ? Condition::data_impaired : Condition::region_lost;
    }
    if (data == Health::healthy && stack == Health::unhealthy) {
        return Condition::stack_impaired;
    }
    if (data == Health::healthy && stack == Health::healthy) {
        return Condition::healthy;
    }
    return Condition::unknown;
}

bool Evidence::hosts_are_heard(Instant now, const RegionId& region) const {
    return std::ranges::any_of(kept_, [&](const auto& entry) {
        const auto& [key, kept] = entry;
        if (key.source.value().empty()) {
            return false;
        }
        const auto observer = std::ranges::find(observers_, key.observer, &Observer::id);
        return observer != observers_.end() && observer->stands_in == region &&
               kept.signal.heard_at() && now - *kept.signal.heard_at() <= limits_.fresh_for;
    });
}

bool Evidence::hosts_see_errors(Instant now, const RegionId& region, Duration stalled_min) const {
    std::size_t fresh = 0;
    std::size_t failing = 0;
    for (const auto& [key, kept] : kept_) {
        if (key.path != Path::passive || key.region != region ||
            key.component != Component::dynamodb) {
            continue;
        }
        if (!kept.busy_at || now - *kept.busy_at > limits_.fresh_for) {
            continue;  // silent, or without requests: nothing to see errors with
        }
        ++fresh;
        failing += kept.signal.failing_since() || kept.stalled >= stalled_min ? 1U : 0U;
    }
    return failing * 2 > fresh;
}

std::optional<Instant> Evidence::next_deadline(Instant now) const {
    std::optional<Instant> soonest;
    for (const auto& [key, kept] : kept_) {
        const auto at = kept.signal.next_deadline(now, limits_);
        if (at && (!soonest || *at < *soonest)) {
            soonest = at;
        }
    }
    return soonest;
}

void Evidence::set_hosts(const ObserverId& observer, std::vector<HostId> hosts) {
    const auto known = std::ranges::find(observers_, observer, &Observer::id);
    if (known != observers_.end()) {
        known->hosts = std::move(hosts);
    }
}

}  // namespace farshore::core
