#include <charconv>

#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include "adapters/aws/dynamodb.h"

namespace farshore::aws {
namespace {

namespace json = boost::json;

void add_text(json::object& out, std::string_view name, const std::string& text) {
    if (!text.empty()) {
        out.emplace(name, text);
    }
}

void add_expressions(json::object& out, const Expressions& expressions) {
    add_text(out, "ConditionExpression", expressions.condition);
    add_text(out, "FilterExpression", expressions.filter);
    add_text(out, "ProjectionExpression", expressions.projection);
    add_text(out, "UpdateExpression", expressions.update);
    add_text(out, "KeyConditionExpression", expressions.key_condition);
    if (!expressions.names.empty()) {
        json::object names;
        for (const auto& [placeholder, attribute] : expressions.names) {
            names.emplace(placeholder, attribute);
        }
        out.emplace("ExpressionAttributeNames", std::move(names));
    }
    if (!expressions.values.empty()) {
        out.emplace("ExpressionAttributeValues", expressions.values);
    }
}

void add_return_values(json::object& out, ReturnValues wanted) {
    switch (wanted) {
        case ReturnValues::none: return;
        case ReturnValues::all_old: out.emplace("ReturnValues", "ALL_OLD"); return;
        case ReturnValues::updated_old: out.emplace("ReturnValues", "UPDATED_OLD"); return;
        case ReturnValues::all_new: out.emplace("ReturnValues", "ALL_NEW"); return;
        case ReturnValues::updated_new: out.emplace("ReturnValues", "UPDATED_NEW"); return;
    }
}

json::object replica_update(
    const TableName& table, std::string_view action, const RegionId& region
) {
    json::object act;
    act.emplace("RegionName", region.value());
    json::object update;
    update.emplace(action, std::move(act));
    json::object out;
    out.emplace("TableName", table.value());
    json::array updates;
    updates.emplace_back(std::move(update));
    out.emplace("ReplicaUpdates", std::move(updates));
    return out;
}

json::object stream_specification() {
    json::object stream;
    stream.emplace("StreamEnabled", true);
    stream.emplace("StreamViewType", "NEW_AND_OLD_IMAGES");
    return stream;
}

void add_page(
    json::object& out, int limit, bool consistent, const std::optional<Item>& start_after
) {
    if (limit > 0) {
        out.emplace("Limit", limit);
    }
    if (consistent) {
        out.emplace("ConsistentRead", true);
    }
    if (start_after) {
        out.emplace("ExclusiveStartKey", *start_after);
    }
}

std::string text_member(const json::object& object, std::string_view name) {
    const json::value* value = object.if_contains(name);
    return value != nullptr && value->is_string() ? std::string{value->get_string()}
                                                  : std::string{};
}

std::int64_t number_member(const json::object& object, std::string_view name) {
    const json::value* value = object.if_contains(name);
    if (value == nullptr || !value->is_number()) {
        return 0;
    }
    boost::system::error_code inexact;
    const auto number = value->to_number<std::int64_t>(inexact);
    return inexact ? 0 : number;
}

const json::object* object_member(const json::object& object, std::string_view name) {
    const json::value* value = object.if_contains(name);
    return value == nullptr ? nullptr : value->if_object();
}

const json::array& array_member(const json::object& object, std::string_view name) {
    static const json::array kNone;
    const json::value* value = object.if_contains(name);
    const json::array* array = value == nullptr ? nullptr : value->if_array();
    return array == nullptr ? kNone : *array;
}

std::unexpected<Error> not_understood(std::string text) {
    return fail(
        ErrorKind::malformed,
        "DynamoDB's answer " + std::move(text),
        "Check that the endpoint is DynamoDB."
    );
}

std::vector<KeyAttribute> key_of(const json::object& table) {
    std::vector<KeyAttribute> out;
    for (const std::string_view role : {"HASH", "RANGE"}) {
        for (const json::value& element : array_member(table, "KeySchema")) {
            const json::object* attribute = element.if_object();
            if (attribute == nullptr || text_member(*attribute, "KeyType") != role) {
                continue;
            }
            KeyAttribute key{.name = text_member(*attribute, "AttributeName")};
            for (const json::value& definition : array_member(table, "AttributeDefinitions")) {
                const json::object* defined = definition.if_object();
                if (defined != nullptr && text_member(*defined, "AttributeName") == key.name) {
                    const std::string type = text_member(*defined, "AttributeType");
                    key.type = type.empty() ? 'S' : type.front();
                }
            }
            out.push_back(std::move(key));
        }
    }
    return out;
}

}  // namespace

json::value string_attribute(std::string_view text) {
    json::object out;
    out.emplace("S", text);
    return out;
}

json::value number_attribute(std::int64_t number) {
    json::object out;
    out.emplace("N", std::to_string(number));
    return out;
}

std::optional<std::string> string_of(const Item& item, std::string_view attribute) {
    const json::object* typed = object_member(item, attribute);
    const json::value* text = typed == nullptr ? nullptr : typed->if_contains("S");
    if (text == nullptr || !text->is_string()) {
        return std::nullopt;
    }
    return std::string{text->get_string()};
}

std::optional<std::int64_t> number_of(const Item& item, std::string_view attribute) {
    const json::object* typed = object_member(item, attribute);
    const json::value* text = typed == nullptr ? nullptr : typed->if_contains("N");
    if (text == nullptr || !text->is_string()) {
        return std::nullopt;
    }
    const json::string& digits = text->get_string();
    std::int64_t out = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), out);
    if (error != std::errc{} || end != digits.data() + digits.size()) {
        return std::nullopt;
    }
    return out;
}

namespace dynamodb_json {

std::string create_table(const TableSpec& spec) {
    json::array definitions;
    json::array schema;
    const auto add = [&](const KeyAttribute& attribute, std::string_view role) {
        json::object definition;
        definition.emplace("AttributeName", attribute.name);
        definition.emplace("AttributeType", std::string(1, attribute.type));
        definitions.emplace_back(std::move(definition));
        json::object element;
        element.emplace("AttributeName", attribute.name);
        element.emplace("KeyType", role);
        schema.emplace_back(std::move(element));
    };
    add(spec.partition, "HASH");
    if (spec.sort) {
        add(*spec.sort, "RANGE");
    }
    json::object out;
    out.emplace("TableName", spec.name.value());
    out.emplace("AttributeDefinitions", std::move(definitions));
    out.emplace("KeySchema", std::move(schema));
    out.emplace("BillingMode", "PAY_PER_REQUEST");
    if (spec.stream) {
        out.emplace("StreamSpecification", stream_specification());
    }
    return json::serialize(out);
}

std::string table_only(const TableName& table) {
    json::object out;
    out.emplace("TableName", table.value());
    return json::serialize(out);
}

std::string add_replica(const TableName& table, const RegionId& region) {
    return json::serialize(replica_update(table, "Create", region));
}

std::string remove_replica(const TableName& table, const RegionId& region) {
    return json::serialize(replica_update(table, "Delete", region));
}

std::string enable_stream(const TableName& table) {
    json::object out;
    out.emplace("TableName", table.value());
    out.emplace("StreamSpecification", stream_specification());
    return json::serialize(out);
}

std::string list_tables(const std::string& start_after) {
    json::object out;
    add_text(out, "ExclusiveStartTableName", start_after);
    return json::serialize(out);
}

std::string get_item(const GetItem& get) {
    json::object out;
    out.emplace("TableName", get.table.value());
    out.emplace("Key", get.key);
    if (get.consistent) {
        out.emplace("ConsistentRead", true);
    }
    add_expressions(out, get.expressions);
    return json::serialize(out);
}

std::string put_item(const PutItem& put) {
    json::object out;
    out.emplace("TableName", put.table.value());
    out.emplace("Item", put.item);
    add_expressions(out, put.expressions);
    add_return_values(out, put.return_values);
    return json::serialize(out);
}

std::string update_item(const UpdateItem& update) {
    json::object out;
    out.emplace("TableName", update.table.value());
    out.emplace("Key", update.key);
    add_expressions(out, update.expressions);
    add_return_values(out, update.return_values);
    return json::serialize(out);
}

std::string delete_item(const DeleteItem& erase) {
    json::object out;
    out.emplace("TableName", erase.table.value());
    out.emplace("Key", erase.key);
    add_expressions(out, erase.expressions);
    add_return_values(out, erase.return_values);
    return json::serialize(out);
}

json::object batch_get_requests(const std::vector<TableKeys>& tables) {
    json::object out;
    for (const TableKeys& wanted : tables) {
        if (wanted.keys.empty()) {
            continue;
        }
        json::array keys;
        for (const Item& key : wanted.keys) {
            keys.emplace_back(key);
        }
        json::object request;
        request.emplace("Keys", std::move(keys));
        if (wanted.consistent) {
            request.emplace("ConsistentRead", true);
        }
        out.insert_or_assign(wanted.table.value(), std::move(request));
    }
    return out;
}

json::object batch_write_requests(const std::vector<TableWrites>& tables) {
    json::object out;
    for (const TableWrites& writes : tables) {
        json::array requests;
        for (const Item& item : writes.puts) {
            json::object put;
            put.emplace("Item", item);
            json::object request;
            request.emplace("PutRequest", std::move(put));
            requests.emplace_back(std::move(request));
        }
        for (const Item& key : writes.delete_keys) {
            json::object erase;
            erase.emplace("Key", key);
            json::object request;
            request.emplace("DeleteRequest", std::move(erase));
            requests.emplace_back(std::move(request));
        }
        if (!requests.empty()) {
            out.insert_or_assign(writes.table.value(), std::move(requests));
        }
    }
    return out;
}

std::string query(const Query& query) {
    json::object out;
    out.emplace("TableName", query.table.value());
    add_text(out, "IndexName", query.index);
    add_expressions(out, query.expressions);
    add_page(out, query.limit, query.consistent, query.start_after);
    if (!query.forward) {
        out.emplace("ScanIndexForward", false);
    }
    return json::serialize(out);
}

std::string scan(const Scan& scan) {
    json::object out;
    out.emplace("TableName", scan.table.value());
    add_expressions(out, scan.expressions);
    add_page(out, scan.limit, scan.consistent, scan.start_after);
    if (scan.segments > 1) {
        out.emplace("Segment", scan.segment);
        out.emplace("TotalSegments", scan.segments);
    }
    return json::serialize(out);
}

Result<json::object> parse(std::string_view body) {
    boost::system::error_code error;
    json::parse_options options;
    options.max_depth = 128;
    json::value parsed = json::parse(body, error, {}, options);
    if (error || !parsed.is_object()) {
        return not_understood("is not a JSON object");
    }
    return std::move(parsed.get_object());
}

Result<TableDescription> table_description(std::string_view body) {
    const Result<json::object> parsed = parse(body);
    if (!parsed) {
        return std::unexpected(parsed.error());
    }
    const json::object* table = object_member(*parsed, "Table");
    if (table == nullptr) {
        table = object_member(*parsed, "TableDescription");
    }
    if (table == nullptr) {
        return not_understood("describes no table");
    }
    TableDescription out;
    out.name = TableName{text_member(*table, "TableName")};
    out.status = text_member(*table, "TableStatus");
    out.arn = text_member(*table, "TableArn");
    out.global_table_version = text_member(*table, "GlobalTableVersion");
    out.key = key_of(*table);
    out.item_count = number_member(*table, "ItemCount");
    out.size_bytes = number_member(*table, "TableSizeBytes");
    for (const json::value& element : array_member(*table, "Replicas")) {
        if (const json::object* replica = element.if_object()) {
            out.replicas.push_back(
                {.region = RegionId{text_member(*replica, "RegionName")},
                 .status = text_member(*replica, "ReplicaStatus")}
            );
        }
    }
    if (const json::object* stream = object_member(*table, "StreamSpecification")) {
        const json::value* enabled = stream->if_contains("StreamEnabled");
        out.stream = enabled != nullptr && enabled->is_bool() && enabled->get_bool();
    }
    return out;
}

Result<std::optional<Item>> item(std::string_view body, std::string_view member) {
    Result<json::object> parsed = parse(body);
    if (!parsed) {
        return std::unexpected(parsed.error());
    }
    json::value* found = parsed->if_contains(member);
    if (found == nullptr || found->is_null()) {
        return std::optional<Item>{};
    }
    if (!found->is_object()) {
        return not_understood("holds a " + std::string{member} + " that is no item");
    }
    return std::optional<Item>{std::move(found->get_object())};
}

Result<Page> page(std::string_view body) {
    Result<json::object> parsed = parse(body);
    if (!parsed) {
        return std::unexpected(parsed.error());
    }
    Page out;
    for (const json::value& element : array_member(*parsed, "Items")) {
        const json::object* one = element.if_object();
        if (one == nullptr) {
            return not_understood("holds an entry that is no item");
        }
        out.items.push_back(*one);
    }
    if (const json::object* last = object_member(*parsed, "LastEvaluatedKey")) {
        out.last_key = *last;
    }
    out.scanned = number_member(*parsed, "ScannedCount");
    return out;
}

}  // namespace dynamodb_json
}  // namespace farshore::aws
