// How a table is written down: for the catalog of its Region.
#include <boost/json.hpp>

#include "lab/dynamo/request.h"
#include "lab/dynamo/table.h"
#include "lab/dynamo/table_json.h"

namespace farshore::lab::dynamo {

namespace json = boost::json;

json::array schema_json(const KeySchema& schema) {
    json::array out;
    out.push_back(json::object{{"AttributeName", schema.hash.name}, {"KeyType", "HASH"}});
    if (schema.range) {
        out.push_back(json::object{{"AttributeName", schema.range->name}, {"KeyType", "RANGE"}});
    }
    return out;
}

json::array attributes_json(const std::vector<KeyAttribute>& attributes) {
    json::array out;
    for (const KeyAttribute& attribute : attributes) {
        out.push_back(
            json::object{{"AttributeName", attribute.name}, {"AttributeType", attribute.type}}
        );
    }
    return out;
}

json::object index_json(const IndexDefinition& index) {
    json::object projection{{"ProjectionType", index.projection}};
    if (!index.included.empty()) {
        projection["NonKeyAttributes"] = json::value_from(index.included);
    }
    return {
        {"IndexName", index.name},
        {"KeySchema", schema_json(index.schema)},
        {"Projection", std::move(projection)}
    };
}

json::object stream_json(const TableDefinition& definition) {
    return {{"StreamEnabled", true}, {"StreamViewType", definition.stream_view}};
}

json::object definition_json(const TableDefinition& definition) {
    json::object out{
        {"TableName", definition.name.value()},
        {"AttributeDefinitions", attributes_json(definition.attributes)},
        {"KeySchema", schema_json(definition.schema)},
        {"BillingMode", definition.on_demand ? "PAY_PER_REQUEST" : "PROVISIONED"},
        {"DeletionProtectionEnabled", definition.deletion_protection},
    };
    if (!definition.on_demand) {
        out["ProvisionedThroughput"] = json::object{
            {"ReadCapacityUnits", definition.read_units},
            {"WriteCapacityUnits", definition.write_units}
        };
    }
    for (const IndexDefinition& index : definition.indexes) {
        json::value& list = out[index.global ? "GlobalSecondaryIndexes" : "LocalSecondaryIndexes"];
        if (!list.is_array()) {
            list = json::array{};
        }
        list.get_array().push_back(index_json(index));
    }
    if (!definition.stream_view.empty()) {
        out["StreamSpecification"] = stream_json(definition);
    }
    json::array tags;
    for (const auto& [key, value] : definition.tags) {
        tags.push_back(json::object{{"Key", key}, {"Value", value}});
    }
    out["Tags"] = std::move(tags);
    return out;
}

std::string catalog_text(const Table& table) {
    json::array replicas;
    for (const auto& [region, replica] : table.replicas) {
        replicas.push_back(json::string{region.value()});
    }
    json::object out{
        {"definition", definition_json(table.definition)},
        {"created_ms", table.definition.created_ms},
        {"id", table.definition.id},
        {"replicas", std::move(replicas)},
        {"stream_label", table.stream_label},
        {"ttl_changed_ms", table.ttl_changed_ms},
        {"source_ms", table.source_ms},
    };
    if (table.definition.ttl_attribute) {
        out["ttl_attribute"] = *table.definition.ttl_attribute;
    }
    return json::serialize(out);
}

std::optional<Table> table_from_catalog(std::int64_t number, std::string_view text) {
    json::error_code error;
    const Json document = json::parse(text, error);
    const Object* object = error ? nullptr : document.if_object();
    const auto* definition = object == nullptr ? nullptr : member(*object, "definition");
    const auto* replicas = object == nullptr ? nullptr : member(*object, "replicas");
    if (definition == nullptr || !definition->is_object() || replicas == nullptr ||
        !replicas->is_array()) {
        return std::nullopt;
    }
    Answer<TableDefinition> read = read_definition(definition->get_object());
    const auto created = optional_integer(*object, "created_ms");
    const auto id = optional_text(*object, "id");
    const auto label = optional_text(*object, "stream_label");
    const auto ttl = optional_text(*object, "ttl_attribute");
    const auto ttl_changed = optional_integer(*object, "ttl_changed_ms");
    const auto source = optional_integer(*object, "source_ms");
    if (!read || !created || !id || !label || !ttl || !ttl_changed || !source) {
        return std::nullopt;
    }
    Table table{
        .number = number,
        .definition = std::move(*read),
        .active_at = {},
        .replicas = {},
        .stream_label = label->value_or(""),
        .ttl_changed_ms = ttl_changed->value_or(0),
        .source_ms = source->value_or(0)
    };
    table.definition.created_ms = created->value_or(0);
    table.definition.id = id->value_or("");
    table.definition.ttl_attribute = *ttl;
    for (const Json& region : replicas->get_array()) {
        if (!region.is_string()) {
            return std::nullopt;
        }
        table.replicas.emplace(RegionId{std::string{region.get_string()}}, Replica{});
    }
    return table;
}

}  // namespace farshore::lab::dynamo
