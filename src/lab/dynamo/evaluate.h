#pragma once

#include <compare>
#include <optional>

#include "lab/dynamo/expression.h"

// Applies expressions to items. An item that is absent is an empty one.
namespace farshore::lab::dynamo {

// nullptr: the path leads nowhere.
[[nodiscard]] const Value* find(const Item& item, const Path& path);

// The order of two strings, numbers or binaries; nullopt when they have different or other types.
[[nodiscard]] std::optional<std::strong_ordering> compare_values(const Value& a, const Value& b);

[[nodiscard]] bool holds(const Condition& condition, const Item& item);

// Errors: ValidationException (operand types, missing operands, paths that cannot be written).
// The caller checks size and keys.
[[nodiscard]] Answer<Item> updated(const UpdateExpression& update, const Item& before);

// What the paths select: maps and lists around it are kept, with the selected elements only.
[[nodiscard]] Item projected(const Projection& paths, const Item& item);

}  // namespace farshore::lab::dynamo
