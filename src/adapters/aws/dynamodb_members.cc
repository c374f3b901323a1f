#include <algorithm>
#include <charconv>

#include "adapters/aws/dynamodb.h"
#include "adapters/aws/members.h"

namespace farshore::aws {
namespace {

namespace json = boost::json;

json::object expressions_of(const Expressions& expressions) {
    json::object out;
    for (const auto& [name, text] : {
             std::pair{"ConditionExpression", &expressions.condition},
             std::pair{"FilterExpression", &expressions.filter},
             std::pair{"ProjectionExpression", &expressions.projection},
             std::pair{"UpdateExpression", &expressions.update},
             std::pair{"KeyConditionExpression", &expressions.key_condition},
         }) {
        if (!text->empty()) {
            out[name] = *text;
        }
    }
    if (!expressions.names.empty()) {
        json::object names;
        for (const auto& [placeholder, attribute] : expressions.names) {
            names[placeholder] = attribute;
        }
        out["ExpressionAttributeNames"] = std::move(names);
    }
    if (!expressions.values.empty()) {
        out["ExpressionAttributeValues"] = expressions.values;
    }
    return out;
}

json::object on_table(const TableName& table, const Expressions& expressions) {
    json::object out = expressions_of(expressions);
    out["TableName"] = table.value();
    return out;
}

void add_return_values(json::object& out, ReturnValues wanted) {
    constexpr std::array<const char*, 5> kWords{
        "NONE", "ALL_OLD", "UPDATED_OLD", "ALL_NEW", "UPDATED_NEW"
    };
    if (wanted != ReturnValues::none) {
        out["ReturnValues"] = kWords.at(static_cast<std::size_t>(std::to_underlying(wanted)));
    }
}

void add_page(
    json::object& out, int limit, bool consistent, const std::optional<Item>& start_after
) {
    if (limit > 0) {
        out["Limit"] = limit;
    }
    if (consistent) {
        out["ConsistentRead"] = true;
    }
    if (start_after) {
        out["ExclusiveStartKey"] = *start_after;
    }
}

json::value stream_specification() {
    return {{"StreamEnabled", true}, {"StreamViewType", "NEW_AND_OLD_IMAGES"}};
}

// Of the table itself, or of one of its indexes.
std::vector<KeyAttribute> key_of(const json::object& keyed, const json::object& table) {
    std::vector<KeyAttribute> out;
    for (const std::string_view role : {"HASH", "RANGE"}) {
        for (const json::object* element : entries(keyed, "KeySchema")) {
            if (text_member(*element, "KeyType") != role) {
                continue;
            }
            KeyAttribute key{.name = text_member(*element, "AttributeName")};
            for (const json::object* definition : entries(table, "AttributeDefinitions")) {
                if (text_member(*definition, "AttributeName") == key.name) {
                    const std::string type = text_member(*definition, "AttributeType");
                    key.type = type.empty() ? 'S' : type.front();
                }
            }
            out.push_back(std::move(key));
        }
    }
    return out;
}

// "by_user (user S, at N, ALL)", in order, so that two Regions can be compared.
std::vector<std::string> indexes_of(const json::object& table) {
    std::vector<std::string> out;
    for (const std::string_view kind : {"GlobalSecondaryIndexes", "LocalSecondaryIndexes"}) {
        for (const json::object* index : entries(table, kind)) {
            std::string text = text_member(*index, "IndexName") + " (";
            for (const KeyAttribute& key : key_of(*index, table)) {
                text += key.name + " " + key.type + ", ";
            }
            text += text_member(object_member(*index, "Projection"), "ProjectionType") + ")";
            out.push_back(std::move(text));
        }
    }
    std::ranges::sort(out);
    return out;
}

}  // namespace

json::value string_attribute(std::string_view text) {
    return {{"S", text}};
}

json::value number_attribute(std::int64_t number) {
    return {{"N", std::to_string(number)}};
}

std::optional<std::string> string_of(const Item& item, std::string_view attribute) {
    const json::value* text = object_member(item, attribute).if_contains("S");
    if (text == nullptr || !text->is_string()) {
        return std::nullopt;
    }
    return std::string{text->get_string()};
}

std::optional<std::int64_t> number_of(const Item& item, std::string_view attribute) {
    const json::value* text = object_member(item, attribute).if_contains("N");
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

namespace dynamodb_members {

json::object create_table(const TableSpec& spec) {
    json::array definitions;
    json::array schema;
    const auto add = [&](const KeyAttribute& attribute, std::string_view role) {
        definitions.push_back(
            {{"AttributeName", attribute.name}, {"AttributeType", std::string(1, attribute.type)}}
        );
        schema.push_back({{"AttributeName", attribute.name}, {"KeyType", role}});
    };
    add(spec.partition, "HASH");
    if (spec.sort) {
        add(*spec.sort, "RANGE");
    }
    json::object out{
        {"TableName", spec.name.value()},
        {"AttributeDefinitions", std::move(definitions)},
        {"KeySchema", std::move(schema)},
        {"BillingMode", "PAY_PER_REQUEST"}
    };
    if (spec.stream) {
        out["StreamSpecification"] = stream_specification();
    }
    return out;
}

json::object table_only(const TableName& table) {
    return {{"TableName", table.value()}};
}

json::object replica_update(
    const TableName& table, std::string_view action, const RegionId& region
) {
    json::object update{{action, json::object{{"RegionName", region.value()}}}};
    return {{"TableName", table.value()}, {"ReplicaUpdates", json::array{std::move(update)}}};
}

json::object enable_stream(const TableName& table) {
    return {{"TableName", table.value()}, {"StreamSpecification", stream_specification()}};
}

json::object get_item(const GetItem& get) {
    json::object out = on_table(get.table, get.expressions);
    out["Key"] = get.key;
    if (get.consistent) {
        out["ConsistentRead"] = true;
    }
    return out;
}

json::object put_item(const PutItem& put) {
    json::object out = on_table(put.table, put.expressions);
    out["Item"] = put.item;
    add_return_values(out, put.return_values);
    return out;
}

json::object update_item(const UpdateItem& update) {
    json::object out = on_table(update.table, update.expressions);
    out["Key"] = update.key;
    add_return_values(out, update.return_values);
    return out;
}

json::object delete_item(const DeleteItem& erase) {
    json::object out = on_table(erase.table, erase.expressions);
    out["Key"] = erase.key;
    add_return_values(out, erase.return_values);
    return out;
}

json::object batch_get_requests(const std::vector<TableKeys>& tables) {
    json::object out;
    for (const TableKeys& wanted : tables) {
        if (wanted.keys.empty()) {
            continue;
        }
        json::object request{{"Keys", json::array(wanted.keys.begin(), wanted.keys.end())}};
        if (wanted.consistent) {
            request["ConsistentRead"] = true;
        }
        out[wanted.table.value()] = std::move(request);
    }
    return out;
}

json::object batch_write_requests(const std::vector<TableWrites>& tables) {
    json::object out;
    for (const TableWrites& writes : tables) {
        json::array requests;
        for (const Item& item : writes.puts) {
            requests.push_back({{"PutRequest", {{"Item", item}}}});
        }
        for (const Item& key : writes.delete_keys) {
            requests.push_back({{"DeleteRequest", {{"Key", key}}}});
        }
        if (!requests.empty()) {
            out[writes.table.value()] = std::move(requests);
        }
    }
    return out;
}

json::object query(const Query& query) {
    json::object out = on_table(query.table, query.expressions);
    if (!query.index.empty()) {
        out["IndexName"] = query.index;
    }
    add_page(out, query.limit, query.consistent, query.start_after);
    if (!query.forward) {
        out["ScanIndexForward"] = false;
    }
    return out;
}

json::object scan(const Scan& scan) {
    json::object out = on_table(scan.table, scan.expressions);
    add_page(out, scan.limit, scan.consistent, scan.start_after);
    if (scan.segments > 1) {
        out["Segment"] = scan.segment;
        out["TotalSegments"] = scan.segments;
    }
    return out;
}

Result<TableDescription> table_description(const json::object& output) {
    const char* member = output.contains("Table") ? "Table" : "TableDescription";
    if (Status status = must_have(output, member, "DynamoDB"); !status) {
        return std::unexpected(status.error());
    }
    const json::object& table = object_member(output, member);
    TableDescription out;
    out.name = TableName{text_member(table, "TableName")};
    out.status = text_member(table, "TableStatus");
    out.arn = text_member(table, "TableArn");
    out.global_table_version = text_member(table, "GlobalTableVersion");
    out.key = key_of(table, table);
    out.indexes = indexes_of(table);
    out.item_count = number_member(table, "ItemCount");
    out.size_bytes = number_member(table, "TableSizeBytes");
    for (const json::object* replica : entries(table, "Replicas")) {
        out.replicas.push_back(
            {.region = RegionId{text_member(*replica, "RegionName")},
             .status = text_member(*replica, "ReplicaStatus")}
        );
    }
    const json::object& stream = object_member(table, "StreamSpecification");
    // A server that names no view has but one.
    const std::string view = text_member(stream, "StreamViewType");
    out.stream =
        flag_member(stream, "StreamEnabled") && (view.empty() || view == "NEW_AND_OLD_IMAGES");
    // Tables that have always been provisioned have no summary; some servers give none at all.
    const std::string billing =
        text_member(object_member(table, "BillingModeSummary"), "BillingMode");
    const bool provisioned =
        number_member(object_member(table, "ProvisionedThroughput"), "WriteCapacityUnits") > 0;
    out.on_demand = billing.empty() ? !provisioned : billing == "PAY_PER_REQUEST";
    out.strong = text_member(table, "MultiRegionConsistency") == "STRONG";
    return out;
}

std::optional<Item> item(const json::object& output, std::string_view member) {
    return output.contains(member) ? std::optional<Item>{object_member(output, member)}
                                   : std::nullopt;
}

Page page(const json::object& output) {
    Page out;
    for (const json::object* one : entries(output, "Items")) {
        out.items.push_back(*one);
    }
    out.last_key = item(output, "LastEvaluatedKey");
    out.scanned = number_member(output, "ScannedCount");
    return out;
}

}  // namespace dynamodb_members
}  // namespace farshore::aws
