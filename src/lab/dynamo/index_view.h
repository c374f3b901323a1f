#pragma once

#include <functional>
#include <string>

#include "lab/dynamo/item_store.h"
#include "lab/dynamo/service_error.h"
#include "lab/dynamo/table.h"

// A table's items in the order of the table or of one of its indexes. Indexes are computed when
// they are read: right for a lab's tables of some ten thousand items, and never behind.
namespace farshore::lab::dynamo {

// `index` nullptr: the table itself. The visitor returns false to end.
[[nodiscard]] Status visit_view(
    ItemStore& store,
    const Table& table,
    const IndexDefinition* index,
    LocationRange range,
    bool forward,
    const std::function<bool(const Item&)>& visitor
);

// The key attributes that a LastEvaluatedKey has.
[[nodiscard]] Item index_key(const Table& table, const IndexDefinition* index, const Item& item);
// Where such a key lies in the view. Errors: ValidationException.
[[nodiscard]] Answer<std::string> index_location(
    const Table& table, const IndexDefinition* index, const Item& key
);

// The part of a table that one of `total` parallel scans reads.
[[nodiscard]] LocationRange segment_range(std::uint64_t segment, std::uint64_t total);

}  // namespace farshore::lab::dynamo
