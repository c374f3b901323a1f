#include <algorithm>
#include <utility>

#include "adapters/system/log.h"
#include "controller/epoch_records.h"

// The copies of the epoch item, once a second: what they say, and bringing each up to what is in
// force.
namespace farshore::controller {

namespace {

// Often enough for three chances per lease, as agents read them.
constexpr Duration kWatchEveryMax = std::chrono::seconds{1};

}  // namespace

// The core is told as soon as a majority agrees on all that matters: a Region that hangs is not
// waited for. What later copies say is told when the round has ended.
void EpochRecords::tell(Round& round) {
    const std::size_t copies = round.reading.copies.size();
    const bool whole = round.ended == round.reading.asked;
    const bool news = round.told == 0 || copies > round.told;
    if (news && (whole || (round.told == 0 && core::judge(round.reading).is_enough()))) {
        round.told = copies;
        edge_.deliver(core::EpochsRead{round.reading});
    }
}

void EpochRecords::note_standing(
    const RegionId& region, const Result<core::EpochItem>& found, const core::EpochItem& in_force
) {
    if (standing_of_ != in_force.epoch) {
        standing_of_ = in_force.epoch;
        standing_.clear();
    }
    const Instant now = edge_.clock.now();
    Standing& standing = standing_.try_emplace(region, Standing{.confirmed_at = now}).first->second;
    if (!found) {
        standing.why = found.error().kind == ErrorKind::malformed
                           ? "is damaged"
                           : "cannot be read: " + found.error().text;
        return;
    }
    const auto why = core::why_not_confirming(*found, in_force);
    standing.why = why.value_or("");
    standing.confirmed_at = why ? standing.confirmed_at : now;
}

std::vector<EpochRecords::Apart> EpochRecords::apart() const {
    std::vector<Apart> apart;
    for (const auto& [region, standing] : standing_) {
        if (!standing.why.empty() &&
            edge_.clock.now() - standing.confirmed_at > edge_.config.fence.lease) {
            apart.push_back({.region = region, .why = standing.why});
        }
    }
    return apart;
}

net::Task<> EpochRecords::heal(RegionId region, core::EpochItem wanted) {
    if (!healing_.insert(region).second) {
        co_return;
    }
    const Answer answer = co_await write_and_check(region, wanted);
    healing_.erase(region);
    const auto standing = standing_.find(region);
    const bool failed_before =
        standing != standing_.end() && std::exchange(standing->second.heal_failed, !answer.in_full);
    if (answer.in_full) {
        system::log_info("epochs", "brought a copy up to date", {{"region", region.value()}});
    } else if (!failed_before) {
        system::log_warning(
            "epochs",
            "a copy could not be brought up to date",
            {{"region", region.value()}, {"why", answer.detail}}
        );
    }
}

net::Task<> EpochRecords::watch_one(
    RegionId region, std::shared_ptr<Round> round, InForce in_force
) {
    const Result<core::EpochItem> found = co_await read(region);
    note(region, found, *round);
    tell(*round);
    const core::EpochItem wanted = in_force();
    if (!wanted.exists()) {
        co_return;
    }
    note_standing(region, found, wanted);
    if (found && core::is_stray(*found, wanted)) {
        round->strays.push_back(region);
    }
    const bool whole = round->ended == round->reading.asked;
    const auto agreed = whole ? core::judge(round->reading).agreed : std::nullopt;
    const bool damaged = !found && found.error().kind == ErrorKind::malformed;
    if (damaged || (found && core::is_behind(*found, wanted))) {
        co_await heal(region, wanted);
    }
    if (agreed && agreed->says(wanted.epoch, wanted.active)) {
        for (const RegionId& stray : round->strays) {
            co_await heal(stray, wanted);
        }
    }
}

net::Task<> EpochRecords::watch(InForce in_force) {
    const Duration every = std::min<Duration>(kWatchEveryMax, edge_.config.fence.lease / 3);
    while (true) {
        auto round = std::make_shared<Round>();
        round->reading = begun();
        for (const RegionId& region : regions_) {
            edge_.tasks.spawn("watch epoch in " + region.value(), [this, region, round, in_force] {
                return watch_one(region, round, in_force);
            });
        }
        const bool slept = co_await net::sleep_for(edge_.io, every);
        if (!slept) {
            co_return;
        }
    }
}

}  // namespace farshore::controller
