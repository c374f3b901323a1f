#include "core/records/epoch_watch.h"

#include <algorithm>
#include <utility>

namespace farshore::core {

namespace {

// Often enough for three chances per lease, as agents read them.
constexpr Duration kEveryMax = std::chrono::seconds{1};

std::optional<std::string> why_apart(const CopyAnswer& answer, const EpochItem& in_force) {
    if (answer.word == CopyWord::done && answer.item) {
        return why_not_confirming(*answer.item, in_force);
    }
    return answer.word == CopyWord::damaged ? "is damaged" : "cannot be read: " + answer.why;
}

}  // namespace

Duration EpochWatch::every() const {
    return std::min<Duration>(kEveryMax, lease_ / 3);
}

void EpochWatch::note(
    Instant now, const RegionId& region, const CopyAnswer& answer, const EpochItem& in_force
) {
    if (standing_of_ != in_force.epoch) {
        standing_of_ = in_force.epoch;
        standing_.clear();
    }
    Standing& standing = standing_.try_emplace(region, Standing{.confirmed_at = now}).first->second;
    const std::optional<std::string> why = why_apart(answer, in_force);
    standing.why = why.value_or("");
    standing.confirmed_at = why ? standing.confirmed_at : now;
}

std::vector<RegionId> EpochWatch::to_heal(
    Instant now,
    const Survey& survey,
    const RegionId& region,
    const CopyAnswer& answer,
    const EpochItem& in_force
) {
    std::vector<RegionId> anew;
    if (!in_force.exists()) {
        return anew;
    }
    note(now, region, answer, in_force);
    const bool read = answer.word == CopyWord::done && answer.item;
    if (answer.word == CopyWord::damaged || (read && is_behind(*answer.item, in_force))) {
        anew.push_back(region);
    }
    const auto agreed = survey.is_whole() ? judge(survey.reading()).agreed : std::nullopt;
    if (agreed && agreed->says(in_force.epoch, in_force.active)) {
        for (const auto& [where, copy] : survey.copies()) {
            if (is_stray(copy, in_force)) {
                anew.push_back(where);
            }
        }
    }
    std::erase_if(anew, [this](const RegionId& each) { return !healing_.insert(each).second; });
    return anew;
}

EpochWatch::Healed EpochWatch::healed(const RegionId& region, bool in_full) {
    healing_.erase(region);
    const auto standing = standing_.find(region);
    const bool failed_before =
        standing != standing_.end() && std::exchange(standing->second.heal_failed, !in_full);
    if (in_full) {
        return Healed::up_to_date;
    }
    return failed_before ? Healed::failed_again : Healed::failed;
}

std::vector<EpochWatch::Apart> EpochWatch::apart(Instant now) const {
    std::vector<Apart> apart;
    for (const auto& [region, standing] : standing_) {
        if (!standing.why.empty() && now - standing.confirmed_at > lease_) {
            apart.push_back({.region = region, .why = standing.why});
        }
    }
    return apart;
}

}  // namespace farshore::core
