#include "lab/dynamo/operations.h"

#include <algorithm>
#include <array>

namespace farshore::lab::dynamo {
namespace {

constexpr std::array kOperations{
    Operation{.name = "GetItem", .writes = false, .run = get_item},
    Operation{.name = "PutItem", .writes = true, .run = put_item},
    Operation{.name = "UpdateItem", .writes = true, .run = update_item},
    Operation{.name = "DeleteItem", .writes = true, .run = delete_item},
    Operation{.name = "Query", .writes = false, .run = query},
    Operation{.name = "Scan", .writes = false, .run = scan},
    Operation{.name = "BatchGetItem", .writes = false, .run = batch_get_item},
    Operation{.name = "BatchWriteItem", .writes = true, .run = batch_write_item},
    Operation{.name = "TransactGetItems", .writes = false, .run = transact_get_items},
    Operation{.name = "TransactWriteItems", .writes = true, .run = transact_write_items},
    Operation{.name = "CreateTable", .writes = true, .run = create_table},
    Operation{.name = "DescribeTable", .writes = false, .run = describe_table},
    Operation{.name = "UpdateTable", .writes = true, .run = update_table},
    Operation{.name = "DeleteTable", .writes = true, .run = delete_table},
    Operation{.name = "ListTables", .writes = false, .run = list_tables},
    Operation{.name = "DescribeEndpoints", .writes = false, .run = describe_endpoints},
    Operation{.name = "DescribeLimits", .writes = false, .run = describe_limits},
    Operation{.name = "UpdateTimeToLive", .writes = true, .run = update_time_to_live},
    Operation{.name = "DescribeTimeToLive", .writes = false, .run = describe_time_to_live},
    Operation{
        .name = "DescribeContinuousBackups", .writes = false, .run = describe_continuous_backups
    },
    Operation{.name = "ListTagsOfResource", .writes = false, .run = list_tags},
    Operation{.name = "TagResource", .writes = true, .run = tag_resource},
    Operation{.name = "UntagResource", .writes = true, .run = untag_resource},
    Operation{.name = "CreateGlobalTable", .writes = true, .run = create_global_table},
    Operation{.name = "DescribeGlobalTable", .writes = false, .run = find_global_table},
    Operation{.name = "UpdateGlobalTable", .writes = true, .run = find_global_table},
    Operation{.name = "ListGlobalTables", .writes = false, .run = list_global_tables},
};

}  // namespace

const Operation* find_operation(std::string_view name) {
    const auto* found = std::ranges::find(kOperations, name, &Operation::name);
    return found == kOperations.end() ? nullptr : found;
}

}  // namespace farshore::lab::dynamo
