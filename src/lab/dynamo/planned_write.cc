#include "lab/dynamo/planned_write.h"

#include <algorithm>
#include <array>
#include <set>

#include <boost/json.hpp>

#include "lab/dynamo/evaluate.h"
#include "lab/dynamo/value_json.h"

namespace farshore::lab::dynamo {
namespace {

using Kind = WriteRequest::Kind;

std::string_view operation_of(Kind kind) {
    constexpr std::array<std::string_view, 4> kNames{
        "PutItem", "UpdateItem", "DeleteItem", "ConditionCheck"
    };
    return kNames[static_cast<std::size_t>(std::to_underlying(kind))];
}

// Calls `visit(index, attribute, is_hash)` for the key attributes of every index until it returns
// an error.
template <class Visit>
std::optional<ServiceError> each_index_key(const Table& table, Visit visit) {
    for (const IndexDefinition& index : table.definition.indexes) {
        auto error = visit(index, index.schema.hash, true);
        if (!error && index.schema.range) {
            error = visit(index, *index.schema.range, false);
        }
        if (error) {
            return error;
        }
    }
    return std::nullopt;
}

std::string not_valid(const Value& value) {
    return "The AttributeValue for a key attribute cannot contain an empty " +
           std::string{as<std::string>(value) != nullptr ? "string" : "binary"} + " value.";
}

std::optional<ServiceError> check_put_index_keys(const Table& table, const Item& item) {
    return each_index_key(
        table,
        [&](const IndexDefinition& index, const KeyAttribute& attribute, bool
        ) -> std::optional<ServiceError> {
            const auto found = item.find(attribute.name);
            if (found == item.end() || !is_empty_key(attribute, found->second)) {
                return std::nullopt;
            }
            return validation(
                "One or more parameter values are not valid. A value specified for a secondary "
                "index key is not supported. " +
                not_valid(found->second) + " IndexName: " + index.name +
                ", IndexKey: " + attribute.name
            );
        }
    );
}

// What the update sets to a value of the request: what it computes is known with the item only.
std::optional<ServiceError> check_set_index_keys(
    const Table& table, const UpdateExpression& update
) {
    for (const SetAction& action : update.sets) {
        const bool literal =
            action.path.size() == 1 && !action.right && action.left.kind == Operand::Kind::value;
        auto error =
            !literal
                ? std::nullopt
                : each_index_key(
                      table,
                      [&](const IndexDefinition&, const KeyAttribute& attribute, bool
                      ) -> std::optional<ServiceError> {
                          if (attribute.name != top_name(action.path) ||
                              !is_empty_key(attribute, action.left.value)) {
                              return std::nullopt;
                          }
                          return validation(
                              "One or more parameter values are not valid. The update "
                              "expression attempted to update a secondary index key to a value "
                              "that is not supported. " +
                              not_valid(action.left.value)
                          );
                      }
                  );
        if (error) {
            return error;
        }
    }
    return std::nullopt;
}

std::optional<ServiceError> check_index_keys(const Table& table, const Item& item) {
    return each_index_key(
        table,
        [&](const IndexDefinition& index, const KeyAttribute& attribute, bool hash
        ) -> std::optional<ServiceError> {
            const auto found = item.find(attribute.name);
            if (found == item.end()) {
                return std::nullopt;
            }
            if (type_name(found->second) == attribute.type) {
                return check_key_size(found->second, hash);
            }
            return validation(
                "One or more parameter values were invalid: Type mismatch for Index Key " +
                attribute.name + " Expected: " + attribute.type +
                " Actual: " + std::string{type_name(found->second)} + " IndexName: " + index.name
            );
        }
    );
}

std::optional<ServiceError> check_untouched_key(
    const KeySchema& schema, const UpdateExpression& update
) {
    for (const Path& path : update.paths()) {
        if (schema.has(top_name(path))) {
            return validation(
                "One or more parameter values were invalid: Cannot update attribute " +
                top_name(path) + ". This attribute is part of the key"
            );
        }
    }
    return std::nullopt;
}

std::optional<ServiceError> check_condition(const PlannedWrite& write) {
    const Item absent;
    const Item& item = write.before ? *write.before : absent;
    if (!write.request.condition || holds(*write.request.condition, item)) {
        return std::nullopt;
    }
    ServiceError error =
        dynamo_error("ConditionalCheckFailedException", "The conditional request failed");
    if (write.request.show_item && write.before) {
        error.more["Item"] = to_json(*write.before);
    }
    return error;
}

// What UpdateItem measures beside the finished item: the attributes that it writes, and a fixed
// cost for each clause. Measured at the service by the suite of paritysuite/dynamodb-conformance
// (tests/tier3/limits/itemSizeBySurface.test.ts); transactions do not count so.
std::size_t written_bytes(const UpdateExpression& update, const Item& after) {
    constexpr std::size_t kBase = 3;
    constexpr std::size_t kWriting = 19;
    constexpr std::size_t kIndexed = 1;
    constexpr std::size_t kRemoving = 2;
    std::set<std::string> names;
    std::size_t bytes = kBase + kWriting * (update.sets.size() + update.adds.size()) +
                        kRemoving * (update.removes.size() + update.deletes.size());
    const auto count = [&](const Path& path) {
        bytes += std::holds_alternative<std::size_t>(path.back()) ? kIndexed : 0;
        const auto found = after.find(top_name(path));
        if (found != after.end() && names.insert(found->first).second) {
            bytes += found->first.size() + stored_size(found->second);
        }
    };
    for (const SetAction& action : update.sets) {
        count(action.path);
    }
    for (const ElementAction& action : update.adds) {
        count(action.path);
    }
    return bytes;
}

std::optional<ServiceError> apply_update(PlannedWrite& write, bool alone) {
    const UpdateExpression& update = write.request.update;
    Answer<Item> after = updated(update, write.before ? *write.before : write.key);
    if (!after) {
        return std::move(after.error());
    }
    // Every value was within the limit; where it was put decides.
    if (nesting(*after) > kNestingMax) {
        return nested_too_deep();
    }
    const std::size_t bytes =
        std::max(stored_size(*after), alone ? written_bytes(update, *after) : 0);
    if (bytes > kItemBytesMax) {
        return validation("Item size to update has exceeded the maximum allowed size");
    }
    if (auto error = check_index_keys(*write.table, *after)) {
        return error;
    }
    write.after = std::move(*after);
    write.written = update.paths();
    return std::nullopt;
}

}  // namespace

Answer<PlannedWrite> find_target(Region& region, WriteRequest request) {
    const Answer<Table*> table = region.usable(request.table);
    if (!table) {
        return std::unexpected(table.error());
    }
    auto error = check_key_is_not_empty((*table)->definition.schema, request.item);
    if (!error && request.kind == Kind::put) {
        error = check_put_index_keys(**table, request.item);
    }
    if (!error && request.kind == Kind::update) {
        error = check_set_index_keys(**table, request.update);
    }
    if (error) {
        return std::unexpected(std::move(*error));
    }
    PlannedWrite write{.request = std::move(request), .table = *table, .key = {}, .op = {}};
    write.op = operation_of(write.request.kind);
    return write;
}

std::optional<ServiceError> check_keys(PlannedWrite& write) {
    const KeySchema& schema = write.table->definition.schema;
    if (write.request.kind == Kind::put) {
        Answer<Item> key = key_of(schema, write.request.item);
        if (!key) {
            return std::move(key.error());
        }
        write.key = std::move(*key);
        return check_index_keys(*write.table, write.request.item);
    }
    if (auto error = check_key(schema, write.request.item)) {
        return error;
    }
    write.key = write.request.item;
    return check_untouched_key(schema, write.request.update);
}

std::optional<ServiceError> judge(Region& region, PlannedWrite& write, bool alone) {
    Answer<std::optional<Item>> before = region.read(*write.table, write.key);
    if (!before) {
        return std::move(before.error());
    }
    write.before = std::move(*before);
    if (auto refused = check_condition(write)) {
        return refused;
    }
    switch (write.request.kind) {
        case Kind::put: write.after = write.request.item; return std::nullopt;
        case Kind::update: return apply_update(write, alone);
        case Kind::remove:
        case Kind::check: return std::nullopt;
    }
    std::unreachable();
}

Answer<PlannedWrite> plan(Region& region, Answer<WriteRequest> request) {
    if (!request) {
        return std::unexpected(std::move(request.error()));
    }
    Answer<PlannedWrite> write = find_target(region, std::move(*request));
    if (!write) {
        return write;
    }
    auto error = check_keys(*write);
    if (!error) {
        error = judge(region, *write, true);
    }
    if (error) {
        return std::unexpected(std::move(*error));
    }
    return write;
}

std::optional<ServiceError> carry_out(Region& region, PlannedWrite& write) {
    if (write.request.kind == Kind::check) {
        return std::nullopt;
    }
    return region.write(*write.table, write.key, write.after, write.op);
}

std::size_t bytes_of(const PlannedWrite& write) {
    return std::max(
        write.before ? stored_size(*write.before) : 0, write.after ? stored_size(*write.after) : 0
    );
}

}  // namespace farshore::lab::dynamo
