#include "core/records/raise_round.h"

#include <utility>

#include "core/planted.h"

namespace farshore::core {

RaiseRound::RaiseRound(Order order, NamedLately& named) : order_(std::move(order)), named_(named) {
    for (const RegionId& region : order_.regions) {
        copies_.try_emplace(region);
    }
}

std::optional<CopyQuestion> RaiseRound::take(
    Instant now, const RegionId& region, const CopyAnswer& answer
) {
    const auto found = copies_.find(region);
    if (found == copies_.end() || found->second.ended) {
        return std::nullopt;
    }
    Copy& copy = found->second;
    if (first() == CopyQuestion::read || copy.read_back) {
        if (answer.word == CopyWord::done && answer.item) {
            named_.was_read(now, region, *answer.item);
            look(region, *answer.item);
        } else {
            end(region, Landed::unknown, {}, copy.read_back.value_or("no answer"));
        }
        return std::nullopt;
    }
    const std::string before = named_.was_asked_to_change(now, region, answer.item);
    const bool other = !before.empty() && before != order_.item.register_id;
    switch (answer.word) {
        case CopyWord::done:
            other_register_ = other_register_ || other;
            named_.was_written(region, order_.item);
            ++in_full_;
            end(region, Landed::confirmed, order_.item.epoch, "raised");
            return std::nullopt;
        case CopyWord::refused:
        case CopyWord::damaged:
        case CopyWord::lost:
            other_register_ = other_register_ || other;
            copy.read_back = answer.why;
            return CopyQuestion::read;
        case CopyWord::not_done:
            // A second question goes the way on which the first one found no Region: the copy may
            // still be what it was, but that is not known.
            end(region, Landed::unknown, {}, answer.why);
            return std::nullopt;
    }
    std::unreachable();
}

void RaiseRound::look(const RegionId& region, const EpochItem& found) {
    const std::string seen = std::to_string(found.epoch.value());
    if (found.says(order_.item.epoch, order_.item.active)) {
        other_register_ = other_register_ || (!found.register_id.empty() &&
                                              found.register_id != order_.item.register_id);
        const auto why_not = why_not_confirming(found, order_.item);
        in_full_ += why_not ? 0 : 1;
        const std::string otherwise = copies_[region].read_back.value_or("no answer");
        end(region,
            Landed::confirmed,
            found.epoch,
            "raised, as read back" +
                (why_not ? ", but it " + *why_not + ": " + otherwise : std::string{}));
    } else if (is_stray(found, order_.item)) {
        end(region,
            Landed::stray,
            found.epoch,
            "epoch " + seen + " is there, which no controller has raised");
    } else if (found.epoch < order_.item.epoch) {
        end(region, Landed::unchanged, found.epoch, "still " + seen);
    } else {
        end(region,
            Landed::newer,
            found.epoch,
            "epoch " + seen + " with active " + found.active.value() + " is there");
    }
}

void RaiseRound::end(const RegionId& region, Landed landed, Epoch seen, const std::string& words) {
    copies_[region].ended = true;
    ++ended_;
    seen_.push_back(seen);
    if (landed == Landed::confirmed) {
        confirmed_.push_back(region);
    }
    unchanged_ += landed == Landed::unchanged ? 1 : 0;
    newer_ += landed == Landed::newer ? 1 : 0;
    strays_ += landed == Landed::stray ? 1 : 0;
    detail_ += (detail_.empty() ? "" : "; ") + region.value() + ": " + words;
}

std::optional<EpochRaised> RaiseRound::news(Instant now) {
    const std::size_t asked = order_.regions.size();
    const std::size_t needed = majority_of(asked);
    const bool majority = confirmed_.size() >= needed;
    const bool known = majority || ended_ == asked;
    if (!order_.step || told_ || !known || is_planted(PlantedBug::raise_outcome_lost)) {
        return std::nullopt;
    }
    told_ = true;
    // What most copies carry is no stray.
    const std::size_t newer = newer_ + (strays_ >= needed ? strays_ : 0);
    return EpochRaised{
        .step = *order_.step,
        .started = order_.started,
        .started_wall = order_.started_wall,
        .majority = majority,
        .unchanged_confirmed = unchanged_ >= needed,
        .confirmed = confirmed_,
        .no_way_back = confirmed_.size() > asked - needed,
        .taken = newer > asked - needed,
        .highest_seen = highest_believable(seen_, asked, order_.item.epoch),
        .longest_lease = named_.longest_lease(now),
        .other_register = other_register_,
        .detail = detail_
    };
}

}  // namespace farshore::core
