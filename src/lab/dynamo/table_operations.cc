#include <algorithm>
#include <array>

#include <boost/json.hpp>
#include <fmt/format.h>

#include "lab/dynamo/operations.h"
#include "lab/dynamo/request.h"
#include "lab/dynamo/table_description.h"

namespace farshore::lab::dynamo {
namespace {

namespace json = boost::json;

constexpr std::int64_t kListedMax = 100;

// DynamoDB can do it and this one cannot: an answer of success would be a lie.
ServiceError not_of_the_lab(const std::string& what) {
    return validation("UpdateTable: the lab does not support " + what);
}

std::unexpected<ServiceError> no_such_table(const std::string& name) {
    return std::unexpected(dynamo_error(
        "ResourceNotFoundException", "Requested resource not found: Table: " + name + " not found"
    ));
}

std::string new_id(Rng& rng) {
    const std::uint64_t a = rng.next();
    const std::uint64_t b = rng.next();
    return fmt::format(
        "{:08x}-{:04x}-4{:03x}-8{:03x}-{:012x}",
        a >> 32U,
        (a >> 16U) & 0xFFFFU,
        a & 0xFFFU,
        b >> 52U,
        b & 0xFFFFFFFFFFFFU
    );
}

// Every Region that has a copy of the table, this one included.
std::vector<Region*> holders(Cluster& cluster, Region& region, const Table& table) {
    std::vector<Region*> all{&region};
    for (const auto& [id, replica] : table.replicas) {
        if (Region* other = cluster.find(id);
            other != nullptr && other->find(table.definition.name) != nullptr) {
            all.push_back(other);
        }
    }
    return all;
}

std::optional<ServiceError> create_replica(
    Cluster& cluster, Region& region, Table& table, const RegionId& to
) {
    const TableName name = table.definition.name;
    Region* other = cluster.find(to);
    if (other == nullptr) {
        return validation("Unsupported replica Region: " + to.value());
    }
    if (to == region.id() || table.replicas.contains(to)) {
        return validation(
            "Failed to create a the new replica of table with name: '" + name.value() +
            "' because one or more replicas already existed as tables."
        );
    }
    if (other->find(name) != nullptr) {
        return dynamo_error(
            "ResourceInUseException", "Table already exists: " + name.value() + " in " + to.value()
        );
    }
    const Instant active_at = region.clock().now() + cluster.creation_takes;
    const std::vector<Region*> before = holders(cluster, region, table);
    const Answer<Table*> made = other->add(table.definition, active_at);
    if (!made) {
        return made.error();
    }
    for (Region* holder : before) {
        Table* copy = holder->find(name);
        copy->replicas.emplace(to, Replica{.active_at = active_at});
        (*made)->replicas.emplace(holder->id(), Replica{.active_at = active_at});
        const Status saved = holder->save(*copy);
        if (!saved) {
            return store_failure(saved.error());
        }
    }
    const Status saved = other->save(**made);
    if (!saved) {
        return store_failure(saved.error());
    }
    if (cluster.copier != nullptr) {
        cluster.copier->copy_all(region.id(), to, name);
    }
    return std::nullopt;
}

// Takes the table out of one Region and out of the others' lists.
std::optional<ServiceError> remove_copy(Cluster& cluster, Region& from, const TableName& name) {
    const Table* table = from.find(name);
    if (table == nullptr) {
        return std::nullopt;
    }
    for (Region* holder : holders(cluster, from, *table)) {
        if (holder != &from) {
            Table* copy = holder->find(name);
            copy->replicas.erase(from.id());
            const Status saved = holder->save(*copy);
            if (!saved) {
                return store_failure(saved.error());
            }
        }
    }
    if (cluster.copier != nullptr) {
        cluster.copier->forget(from.id(), name);
    }
    const Status dropped = from.drop(name);
    return dropped ? std::nullopt : std::optional{store_failure(dropped.error())};
}

std::optional<ServiceError> delete_replica(
    Cluster& cluster, const Table& table, const RegionId& gone
) {
    Region* other = cluster.find(gone);
    if (other == nullptr || !table.replicas.contains(gone)) {
        return validation(
            "Replica with Region name: '" + gone.value() +
            "' does not exist for the table: " + table.definition.name.value()
        );
    }
    return remove_copy(cluster, *other, table.definition.name);
}

struct ReplicaChange {
    bool create = false;
    RegionId region;
};

Answer<ReplicaChange> read_replica_change(const json::array& updates) {
    if (updates.size() != 1) {
        return invalid(
            "1 validation error detected: exactly one replica update may be made at a time"
        );
    }
    const Object* update = updates.front().if_object();
    if (update == nullptr) {
        return std::unexpected(serialization("Unexpected value type in payload"));
    }
    const auto create = optional_object(*update, "Create");
    const auto remove = optional_object(*update, "Delete");
    if (!create || !remove) {
        return std::unexpected(!create ? create.error() : remove.error());
    }
    if (member(*update, "Update") != nullptr) {
        return std::unexpected(not_of_the_lab("ReplicaUpdates[].Update"));
    }
    const Object* chosen = *create != nullptr ? *create : *remove;
    if (chosen == nullptr) {
        return invalid(
            "One or more parameter values were invalid: a replica update needs Create, Update or "
            "Delete"
        );
    }
    const auto name = optional_text(*chosen, "RegionName");
    if (!name || !*name) {
        return std::unexpected(name ? must_not_be_null("RegionName") : name.error());
    }
    return ReplicaChange{.create = *create != nullptr, .region = RegionId{**name}};
}

// What an UpdateTable asks for, read and checked before any of it is done.
struct TableChange {
    std::optional<ReplicaChange> replica;
    TableDefinition settings;  // the same in every replica
};

constexpr std::array<std::string_view, 7> kChangeable{
    "TableName",
    "AttributeDefinitions",
    "BillingMode",
    "DeletionProtectionEnabled",
    "ProvisionedThroughput",
    "ReplicaUpdates",
    "StreamSpecification",
};

Answer<TableChange> read_change(const Object& request, const TableDefinition& now) {
    for (const auto& [key, value] : request) {
        if (!value.is_null() &&
            std::ranges::find(kChangeable, std::string_view{key}) == kChangeable.end()) {
            return std::unexpected(not_of_the_lab(std::string{key}));
        }
    }
    TableChange change{.replica = {}, .settings = now};
    const auto updates = optional_array(request, "ReplicaUpdates");
    const auto stream = optional_object(request, "StreamSpecification");
    const auto protection =
        optional_flag(request, "DeletionProtectionEnabled", now.deletion_protection);
    if (!updates || !stream || !protection) {
        return std::unexpected(
            !updates ? updates.error() : (!stream ? stream.error() : protection.error())
        );
    }
    if (*updates != nullptr) {
        const Answer<ReplicaChange> replica = read_replica_change(**updates);
        if (!replica) {
            return std::unexpected(replica.error());
        }
        change.replica = *replica;
    }
    if (*stream != nullptr) {
        change.settings.stream = **stream;
    }
    change.settings.deletion_protection = *protection;
    if (auto error = change_throughput(request, change.settings)) {
        return std::unexpected(std::move(*error));
    }
    return change;
}

std::optional<ServiceError> update_settings(
    Cluster& cluster, Region& region, const Table& table, const TableDefinition& settings
) {
    for (Region* holder : holders(cluster, region, table)) {
        Table* copy = holder->find(table.definition.name);
        TableDefinition& definition = copy->definition;
        definition.deletion_protection = settings.deletion_protection;
        definition.stream = settings.stream;
        definition.on_demand = settings.on_demand;
        definition.read_units = settings.read_units;
        definition.write_units = settings.write_units;
        const Status saved = holder->save(*copy);
        if (!saved) {
            return store_failure(saved.error());
        }
    }
    return std::nullopt;
}

}  // namespace

Answer<Object> create_table(Cluster& cluster, Region& region, const Object& request) {
    Answer<TableDefinition> definition = read_definition(request);
    if (!definition) {
        return std::unexpected(std::move(definition.error()));
    }
    if (region.find(definition->name) != nullptr) {
        return std::unexpected(dynamo_error(
            "ResourceInUseException", "Table already exists: " + definition->name.value()
        ));
    }
    definition->created_ms = to_ms(region.clock().wall());
    definition->id = new_id(cluster.rng);
    const Answer<Table*> table =
        region.add(std::move(*definition), region.clock().now() + cluster.creation_takes);
    if (!table) {
        return std::unexpected(table.error());
    }
    Answer<Object> described = describe_json(cluster, region, **table);
    return described ? Answer<Object>{Object{{"TableDescription", std::move(*described)}}}
                     : described;
}

Answer<Object> describe_table(Cluster& cluster, Region& region, const Object& request) {
    const Answer<std::string> name = required_table_name(request);
    if (!name) {
        return std::unexpected(name.error());
    }
    const Table* table = region.find(TableName{*name});
    if (table == nullptr) {
        return no_such_table(*name);
    }
    Answer<Object> described = describe_json(cluster, region, *table);
    return described ? Answer<Object>{Object{{"Table", std::move(*described)}}} : described;
}

Answer<Object> update_table(Cluster& cluster, Region& region, const Object& request) {
    const Answer<std::string> name = required_table_name(request);
    if (!name) {
        return std::unexpected(name.error());
    }
    Table* table = region.find(TableName{*name});
    if (table == nullptr) {
        return no_such_table(*name);
    }
    if (!table->is_active(region.clock().now())) {
        return std::unexpected(dynamo_error(
            "ResourceInUseException",
            "Attempt to change a resource which is still in use: Table is being created: " + *name
        ));
    }
    const Answer<TableChange> change = read_change(request, table->definition);
    if (!change) {
        return std::unexpected(change.error());
    }
    if (change->replica) {
        auto error = change->replica->create
                         ? create_replica(cluster, region, *table, change->replica->region)
                         : delete_replica(cluster, *table, change->replica->region);
        if (error) {
            return std::unexpected(std::move(*error));
        }
    }
    if (auto error = update_settings(cluster, region, *table, change->settings)) {
        return std::unexpected(std::move(*error));
    }
    Answer<Object> described = describe_json(cluster, region, *table);
    return described ? Answer<Object>{Object{{"TableDescription", std::move(*described)}}}
                     : described;
}

Answer<Object> delete_table(Cluster& cluster, Region& region, const Object& request) {
    const Answer<std::string> name = required_table_name(request);
    if (!name) {
        return std::unexpected(name.error());
    }
    const Table* table = region.find(TableName{*name});
    if (table == nullptr) {
        return no_such_table(*name);
    }
    if (!table->is_active(region.clock().now())) {
        return std::unexpected(dynamo_error(
            "ResourceInUseException",
            "Attempt to change a resource which is still in use: Table is being created: " + *name
        ));
    }
    if (table->definition.deletion_protection) {
        return invalid(
            "Resource cannot be deleted as it is currently protected against deletion. Disable "
            "deletion protection first."
        );
    }
    Answer<Object> described = describe_json(cluster, region, *table, "DELETING");
    if (!described) {
        return described;
    }
    if (auto error = remove_copy(cluster, region, TableName{*name})) {
        return std::unexpected(std::move(*error));
    }
    return Object{{"TableDescription", std::move(*described)}};
}

Answer<Object> list_tables(Cluster& /*cluster*/, Region& region, const Object& request) {
    const auto limit = optional_integer(request, "Limit");
    const auto start = optional_text(request, "ExclusiveStartTableName");
    if (!limit || !start) {
        return std::unexpected(!limit ? limit.error() : start.error());
    }
    const std::int64_t most = limit->value_or(kListedMax);
    if (most < 1 || most > kListedMax) {
        return invalid(
            "1 validation error detected: Value '" + std::to_string(most) +
            "' at 'limit' failed to satisfy constraint: Member must have value between 1 and 100"
        );
    }
    json::array names;
    Object answer;
    for (const Table* table : region.tables()) {
        const std::string& name = table->definition.name.value();
        if (*start && name <= **start) {
            continue;
        }
        if (static_cast<std::int64_t>(names.size()) == most) {
            answer["LastEvaluatedTableName"] = names.back();
            break;
        }
        names.push_back(json::string{name});
    }
    answer["TableNames"] = std::move(names);
    return answer;
}

}  // namespace farshore::lab::dynamo
