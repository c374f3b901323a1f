#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include "adapters/aws/client.h"
#include "adapters/net/task.h"
#include "base/ids.h"
#include "base/result.h"

// DynamoDB for farshored, the agent's evidence and the operator's command. Items are in DynamoDB's
// own JSON ({"id":{"S":"x"}}): nothing is lost or reinterpreted on the way.
namespace farshore::aws {

using Item = boost::json::object;  // attribute name -> AttributeValue

// AttributeValues from plain values, and back. The readers give nullopt when the attribute is
// absent or of another type.
[[nodiscard]] boost::json::value string_attribute(std::string_view text);
[[nodiscard]] boost::json::value number_attribute(std::int64_t number);
[[nodiscard]] std::optional<std::string> string_of(const Item& item, std::string_view attribute);
[[nodiscard]] std::optional<std::int64_t> number_of(const Item& item, std::string_view attribute);

struct KeyAttribute {
    std::string name;
    char type = 'S';  // 'S', 'N' or 'B'
};

struct TableSpec {
    TableName name;
    KeyAttribute partition;
    std::optional<KeyAttribute> sort;
    // Global tables need NEW_AND_OLD_IMAGES.
    bool stream = false;
};

struct Replica {
    RegionId region;
    std::string status;  // "CREATING", "ACTIVE", ...
};

struct TableDescription {
    TableName name;
    std::string status;  // "CREATING", "ACTIVE", "UPDATING", "DELETING", ...
    std::string arn;
    std::string global_table_version;  // "2019.11.21"; empty for a plain table
    std::vector<KeyAttribute> key;     // partition first
    std::vector<std::string> indexes;  // "by_user (user S, ALL)", in order
    std::vector<Replica> replicas;     // may hold the Region asked itself, as AWS does
    std::int64_t item_count = 0;
    std::int64_t size_bytes = 0;
    bool stream = false;  // of new and old images
    bool on_demand = true;
    bool strong = false;  // multi-Region strong consistency
};

enum class ReturnValues { none, all_old, updated_old, all_new, updated_new };
inline constexpr std::array<std::string_view, 5> kReturnValuesNames{
    "none", "all_old", "updated_old", "all_new", "updated_new"
};

constexpr const auto& names_of(ReturnValues) {
    return kReturnValuesNames;
}

// Expressions of reads and writes; empty members are not sent.
struct Expressions {
    std::string condition;
    std::string filter;
    std::string projection;
    std::string update;
    std::string key_condition;
    std::map<std::string, std::string> names;  // "#n" -> attribute
    boost::json::object values;                // ":v" -> AttributeValue
};

struct GetItem {
    TableName table;
    Item key;
    bool consistent = false;
    Expressions expressions;
};

struct PutItem {
    TableName table;
    Item item;
    Expressions expressions;
    ReturnValues return_values = ReturnValues::none;
};

struct UpdateItem {
    TableName table;
    Item key;
    Expressions expressions;
    ReturnValues return_values = ReturnValues::none;
};

struct DeleteItem {
    TableName table;
    Item key;
    Expressions expressions;
    ReturnValues return_values = ReturnValues::none;
};

struct TableKeys {
    TableName table;
    std::vector<Item> keys;
    bool consistent = false;
};

struct TableWrites {
    TableName table;
    std::vector<Item> puts;
    std::vector<Item> delete_keys;
};

struct Query {
    TableName table;
    std::string index;
    Expressions expressions;
    bool consistent = false;
    bool forward = true;
    int limit = 0;  // 0: the service's page
    std::optional<Item> start_after;
};

struct Scan {
    TableName table;
    Expressions expressions;
    bool consistent = false;
    int limit = 0;
    std::optional<Item> start_after;
    int segment = 0;
    int segments = 1;
};

struct Page {
    std::vector<Item> items;
    std::optional<Item> last_key;  // nullopt: this was the last page
    std::int64_t scanned = 0;
};

struct BatchItems {
    std::map<TableName, std::vector<Item>> found;
};

// The service refuses the input itself. Of a BatchGetItem it may mean one key, which its table
// cannot have (an empty string, another name or type): the whole call fails for it, so the caller
// asks for fewer keys at a time until that key stands alone.
[[nodiscard]] bool may_refuse_one_key(const Error& error);
// So many keys that are refused one by one, while no other key of their table is answered, speak
// for the table: it has another key there.
inline constexpr std::size_t kRefusedAloneMax = 8;

// Members of requests and of answers, pure. Errors of readers: malformed.
namespace dynamodb_members {
[[nodiscard]] boost::json::object create_table(const TableSpec& spec);
[[nodiscard]] boost::json::object table_only(const TableName& table);
// `action`: "Create" or "Delete".
[[nodiscard]] boost::json::object replica_update(
    const TableName& table, std::string_view action, const RegionId& region
);
[[nodiscard]] boost::json::object enable_stream(const TableName& table);
[[nodiscard]] boost::json::object get_item(const GetItem& get);
[[nodiscard]] boost::json::object put_item(const PutItem& put);
[[nodiscard]] boost::json::object update_item(const UpdateItem& update);
[[nodiscard]] boost::json::object delete_item(const DeleteItem& erase);
[[nodiscard]] boost::json::object batch_get_requests(const std::vector<TableKeys>& tables);
[[nodiscard]] boost::json::object batch_write_requests(const std::vector<TableWrites>& tables);
[[nodiscard]] boost::json::object query(const Query& query);
[[nodiscard]] boost::json::object scan(const Scan& scan);

[[nodiscard]] Result<TableDescription> table_description(const boost::json::object& output);
[[nodiscard]] std::optional<Item> item(const boost::json::object& output, std::string_view member);
[[nodiscard]] Page page(const boost::json::object& output);
}  // namespace dynamodb_members

// The Region asked comes first in each call. Errors: AwsClient's; a failed condition is `conflict`
// with the code ConditionalCheckFailedException, a missing table `not_found`.
class DynamoDb {
  public:
    // `client` must outlive us and all calls.
    explicit DynamoDb(AwsClient& client) : client_(&client) {}

    net::Task<Result<TableDescription>> create_table(
        RegionId region, TableSpec spec, CallOptions options = {}
    );
    net::Task<Result<TableDescription>> describe_table(
        RegionId region, TableName table, CallOptions options = {}
    );
    // The attribute by which items expire; empty: none do.
    net::Task<Result<std::string>> time_to_live(
        RegionId region, TableName table, CallOptions options = {}
    );
    net::Task<Result<TableDescription>> delete_table(
        RegionId region, TableName table, CallOptions options = {}
    );
    // Whether it is a global table of version 2017.11.29, whose replicas DescribeTable does not
    // name.
    net::Task<Result<bool>> is_old_global_table(
        RegionId region, TableName table, CallOptions options = {}
    );
    // All names, in order; at most 10,000.
    net::Task<Result<std::vector<TableName>>> list_tables(
        RegionId region, CallOptions options = {}
    );
    net::Task<Result<TableDescription>> enable_stream(
        RegionId region, TableName table, CallOptions options = {}
    );
    // UpdateTable with one ReplicaUpdate; returns while the replica is still being made.
    net::Task<Result<TableDescription>> add_replica(
        RegionId region, TableName table, RegionId replica, CallOptions options = {}
    );
    net::Task<Result<TableDescription>> remove_replica(
        RegionId region, TableName table, RegionId replica, CallOptions options = {}
    );
    // Waits until the table and each replica that it knows are ACTIVE, and until a replica in
    // `replica` is among them. Errors: timed_out after `patience`.
    net::Task<Result<TableDescription>> wait_active(
        RegionId region, TableName table, Duration patience, std::optional<RegionId> replica = {}
    );

    // Makes the table of `home` a global table with a replica in each of `others`, one at a time,
    // each waited for until ACTIVE on both sides. Replicas that exist are left alone, so it can be
    // repeated. Errors: timed_out (patience is for each replica), and those of the calls.
    net::Task<Result<TableDescription>> make_table_global(
        RegionId home, TableName table, std::vector<RegionId> others, Duration patience
    );

    // nullopt: no such item.
    net::Task<Result<std::optional<Item>>> get_item(
        RegionId region, GetItem get, CallOptions options = {}
    );
    // The attributes that `return_values` asked for; nullopt when there are none.
    net::Task<Result<std::optional<Item>>> put_item(
        RegionId region, PutItem put, CallOptions options = {}
    );
    net::Task<Result<std::optional<Item>>> update_item(
        RegionId region, UpdateItem update, CallOptions options = {}
    );
    net::Task<Result<std::optional<Item>>> delete_item(
        RegionId region, DeleteItem erase, CallOptions options = {}
    );

    // Any number of keys, 100 at a time; asks again for UnprocessedKeys with growing pauses, at
    // most 8 rounds a piece. Errors: throttled (keys left over), and those of the call.
    net::Task<Result<BatchItems>> batch_get_item(
        RegionId region, std::vector<TableKeys> tables, CallOptions options = {}
    );
    // Any number of writes, 25 at a time. Each put is repeated as it is, so last writer wins by
    // accident is possible when another client writes the same keys: for exclusive keys only.
    net::Task<Status> batch_write_item(
        RegionId region, std::vector<TableWrites> tables, CallOptions options = {}
    );
    net::Task<Result<Page>> query(RegionId region, Query query, CallOptions options = {});
    net::Task<Result<Page>> scan(RegionId region, Scan scan, CallOptions options = {});

  private:
    net::Task<Result<boost::json::object>> send(
        RegionId region, std::string name, boost::json::object input, CallOptions options
    );
    net::Task<Result<TableDescription>> table_call(
        RegionId region, std::string name, boost::json::object input, CallOptions options
    );
    // For calls that answer with one item; `member` holds it.
    net::Task<Result<std::optional<Item>>> item_call(
        RegionId region,
        std::string name,
        boost::json::object input,
        std::string member,
        CallOptions options
    );
    net::Task<Result<Page>> page_call(
        RegionId region, std::string name, boost::json::object input, CallOptions options
    );

    AwsClient* client_;
};

}  // namespace farshore::aws
