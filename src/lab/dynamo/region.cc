#include "lab/dynamo/region.h"

#include <algorithm>

#include "base/assert.h"
#include "base/text.h"
#include "lab/dynamo/item_digest.h"

namespace farshore::lab::dynamo {

ServiceError store_failure(const Error& error) {
    return dynamo_error("InternalServerError", "Internal server error: " + error.text, 500);
}

Region::Region(
    RegionId id, std::unique_ptr<ItemStore> store, WriteLog& log, const WriteClock& clock
)
    : id_(std::move(id)), store_(std::move(store)), log_(log), clock_(clock) {}

Status Region::load() {
    const auto entries = store_->catalog();
    if (!entries) {
        return std::unexpected(entries.error());
    }
    for (const ItemStore::CatalogEntry& entry : *entries) {
        std::optional<Table> table = table_from_catalog(entry.table, entry.text);
        if (!table) {
            return fail(
                ErrorKind::malformed,
                "the catalog of " + id_.value() + " has a table that cannot be read",
                "remove the lab's directory to begin anew"
            );
        }
        next_number_ = std::max(next_number_, entry.table + 1);
        const TableName name = table->definition.name;
        tables_.emplace(name, std::move(*table));
    }
    return {};
}

Table* Region::find(const TableName& name) {
    const auto found = tables_.find(name);
    return found == tables_.end() ? nullptr : &found->second;
}

Answer<Table*> Region::usable(const std::string& name) {
    Table* table = find(TableName{name});
    if (table == nullptr || !table->is_active(clock_.now())) {
        return std::unexpected(
            dynamo_error("ResourceNotFoundException", "Requested resource not found")
        );
    }
    return table;
}

std::vector<Table*> Region::tables() {
    std::vector<Table*> all;
    for (auto& [name, table] : tables_) {
        all.push_back(&table);
    }
    return all;
}

Answer<Table*> Region::add(TableDefinition definition, Instant active_at) {
    const TableName name = definition.name;
    FARSHORE_ASSERT(!tables_.contains(name), "a table is made once");
    Table table{
        .number = next_number_++,
        .definition = std::move(definition),
        .active_at = active_at,
        .replicas = {}
    };
    if (!table.definition.stream_view.empty()) {
        start_stream(table, table.definition.stream_view);
    }
    const Status saved = save(table);
    if (!saved) {
        return std::unexpected(store_failure(saved.error()));
    }
    return &tables_.emplace(name, std::move(table)).first->second;
}

Status Region::save(const Table& table) {
    return store_->save({.table = table.number, .text = catalog_text(table)});
}

void Region::start_stream(Table& table, std::string view) const {
    table.definition.stream_view = std::move(view);
    table.stream_label = to_iso8601(clock_.wall());
    table.stream_label.pop_back();  // DynamoDB writes no "Z"
}

Status Region::drop(const TableName& name) {
    const auto found = tables_.find(name);
    if (found == tables_.end()) {
        return {};
    }
    const Status dropped = store_->drop(found->second.number);
    if (dropped) {
        tables_.erase(found);
    }
    return dropped;
}

Answer<std::optional<Item>> Region::read(const Table& table, const Item& key) {
    auto stored = store_->get(table.number, location(table.definition.schema, key));
    if (!stored) {
        return std::unexpected(store_failure(stored.error()));
    }
    if (!*stored || (*stored)->deleted) {
        return std::nullopt;
    }
    return std::move((*stored)->item);
}

std::optional<ServiceError> Region::write(
    const Table& table,
    const Item& key,
    std::optional<Item> item,
    std::string op,
    WriteOrigin origin
) {
    const std::string where = location(table.definition.schema, key);
    const auto before = store_->get(table.number, where);
    if (!before) {
        return store_failure(before.error());
    }
    // Later than what it replaces, whatever the clocks of the Regions say.
    const std::int64_t least_us = *before ? (*before)->version.at_us + 1 : 0;
    ReplicatedWrite write{
        .table = table.definition.name,
        .location = where,
        .key = canonical_text(key),
        .op = std::move(op),
        .stored =
            {.item = {}, .version = {.at_us = std::max(clock_.now_us(), least_us), .region = id_}},
        .digest = item ? item_digest(*item) : std::string{kAbsentDigest}
    };
    write.stored.deleted = !item.has_value();
    if (item) {
        write.stored.item = std::move(*item);
    } else {
        write.stored.item = key;
    }
    // A global table remembers deletions: an older write may still be under way from elsewhere.
    const bool forget = write.stored.deleted && !table.is_global();
    const Status done = forget ? store_->erase(table.number, where)
                               : store_->put(table.number, where, write.stored);
    if (!done) {
        return store_failure(done.error());
    }
    log_.add(
        {.at = clock_.wall(),
         .region = id_,
         .table = write.table,
         .key = write.key,
         .op = write.op,
         .origin = origin,
         .version = write.stored.version,
         .outcome = WriteOutcome::applied,
         .item_hash = write.digest}
    );
    if (table.is_global() && on_write_) {
        on_write_(table, std::move(write));
    }
    return std::nullopt;
}

Result<WriteOutcome> Region::apply(const ReplicatedWrite& write, bool copy) {
    const Table* table = find(write.table);
    if (table == nullptr) {
        return fail(ErrorKind::not_found, "the replica is gone");
    }
    const auto before = store_->get(table->number, write.location);
    if (!before) {
        return std::unexpected(before.error());
    }
    const bool known = *before && (*before)->version == write.stored.version;
    if (known) {
        return WriteOutcome::applied;  // it came as a copy already, and was logged then
    }
    const bool newer = !*before || (*before)->version < write.stored.version;
    if (newer) {
        const Status put = store_->put(table->number, write.location, write.stored);
        if (!put) {
            return std::unexpected(put.error());
        }
    }
    const WriteOutcome outcome = newer ? WriteOutcome::applied : WriteOutcome::suppressed;
    if (newer || !copy) {
        log_.add(
            {.at = clock_.wall(),
             .region = id_,
             .table = write.table,
             .key = write.key,
             .op = write.op,
             .origin = WriteOrigin::replication,
             .version = write.stored.version,
             .outcome = outcome,
             .item_hash = write.digest}
        );
    }
    return outcome;
}

}  // namespace farshore::lab::dynamo
