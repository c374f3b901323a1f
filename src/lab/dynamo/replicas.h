#pragma once

#include <optional>
#include <vector>

#include <boost/json/array.hpp>

#include "lab/dynamo/cluster.h"
#include "lab/dynamo/region.h"
#include "lab/dynamo/service_error.h"

// The copies of a table in several Regions: which there are, and how they come and go.
namespace farshore::lab::dynamo {

// Every Region that has a copy of the table, this one first.
[[nodiscard]] std::vector<Region*> holders(Cluster& cluster, Region& region, const Table& table);

// Is the copy in `to` still being made? Until its time has come and what was there before has
// arrived.
[[nodiscard]] bool is_being_made(
    Cluster& cluster, const Region& from, const Table& table, const RegionId& to
);
// The first replica that is being made.
[[nodiscard]] std::optional<RegionId> replica_being_made(
    Cluster& cluster, const Region& from, const Table& table
);

// What UpdateTable's ReplicaUpdates asks for.
struct ReplicaChange {
    bool create = false;  // false: delete
    RegionId region;
};

[[nodiscard]] Answer<ReplicaChange> read_replica_change(const boost::json::array& updates);
// nullopt: it is done.
[[nodiscard]] std::optional<ServiceError> change_replicas(
    Cluster& cluster, Region& region, Table& table, const ReplicaChange& change
);

// Without a question whether DynamoDB would: for a world that is being set up. The table must not
// be in `to`. nullopt: it is done.
[[nodiscard]] std::optional<ServiceError> add_replica(
    Cluster& cluster, Region& from, Table& table, Region& to
);

// Takes the table out of one Region and out of the others' lists. nullopt: it is done.
[[nodiscard]] std::optional<ServiceError> remove_copy(
    Cluster& cluster, Region& from, const TableName& name
);
// May a client take the table out of this Region? nullopt: yes.
[[nodiscard]] std::optional<ServiceError> check_source(const Region& region, const Table& table);

}  // namespace farshore::lab::dynamo
