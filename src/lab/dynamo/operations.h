#pragma once

#include <string_view>

#include <boost/json/object.hpp>

#include "lab/dynamo/cluster.h"
#include "lab/dynamo/region.h"
#include "lab/dynamo/service_error.h"

// DynamoDB's operations on one Region: a request's JSON in, an answer's JSON out.
namespace farshore::lab::dynamo {

using Run = Answer<boost::json::object> (*)(
    Cluster& cluster, Region& region, const boost::json::object& request
);

struct Operation {
    std::string_view name;
    bool writes;  // changes items or tables
    Run run;
};

// nullptr: no such operation.
[[nodiscard]] const Operation* find_operation(std::string_view name);

// item_operations.cc
[[nodiscard]] Answer<boost::json::object> put_item(Cluster&, Region&, const boost::json::object&);
[[nodiscard]] Answer<boost::json::object> get_item(Cluster&, Region&, const boost::json::object&);
[[nodiscard]] Answer<boost::json::object>
update_item(Cluster&, Region&, const boost::json::object&);
[[nodiscard]] Answer<boost::json::object>
delete_item(Cluster&, Region&, const boost::json::object&);

// batch_operations.cc
[[nodiscard]] Answer<boost::json::object>
batch_get_item(Cluster&, Region&, const boost::json::object&);
[[nodiscard]] Answer<boost::json::object>
batch_write_item(Cluster&, Region&, const boost::json::object&);

// transactions.cc
[[nodiscard]] Answer<boost::json::object>
transact_write_items(Cluster&, Region&, const boost::json::object&);
[[nodiscard]] Answer<boost::json::object>
transact_get_items(Cluster&, Region&, const boost::json::object&);

// read_operations.cc
[[nodiscard]] Answer<boost::json::object> query(Cluster&, Region&, const boost::json::object&);
[[nodiscard]] Answer<boost::json::object> scan(Cluster&, Region&, const boost::json::object&);

// table_operations.cc
[[nodiscard]] Answer<boost::json::object>
create_table(Cluster&, Region&, const boost::json::object&);
[[nodiscard]] Answer<boost::json::object>
describe_table(Cluster&, Region&, const boost::json::object&);
[[nodiscard]] Answer<boost::json::object>
update_table(Cluster&, Region&, const boost::json::object&);
[[nodiscard]] Answer<boost::json::object>
delete_table(Cluster&, Region&, const boost::json::object&);
[[nodiscard]] Answer<boost::json::object>
list_tables(Cluster&, Region&, const boost::json::object&);

// table_settings.cc
[[nodiscard]] Answer<boost::json::object>
describe_endpoints(Cluster&, Region&, const boost::json::object&);
[[nodiscard]] Answer<boost::json::object>
describe_limits(Cluster&, Region&, const boost::json::object&);
[[nodiscard]] Answer<boost::json::object>
describe_continuous_backups(Cluster&, Region&, const boost::json::object&);
[[nodiscard]] Answer<boost::json::object> list_tags(Cluster&, Region&, const boost::json::object&);
[[nodiscard]] Answer<boost::json::object>
tag_resource(Cluster&, Region&, const boost::json::object&);
[[nodiscard]] Answer<boost::json::object>
untag_resource(Cluster&, Region&, const boost::json::object&);
[[nodiscard]] Answer<boost::json::object>
create_global_table(Cluster&, Region&, const boost::json::object&);
[[nodiscard]] Answer<boost::json::object>
find_global_table(Cluster&, Region&, const boost::json::object&);
[[nodiscard]] Answer<boost::json::object>
list_global_tables(Cluster&, Region&, const boost::json::object&);

// time_to_live.cc
[[nodiscard]] Answer<boost::json::object>
update_time_to_live(Cluster&, Region&, const boost::json::object&);
[[nodiscard]] Answer<boost::json::object>
describe_time_to_live(Cluster&, Region&, const boost::json::object&);

}  // namespace farshore::lab::dynamo
