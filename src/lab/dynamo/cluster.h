#pragma once

#include <map>
#include <memory>

#include "base/ids.h"
#include "base/rng.h"
#include "base/time.h"
#include "lab/dynamo/region.h"

namespace farshore::lab::dynamo {

// How existing items reach a new replica, as table operations see it.
class Copier {
  public:
    // Sends every item of the table in `from` on its way to `to`.
    virtual void copy_all(const RegionId& from, const RegionId& to, const TableName& table) = 0;
    // Are copies of that kind still under way?
    [[nodiscard]] virtual bool copying(
        const RegionId& from, const RegionId& to, const TableName& table
    ) const = 0;
    // The table is gone in one of the two: what waits for it is dropped.
    virtual void forget(const RegionId& region, const TableName& table) = 0;

  protected:
    ~Copier() = default;
};

// All Regions of a world, for operations that concern more than one.
struct Cluster {
    std::map<RegionId, std::unique_ptr<Region>> regions;
    Copier* copier = nullptr;
    Duration creation_takes{};
    Rng rng{1};  // of identifiers

    [[nodiscard]] Region* find(const RegionId& id) const {
        const auto found = regions.find(id);
        return found == regions.end() ? nullptr : found->second.get();
    }
};

}  // namespace farshore::lab::dynamo
