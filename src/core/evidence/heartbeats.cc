#include "core/evidence/heartbeats.h"

#include <algorithm>
#include <utility>

namespace farshore::core {

namespace {

constexpr std::size_t kWrittenKept = 64;
constexpr Duration kPauseFast = std::chrono::milliseconds{30};
constexpr Duration kPauseSlow = std::chrono::milliseconds{500};
constexpr Duration kFastFor = std::chrono::seconds{2};

}  // namespace

bool may_replace(const std::optional<HeartbeatItem>& held, const HeartbeatItem& item) {
    return !held || held->life != item.life || held->sequence < item.sequence;
}

Heartbeats::Beat Heartbeats::begin(Now now, const RegionId& region) {
    Written& written = written_[region];
    const Beat beat{.sequence = ++written.begun, .started = now.at, .at = now.wall};
    written.when.emplace(beat.sequence, beat.started);
    if (written.when.size() > kWrittenKept) {
        written.when.erase(written.when.begin());
    }
    return beat;
}

HeartbeatItem Heartbeats::item(const Beat& beat) const {
    return {.life = life_, .sequence = beat.sequence, .at = beat.at};
}

WriteAcknowledged Heartbeats::acknowledged(Instant now, const RegionId& region, const Beat& beat) {
    Written& written = written_[region];
    const std::uint64_t before =
        std::exchange(written.acknowledged, std::max(written.acknowledged, beat.sequence));
    for (auto& [way, link] : links_) {
        if (way.first == region && link.last >= before) {
            link.waiting_since = now;
        }
    }
    return {.region = region, .at = beat.started};
}

bool Heartbeats::shows(const std::optional<HeartbeatItem>& found, std::uint64_t sequence) const {
    return found && found->life == life_ && found->sequence >= sequence;
}

Heartbeats::Link Heartbeats::link(const RegionId& from, const RegionId& to) const {
    const auto found = links_.find({from, to});
    return found == links_.end() ? Link{.waiting_since = started_} : found->second;
}

bool Heartbeats::is_awaited(const RegionId& from, const RegionId& to) const {
    const Link known = link(from, to);
    const auto written = written_.find(from);
    return !known.earlier_known ||
           (written != written_.end() && written->second.acknowledged > known.last);
}

Duration Heartbeats::pause(Instant now, const RegionId& from, const RegionId& to) const {
    const bool fast = !is_awaited(from, to) || now - link(from, to).waiting_since < kFastFor;
    return fast ? kPauseFast : kPauseSlow;
}

std::optional<Event> Heartbeats::seen(
    Now now, const RegionId& from, const RegionId& to, const std::optional<HeartbeatItem>& found
) {
    Link& link = links_.try_emplace({from, to}, Link{.waiting_since = started_}).first->second;
    const bool first_look = !std::exchange(link.earlier_known, true);
    if (!found) {
        return std::nullopt;
    }
    if (found->life != life_) {
        // One from the future is a clock that was set back since: it proves nothing.
        const bool proves = found->at && *found->at <= now.wall;
        return first_look && proves
                   ? std::optional<Event>{HeartbeatFound{
                         .from = from, .to = to, .written_ago = now.wall - *found->at
                     }}
                   : std::nullopt;
    }
    if (found->sequence <= link.last) {
        return std::nullopt;
    }
    link.last = found->sequence;
    link.waiting_since = now.at;
    const auto& when = written_[from].when;
    const auto written = when.find(found->sequence);
    return written == when.end() ? std::nullopt
                                 : std::optional<Event>{HeartbeatArrived{
                                       .from = from,
                                       .to = to,
                                       .written = written->second,
                                       .lag = now.at - written->second
                                   }};
}

}  // namespace farshore::core
