#pragma once

#include <string_view>

#include <boost/json/object.hpp>

#include "lab/dynamo/cluster.h"
#include "lab/dynamo/region.h"
#include "lab/dynamo/service_error.h"

namespace farshore::lab::dynamo {

// A table as DescribeTable tells it. `forced_status`: instead of the one that it has ("DELETING").
[[nodiscard]] Answer<boost::json::object> describe_json(
    Cluster& cluster, Region& region, const Table& table, std::string_view forced_status = {}
);

}  // namespace farshore::lab::dynamo
