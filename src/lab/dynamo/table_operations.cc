#include <algorithm>
#include <array>

#include <boost/json.hpp>
#include <fmt/format.h>

#include "lab/dynamo/operations.h"
#include "lab/dynamo/replicas.h"
#include "lab/dynamo/request.h"
#include "lab/dynamo/table_description.h"

namespace farshore::lab::dynamo {
namespace {

namespace json = boost::json;

constexpr std::int64_t kListedMax = 100;

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

constexpr std::string_view kInvalid = "One or more parameter values were invalid: ";

// What an UpdateTable asks for, read and checked before any of it is done.
struct TableChange {
    std::optional<ReplicaChange> replica;
    std::optional<StreamWish> stream;
    bool deletion_protection = false;
    TableDefinition shared;  // what all replicas have in common
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

// nullopt: the request names something to change that the lab can change.
std::optional<ServiceError> check_members(const Object& request) {
    std::size_t changes = 0;
    for (const auto& [key, value] : request) {
        if (value.is_null()) {
            continue;
        }
        if (std::ranges::find(kChangeable, std::string_view{key}) == kChangeable.end()) {
            return not_of_the_lab(std::string{key});
        }
        changes += key == "TableName" || key == "AttributeDefinitions" ? 0U : 1U;
    }
    if (changes == 0) {
        return validation(
            "At least one of ProvisionedThroughput, BillingMode, UpdateStreamEnabled, "
            "GlobalSecondaryIndexUpdates or SSESpecification or ReplicaUpdates is required"
        );
    }
    if (changes > 1 && member(request, "ReplicaUpdates") != nullptr) {
        return validation(
            std::string{kInvalid} + "Replica modification must be the only operation in the request"
        );
    }
    return std::nullopt;
}

std::optional<ServiceError> check_stream(const Table& table, const StreamWish& wish) {
    if (wish.enabled == wish.view.empty()) {
        return validation(
            std::string{kInvalid} +
            (wish.enabled
                 ? "If stream is being enabled then UpdateViewType is required"
                 : "If stream is being disabled, then UpdateViewType must not be specified")
        );
    }
    const std::string& name = table.definition.name.value();
    const bool has_one = !table.definition.stream_view.empty();
    if (wish.enabled && has_one) {
        return validation("Table already has an enabled stream: TableName: " + name);
    }
    if (!wish.enabled && !has_one) {
        return validation("Table has no stream to disable: TableName: " + name);
    }
    if (!wish.enabled && table.is_global()) {
        return validation(
            std::string{kInvalid} + "Disabling Stream is not allowed for a Global Table replica."
        );
    }
    return std::nullopt;
}

Answer<TableChange> read_change(const Object& request, const Table& table) {
    const TableDefinition& now = table.definition;
    TableChange change{
        .replica = {}, .stream = {}, .deletion_protection = now.deletion_protection, .shared = now
    };
    const auto updates = optional_array(request, "ReplicaUpdates");
    auto stream = read_stream(request);
    const auto protection =
        optional_flag(request, "DeletionProtectionEnabled", now.deletion_protection);
    if (!updates || !stream || !protection) {
        return std::unexpected(
            !updates ? updates.error() : (!stream ? stream.error() : protection.error())
        );
    }
    if (auto error = change_throughput(request, change.shared)) {
        return std::unexpected(std::move(*error));
    }
    if (auto error = check_members(request)) {
        return std::unexpected(std::move(*error));
    }
    if (*updates != nullptr) {
        const Answer<ReplicaChange> replica = read_replica_change(**updates);
        if (!replica) {
            return std::unexpected(replica.error());
        }
        change.replica = *replica;
    }
    if (*stream) {
        if (auto error = check_stream(table, **stream)) {
            return std::unexpected(std::move(*error));
        }
        change.stream = std::move(*stream);
    }
    change.deletion_protection = *protection;
    return change;
}

std::optional<ServiceError> update_settings(
    Cluster& cluster, Region& region, Table& table, const TableChange& change
) {
    table.definition.deletion_protection = change.deletion_protection;
    if (change.stream && change.stream->enabled) {
        region.start_stream(table, change.stream->view);
    } else if (change.stream) {
        table.definition.stream_view.clear();
    }
    for (Region* holder : holders(cluster, region, table)) {
        Table* copy = holder->find(table.definition.name);
        copy->definition.on_demand = change.shared.on_demand;
        copy->definition.read_units = change.shared.read_units;
        copy->definition.write_units = change.shared.write_units;
        const Status saved = holder->save(*copy);
        if (!saved) {
            return store_failure(saved.error());
        }
    }
    return std::nullopt;
}

// nullopt: neither the table nor one of its replicas is being made.
std::optional<ServiceError> check_in_use(Cluster& cluster, Region& region, const Table& table) {
    if (!table.is_active(region.clock().now())) {
        return being_created(table.definition.name);
    }
    if (replica_being_made(cluster, region, table)) {
        return dynamo_error(
            "ResourceInUseException",
            "Attempt to change a resource which is still in use: Table is being updated: " +
                table.definition.name.value()
        );
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
        return std::unexpected(no_such_table(*name));
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
        return std::unexpected(no_such_table(*name));
    }
    if (auto error = check_in_use(cluster, region, *table)) {
        return std::unexpected(std::move(*error));
    }
    const Answer<TableChange> change = read_change(request, *table);
    if (!change) {
        return std::unexpected(change.error());
    }
    auto error = change->replica ? change_replicas(cluster, region, *table, *change->replica)
                                 : update_settings(cluster, region, *table, *change);
    if (error) {
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
        return std::unexpected(no_such_table(*name));
    }
    if (auto error = check_in_use(cluster, region, *table)) {
        return std::unexpected(std::move(*error));
    }
    if (table->definition.deletion_protection) {
        return invalid(
            "Resource cannot be deleted as it is currently protected against deletion. Disable "
            "deletion protection first."
        );
    }
    if (auto error = check_source(region, *table)) {
        return std::unexpected(std::move(*error));
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
