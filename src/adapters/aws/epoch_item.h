#pragma once

#include "adapters/aws/dynamodb.h"
#include "core/records/copy_answer.h"

// One Region's copy of an app's epoch item, as DynamoDB holds it:
//
//   app        the table's key
//   epoch, active
//   lease_ms, clock_error_ms, hold_max_ms  what every reader keeps within (core::Terms)
//   register   of the controllers' store whose hosts the item confirms
//   operation, verb, held_until  what the epoch was raised for (core::RaisedFor)
//   at, by     for people
namespace farshore::aws {

// Strongly consistent.
[[nodiscard]] GetItem read_of_epoch_item(const TableName& table, const AppId& app);

// nullopt: an epoch, a lease, a clock error or a hold that no controller writes. Such a copy is
// damaged, and counts as one that did not answer. What a copy of an older controller does not name
// is zero.
[[nodiscard]] std::optional<core::EpochItem> parse_epoch_item(const Item& item);

// What a read of the Region's copy found; nullopt: no item. A damaged copy is told with the
// attribute that is wrong.
[[nodiscard]] core::CopyAnswer copy_as_read(
    const RegionId& region, const std::optional<Item>& item
);

struct EpochWriter {
    std::string by;  // which controller
    UtcTime at{};
};

// Writes the copy unless it carries a newer epoch, or the same with another meaning (INV-S9). An
// epoch that cannot be (base/ids.h), or that is too far ahead of the written one for a controller
// to have raised it (core::furthest_beside), was never in force: it is replaced. So only a
// controller that knows what most copies carry may write. Answers with what the copy named before.
[[nodiscard]] UpdateItem write_of_epoch_item(
    const TableName& table, const AppId& app, const core::EpochItem& item, const EpochWriter& writer
);

}  // namespace farshore::aws
