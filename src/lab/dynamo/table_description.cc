#include "lab/dynamo/table_description.h"

#include <boost/json.hpp>

#include "lab/dynamo/replicas.h"
#include "lab/dynamo/table_json.h"

namespace farshore::lab::dynamo {
namespace {

namespace json = boost::json;

std::string table_arn(const RegionId& region, const TableName& name) {
    return "arn:aws:dynamodb:" + region.value() + ":000000000000:table/" + name.value();
}

json::array replicas_json(Cluster& cluster, const Region& region, const Table& table) {
    json::array out;
    for (const auto& [id, replica] : table.replicas) {
        out.push_back(json::object{
            {"RegionName", id.value()},
            {"ReplicaStatus", is_being_made(cluster, region, table, id) ? "CREATING" : "ACTIVE"},
            {"ReplicaTableClassSummary", json::object{{"TableClass", "STANDARD"}}},
        });
    }
    return out;
}

json::object throughput_json(const TableDefinition& definition) {
    return {
        {"NumberOfDecreasesToday", 0},
        {"ReadCapacityUnits", definition.read_units},
        {"WriteCapacityUnits", definition.write_units},
    };
}

void add_indexes(
    json::object& out,
    const RegionId& region,
    const TableDefinition& definition,
    std::string_view status
) {
    for (const IndexDefinition& index : definition.indexes) {
        json::object described = index_json(index);
        described["IndexArn"] = table_arn(region, definition.name) + "/index/" + index.name;
        described["IndexSizeBytes"] = 0;
        described["ItemCount"] = 0;
        if (index.global) {
            described["IndexStatus"] = status;
            described["ProvisionedThroughput"] = throughput_json(definition);
        }
        json::value& list = out[index.global ? "GlobalSecondaryIndexes" : "LocalSecondaryIndexes"];
        if (!list.is_array()) {
            list = json::array{};
        }
        list.get_array().push_back(std::move(described));
    }
}

}  // namespace

Answer<json::object> describe_json(
    Cluster& cluster, Region& region, const Table& table, std::string_view forced_status
) {
    const TableDefinition& definition = table.definition;
    const auto count = region.store().count(table.number);
    if (!count) {
        return std::unexpected(store_failure(count.error()));
    }
    std::string_view status = table.is_active(region.clock().now()) ? "ACTIVE" : "CREATING";
    if (!forced_status.empty()) {
        status = forced_status;
    }
    json::object out{
        {"AttributeDefinitions", attributes_json(definition.attributes)},
        {"TableName", definition.name.value()},
        {"KeySchema", schema_json(definition.schema)},
        {"TableStatus", status},
        {"CreationDateTime", static_cast<double>(definition.created_ms) / 1000},
        {"ProvisionedThroughput", throughput_json(definition)},
        {"TableSizeBytes", 0},
        {"ItemCount", *count},
        {"TableArn", table_arn(region.id(), definition.name)},
        {"TableId", definition.id},
        {"DeletionProtectionEnabled", definition.deletion_protection},
    };
    if (definition.on_demand) {
        out["BillingModeSummary"] = json::object{{"BillingMode", "PAY_PER_REQUEST"}};
    }
    if (!definition.stream_view.empty()) {
        out["StreamSpecification"] = stream_json(definition);
    }
    if (!table.stream_label.empty()) {
        out["LatestStreamLabel"] = table.stream_label;
        out["LatestStreamArn"] =
            table_arn(region.id(), definition.name) + "/stream/" + table.stream_label;
    }
    add_indexes(out, region.id(), definition, status);
    if (table.is_global()) {
        out["GlobalTableVersion"] = "2019.11.21";
        out["Replicas"] = replicas_json(cluster, region, table);
        out["MultiRegionConsistency"] = "EVENTUAL";
    }
    return out;
}

}  // namespace farshore::lab::dynamo
