#pragma once

#include <map>
#include <optional>
#include <string>

#include "core/records/epoch_items.h"

namespace farshore::core {

// Which lease and which register each copy named lately. An agent that read a copy then may hold
// that lease still, and a controller of that register may have granted one, whatever the copies
// name by now. A value; one owner, whose `now` never goes back.
class NamedLately {
  public:
    void was_read(Instant now, const RegionId& region, const EpochItem& copy);

    // A write was asked for, and may have landed. `before`: what the copy said until then; nullopt:
    // that is not known. Returns the register that it named until then; empty: none is known.
    std::string was_asked_to_change(
        Instant now, const RegionId& region, const std::optional<EpochItem>& before
    );

    // The write has landed.
    void was_written(const RegionId& region, const EpochItem& item);

    // What the copy said when it was last read or written; epoch zero: nothing.
    [[nodiscard]] EpochItem last_said(const RegionId& region) const;

    // The longest lease that an agent may have taken and may still hold.
    [[nodiscard]] Duration longest_lease(Instant now) const;

  private:
    void note(Instant now, Duration lease);

    std::map<RegionId, EpochItem> copies_;
    std::map<Duration, Instant> named_until_;  // each lease, and when a copy last named it
};

}  // namespace farshore::core
