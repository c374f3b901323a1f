#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <utility>

#include "base/ids.h"
#include "lab/dynamo/cluster.h"
#include "lab/dynamo/region.h"

namespace farshore::lab::dynamo {

// Deletes the items whose time has come, as DynamoDB does by itself: those whose attribute is a
// number of seconds since 1970 that is past, but not by more than five years. One Region of a
// global table deletes an item, the one that wrote it last, and replication carries the deletion
// on. Single-threaded; the cluster must outlive it.
class Expiry {
  public:
    // `looks_max`: items per table that one sweep looks at. Requests wait meanwhile.
    explicit Expiry(Cluster& cluster, std::size_t looks_max = 1000)
        : cluster_(cluster), looks_max_(looks_max) {}

    // Goes on in each table where the last sweep ended.
    void sweep();

  private:
    void sweep(Region& region, const Table& table);

    Cluster& cluster_;
    std::size_t looks_max_;
    std::map<std::pair<RegionId, TableName>, std::string> next_;  // locations
};

}  // namespace farshore::lab::dynamo
