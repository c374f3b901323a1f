#pragma once

#include <array>
#include <string>
#include <vector>

#include "base/rng.h"

#include "sim/calendar.h"
#include "sim/world.h"

namespace farshore::sim {

// The table Regions are 0 and 1; 2 is the witness Region, where the controller stands.
inline constexpr int kWitness = 2;
inline const std::array<RegionId, 3> kRegionIds{
    RegionId{"us-east-1"}, RegionId{"eu-west-1"}, RegionId{"us-east-2"}
};

[[nodiscard]] inline int index_of(const RegionId& region) {
    return region == kRegionIds[0] ? 0 : (region == kRegionIds[1] ? 1 : kWitness);
}

// What works at a moment, by the script's faults, and how long a message takes.
class Network {
  public:
    Network(Calendar& calendar, const std::vector<Fault>& faults, std::uint64_t seed)
        : calendar_(calendar), faults_(faults), rng_(seed) {}

    [[nodiscard]] bool active(FaultKind kind, int region) const {
        for (const Fault& fault : faults_) {
            const bool now = calendar_.now() >= fault.from && calendar_.now() < fault.until;
            if (now && fault.kind == kind && fault.region == region) {
                return true;
            }
        }
        return false;
    }

    [[nodiscard]] bool anywhere(FaultKind kind) const {
        return active(kind, 0) || active(kind, 1) || active(kind, kWitness);
    }

    // Can a message leave `from` for `to` now?
    [[nodiscard]] bool linked(int from, int to) const {
        if (from == to) {
            return true;
        }
        if (active(FaultKind::region_cut, from) || active(FaultKind::region_cut, to)) {
            return false;
        }
        const bool between_tables = from != kWitness && to != kWitness;
        if (between_tables && anywhere(FaultKind::pair_partition)) {
            return false;
        }
        const int region = from == kWitness ? to : from;
        return between_tables || !active(FaultKind::controller_cut, region);
    }

    [[nodiscard]] bool data_answers(int region) const {
        return !active(FaultKind::data_down, region);
    }

    // A request from one Region to the tables of another gets through, and is answered.
    [[nodiscard]] bool reaches_data(int from, int region) const {
        return linked(from, region) && data_answers(region) &&
               (from == region || !active(FaultKind::data_unseen, region));
    }

    [[nodiscard]] bool replicates(int from, int to) const {
        return linked(from, to) && data_answers(from) && data_answers(to);
    }

    [[nodiscard]] bool lost() { return anywhere(FaultKind::loss) && rng_.chance(1, 3); }

    [[nodiscard]] Duration delay(int from, int to) {
        const std::uint64_t base = from == to ? 1 : 30;
        return std::chrono::milliseconds{base + rng_.below(from == to ? 3 : 25)};
    }

    [[nodiscard]] Rng& rng() { return rng_; }

  private:
    Calendar& calendar_;
    const std::vector<Fault>& faults_;
    Rng rng_;
};

}  // namespace farshore::sim
