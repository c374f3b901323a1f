#pragma once

#include <optional>

#include "lab/dynamo/expression.h"
#include "lab/dynamo/item_store.h"
#include "lab/dynamo/key.h"
#include "lab/dynamo/service_error.h"

namespace farshore::lab::dynamo {

// What a Query asks of the key: one partition, and which part of it.
struct KeyRange {
    Value hash;
    LocationRange locations;
};

// Translates a key condition. Errors: ValidationException (a key attribute missing or of a wrong
// type, operators that keys do not have).
[[nodiscard]] Answer<KeyRange> key_range(const KeySchema& schema, const Condition& condition);

}  // namespace farshore::lab::dynamo
