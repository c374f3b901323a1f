#include "core/evidence/vantage.h"

#include <algorithm>
#include <utility>

namespace farshore::core {

namespace {

constexpr std::string_view kRecovering = "it fails no longer, and has not been well for long yet";

std::size_t index_of(Path path) {
    return static_cast<std::size_t>(path);
}

// A bad path outweighs a good one: an empty DNS answer leaves old connections working for a while.
Health worse(Health a, Health b) {
    const auto rank = [](Health health) {
        return health == Health::unhealthy ? 2 : (health == Health::healthy ? 1 : 0);
    };
    return rank(b) > rank(a) ? b : a;
}

// One host of a Region is not the Region: most of those that have an opinion must share it.
Health joint_health(const Opinions& opinions) {
    const std::size_t fresh = opinions.unhealthy + opinions.healthy;
    if (opinions.unhealthy * 2 > fresh) {
        return Health::unhealthy;
    }
    return opinions.healthy * 2 > fresh ? Health::healthy : Health::unknown;
}

std::string plural(std::size_t count, std::string_view noun) {
    return std::to_string(count) + " " + std::string{noun} + (count == 1 ? "" : "s");
}

// The earlier of two ends, where nullopt is no end.
std::optional<Instant> earlier(const std::optional<Instant>& a, const std::optional<Instant>& b) {
    return a && b ? std::min(*a, *b) : (a ? a : b);
}

}  // namespace

Vantage::Vantage(Observer observer, Hysteresis limits)
    : id_(std::move(observer.id)), stands_in_(std::move(observer.stands_in)), limits_(limits) {
    for (const HostId& host : observer.hosts) {
        sources_.emplace(host, Source{});
    }
    if (sources_.empty()) {
        sources_.emplace(HostId{}, Source{});
    }
}

std::optional<std::size_t> Vantage::find(const RegionId& region, Component component) const {
    const auto found = std::ranges::find_if(subjects_, [&](const Subject& subject) {
        return subject.component == component && subject.region == region;
    });
    return found == subjects_.end()
               ? std::nullopt
               : std::optional{static_cast<std::size_t>(std::distance(subjects_.begin(), found))};
}

void Vantage::observe(Instant now, const Observation& seen) {
    const auto found = sources_.find(seen.source);
    if (found == sources_.end()) {
        return;
    }
    settle(now);
    Source& source = found->second;
    heard_at_ = now;
    std::optional<Instant> until;
    if (seen.component == Component::control) {
        // Whatever it thinks of itself, it thinks of all it says.
        source.control = source.control.value_or(Signal{});
        source.control->add(now, seen.ok, seen.failed, seen.why, limits_);
        until = recount(now, source);
    } else {
        std::optional<std::size_t> subject = find(seen.region, seen.component);
        if (!subject) {
            subject = subjects_.size();
            subjects_.push_back({seen.region, seen.component});
            counts_.emplace_back();
            unhealthy_since_.emplace_back();
        }
        if (source.samples.size() <= *subject) {
            source.samples.resize(*subject + 1);
        }
        Samples& samples = source.samples[*subject];
        samples.by_path[index_of(seen.path)].add(now, seen.ok, seen.failed, seen.why, limits_);
        if (seen.path == Path::passive) {
            samples.stalled = seen.stalled;
            if (seen.ok + seen.failed > 0 || seen.stalled > Duration::zero()) {
                samples.busy_at = now;
            }
        }
        until = recount(now, source, *subject);
    }
    if (until && (!source.due || *until < *source.due)) {
        look_again_at(found->first, source, until);
    }
}

bool Vantage::suspects_itself(Instant now, const Source& source) const {
    // Only a control target known to be failing disqualifies: an observer without one is trusted.
    return source.control && source.control->failing_since().has_value() &&
           source.control->heard_at().has_value() &&
           now - *source.control->heard_at() <= limits_.fresh_for;
}

Vantage::Judged Vantage::judge(Instant now, const Source& source, std::size_t subject) const {
    Judged judged;
    Opinion& opinion = judged.opinion;
    const Samples& samples = source.samples[subject];
    const auto fresh_until = [&](const std::optional<Instant>& at) {
        const bool fresh = at && now - *at <= limits_.fresh_for;
        return fresh ? std::optional{*at + limits_.fresh_for} : std::nullopt;
    };
    for (const Path path : {Path::fresh, Path::reused}) {
        const Signal& signal = samples.by_path[index_of(path)];
        opinion.health = worse(opinion.health, signal.judge(now, limits_));
        opinion.wavering = opinion.wavering || signal.failing_since().has_value();
        judged.until = earlier(judged.until, fresh_until(signal.heard_at()));
    }
    if (opinion.health != Health::unknown && suspects_itself(now, source)) {
        opinion.health = Health::unknown;
        judged.until = earlier(judged.until, fresh_until(source.control->heard_at()));
    }
    opinion.wavering = opinion.wavering && opinion.health == Health::healthy;
    if (const auto busy_until = fresh_until(samples.busy_at)) {
        opinion.busy = true;
        opinion.failing = samples.by_path[index_of(Path::passive)].failing_since().has_value() ||
                          samples.stalled >= limits_.stalled_min;
        judged.until = earlier(judged.until, busy_until);
    }
    return judged;
}

std::optional<Instant> Vantage::holds_until(Instant now, const Source& source) const {
    std::optional<Instant> until;
    for (std::size_t subject = 0; subject < source.samples.size(); ++subject) {
        until = earlier(until, judge(now, source, subject).until);
    }
    return until;
}

void Vantage::count_in(Opinions& counts, const Opinion& opinion, bool add) {
    const auto change = [add](std::size_t& count, bool counted) {
        if (counted) {
            count = add ? count + 1 : count - 1;
        }
    };
    change(counts.healthy, opinion.health == Health::healthy);
    change(counts.unhealthy, opinion.health == Health::unhealthy);
    change(counts.wavering, opinion.wavering);
    change(counts.busy, opinion.busy);
    change(counts.failing, opinion.failing);
}

std::optional<Instant> Vantage::recount(Instant now, Source& source, std::size_t subject) {
    const Judged judged = judge(now, source, subject);
    Opinion& counted = source.samples[subject].counted;
    count_in(counts_[subject], counted, false);
    counted = judged.opinion;
    count_in(counts_[subject], counted, true);
    note_vote(now, subject);
    return judged.until;
}

std::optional<Instant> Vantage::recount(Instant now, Source& source) {
    std::optional<Instant> until;
    for (std::size_t subject = 0; subject < source.samples.size(); ++subject) {
        until = earlier(until, recount(now, source, subject));
    }
    return until;
}

void Vantage::look_again_at(const HostId& host, Source& source, const std::optional<Instant>& at) {
    if (source.due) {
        due_.erase({*source.due, host});
    }
    source.due = at;
    if (at) {
        due_.emplace(*at, host);
    }
}

void Vantage::settle(Instant now) {
    counted_at_ = now;
    // A turn that is near is put off where its source was heard since, so that next_deadline() is
    // rarely early; not for every sample, of which there may be thousands a second.
    const Duration near = limits_.fresh_for / 4;
    const bool looks_near = now - near_looked_at_ >= limits_.fresh_for / 16;
    while (!due_.empty()) {
        const auto& [at, host] = *due_.begin();
        const bool is_over = at < now;
        if (!is_over && (!looks_near || at > now + near)) {
            break;
        }
        const auto found = sources_.find(host);
        const std::optional<Instant> until =
            is_over ? recount(now, found->second) : holds_until(now, found->second);
        if (until == at) {
            break;
        }
        look_again_at(found->first, found->second, until);
    }
    if (looks_near) {
        near_looked_at_ = now;
    }
}

void Vantage::note_vote(Instant now, std::size_t subject) {
    std::optional<Instant>& since = unhealthy_since_[subject];
    if (joint_health(counts_[subject]) != Health::unhealthy) {
        since.reset();
    } else if (!since) {
        since = now;
    }
}

std::optional<Instant> Vantage::unhealthy_since(
    Instant now, const RegionId& region, Component component
) const {
    const std::optional<std::size_t> subject = find(region, component);
    return subject && health(now, region, component) == Health::unhealthy
               ? unhealthy_since_[*subject]
               : std::nullopt;
}

Opinions Vantage::count(Instant now, std::size_t subject) const {
    Opinions counts;
    for (const auto& [host, source] : sources_) {
        if (subject >= source.samples.size()) {
            continue;
        }
        count_in(counts, judge(now, source, subject).opinion, true);
    }
    return counts;
}

Opinions Vantage::opinions(Instant now, const RegionId& region, Component component) const {
    const std::optional<std::size_t> subject = find(region, component);
    if (!subject) {
        return {};
    }
    const bool holds = now >= counted_at_ && (due_.empty() || now <= due_.begin()->first);
    return holds ? counts_[*subject] : count(now, *subject);
}

Health Vantage::health(Instant now, const RegionId& region, Component component) const {
    return joint_health(opinions(now, region, component));
}

bool Vantage::doubts(Instant now, const RegionId& region, Component component) const {
    const Opinions seen = opinions(now, region, component);
    return (seen.unhealthy + seen.wavering) * 2 > seen.unhealthy + seen.healthy;
}

Vote Vantage::source_vote(Instant now, const Source& source, std::size_t subject) const {
    Vote vote{
        .observer = id_,
        .health = Health::unknown,
        .since = {},
        .heard_at = {},
        .why = "nothing heard"
    };
    if (subject >= source.samples.size()) {
        return vote;
    }
    for (const Path path : {Path::fresh, Path::reused}) {
        const Signal& signal = source.samples[subject].by_path[index_of(path)];
        const Health health = signal.judge(now, limits_);
        if (worse(vote.health, health) == vote.health) {
            if (vote.health == Health::unknown && signal.is_recovering(now, limits_)) {
                vote.heard_at = signal.heard_at();
                vote.why = std::string{kRecovering};
            }
            continue;
        }
        vote.health = health;
        vote.since = signal.failing_since();
        vote.heard_at = signal.heard_at();
        vote.why = health == Health::unhealthy
                       ? std::string{to_string(path)} + " connections: " + signal.why()
                       : std::string{to_string(health)};
    }
    if (vote.health != Health::unknown && suspects_itself(now, source)) {
        vote.health = Health::unknown;
        vote.why = "its own control target does not answer: it suspects itself";
    }
    return vote;
}

Vote Vantage::vote(Instant now, const RegionId& region, Component component) const {
    const std::size_t subject = find(region, component).value_or(subjects_.size());
    if (!has_hosts()) {
        return source_vote(now, sources_.begin()->second, subject);
    }
    Opinions opinions;
    std::string undecided;  // why a host that was heard says neither
    Vote joint{.observer = id_, .health = {}, .since = {}, .heard_at = {}, .why = {}};
    for (const auto& [host, source] : sources_) {
        const Vote vote = source_vote(now, source, subject);
        if (vote.heard_at && (!joint.heard_at || *vote.heard_at > *joint.heard_at)) {
            joint.heard_at = vote.heard_at;
        }
        opinions.healthy += vote.health == Health::healthy ? 1U : 0U;
        if (vote.health == Health::unknown && vote.heard_at) {
            undecided = vote.why;
        }
        if (vote.health == Health::unhealthy) {
            ++opinions.unhealthy;
            joint.why = vote.why;
            joint.since = earlier(joint.since, vote.since);
        }
    }
    joint.health = joint_health(opinions);
    const std::size_t fresh = opinions.unhealthy + opinions.healthy;
    switch (joint.health) {
        case Health::unhealthy:
            joint.why = plural(opinions.unhealthy, "host") + " of " + std::to_string(fresh) + ": " +
                        joint.why;
            break;
        case Health::healthy:
            joint.why =
                plural(opinions.healthy, "host") + " of " + std::to_string(fresh) + " healthy";
            break;
        case Health::unknown:
            joint.why = fresh == 0 ? "none of " + plural(sources_.size(), "host") + " was heard"
                                   : "its hosts disagree";
            break;
    }
    return joint;
}

bool Vantage::is_heard(Instant now) const {
    return heard_at_ && now - *heard_at_ <= limits_.fresh_for;
}

std::optional<Instant> Vantage::next_deadline() const {
    return due_.empty() ? std::nullopt : std::optional{due_.begin()->first + Duration{1}};
}

std::vector<HostId> Vantage::hosts() const {
    std::vector<HostId> hosts;
    for (const auto& [host, source] : sources_) {
        if (host != HostId{}) {
            hosts.push_back(host);
        }
    }
    return hosts;
}

void Vantage::add_host(const HostId& host) {
    remove_host(HostId{});  // it speaks for itself no longer
    sources_.try_emplace(host);
}

void Vantage::remove_host(const HostId& host) {
    const auto found = sources_.find(host);
    if (found == sources_.end()) {
        return;
    }
    for (std::size_t subject = 0; subject < found->second.samples.size(); ++subject) {
        count_in(counts_[subject], found->second.samples[subject].counted, false);
    }
    look_again_at(found->first, found->second, std::nullopt);
    sources_.erase(found);
}

}  // namespace farshore::core
