#include "lab/dynamo/replicas.h"

#include <algorithm>

#include <boost/json.hpp>

#include "lab/dynamo/request.h"

namespace farshore::lab::dynamo {
namespace {

constexpr std::int64_t kSourceStaysMs = 24 * 60 * 60 * 1000;

ServiceError existed_before(const TableName& name) {
    return validation(
        "Failed to create a the new replica of table with name: \u2018" + name.value() +
        "\u2019 because one or more replicas already existed as tables."
    );
}

ServiceError not_supported(const Cluster& cluster, const RegionId& region) {
    std::string known;
    for (const auto& [id, each] : cluster.regions) {
        known += (known.empty() ? "" : ", ") + id.value();
    }
    return validation(
        "Region " + region.value() +
        " is not supported. The latest version of global tables are only supported in the "
        "following regions: [" +
        known + "]"
    );
}

std::optional<ServiceError> create_replica(
    Cluster& cluster, Region& region, Table& table, Region& to
) {
    if (to.find(table.definition.name) != nullptr) {
        return existed_before(table.definition.name);
    }
    // The lab has no auto scaling, so a table with a capacity of its own cannot have it.
    if (!table.definition.on_demand) {
        return validation("Table write capacity should either be Pay-Per-Request or AutoScaled.");
    }
    return add_replica(cluster, region, table, to);
}

std::optional<ServiceError> delete_replica(Cluster& cluster, const Table& table, Region& gone) {
    const TableName& name = table.definition.name;
    const Table* copy = table.replicas.contains(gone.id()) ? gone.find(name) : nullptr;
    if (copy == nullptr) {
        return validation(
            "Update global table operation failed because one or more replicas were not part of "
            "the global table. Please retry the request without these replicas: [" +
            gone.id().value() + "]."
        );
    }
    if (copy->definition.deletion_protection) {
        return validation(
            "Cannot delete table " + name.value() + " in region " + gone.id().value() +
            " because it has deletion protection enabled. Disable deletion protection first."
        );
    }
    if (auto error = check_source(gone, *copy)) {
        return error;
    }
    return remove_copy(cluster, gone, name);
}

}  // namespace

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

bool is_being_made(Cluster& cluster, const Region& from, const Table& table, const RegionId& to) {
    const auto replica = table.replicas.find(to);
    if (replica == table.replicas.end()) {
        return false;
    }
    const bool due = from.clock().now() >= replica->second.active_at;
    return !due || (cluster.copier != nullptr &&
                    cluster.copier->copying(from.id(), to, table.definition.name));
}

std::optional<RegionId> replica_being_made(
    Cluster& cluster, const Region& from, const Table& table
) {
    for (const auto& [id, replica] : table.replicas) {
        if (is_being_made(cluster, from, table, id)) {
            return id;
        }
    }
    return std::nullopt;
}

Answer<ReplicaChange> read_replica_change(const boost::json::array& updates) {
    std::optional<ReplicaChange> change;
    for (const Json& each : updates) {
        const Object* update = each.if_object();
        if (update == nullptr) {
            return std::unexpected(serialization("Unexpected value type in payload"));
        }
        for (const auto& [action, wanted] : *update) {
            if (wanted.is_null()) {
                continue;
            }
            if (action != "Create" && action != "Delete") {
                return std::unexpected(not_of_the_lab("ReplicaUpdates[]." + std::string{action}));
            }
            if (!wanted.is_object()) {
                return std::unexpected(serialization("Unexpected value type in payload"));
            }
            if (change) {
                return invalid(
                    "Update table operation with more than one create or delete replica actions "
                    "not allowed"
                );
            }
            for (const auto& [option, value] : wanted.get_object()) {
                if (option != "RegionName" && !value.is_null()) {
                    return std::unexpected(not_of_the_lab(
                        "ReplicaUpdates[]." + std::string{action} + "." + std::string{option}
                    ));
                }
            }
            const auto name = optional_text(wanted.get_object(), "RegionName");
            if (!name || !*name) {
                return std::unexpected(name ? must_not_be_null("RegionName") : name.error());
            }
            change = {.create = action == "Create", .region = RegionId{**name}};
        }
    }
    if (!change) {
        return invalid("There are no actions specified in the Replica Update Action of the request."
        );
    }
    return *change;
}

std::optional<ServiceError> change_replicas(
    Cluster& cluster, Region& region, Table& table, const ReplicaChange& change
) {
    if (change.region == region.id()) {
        return validation(
            "Cannot add or delete the local region through ReplicaUpdates. Use CreateTable, "
            "DeleteTable, or UpdateTable as required."
        );
    }
    Region* other = cluster.find(change.region);
    if (other == nullptr) {
        return not_supported(cluster, change.region);
    }
    return change.create ? create_replica(cluster, region, table, *other)
                         : delete_replica(cluster, table, *other);
}

std::optional<ServiceError> add_replica(Cluster& cluster, Region& from, Table& table, Region& to) {
    if (table.definition.stream_view.empty()) {
        from.start_stream(table, "NEW_AND_OLD_IMAGES");
    }
    TableDefinition definition = table.definition;
    definition.deletion_protection = false;
    definition.tags.clear();
    const TableName name = definition.name;
    const Instant active_at = from.clock().now() + cluster.creation_takes;
    const std::vector<Region*> before = holders(cluster, from, table);
    table.source_ms = to_ms(from.clock().wall());
    const Answer<Table*> made = to.add(std::move(definition), active_at);
    if (!made) {
        return made.error();
    }
    (*made)->ttl_changed_ms = table.ttl_changed_ms;
    for (Region* holder : before) {
        Table* copy = holder->find(name);
        copy->replicas.emplace(to.id(), Replica{.active_at = active_at});
        (*made)->replicas.emplace(holder->id(), Replica{.active_at = active_at});
        const Status saved = holder->save(*copy);
        if (!saved) {
            return store_failure(saved.error());
        }
    }
    const Status saved = to.save(**made);
    if (!saved) {
        return store_failure(saved.error());
    }
    if (cluster.copier != nullptr) {
        cluster.copier->copy_all(from.id(), to.id(), name);
    }
    return std::nullopt;
}

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

std::optional<ServiceError> check_source(const Region& region, const Table& table) {
    const std::int64_t age_ms = to_ms(region.clock().wall()) - table.source_ms;
    if (!table.is_global() || table.source_ms == 0 || age_ms >= kSourceStaysMs) {
        return std::nullopt;
    }
    return validation(
        "Replica cannot be deleted because it has acted as a source region for new replica(s) "
        "being added to the table in the last 24 hours."
    );
}

}  // namespace farshore::lab::dynamo
