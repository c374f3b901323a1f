#pragma once

#include <array>
#include <cstddef>
#include <vector>

#include "base/ids.h"

namespace farshore::sim {

// Where something stands. The table Regions come first, in configured order; the controller stands
// in the witness's Region, which holds the last copy of the epoch record.
using Place = std::size_t;

inline constexpr Place kTablesMax = 3;
inline constexpr Place kWitness = 3;
inline constexpr Place kPlaces = 4;

inline const std::array<RegionId, kPlaces> kRegionIds{
    RegionId{"us-east-1"}, RegionId{"eu-west-1"}, RegionId{"sa-east-1"}, RegionId{"us-west-2"}
};

[[nodiscard]] inline const RegionId& region_id(Place place) {
    return kRegionIds.at(place);
}

[[nodiscard]] inline std::vector<RegionId> regions_at(const std::vector<Place>& places) {
    std::vector<RegionId> regions;
    for (const Place place : places) {
        regions.push_back(region_id(place));
    }
    return regions;
}

// An unknown Region is nowhere: kPlaces.
[[nodiscard]] inline Place place_of(const RegionId& region) {
    for (Place place = 0; place < kPlaces; ++place) {
        if (kRegionIds.at(place) == region) {
            return place;
        }
    }
    return kPlaces;
}

// The direction of a message or of replication.
struct Way {
    Place from = 0;
    Place to = 0;
};

}  // namespace farshore::sim
