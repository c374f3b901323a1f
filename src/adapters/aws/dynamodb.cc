#include "adapters/aws/dynamodb.h"

#include <algorithm>
#include <cstddef>
#include <utility>

#include "adapters/aws/members.h"

namespace farshore::aws {
namespace {

using namespace std::chrono_literals;
namespace json = boost::json;

// DynamoDB's own bounds of one batch request.
constexpr std::size_t kBatchGetMax = 100;
constexpr std::size_t kBatchWriteMax = 25;
// With pauses from 50 ms to 1.6 s the last round starts after about three seconds.
constexpr int kBatchRoundsMax = 8;
constexpr std::size_t kTablesMax = 10'000;

// One table's entries of a batch, cut so that no request holds more than `limit` in all.
struct Entry {
    std::string table;
    json::value request;
    bool consistent = false;
};

std::vector<Entry> entries_of(const json::object& requests, bool reading) {
    std::vector<Entry> out;
    for (const auto& [table, value] : requests) {
        if (reading) {
            const json::object& get = value.get_object();
            for (const json::value& key : get.at("Keys").get_array()) {
                out.push_back({std::string{table}, key, get.contains("ConsistentRead")});
            }
            continue;
        }
        for (const json::value& request : value.get_array()) {
            out.push_back({std::string{table}, request, false});
        }
    }
    return out;
}

json::object chunk_of(
    const std::vector<Entry>& entries, std::size_t from, std::size_t to, bool reading
) {
    json::object out;
    for (std::size_t i = from; i < to; ++i) {
        const Entry& entry = entries[i];
        json::value& slot = out[entry.table];
        if (!reading) {
            if (slot.is_null()) {
                slot.emplace_array();
            }
            slot.get_array().push_back(entry.request);
            continue;
        }
        if (slot.is_null()) {
            json::object& get = slot.emplace_object();
            get["Keys"].emplace_array();
            if (entry.consistent) {
                get["ConsistentRead"] = true;
            }
        }
        slot.get_object()["Keys"].get_array().push_back(entry.request);
    }
    return out;
}

json::object member_object(json::object& from, std::string_view name) {
    json::value* found = from.if_contains(name);
    return found != nullptr && found->is_object() ? std::move(found->get_object()) : json::object{};
}

void collect(BatchItems& into, json::object responses) {
    for (auto& [table, value] : responses) {
        json::array* items = value.if_array();
        if (items == nullptr) {
            continue;
        }
        std::vector<Item>& found = into.found[TableName{std::string{table}}];
        for (json::value& item : *items) {
            if (item.is_object()) {
                found.push_back(std::move(item.get_object()));
            }
        }
    }
}

Error left_over(std::string_view name) {
    return {
        .kind = ErrorKind::throttled,
        .effect = Effect::possible,
        .text = std::string{name} + " left entries over in " + std::to_string(kBatchRoundsMax) +
                " rounds",
        .remedy = "Look for throttling of the table, or ask for less at a time.",
        .code = {}
    };
}

bool all_active(const TableDescription& table, const std::optional<RegionId>& replica) {
    const auto active = [](const Replica& one) {
        return one.status == "ACTIVE";
    };
    if (table.status != "ACTIVE" || !std::ranges::all_of(table.replicas, active)) {
        return false;
    }
    return !replica ||
           std::ranges::find(table.replicas, *replica, &Replica::region) != table.replicas.end();
}

Duration round_pause(int round) {
    return 50ms * (1LL << std::min(round, 5));
}

}  // namespace

net::Task<Result<json::object>> DynamoDb::send(
    RegionId region, std::string name, json::object input, CallOptions options
) {
    AwsCall asked{
        .service = "dynamodb",
        .name = std::move(name),
        .region = std::move(region),
        .input = std::move(input)
    };
    Result<AwsReply> reply = co_await client_->call(std::move(asked), options);
    if (!reply) {
        co_return std::unexpected(reply.error());
    }
    co_return std::move(reply->output);
}

net::Task<Result<TableDescription>> DynamoDb::table_call(
    RegionId region, std::string name, json::object input, CallOptions options
) {
    const Result<json::object> output =
        co_await send(std::move(region), std::move(name), std::move(input), options);
    if (!output) {
        co_return std::unexpected(output.error());
    }
    co_return dynamodb_members::table_description(*output);
}

net::Task<Result<std::optional<Item>>> DynamoDb::item_call(
    RegionId region, std::string name, json::object input, std::string member, CallOptions options
) {
    const Result<json::object> output =
        co_await send(std::move(region), std::move(name), std::move(input), options);
    if (!output) {
        co_return std::unexpected(output.error());
    }
    co_return dynamodb_members::item(*output, member);
}

net::Task<Result<Page>> DynamoDb::page_call(
    RegionId region, std::string name, json::object input, CallOptions options
) {
    const Result<json::object> output =
        co_await send(std::move(region), std::move(name), std::move(input), options);
    if (!output) {
        co_return std::unexpected(output.error());
    }
    co_return dynamodb_members::page(*output);
}

net::Task<Result<TableDescription>> DynamoDb::create_table(
    RegionId region, TableSpec spec, CallOptions options
) {
    return table_call(
        std::move(region), "CreateTable", dynamodb_members::create_table(spec), options
    );
}

net::Task<Result<TableDescription>> DynamoDb::describe_table(
    RegionId region, TableName table, CallOptions options
) {
    return table_call(
        std::move(region), "DescribeTable", dynamodb_members::table_only(table), options
    );
}

net::Task<Result<std::string>> DynamoDb::time_to_live(
    RegionId region, TableName table, CallOptions options
) {
    json::object input = dynamodb_members::table_only(table);
    const Result<json::object> output =
        co_await send(std::move(region), "DescribeTimeToLive", std::move(input), options);
    if (!output) {
        co_return std::unexpected(output.error());
    }
    const json::object& told = object_member(*output, "TimeToLiveDescription");
    const std::string status = text_member(told, "TimeToLiveStatus");
    co_return status == "ENABLED" || status == "ENABLING" ? text_member(told, "AttributeName")
                                                          : std::string{};
}

net::Task<Result<bool>> DynamoDb::is_old_global_table(
    RegionId region, TableName table, CallOptions options
) {
    json::object input{{"GlobalTableName", table.value()}};
    const Result<json::object> output =
        co_await send(std::move(region), "DescribeGlobalTable", std::move(input), options);
    if (!output && output.error().kind == ErrorKind::not_found) {
        co_return false;
    }
    if (!output) {
        co_return std::unexpected(output.error());
    }
    co_return true;
}

net::Task<Result<TableDescription>> DynamoDb::delete_table(
    RegionId region, TableName table, CallOptions options
) {
    return table_call(
        std::move(region), "DeleteTable", dynamodb_members::table_only(table), options
    );
}

net::Task<Result<TableDescription>> DynamoDb::enable_stream(
    RegionId region, TableName table, CallOptions options
) {
    return table_call(
        std::move(region), "UpdateTable", dynamodb_members::enable_stream(table), options
    );
}

net::Task<Result<TableDescription>> DynamoDb::add_replica(
    RegionId region, TableName table, RegionId replica, CallOptions options
) {
    return table_call(
        std::move(region),
        "UpdateTable",
        dynamodb_members::replica_update(table, "Create", replica),
        options
    );
}

net::Task<Result<TableDescription>> DynamoDb::remove_replica(
    RegionId region, TableName table, RegionId replica, CallOptions options
) {
    return table_call(
        std::move(region),
        "UpdateTable",
        dynamodb_members::replica_update(table, "Delete", replica),
        options
    );
}

net::Task<Result<std::vector<TableName>>> DynamoDb::list_tables(
    RegionId region, CallOptions options
) {
    std::vector<TableName> out;
    std::string start_after;
    while (out.size() < kTablesMax) {
        json::object input;
        if (!start_after.empty()) {
            input["ExclusiveStartTableName"] = start_after;
        }
        const Result<json::object> output =
            co_await send(region, "ListTables", std::move(input), options);
        if (!output) {
            co_return std::unexpected(output.error());
        }
        const json::value* names = output->if_contains("TableNames");
        if (names == nullptr) {
            co_return fail(ErrorKind::malformed, "ListTables answered no TableNames");
        }
        for (const json::value& name : names->get_array()) {
            out.emplace_back(std::string{name.get_string()});
        }
        const json::value* last = output->if_contains("LastEvaluatedTableName");
        if (last == nullptr || last->get_string() == start_after) {
            break;
        }
        start_after = std::string{last->get_string()};
    }
    std::ranges::sort(out);
    co_return out;
}

net::Task<Result<TableDescription>> DynamoDb::wait_active(
    RegionId region, TableName table, Duration patience, std::optional<RegionId> replica
) {
    const Instant deadline = client_->clock().now() + patience;
    const std::string what = "table " + table.value() + " in " + region.value();
    for (int round = 0;; ++round) {
        Result<TableDescription> described = co_await describe_table(region, table);
        if (described && all_active(*described, replica)) {
            co_return described;
        }
        // DescribeTable is eventually consistent: a table that was just made may not be found yet.
        if (!described && described.error().kind != ErrorKind::not_found) {
            co_return std::unexpected(described.error());
        }
        const Duration pause = std::min<Duration>(round_pause(round), 1s);
        if (client_->clock().now() + pause >= deadline) {
            co_return fail(
                ErrorKind::timed_out,
                what +
                    (replica ? " has no ACTIVE replica in " + replica->value() : " is not ACTIVE") +
                    " after " + std::to_string(to_ms(patience)) + " ms" +
                    (described ? " (status " + described->status + ")" : " (not found)")
            );
        }
        const bool waited = co_await client_->pause(pause);
        if (!waited) {
            co_return fail(ErrorKind::cancelled, "waiting for " + what + " was given up");
        }
    }
}

net::Task<Result<TableDescription>> DynamoDb::make_table_global(
    RegionId home, TableName table, std::vector<RegionId> others, Duration patience
) {
    Result<TableDescription> described = co_await wait_active(home, table, patience);
    if (!described) {
        co_return described;
    }
    if (!described->stream) {
        const Result<TableDescription> enabled = co_await enable_stream(home, table);
        if (!enabled) {
            co_return enabled;
        }
    }
    for (const RegionId& other : others) {
        described = co_await wait_active(home, table, patience);
        if (!described) {
            co_return described;
        }
        if (other == home) {
            continue;
        }
        const auto known = std::ranges::find(described->replicas, other, &Replica::region);
        if (known == described->replicas.end()) {
            const Result<TableDescription> added = co_await add_replica(home, table, other);
            // A lost answer is read back by the waiting below; a refusal is not.
            if (!added && added.error().effect == Effect::none) {
                co_return added;
            }
        }
        described = co_await wait_active(home, table, patience, other);
        if (!described) {
            co_return described;
        }
        const Result<TableDescription> there = co_await wait_active(other, table, patience);
        if (!there) {
            co_return there;
        }
    }
    co_return described;
}

net::Task<Result<std::optional<Item>>> DynamoDb::get_item(
    RegionId region, GetItem get, CallOptions options
) {
    return item_call(
        std::move(region), "GetItem", dynamodb_members::get_item(get), "Item", options
    );
}

net::Task<Result<std::optional<Item>>> DynamoDb::put_item(
    RegionId region, PutItem put, CallOptions options
) {
    return item_call(
        std::move(region), "PutItem", dynamodb_members::put_item(put), "Attributes", options
    );
}

net::Task<Result<std::optional<Item>>> DynamoDb::update_item(
    RegionId region, UpdateItem update, CallOptions options
) {
    return item_call(
        std::move(region),
        "UpdateItem",
        dynamodb_members::update_item(update),
        "Attributes",
        options
    );
}

net::Task<Result<std::optional<Item>>> DynamoDb::delete_item(
    RegionId region, DeleteItem erase, CallOptions options
) {
    return item_call(
        std::move(region), "DeleteItem", dynamodb_members::delete_item(erase), "Attributes", options
    );
}

bool may_refuse_one_key(const Error& error) {
    return error.code == "ValidationException" || error.code == "SerializationException";
}

net::Task<Result<BatchItems>> DynamoDb::batch_get_item(
    RegionId region, std::vector<TableKeys> tables, CallOptions options
) {
    const std::vector<Entry> entries =
        entries_of(dynamodb_members::batch_get_requests(tables), true);
    BatchItems out;
    for (std::size_t from = 0; from < entries.size(); from += kBatchGetMax) {
        json::object wanted =
            chunk_of(entries, from, std::min(from + kBatchGetMax, entries.size()), true);
        for (int round = 0; !wanted.empty(); ++round) {
            if (round == kBatchRoundsMax) {
                Error error = left_over("BatchGetItem");
                error.effect = Effect::none;
                co_return std::unexpected(std::move(error));
            }
            if (round > 0) {
                const bool waited = co_await client_->pause(round_pause(round - 1));
                if (!waited) {
                    co_return fail(ErrorKind::cancelled, "BatchGetItem was given up");
                }
            }
            Result<json::object> answer =
                co_await send(region, "BatchGetItem", {{"RequestItems", wanted}}, options);
            if (!answer) {
                co_return std::unexpected(answer.error());
            }
            collect(out, member_object(*answer, "Responses"));
            wanted = member_object(*answer, "UnprocessedKeys");
        }
    }
    co_return out;
}

net::Task<Status> DynamoDb::batch_write_item(
    RegionId region, std::vector<TableWrites> tables, CallOptions options
) {
    const std::vector<Entry> entries =
        entries_of(dynamodb_members::batch_write_requests(tables), false);
    for (std::size_t from = 0; from < entries.size(); from += kBatchWriteMax) {
        json::object wanted =
            chunk_of(entries, from, std::min(from + kBatchWriteMax, entries.size()), false);
        for (int round = 0; !wanted.empty(); ++round) {
            if (round == kBatchRoundsMax) {
                co_return std::unexpected(left_over("BatchWriteItem"));
            }
            if (round > 0) {
                const bool waited = co_await client_->pause(round_pause(round - 1));
                if (!waited) {
                    Error error = left_over("BatchWriteItem");
                    error.kind = ErrorKind::cancelled;
                    co_return std::unexpected(std::move(error));
                }
            }
            Result<json::object> answer =
                co_await send(region, "BatchWriteItem", {{"RequestItems", wanted}}, options);
            if (!answer) {
                Error error = answer.error();
                // Earlier chunks and rounds were written.
                error.effect = from > 0 || round > 0 ? Effect::possible : error.effect;
                co_return std::unexpected(std::move(error));
            }
            wanted = member_object(*answer, "UnprocessedItems");
        }
    }
    co_return Status{};
}

net::Task<Result<Page>> DynamoDb::query(RegionId region, Query query, CallOptions options) {
    return page_call(std::move(region), "Query", dynamodb_members::query(query), options);
}

net::Task<Result<Page>> DynamoDb::scan(RegionId region, Scan scan, CallOptions options) {
    return page_call(std::move(region), "Scan", dynamodb_members::scan(scan), options);
}

}  // namespace farshore::aws
