#include "lab/dynamo/planned_write.h"

#include <boost/json.hpp>

#include "lab/dynamo/evaluate.h"
#include "lab/dynamo/expression_parser.h"
#include "lab/dynamo/legacy.h"
#include "lab/dynamo/value_json.h"

namespace farshore::lab::dynamo {
namespace {

// What the writing operations have in common.
struct Guarded {
    std::string table;
    Placeholders placeholders;
    std::optional<Condition> condition;
    bool show_item = false;  // in a failed condition's answer
};

Answer<Guarded> read_guarded(const Object& request, bool update) {
    Answer<std::string> table = required_table_name(request);
    if (!table) {
        return std::unexpected(std::move(table.error()));
    }
    if (auto mixed = check_not_mixed(request)) {
        return std::unexpected(std::move(*mixed));
    }
    Guarded guarded{.table = std::move(*table)};
    const bool expressions = has_any(request, {"ConditionExpression"}) ||
                             (update && has_any(request, {"UpdateExpression"}));
    Answer<Placeholders> placeholders = Placeholders::read(request, expressions);
    if (!placeholders) {
        return std::unexpected(std::move(placeholders.error()));
    }
    guarded.placeholders = std::move(*placeholders);
    const auto show =
        optional_word(request, "ReturnValuesOnConditionCheckFailure", {"NONE", "ALL_OLD"});
    if (!show) {
        return std::unexpected(show.error());
    }
    guarded.show_item = *show == "ALL_OLD";
    auto condition = optional_condition(request, "ConditionExpression", guarded.placeholders);
    if (!condition) {
        return std::unexpected(std::move(condition.error()));
    }
    guarded.condition = std::move(*condition);
    auto older = legacy_condition(request, "Expected");
    if (!older) {
        return std::unexpected(std::move(older.error()));
    }
    if (*older) {
        guarded.condition = std::move(*older);
    }
    return guarded;
}

// Reads the item and judges the condition.
std::optional<ServiceError> admit(Region& region, const Guarded& guarded, PlannedWrite& write) {
    Answer<std::optional<Item>> before = region.read(*write.table, write.key);
    if (!before) {
        return std::move(before.error());
    }
    write.before = std::move(*before);
    const Item& item = write.before ? *write.before : Item{};
    if (!guarded.condition || holds(*guarded.condition, item)) {
        return std::nullopt;
    }
    ServiceError error =
        dynamo_error("ConditionalCheckFailedException", "The conditional request failed");
    if (guarded.show_item && write.before) {
        error.more["Item"] = to_json(*write.before);
    }
    return error;
}

// Reads key and table; the condition's operands are complete by now.
Answer<PlannedWrite> begin_keyed(
    Region& region, const Guarded& guarded, const Object& request, std::string op
) {
    if (auto unused = guarded.placeholders.unused()) {
        return std::unexpected(std::move(*unused));
    }
    Answer<Table*> table = region.usable(guarded.table);
    if (!table) {
        return std::unexpected(std::move(table.error()));
    }
    Answer<Item> key = read_key(**table, request);
    if (!key) {
        return std::unexpected(std::move(key.error()));
    }
    return PlannedWrite{.table = *table, .key = std::move(*key), .op = std::move(op)};
}

std::optional<ServiceError> check_size(const Item& item, bool update) {
    if (stored_size(item) <= kItemBytesMax) {
        return std::nullopt;
    }
    return validation(
        update ? "Item size to update has exceeded the maximum allowed size"
               : "Item size has exceeded the maximum allowed size"
    );
}

std::optional<ServiceError> check_index_key(
    const IndexDefinition& index, const KeyAttribute& attribute, const Value& value, bool update
) {
    const auto* text = as<std::string>(value);
    const auto* binary = as<Binary>(value);
    if ((text == nullptr || !text->empty()) && (binary == nullptr || !binary->bytes.empty())) {
        return std::nullopt;
    }
    return validation(
        std::string{"One or more parameter values are not valid. "} +
        (update ? "The update expression attempted to update a secondary index key to a value that "
                  "is not supported. "
                : "A value specified for a secondary index key is not supported. ") +
        "The AttributeValue for a key attribute cannot contain an empty " +
        (text != nullptr ? "string" : "binary") + " value. IndexName: " + index.name +
        ", IndexKey: " + attribute.name
    );
}

std::optional<ServiceError> check_index_keys(const Table& table, const Item& item, bool update) {
    for (const IndexDefinition& index : table.definition.indexes) {
        const auto complain = [&](const KeyAttribute& attribute) -> std::optional<ServiceError> {
            const auto found = item.find(attribute.name);
            if (found == item.end()) {
                return std::nullopt;
            }
            if (type_name(found->second) == attribute.type) {
                return check_index_key(index, attribute, found->second, update);
            }
            return validation(
                "One or more parameter values were invalid: Type mismatch for Index Key " +
                attribute.name + " Expected: " + attribute.type +
                " Actual: " + std::string{type_name(found->second)} + " IndexName: " + index.name
            );
        };
        if (auto error = complain(index.schema.hash)) {
            return error;
        }
        if (index.schema.range) {
            if (auto error = complain(*index.schema.range)) {
                return error;
            }
        }
    }
    return std::nullopt;
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

std::optional<ServiceError> apply_update(const UpdateExpression& update, PlannedWrite& write) {
    if (auto error = check_untouched_key(write.table->definition.schema, update)) {
        return error;
    }
    Answer<Item> after = updated(update, *write.after);
    if (!after) {
        return std::move(after.error());
    }
    // Every value was within the limit; where it was put decides.
    if (nesting(*after) > kNestingMax) {
        return nested_too_deep();
    }
    write.after = std::move(*after);
    write.written = update.paths();
    return std::nullopt;
}

}  // namespace

Answer<Item> read_key(const Table& table, const Object& request) {
    const Json* json = member(request, "Key");
    if (json == nullptr) {
        return std::unexpected(must_not_be_null("Key"));
    }
    Answer<Item> key = parse_item(*json);
    if (!key) {
        return key;
    }
    if (auto error = check_key(table.definition.schema, *key)) {
        return std::unexpected(std::move(*error));
    }
    return key;
}

Answer<PlannedWrite> plan_put(Region& region, const Object& request) {
    Answer<Guarded> guarded = read_guarded(request, false);
    if (!guarded) {
        return std::unexpected(std::move(guarded.error()));
    }
    const Json* json = member(request, "Item");
    if (json == nullptr) {
        return std::unexpected(must_not_be_null("Item"));
    }
    Answer<Item> item = parse_item(*json);
    if (!item) {
        return std::unexpected(std::move(item.error()));
    }
    if (auto unused = guarded->placeholders.unused()) {
        return std::unexpected(std::move(*unused));
    }
    if (auto error = check_size(*item, false)) {
        return std::unexpected(std::move(*error));
    }
    Answer<Table*> table = region.usable(guarded->table);
    if (!table) {
        return std::unexpected(std::move(table.error()));
    }
    Answer<Item> key = key_of((*table)->definition.schema, *item);
    if (!key) {
        return std::unexpected(std::move(key.error()));
    }
    if (auto error = check_index_keys(**table, *item, false)) {
        return std::unexpected(std::move(*error));
    }
    PlannedWrite write{
        .table = *table, .key = std::move(*key), .after = std::move(*item), .op = "PutItem"
    };
    if (auto refused = admit(region, *guarded, write)) {
        return std::unexpected(std::move(*refused));
    }
    return write;
}

Answer<PlannedWrite> plan_delete(Region& region, const Object& request) {
    Answer<Guarded> guarded = read_guarded(request, false);
    if (!guarded) {
        return std::unexpected(std::move(guarded.error()));
    }
    Answer<PlannedWrite> write = begin_keyed(region, *guarded, request, "DeleteItem");
    if (!write) {
        return write;
    }
    if (auto refused = admit(region, *guarded, *write)) {
        return std::unexpected(std::move(*refused));
    }
    return write;
}

Answer<PlannedWrite> plan_check(Region& region, const Object& request) {
    if (member(request, "ConditionExpression") == nullptr) {
        return std::unexpected(must_not_be_null("ConditionExpression"));
    }
    Answer<PlannedWrite> write = plan_delete(region, request);
    if (write) {
        write->op = "ConditionCheck";
        write->changes = false;
    }
    return write;
}

Answer<PlannedWrite> plan_update(Region& region, const Object& request) {
    Answer<Guarded> guarded = read_guarded(request, true);
    if (!guarded) {
        return std::unexpected(std::move(guarded.error()));
    }
    const auto text = optional_text(request, "UpdateExpression");
    if (!text) {
        return std::unexpected(text.error());
    }
    auto older = legacy_update(request);
    if (!older) {
        return std::unexpected(std::move(older.error()));
    }
    UpdateExpression update = older->value_or(UpdateExpression{});
    if (*text) {
        ExpressionParser parser{"UpdateExpression", **text, guarded->placeholders};
        Answer<UpdateExpression> parsed = parser.update();
        if (!parsed) {
            return std::unexpected(std::move(parsed.error()));
        }
        update = std::move(*parsed);
    }
    Answer<PlannedWrite> write = begin_keyed(region, *guarded, request, "UpdateItem");
    if (!write) {
        return write;
    }
    if (auto error = check_untouched_key(write->table->definition.schema, update)) {
        return std::unexpected(std::move(*error));
    }
    if (auto refused = admit(region, *guarded, *write)) {
        return std::unexpected(std::move(*refused));
    }
    write->after = write->before ? *write->before : write->key;
    if (auto error = apply_update(update, *write)) {
        return std::unexpected(std::move(*error));
    }
    if (auto error = check_size(*write->after, true)) {
        return std::unexpected(std::move(*error));
    }
    if (auto error = check_index_keys(*write->table, *write->after, true)) {
        return std::unexpected(std::move(*error));
    }
    return write;
}

std::optional<ServiceError> carry_out(Region& region, PlannedWrite& write) {
    if (!write.changes) {
        return std::nullopt;
    }
    return region.write(*write.table, write.key, write.after, write.op);
}

}  // namespace farshore::lab::dynamo
