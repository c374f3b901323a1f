#include "core/records/survey.h"

#include "core/planted.h"

namespace farshore::core {

Survey::Survey(Begun begun, NamedLately& named)
    : named_(named),
      reading_{
          .started = begun.at,
          .started_wall = begun.wall,
          .asked = begun.copies,
          .copies = {},
          .detail = {}
      } {}

void Survey::add(const RegionId& region, const EpochItem& copy) {
    reading_.copies.push_back(copy);
    copies_.emplace_back(region, copy);
}

std::optional<EpochsRead> Survey::take(
    Instant now, const RegionId& region, const CopyAnswer& answer
) {
    ++ended_;
    if (answer.word == CopyWord::done && answer.item) {
        named_.was_read(now, region, *answer.item);
        add(region, *answer.item);
    } else if (is_planted(PlantedBug::blind_controller_grants)) {
        add(region, named_.last_said(region));
    } else {
        reading_.detail +=
            (reading_.detail.empty() ? "" : "; ") + region.value() + ": " + answer.why;
    }
    const std::size_t copies = reading_.copies.size();
    const bool news = told_ == 0 || copies > told_;
    if (!news || (!is_whole() && (told_ > 0 || !judge(reading_).is_enough()))) {
        return std::nullopt;
    }
    told_ = copies;
    return EpochsRead{reading_};
}

}  // namespace farshore::core
