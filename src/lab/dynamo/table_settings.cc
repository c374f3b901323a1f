// Small answers about tables and accounts that clients and tools ask for.
#include <boost/json.hpp>

#include "lab/dynamo/operations.h"
#include "lab/dynamo/request.h"

namespace farshore::lab::dynamo {
namespace {

namespace json = boost::json;

Answer<Table*> named_table(Region& region, const Object& request) {
    const Answer<std::string> name = required_table_name(request);
    if (!name) {
        return std::unexpected(name.error());
    }
    Table* table = region.find(TableName{*name});
    if (table == nullptr) {
        return std::unexpected(no_such_table(*name));
    }
    return table;
}

Answer<Table*> tagged_table(Region& region, const Object& request) {
    const auto arn = optional_text(request, "ResourceArn");
    if (!arn || !*arn) {
        return std::unexpected(arn ? must_not_be_null("ResourceArn") : arn.error());
    }
    return named_table(region, Object{{"TableName", **arn}});
}

Answer<std::string> global_table_name(const Object& request) {
    const auto name = optional_text(request, "GlobalTableName");
    if (!name || !*name) {
        return std::unexpected(name ? must_not_be_null("GlobalTableName") : name.error());
    }
    return **name;
}

Answer<Object> saved(Region& region, const Table& table, Object answer) {
    const Status done = region.save(table);
    return done ? Answer<Object>{std::move(answer)} : std::unexpected(store_failure(done.error()));
}

}  // namespace

Answer<Object> describe_endpoints(Cluster& /*cluster*/, Region& region, const Object& /*request*/) {
    return Object{
        {"Endpoints",
         json::array{json::object{
             {"Address", "dynamodb." + region.id().value() + ".lab.farshore"},
             {"CachePeriodInMinutes", 1440}
         }}}
    };
}

Answer<Object>
describe_limits(Cluster& /*cluster*/, Region& /*region*/, const Object& /*request*/) {
    return Object{
        {"AccountMaxReadCapacityUnits", 80000},
        {"AccountMaxWriteCapacityUnits", 80000},
        {"TableMaxReadCapacityUnits", 40000},
        {"TableMaxWriteCapacityUnits", 40000},
    };
}

Answer<Object> describe_continuous_backups(
    Cluster& /*cluster*/, Region& region, const Object& request
) {
    const Answer<Table*> table = named_table(region, request);
    if (!table) {
        return std::unexpected(table.error());
    }
    return Object{
        {"ContinuousBackupsDescription",
         Object{
             {"ContinuousBackupsStatus", "ENABLED"},
             {"PointInTimeRecoveryDescription", Object{{"PointInTimeRecoveryStatus", "DISABLED"}}},
         }}
    };
}

Answer<Object> list_tags(Cluster& /*cluster*/, Region& region, const Object& request) {
    const Answer<Table*> table = tagged_table(region, request);
    if (!table) {
        return std::unexpected(table.error());
    }
    json::array tags;
    for (const auto& [key, value] : (*table)->definition.tags) {
        tags.push_back(Object{{"Key", key}, {"Value", value}});
    }
    return Object{{"Tags", std::move(tags)}};
}

Answer<Object> tag_resource(Cluster& /*cluster*/, Region& region, const Object& request) {
    const Answer<Table*> table = tagged_table(region, request);
    const auto tags = required_array(request, "Tags");
    if (!table || !tags) {
        return std::unexpected(!table ? table.error() : tags.error());
    }
    auto all = (*table)->definition.tags;
    if (auto error = add_tags(**tags, all)) {
        return std::unexpected(std::move(*error));
    }
    (*table)->definition.tags = std::move(all);
    return saved(region, **table, {});
}

Answer<Object> untag_resource(Cluster& /*cluster*/, Region& region, const Object& request) {
    const Answer<Table*> table = tagged_table(region, request);
    const auto keys = required_array(request, "TagKeys");
    if (!table || !keys) {
        return std::unexpected(!table ? table.error() : keys.error());
    }
    for (const Json& key : **keys) {
        if (key.is_string()) {
            (*table)->definition.tags.erase(std::string{key.get_string()});
        }
    }
    return saved(region, **table, {});
}

// Global tables of version 2017.11.29, which AWS takes no new ones of: no table here is one.
Answer<Object> create_global_table(
    Cluster& /*cluster*/, Region& /*region*/, const Object& request
) {
    const Answer<std::string> name = global_table_name(request);
    if (!name) {
        return std::unexpected(name.error());
    }
    return invalid(
        "DynamoDB global tables version 2017.11.29 is not supported. We recommend using DynamoDB "
        "global tables version 2019.11.21, instead of version 2017.11.29 (Legacy)."
    );
}

Answer<Object> find_global_table(Cluster& /*cluster*/, Region& /*region*/, const Object& request) {
    const Answer<std::string> name = global_table_name(request);
    return std::unexpected(
        name ? dynamo_error(
                   "GlobalTableNotFoundException",
                   "Global table with name '" + *name + "' does not exist."
               )
             : name.error()
    );
}

Answer<Object> list_global_tables(
    Cluster& /*cluster*/, Region& /*region*/, const Object& /*request*/
) {
    return Object{{"GlobalTables", json::array{}}};
}

}  // namespace farshore::lab::dynamo
