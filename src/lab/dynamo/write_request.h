#pragma once

#include <optional>
#include <string>

#include "lab/dynamo/expression.h"
#include "lab/dynamo/request.h"

namespace farshore::lab::dynamo {

// A write as its request describes it: read and checked as far as that is possible without its
// table and its item. The errors of reading end a transaction at once.
struct WriteRequest {
    enum class Kind { put, update, remove, check };

    Kind kind = Kind::put;
    std::string table;
    Item item;  // put: the item; else what was given as the key
    std::optional<Condition> condition;
    UpdateExpression update;
    bool show_item = false;  // in a failed condition's answer
};

[[nodiscard]] Answer<WriteRequest> read_put(const Object& request);
[[nodiscard]] Answer<WriteRequest> read_update(const Object& request);
[[nodiscard]] Answer<WriteRequest> read_delete(const Object& request);
[[nodiscard]] Answer<WriteRequest> read_check(const Object& request);

// The request's "Key", of whatever names and types.
[[nodiscard]] Answer<Item> given_key(const Object& request);

}  // namespace farshore::lab::dynamo
