#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "lab/dynamo/service_error.h"
#include "lab/dynamo/value.h"

// Keys of items: their schema, their checks, and bytes that sort as DynamoDB sorts.
namespace farshore::lab::dynamo {

struct KeyAttribute {
    std::string name;
    std::string type;  // "S", "N" or "B"

    friend bool operator==(const KeyAttribute&, const KeyAttribute&) = default;
};

struct KeySchema {
    KeyAttribute hash;
    std::optional<KeyAttribute> range;

    [[nodiscard]] bool has(std::string_view name) const;

    friend bool operator==(const KeySchema&, const KeySchema&) = default;
};

inline constexpr std::size_t kHashKeyBytesMax = 2048;
inline constexpr std::size_t kRangeKeyBytesMax = 1024;

// An empty string or binary: no key attribute may be one.
// An empty text or empty bytes, of the type that the attribute has: of another type it is a
// mismatch.
[[nodiscard]] bool is_empty_key(const KeyAttribute& attribute, const Value& value);
// nullopt: no attribute of the key is empty.
[[nodiscard]] std::optional<ServiceError> check_key_is_not_empty(
    const KeySchema& schema, const Item& item
);
// Of a partition key (`hash`) or a sort key. nullopt: it is short enough.
[[nodiscard]] std::optional<ServiceError> check_key_size(const Value& value, bool hash);
// What is wrong with a key attribute's value, its type being right. nullopt: nothing.
[[nodiscard]] std::optional<ServiceError> check_key_value(
    const KeyAttribute& attribute, const Value& value, bool hash
);

// The key attributes of an item that is put. Errors: ValidationException in PutItem's words.
[[nodiscard]] Answer<Item> key_of(const KeySchema& schema, const Item& item);
// A request's Key must be exactly the key. Errors: ValidationException in GetItem's words.
[[nodiscard]] std::optional<ServiceError> check_key(const KeySchema& schema, const Item& key);

// Bytes of an attribute whose memcmp order is DynamoDB's; none is a prefix of another.
[[nodiscard]] std::string ordered_bytes(const Value& value);
// The same without the end mark: what all strings that begin with this one have in common.
[[nodiscard]] std::string ordered_prefix(const Value& value);

// All items of one partition share these bytes. They begin with eight bytes of a digest, so that
// partitions lie scattered, as in DynamoDB, and segments of a scan have equal sizes.
[[nodiscard]] std::string partition_bytes(const Value& hash_key);
// Where an item lies in its table. `key` must have passed the checks.
[[nodiscard]] std::string location(const KeySchema& schema, const Item& key);

// The first location after all that begin with `prefix`; empty: there is none.
[[nodiscard]] std::string after_prefix(std::string prefix);

}  // namespace farshore::lab::dynamo
