#pragma once

#include <optional>
#include <string>

#include "lab/dynamo/capacity.h"
#include "lab/dynamo/expression.h"
#include "lab/dynamo/region.h"
#include "lab/dynamo/request.h"

namespace farshore::lab::dynamo {

// A write that was asked for, checked, and found allowed by its condition; nothing has changed yet.
// Single writes carry it out at once, transactions together with others.
struct PlannedWrite {
    const Table* table = nullptr;
    Item key;
    std::optional<Item> before;
    std::optional<Item> after;  // nullopt: deletes
    std::string op;
    bool changes = true;  // false: ConditionCheck
    Projection written;   // UpdateItem: the paths of its expression
};

// Errors: all that the request itself can cause; ConditionalCheckFailedException with "Item" when
// the request asks for it.
[[nodiscard]] Answer<PlannedWrite> plan_put(Region& region, const Object& request);
[[nodiscard]] Answer<PlannedWrite> plan_update(Region& region, const Object& request);
[[nodiscard]] Answer<PlannedWrite> plan_delete(Region& region, const Object& request);
[[nodiscard]] Answer<PlannedWrite> plan_check(Region& region, const Object& request);

// nullopt: done.
[[nodiscard]] std::optional<ServiceError> carry_out(Region& region, PlannedWrite& write);

// The key of a request, its table's schema applied.
[[nodiscard]] Answer<Item> read_key(const Table& table, const Object& request);

}  // namespace farshore::lab::dynamo
