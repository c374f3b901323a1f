#pragma once

#include <optional>
#include <string>

#include "lab/dynamo/capacity.h"
#include "lab/dynamo/expression.h"
#include "lab/dynamo/region.h"
#include "lab/dynamo/write_request.h"

namespace farshore::lab::dynamo {

// A write on its way to be carried out; nothing has changed yet. Single writes take all steps at
// once, transactions one step of all actions after the other: the errors of find_target() end the
// whole, those of check_keys() and judge() become the action's reason for the cancellation.
struct PlannedWrite {
    WriteRequest request;
    const Table* table = nullptr;
    Item key;
    std::optional<Item> before;
    std::optional<Item> after;  // nullopt: deletes, or ConditionCheck
    std::string op;
    Projection written;  // UpdateItem: the paths of its expression
};

// Errors: ResourceNotFoundException; ValidationException for empty key values.
[[nodiscard]] Answer<PlannedWrite> find_target(Region& region, WriteRequest request);
// The keys of table and indexes. nullopt: they fit. Errors: ValidationException.
[[nodiscard]] std::optional<ServiceError> check_keys(PlannedWrite& write);
// Reads the item, judges the condition, makes the item's new state. nullopt: it is allowed.
// `alone`: not in a transaction, which counts sizes otherwise. Errors: ValidationException;
// ConditionalCheckFailedException with "Item" when the request asks for it.
[[nodiscard]] std::optional<ServiceError> judge(Region& region, PlannedWrite& write, bool alone);

// All steps of a single write. Errors: those of the steps.
[[nodiscard]] Answer<PlannedWrite> plan(Region& region, Answer<WriteRequest> request);

// nullopt: done.
[[nodiscard]] std::optional<ServiceError> carry_out(Region& region, PlannedWrite& write);

// Of both states of the item, the greater size.
[[nodiscard]] std::size_t bytes_of(const PlannedWrite& write);

}  // namespace farshore::lab::dynamo
