#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "core/records/survey.h"

namespace farshore::core {

// The copies of the epoch item over time: when they are read, which of them are to be brought up to
// what is in force, and which have not counted for it for long. A copy is written anew when it
// missed a raise, is damaged, or names other terms or another register; one that is too far ahead
// to be an epoch only when a majority has just confirmed what is in force. Not thread-safe.
class EpochWatch {
  public:
    // `lease`: that this controller's items name.
    explicit EpochWatch(Duration lease) : lease_(lease) {}

    // From the begin of one reading of all copies to that of the next.
    [[nodiscard]] Duration every() const;

    // That copy has just given this answer to the survey. The copies to be written anew; until
    // healed() says what came of it, a copy is not named again. `in_force` has epoch zero while
    // that is not known.
    [[nodiscard]] std::vector<RegionId> to_heal(
        Instant now,
        const Survey& survey,
        const RegionId& region,
        const CopyAnswer& answer,
        const EpochItem& in_force
    );

    enum class Healed : std::uint8_t { up_to_date, failed, failed_again };

    // A copy that was to be written anew carries the whole item now, or not.
    Healed healed(const RegionId& region, bool in_full);

    // A copy that has not counted for what is in force for a lease, though it was read or written
    // anew again and again.
    struct Apart {
        RegionId region;
        std::string why;  // in words that follow "it"
    };

    [[nodiscard]] std::vector<Apart> apart(Instant now) const;

  private:
    // What the readings of one copy found lately.
    struct Standing {
        Instant confirmed_at{};  // when it last counted for what is in force
        std::string why{};       // ... and why it does not any more
        bool heal_failed = false;
    };

    void note(
        Instant now, const RegionId& region, const CopyAnswer& answer, const EpochItem& in_force
    );

    Duration lease_;
    std::set<RegionId> healing_;  // whose copy is being written anew
    std::map<RegionId, Standing> standing_;
    Epoch standing_of_;  // the epoch in force that the copies are compared with
};

}  // namespace farshore::core
